"""DIAG and SUMMARY: how the module itself does, without anything secret. Loaded on demand.

Source of DIAG: module-behaviour 2.5.
"""

import asyncio
import gc

from micropython import const

from ovms import status as net

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ovms.services.sms.answering import Request

# LED blink codes (module-behaviour 3.9): network state -> (red, green).
_LED_CODES = {
    net.NET_START: (0, 10),
    net.NET_SIM: (3, 9),
    net.NET_PIN: (4, 8),
    net.NET_INIT: (0, 7),
    net.NET_SEARCHING: (1, 6),
    net.NET_GPRS_START: (0, 5),
    net.NET_RETRY: (7, 5),
}
# No more than this of the counters, so that all of it fits into four SMS.
_LENGTH = const(540)


def tenths(value: int) -> str:
    """`value` in tenths as text with one decimal."""
    return "%s%d.%d" % ("-" if value < 0 else "", abs(value) // 10, abs(value) % 10)


def _led_codes(status):
    """(red, green) blink codes of the network state."""
    if status.net_state != net.NET_READY:
        red, green = _LED_CODES.get(status.net_state, (0, 0))
        is_fine = status.net_state in (net.NET_SIM, net.NET_PIN) and not status.modem_error
        return 0 if is_fine else red, green
    red = 0 if status.is_registered else 1
    return red, 1 if status.is_server_connected else 2


async def _diagnostics(sms):
    """DIAG."""
    status = sms.status
    state = sms.state
    red, green = _led_codes(status)
    text = "DIAG:\n RED Led:%d\n GRN Led:%d\n NET State:0x%02X" % (red, green, status.net_state)
    if state.supply_mv is not None:
        text += "\n 12V Line:%s ref=%s cur=%s" % (
            _volts(state.supply_mv),
            _volts(state.supply_reference_mv),
            _volts(state.supply_ma),
        )
    from ovms.services import peripherals

    told = await peripherals.sentences(status, state, sms.car())
    for problem in peripherals.problems(told, status):
        text += "\n " + problem
    if status.last_crash:
        text += "\n Last crash: " + status.last_crash
    return text


def _volts(milli):
    """Thousandths of a unit as text with one decimal; `-` for what is not known."""
    return "-" if milli is None else tenths((milli + 50) // 100)


async def _summary(sms):
    """SUMMARY. Memory is told as it is after garbage collection."""
    status = sms.status
    car = sms.car()
    up_s = status.uptime_s
    gc.collect()
    lines = [
        "Version: " + status.firmware_text(car),
        "Up: %dd %02d:%02d:%02d" % (up_s // 86400, up_s // 3600 % 24, up_s // 60 % 60, up_s % 60),
        "Reset: " + (status.reset_cause or "unknown"),
        "Link: %s, server %s"
        % (
            status.link_name or "none",
            "connected" if status.is_server_connected else "not connected",
        ),
    ]
    from ovms.services.diagnosis import safe_mode

    safe = safe_mode(status)
    if safe:
        lines.insert(0, safe)
    if status.server_error and not status.is_server_connected:
        lines.append(status.server_error)
    roaming = " (roaming)" if status.is_roaming else ""
    network = status.net_state, status.operator, roaming, status.csq
    lines.append("Net: 0x%02X %s%s SQ:%d" % network)
    await asyncio.sleep_ms(0)
    lines += await _peripherals(sms, car)
    if status.power:
        await asyncio.sleep_ms(0)
        from ovms.services.sms.power import summary as power_summary

        lines.append(power_summary(status))
    lines.append("Memory: " + _memory(status.system_free))
    if status.errors:
        from ovms.faults import summary

        lines.append("Errors: " + summary(status))
    if status.last_crash:
        lines.append("Last crash: " + status.last_crash)
    if sms.config.load_error:
        lines.append(sms.config.load_error)
    text = "\n".join(lines)
    unsaid = 0
    await asyncio.sleep_ms(0)
    from ovms.services.counter_names import in_full

    for name, count in in_full(status.counts):
        if count and len(text) < _LENGTH:
            text += "\n%s: %d" % (name, count)
        elif count:
            unsaid += 1
    return text + "\nand %d more" % unsaid if unsaid else text


async def _peripherals(sms, car):
    """Lines of SUMMARY: what each peripheral does, or what is wrong with it."""
    status = sms.status
    state = sms.state
    from ovms.services.sms.show import sim_state

    sim = sim_state(status)
    from ovms.services.peripherals import sentences

    # Others have their turn between two loads of code.
    told = await sentences(status, state, car)
    modem = told["Modem"]
    lines = ["SIM: " + (modem if status.modem_error else sim)]
    if modem and not status.modem_error:
        lines.append("Modem: " + modem)
    await asyncio.sleep_ms(0)
    bus = "not used" if car.BITRATE is None else "OK"
    lines.append("CAN: " + (told["CAN"] or bus))
    await asyncio.sleep_ms(0)
    from ovms.services.diagnosis import fix, time_problem

    lines.append("GPS: " + (told["GPS"] or fix(status, state)))
    told["Time"] = time_problem(status, sms.clock)
    for name in ("12V", "Flash", "WiFi", "Time"):
        if told[name]:
            lines.append("%s: %s" % (name, told[name]))
    return lines


def heap(system_free: "Callable[[], int] | None") -> tuple[int, int, int | None]:
    """(bytes of the heap in use, its size, what the system could still give or None).

    system_free: the board's own function, or None.
    """
    used = gc.mem_alloc()
    size = used + gc.mem_free()
    free = system_free() if system_free else None
    # The ESP32's heap counts as free what it could still take.
    return used, size if free is None else max(size - free, used), free


def _memory(system_free):
    """`71 of 112 KB used, system 55 KB`: the heap, and what it could still take."""
    used, size, free = heap(system_free)
    text = "%d of %d KB used" % (_kb(used), _kb(size))
    return text if free is None else text + ", system %d KB" % _kb(free)


def _kb(count):
    return (count + 512) // 1024


async def reply(request: "Request") -> str:
    """What the command tells."""
    if request.command == "SUMMARY":
        return await _summary(request.sms)
    return await _diagnostics(request.sms)
