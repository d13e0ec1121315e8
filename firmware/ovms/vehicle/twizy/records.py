"""The Twizy's history records but for the battery's, and which of them leave.

When the car looks for them is in `car`; what is due goes out here. Twizy guide 1.2.0: power
statistics and position once a minute, the position every 5 s while streaming. For the battery it
names no interval (Twizy facts 4.5: once a minute): the record of the pack goes in the first minute
of a trip and every other one while it has news, those of the 14 cells (they carry their extremes
since the start) in the first minute and every half hour, which keeps an hour of driving with an
app within the data budget of 60 KB. All of them go when an alert changes and at the end of a trip.
RT-PWR-Log, which is later firmware's, goes then and with every notification of a charge. A parked
car has nothing to tell but that it was moved.

A value nobody knows is 0: an app drops the row that has an empty field (server-and-clients 5).
"""

from micropython import const

from ovms.parameters import (
    FEATURE_STREAM,
    FEATURE_SUPPRESS,
    LATER_RECORDS,
    STREAM_RECORDS,
    streamed,
)
from ovms.protocol.v2.messages import KM, MILE, STALE_AFTER_S, scaled
from ovms.vehicle.base import EVENT_BATTERY, EVENT_TRIP_END
from ovms.vehicle.twizy.car import DUE_ALERT, DUE_CHARGE, DUE_MINUTE, DUE_POSITION, DUE_TRIP_END
from ovms.vehicle.twizy.power import ACCEL, CONST, DECEL, SAMPLES, UNITS_PER_WH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.twizy.car import Twizy

_PACK_MIN = const(2)
# A charge changes little in a minute.
_PACK_ASLEEP_MIN = const(10)
_CELLS_MIN = const(30)

_SECOND_MS = const(1000)
_DAY_S = const(86400)
_YEAR_S = const(31536000)
_CSQ_MAX = const(31)
# 1/400 As of 1/100 Ah.
_UNITS_PER_AH100 = const(14400)
# About 110 m; less is the receiver's noise.
_MOVED_UDEG = const(1000)


def send_due(car: "Twizy") -> None:
    """Emit the records and announce the events of `car.due` one by one, each once, even should
    one fail.
    """
    due = car.due
    car.due = 0
    is_battery_due = due & DUE_ALERT
    if is_battery_due:
        car.announce(EVENT_BATTERY)
    if due & DUE_TRIP_END and _has_driven(car):
        # All there is of it, once: a second record of this second would push out the first.
        is_battery_due = True
        due = due & ~(DUE_POSITION | DUE_MINUTE) | DUE_CHARGE
        car.announce(EVENT_TRIP_END)
        car.in_turn(send_usage, car)
        car.in_turn(_send_position, car)
    if is_battery_due:
        _send_battery(car, True)
    if due & DUE_CHARGE:
        car.in_turn(_send_log, car)
    if due & DUE_POSITION:
        car.in_turn(_send_position, car)
    if due & DUE_MINUTE:
        minutes = car.minutes
        car.minutes = (minutes + 1) % _CELLS_MIN
        is_awake = car.state.is_awake
        if is_awake:
            car.in_turn(send_usage, car)
        every_min = _PACK_MIN if is_awake else _PACK_ASLEEP_MIN
        if car.told_sets != car.battery.sets and not minutes % every_min:
            _send_battery(car, not minutes)


def _send_battery(car, has_cells):
    car.told_sets = car.battery.sets
    from ovms.vehicle.twizy import battery_records

    battery_records.send(car, has_cells)


def _send_position(car):
    """Emit RT-GPS-Log of here and now, and let the extremes of power begin anew.

    Nothing before the first fix, and nothing of a parked car that is where it was. Fields: Twizy
    guide 1.2.0, "GPS track logging", the first eight; the others are later firmware's (Twizy facts
    5.8).
    """
    if car.position_ms < _SECOND_MS:
        # Late turns come close together; of two of one second a server keeps the newer.
        return
    car.position_ms = 0
    state = car.state
    if state.latitude_udeg is None or not (state.is_awake or _was_moved(car, state)):
        return
    if _is_place_hidden(car):
        return
    car.told_latitude_udeg = state.latitude_udeg
    car.told_longitude_udeg = state.longitude_udeg
    decoder = car.decoder
    power = decoder.power
    driven_dm = power.ways_dm()[1]
    csq = car.csq()
    if csq is None or csq > _CSQ_MAX:
        csq = 0
    age_s = state.gps_age_s
    fields = (
        _degrees(state.latitude_udeg),
        _degrees(state.longitude_udeg),
        state.altitude_m,
        state.course_deg,
        scaled(state.speed_kmh10, KM // 10, MILE if car.config.is_miles else KM),
        1 if state.has_gps_lock else 0,
        -1 if age_s is None else max(STALE_AFTER_S - age_s, 0),
        csq,
        state.battery_w,
        state.energy_used_wh,
        state.energy_recovered_wh,
        driven_dm // 10,
        _watts(power.lowest_product),
        _watts(power.highest_product),
        "%04X" % decoder.status,
        decoder.drive_limit * 500,
        -decoder.recovery_limit * 500,
        # Nothing but the driver limits drive and recuperation.
        "1.000,1.000",
        _amperes(power.lowest_raw, power),
        _amperes(power.highest_raw, power),
    )
    power.forget_extremes()
    car.on_record("RT-GPS-Log", _tenth_miles(state.odometer_m or 0), _DAY_S, _joined(fields))


def _is_place_hidden(car):
    """Whether paranoid mode keeps the position from the server, as records go out in clear.

    Who asks for the stream of them gets it all the same.
    """
    asked = streamed(car.config.feature(FEATURE_STREAM)) & STREAM_RECORDS
    return car.config.is_paranoid and not asked


def _was_moved(car, state):
    return (
        car.told_latitude_udeg is None
        or abs(state.latitude_udeg - car.told_latitude_udeg) >= _MOVED_UDEG
        or abs(state.longitude_udeg - car.told_longitude_udeg) >= _MOVED_UDEG
    )


def _degrees(udeg):
    """Micro-degrees as degrees with six decimals."""
    if udeg is None:
        return None
    return "%s%d.%06d" % ("-" if udeg < 0 else "", abs(udeg) // 1000000, abs(udeg) % 1000000)


def _watts(product):
    """Of 1/4 A times 1/10 V, rounded away from zero at the half."""
    watts = (abs(product) + 20) // 40
    return watts if product > 0 else -watts


def _amperes(raw, power):
    """Of 1/4 A, with two decimals."""
    if power.highest_raw < power.lowest_raw:
        return "0"
    return "%s%d.%02d" % ("-" if raw < 0 else "", abs(raw) // 4, abs(raw) % 4 * 25)


def _tenth_miles(metres):
    return (metres * 10000 + 804672) // 1609344


def send_usage(car: "Twizy") -> None:
    """Emit RT-PWR-UsageStats of the trip so far, or of the last one; or its later form.

    Fields: Twizy guide 1.2.0, "Power usage statistics", and behind them the samples later firmware
    adds (Twizy facts 5.8): the statistics are kept in just this order.
    """
    if car.config.feature(FEATURE_SUPPRESS) & LATER_RECORDS:
        from ovms.vehicle.twizy import later_records

        later_records.send_usage(car)
        return
    car.on_record("RT-PWR-UsageStats", 0, _DAY_S, _joined(car.decoder.power.sums))


def _has_driven(car):
    """Whether at least 1 Wh was used: what is less is no trip."""
    sums = car.decoder.power.sums
    return sums[CONST + 1] + sums[ACCEL + 1] + sums[DECEL + 1] >= UNITS_PER_WH


def _send_log(car):
    """Emit RT-PWR-Log: a trip, or a turn of a charge, in one line, for a year.

    Later firmware's record, field by field as Twizy facts 5.8 has it.
    """
    state = car.state
    decoder = car.decoder
    battery = car.battery
    sums = decoder.power.sums
    power = decoder.power
    driven_dm = power.ways_dm()[1]
    from ovms.vehicle.twizy import battery_records, capacity

    _, lowest_c, highest_c = battery_records.temperatures(battery.modules)
    capacity_pct100 = capacity.percent(state.cac_ah100) if state.cac_ah100 else None
    trip_soc_pct100 = None
    if car.trip_start_soc_pct100 is not None and state.soc_pct100 is not None:
        trip_soc_pct100 = abs(state.soc_pct100 - car.trip_start_soc_pct100)
    is_hidden = _is_place_hidden(car)
    fields = (
        _hundredths(state.odometer_m, 10),
        None if is_hidden else _degrees(state.latitude_udeg),
        None if is_hidden else _degrees(state.longitude_udeg),
        None if is_hidden else state.altitude_m,
        state.charge_state if state.is_charge_port_open else 0,
        0 if state.is_awake else (state.parked_s + 30) // 60,
        _hundredths(state.soc_pct100),
        _hundredths(decoder.soc_min_pct100),
        _hundredths(decoder.soc_max_pct100),
        state.energy_used_wh,
        state.energy_recovered_wh,
        driven_dm // 10,
        state.estimated_range_km,
        state.ideal_range_km,
        _tenths(state.battery_mv, 100),
        _tenths(battery.pack_min_mv, 100),
        _tenths(battery.pack_max_mv, 100),
        state.battery_temp_c,
        lowest_c,
        highest_c,
        state.motor_temp_c,
        state.pem_temp_c,
        _hundredths(state.trip_m, 10),
        _hundredths(trip_soc_pct100),
        # Mean speed in km/h, then mean acceleration and deceleration in km/h per second.
        _mean(sums, SAMPLES, 1),
        _mean(sums, SAMPLES + 2, 10),
        _mean(sums, SAMPLES + 4, 10),
        _hundredths(power.charge_out + _UNITS_PER_AH100 // 2, _UNITS_PER_AH100),
        _hundredths(power.charge_in + _UNITS_PER_AH100 // 2, _UNITS_PER_AH100),
        _hundredths(capacity_pct100),
        state.charger_temp_c,
        _tenths(decoder.available_wh, 100),
        _tenths(state.capacity_wh, 100),
    )
    car.on_record("RT-PWR-Log", 0, _YEAR_S, _joined(fields))


def _joined(fields):
    return ",".join(["0" if field is None else str(field) for field in fields])


def _hundredths(value, unit=1):
    """`value` in hundredths of `unit`, with two decimals."""
    if value is None:
        return None
    value //= unit
    return "%d.%02d" % (value // 100, value % 100)


def _tenths(value, unit):
    """`value` in tenths of ten times `unit`, with one decimal."""
    if value is None:
        return None
    value //= unit
    return "%d.%d" % (value // 10, value % 10)


def _mean(sums, place, scale):
    """Mean of a count and its sum at `place`; 0.00 of nothing."""
    count = sums[place]
    return _hundredths(sums[place + 1] * scale // count if count else 0)
