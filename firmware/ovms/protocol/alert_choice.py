"""Which alerts an owner has chosen: parameter ALERTS, such as `DOORS=ON SOC=80`.

Only what differs from the usual is stored. MOVED is on by itself, all others are off.
"""

_NAMES = ("MOVED", "HOME", "DOORS", "SOC", "CHARGE", "VALET")
_OFF = "OFF"
_USES = {
    "SOC": "ALERT SOC takes 1 to 100 (%) or OFF.",
    "CHARGE": "ALERT CHARGE takes a time such as 22:30, or OFF.",
    "VALET": "ALERT VALET takes 1 to 999 (km) or OFF.",
}


def value(text: str, name: str) -> str:
    """What parameter ALERTS says of one of the names: `ON`, `OFF`, a number, or a time."""
    for word in text.split(" "):
        if word.startswith(name + "="):
            return word[len(name) + 1 :]
    return _usual(name)


def _usual(name):
    return "ON" if name == "MOVED" else _OFF


def changed(text: str, name: str, wanted: str) -> str:
    """Parameter ALERTS with `wanted` for one of the names; ValueError with a sentence."""
    if name not in _NAMES:
        raise ValueError("ALERT takes one of %s, and ON, OFF or a number." % ", ".join(_NAMES))
    wanted = _checked(name, wanted)
    words = []
    for other in _NAMES:
        now = wanted if other == name else value(text, other)
        if now != _usual(other):
            words.append("%s=%s" % (other, now))
    return " ".join(words)


def checked(text: str) -> str:
    """`text` as parameter ALERTS is kept, or ValueError: also of what was stored once."""
    kept = ""
    for word in text.split():
        name, _, wanted = word.partition("=")
        kept = changed(kept, name, wanted)
    return kept


def shown(text: str) -> str:
    """All of them for a reply: `MOVED ON, HOME OFF, ...`."""
    return ", ".join(["%s %s" % (name, value(text, name)) for name in _NAMES])


def time_min(text: str) -> int:
    """Minutes since midnight of `HH:MM`; ValueError for anything else."""
    hours, colon, minutes = text.partition(":")
    digits = hours + minutes
    is_time = colon and digits.isdigit() and len(digits.encode()) == len(digits)
    if not is_time or not 0 < len(hours) < 3 or len(minutes) != 2:
        raise ValueError(_USES["CHARGE"])
    if int(hours) > 23 or int(minutes) > 59:
        raise ValueError(_USES["CHARGE"])
    return int(hours) * 60 + int(minutes)


def _checked(name, wanted):
    wanted = wanted.upper()
    if wanted == _OFF:
        return wanted
    if name == "CHARGE":
        minutes = time_min(wanted)
        return "%02d:%02d" % (minutes // 60, minutes % 60)
    if name in _USES:
        digits = wanted.rstrip("%")
        highest = 100 if name == "SOC" else 999
        if not digits.isdigit() or len(digits.encode()) > 3 or not 1 <= int(digits) <= highest:
            raise ValueError(_USES[name])
        return str(int(digits))
    if wanted != "ON":
        raise ValueError("ALERT %s is ON or OFF." % name)
    return wanted
