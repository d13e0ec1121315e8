"""The 12 V battery against its own rest voltage, once a minute; an overlay without state.

After the battery was charged its voltage calms down for 15 minutes; what it is then is the
reference. Module-behaviour 6.3, Twizy facts 3.6. Voltages in tenths of a volt.
"""

from micropython import const

# Places in `memory`: smoothed voltage; reference, or up to 15 the minutes of calming down; whether
# an alert was given.
_VOLTS10 = const(0)
_REFERENCE10 = const(1)
_IS_ALERTED = const(2)

_CALM_MIN = const(15)
_LOW10 = const(16)
_OK10 = const(10)

NOTHING = const(0)
LOW = const(1)
RECOVERED = const(2)


def step(memory, supply_mv, is_on, is_charging):
    """One minute has passed: LOW, RECOVERED or NOTHING, each of the first two once in a row.

    memory: array of three integers, all 0 at the start, kept by the caller. supply_mv: the voltage
    in mV, None for no reading. is_on: the car is in use. is_charging: the 12 V battery is charged.
    """
    if supply_mv is None:
        return NOTHING
    volts10 = (supply_mv + 50) // 100
    if memory[_VOLTS10]:
        volts10 = (memory[_VOLTS10] + volts10 + 1) // 2
    memory[_VOLTS10] = volts10
    reference10 = memory[_REFERENCE10]
    if is_charging:
        memory[_REFERENCE10] = 0
    elif reference10 < _CALM_MIN:
        memory[_REFERENCE10] = 0 if is_on else reference10 + 1
    elif reference10 == _CALM_MIN:
        memory[_REFERENCE10] = 0 if is_on else volts10
        memory[_IS_ALERTED] = 0
    elif is_on:
        memory[_IS_ALERTED] = 0
    elif memory[_IS_ALERTED]:
        if volts10 >= reference10 - _OK10:
            memory[_IS_ALERTED] = 0
            return RECOVERED
    elif volts10 <= reference10 - _LOW10:
        memory[_IS_ALERTED] = 1
        return LOW
    return NOTHING


def reference_mv(memory):
    """The reference in mV, or None while there is none."""
    return memory[_REFERENCE10] * 100 if memory[_REFERENCE10] > _CALM_MIN else None
