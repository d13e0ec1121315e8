"""History record RT-GPS-Log (overlay of `car`).

Fields: Twizy guide 1.2.0, "GPS track logging", the first eight; the others are later firmware's
(Twizy facts 5.8). A value nobody knows is an empty field.
"""

from micropython import const

from ovms.protocol.v2.messages import STALE_AFTER_S
from ovms.vehicle.twizy.values import user_from_km

_LIFETIME_S = const(86400)
_CSQ_MAX = const(31)
# About 110 m; less is the receiver's noise.
_MOVED_UDEG = const(1000)


def send(car):
    """Emit the record of here and now, and let the extremes of power begin anew.

    Nothing before the first fix, and nothing of a parked car that is where it was.
    """
    state = car.state
    if state.latitude_udeg is None or not (state.is_awake or _was_moved(car, state)):
        return
    car.told_latitude_udeg = state.latitude_udeg
    car.told_longitude_udeg = state.longitude_udeg
    decoder = car.decoder
    power = decoder.power
    from ovms.vehicle.twizy import power_records

    driven_dm = power_records.ways_dm(power)[1]
    csq = car.csq()
    if csq is None or csq > _CSQ_MAX:
        csq = 0
    age_s = state.gps_age_s
    fields = (
        degrees(state.latitude_udeg),
        degrees(state.longitude_udeg),
        state.altitude_m,
        state.course_deg,
        (user_from_km(state.speed_kmh10, car.config.is_miles) + 5) // 10,
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
    data = ",".join(["" if field is None else str(field) for field in fields])
    car.on_record("RT-GPS-Log", _tenth_miles(state.odometer_m or 0), _LIFETIME_S, data)


def _was_moved(car, state):
    return (
        car.told_latitude_udeg is None
        or abs(state.latitude_udeg - car.told_latitude_udeg) >= _MOVED_UDEG
        or abs(state.longitude_udeg - car.told_longitude_udeg) >= _MOVED_UDEG
    )


def degrees(udeg):
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
