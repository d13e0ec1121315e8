"""How long a charge takes and how far it reaches.

Twizy guide 1.2.0 "Charge time estimation", "Range" and "Ideal range configuration"; Twizy facts
1.6 and 3.2 to 3.4. Nothing here is exact: times are meant to be on the safe side.
"""

from ovms.parameters import FEATURE_MAX_RANGE, FEATURE_RANGE_LIMIT, FEATURE_SOC_LIMIT
from ovms.vehicle.twizy import capacity
from ovms.vehicle.twizy.charge import (
    CHARGE_FULL_A,
    CHARGE_LEVEL_A,
    CHARGE_LEVEL_MAX,
    CHARGE_LEVEL_W,
    SOC_CV_START,
    SOC_FULL,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.twizy.car import Twizy
    from ovms.vehicle.twizy.charge import Charge


def charge_minutes(soc_pct100: int, target_pct100: int, charge_a: int = CHARGE_FULL_A) -> int:
    """Minutes to charge from one SOC to another, both in 1/100 %; 0 when already there.

    180 minutes for the first 94 % at full current, 40 minutes for the rest.
    """
    target_pct100 = min(target_pct100, SOC_FULL)
    if soc_pct100 >= target_pct100:
        return 0
    minutes = 0
    if target_pct100 > SOC_CV_START:
        minutes = ((target_pct100 - max(soc_pct100, SOC_CV_START)) * 40 + 300) // 600
    if soc_pct100 < SOC_CV_START:
        at_full_a = ((min(target_pct100, SOC_CV_START) - soc_pct100) * 180 + 4700) // 9400
        minutes += at_full_a * CHARGE_FULL_A // charge_a
    return minutes


def predict(
    car: "Twizy", start_pct100: int, end_pct100: int | None, watts: int | None, mode: int | None
) -> tuple[int, int | None]:
    """`Vehicle.charge_prediction`. A charge of the Twizy has no modes and ends when it is full."""
    if watts is None:
        charge_a = _taken_a(car.charge)
    else:
        charge_a = min(watts * CHARGE_LEVEL_A // CHARGE_LEVEL_W, CHARGE_FULL_A)
    if end_pct100 is None:
        end_pct100 = SOC_FULL
    return end_pct100, charge_minutes(start_pct100, end_pct100, charge_a)


def warm_range_km(range_km: int, battery_temp_c: int | None) -> int:
    """A range given for 20 degrees at another battery temperature: 0.6 km for each degree."""
    if battery_temp_c is None or battery_temp_c <= -40:
        return range_km
    degrees = battery_temp_c - 20
    change_km = abs(degrees) * 6 // 10
    return max(range_km + (change_km if degrees > 0 else -change_km), 0)


def estimate(charge: "Charge") -> None:
    """Write limits, ranges and times into the state, and where the limits are into `charge`."""
    state = charge.state
    config = charge.config
    state.soc_limit_pct = max(config.feature(FEATURE_SOC_LIMIT), 0)
    state.range_limit_km = _feature_km(config, FEATURE_RANGE_LIMIT)
    capacity.show(state, config)
    soc_pct100 = state.soc_pct100
    if soc_pct100 is None:
        return
    _estimate_range(charge, soc_pct100)
    _estimate_time(charge, soc_pct100)


def _taken_a(charge):
    """What the battery takes: less when it is cold; level 0 or 1 around the end says nothing."""
    level = charge.decoder.charge_level
    if charge.state.is_charging and level is not None and 0 < level < CHARGE_LEVEL_MAX:
        return level * CHARGE_LEVEL_A
    return CHARGE_FULL_A


def _feature_km(config, feature):
    """Whole km of a distance that the user gave in miles or km."""
    distance = max(config.feature(feature), 0)
    return (distance * 16093 + 5000) // 10000 if config.is_miles else distance


def _estimate_range(charge, soc_pct100):
    state = charge.state
    low_pct100 = charge.decoder.soc_min_pct100
    low_km = charge.decoder.soc_min_range_km
    # The car updates its own estimate only while driving.
    if state.is_charging and low_km and low_pct100:
        state.estimated_range_km = low_km * soc_pct100 // low_pct100
    max_km = _feature_km(charge.config, FEATURE_MAX_RANGE)
    if max_km:
        max_km = warm_range_km(max_km, state.battery_temp_c)
        state.max_range_km = max_km
        state.ideal_range_km = max_km * soc_pct100 // SOC_FULL
    else:
        state.max_range_km = low_km * SOC_FULL // low_pct100 if low_km and low_pct100 else None
        state.ideal_range_km = state.estimated_range_km


def _estimate_time(charge, soc_pct100):
    state = charge.state
    charge_a = _taken_a(charge)
    state.full_min = charge_minutes(soc_pct100, SOC_FULL, charge_a)
    state.soc_limit_min = state.range_limit_min = None
    target_pct100 = None
    if state.soc_limit_pct:
        target_pct100 = state.soc_limit_pct * 100
        state.soc_limit_min = charge_minutes(soc_pct100, target_pct100, charge_a)
    if state.range_limit_km and state.max_range_km:
        range_pct100 = state.range_limit_km * SOC_FULL // state.max_range_km
        state.range_limit_min = charge_minutes(soc_pct100, range_pct100, charge_a)
        # Rounded up: only there the ideal range, which is rounded down, shows the limit.
        range_pct100 = -(-state.range_limit_km * SOC_FULL // state.max_range_km)
        if target_pct100 is None or range_pct100 < target_pct100:
            target_pct100 = range_pct100
    charge.sufficient_pct100 = target_pct100
