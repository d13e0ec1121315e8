"""Asks `diagnosis.py` of one peripheral after the other, for SUMMARY, DIAG and the self test.

All its sentences together are the biggest piece of text in the firmware. Each function here holds
those of one peripheral as long as it is asked, so a full heap needs room for one of them alone.
"""

import asyncio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Status, Vehicle, VehicleState

_NAMES = ("Modem", "CAN", "GPS", "12V", "Flash", "WiFi")


async def sentences(status: "Status", state: "VehicleState", car: "Vehicle") -> dict[str, str]:
    """{"Modem": sentence or "" where nothing is known to be wrong, "CAN": ..., "GPS", "12V",
    "Flash", "WiFi"}. Others have their turn between two loads of code.
    """
    told = {}
    for name, judge in zip(_NAMES, (_modem, _can, _gps, _supply, _flash, _wifi)):
        await asyncio.sleep_ms(0)
        told[name] = judge(status, state, car)
    return told


def problems(told: dict[str, str], status: "Status") -> list[str]:
    """["CAN: ...", "GPS: ...", ...]: what is wrong, of what `sentences` returned."""
    from ovms.services.diagnosis import safe_mode

    text = safe_mode(status)
    found = [text] if text else []
    return found + ["%s: %s" % (name, told[name]) for name in _NAMES if told[name]]


def _modem(status, state, car):
    from ovms.services.diagnosis import modem

    return modem(status)


def _can(status, state, car):
    from ovms.services.diagnosis import can

    return can(status, car)


def _gps(status, state, car):
    from ovms.services.diagnosis import gps

    return gps(status, state)


def _supply(status, state, car):
    from ovms.services.diagnosis import supply

    return supply(status, state)


def _flash(status, state, car):
    from ovms.services.diagnosis import flash

    return flash(status)


def _wifi(status, state, car):
    from ovms.services.diagnosis import wifi

    return wifi(status)
