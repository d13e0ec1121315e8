"""The demonstration car: its day, what an app can do to it, and that it stays plausible."""

from host_tests.shims.expect import run
from host_tests.vehicle.contract import Settings, build, pass_seconds, snapshot
from ovms.protocol.v2 import reports
from ovms.protocol.v2.messages import freshness
from ovms.vehicle.base import EVENT_CHARGE_DONE, FAILED, OK
from ovms.vehicle.demo.car import CAPACITY_J, DRIVING, PARKED, PLUGGED_IN, Demo
from ovms.vehicle.state import CHARGE_DONE, CHARGE_TIMER_WAIT, CHARGING, VehicleState

TO_DRIVE_S = 180
TO_CHARGE_S = 180 + 720 + 120


def ask(car, code, arguments=""):
    return run(car.command(code, arguments))


def until(car, condition, limit_s=4000):
    """Seconds until `condition()`."""
    for second in range(limit_s):
        if condition():
            return second
        pass_seconds(car, 1)
    raise AssertionError("never")


def test_the_day():
    car = build(Demo)
    state = car.state
    events = []
    car.on_event = events.append
    assert car.phase == PARKED and state.is_locked and not state.is_on
    pass_seconds(car, TO_DRIVE_S)
    assert car.phase == DRIVING and state.is_on and state.is_awake and not state.is_locked
    start_m = state.odometer_m
    soc = state.soc_pct100
    speeds = set()
    for _ in range(719):
        pass_seconds(car, 1)
        speeds.add(state.speed_kmh10)
        assert state.parked_s == 0
    assert max(speeds) == 900 and min(speeds) == 0
    assert 8_000 < state.odometer_m - start_m == state.trip_m < 13_000
    assert 300 < soc - state.soc_pct100 < 1500
    assert state.energy_used_wh > state.energy_recovered_wh > 0
    assert state.motor_temp_c > 20
    pass_seconds(car, 1)
    assert car.phase == PARKED and state.speed_kmh10 == 0 and state.battery_w == 0
    assert not state.is_on and state.is_locked and state.parked_s == 1
    pass_seconds(car, 121)
    assert car.phase == PLUGGED_IN and state.charge_state == CHARGING
    assert state.is_charge_port_open and state.has_pilot and state.battery_w < 0
    took_s = until(car, lambda: state.charge_state == CHARGE_DONE)
    assert 300 < took_s < 3000
    assert abs(state.soc_pct100 - 9000) < 30 and not state.is_charging and state.battery_w == 0
    assert state.charge_grid_wh > state.charge_wh > 500
    assert state.charge_grid_total_wh == state.charge_grid_wh
    assert EVENT_CHARGE_DONE in events
    pass_seconds(car, 121)
    assert car.phase == PARKED and not state.has_pilot and not state.is_charge_port_open


def test_it_never_leaves_its_limits_in_six_hours():
    car = build(Demo)
    state = car.state
    phases = set()
    for _ in range(360):
        # The module's second hand may be late, too.
        state.tick(60)
        car.poll(60_000)
        phases.add(car.phase)
        assert 0 < state.soc_pct100 <= 10_000 and 0 < car.energy_j <= CAPACITY_J
        assert 300_000 < state.battery_mv < 400_000 and abs(state.battery_w) < 40_000
        assert -20 < state.motor_temp_c < 120 and 0 <= state.estimated_range_km <= 140
        for make in (reports.state_message, reports.environment_message):
            assert len(make(state, False)) <= 255
    assert phases == {PARKED, DRIVING, PLUGGED_IN}


def test_the_same_day_in_any_steps():
    fine = build(Demo)
    coarse = build(Demo)
    pass_seconds(fine, 60)
    for _ in range(120):
        coarse.poll(500)
    for _ in range(60):
        coarse.state.tick(1)
    left, right = snapshot(fine.state), snapshot(coarse.state)
    for name in left:
        if not name.endswith("age_s"):
            assert left[name] == right[name], name


def test_charge_commands():
    car = build(Demo)
    state = car.state
    assert ask(car, 12) == (FAILED, "Cannot stop charge (charge not in progress)")
    assert ask(car, 11) == (OK, "")
    assert state.is_charging and state.has_pilot and state.charge_a10 == 320
    assert ask(car, 15, "16") == (OK, "") and state.charge_a10 == 160
    assert ask(car, 16, "3,20") == (OK, "")
    assert (state.charge_mode, state.charge_limit_a, state.charge_a10) == (3, 20, 200)
    assert ask(car, 12) == (OK, "")
    assert not state.is_charging and state.charge_substate == 3 and state.battery_w == 0
    assert ask(car, 11) == (OK, "") and state.is_charging
    assert ask(car, 16, "82") == (OK, "") and state.soc_limit_pct == 82
    until(car, lambda: state.charge_state == CHARGE_DONE)
    assert abs(state.soc_pct100 - 8200) < 30
    for code, arguments, text in (
        (10, "2", "Parameter out of range"),
        (10, "", "Invalid syntax"),
        (10, "-1", "Invalid syntax"),
        (15, "33", "Parameter out of range"),
        (15, "5", "Parameter out of range"),
        (15, "x", "Invalid syntax"),
        (16, "3", "Invalid syntax"),
        (16, "101", "Invalid syntax"),
        (16, "2,16", "Parameter out of range"),
        (16, "3,99", "Parameter out of range"),
    ):
        before = snapshot(state)
        assert ask(car, code, arguments) == (FAILED, text), (code, arguments)
        assert snapshot(state) == before
    pass_seconds(car, 121 + 2 * TO_DRIVE_S)
    assert car.phase == DRIVING
    assert ask(car, 11) == (FAILED, "Cannot charge (charge port closed)")


def test_storage_gives_back_to_the_grid():
    car = build(Demo)
    state = car.state
    assert ask(car, 10, "1") == (OK, "") and state.charge_mode == 1
    ask(car, 11)
    assert state.is_exporting and not state.is_charging
    pass_seconds(car, 60)
    assert state.battery_w > 0 and state.export_s == 60 and state.export_wh > 50
    assert state.line_v == 230 and state.charge_a10 == 160
    car.energy_j = CAPACITY_J // 100 * 51
    until(car, lambda: not state.is_exporting, 900)
    assert abs(state.soc_pct100 - 5000) < 30 and state.charge_state == CHARGE_DONE
    assert state.export_total_wh == state.export_wh > 150


def test_timer():
    car = build(Demo)
    state = car.state
    # 01:00 UTC, which the guide writes as 0x3B.
    utc_s = [1781222400 + 55 * 60]
    utc_s[0] -= utc_s[0] % 86400 - 55 * 60
    car.utc_s = lambda: utc_s[0]
    assert ask(car, 17, "1,59") == (OK, "")
    assert (state.timer_mode, state.timer_start_min) == (1, 59)
    pass_seconds(car, TO_CHARGE_S)
    assert state.charge_state == CHARGE_TIMER_WAIT and not state.is_charging
    pass_seconds(car, 400)
    assert car.phase == PLUGGED_IN and not state.is_charging
    utc_s[0] += 5 * 60
    pass_seconds(car, 10)
    assert state.is_charging
    ask(car, 12)
    assert ask(car, 17, "1,1,0") == (OK, "") and state.timer_start_min == 59
    assert ask(car, 17, "0") == (OK, "") and state.timer_mode == 0
    for arguments in ("2,0", "1,1440", "1,24,0", "1,0,60"):
        assert ask(car, 17, arguments) == (FAILED, "Parameter out of range"), arguments
    assert ask(car, 17, "") == (FAILED, "Invalid syntax")
    for arguments in ("1,540,x", "1,540,7", "1,9,1,x"):
        assert ask(car, 17, arguments) == (OK, "") and state.timer_start_min == 540, arguments
        ask(car, 17, "1,0")


def test_wake_cool_and_climate():
    car = build(Demo)
    state = car.state
    pass_seconds(car, 130)
    assert freshness(state.temps_age_s) == 0 and not state.is_awake
    assert ask(car, 18) == (OK, "") and state.is_awake
    assert freshness(state.temps_age_s) == 0
    assert ask(car, 19) == (OK, "") and freshness(state.temps_age_s) == 1
    assert ask(car, 26, "1") == (OK, "") and state.is_hvac_on
    assert ask(car, 25) == (OK, "") and state.is_cooling
    pass_seconds(car, 50)
    assert state.is_awake and state.cabin_temp_c == 21 and state.battery_temp_c == 18
    assert ask(car, 26, "0") == (OK, "") and not state.is_hvac_on
    assert ask(car, 26, "2") == (FAILED, "Parameter out of range")
    until(car, lambda: not state.is_cooling, 700)
    car = build(Demo)
    ask(car, 18)
    assert 50 < until(car, lambda: not car.state.is_awake, 100) <= 70


def test_homelink():
    car = build(Demo)
    for button in "012":
        assert ask(car, 24, button) == (OK, "")
    assert ask(car, 24, "3") == (FAILED, "Parameter out of range")
    assert ask(car, 24) == (FAILED, "Invalid syntax")


def test_lock_and_valet_want_the_pin():
    car = Demo(VehicleState(), Settings())
    state = car.state
    for code, name, value in (
        (22, "is_locked", False),
        (20, "is_locked", True),
        (21, "is_valet", True),
        (23, "is_valet", False),
    ):
        before = snapshot(state)
        assert ask(car, code, "12345") == (FAILED, "Wrong PIN")
        assert ask(car, code) == (FAILED, "PIN missing")
        assert snapshot(state) == before
        assert ask(car, code, "1234") == (OK, "")
        assert getattr(state, name) == value
    pass_seconds(car, TO_DRIVE_S)
    assert ask(car, 20, "1234") == (FAILED, "Cannot lock (car is on)")
    car.config.features[10] = 3
    assert ask(car, 20) == (OK, "") and state.is_locked
    assert ask(car, 20, "999") == (FAILED, "Wrong PIN")


def test_it_announces_what_it_answers():
    car = build(Demo)
    announced = set()
    for part in car.CAPABILITIES.split(","):
        first, _, last = part[1:].partition("-")
        announced.update(range(int(first), int(last or first) + 1))
    for code in list(range(30)) + [40, 200, 205]:
        answer = ask(car, code, "1")
        assert (answer is not None) == (code in announced), code


def test_a_real_position_is_not_overwritten():
    car = build(Demo)
    state = car.state
    assert state.has_gps_lock and state.latitude_udeg and state.longitude_udeg
    home = state.latitude_udeg
    pass_seconds(car, TO_DRIVE_S + 200)
    assert state.latitude_udeg != home or state.longitude_udeg
    state.latitude_udeg, state.longitude_udeg = 22_280_000, 114_160_000
    pass_seconds(car, 300)
    assert (state.latitude_udeg, state.longitude_udeg) == (22_280_000, 114_160_000)


def test_the_square_is_closed():
    car = build(Demo)
    state = car.state
    state.odometer_m = 0
    seen = []
    for _ in range(41):
        pass_seconds(car, 10)
        seen.append((state.latitude_udeg, state.longitude_udeg))
        state.odometer_m += 250
        # It stands; only its odometer is turned.
        car.step_s = 0
    assert seen[0] == seen[40]
    for here, there in zip(seen, seen[1:]):
        north, east = abs(here[0] - there[0]), abs(here[1] - there[1])
        assert (2200 < north < 2300 and not east) or (3500 < east < 3650 and not north)
