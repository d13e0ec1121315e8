"""The SMS commands that act on the car, and how it went (module-behaviour 2.5).

Loaded on demand. They are the protocol's commands under another name. "requested" is said only
when the car did it.
"""

from micropython import const

from ovms import parameters
from ovms.vehicle.base import FAILED, OK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.sms.answering import Request

# Command: protocol command, how many words it takes, what is said when the car did it.
_ACTIONS = {
    "LOCK": (20, 1, "Vehicle lock requested"),
    "UNLOCK": (22, 1, "Vehicle unlock requested"),
    "VALET": (21, 1, "Valet mode requested"),
    "UNVALET": (23, 1, "Valet mode cancel requested"),
    "HOMELINK": (24, 1, "Homelink activated"),
    "CHARGEMODE": (10, 2, "Charge mode change requested"),
    "CHARGESTART": (11, 0, "Charge start requested"),
    "CHARGESTOP": (12, 0, "Charge stop requested"),
    "COOLDOWN": (25, 0, "Cooldown requested"),
}
_CHARGE_CURRENT = const(15)
_MODES = {"STA": "0", "STO": "1", "RAN": "3", "PER": "4"}


async def reply(request: "Request") -> str:
    """Let the car do what the command says. ValueError tells why it did not."""
    code, count, text = _ACTIONS[request.command]
    if request.command == "CHARGEMODE":
        return text + await _set_charge(request.sms, code, request.words)
    arguments = ",".join(request.words[:count])
    return text + await _done(request.sms, request.command, code, arguments)


async def _set_charge(sms, code, words):
    mode = _MODES.get(words[0][:3].upper())
    if mode is None:
        raise ValueError("Charge modes are STANDARD, STORAGE, RANGE and PERFORMANCE.")
    # Looked at before anything is changed.
    amps = parameters.integer(words[1]) if len(words) > 1 else 0
    if amps < 0:
        raise ValueError("A current is not negative.")
    told = await _done(sms, "CHARGEMODE", code, mode)
    if len(words) == 1:
        return told
    try:
        return told + await _done(sms, "Setting the current", _CHARGE_CURRENT, str(amps))
    except ValueError as error:
        raise ValueError("Charge mode changed. " + str(error))


async def _done(sms, name, code, arguments):
    """What the car has to say about its success, on lines of its own. Else ValueError."""
    try:
        from ovms.services.protocol_commands import outcome

        result, text, alert = await outcome(sms.commander, code, arguments)
    except (OSError, ValueError) as error:
        result, text = FAILED, str(error)
    if result == OK:
        told = ""
        for line in (text, alert):
            if line:
                told += "\n" + line.replace("\r", "\n")
        return told
    if result == FAILED:
        raise ValueError("%s failed: %s" % (name, text or "the car does not say why."))
    raise ValueError("%s is not supported by this car." % name)
