"""ACC STAT and ACC DIAG: what ACC does now, and how it has reckoned last (module-behaviour 7.2).

Loaded on demand.
"""

from ovms.parameters import FIRST_ACC, LAST_ACC, TIMEZONE
from ovms.protocol import acc_places, place
from ovms.services import acc_states as machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ovms.services.sms.service import SMSService

_TEXTS = {
    machine.FIRST_RUN: "First run",
    machine.FREE: "Free",
    machine.DRIVING_IN: "Driving In",
    machine.PARKED_IN: "Parked In",
    machine.PORT_OPEN: "ChargePort Open",
    machine.COOLDOWN: "Cooldown",
    machine.WAIT: "Wait Charge",
    machine.CHARGING: "Charging In",
    machine.WAKE_TO_CHARGE: "WakeUp to Charge",
    machine.WAKE_TO_WAIT: "WakeUp to wait charge",
    machine.DONE: "Charge Done",
    machine.OVERRIDE: "Charge override",
}


def status(sms: "SMSService") -> str:
    """ACC STAT."""
    acc = sms.status.acc
    if acc is None:
        # What was set just now is looked at within a second.
        is_set = any([sms.config.get(n) for n in range(FIRST_ACC, LAST_ACC + 1)])
        return "ACC Status #0\r\n State: " + ("First run" if is_set else "Free")
    slot = acc[machine.SLOT]
    text = "ACC Status #%d" % slot
    number = acc[machine.STATE]
    there = sms.config.get(FIRST_ACC + slot - 1) if slot else ""
    if there:
        there = acc_places.read(there)
        text += "\r\n %s, %s\r\n %s" % (
            place.degrees(there.latitude_udeg),
            place.degrees(there.longitude_udeg),
            "Enabled" if there.is_enabled else "Disabled",
        )
    text += "\r\n State: " + _TEXTS[number]
    state = sms.state
    if number == machine.FREE and state.is_on:
        text += " (driving)"
    elif number == machine.COOLDOWN and state.is_cooling and state.cooling_min:
        text += "\r\n %dC/%dC (%dcycles, %dmins remain)" % (
            state.battery_temp_c or 0,
            state.cooling_limit_c,
            state.cooling_cycles,
            state.cooling_min,
        )
    elif number == machine.WAIT:
        text += _waiting(sms, acc)
    elif number == machine.CHARGING:
        mode = acc_places.MODES.get(state.charge_mode, "Standard")
        text += "\r\n %s %dV/%dA" % (mode, state.line_v, (state.charge_a10 + 5) // 10)
    return text


def _waiting(sms, acc):
    at = "unknown, as the time is"
    start_min = acc[machine.START_MIN]
    if start_min:
        from ovms.services.local_time import local_s

        at = acc_places.time_text(local_s(start_min * 60, sms.config.get(TIMEZONE)) // 60 % 1440)
    minutes = sms.state.charge_estimate_min
    return "\r\n Wake at: %s\r\n Charge: %dW\r\n Estimate: %s" % (
        at,
        acc[machine.LAST_W],
        "unknown" if minutes is None else "%dmins" % minutes,
    )


def diagnosis(sms: "SMSService") -> str:
    """ACC DIAG: what the last estimate was made of, and what came out, -1 for nothing."""
    acc = sms.status.acc
    values: "list[Any]" = acc[machine.LAST_MODE : machine.LAST_MIN + 1] if acc else [0] * 7 + [-1]
    # Of charge mode, power, stop at range and SOC, ideal range, CAC, place and minutes.
    values[5] = "%d.%02d" % (values[5] // 100, values[5] % 100)
    names = ("chgmod", "wAvail", "ixEnd", "pctEnd", "idealRange", "CAC", "location", "estimate")
    text = "ACC DIAG last:"
    for name, value in zip(names, values):
        text += "\r\n  %s: %s" % (name, value)
    return text
