"""ACC by SMS: where and how the car is charged by itself (module-behaviour 7.2). On demand.

What comes of it: `services/acc.py`. How a place is written: `protocol/acc_places.py`.
"""

from micropython import const

from ovms.parameters import FEATURE_CAN_WRITE, FIRST_ACC
from ovms.protocol import acc_places, place

_PLACES = const(4)
_VERBS = ("HERE", "NOTHERE", "CLEAR", "ENABLE", "DISABLE", "PARAMS", "STAT", "DIAG")
_USE = (
    "Invalid command\n Use: ACC HERE, NOTHERE, CLEAR [n], ENABLE [n], DISABLE [n], PARAMS? [n],"
    " PARAMS [n] <words>, STAT or DIAG"
)
_NOT_HERE = "ACC not at this location"
_NO_FIX = "There is no GPS fix now. Try again outside, or name a place by its number."


async def reply(request):
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
    if verb == "CLEAR":
        return _clear(request, words)
    if verb == "NOTHERE":
        number = _here(sms)[0]
        _store(request, {number: ""})
        return "ACC cleared #%d" % number
    from ovms.services.acc_work import is_able

    if not is_able(sms.car()):
        raise ValueError("ACC is not supported by this car.")
    if verb == "HERE":
        return _set_here(request)
    number, there = _named(sms, words)
    if there is None:
        return acc_places.shown(number, None, False)
    if verb == "PARAMS":
        acc_places.change(there, words, sms.config.is_miles)
    else:
        there.is_enabled = verb == "ENABLE"
    _store(request, {number: acc_places.written(there)})
    if verb == "PARAMS":
        return acc_places.shown(number, there, sms.config.is_miles) + _hint(sms)
    return "ACC enabled" + _hint(sms) if there.is_enabled else "ACC disabled"


def _place(sms, number):
    text = sms.config.get(FIRST_ACC + number - 1)
    return acc_places.read(text) if text else None


def _store(request, changes):
    """changes: {number of a place: its text}."""
    values = {}
    for number in changes:
        values[FIRST_ACC + number - 1] = changes[number]
    config = request.sms.config
    request.sms.status.request(config.apply(values, True, request.origin))


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


def _clear(request, words):
    numbers = [_number(word) for word in words[:1]] or range(1, _PLACES + 1)
    changes = {}
    for number in numbers:
        changes[number] = ""
    _store(request, changes)
    return "ACC configuration cleared"


def _set_here(request):
    """A new place, of which nothing is wanted yet but that the car charges as it is set now."""
    sms = request.sms
    where = _where(sms)
    free = 0
    for number in range(_PLACES, 0, -1):
        there = _place(sms, number)
        if there is None:
            free = number
        elif there.is_at(where[0], where[1]):
            return "ACC #%d already here" % number
    if not free:
        return "ACC could not be set - no free space"
    there = acc_places.Place(where[0], where[1])
    if sms.state.charge_mode in acc_places.MODES:
        there.mode = sms.state.charge_mode
    if 6 <= sms.state.charge_limit_a <= 80:
        there.limit_a = sms.state.charge_limit_a
    _store(request, {free: acc_places.written(there)})
    return "ACC #%d set" % free + _hint(sms)


def _hint(sms):
    if sms.car().TX_FRAMES and sms.config.feature(FEATURE_CAN_WRITE) <= 0:
        return "\r\nThe module may not write to the car: ACC needs FEATURE 15 1."
    return ""
