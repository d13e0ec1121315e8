"""What the module itself notices about the car, once a minute.

Minimum SOC, low SOC, car left on: module-behaviour 6.2. The 12 V battery is compared with its own
rest voltage (6.3, Twizy facts 3.6): after it was charged its voltage calms down for 15 minutes;
what it is then is the reference. Its voltages are in tenths of a volt. What is remembered from one
minute to the next is in `notifier.Watched`.
"""

from micropython import const

from ovms.parameters import FEATURE_MINIMUM_SOC
from ovms.vehicle.base import EVENT_MINIMUM_SOC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Config, Vehicle, VehicleState
    from ovms.services.notifier import Watched

_REARM_PCT = const(2)
_LOW_SOC_PCT = const(5)
# Minutes from falling below the limit to the first alert, and from one to the next.
_LOW_SOC_FIRST_MIN = const(60)
_LOW_SOC_NEXT_MIN = const(720)
_LEFT_ON_FIRST_MIN = const(15)
_LEFT_ON_NEXT_MIN = const(60)

_CALM_MIN = const(15)
_SUPPLY_LOW10 = const(16)
_SUPPLY_OK10 = const(10)
# Twizy guide 1.2.0, "12V battery": an alert below 11.5 V, whatever the reference. A module that
# started beside a flat battery has a low one.
_SUPPLY_FLOOR10 = const(115)
_SUPPLY_FLOOR_OK10 = const(116)

# What became of the 12 V battery.
NOTHING = const(0)
SUPPLY_LOW = const(1)
SUPPLY_RECOVERED = const(2)


def minute(
    watched: "Watched", state: "VehicleState", config: "Config", car: "Vehicle"
) -> list[tuple[int | str, bool]]:
    """Texts and events to notify: a list of (item, whether it ignores parameter 3).

    watched: the notifier's Watched. Sets `state.supply_reference_mv`.
    """
    found: list[tuple[int | str, bool]] = []
    if _is_below_minimum(watched, state, config):
        found.append((EVENT_MINIMUM_SOC, False))
    if _is_low(watched, state):
        from ovms.services import notifier_texts

        found.append((notifier_texts.low_soc(state), True))
    if _is_left_on(watched, state):
        from ovms.services import notifier_texts

        found.append((notifier_texts.left_on(), False))
    is_in_use = state.is_on or state.is_awake
    reference10 = watched.supply_reference10
    change = supply_step(watched, state.supply_mv, is_in_use, state.is_12v_charging)
    state.supply_reference_mv = supply_reference_mv(watched)
    # Without a car there is no battery to look after.
    if change and car.TYPE != "NONE":
        is_low = change == SUPPLY_LOW
        from ovms.services import notifier_texts

        found.append((notifier_texts.supply(is_low, watched.supply_volts10, reference10), False))
    return found


def _is_below_minimum(watched, state, config):
    limit_pct100 = config.feature(FEATURE_MINIMUM_SOC) * 100
    soc_pct100 = state.soc_pct100
    if soc_pct100 is None:
        return False
    if soc_pct100 > limit_pct100 + _REARM_PCT * 100:
        watched.is_minimum_told = False
    return not state.is_charging and soc_pct100 < limit_pct100 and not watched.is_minimum_told


def _is_low(watched, state):
    if state.soc_pct100 is None:
        return False
    if state.soc_pct100 >= _LOW_SOC_PCT * 100:
        watched.low_soc_min = _LOW_SOC_FIRST_MIN
        return False
    # Who drives sees it, and who charges has done what there is to do.
    if state.is_on or state.is_awake or state.is_charging:
        return False
    watched.low_soc_min -= 1
    if watched.low_soc_min > 0:
        return False
    watched.low_soc_min = _LOW_SOC_NEXT_MIN
    return True


def _is_left_on(watched, state):
    if not state.is_awake or state.speed_kmh10:
        watched.left_on_min = _LEFT_ON_FIRST_MIN
        return False
    watched.left_on_min -= 1
    if watched.left_on_min > 0:
        return False
    watched.left_on_min = _LEFT_ON_NEXT_MIN
    return True


def supply_step(watched: "Watched", supply_mv: int | None, is_on: bool, is_charging: bool) -> int:
    """One minute has passed: SUPPLY_LOW, SUPPLY_RECOVERED (each once in a row) or NOTHING.

    supply_mv: the voltage in mV, None for no reading. is_on: the car is in use. is_charging: the
    12 V battery is charged.
    """
    if supply_mv is None:
        return NOTHING
    volts10 = (supply_mv + 50) // 100
    if watched.supply_volts10:
        volts10 = (watched.supply_volts10 + volts10 + 1) // 2
    watched.supply_volts10 = volts10
    reference10 = watched.supply_reference10
    if is_charging:
        watched.supply_reference10 = 0
    elif reference10 < _CALM_MIN:
        watched.supply_reference10 = 0 if is_on else reference10 + 1
    elif reference10 == _CALM_MIN:
        watched.supply_reference10 = 0 if is_on else volts10
        watched.is_supply_alerted = False
    elif is_on:
        watched.is_supply_alerted = False
    elif watched.is_supply_alerted:
        if volts10 >= max(reference10 - _SUPPLY_OK10, _SUPPLY_FLOOR_OK10):
            watched.is_supply_alerted = False
            return SUPPLY_RECOVERED
    elif volts10 <= reference10 - _SUPPLY_LOW10 or volts10 < _SUPPLY_FLOOR10:
        watched.is_supply_alerted = True
        return SUPPLY_LOW
    return NOTHING


def supply_reference_mv(watched: "Watched") -> int | None:
    """The reference in mV, or None while there is none."""
    return watched.supply_reference10 * 100 if watched.supply_reference10 > _CALM_MIN else None
