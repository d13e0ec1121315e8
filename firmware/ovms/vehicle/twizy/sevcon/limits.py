"""Which CFG commands there are, and what each accepts.

Ranges and defaults: Twizy guide 1.2.0, "Macro commands", which knows the Twizy 80 only. The Twizy
45 has those of its own stock values (Twizy facts 7.5): 100 % torque is the end of its flux map,
36 Nm, and its forward speed ends below the same 10,000 rpm. What the guide allows a Twizy 80
beyond that is refused.

What the macros write is in `macros`. A key is index << 8 | subindex; a type is 80 or 45.
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DEFAULT = const(-1)

# Command: (lowest, highest, default) of each parameter; defaults of -1 are made below.
_RANGES = {
    "SPEED": ((6, 111, 80), (6, 111, 89)),
    "TORQUE": ((10, 100, 78),),
    "POWER": ((10, 100, 100),),
    "RECUP": ((0, 100, 18), (0, 100, _DEFAULT)),
    "TSMAP": ((1, 100, _DEFAULT),) * 4,
    "RAMPS": ((1, 100, 4), (1, 100, 25), (0, 100, 20), (0, 100, 40), (0, 100, 40)),
    "SMOOTH": ((0, 100, 70),),
    "BRAKELIGHT": ((0, 100, 100), (0, 100, _DEFAULT)),
    "RESET": (),
}
# In the order of the guide.
_MACROS = (
    "SPEED",
    "TORQUE",
    "POWER",
    "RECUP",
    "TSMAP",
    "RAMPS",
    "SMOOTH",
    "BRAKELIGHT",
    "RESET",
)
# Of the Twizy 45, where its stock values are others.
_RANGES_45 = {
    "SPEED": ((6, 77, 45), (6, 77, 56)),
    "TORQUE": ((10, 100, 90),),
    "RECUP": ((0, 100, 21), (0, 100, _DEFAULT)),
    "RAMPS": ((1, 100, 3), (1, 100, 21), (0, 100, 20), (0, 100, 40), (0, 100, 40)),
}
# These change objects that the controller only lets go of in the pre-operational state.
_PRE_OP = ("SPEED", "TORQUE", "TSMAP", "BRAKELIGHT", "RESET")
# These count after a power cycle.
_NEEDS_CYCLE = ("SPEED", "TORQUE")

# Command: label, key of what is read back behind OK; the brake light's flags are hexadecimal.
_READ_BACK = {
    "SPEED": ((" fwd=", 0x292005), (" wrn=", 0x38133C)),
    "TORQUE": ((" trq=", 0x607600),),
    "POWER": ((" pow=", 0x292001),),
    "RECUP": ((" ntr=", 0x292003), (" brk=", 0x292004)),
    "TSMAP": ((" D4=", 0x38132A), (" N4=", 0x381321), (" B4=", 0x38130D)),
    "RAMPS": ((" rstr=", 0x291C02), (" racc=", 0x292007), (" rbrk=", 0x29200E)),
    "SMOOTH": ((" scrv=", 0x290A01), (" srmp=", 0x290A03)),
    "BRAKELIGHT": ((" bon=", 0x381306), (" flgs=", 0x291001)),
    "RESET": ((" fwd=", 0x292005), (" pow=", 0x292001), (" ntr=", 0x292003)),
}
_MAPS = "DNB"
# Commands of another kind: how many of index, subindex and value they take.
_ADDRESSED = {"PRE": 0, "OP": 0, "READ": 2, "WRITE": 3}
_SIMPLE = ("PRE", "OP", "READ", "WRITE", "RESTORE")


def traits(command: str) -> tuple[bool, bool, tuple[tuple[str, int], ...]]:
    """(needs pre-operational, needs a power cycle, what to read back) of a macro.

    What to read back: (label, key) tuples.
    """
    return command in _PRE_OP, command in _NEEDS_CYCLE, _READ_BACK[command]


def names() -> tuple[str, ...]:
    """All commands: the macros in the order of the guide, then the others."""
    return _MACROS + _SIMPLE


def arguments(command: str, words: list[str], type_: int) -> "list[Any]":
    """Checked arguments of any CFG command as list; ValueError with the text of the refusal.

    words: list of str. type_: of the car as far as it is known, else 80 is meant.
    """
    if command in _RANGES:
        try:
            return _parameters(command, words, type_)
        except ValueError as error:
            # Its ranges are narrower than those of the guide.
            raise ValueError("%s (Twizy 45)" % error) if type_ == 45 else error
    if command == "RESTORE":
        is_all = [word.upper() for word in words[:1]] == ["ALL"]
        if words and not is_all:
            raise _out_of_range(1)
        return [is_all]
    if command not in _ADDRESSED:
        raise ValueError("Unknown command")
    # Base and highest value of each argument.
    limits = ((16, 0xFFFF), (16, 0xFF), (10, 0xFFFFFFFF))[: _ADDRESSED[command]]
    if len(words) < len(limits):
        raise ValueError("ERROR: Too few args")
    values = []
    for position in range(len(limits)):
        base, highest = limits[position]
        try:
            value = int(words[position], base)
        except ValueError:
            value = -1
        if not 0 <= value <= highest:
            raise _out_of_range(position + 1)
        values.append(value)
    return values


def _ranges(command, type_):
    return type_ == 45 and _RANGES_45.get(command) or _RANGES[command]


def _parameters(command, words, type_):
    """Checked parameters of a macro as list of int; of TSMAP, a list headed by the maps.

    words: list of str; too few are filled with defaults, too many are ignored, `-1` is the
    default. ValueError with the text of the reply for what is out of range or no number.
    """
    words = list(words)
    maps = _MAPS
    if command == "TSMAP" and words:
        maps = words.pop(0).upper()
        for position in range(len(maps)):
            letter = maps[position]
            if letter not in _MAPS or position >= len(_MAPS):
                raise _out_of_range(1, " IN MAP " + letter)
    values = []
    for position, limits in enumerate(_ranges(command, type_)):
        value = _whole(words[position]) if position < len(words) else _DEFAULT
        if value == _DEFAULT:
            value = limits[2]
        elif value is None or not limits[0] <= value <= limits[1]:
            if command == "TSMAP":
                raise _out_of_range(position + 2, " IN MAP " + maps[0])
            raise _out_of_range(position + 1)
        values.append(value)
    if command in ("RECUP", "BRAKELIGHT") and values[1] == _DEFAULT:
        values[1] = values[0]
    if command == "BRAKELIGHT" and values[0] < values[1]:
        raise _out_of_range(3)
    return [maps] + values if command == "TSMAP" else values


def _out_of_range(number, text=""):
    return ValueError("ERROR 003%d%s" % (number, text))


def _whole(text):
    """Whole number of a text like `80` or `80%`, -1, or None."""
    if text.endswith("%"):
        text = text[:-1]
    if text == "-1":
        return _DEFAULT
    for character in text:
        if not "0" <= character <= "9":
            return None
    return int(text[:6]) if text else None
