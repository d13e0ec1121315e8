"""The self test: what each peripheral does or what is wrong with it, one line each.

By SMS `SELFTEST`, `DIAG TEST` at the console, and in the log of each start. Loaded on demand.
"""

import asyncio

from micropython import const

# A line of the log has 80 characters.
_PIECE = const(70)


async def lines(status, state, car):
    """["Modem: OK, signal 17 of 31", "CAN: ...", ...]: str, in the order of the wires."""
    # Others have their turn between two loads of code.
    await asyncio.sleep_ms(0)
    from ovms.services.diagnosis import modem

    signal = "no signal yet" if status.csq > 31 else "signal %d of 31" % status.csq
    found = ["Modem: " + (modem(status) or ("OK, " if status.imei else "starting, ") + signal)]
    await asyncio.sleep_ms(0)
    from ovms.services.sms.show import sim_state

    found.append("SIM: " + ("see modem" if status.modem_error else sim_state(status)))
    await asyncio.sleep_ms(0)
    from ovms.services.diagnosis import can

    found.append("CAN: " + (can(status, car) or _can(status, car)))
    await asyncio.sleep_ms(0)
    from ovms.services.diagnosis import fix, gps

    found.append("GPS: " + (gps(status, state) or fix(status, state)))
    await asyncio.sleep_ms(0)
    from ovms.services.diagnosis import flash, supply

    found.append("12V: " + (supply(status, state) or _volts(state.supply_mv)))
    found.append("Flash: " + (flash(status) or "OK"))
    await asyncio.sleep_ms(0)
    from ovms.services.diagnosis import safe_mode, wifi

    found.append("WiFi: " + (wifi(status) or _wifi(status.wifi)))
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
        from ovms.services.diagnosis import frequency

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


async def to_log(app):
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


async def reply(request):
    """The SMS."""
    sms = request.sms
    await asyncio.sleep_ms(0)
    return "\n".join(["Self test:"] + await lines(sms.status, sms.state, sms.car()))
