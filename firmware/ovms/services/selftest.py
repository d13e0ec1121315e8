"""The self test: what each peripheral does or what is wrong with it, one line each.

By SMS `SELFTEST`, `DIAG TEST` at the console, and in the log of each start. Loaded on demand.
"""

import asyncio

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import ModuleParts, Status, Vehicle, VehicleState
    from ovms.services.sms.answering import Request

# A line of the log has 80 characters.
_PIECE = const(70)


async def lines(status: "Status", state: "VehicleState", car: "Vehicle") -> list[str]:
    """["Modem: OK, signal 17 of 31", "CAN: ...", ...]: str, in the order of the wires."""
    from ovms.services.peripherals import sentences

    told = await sentences(status, state, car)
    signal = "no signal yet" if status.csq > 31 else "signal %d of 31" % status.csq
    found = ["Modem: " + (told["Modem"] or ("OK, " if status.imei else "starting, ") + signal)]
    await asyncio.sleep_ms(0)
    from ovms.services.sms.show import sim_state

    found.append("SIM: " + ("see modem" if status.modem_error else sim_state(status)))
    found.append("CAN: " + (told["CAN"] or _can(status, car)))
    await asyncio.sleep_ms(0)
    from ovms.services.diagnosis import fix, safe_mode

    found.append("GPS: " + (told["GPS"] or fix(status, state)))
    found.append("12V: " + (told["12V"] or _volts(state.supply_mv)))
    found.append("Flash: " + (told["Flash"] or "OK"))
    found.append("WiFi: " + (told["WiFi"] or _wifi(status.wifi)))
    text = safe_mode(status)
    return [text] + found if text else found


def _can(status, car):
    if car.BITRATE is None:
        return "not used by this car"
    counts = status.bus_counts() if status.bus_counts else {}
    text = "OK" if counts.get("can_frames", 0) else "OK so far, no frame yet"
    khz = counts.get("can_crystal_khz", 0)
    if khz:
        # The board does not say which.
        from ovms.services.crystal_texts import frequency

        text += ", crystal " + frequency(khz)
    return text


def _volts(millivolts):
    if millivolts is None:
        return "not measured yet"
    tenths = (millivolts + 50) // 100
    return "%d.%d V" % (tenths // 10, tenths % 10)


def _wifi(link):
    if link is None:
        return "not set"
    return "joined " + link.ssid if link.ssid else "not joined"


async def to_log(app: "ModuleParts") -> None:
    """Tell a start's result, long lines in pieces."""
    for line in await lines(app.status, app.state, app.current_car()):
        start = "Test "
        while len(line) > _PIECE:
            end = line.rfind(" ", 0, _PIECE)
            end = end if end > 0 else _PIECE
            app.log.info("%s%s", start, line[:end])
            line = line[end:].strip()
            start = "     "
        app.log.info("%s%s", start, line)


async def reply(request: "Request") -> str:
    """The SMS."""
    sms = request.sms
    await asyncio.sleep_ms(0)
    return "\n".join(["Self test:"] + await lines(sms.status, sms.state, sms.car()))
