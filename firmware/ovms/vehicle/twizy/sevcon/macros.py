"""The CFG macros: which objects each writes. What a macro accepts is in `limits`.

Objects and formulas: Twizy facts 7.13. The guide's overspeed limits are meant as upper limits, so
its brake-down speed is never above 10,900 rpm, which the firmware of that time got wrong. The
Twizy 45 gets the same formulas with its own stock values (Twizy facts 7.5).

A key is index << 8 | subindex, an entry (key, value). A type is 80 or 45.
"""

from micropython import const

from ovms.vehicle.twizy.sevcon.controller import SDO_COMMIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ovms.vehicle.twizy.sevcon.session import Session

_DEFAULT = const(-1)

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
# The setting that each stands for: speed and warning in km/h, the others in percent.
_SPEED_AT = const(18)
_WARN_AT = const(19)
_TORQUE_AT = const(20)
_RECUP_AT = const(21)
_START_AT = const(22)
_ACCEL_AT = const(23)
_STOCK_80 = (
    (7250, 8050, 550, 400, 800, 1250, 55000, 10000, 70125, 0, 7250, 273, 160, 1122)
    + ((880, 880, 659, 608, 516, 421, 360, 307),)
    + (182, 400, 2500, 80, 89, 78, 18, 4, 25)
)
_STOCK_45 = (
    (5814, 7200, 900, 686, 1386, 2686, 32500, 5000, 36000, 500, 6000, 195, 80, 576)
    + ((520, 520, 437, 363, 314, 279, 247, 226),)
    + (209, 300, 2083, 45, 56, 90, 21, 3, 21)
)
_RPM_MAX = const(10000)
_OVERSPEED_MAX = const(10900)

_MAPS = "DNB"
# Subindex of the first level in 3813, and the stock levels.
_MAP_START = {"D": 0x24, "N": 0x1B, "B": 0x07}
_FALLING = (32767, 26214, 16383, 6553)
_MAP_LEVELS = {"D": (32767,) * 4, "N": _FALLING, "B": _FALLING}


def where(key: int) -> str:
    """What an error text of TSMAP says of the map that object `key` belongs to, "" for none."""
    for letter in _MAPS:
        if 0 <= key - (0x381300 | _MAP_START[letter]) < 8:
            return " IN MAP " + letter
    return ""


async def entries(
    session: "Session", command: str, values: "list[Any]", type_: int
) -> list[tuple[int, int]]:
    """What a macro writes, in order. values: checked parameters; reads what depends on the car."""
    stock = _STOCK_45 if type_ == 45 else _STOCK_80
    if command == "SPEED":
        return _speed(stock, values, await _read(session, _PEAK_TORQUE) - stock[_PEAK_MORE])
    if command == "TORQUE":
        return _torque(stock, values[0], await _read(session, _MAP_END_RPM))
    if command == "BRAKELIGHT":
        return _brake_light(values, await _read(session, _PEDAL_FLAGS))
    if command == "RESET":
        # Speed and torque end in the stock values of each other.
        speeds = (stock[_SPEED_AT], stock[_WARN_AT])
        result = _speed(stock, speeds, stock[_TORQUE])[:-1]
        result += _torque(stock, stock[_TORQUE_AT], stock[_END_RPM])
        result += _maps((_MAPS,) + (_DEFAULT,) * 4)
        result += _plain(stock, "POWER", (100,))
        result += _plain(stock, "RECUP", (stock[_RECUP_AT],) * 2)
        result += _plain(stock, "RAMPS", (stock[_START_AT], stock[_ACCEL_AT], 20, 40, 40))
        result += _plain(stock, "SMOOTH", (70,))
        return result + _brake_light((100, 100), await _read(session, _PEDAL_FLAGS))
    return _plain(stock, command, values)


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


def _speed(stock, values, torque_mnm):
    rpm = _scale(stock[_RPM], stock[_SPEED_AT], values[0], 400, _RPM_MAX)
    warn_rpm = _scale(stock[_WARN_RPM], stock[_WARN_AT], values[1], 400, _OVERSPEED_MAX)
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


def _torque(stock, percent, end_rpm):
    stock_at = stock[_TORQUE_AT]
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


def _plain(stock, command, values):
    """Entries of a macro that depends on nothing but its parameters."""
    if command == "POWER":
        return [(0x292001, values[0] * 10)]
    if command == "SMOOTH":
        return [(0x290A01, 1 + values[0] // 10), (0x290A03, _scale(800, 70, values[0], 0, 1000))]
    if command == "TSMAP":
        return _maps(values)
    if command == "RECUP":
        return [
            (0x292003 + n, _scale(stock[_RECUP], stock[_RECUP_AT], values[n], 0, 1000))
            for n in range(2)
        ]
    return [
        (0x291C02, _scale(stock[_RAMP_START], stock[_START_AT], values[0], 10, 10000)),
        (0x292007, _scale(stock[_RAMP_ACCEL], stock[_ACCEL_AT], values[1], 10, 10000)),
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
