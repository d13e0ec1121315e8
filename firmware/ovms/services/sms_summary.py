"""SUMMARY: everything a supporter asks first, without anything secret. An overlay."""

import gc

from micropython import const

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
    roaming = " (roaming)" if status.is_roaming else ""
    network = status.net_state, status.operator, roaming, status.csq
    lines.append("Net: 0x%02X %s%s SQ:%d" % network)
    from ovms.services import sms_show

    lines.append("SIM: " + sms_show.sim_state(status))
    lines.append("CAN: " + (status.can_error or ("not used" if car.BITRATE is None else "OK")))
    lines.append(
        "GPS: %s, %d sats" % ("fix" if state.has_gps_lock else "no fix", state.satellites)
    )
    lines.append("Free: %d of %d" % (free, free + gc.mem_alloc()))
    if sms.config.load_error:
        lines.append(sms.config.load_error)
    text = "\n".join(lines)
    unsaid = 0
    from ovms.services import counter_names

    for name, count in counter_names.in_full(status.counts):
        if count and len(text) < _LENGTH:
            text += "\n%s: %d" % (name, count)
        elif count:
            unsaid += 1
    return text + "\nand %d more" % unsaid if unsaid else text
