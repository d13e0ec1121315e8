"""The self test: what each peripheral does or what is wrong with it, one line each.

By SMS `SELFTEST`, `DIAG TEST` at the console, and in the log of each start. Loaded on demand.
"""

import asyncio

from micropython import const

from ovms.services import diagnosis

# A line of the log has 80 characters.
_PIECE = const(70)


async def lines(status, state, car):
    """["Modem: OK, signal 17 of 31", "CAN: ...", ...]: str, in the order of the wires."""
    from ovms.services.sms.show import sim_state

    # Others have their turn between two loads of code.
    await asyncio.sleep_ms(0)
    modem = diagnosis.modem(status)
    signal = "no signal yet" if status.csq > 31 else "signal %d of 31" % status.csq
    found = [
        "Modem: " + (modem or ("OK, " + signal if status.imei else "starting, " + signal)),
        "SIM: " + ("see modem" if status.modem_error else sim_state(status)),
    ]
    await asyncio.sleep_ms(0)
    found.append("CAN: " + (diagnosis.can(status, car) or _can(status, car)))
    await asyncio.sleep_ms(0)
    found += [
        "GPS: " + (diagnosis.gps(status, state) or diagnosis.fix(status, state)),
        "12V: " + (diagnosis.supply(status, state) or _volts(state.supply_mv)),
        "Flash: " + (diagnosis.flash(status) or "OK"),
        "WiFi: " + (diagnosis.wifi(status) or _wifi(status.wifi)),
    ]
    text = diagnosis.safe_mode(status)
    return [text] + found if text else found


def _can(status, car):
    if car.BITRATE is None:
        return "not used by this car"
    counts = status.bus_counts() if status.bus_counts else {}
    return "OK" if counts.get("can_frames", 0) else "OK so far, no frame yet"


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
