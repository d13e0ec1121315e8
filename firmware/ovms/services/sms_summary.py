"""SUMMARY: everything a supporter asks first, without anything secret. An overlay."""

import gc

from micropython import const

from ovms import overlay

# No more than this of the counters, so that all of it fits into four SMS.
_LENGTH = const(540)


def reply(sms, caller, command, words):
    """SUMMARY. Free memory is what is left after garbage collection."""
    status = sms.status
    state = sms.state
    car = sms.car()
    up_s = status.uptime_s
    gc.collect()
    free = gc.mem_free()
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
    if status.server_error and not status.is_server_connected:
        lines.append(status.server_error)
    lines.append("Net: 0x%02X %s SQ:%d" % (status.net_state, status.operator, status.csq))
    lines.append("SIM: " + (status.modem_error or "OK"))
    lines.append("CAN: " + (status.can_error or ("not used" if car.BITRATE is None else "OK")))
    lines.append("GPS: %d, %d sats" % (state.has_gps_lock, state.satellites))
    lines.append("Free: %d of %d" % (free, free + gc.mem_alloc()))
    if sms.config.load_error:
        lines.append(sms.config.load_error)
    text = "\n".join(lines)
    counters = overlay.call("ovms.services.counter_names", "in_full", status.counts)
    for i in range(len(counters)):
        if len(text) > _LENGTH:
            return text + "\nand %d more" % (len(counters) - i)
        text += "\n%s: %d" % counters[i]
    return text
