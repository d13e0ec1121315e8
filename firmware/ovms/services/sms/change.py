"""The SMS commands that change something (module-behaviour 2.5). Loaded on demand."""

import asyncio

from micropython import const

from ovms import parameters
from ovms import status as requests

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.sms.answering import Request

# The protocol's command that does as RESET.
_REBOOT = const(5)

# What a command sets, in the order of its words.
_SETTINGS = {
    "MODULE": (
        parameters.VEHICLE_ID,
        parameters.UNITS,
        parameters.NOTIFY,
        parameters.VEHICLE_TYPE,
    ),
    "VEHICLE": (parameters.VEHICLE_TYPE,),
    "GPRS": (parameters.APN, parameters.APN_USER, parameters.APN_PASSWORD, parameters.DNS),
    "GSMLOCK": (parameters.GSM_LOCK,),
    "SERVER": (parameters.SERVER, parameters.SERVER_PASSWORD, parameters.PARANOID),
}


async def reply(request: "Request") -> str:
    """Do what the command says. What sets some of the settings shown together shows them."""
    if request.command == "GSMLOCK":
        # The search for networks takes up to two minutes.
        await _look_around(request)
    # Loads what checks and stores settings, and changes none: the others have their turn before
    # that is done.
    _load_rules(request.sms.config)
    await asyncio.sleep_ms(0)
    request.sms.config.apply({})
    await asyncio.sleep_ms(0)
    text = _CHANGES[request.command](request)
    if text is None:
        await asyncio.sleep_ms(0)
        from ovms.services.sms.show import text_of

        text = text_of(request.sms, request.command + "?")
    return text


def _load_rules(config):
    """What judges a value is most of it."""
    from ovms.parameter_rules import checked

    checked(parameters.UNITS, config.get(parameters.UNITS))


async def _look_around(request):
    """Find the network of the lock, which may have blanks in its name, among those in reach."""
    sms = request.sms
    lock = " ".join(request.words).strip('"')
    request.words = [lock] if lock else []
    sms.status.networks = ""
    modem = sms.commander.modem
    if not lock or lock == "-" or modem is None:
        return
    try:
        listed = await modem.command("AT+COPS=?")
    except (OSError, ValueError):
        return
    from ovms.protocol.operators import named, shown

    if not named(lock, listed):
        sms.status.networks = shown(listed)


def _settings(request):
    words = request.words
    if not words or (request.command == "VEHICLE" and words[0].startswith("-")):
        words = ("-",)
    _assign(request, _SETTINGS[request.command], words)


def _password(request):
    _assign(request, (parameters.PASSWORD,), request.words)
    return "Module password has been changed."


def _parameters(request):
    _assign(request, range(parameters.UNITS, parameters.PARAMETERS), request.words)
    return "Parameters have been set."


def _feature(request):
    sms = request.sms
    n, value = request.words[:2]
    sms.status.request(sms.config.set_feature(parameters.integer(n), value, request.origin))
    return "Feature has been set."


def _reset(request):
    if request.origin == parameters.FROM_SERVER:
        from ovms.services.server_limits import spend

        spend(request.sms.config, request.sms.status, _REBOOT)
    request.sms.status.request(requests.REQUEST_REBOOT)
    return ""


def _assign(request, numbers, words):
    """Store words as parameters in the order of `numbers`; a single `-` clears one."""
    changes = {}
    for n, text in zip(numbers, words):
        changes[n] = "" if text == "-" else text
    sms = request.sms
    sms.status.request(sms.config.apply(changes, True, request.origin))


def _register(request):
    from ovms.protocol import phone

    number = phone.normal_phone(request.caller)
    if not number:
        raise ValueError("This sender has no phone number to register.")
    _assign(request, (parameters.PHONE,), (number,))
    return "Your phone has been registered as the owner."


def _provision(request):
    """Without a server the modem's start looks into the SIM: `links/modem/phonebook.py`."""
    if not request.words and request.sms.config.get(parameters.SERVER):
        raise ValueError("Invalid command\n Use: AP <password> <phone> <new password> ...")
    changes = {}
    for n, text in zip(range(parameters.PARAMETERS), request.words):
        # Phone and password stay as they are instead of becoming empty.
        if text != "-":
            changes[n] = text
        elif n > parameters.PASSWORD:
            changes[n] = ""
    sms = request.sms
    wanted = sms.config.apply(changes, True, request.origin)
    sms.status.request(wanted | requests.REQUEST_MODEM_RESTART)
    return ""


def _sim(request):
    """The PIN of the SIM, `-` for none, and where GPRS may be used; see `links/modem/sim.py`."""
    sms = request.sms
    changes = {}
    for word in request.words:
        if word.upper() in ("ROAM", "HOME"):
            changes[parameters.ROAMING] = word.upper().replace("ROAM", "")
        elif word == "-":
            changes[parameters.SIM_PIN] = ""
        elif not word.isdigit():
            raise ValueError("A PIN has 4 to 8 digits.")
        elif sms.config.get(parameters.SIM_PIN).endswith("x"):
            raise ValueError("Unlock the SIM in a phone first, then send SIM - and the PIN.")
        else:
            changes[parameters.SIM_PIN] = word
    sms.status.request(sms.config.apply(changes))


def _remote(request):
    """Whether a server may change who is the master: see `owner_guard.py`."""
    word = request.words[0].upper()
    if word not in ("SAFE", "OPEN"):
        raise ValueError("REMOTE is SAFE or OPEN.")
    _assign(request, (parameters.REMOTE,), (word.replace("OPEN", ""),))


def _support(request):
    """Whether the server may do more with the modem: see `services/server_limits.py`."""
    word = request.words[0].upper()
    if word not in ("ON", "OFF"):
        raise ValueError("SUPPORT is ON or OFF.")
    _assign(request, (parameters.SUPPORT,), (word.replace("OFF", ""),))


# Each does what its command says and returns the reply, None for that to the command's question.
_CHANGES = {
    "REGISTER": _register,
    "PASS": _password,
    "PARAMS": _parameters,
    "AP": _provision,
    "MODULE": _settings,
    "VEHICLE": _settings,
    "GPRS": _settings,
    "GSMLOCK": _settings,
    "SIM": _sim,
    "SERVER": _settings,
    "FEATURE": _feature,
    "RESET": _reset,
    "REMOTE": _remote,
    "SUPPORT": _support,
}
