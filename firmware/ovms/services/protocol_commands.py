"""What each protocol command does and answers (protocol guide 2.6.2, module-behaviour 4.9).

Loaded on demand by `commander.py`, which keeps their order. Arguments a command does not know are
ignored, as are blanks around one (guide, "Backwards Compatibility").
"""

import asyncio

from micropython import const

from ovms import parameters
from ovms import status as requests
from ovms.vehicle.base import FAILED, OK, UNIMPLEMENTED, UNSUPPORTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer
    from ovms.services.commander import Commander

# Longer than any app waits (server-and-clients 2.3: 10 s), long enough for the network's part.
_LIMIT_MS = const(60 * 1000)

_LIST_FEATURES = const(1)
_SET_FEATURE = const(2)
_LIST_PARAMETERS = const(3)
_SET_PARAMETER = const(4)
_REBOOT = const(5)
_CHARGE_ALERT = const(6)
_EXECUTE_SMS = const(7)
_START_CHARGE = const(11)
_STOP_CHARGE = const(12)
_FIRST_CAR = const(10)
_LAST_CAR = const(26)
_SEND_SMS = const(40)
_USSD = const(41)
_AT_COMMAND = const(49)
_FIRST_OWN_CAR = const(200)

# How many arguments the guide and its clients give commands 10 to 26: what is behind is extra.
_ARGUMENTS = b"\1\0\0\0\0\1\2\3\0\1\1\1\1\1\1\0\1"

_SYNTAX = "Invalid syntax"
_RANGE = "Parameter out of range"


async def answer(
    commander: "Commander",
    payload: "Buffer",
    is_refused: bool,
    origin: int = parameters.FROM_SERVER,
) -> tuple[list[str], int, Exception | None]:
    """Carry out one command. payload: bytes behind `C`. is_refused: the queue was full.

    origin: FROM_..., who asks, for what sets something; command 7 counts as the server's.

    Returns (messages as list of str, each from its code letter on; `REQUEST_...` bits that count
    once these have left; the exception of a bug, which is answered, too, or None).
    """
    code, arguments = _parsed(payload)
    # Never refused: an error would shift all answers behind it (server-and-clients 0, fact 9).
    if code == _LIST_FEATURES:
        return _features(commander.config), 0, None
    if code == _LIST_PARAMETERS:
        return _parameters(commander.config), 0, None
    bug = None
    wanted = 0
    alert = ""
    result = FAILED
    try:
        if is_refused:
            commander.status.count("commands_refused")
            text = "Too many commands"
        elif arguments is None:
            text = _SYNTAX
        elif code in (_SET_FEATURE, _SET_PARAMETER, _REBOOT):
            wanted, text = _set(commander, code, arguments, origin)
            result = OK
        else:
            result, text, alert = await outcome(commander, code, arguments, origin)
    except (OSError, ValueError) as error:
        # Sentences for the user, by the contracts of config and modem.
        text = str(error)
    except Exception as error:
        text = "Internal error"
        bug = error
    message = "c%d,%d" % (code, result)
    if text:
        if result != OK:
            text = one_field(text)
        message += "," + _one_message(text)
    return [message, "PA" + _one_message(alert)] if alert else [message], wanted, bug


def one_field(text: str) -> str:
    """`text` without commas, which would end its field: `.` between digits, else `;`.

    Source: module-behaviour 4.9, command 41.
    """
    data = bytearray(text.strip().encode())
    for i in range(len(data)):
        if data[i] == 44:
            is_inside = 0 < i < len(data) - 1 and _is_digit(data[i - 1]) and _is_digit(data[i + 1])
            data[i] = 46 if is_inside else 59
    return data.decode()


def _is_digit(byte):
    return 48 <= byte <= 57


def _features(config):
    rows = parameters.FEATURES
    return ["c1,0,%d,%d,%d" % (n, rows, config.feature(n)) for n in range(rows)]


def _parameters(config):
    from ovms import parameter_rules

    values = parameter_rules.shown(config)
    rows = parameters.PARAMETERS
    return ["c3,0,%d,%d,%s" % (n, rows, values[n].replace(",", ";")) for n in range(rows)]


def _one_message(text):
    """A line feed would end the message; apps show each carriage return as a line end."""
    return text.replace("\r\n", "\r").replace("\n", "\r")


async def outcome(
    commander: "Commander", code: int, arguments: str, origin: int = parameters.FROM_SERVER
) -> tuple[int, str, str]:
    """(result, text, text of a push message) of a command that is about more than settings.

    origin: FROM_..., who asks. Texts are "" for none. OSError and ValueError carry a sentence for
    the user.
    """
    try:
        work = _carried_out(commander, code, arguments, origin)
        done = await commander.clock.wait_for_ms(work, _LIMIT_MS)
    except asyncio.TimeoutError:
        commander.status.count("commands_timed_out")
        raise ValueError("No answer in time")
    return done[0], done[1], done[2] if len(done) > 2 else ""


def _parsed(payload):
    """(code, arguments) of a command, blanks around them left out.

    Code 0, which nobody implements, when there is none; None for arguments that are no text.
    """
    number, _, arguments = bytes(payload).partition(b",")
    code = 0
    try:
        code = parameters.integer(number.decode().strip())
        return code, arguments.decode().strip()
    except ValueError:
        # UnicodeError is one, too.
        return code, None if code else ""


def _words(arguments, count):
    """The first `count` arguments as list of str; fewer when there are no more."""
    return [word.strip() for word in arguments.split(",")[:count]]


def _set(commander, code, arguments, origin):
    """Commands 2, 4 and 5; returns (requests, text). ValueError with the text of the answer."""
    config = commander.config
    if code == _REBOOT:
        if origin == parameters.FROM_SERVER:
            from ovms.services.server_limits import spend

            spend(config, commander.status, code)
        return requests.REQUEST_REBOOT, ""
    number, comma, text = arguments.partition(",")
    if not comma:
        raise ValueError(_SYNTAX)
    try:
        n = parameters.integer(number.strip())
    except ValueError:
        raise ValueError(_SYNTAX)
    # Features are set as features.
    is_wifi = code == _SET_PARAMETER and parameters.FIRST_WIFI <= n <= parameters.LAST_WIFI
    limit = parameters.FEATURES if code == _SET_FEATURE else parameters.FIRST_FEATURE
    if not (0 <= n < limit or is_wifi):
        raise ValueError(_RANGE)
    if code == _SET_FEATURE:
        return config.set_feature(n, _words(text, 1)[0], origin), ""
    # A value may hold commas.
    text = text.strip()
    if text == "-":
        # As in an SMS.
        text = ""
    if not text and n in (parameters.PHONE, parameters.PASSWORD):
        raise ValueError(_RANGE)
    wanted = config.apply({n: text})
    if n in (parameters.SERVER, parameters.VEHICLE_ID, parameters.SERVER_PASSWORD):
        # They are set one by one: after the first alone nobody could send the others.
        wanted = wanted & ~requests.REQUEST_RECONNECT | requests.REQUEST_MOVE
    return wanted, _warning(config, n)


def _warning(config, n):
    """What the app that has set parameter `n` has to know, "" for nothing."""
    if n == parameters.NOTIFY and not config.wants_ip:
        return "Without IP in parameter 3 the module tells the server nothing and leaves GPRS."
    if n == parameters.APN and not config.get(n):
        return "Without an APN the module leaves GPRS."
    is_login = n in (parameters.SERVER, parameters.VEHICLE_ID, parameters.SERVER_PASSWORD)
    if is_login and not config.get(n):
        return "Without parameter %d the module does not log in any more." % n
    return ""


async def _carried_out(commander, code, arguments, origin):
    """(result, text) or (result, text, alert) of any other command."""
    if code in (_SEND_SMS, _USSD, _AT_COMMAND):
        if commander.modem is None:
            return UNSUPPORTED, ""
        from ovms.services import modem_commands

        is_server = origin == parameters.FROM_SERVER
        if code == _SEND_SMS:
            return await modem_commands.send_sms(commander, arguments, is_server)
        if code == _USSD:
            words = _words(arguments, 1)
            return OK, await modem_commands.ussd(commander, words[0], is_server)
        return OK, await modem_commands.at_command(commander, arguments, is_server)
    if code == _EXECUTE_SMS:
        is_done, reply = await commander.sms_service.execute_as_owner(arguments)
        return OK if is_done else FAILED, one_field(reply or "")
    if code == _CHARGE_ALERT or _FIRST_CAR <= code <= _LAST_CAR or code >= _FIRST_OWN_CAR:
        if code == _CHARGE_ALERT and _are_alerts_off(commander.config):
            return FAILED, "Alerts are suppressed by feature 14."
        count = len(arguments)
        if _FIRST_CAR <= code <= _LAST_CAR:
            count = _ARGUMENTS[code - _FIRST_CAR]
        done = await commander.car.command(code, ",".join(_words(arguments, count)))
        if done is not None:
            is_told = code in (_START_CHARGE, _STOP_CHARGE) and done[0] == OK
            if is_told and commander.on_charge_request:
                commander.on_charge_request(code == _START_CHARGE)
            return done
        if code == _CHARGE_ALERT:
            return OK, "", await _charge_alert(commander)
        if code <= _LAST_CAR:
            return UNSUPPORTED, ""
    return UNIMPLEMENTED, ""


def _are_alerts_off(config):
    return config.feature(parameters.FEATURE_SUPPRESS) & parameters.NO_ALERTS


async def _charge_alert(commander):
    """Text of the push message of command 6, "" for none."""
    text = commander.car.stat_text()
    if text is None:
        text = (await commander.sms_service.execute_as_owner("STAT"))[1]
    return text or ""
