"""What the frames of a Tesla Roadster say: car facts 1.3, 1.6 and 1.7.

Frame 100 is a list of its own: its first byte says what the others are. A function gets the car
and the eight bytes of a frame that is long enough (LENGTHS), and may not allocate. Numbers are
little endian, but for the VIN and the time of the timer.
"""

from micropython import const

from ovms.vehicle.state import (
    CHARGE_STOPPED,
    SUBSTATE_INTERRUPTED,
    SUBSTATE_ON_REQUEST,
    SUBSTATE_POWER_WAIT,
    SUBSTATE_STOPPED,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer, VehicleState
    from ovms.vehicle.roadster.car import Roadster

_RANGE_MAX_MI = const(6000)
_PACK_MAX_V = const(500)
# 1000 A in units of 1/256 A.
_PACK_MAX_A256 = const(256_000)
_ODOMETER_MAX_MI10 = const(6_000_000)
_LINE_MAX_V = const(1000)
_LIMIT_MAX_A = const(80)
_UTC_LEAST_MIN = const(21_666_667)
_NO_CURRENT = const(0x7F)
_NO_WORD = const(0xFFFF)
_NO_ALERT = const(0xFFFF)
_ON_REQUEST = const(0x03)
_POWER_WAIT = const(0x07)
_LOCKED = const(0x04)
_UNLOCKED = const(0x05)
_TIMER_START = const(0x1A)
_TIMER_MODE = const(0x1B)
# Ah of a new pack, in hundredths; above the second figure it is the one of the 3.0 upgrade.
_NEW_AH100 = const(16_000)
_UPGRADE_AH100 = const(16_500)
_NEW_UPGRADE_AH100 = const(21_500)


def signed(byte: int) -> int:
    return byte - 256 if byte & 0x80 else byte


def metres(mi10: int) -> int:
    """Tenths of a mile, at most _ODOMETER_MAX_MI10, as metres: exact, and within 30 bits."""
    return mi10 // 625 * 100_584 + mi10 % 625 * 100_584 // 625


def tyres(state: "VehicleState", data: "Buffer") -> None:
    """344: pressure (2.5026 kPa a count) and temperature of each, of which 0 is no value."""
    for n in range(4):
        celsius = data[2 * n + 1]
        if celsius:
            state.tyre_kpa[n] = data[2 * n] * 5 // 2
            state.tyre_temp_c[n] = celsius - 40
            state.tyres_age_s = 0


def odometer(state: "VehicleState", data: "Buffer") -> None:
    """402 FA: odometer and trip."""
    mi10 = data[3] | data[4] << 8 | data[5] << 16
    if 0 < mi10 <= _ODOMETER_MAX_MI10:
        state.odometer_m = metres(mi10)
        state.trip_m = metres(data[6] | data[7] << 8)


def lock(state: "VehicleState", code: int) -> None:
    """Other codes come with the key and are no states of the lock."""
    if code in (_LOCKED, _UNLOCKED):
        is_locked = code == _LOCKED
        if state.is_locked != is_locked:
            state.is_locked = is_locked
            state.touch()


def dashboard(car: "Roadster", data: "Buffer") -> None:
    """400 01: the gear of a 1.x car."""
    code = data[3]
    gear = 1 if code == 0x3F or not code else 2 if code == 0x3E else 3 if code == 0x3B else 4
    if car.is_first and (gear < 4 or code == 0x2F):
        car.state.drive_mode = gear


def _echo(car, data):
    """06: a written parameter as the car has taken it."""
    item = data[1]
    state = car.state
    if item == _TIMER_MODE and data[4] < 2:
        state.timer_mode = data[4]
    elif item == _TIMER_START and data[4] < 24 and data[5] < 60:
        state.timer_start_min = data[4] * 60 + data[5]
    car.echo_value = data[4] | data[5] << 8
    car.echo_item = item


def _soc(car, data):
    state = car.state
    if data[1] <= 100:
        state.soc_pct100 = data[1] * 100
    miles = data[2] | data[3] << 8
    if miles <= _RANGE_MAX_MI:
        state.ideal_range_km = miles * 1609 // 1000
    miles = data[6] | data[7] << 8
    if miles <= _RANGE_MAX_MI:
        state.estimated_range_km = miles * 1609 // 1000


def _utc(car, data):
    # 32 bits of seconds: by halves, as 65536 s are 1092 min and 16 s.
    high = data[6] | data[7] << 8
    minutes = high * 1092 + (high * 16 + (data[4] | data[5] << 8)) // 60
    if minutes >= _UTC_LEAST_MIN:
        car.utc_min = minutes


def _ambient(car, data):
    # A sleeping car repeats what it measured last.
    if car.state.is_awake:
        car.state.ambient_temp_c = signed(data[1])
        car.state.ambient_age_s = 0


def _degrees(data):
    """1/7372800 degree of 32 bits as millionths, without a number of more than 30 bits."""
    high = data[6] | data[7] << 8
    if high >= 0x8000:
        high -= 0x10000
    x = high * 1024 + (data[4] | data[5] << 8)
    return (high * 14 + x // 4608) * 625 + x % 4608 * 625 // 4608


def _latitude(car, data):
    udeg = _degrees(data)
    if car.may_place() and -90_000_000 <= udeg <= 90_000_000:
        car.state.latitude_udeg = udeg


def _longitude(car, data):
    udeg = _degrees(data)
    if car.may_place() and -180_000_000 <= udeg <= 180_000_000:
        car.state.longitude_udeg = udeg


def _gps(car, data):
    state = car.state
    car.has_fix = data[1] == 1
    if not car.may_place():
        if not car.has_receiver():
            state.has_gps_lock = False
        return
    course = data[2] | data[3] << 8
    if course <= 360:
        state.course_deg = course % 360
    state.altitude_m = 0 if data[5] & 0xF0 else data[4] | data[5] << 8
    if state.latitude_udeg is not None and state.longitude_udeg is not None:
        state.has_gps_lock = True
        state.gps_age_s = 0


def _pack(car, data):
    """86: volts, and 1/256 A into the battery; the upper bytes of the current repeat its sign."""
    state = car.state
    volts = data[2] | data[3] << 8
    current = data[4] | data[5] << 8 | data[6] << 16
    if current >= 0x800000:
        current -= 0x1000000
    if 0 < volts <= _PACK_MAX_V and -_PACK_MAX_A256 <= current <= _PACK_MAX_A256:
        state.battery_mv = volts * 1000
        state.battery_ma = -current * 125 // 32
        state.battery_w = volts * state.battery_ma // 1000


def _gear(car, data):
    gear = data[1] >> 5
    if not car.is_first and 1 <= gear <= 4:
        car.state.drive_mode = gear


def _charge(car, data):
    state = car.state
    state.charge_a10 = 0 if data[1] == _NO_CURRENT else data[1] * 10
    minutes = data[2] | data[3] << 8
    if minutes != _NO_WORD:
        state.charge_s = minutes * 60
    if 0 < data[6] <= _LIMIT_MAX_A:
        car.limit_a = data[6]
        _limit(car)


def _speed(car, data):
    state = car.state
    if data[1] <= 200:
        state.speed_kmh10 = data[1] * 1609 // 100
    volts = data[2] | data[3] << 8
    state.line_v = volts if volts <= _LINE_MAX_V else 0
    car.pilot_a = data[5]
    _limit(car)


def _limit(car):
    """What the car takes at most: as set, or as the plug allows if less (0 and FF: none)."""
    pilot_a = car.pilot_a
    is_less = 0 < pilot_a < car.limit_a
    car.state.charge_limit_a = pilot_a if is_less else car.limit_a


def _hvac(car, data):
    is_on = data[6] | data[7] << 8 != 0
    car.state.is_hvac_on = is_on


def _alert(car, data):
    code = data[2] | data[3] << 8
    if code == _NO_ALERT:
        return
    if not data[1] & 1:
        if code == car.alert:
            car.alert = 0
    elif code != car.alert:
        # It is repeated every 7 s for as long as it lasts.
        car.alert = code
        car.alert_low = data[4] | data[5] << 8
        car.alert_high = data[6] | data[7] << 8
        car.is_alert_due = True


def _charge_state(car, data):
    """95. What the car calls interrupted and its five ways of being stopped are one state here."""
    state = car.state
    number = data[1]
    substate = data[2]
    car.substate = substate
    is_stopped = number == 0x0C or 0x15 <= number <= 0x19
    if is_stopped:
        number = CHARGE_STOPPED
    elif not (1 <= number <= 2 or number == 4 or 0x0D <= number <= 0x0F):
        number = state.charge_state
    if substate == _POWER_WAIT:
        substate = SUBSTATE_POWER_WAIT if not is_stopped else SUBSTATE_INTERRUPTED
    elif is_stopped:
        substate = SUBSTATE_STOPPED if substate == _ON_REQUEST else SUBSTATE_INTERRUPTED
    elif substate != 2 and substate != SUBSTATE_ON_REQUEST:
        substate = 0
    mode = data[4] & 15 if car.is_first else data[5] >> 4
    if mode > 4 or mode == 2:
        mode = state.charge_mode
    if (
        number != state.charge_state
        or substate != state.charge_substate
        or mode != state.charge_mode
    ):
        state.charge_state = number
        state.charge_substate = substate
        state.charge_mode = mode
        state.touch()
    state.charge_wh = data[7] * 1000


def _switches(car, data):
    """96: doors, plug, key, locks."""
    state = car.state
    first = data[1]
    second = data[2]
    doors = state.open_doors
    doors[0] = first & 1 != 0
    doors[1] = first & 2 != 0
    state.is_charge_port_open = first & 4 != 0
    # Behind a port that is shut the bit means nothing.
    state.has_pilot = first & 12 == 12
    car.is_flowing = first & 16 != 0
    state.is_handbrake_on = first & 64 != 0
    state.is_on = first & 128 != 0
    state.is_locked = second & 8 != 0
    state.is_valet = second & 16 != 0
    state.are_headlights_on = second & 32 != 0
    doors[4] = second & 64 != 0
    doors[5] = second & 128 != 0
    state.is_awake = data[3] & 2 != 0
    state.is_alarm_on = data[4] & 2 != 0
    now = first | second << 8 | (data[3] & 2) << 16 | (data[4] & 2) << 18
    if now != car.switches:
        car.switches = now
        state.touch()
    car.switches_age_s = 0


def _odometer(car, data):
    mi10 = data[4] | data[5] << 8 | data[6] << 16
    if 0 < mi10 <= _ODOMETER_MAX_MI10:
        car.state.odometer_m = metres(mi10)


def _cac(car, data):
    """9E: calculated amp hours; with the emptiest and the fullest brick the health."""
    raw = data[2] | data[3] << 8
    if not raw:
        return
    state = car.state
    ah100 = (raw * 100 + 128) // 256
    state.cac_ah100 = ah100
    car.is_cac_told = True
    low = data[6]
    high = data[7]
    if low <= high <= 100 and high:
        new = _NEW_UPGRADE_AH100 if ah100 > _UPGRADE_AH100 else _NEW_AH100
        state.soh_pct = min(100, ah100 * 100 // new * low // high)


def _temperatures(car, data):
    state = car.state
    if state.is_awake:
        state.pem_temp_c = state.charger_temp_c = signed(data[1])
        if data[2] <= 200:
            state.motor_temp_c = data[2]
        state.battery_temp_c = signed(data[6])
        state.temps_age_s = 0


def _vin(car, data):
    """A4, A5, A6: characters 1 to 7, 8 to 14, 15 to 17."""
    part = data[0] - 0xA4
    for n in range(3 if part == 2 else 7):
        if car.vin_bytes[part * 7 + n] != data[n + 1]:
            car.vin_bytes[part * 7 + n] = data[n + 1]
            car.is_vin_due = True
    car.vin_parts |= 1 << part


DECODERS = {
    0x06: _echo,
    0x80: _soc,
    0x81: _utc,
    0x82: _ambient,
    0x83: _latitude,
    0x84: _longitude,
    0x85: _gps,
    0x86: _pack,
    0x87: _gear,
    0x88: _charge,
    0x89: _speed,
    0x8F: _hvac,
    0x93: _alert,
    0x95: _charge_state,
    0x96: _switches,
    0x97: _odometer,
    0x9E: _cac,
    0xA3: _temperatures,
    0xA4: _vin,
    0xA5: _vin,
    0xA6: _vin,
}
# How long these are at least; all others are 8 bytes. A frame that is shorter has stale bytes.
LENGTHS = {
    0x82: 2,
    0x85: 6,
    0x87: 2,
    0x88: 7,
    0x89: 6,
    0x96: 5,
    0x97: 7,
    0xA3: 7,
    0xA6: 4,
}
