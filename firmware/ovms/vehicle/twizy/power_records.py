"""History record RT-PWR-UsageStats (overlay of `car`).

Fields: Twizy guide 1.2.0, "Power usage statistics", and behind them the samples later firmware
adds (Twizy facts 5.8): the statistics are kept in just this order.
"""

from micropython import const

from ovms.vehicle.base import EVENT_TRIP_END
from ovms.vehicle.twizy.power import ACCEL, CONST, DECEL, UNITS_PER_WH

_LIFETIME_S = const(86400)
_ODOMETER_GOOD_M = const(500)


def ways_dm(power):
    """Way of the trip in 0.1 m, twice: by the counter, 8 % too long as its sections are; and by
    the odometer, once its 10 m steps are small beside it.
    """
    way_dm = power.sums[CONST] + power.sums[ACCEL] + power.sums[DECEL]
    odometer_m = power.state.odometer_m
    if power.start_m is None or odometer_m - power.start_m < _ODOMETER_GOOD_M:
        return way_dm, way_dm
    return way_dm, (odometer_m - power.start_m) * 10


def send(car):
    """Emit the record of the trip so far, or of the last one."""
    data = ",".join([str(value) for value in car.decoder.power.sums])
    car.on_record("RT-PWR-UsageStats", 0, _LIFETIME_S, data)


def end_trip(car):
    """Announce the report and emit the final record if at least 1 Wh was used; whether it was."""
    sums = car.decoder.power.sums
    if sums[CONST + 1] + sums[ACCEL + 1] + sums[DECEL + 1] < UNITS_PER_WH:
        return False
    car.on_event(EVENT_TRIP_END)
    send(car)
    return True
