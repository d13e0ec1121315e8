"""Switches a modem on and restarts it by its lines (`modem_power.py`).

PWRKEY is a toggle: the same pulse starts a modem that is off and stops one that runs, so who
pulses it first asks the modem for an answer. Source: SIM800L hardware design; hardware facts 4.1,
and 6.1 for the T-Call's lines. power: ModemPower.
times: how long this modem wants its lines held, an object with `on_pulse_ms`, `off_pulse_ms` (both
of the power key), `reset_pulse_ms` and `supply_off_ms`.
"""

import asyncio

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import PowerTimes
    from ovms.drivers.modem_power import ModemPower

_IDLE_MS = const(100)


async def start(power: "ModemPower", times: "PowerTimes") -> None:
    """Start a modem that is off; a running one goes off. Its UART answers some 3 s later."""
    if power.supply is not None:
        power.supply.value(1)
    await _pulse(power.pwrkey, times.on_pulse_ms)


async def restart(power: "ModemPower", times: "PowerTimes") -> None:
    """Restart a modem that does not answer, by the hardest means the board has.

    Where there is only the power key, a modem that was off comes on and one that ran goes off.
    """
    if power.supply is not None:
        power.supply.value(0)
        await asyncio.sleep_ms(times.supply_off_ms)
        await start(power, times)
    elif power.reset is not None:
        power.reset.value(0)
        await asyncio.sleep_ms(times.reset_pulse_ms)
        power.reset.value(1)
    else:
        await _pulse(power.pwrkey, times.off_pulse_ms)


async def _pulse(pwrkey, low_ms):
    """One press of the power key for `low_ms`."""
    pwrkey.value(1)
    await asyncio.sleep_ms(_IDLE_MS)
    pwrkey.value(0)
    try:
        await asyncio.sleep_ms(low_ms)
    finally:
        # A key that stays pressed restarts the module every 33 s.
        pwrkey.value(1)
