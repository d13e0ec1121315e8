"""ACC by SMS: where and how the car is charged by itself (module-behaviour 7.2). On demand.

What comes of it: `services/acc.py`. How a place is written: `protocol/acc_places.py`.
"""

import asyncio

from micropython import const

from ovms.parameters import FEATURE_CAN_WRITE, FIRST_ACC
from ovms.protocol import acc_places, place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.sms.answering import Request

_PLACES = const(4)
_VERBS = ("HERE", "NOTHERE", "CLEAR", "ENABLE", "DISABLE", "PARAMS", "STAT", "DIAG")
_USE = (
    "Invalid command\n Use: ACC HERE, NOTHERE, CLEAR [n], ENABLE [n], DISABLE [n], PARAMS? [n],"
    " PARAMS [n] <words>, STAT or DIAG"
)
_NOT_HERE = "ACC not at this location"
_NO_FIX = "There is no GPS fix now. Try again outside, or name a place by its number."


async def reply(request: "Request") -> str:
    """Do what the words say, and tell. With a question mark anywhere nothing is changed."""
    words = [word.upper() for word in request.words]
    is_query = request.command == "ACC?"
    for n in range(len(words)):
        if words[n].endswith("?"):
            is_query = True
            words[n] = words[n].rstrip("?")
    words = [word for word in words if word]
    verb = words.pop(0) if words else "STAT"
    if verb not in _VERBS and request.command == "ACC?":
        verb = "STAT"
    sms = request.sms
    if verb == "STAT":
        from ovms.services.sms.acc_status import status

        return status(sms)
    if verb == "DIAG":
        from ovms.services.sms.acc_status import diagnosis

        return diagnosis(sms)
    if verb == "PARAMS" and (is_query or not words or (len(words) == 1 and words[0].isdigit())):
        return _shown(sms, words)
    if verb not in _VERBS:
        return "ACC command not recognised"
    if is_query:
        raise ValueError(_USE)
    # What these load, and what checks and stores settings, has turns of its own, in which nothing
    # is changed yet.
    sms.config.apply({})
    await asyncio.sleep_ms(0)
    changes, text = _planned(sms, verb, words)
    await asyncio.sleep_ms(0)
    if changes:
        sms.status.request(sms.config.apply(changes, True, request.origin))
    return text


def _planned(sms, verb, words):
    """({number of a parameter: its text} to set, reply). ValueError, a sentence, for a refusal."""
    if verb == "CLEAR":
        return _cleared([_number(word) for word in words[:1]])
    if verb == "NOTHERE":
        number = _here(sms)[0]
        return _cleared((number,))[0], "ACC cleared #%d" % number
    from ovms.services.acc_work import is_able

    if not is_able(sms.car()):
        raise ValueError("ACC is not supported by this car.")
    if verb == "HERE":
        return _set_here(sms)
    number, there = _named(sms, words)
    if there is None:
        return {}, acc_places.shown(number, None, False)
    if verb == "PARAMS":
        acc_places.change(there, words, sms.config.is_miles)
        text = acc_places.shown(number, there, sms.config.is_miles)
    else:
        there.is_enabled = verb == "ENABLE"
        text = "ACC enabled" if there.is_enabled else "ACC disabled"
    if there.is_enabled:
        text += _hint(sms)
    return {FIRST_ACC + number - 1: acc_places.written(there)}, text


def _place(sms, number):
    text = sms.config.get(FIRST_ACC + number - 1)
    return acc_places.read(text) if text else None


def _where(sms):
    where = place.here(sms.state)
    if where is None:
        raise ValueError(_NO_FIX)
    return where


def _here(sms):
    """(number, Place) of where the car is, disabled or not. ValueError for nowhere."""
    where = _where(sms)
    for number in range(1, _PLACES + 1):
        there = _place(sms, number)
        if there and there.is_at(where[0], where[1]):
            return number, there
    raise ValueError(_NOT_HERE)


def _number(word):
    if word not in ("1", "2", "3", "4"):
        raise ValueError("Places of ACC are numbered 1 to 4.")
    return int(word)


def _named(sms, words):
    """(number, Place or None) of the number in front, taken out of `words`, or of here."""
    if words and words[0].isdigit():
        number = _number(words.pop(0))
        return number, _place(sms, number)
    return _here(sms)


def _shown(sms, words):
    number, there = _named(sms, words)
    return acc_places.shown(number, there, sms.config.is_miles)


def _cleared(numbers):
    changes = {}
    for number in numbers or range(1, _PLACES + 1):
        changes[FIRST_ACC + number - 1] = ""
    return changes, "ACC configuration cleared"


def _set_here(sms):
    """A new place, of which nothing is wanted yet but that the car charges as it is set now."""
    where = _where(sms)
    free = 0
    for number in range(_PLACES, 0, -1):
        there = _place(sms, number)
        if there is None:
            free = number
        elif there.is_at(where[0], where[1]):
            return {}, "ACC #%d already here" % number
    if not free:
        return {}, "ACC could not be set - no free space"
    there = acc_places.Place(where[0], where[1])
    if sms.state.charge_mode in acc_places.MODES:
        there.mode = sms.state.charge_mode
    if 6 <= sms.state.charge_limit_a <= 80:
        there.limit_a = sms.state.charge_limit_a
    return {FIRST_ACC + free - 1: acc_places.written(there)}, "ACC #%d set" % free + _hint(sms)


def _hint(sms):
    if sms.car().TX_FRAMES and sms.config.feature(FEATURE_CAN_WRITE) <= 0:
        return "\r\nThe module may not write to the car: ACC needs FEATURE 15 1."
    return ""
