"""A place of ACC, advanced charge control: where it is, and what is to be done there.

A parameter has one as text: `52.520008 13.404954 100 ON COOLDOWN HOMELINK=1 AT=01:30 MODE=3 A=13
SOC=80 RANGE=150M`, of which only what was chosen is there. Words and list as users know them:
module-behaviour 7.2. Loaded on demand.
"""

from micropython import const

from ovms.protocol import place

RADIUS_M = const(100)

# When a charge begins: by itself never, when the car is plugged in, at a time, or in time for one.
NEVER = const(0)
PLUGGED = const(1)
AT = const(2)
BY = const(3)
_WHEN = ("", "PLUGIN", "AT", "BY")

# Charge modes as numbered in the protocol, with the names of CHARGEMODE.
MODES = {0: "Standard", 1: "Storage", 3: "Range", 4: "Performance"}

_LEAST_A = const(6)
_MOST_A = const(80)
_UNUSABLE = "This is no place of ACC."


class Place:
    """when: NEVER, PLUGGED, AT or BY; minute: of the local day, for the last two.

    homelink: button 1 to 3, 0 none. mode: charge mode. limit_a: A, 0 as the car has it. stop_pct:
    SOC, stop_range: ideal range, in miles if is_miles, else km; 0 none.
    """

    def __init__(self, latitude_udeg: int = 0, longitude_udeg: int = 0) -> None:
        self.latitude_udeg = latitude_udeg
        self.longitude_udeg = longitude_udeg
        self.radius_m = RADIUS_M
        self.is_enabled = True
        self.has_cooldown = self.is_miles = False
        self.homelink = self.mode = self.limit_a = self.stop_pct = self.stop_range = 0
        self.when = NEVER
        self.minute = 0

    def is_at(self, latitude_udeg: int, longitude_udeg: int, more_m: int = 0) -> bool:
        """Whether that is within the radius, or so much more."""
        radius_m = self.radius_m + more_m
        square = place.square_m2(
            latitude_udeg, longitude_udeg, self.latitude_udeg, self.longitude_udeg
        )
        return square <= radius_m * radius_m

    def stop_km(self) -> int:
        """The ideal range at which a charge ends, rounded as cars do that count miles."""
        return self.stop_range * 1609 // 1000 if self.is_miles else self.stop_range


def read(text: str) -> Place:
    """The Place of a parameter's text. ValueError for what is none."""
    words = text.split()
    if len(words) < 4 or words[3] not in ("ON", "OFF"):
        raise ValueError(_UNUSABLE)
    found = Place()
    found.latitude_udeg, found.longitude_udeg, found.radius_m = place.circle(" ".join(words[:3]))
    found.is_enabled = words[3] == "ON"
    for word in words[4:]:
        name, _, value = word.partition("=")
        if name == "COOLDOWN":
            found.has_cooldown = True
        elif name == "PLUGIN":
            found.when = PLUGGED
        elif name in ("AT", "BY"):
            found.when = AT if name == "AT" else BY
            found.minute = _minute(value)
        elif name == "HOMELINK":
            found.homelink = _number(value, 1, 3, _UNUSABLE)
        elif name == "MODE":
            found.mode = _number(value, 0, 4, _UNUSABLE)
            if found.mode not in MODES:
                raise ValueError(_UNUSABLE)
        elif name == "A":
            found.limit_a = _number(value, _LEAST_A, _MOST_A, _UNUSABLE)
        elif name == "SOC":
            found.stop_pct = _number(value, 1, 100, _UNUSABLE)
        elif name == "RANGE":
            found.is_miles = value.endswith("M")
            found.stop_range = _number(value[:-1] if found.is_miles else value, 1, 999, _UNUSABLE)
        else:
            raise ValueError(_UNUSABLE)
    return found


def written(found: Place) -> str:
    """What `read` reads."""
    text = "%s %s" % (
        place.circle_text(found.latitude_udeg, found.longitude_udeg, found.radius_m),
        "ON" if found.is_enabled else "OFF",
    )
    if found.has_cooldown:
        text += " COOLDOWN"
    if found.when:
        text += " " + _WHEN[found.when]
        if found.when != PLUGGED:
            text += "=%02d:%02d" % (found.minute // 60, found.minute % 60)
    for name, number in (
        ("HOMELINK", found.homelink),
        ("MODE", found.mode),
        ("A", found.limit_a),
        ("SOC", found.stop_pct),
        ("RANGE", found.stop_range),
    ):
        if number:
            text += " %s=%d" % (name, number)
    return text + "M" if found.stop_range and found.is_miles else text


def change(found: Place, words: list[str], is_miles: bool) -> None:
    """Carry out the words of `ACC PARAMS` on a Place. ValueError, a sentence, changes nothing that
    is stored. is_miles: of the user's unit.
    """
    words = [word.upper() for word in words]
    while words:
        word = words.pop(0)
        if word == "COOLDOWN":
            found.has_cooldown = True
        elif word == "NOCOOLDOWN":
            found.has_cooldown = False
        elif word == "NOHOMELINK":
            found.homelink = 0
        elif word == "CHARGEPLUGIN":
            found.when = PLUGGED
        elif word == "NOCHARGE":
            found.when = NEVER
        elif word in _VALUES:
            if not words:
                raise ValueError("%s %s" % (word, _VALUES[word]))
            _set(found, word, words.pop(0), is_miles)
        else:
            raise ValueError(
                "ACC PARAMS takes COOLDOWN, NOCOOLDOWN, HOMELINK n, NOHOMELINK, CHARGEPLUGIN,"
                " CHARGEAT hh:mm, CHARGEBY hh:mm, NOCHARGE, LIMIT a, MODE m, STOPRANGE n,"
                " STOPSOC n and RADIUS n."
            )


# What the words want that have a value, as the end of a sentence.
_VALUES = {
    "HOMELINK": "takes a button from 1 to 3.",
    "CHARGEAT": "takes a time such as 01:30.",
    "CHARGEBY": "takes a time such as 07:00.",
    "LIMIT": "takes 6 to 80 (A), or 0 for as the car is set.",
    "MODE": "takes STANDARD, STORAGE, RANGE or PERFORMANCE.",
    "STOPRANGE": "takes an ideal range from 1 to 999, or 0 for none.",
    "STOPSOC": "takes 1 to 100 (%), or 0 for none.",
    "RADIUS": "takes 50 to 5000 m, or 150 to 15000 feet.",
}


def _set(found, word, value, is_miles):
    refusal = "%s %s" % (word, _VALUES[word])
    if word in ("CHARGEAT", "CHARGEBY"):
        try:
            minute = _minute(value)
        except ValueError:
            raise ValueError(refusal)
        found.minute = minute
        found.when = AT if word == "CHARGEAT" else BY
    elif word == "HOMELINK":
        found.homelink = _number(value, 1, 3, refusal)
    elif word == "LIMIT":
        value = value.rstrip("A")
        found.limit_a = 0 if value == "0" else _number(value, _LEAST_A, _MOST_A, refusal)
    elif word == "MODE":
        modes = [mode for mode in MODES if MODES[mode][:3].upper() == value[:3]]
        if not modes:
            raise ValueError(refusal)
        found.mode = modes[0]
    elif word == "STOPRANGE":
        found.stop_range = _number(value, 0, 999, refusal)
        found.is_miles = is_miles
    elif word == "STOPSOC":
        found.stop_pct = _number(value.rstrip("%"), 0, 100, refusal)
    elif is_miles:
        # Three feet count as a metre.
        found.radius_m = _number(value.rstrip("'"), 150, 15000, refusal) // 3
    else:
        found.radius_m = _number(value, 50, 5000, refusal)


def _minute(text):
    """Minutes since midnight of `HH:MM`; ValueError for anything else."""
    hours, _, minutes = text.partition(":")
    if len(minutes) != 2:
        raise ValueError(_UNUSABLE)
    return _number(hours, 0, 23, _UNUSABLE) * 60 + _number(minutes, 0, 59, _UNUSABLE)


def _number(text, least, most, refusal):
    is_number = text.isdigit() and len(text.encode()) == len(text) < 6
    if not is_number or not least <= int(text) <= most:
        raise ValueError(refusal)
    return int(text)


def shown(number: int, found: Place | None, is_miles: bool) -> str:
    """The list of `ACC PARAMS?`. number: 1 to 4. found: a Place, or None."""
    if found is None:
        return "ACC #%d - No ACC defined here" % number
    lines = [
        "ACC #%d" % number,
        "%s, %s" % (place.degrees(found.latitude_udeg), place.degrees(found.longitude_udeg)),
        "Enabled" if found.is_enabled else "Disabled",
    ]
    if found.has_cooldown:
        lines.append("Cooldown")
    if found.homelink:
        lines.append("Homelink #%d" % found.homelink)
    if found.when == PLUGGED:
        lines.append("Charge at plugin")
    elif found.when:
        at_or_by = "at" if found.when == AT else "by"
        lines.append("Charge %s time %s" % (at_or_by, time_text(found.minute)))
    lines.append("Mode: %s (%dA)" % (MODES[found.mode], found.limit_a))
    if found.stop_pct:
        lines.append("Stop at SOC %d%%" % found.stop_pct)
    if found.stop_range:
        unit = "miles" if is_miles else "km"
        lines.append("Stop at range %d%s" % (_in_unit(found, is_miles), unit))
    if is_miles:
        lines.append("Radius %d'" % (found.radius_m * 3))
    else:
        lines.append("Radius %dm" % found.radius_m)
    return "\r\n ".join(lines)


def time_text(minute: int) -> str:
    """A time of day as the lists of ACC have it."""
    return "%02d:%02d:00" % (minute // 60, minute % 60)


def _in_unit(found, is_miles):
    """The stop range in the unit that is read now, which may be another than it was set in."""
    if found.is_miles == is_miles:
        return found.stop_range
    if is_miles:
        return (found.stop_range * 1000 + 804) // 1609
    return (found.stop_range * 1609 + 500) // 1000
