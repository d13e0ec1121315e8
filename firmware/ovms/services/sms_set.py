"""The SMS commands that change something. An overlay.

The functions are those of the table in `sms_commands.py`; most answer with what is set then.
"""

from ovms import config as names
from ovms import overlay
from ovms import status as requests

_SHOW = "ovms.services.sms_show"
_MODULE = (names.VEHICLE_ID, names.UNITS, names.NOTIFY, names.VEHICLE_TYPE)
_GPRS = (names.APN, names.APN_USER, names.APN_PASSWORD, names.DNS)
_SERVER = (names.SERVER, names.SERVER_PASSWORD, names.PARANOID)


def _assign(sms, numbers, words):
    """Store words as parameters in the order of `numbers`; a single `-` clears one."""
    changes = {}
    for n, text in zip(numbers, words):
        changes[n] = "" if text == "-" else text
    sms.status.request(sms.config.apply(changes))


def register(sms, caller, words):
    number = overlay.call("ovms.protocol.phone", "normal_phone", caller)
    if not number:
        raise ValueError("This sender has no phone number to register.")
    _assign(sms, (names.PHONE,), (number,))
    return "Your phone has been registered as the owner."


def password(sms, caller, words):
    _assign(sms, (names.PASSWORD,), words)
    return "Module password has been changed."


def parameters(sms, caller, words):
    _assign(sms, range(names.UNITS, names.PARAMETERS), words)
    return "Parameters have been set."


def provision(sms, caller, words):
    changes = {}
    for n, text in zip(range(names.PARAMETERS), words):
        # Phone and password stay as they are instead of becoming empty.
        if text != "-":
            changes[n] = text
        elif n > names.PASSWORD:
            changes[n] = ""
    sms.status.request(sms.config.apply(changes) | requests.REQUEST_MODEM_RESTART)
    return ""


def sim(sms, caller, words):
    """The PIN of the SIM, `-` for none, and where GPRS may be used; see `links/modem_pin.py`."""
    changes = {}
    for word in words:
        if word.upper() in ("ROAM", "HOME"):
            changes[names.ROAMING] = word.upper().replace("ROAM", "")
        elif word == "-":
            changes[names.SIM_PIN] = ""
        elif not word.isdigit():
            raise ValueError("A PIN has 4 to 8 digits.")
        elif sms.config.get(names.SIM_PIN).endswith("x"):
            raise ValueError("Unlock the SIM in a phone first, then send SIM - and the PIN.")
        else:
            changes[names.SIM_PIN] = word
    sms.status.request(sms.config.apply(changes))
    return overlay.call(_SHOW, "sim", sms, caller, words)


def module(sms, caller, words):
    _assign(sms, _MODULE, words)
    return overlay.call(_SHOW, "module", sms, caller, words)


def vehicle(sms, caller, words):
    _assign(sms, (names.VEHICLE_TYPE,), ("-",) if words[0].startswith("-") else words)
    return overlay.call(_SHOW, "vehicle", sms, caller, words)


def gprs(sms, caller, words):
    _assign(sms, _GPRS, words)
    return overlay.call(_SHOW, "gprs", sms, caller, words)


def lock(sms, caller, words):
    _assign(sms, (names.GSM_LOCK,), words or ("-",))
    return overlay.call(_SHOW, "lock", sms, caller, words)


def server(sms, caller, words):
    _assign(sms, _SERVER, words)
    return overlay.call(_SHOW, "server", sms, caller, words)


def feature(sms, caller, words):
    sms.status.request(sms.config.set_feature(names.integer(words[0]), words[1]))
    return "Feature has been set."


def reset(sms, caller, words):
    sms.status.request(requests.REQUEST_REBOOT)
    return ""
