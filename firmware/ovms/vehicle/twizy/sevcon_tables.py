"""Overlay: what each CFG macro accepts and which objects it writes, for the Twizy 80.

Ranges and defaults: Twizy guide 1.2.0, "Macro commands"; objects and formulas: Twizy facts 7.13.
The guide's overspeed limits are meant as upper limits, so its brake-down speed is never above
10,900 rpm, which the firmware of that time got wrong.

A key is index << 8 | subindex, an entry (key, value).
"""

from micropython import const

from ovms.vehicle.twizy.values import SDO_COMMIT

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

_PEAK_TORQUE = const(0x607600)
_MAP_END_RPM = const(0x461112)
_MAP_END_TORQUE = const(0x461111)
_PEDAL_FLAGS = const(0x291001)
_BRAKE_LIGHT = const(0x2000)

_TORQUE_MNM = const(55000)
_RPM = const(7250)
_MAPS = "DNB"
# Subindex of the first level in 3813, and the stock levels.
_MAP_START = {"D": 0x24, "N": 0x1B, "B": 0x07}
_FALLING = (32767, 26214, 16383, 6553)
_MAP_LEVELS = {"D": (32767,) * 4, "N": _FALLING, "B": _FALLING}


def traits(command):
    """(needs pre-operational, needs a power cycle, what to read back) of a macro, else None.

    command: upper case. What to read back: (label, key) tuples.
    """
    if command not in _RANGES:
        return None
    return command in _PRE_OP, command in _NEEDS_CYCLE, _READ_BACK[command]


def parameters(command, words):
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
    for position, limits in enumerate(_RANGES[command]):
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


async def entries(session, command, values):
    """What a macro writes, in order. values: from `parameters`; reads what depends on the car."""
    if command == "SPEED":
        return _speed(values, await session.read(_PEAK_TORQUE >> 8, 0))
    if command == "TORQUE":
        return _torque(values, await session.read(_MAP_END_RPM >> 8, _MAP_END_RPM & 0xFF))
    if command == "BRAKELIGHT":
        return _brake_light(values, await _flags(session))
    if command == "RESET":
        # Speed and torque end in the stock values of each other.
        result = _speed((80, 89), _TORQUE_MNM)[:-1] + _torque((78,), _RPM)
        result += _maps((_MAPS,) + (_DEFAULT,) * 4)
        for name in ("POWER", "RECUP", "RAMPS", "SMOOTH"):
            result += _PLAIN[name](parameters(name, ()))
        return result + _brake_light((100, 100), await _flags(session))
    return _PLAIN[command](values)


async def _flags(session):
    return await session.read(_PEDAL_FLAGS >> 8, _PEDAL_FLAGS & 0xFF)


def _scale(stock, stock_at, wanted, low, high):
    """Stock value in proportion; exactly the stock value where the stock setting is wanted."""
    if wanted == stock_at:
        return stock
    return min(max(stock * wanted // stock_at, low), high)


def _end_torque(torque_mnm, rpm):
    """Last point of the torque map: scaled with the torque, falling with the speed."""
    torque = _scale(273, _TORQUE_MNM, torque_mnm, 160, 1122)
    return torque if rpm == _RPM else min(max(torque * _RPM // rpm, 160), 1122)


def _speed(values, torque_mnm):
    rpm = _scale(_RPM, 80, values[0], 400, 10000)
    warn_rpm = _scale(8050, 89, values[1], 400, 10900)
    end_rpm = max(rpm, _RPM)
    return [
        (0x292005, rpm),
        (0x381333, rpm + 400),
        (0x381335, rpm + 800),
        (0x38133B, min(rpm + 1250, 10900)),
        (0x381334, warn_rpm),
        (0x38133C, max(warn_rpm - 550, 0)),
        (_MAP_END_RPM, end_rpm),
        (_MAP_END_TORQUE, _end_torque(torque_mnm, end_rpm)),
        (SDO_COMMIT, 1),
    ]


def _torque(values, end_rpm):
    percent = values[0]
    torque_mnm = _scale(_TORQUE_MNM, 78, percent, 10000, 70125)
    result = [(_PEAK_TORQUE, torque_mnm)]
    key = 0x461101
    for stock in (880, 880, 659, 608, 516, 421, 360, 307):
        result.append((key, _scale(stock, 78, percent, 160, 1122)))
        key += 2
    # A controller whose map was never set has no last speed.
    end_torque = _end_torque(torque_mnm, max(end_rpm, _RPM))
    return result + [(_MAP_END_TORQUE, end_torque), (SDO_COMMIT, 1)]


def _power(values):
    return [(0x292001, values[0] * 10)]


def _recup(values):
    return [
        (0x292003, _scale(182, 18, values[0], 0, 1000)),
        (0x292004, _scale(182, 18, values[1], 0, 1000)),
    ]


def _maps(values):
    result = []
    for letter in values[0]:
        key = 0x381300 | _MAP_START[letter]
        for position in range(4):
            percent = values[1 + position]
            level = _MAP_LEVELS[letter][position]
            if percent != _DEFAULT:
                level = _scale(32767, 100, percent, 0, 32767)
            result.append((key, level))
            key += 2
    return result


def _ramps(values):
    return [
        (0x291C02, _scale(400, 4, values[0], 10, 10000)),
        (0x292007, _scale(2500, 25, values[1], 10, 10000)),
        (0x29200B, _scale(2000, 20, values[2], 10, 10000)),
        (0x29200D, _scale(4000, 40, values[3], 10, 10000)),
        (0x29200E, _scale(4000, 40, values[4], 10, 10000)),
    ]


def _smooth(values):
    return [(0x290A01, 1 + values[0] // 10), (0x290A03, _scale(800, 70, values[0], 0, 1000))]


def _brake_light(values, flags):
    on, off = values
    flags = flags & ~_BRAKE_LIGHT if on == off == 100 else flags | _BRAKE_LIGHT
    return [
        (0x381305, _scale(1024, 100, off, 64, 1024)),
        (0x381306, _scale(1024, 100, on, 64, 1024)),
        (_PEDAL_FLAGS, flags),
    ]


_PLAIN = {"POWER": _power, "RECUP": _recup, "RAMPS": _ramps, "SMOOTH": _smooth, "TSMAP": _maps}


def map_letter(key):
    """The map (D, N or B) that `key` belongs to, or "" for another object."""
    for letter in _MAPS:
        if 0 <= key - (0x381300 | _MAP_START[letter]) < 8:
            return letter
    return ""
