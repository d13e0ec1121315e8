"""What a line typed at the DIAG console does and answers. An overlay of `console.py`."""

from ovms import overlay
from ovms import status as requests
from ovms.config import integer

_HINT = "# Unknown input: send HELP for a list.\r\n"


async def handle(console, line):
    """`Console.handle`."""
    word, _, rest = line.strip().partition(" ")
    rest = rest.strip()
    word = word.upper()
    if not word or word.startswith("#"):
        return ""
    if word == "S" and rest:
        reply = (await console.sms_service.execute_as_owner(rest))[1]
        return "\r\n" + _tagged(reply or "") + "#.\r\n"
    if word == "M" and rest:
        return await _message(console, rest)
    if rest:
        return _HINT
    if word in ("HELP", "?"):
        return await _help(console, word == "HELP")
    if word == "DIAG":
        return _tagged(_report(console))
    if word == "RESET":
        console.status.request(requests.REQUEST_REBOOT)
        return "# Leaving Diagnostics Mode\r\n"
    return _HINT


async def _message(console, text):
    number, _, arguments = text.partition(",")
    try:
        code = integer(number.strip())
    except ValueError:
        return _HINT
    if code <= 0:
        return _HINT
    output = "\r\n"
    for message in await console.execute(code, arguments):
        output += _tagged("MP-0 " + message)
    return output + "# \r\n#.\r\n"


async def _help(console, is_long):
    ranges = console.car().CAPABILITIES
    capabilities = overlay.call("ovms.protocol.v2.reports", "capabilities_message", ranges)
    output = "COMMANDS: HELP ? DIAG RESET or M/S ...\n'M' COMMANDS: " + capabilities.decode()
    if is_long:
        commands = (await console.sms_service.execute_as_owner("HELP"))[1]
        output += "\n'S' COMMANDS:\n" + commands
    return _tagged(output)


def _report(console):
    status = console.status
    state = console.state
    car = console.car()
    lines = ["DIAG", "Firmware: " + status.firmware_text(car)]
    lines.append(" CRASH:    " + status.reset_cause)
    if state.supply_mv is not None:
        tenths = (state.supply_mv + 50) // 100
        lines.append(" 12V Line: %d.%d V" % (tenths // 10, tenths % 10))
    roaming = " (roaming)" if status.is_roaming else ""
    lines.append(" NET:      0x%02X %s%s" % (status.net_state, status.operator, roaming))
    lines.append(" Signal:   %d" % status.csq)
    lines.append(" IMEI:     %s" % status.imei)
    lines.append(" CAN:      " + (status.can_error or "OK"))
    lines.append(" VIN:      %s (%s)" % (state.vin or "-" * 17, car.type_text()))
    soc = "unknown" if state.soc_pct100 is None else "%d%%" % (state.soc_pct100 // 100)
    ranges = state.ideal_range_km or 0, state.estimated_range_km or 0
    lines.append(" SOC:      %s (%d ideal, %d est km)" % ((soc,) + ranges))
    lines.append(" CHARGE:   %d / %d" % (state.charge_state, state.charge_substate))
    if console.config.load_error:
        lines.append(" SETTINGS: " + console.config.load_error)
    return "\n".join(lines)


def _tagged(text):
    """Every line of `text` as `# line` CR LF; CR, LF and CR LF all end a line."""
    output = ""
    if text:
        for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
            output += "# %s\r\n" % line
    return output
