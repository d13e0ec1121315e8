"""The SMS commands that change something (module-behaviour 2.5). An overlay."""

from ovms import config as names
from ovms import status as requests

# What a command sets, in the order of its words; it answers like its question.
_SETTINGS = {
    "MODULE": (names.VEHICLE_ID, names.UNITS, names.NOTIFY, names.VEHICLE_TYPE),
    "VEHICLE": (names.VEHICLE_TYPE,),
    "GPRS": (names.APN, names.APN_USER, names.APN_PASSWORD, names.DNS),
    "GSMLOCK": (names.GSM_LOCK,),
    "SERVER": (names.SERVER, names.SERVER_PASSWORD, names.PARANOID),
}


def reply(sms, caller, command, words):
    """Do what `command` of the table in `sms_commands.py` says."""
    if command in _SETTINGS:
        if not words or (command == "VEHICLE" and words[0].startswith("-")):
            words = ("-",)
        _assign(sms, _SETTINGS[command], words)
        return _shown(sms, command)
    if command == "REGISTER":
        return _register(sms, caller)
    if command == "PASS":
        _assign(sms, (names.PASSWORD,), words)
        return "Module password has been changed."
    if command == "PARAMS":
        _assign(sms, range(names.UNITS, names.PARAMETERS), words)
        return "Parameters have been set."
    if command == "SIM":
        return _sim(sms, words)
    if command == "FEATURE":
        sms.status.request(sms.config.set_feature(names.integer(words[0]), words[1]))
        return "Feature has been set."
    if command == "AP":
        _provision(sms, words)
    else:
        sms.status.request(requests.REQUEST_REBOOT)
    return ""


def _shown(sms, command):
    from ovms.services import sms_show

    return sms_show.reply(sms, "", command + "?", ())


def _assign(sms, numbers, words):
    """Store words as parameters in the order of `numbers`; a single `-` clears one."""
    changes = {}
    for n, text in zip(numbers, words):
        changes[n] = "" if text == "-" else text
    sms.status.request(sms.config.apply(changes))


def _register(sms, caller):
    from ovms.protocol import phone

    number = phone.normal_phone(caller)
    if not number:
        raise ValueError("This sender has no phone number to register.")
    _assign(sms, (names.PHONE,), (number,))
    return "Your phone has been registered as the owner."


def _provision(sms, words):
    changes = {}
    for n, text in zip(range(names.PARAMETERS), words):
        # Phone and password stay as they are instead of becoming empty.
        if text != "-":
            changes[n] = text
        elif n > names.PASSWORD:
            changes[n] = ""
    sms.status.request(sms.config.apply(changes) | requests.REQUEST_MODEM_RESTART)


def _sim(sms, words):
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
    return _shown(sms, "SIM")
