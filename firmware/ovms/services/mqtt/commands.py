"""What a command by MQTT does and answers, in the words of v3 (server-and-clients 7.3).

Loaded on demand.

Who may: a broker passes commands on for whoever it lets in, so they are the owner's only where the
module knows the broker and is known to it: over TLS, whose certificate is checked, and with a user
and password of its own. Through any other broker only what asks is answered. Retained and repeated
commands are none at all.

An answer that is no success begins with `Error: `.
"""

import asyncio

from ovms import parameters
from ovms.vehicle.base import OK, UNIMPLEMENTED, UNSUPPORTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.mqtt.conversation import Conversation

_CLOSED = "Error: Commands need a broker with tls:// and with user and password (MQTT)."
_USAGE = "Error: Unknown command."
# What a broker knows anyhow, by the metrics.
_OPEN = ("STAT", "STAT?", "VERSION", "TEMPS", "GPS", "GPS?", "CTP")

# First words: protocol command, its argument, what is said when it is done. %s: the last word.
_ACTIONS = {
    "lock": (20, "%s", "Vehicle locked"),
    "unlock": (22, "%s", "Vehicle unlocked"),
    "valet": (21, "%s", "Vehicle valet mode activated"),
    "unvalet": (23, "%s", "Vehicle valet mode deactivated"),
    "charge start": (11, "", "Charge has been started"),
    "charge stop": (12, "", "Charge has been stopped"),
    "charge mode": (10, "%s", "Charge mode set to %s"),
    "charge current": (15, "%s", "Charge current limit set to %sA"),
    "charge limit": (16, "%s", "Charge limit set to %s%"),
    "charge timer": (17, "%s", "Charge timer set to %s"),
    "charge cooldown": (25, "", "Cooldown has been started"),
    "climatecontrol on": (26, "1", "Climate Control on"),
    "climatecontrol off": (26, "0", "Climate Control off"),
    "homelink": (24, "%s", "Homelink #%s activated"),
    "wakeup": (18, "", "Vehicle has been woken"),
}
_MODES = {"standard": "0", "storage": "1", "range": "3", "performance": "4"}
_NO_PIN = "nopin"

# Settings by their names in v3; others by our number.
_SETTINGS = {
    "vehicle/id": parameters.VEHICLE_ID,
    "vehicle/units.distance": parameters.UNITS,
    "vehicle/timezone": parameters.TIMEZONE,
    "auto/vehicle.type": parameters.VEHICLE_TYPE,
}


async def answer(talk: "Conversation", text: str) -> str:
    """Carry out one command line (str); the answer (str)."""
    # Others have their turn between two loads of code.
    await asyncio.sleep_ms(0)
    try:
        return await _carried_out(talk, text)
    except (OSError, ValueError) as error:
        # Sentences for the user, by the contracts of config and modem.
        return "Error: %s" % error
    except Exception as error:
        talk.on_error("mqtt", error)
        return "Error: Internal error."


async def _carried_out(talk, text):
    words = text.split()
    if not words:
        return _USAGE
    first = words[0].lower()
    if first in ("stat", "stat?"):
        text = "STAT"
    is_open = len(words) == 1 and text.upper() in _OPEN
    if not (is_open or talk.is_trusted):
        return _CLOSED
    two = " ".join(words[:2]).lower()
    if two == "server v3":
        talk.publisher.send_again()
        return "Server V3 data update has been scheduled"
    if two in _ACTIONS:
        return await _act(talk, _ACTIONS[two], words[2:])
    if first in _ACTIONS and len(words) < 3:
        return await _act(talk, _ACTIONS[first], words[1:])
    if first in ("charge", "climatecontrol", "config", "homelink"):
        return _USAGE
    is_done, reply = await talk.sms_service.execute_as_owner(text)
    reply = reply or ("Done." if is_done else "Unknown command.")
    return reply if is_done else "Error: " + reply


async def _act(talk, action, words):
    code, argument, told = action
    word = words[0] if words else ""
    shown = word
    is_pin = 20 <= code <= 23
    if len(words) > 1 or bool(word) != ("%s" in argument) and not (is_pin and not words):
        return _USAGE
    if word.lower() == _NO_PIN:
        word = ""
    elif code == 10:
        word = _MODES.get(word.lower(), "")
        if not word:
            raise ValueError("Charge modes are standard, storage, range and performance.")
    elif code == 16:
        # Less, with no current behind it, would be a charge mode to the guide.
        if not 50 <= parameters.integer(word) <= 100:
            raise ValueError("A charge limit is 50 to 100 %. For a current: charge current <A>.")
    elif code == 17:
        word = _timer(word)
    elif code == 24:
        word = str(parameters.integer(word) - 1)
    from ovms.services.protocol_commands import outcome

    result = await outcome(talk.commander, code, argument.replace("%s", word))
    if result[0] == OK:
        return told.replace("%s", shown)
    if result[0] in (UNSUPPORTED, UNIMPLEMENTED):
        raise ValueError("This car has no such command.")
    raise ValueError(result[1] or "The car does not say why.")


def _timer(word):
    """Arguments of command 17, ovms-hass's way (server-and-clients 4.4): mode, hour, minute."""
    if word.lower() == "off":
        return "0"
    hour, colon, minute = word.partition(":")
    if not (colon and len(minute) == 2):
        raise ValueError("A charge timer is a time as 23:30, or off.")
    return "1,%d,%d" % (parameters.integer(hour), parameters.integer(minute))


def setting(talk: "Conversation", text: str) -> str | None:
    """Value of `param/instance` or of a parameter's number, as PARAMS? shows it; None for none.

    Only for whom commands count as the owner's.
    """
    n = _SETTINGS.get(text)
    if n is None:
        try:
            n = parameters.integer(text)
        except ValueError:
            return None
    if not talk.is_trusted or not 0 <= n < parameters.PARAMETERS:
        return None
    from ovms import parameter_rules

    return parameter_rules.shown(talk.config)[n]
