"""History record RT-PWR-Log: a trip, or a turn of a charge, in one line, for a year (overlay).

Later firmware's record, field by field as Twizy facts 5.8 has it. What is not known or not counted
here (SOC at the start of the trip, ampere-hours, capacity in percent) is an empty field.
"""

from micropython import const

from ovms.vehicle.twizy.battery import FURTHEST, HIGHEST, LOWEST
from ovms.vehicle.twizy.power import SAMPLES

_LIFETIME_S = const(31536000)


def send(car):
    """Emit the record of now."""
    state = car.state
    decoder = car.decoder
    battery = car.battery
    sums = decoder.power.sums
    from ovms.vehicle.twizy import power_records

    driven_dm = power_records.ways_dm(decoder.power)[1]
    size = battery.modules.size
    temps = battery.modules.values
    is_known = battery.is_known
    from ovms.vehicle.twizy import gps_records

    fields = (
        _hundredths(state.odometer_m, 10),
        gps_records.degrees(state.latitude_udeg),
        gps_records.degrees(state.longitude_udeg),
        state.altitude_m,
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
        min(temps[LOWEST * size : HIGHEST * size]) - 40 if is_known else None,
        max(temps[HIGHEST * size : FURTHEST * size]) - 40 if is_known else None,
        state.motor_temp_c,
        state.pem_temp_c,
        _hundredths(state.trip_m, 10),
        None,
        # Mean speed in km/h, then mean acceleration and deceleration in km/h per second.
        _mean(sums, SAMPLES, 1),
        _mean(sums, SAMPLES + 2, 10),
        _mean(sums, SAMPLES + 4, 10),
        None,
        None,
        None,
        state.charger_temp_c,
        _tenths(decoder.available_wh, 100),
        _tenths(state.capacity_wh, 100),
    )
    data = ",".join(["" if field is None else str(field) for field in fields])
    car.on_record("RT-PWR-Log", 0, _LIFETIME_S, data)


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
