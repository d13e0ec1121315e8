"""Distances of the Twizy: in the user's unit, and the way of a trip."""

from micropython import const

from ovms.vehicle.twizy.power import ACCEL, CONST, DECEL

_ODOMETER_GOOD_M = const(500)


def user_from_km(distance_km, is_miles):
    """Whole miles or km for the user."""
    return (distance_km * 10000 + 8047) // 16093 if is_miles else distance_km


def ways_dm(power):
    """Way of the trip in 0.1 m, twice: by the counter, 8 % too long as its sections are; and by
    the odometer, once its 10 m steps are small beside it.
    """
    way_dm = power.sums[CONST] + power.sums[ACCEL] + power.sums[DECEL]
    odometer_m = power.state.odometer_m
    if power.start_m is None or odometer_m - power.start_m < _ODOMETER_GOOD_M:
        return way_dm, way_dm
    return way_dm, (odometer_m - power.start_m) * 10
