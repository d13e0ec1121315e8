"""Charge states, SOC window, charge time and ranges: Twizy facts 2, 3.1 to 3.4 and 9.5."""

from host_tests.vehicle.contract import build, feed, pass_seconds
from ovms.vehicle.base import EVENT_CHARGE_INTERRUPTED
from ovms.vehicle.state import (
    CHARGE_DONE,
    CHARGE_STOPPED,
    CHARGING,
    MODE_STANDARD,
    SUBSTATE_INTERRUPTED,
    TOPPING_OFF,
)
from ovms.vehicle.twizy.car import Twizy
from ovms.vehicle.twizy.charge_estimates import charge_minutes, warm_range_km

DRIVING = "597 00 95 21 41 29 00 01 35"
CHARGING_PHASE = "597 20 A4 07 B1 29 00 01 41"
UNPLUGGED = "597 00 E4 00 D1 29 00 01 41"
PACK_57_7_V = "55F 00 FE 73 00 00 24 12 41"


def bms(level, soc_pct100, quarter_a=-128):
    """A 155 frame: power level, SOC in 1/100 %, current in 1/4 A."""
    raw_current = 2000 - quarter_a
    raw_soc = soc_pct100 * 4
    return "155 %02X 9%X %02X 54 %02X %02X 00 73" % (
        level,
        raw_current >> 8,
        raw_current & 0xFF,
        raw_soc >> 8,
        raw_soc & 0xFF,
    )


def charging_car(soc_pct100=5000, features=None, level=7):
    """Driven down to `soc_pct100` with 24 km left, then plugged in."""
    car = build(Twizy, features)
    feed(car, DRIVING, PACK_57_7_V, "599 00 00 04 B8 FF 18 00 00", bms(level, soc_pct100, 4))
    pass_seconds(car, 1)
    step(car, CHARGING_PHASE, bms(level, soc_pct100))
    return car


def step(car, *frames):
    feed(car, *frames)
    pass_seconds(car, 1)
    return car.state.charge_state


def test_a_charge_from_start_to_done():
    car = charging_car()
    state = car.state
    assert state.charge_state == CHARGING
    assert (state.charge_a10, state.charge_w, state.line_v) == (320, 1846, 230)
    assert step(car, CHARGING_PHASE, bms(7, 9399)) == CHARGING
    assert step(car, CHARGING_PHASE, bms(5, 9399, -100)) == CHARGING
    assert step(car, CHARGING_PHASE, bms(0, 9990, -8)) == TOPPING_OFF
    assert step(car, "425 24 3D 44 FF FE 70 01 36", UNPLUGGED) == CHARGE_DONE
    assert state.is_charge_port_open and not state.is_charging
    assert (state.charge_a10, state.charge_w, state.charge_substate) == (0, 0, 0)
    assert state.capacity_wh == 6100


def test_topping_off_at_94_percent():
    car = charging_car()
    assert step(car, CHARGING_PHASE, bms(7, 9399)) == CHARGING
    assert step(car, CHARGING_PHASE, bms(7, 9400)) == TOPPING_OFF


def test_a_weak_start_is_not_topping_off():
    """A cold battery takes less from the beginning; more later, and less again, is no end."""
    car = charging_car(level=3)
    assert car.state.charge_state == CHARGING
    assert step(car, CHARGING_PHASE, bms(6, 5100)) == CHARGING
    assert step(car, CHARGING_PHASE, bms(5, 5200)) == CHARGING


def test_topping_off_at_a_limit_of_the_user():
    car = charging_car(features={10: 60})
    assert step(car, CHARGING_PHASE, bms(7, 5999)) == CHARGING
    assert step(car, CHARGING_PHASE, bms(7, 6000)) == TOPPING_OFF
    car = charging_car(4900, {11: 40, 12: 80})
    assert step(car, CHARGING_PHASE, bms(7, 4999)) == CHARGING
    assert step(car, CHARGING_PHASE, bms(7, 5000)) == TOPPING_OFF


def test_full_soc_is_done_whatever_the_level():
    car = charging_car(9900)
    step(car, CHARGING_PHASE, bms(1, 10000, -8))
    assert step(car, UNPLUGGED) == CHARGE_DONE


def test_interrupted_and_resumed():
    car = charging_car()
    data = bytearray((7, 0x98, 0x50, 0x54, 0x4E, 0x20, 0, 0x73))
    for _ in range(6000):
        car.on_frame(0x155, data, 8)
    step(car, CHARGING_PHASE)
    assert (car.state.charge_wh, car.state.charge_grid_wh) == (31, 36)
    assert step(car, UNPLUGGED) == CHARGE_STOPPED
    assert car.state.charge_substate == SUBSTATE_INTERRUPTED
    duration_s = car.state.charge_s
    step(car, UNPLUGGED)
    assert car.state.charge_s == duration_s
    assert step(car, CHARGING_PHASE, bms(7, 5500)) == CHARGING
    assert car.state.charge_substate == 0
    assert car.state.charge_wh == 31, "a resumed charge goes on counting"
    assert car.decoder.soc_min_pct100 == 5000


def test_a_silent_bus_interrupts_a_charge():
    """Silence says nothing; after a minute of it a charge is no longer believed in."""
    car = charging_car()
    pass_seconds(car, 65)
    assert car.state.charge_state == CHARGING
    pass_seconds(car, 20)
    assert car.state.charge_state == CHARGE_STOPPED
    assert car.state.is_charge_port_open and not car.state.is_charging


def test_gaps_of_the_bus_are_no_stop():
    for gap_s in (12, 25, 45):
        car = charging_car()
        heard = []
        car.on_event = heard.append
        for _ in range(4):
            pass_seconds(car, gap_s)
            for _ in range(15):
                step(car, CHARGING_PHASE, bms(7, 5100))
        assert heard == [] and car.state.is_charging, gap_s
        # Told by the car itself it is one at once.
        step(car, UNPLUGGED)
        assert heard == [EVENT_CHARGE_INTERRUPTED]


def test_a_flicker_of_the_flag_loses_no_sums():
    """Also at the end of a charge, where each beginning would open a new window."""
    car = charging_car()
    for _ in range(9):
        step(car, CHARGING_PHASE, bms(7, 9990))
    step(car, CHARGING_PHASE, bms(0, 10000))
    charge_s = car.state.charge_s
    for _ in range(3):
        assert step(car, UNPLUGGED) == CHARGE_DONE
        step(car, CHARGING_PHASE, bms(0, 10000))
    assert step(car, UNPLUGGED) == CHARGE_DONE
    assert car.state.charge_s >= charge_s > 9


def test_duration_and_energy_are_cleared_by_the_next_use():
    car = charging_car()
    for _ in range(9):
        step(car, CHARGING_PHASE, bms(7, 5100))
    assert car.state.charge_s == 9
    step(car, UNPLUGGED)
    step(car, "597 00 E0 00 D1 29 00 01 41")
    assert step(car, DRIVING, bms(7, 5100, 4)) == CHARGE_DONE
    state = car.state
    assert not state.is_charge_port_open
    assert (state.charge_s, state.charge_wh, state.charge_substate) == (0, 0, 0)


def test_soc_window():
    car = charging_car(3000)
    window = car.decoder
    assert (window.soc_min_pct100, window.soc_max_pct100) == (3000, 3000)
    step(car, CHARGING_PHASE, bms(7, 7000))
    assert (window.soc_min_pct100, window.soc_max_pct100) == (3000, 7000)
    step(car, UNPLUGGED)
    step(car, DRIVING, bms(7, 6900, 40))
    assert (window.soc_min_pct100, window.soc_max_pct100) == (6900, 7000)
    step(car, DRIVING, bms(7, 6500, 40))
    assert (window.soc_min_pct100, window.soc_max_pct100) == (6500, 7000)


def test_range_while_charging():
    car = charging_car(3000, {12: 80})
    state = car.state
    feed(car, "554 3C 3C 3C 3C 3C 3C 3C 00")
    step(car, CHARGING_PHASE, bms(7, 7000))
    assert (state.estimated_range_km, state.ideal_range_km, state.max_range_km) == (56, 56, 80)
    feed(car, "554 2D 2D 2D 2D 2D 2D 2D 00")
    car.charge.estimate()
    assert (state.ideal_range_km, state.max_range_km) == (49, 71)
    # The estimate stays after the charge until the car makes its own again.
    step(car, UNPLUGGED, "599 00 00 04 B8 FF 18 FF FF")
    assert state.estimated_range_km == 56
    step(car, DRIVING, "599 00 00 04 B8 FF 3A 00 00")
    assert state.estimated_range_km == 58


def test_range_without_a_maximum():
    car = charging_car(3000)
    step(car, CHARGING_PHASE, bms(7, 7000))
    assert (car.state.ideal_range_km, car.state.max_range_km) == (56, 80)


def test_ideal_range_without_a_maximum_is_the_estimate_at_once():
    car = build(Twizy)
    for km in (73, 51, 50, 74):
        feed(car, DRIVING, bms(7, 7000), "599 00 00 04 B8 FF %02X 00 00" % km)
        pass_seconds(car, 1)
        state = car.state
        assert (state.ideal_range_km, state.estimated_range_km) == (km, km)


def test_a_charge_found_at_power_on_has_no_range():
    car = build(Twizy)
    assert step(car, CHARGING_PHASE, bms(7, 7000)) == CHARGING
    assert car.state.estimated_range_km is None
    assert car.state.full_min == 86


def test_temperature_compensation():
    ranges = [warm_range_km(80, degrees) for degrees in (13, 5, 0, -5, 30, 20, 21)]
    assert ranges == [76, 71, 68, 65, 86, 80, 80]
    assert warm_range_km(80, None) == 80
    assert warm_range_km(80, -40) == 80
    assert warm_range_km(10, -30) == 0


def test_charge_minutes():
    assert charge_minutes(9698, 10000) == 20
    assert charge_minutes(9738, 10000) == 17
    assert charge_minutes(5000, 10000) == 124
    assert charge_minutes(5000, 8000) == 57
    assert charge_minutes(0, 10000) == 220
    assert charge_minutes(2000, 10000, 15) == 342
    assert charge_minutes(3000, 9400, 30) == 131
    assert charge_minutes(2000, 3750) == 34
    assert charge_minutes(8000, 8000) == 0
    assert charge_minutes(10000, 12000) == 0


def test_times_in_the_state():
    car = charging_car(2000, {10: 50, 11: 30, 12: 80})
    state = car.state
    assert (state.full_min, state.soc_limit_min, state.range_limit_min) == (178 + 4, 57, 34)
    assert (state.soc_limit_pct, state.range_limit_km) == (50, 30)
    car = charging_car(2000)
    assert (car.state.soc_limit_min, car.state.range_limit_min) == (None, None)


def test_times_follow_what_the_battery_takes():
    """20 % at level 3, 15 A: Twizy facts 9.5. The level is the battery's, as the bus shows it."""
    assert charging_car(2000, level=3).state.full_min == 342
    assert charging_car(2000, level=7).state.full_min == 182
    # Constant voltage takes its time whatever the level.
    assert charging_car(9698, level=1).state.full_min == 20
    parked = charging_car(2000, level=3)
    step(parked, UNPLUGGED)
    parked.charge.estimate()
    assert parked.state.full_min == 182


def test_features_of_a_charge_control_claim_nothing():
    """Nobody can stop or limit a charge here, so S reports neither storage mode nor a limit."""
    state = charging_car(2000, {6: 1, 7: 3, 15: 1}).state
    assert (state.charge_mode, state.charge_limit_a, state.full_min) == (MODE_STANDARD, 0, 182)


def test_limits_in_miles():
    car = build(Twizy, {11: 30, 12: 50}, is_miles=True)
    step(car, DRIVING, bms(7, 7000, 4))
    assert (car.state.range_limit_km, car.state.max_range_km) == (48, 80)
