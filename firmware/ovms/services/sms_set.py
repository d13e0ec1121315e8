"""The SMS commands that change something (module-behaviour 2.5). An overlay."""

from ovms import parameters
from ovms import status as requests

# What a command sets, in the order of its words; it answers like its question.
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
        _assign(sms, (parameters.PASSWORD,), words)
        return "Module password has been changed."
    if command == "PARAMS":
        _assign(sms, range(parameters.UNITS, parameters.PARAMETERS), words)
        return "Parameters have been set."
    if command == "SIM":
        return _sim(sms, words)
    if command == "FEATURE":
        sms.status.request(sms.config.set_feature(parameters.integer(words[0]), words[1]))
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
    _assign(sms, (parameters.PHONE,), (number,))
    return "Your phone has been registered as the owner."


def _provision(sms, words):
    changes = {}
    for n, text in zip(range(parameters.PARAMETERS), words):
        # Phone and password stay as they are instead of becoming empty.
        if text != "-":
            changes[n] = text
        elif n > parameters.PASSWORD:
            changes[n] = ""
    sms.status.request(sms.config.apply(changes) | requests.REQUEST_MODEM_RESTART)


def _sim(sms, words):
    """The PIN of the SIM, `-` for none, and where GPRS may be used; see `links/modem_pin.py`."""
    changes = {}
    for word in words:
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
    return _shown(sms, "SIM")
