"""POWERSAVE and POWERSAVE?: the power governor's switch, and what it does. Loaded on demand."""

from ovms.parameters import POWER_SAVE
from ovms.services import power_states as states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ovms.contracts import Status
    from ovms.services.sms.answering import Request

_USE = "POWERSAVE is ON, OFF or TRANSPORT."
_WORDS = {"ON": states.ON, "OFF": states.OFF, "TRANSPORT": states.SHIPPED}


async def reply(request: "Request") -> str:
    """Set it, or show it."""
    sms = request.sms
    if request.command == "POWERSAVE":
        word = request.words[0].upper()
        if word not in _WORDS:
            raise ValueError(_USE)
        sms.status.request(sms.config.apply({POWER_SAVE: _WORDS[word]}, True, request.origin))
    text = "POWERSAVE: " + (sms.config.get(POWER_SAVE) or "ON")
    return text + "\r\n" + summary(sms.status) if sms.status.power else text


def summary(status: "Status") -> str:
    """What SUMMARY tells: `park for 3:20, 4 changes and about 120 mAh since yesterday`."""
    power: "list[int] | Any" = status.power
    now_s = status.uptime_s
    mah = states.taken_mah(power, now_s)
    minutes = (now_s - power[states.SINCE_S]) // 60
    return "Power: %s for %d:%02d, %d changes and about %d mAh since yesterday" % (
        states.NAMES[power[states.STATE]],
        minutes // 60,
        minutes % 60,
        power[states.CHANGES_NOW] + power[states.CHANGES_BEFORE],
        mah,
    )
