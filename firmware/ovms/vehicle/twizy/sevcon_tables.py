"""Overlay: what each CFG macro accepts and which objects it writes.

Ranges and defaults: Twizy guide 1.2.0, "Macro commands"; objects and formulas: Twizy facts 7.13.
The guide's overspeed limits are meant as upper limits, so its brake-down speed is never above
10,900 rpm, which the firmware of that time got wrong.

The guide's macros know the Twizy 80 only. The Twizy 45 gets the same formulas with its own stock
values (Twizy facts 7.5): 100 % torque is the end of its flux map, 36 Nm, and its forward speed
ends below the same 10,000 rpm. What the guide allows a Twizy 80 beyond that is refused.

A key is index << 8 | subindex, an entry (key, value). A type is 80 or 45.
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

_PEAK_TORQUE = const(0x607600)
_MAP_END_RPM = const(0x461112)
_MAP_END_TORQUE = const(0x461111)
_PEDAL_FLAGS = const(0x291001)
_BRAKE_LIGHT = const(0x2000)

# Places in the stock values: forward speed; warning lamp, and how far below it goes out; start and
# end of the overspeed brake above the forward speed, and its brake-down (rpm).
_RPM = const(0)
_WARN_RPM = const(1)
_WARN_OFF = const(2)
_BRAKE_START = const(3)
_BRAKE_END = const(4)
_BRAKE_DOWN = const(5)
# Torque of the map and its limits, and what the peak torque has more (mNm).
_TORQUE = const(6)
_TORQUE_LOW = const(7)
_TORQUE_HIGH = const(8)
_PEAK_MORE = const(9)
# End of the torque map (rpm, 1/16 Nm), limits of its points, and the points before the end.
_END_RPM = const(10)
_END_TORQUE = const(11)
_POINT_LOW = const(12)
_POINT_HIGH = const(13)
_POINTS = const(14)
# Recuperation, and two ramps.
_RECUP = const(15)
_RAMP_START = const(16)
_RAMP_ACCEL = const(17)
_STOCK_80 = (7250, 8050, 550, 400, 800, 1250, 55000, 10000, 70125, 0, 7250, 273, 160, 1122) + (
    (880, 880, 659, 608, 516, 421, 360, 307),
    182,
    400,
    2500,
)
_STOCK_45 = (5814, 7200, 900, 686, 1386, 2686, 32500, 5000, 36000, 500, 6000, 195, 80, 576) + (
    (520, 520, 437, 363, 314, 279, 247, 226),
    209,
    300,
    2083,
)
_RPM_MAX = const(10000)
_OVERSPEED_MAX = const(10900)

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


def _ranges(command, type_):
    return type_ == 45 and _RANGES_45.get(command) or _RANGES[command]


def parameters(command, words, type_):
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


async def entries(session, command, values, type_):
    """What a macro writes, in order. values: from `parameters`; reads what depends on the car."""
    stock = _STOCK_45 if type_ == 45 else _STOCK_80
    if command == "SPEED":
        return _speed(stock, values, type_, await _read(session, _PEAK_TORQUE) - stock[_PEAK_MORE])
    if command == "TORQUE":
        return _torque(stock, values[0], type_, await _read(session, _MAP_END_RPM))
    if command == "BRAKELIGHT":
        return _brake_light(values, await _read(session, _PEDAL_FLAGS))
    if command == "RESET":
        # Speed and torque end in the stock values of each other.
        result = _speed(stock, parameters("SPEED", (), type_), type_, stock[_TORQUE])[:-1]
        result += _torque(stock, parameters("TORQUE", (), type_)[0], type_, stock[_END_RPM])
        for name in ("TSMAP", "POWER", "RECUP", "RAMPS", "SMOOTH"):
            result += _plain(stock, name, parameters(name, (), type_), type_)
        return result + _brake_light((100, 100), await _read(session, _PEDAL_FLAGS))
    return _plain(stock, command, values, type_)


async def _read(session, key):
    return await session.read(key >> 8, key & 0xFF)


def _scale(stock, stock_at, wanted, low, high):
    """Stock value in proportion; exactly the stock value where the stock setting is wanted."""
    if wanted == stock_at:
        return stock
    return min(max(stock * wanted // stock_at, low), high)


def _end_torque(stock, torque_mnm, rpm):
    """Last point of the torque map: scaled with the torque, falling with the speed."""
    low = stock[_POINT_LOW]
    high = stock[_POINT_HIGH]
    torque = _scale(stock[_END_TORQUE], stock[_TORQUE], torque_mnm, low, high)
    end_rpm = stock[_END_RPM]
    return torque if rpm == end_rpm else min(max(torque * end_rpm // rpm, low), high)


def _speed(stock, values, type_, torque_mnm):
    speeds = _ranges("SPEED", type_)
    rpm = _scale(stock[_RPM], speeds[0][2], values[0], 400, _RPM_MAX)
    warn_rpm = _scale(stock[_WARN_RPM], speeds[1][2], values[1], 400, _OVERSPEED_MAX)
    end_rpm = max(rpm, stock[_END_RPM])
    return [
        (0x292005, rpm),
        (0x381333, min(rpm + stock[_BRAKE_START], _OVERSPEED_MAX)),
        (0x381335, min(rpm + stock[_BRAKE_END], _OVERSPEED_MAX)),
        (0x38133B, min(rpm + stock[_BRAKE_DOWN], _OVERSPEED_MAX)),
        (0x381334, warn_rpm),
        (0x38133C, max(warn_rpm - stock[_WARN_OFF], 0)),
        (_MAP_END_RPM, end_rpm),
        (_MAP_END_TORQUE, _end_torque(stock, torque_mnm, end_rpm)),
        (SDO_COMMIT, 1),
    ]


def _torque(stock, percent, type_, end_rpm):
    stock_at = _ranges("TORQUE", type_)[0][2]
    torque_mnm = _scale(stock[_TORQUE], stock_at, percent, stock[_TORQUE_LOW], stock[_TORQUE_HIGH])
    result = [(_PEAK_TORQUE, torque_mnm + stock[_PEAK_MORE])]
    key = 0x461101
    for point in stock[_POINTS]:
        value = _scale(point, stock_at, percent, stock[_POINT_LOW], stock[_POINT_HIGH])
        result.append((key, value))
        key += 2
    # A controller whose map was never set has no last speed.
    end_torque = _end_torque(stock, torque_mnm, max(end_rpm, stock[_END_RPM]))
    return result + [(_MAP_END_TORQUE, end_torque), (SDO_COMMIT, 1)]


def _plain(stock, command, values, type_):
    """Entries of a macro that depends on nothing but its parameters."""
    if command == "POWER":
        return [(0x292001, values[0] * 10)]
    if command == "SMOOTH":
        return [(0x290A01, 1 + values[0] // 10), (0x290A03, _scale(800, 70, values[0], 0, 1000))]
    if command == "TSMAP":
        return _maps(values)
    stock_at = _ranges(command, type_)
    if command == "RECUP":
        recup = stock[_RECUP]
        return [
            (0x292003, _scale(recup, stock_at[0][2], values[0], 0, 1000)),
            (0x292004, _scale(recup, stock_at[0][2], values[1], 0, 1000)),
        ]
    return [
        (0x291C02, _scale(stock[_RAMP_START], stock_at[0][2], values[0], 10, 10000)),
        (0x292007, _scale(stock[_RAMP_ACCEL], stock_at[1][2], values[1], 10, 10000)),
        (0x29200B, _scale(2000, 20, values[2], 10, 10000)),
        (0x29200D, _scale(4000, 40, values[3], 10, 10000)),
        (0x29200E, _scale(4000, 40, values[4], 10, 10000)),
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


def _brake_light(values, flags):
    on, off = values
    flags = flags & ~_BRAKE_LIGHT if on == off == 100 else flags | _BRAKE_LIGHT
    return [
        (0x381305, _scale(1024, 100, off, 64, 1024)),
        (0x381306, _scale(1024, 100, on, 64, 1024)),
        (_PEDAL_FLAGS, flags),
    ]


def map_letter(key):
    """The map (D, N or B) that `key` belongs to, or "" for another object."""
    for letter in _MAPS:
        if 0 <= key - (0x381300 | _MAP_START[letter]) < 8:
            return letter
    return ""
