"""What a line typed at the DIAG console does and answers. Loaded on demand."""

from ovms import status as requests
from ovms.parameters import FROM_CABLE, integer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.console.session import Console

_HINT = "# Unknown input: send HELP for a list.\r\n"
_HELP = """COMMANDS: HELP ? DIAG RESET or M/S ...
'M' COMMANDS: %s
SET-UP: GET [n], SET n=value, BEGIN, APPLY, CANCEL, FACTORY RESET
WATCH: WATCH [MODEM] [GPS] [HEALTH] [CAN [id ...]]
LOG: LOG START [500K] [id ...] [60S], LOG STOP, LOG?, LOG DUMP
BENCH: SIGNAL BUS DIAG TEST"""
_DESK_HELP = "\nDESK: INJECT id#data"


async def handle_line(console: "Console", line: str) -> str:
    """`Console.handle`."""
    word, _, rest = line.strip().partition(" ")
    rest = rest.strip()
    word = word.upper()
    if not word or word.startswith("#"):
        return ""
    if word == "S" and rest:
        return _framed((await console.app.sms.execute_as_owner(rest, FROM_CABLE))[1] or "")
    if word == "M" and rest:
        return await _message(console, rest)
    if word in ("GET", "SET", "BEGIN", "APPLY", "CANCEL"):
        from ovms.services.console.parameter_lines import handle_parameters

        return _framed(handle_parameters(console, word, rest))
    if word.rstrip("?") == "LOG":
        from ovms.services.console.log_lines import handle_log

        text, begun = await handle_log(console, line, rest, FROM_CABLE)
        return begun or _framed(text)
    if word == "WATCH":
        from ovms.services.console.watch import handle_watch

        return _framed(handle_watch(console, rest))
    if word == "FACTORY":
        return _framed(_factory(console.app, rest))
    if word == "INJECT":
        return _framed(_inject(console.app.board, rest))
    if word == "DIAG" and rest.upper() == "TEST":
        return _framed(await _self_test(console.app))
    if rest:
        return _HINT
    if word in ("HELP", "?"):
        return await _help(console.app, word == "HELP")
    if word == "DIAG":
        return _tagged(await _report(console.app))
    if word in ("SIGNAL", "BUS"):
        from ovms.services.console import bench_lines

        app = console.app
        return _framed(await bench_lines.signal(app) if word == "SIGNAL" else bench_lines.bus(app))
    if word == "RESET":
        console.app.status.request(requests.REQUEST_REBOOT)
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
    output = ""
    for message in await console.app.commander.execute(code, arguments):
        output += "MP-0 " + message + "\n"
    return _framed(output)


def _factory(app, word):
    """Whoever has the cable may: all settings as at first."""
    if word.upper() != "RESET":
        return "FACTORY RESET makes all settings those of the factory."
    from ovms.services.sms.restore import reset

    try:
        reset(app.config, app.status, FROM_CABLE)
    except OSError:
        return "The settings could not be stored."
    return "All settings are those of the factory. The module starts anew."


def _inject(board, text):
    """Let another node of the bus send a frame: a real board has no such node to command."""
    inject = getattr(board, "inject", None)
    if inject is None:
        return "Frames can be injected on the desk only."
    number, mark, digits = text.partition("#")
    try:
        arbitration_id = int(number, 16)
        data = bytes([int(digits[i : i + 2], 16) for i in range(0, len(digits), 2)])
    except ValueError:
        arbitration_id = -1
        data = b""
    if not mark or not 0 <= arbitration_id < 0x800 or len(data) > 8 or len(digits) & 1:
        return "Use: INJECT id#data, both hexadecimal, as in INJECT 597#2000A421."
    inject(arbitration_id, data)
    return "Injected."


async def _help(app, is_long):
    ranges = app.current_car().CAPABILITIES
    from ovms.protocol.v2 import reports

    capabilities = reports.capabilities_message(ranges)
    output = _HELP % capabilities.decode()
    if hasattr(app.board, "inject"):
        output += _DESK_HELP
    if is_long:
        commands = (await app.sms.execute_as_owner("HELP"))[1]
        output += "\n'S' COMMANDS:\n" + commands
    return _tagged(output)


async def _self_test(app):
    from ovms.services.selftest import lines

    return "\n".join(await lines(app.status, app.state, app.current_car()))


async def _report(app):
    status = app.status
    state = app.state
    car = app.current_car()
    lines = ["DIAG", "Firmware: " + status.firmware_text(car)]
    lines.append(" CRASH:    " + status.reset_cause)
    from ovms.faults import report

    lines += report(status, app.crash_lines())
    if state.supply_mv is not None:
        tenths = (state.supply_mv + 50) // 100
        lines.append(" 12V Line: %d.%d V" % (tenths // 10, tenths % 10))
    roaming = " (roaming)" if status.is_roaming else ""
    lines.append(" NET:      0x%02X %s%s" % (status.net_state, status.operator, roaming))
    lines.append(" Signal:   %d" % status.csq)
    from ovms.services.sms.show import sim_state

    lines.append(" SIM:      " + sim_state(status))
    lines.append(" IMEI:     %s" % status.imei)
    from ovms.services import peripherals

    told = await peripherals.sentences(status, state, car)
    from ovms.services.diagnosis import fix, utc

    lines.append(" TIME:     " + utc(app.clock))
    lines.append(" CAN:      " + (told["CAN"] or "OK"))
    lines.append(" GPS:      " + fix(status, state))
    lines.append(" VIN:      %s (%s)" % (state.vin or "-" * 17, car.type_text()))
    soc = "unknown" if state.soc_pct100 is None else "%d%%" % (state.soc_pct100 // 100)
    ranges = state.ideal_range_km or 0, state.estimated_range_km or 0
    lines.append(" SOC:      %s (%d ideal, %d est km)" % ((soc,) + ranges))
    lines.append(" CHARGE:   %d / %d" % (state.charge_state, state.charge_substate))
    lines += [" " + problem for problem in peripherals.problems(told, status)]
    if app.config.load_error:
        lines.append(" SETTINGS: " + app.config.load_error)
    return "\n".join(lines)


def _framed(text):
    return "\r\n" + _tagged(text) + "#.\r\n"


def _tagged(text):
    """Every line of `text` as `# line` CR LF; CR, LF and CR LF all end a line."""
    output = ""
    if text:
        for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
            output += "# %s\r\n" % line
    return output
