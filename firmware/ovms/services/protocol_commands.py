"""What each protocol command does and answers (protocol guide 2.6.2, module-behaviour 4.9).

Loaded on demand by `commander.py`, which keeps their order.
"""

import asyncio

from micropython import const

from ovms import parameters
from ovms import status as requests
from ovms.vehicle.base import FAILED, OK, UNIMPLEMENTED, UNSUPPORTED

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

_SYNTAX = "Invalid syntax"
_RANGE = "Parameter out of range"


async def answer(commander, payload, is_refused, origin=parameters.FROM_SERVER):
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
        elif code in (_SET_FEATURE, _SET_PARAMETER, _REBOOT):
            wanted = _set(commander.config, code, arguments, origin)
            result, text = OK, ""
        else:
            result, text, alert = await outcome(commander, code, arguments)
    except (OSError, ValueError) as error:
        # Sentences for the user, by the contracts of config and modem.
        text = _one_field(str(error))
    except Exception as error:
        text = "Internal error"
        bug = error
    message = "c%d,%d" % (code, result)
    if text:
        message += "," + _one_message(text)
    return [message, "PA" + _one_message(alert)] if alert else [message], wanted, bug


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


async def outcome(commander, code, arguments):
    """(result, text, text of a push message) of a command that is about more than settings.

    Texts are "" for none. OSError and ValueError carry a sentence for the user.
    """
    try:
        done = await asyncio.wait_for_ms(_carried_out(commander, code, arguments), _LIMIT_MS)
    except asyncio.TimeoutError:
        commander.status.count("commands_timed_out")
        raise ValueError("No answer in time")
    return done[0], done[1], done[2] if len(done) > 2 else ""


def _parsed(payload):
    """(code, arguments) of a command; code 0, which nobody implements, when there is none."""
    try:
        number, _, arguments = payload.decode().partition(",")
        return parameters.integer(number), arguments
    except ValueError:
        # UnicodeError is one, too.
        return 0, ""


def _set(config, code, arguments, origin):
    """Commands 2, 4 and 5; returns the requests. ValueError with the text of the answer."""
    if code == _REBOOT:
        return requests.REQUEST_REBOOT
    number, comma, text = arguments.partition(",")
    if not comma:
        raise ValueError(_SYNTAX)
    try:
        n = parameters.integer(number)
    except ValueError:
        raise ValueError(_SYNTAX)
    # Features are set as features.
    if not 0 <= n < (parameters.FEATURES if code == _SET_FEATURE else parameters.FIRST_FEATURE):
        raise ValueError(_RANGE)
    if code == _SET_FEATURE:
        return config.set_feature(n, text, origin)
    if not text and n in (parameters.PHONE, parameters.PASSWORD):
        raise ValueError(_RANGE)
    return config.apply({n: text})


async def _carried_out(commander, code, arguments):
    """(result, text) or (result, text, alert) of any other command."""
    if code in _OWN:
        return await _OWN[code](commander, arguments)
    if code == _CHARGE_ALERT or _FIRST_CAR <= code <= _LAST_CAR or code >= _FIRST_OWN_CAR:
        done = await commander.car.command(code, arguments)
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


async def _charge_alert(commander):
    """Text of the push message of command 6, "" for none."""
    if commander.config.feature(parameters.FEATURE_SUPPRESS) & parameters.NO_ALERTS:
        return ""
    text = commander.car.stat_text()
    if text is None:
        text = (await commander.sms_service.execute_as_owner("STAT"))[1]
    return text or ""


async def _execute_sms(commander, arguments):
    is_done, reply = await commander.sms_service.execute_as_owner(arguments)
    return OK if is_done else FAILED, (reply or "").replace(",", ";")


async def _send_sms(commander, arguments):
    if commander.modem is None:
        return UNSUPPORTED, ""
    number, comma, text = arguments.partition(",")
    if not comma:
        return FAILED, _SYNTAX
    is_sent = await commander.modem.send_sms(number, text)
    return (OK, "") if is_sent else (FAILED, "The SMS could not be sent")


async def _ussd(commander, arguments):
    if commander.modem is None:
        return UNSUPPORTED, ""
    return OK, _told(commander, await commander.modem.ussd(arguments))


async def _at_command(commander, arguments):
    if commander.modem is None:
        return UNSUPPORTED, ""
    return OK, _told(commander, await commander.modem.command(arguments))


def _told(commander, text):
    """What the modem said: it knows the password of the APN, and tells it when asked."""
    from ovms.masking import masked

    return _one_field(masked(commander.config, text))


def _one_field(text):
    return text.strip().replace(",", ";")


# The commands that are the module's own: (result, text) = await function(commander, arguments).
_OWN = {
    _EXECUTE_SMS: _execute_sms,
    _SEND_SMS: _send_sms,
    _USSD: _ussd,
    _AT_COMMAND: _at_command,
}
