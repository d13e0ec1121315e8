"""The day of the demonstration car: what a phase begins and ends with."""

from micropython import const

from ovms.vehicle.base import (
    EVENT_CHARGE_DONE,
    EVENT_CHARGE_STARTED,
    EVENT_CHARGE_TOPPING_OFF,
    EVENT_TRIP_END,
)
from ovms.vehicle.demo.car import CAPACITY_J, CHARGER_PCT, DRIVING, PARKED, PLUGGED_IN
from ovms.vehicle.state import (
    CHARGE_DONE,
    CHARGE_STOPPED,
    CHARGE_TIMER_WAIT,
    CHARGING,
    MODE_PERFORMANCE,
    MODE_RANGE,
    MODE_STORAGE,
    SUBSTATE_ON_REQUEST,
    TOPPING_OFF,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.demo.car import Demo

# Phase and its length in seconds; what is plugged in stays so until the charge is over.
_DAY = ((PARKED, 180), (DRIVING, 720), (PARKED, 120), (PLUGGED_IN, 120))
_TIMER_WAIT = const(5)

# SOC in percent that a charge ends with.
_STANDARD_PCT = const(90)
_STORAGE_PCT = const(50)
_FULL_PCT = const(100)
_EMPTY_J = CAPACITY_J // 10

_RANGE_KM = const(140)
_LINE_V = const(230)
_EXPORT_A = const(16)
_TYPE_2 = const(25)
AMBIENT_C = const(18)
_CABIN_C = const(21)

# A square near Wuppertal with sides of 2.5 km. Millionths of a degree in a kilometre there.
_HOME_UDEG = (51_230_000, 7_140_000)
_SIDE_M = const(2500)
_LATITUDE_UDEG = const(8_993)
_LONGITUDE_UDEG = const(14_360)
_ALTITUDE_M = const(190)


def start(car: "Demo") -> None:
    """Everything the car knows before its first second."""
    state = car.state
    state.vin = "DEM0CAR0000000042"
    state.told_age_s = 0
    state.soh_pct = 97
    state.cac_ah100 = 5432
    state.capacity_wh = CAPACITY_J // 3600
    state.max_range_km = _RANGE_KM
    state.odometer_m = 12_345_600
    state.trip_m = 0
    state.charge_limit_a = 32
    state.charge_type = _TYPE_2
    state.motor_temp_c = state.pem_temp_c = state.charger_temp_c = AMBIENT_C
    state.battery_temp_c = AMBIENT_C
    state.ambient_temp_c = state.cabin_temp_c = AMBIENT_C
    state.temps_age_s = state.ambient_age_s = state.tyres_age_s = 0
    state.is_locked = state.is_handbrake_on = True
    state.service_km = 8000
    car.until_s = _DAY[0][1]
    car.flow(0, 0)
    slow(car, 0)


def go_on(car: "Demo") -> None:
    """The step is over: begin the following one, unless its end has to wait."""
    state = car.state
    # ACC may have other plans for the charge than to begin at once.
    is_planned = state.charge_state == CHARGE_STOPPED and state.charge_estimate_min is not None
    if car.phase == PLUGGED_IN and (is_planned or _is_busy(state)):
        car.step_s = 0
        return
    step = car.step + 1
    if step == len(_DAY) or (_DAY[step][0] == DRIVING and car.energy_j <= _EMPTY_J):
        step = 0
    _begin(car, step)


def _begin(car, step):
    """Take up step `step` of the day."""
    state = car.state
    before = car.phase
    car.step = step
    car.step_s = 0
    car.phase, car.until_s = _DAY[step]
    if before == DRIVING:
        _stop_driving(car)
    elif before == PLUGGED_IN:
        state.is_charge_port_open = state.has_pilot = False
        state.line_v = 0
    if car.phase == DRIVING:
        _start_driving(car)
    elif car.phase == PLUGGED_IN:
        state.is_charge_port_open = state.has_pilot = True
        state.line_v = _LINE_V
        _start_charge(car)
    state.touch()


def plug_in(car: "Demo") -> None:
    """Go to the charging step of the day."""
    _begin(car, len(_DAY) - 1)


def _is_busy(state):
    """Whether energy flows through the plug or waits to."""
    return state.is_charging or state.is_exporting or state.charge_state == CHARGE_TIMER_WAIT


def _start_driving(car):
    state = car.state
    state.is_on = state.is_awake = True
    state.is_locked = state.is_handbrake_on = False
    state.is_12v_charging = True
    state.drive_mode = 1
    state.trip_m = 0
    state.parked_s = 0
    _reset_use(car)


def _stop_driving(car):
    state = car.state
    state.is_on = state.is_awake = state.is_12v_charging = False
    state.is_locked = state.is_handbrake_on = True
    state.drive_mode = 0
    state.parked_s = 1
    state.speed_kmh10 = 0
    state.inverter_w = state.inverter_efficiency_pct10 = 0
    car.flow(0, 0)
    car.on_event(EVENT_TRIP_END)


def _reset_use(car):
    car.used_j = car.gained_j = car.grid_j = 0
    car.state.energy_used_wh = car.state.energy_recovered_wh = 0


def _start_charge(car):
    """Begin what the charge mode asks for; the car is plugged in. A set timer comes first."""
    state = car.state
    utc_s = car.utc_s()
    if state.timer_mode and utc_s is not None:
        _halt(car, CHARGE_TIMER_WAIT, _TIMER_WAIT)
        return
    flow_now(car)


def flow_now(car: "Demo") -> None:
    """Let energy flow, whatever the timer says."""
    state = car.state
    car.step_s = 0
    if car.energy_j >= _target_j(state):
        if state.charge_mode == MODE_STORAGE and car.energy_j > _target_j(state):
            _reset_use(car)
            state.is_exporting = True
            state.export_s = state.export_wh = 0
            state.charge_state = CHARGE_STOPPED
            state.charge_a10 = _EXPORT_A * 10
            state.touch()
        else:
            _halt(car, CHARGE_DONE, 0)
        return
    _reset_use(car)
    state.is_charging = state.is_12v_charging = True
    state.charge_state = CHARGING
    state.charge_substate = SUBSTATE_ON_REQUEST
    state.charge_a10 = state.charge_limit_a * 10
    state.charge_s = state.charge_wh = state.charge_grid_wh = 0
    state.touch()
    car.on_event(EVENT_CHARGE_STARTED)


def stop_on_request(car: "Demo") -> bool:
    """End what flows through the plug, or waits to; False when nothing did."""
    if not _is_busy(car.state):
        return False
    _halt(car, CHARGE_STOPPED, SUBSTATE_ON_REQUEST)
    return True


def _complete(car):
    """The battery has what the mode or the limit asked for."""
    state = car.state
    was_charging = state.is_charging
    _halt(car, CHARGE_DONE, 0)
    if was_charging:
        state.charge_end_utc_s = car.utc_s()
        car.on_event(EVENT_CHARGE_DONE)


def _halt(car, charge_state, substate):
    state = car.state
    state.is_charging = state.is_exporting = state.is_12v_charging = False
    state.charge_state = charge_state
    state.charge_substate = substate
    state.charge_a10 = state.charge_w = 0
    state.charge_input_w = 0
    state.full_min = state.soc_limit_min = state.range_limit_min = None
    car.step_s = 0
    car.flow(0, 0)
    state.touch()


def _target_j(state):
    return CAPACITY_J // 100 * _target_pct(state.charge_mode)


def _target_pct(mode):
    if mode in (MODE_RANGE, MODE_PERFORMANCE):
        return _FULL_PCT
    return _STORAGE_PCT if mode == MODE_STORAGE else _STANDARD_PCT


def predict(
    car: "Demo", start_pct100: int, end_pct100: int | None, watts: int | None, mode: int | None
) -> tuple[int, int]:
    """`Vehicle.charge_prediction`."""
    state = car.state
    if end_pct100 is None:
        end_pct100 = _target_pct(state.charge_mode if mode is None else mode) * 100
    battery_w = (watts or _LINE_V * state.charge_limit_a) * CHARGER_PCT // 100
    needed_j = CAPACITY_J // 10_000 * max(0, end_pct100 - start_pct100)
    return end_pct100, -(-needed_j // battery_w // 60)


def slow(car: "Demo", seconds: int) -> None:
    """What changes slowly: called every ten seconds or so."""
    state = car.state
    soc_pct100 = state.soc_pct100 or 0
    state.estimated_range_km = _RANGE_KM * 9 // 10 * soc_pct100 // 10_000
    state.ideal_range_km = _RANGE_KM * soc_pct100 // 10_000
    _warm(car)
    _place(car)
    if car.awake_s:
        car.awake_s = max(0, car.awake_s - seconds)
        if not car.awake_s and not state.is_on:
            state.is_awake = False
            state.touch()
    if state.is_charging:
        _follow_charge(car)
    elif state.is_exporting:
        export_wh = car.grid_j // 3600
        state.export_total_wh += export_wh - state.export_wh
        state.export_wh = export_wh
        if car.energy_j <= _target_j(state):
            _complete(car)
    elif state.charge_state == CHARGE_TIMER_WAIT:
        utc_s = car.utc_s()
        # Minutes of the day as command 17 counts them: midnight is the last one.
        if utc_s is None or (utc_s // 60 - 1) % 1440 == state.timer_start_min:
            flow_now(car)


def _follow_charge(car):
    state = car.state
    state.charge_wh = car.gained_j // 3600
    grid_wh = car.grid_j // 3600
    state.charge_grid_total_wh += grid_wh - state.charge_grid_wh
    state.charge_grid_wh = grid_wh
    target_j = _target_j(state)
    limit_j = CAPACITY_J // 100 * state.soc_limit_pct
    if car.energy_j >= target_j or (limit_j and car.energy_j >= limit_j):
        _complete(car)
        return
    power_w = max(1, state.charge_w)
    state.full_min = (target_j - car.energy_j) // power_w // 60 + 1
    if limit_j:
        state.soc_limit_min = (limit_j - car.energy_j) // power_w // 60 + 1
    if state.range_limit_km:
        range_j = CAPACITY_J // _RANGE_KM * state.range_limit_km
        state.range_limit_min = max(0, range_j - car.energy_j) // power_w // 60 + 1
    if state.charge_state == CHARGING and car.energy_j > target_j - CAPACITY_J // 50:
        state.charge_state = TOPPING_OFF
        state.charge_a10 //= 2
        state.touch()
        car.on_event(EVENT_CHARGE_TOPPING_OFF)


def _warm(car):
    state = car.state
    load_kw = abs(state.battery_w) // 1000
    state.motor_temp_c = _towards(state.motor_temp_c, AMBIENT_C + 3 * load_kw * state.is_on)
    state.pem_temp_c = _towards(state.pem_temp_c, AMBIENT_C + 2 * load_kw)
    state.charger_temp_c = _towards(state.charger_temp_c, AMBIENT_C + 20 * state.is_charging)
    if car.cooling_s:
        car.cooling_s = max(0, car.cooling_s - 10)
        state.is_cooling = car.cooling_s > 0
        state.cooling_min = car.cooling_s // 60
        state.battery_temp_c = _towards(state.battery_temp_c, AMBIENT_C)
    else:
        state.battery_temp_c = _towards(state.battery_temp_c, AMBIENT_C + load_kw)
    state.cabin_temp_c = _towards(state.cabin_temp_c, _CABIN_C if state.is_hvac_on else AMBIENT_C)
    # Tyres get warm and hard on the road; a slow leak at the rear left.
    warmth_c = min(12, state.speed_kmh10 // 60)
    for wheel in range(4):
        state.tyre_temp_c[wheel] = AMBIENT_C + warmth_c
        state.tyre_kpa[wheel] = (225, 225, 232, 240)[wheel] + warmth_c


def _towards(value, target):
    return value + (value < target) - (value > target)


def _place(car):
    state = car.state
    if state.latitude_udeg != car.latitude_udeg:
        # A receiver has found out where the board really is.
        return
    side = state.odometer_m // _SIDE_M % 4
    at_m = state.odometer_m % _SIDE_M
    if side > 1:
        at_m = _SIDE_M - at_m
    north_m = at_m if not side & 1 else (_SIDE_M if side == 1 else 0)
    east_m = at_m if side & 1 else (_SIDE_M if side == 2 else 0)
    state.latitude_udeg = car.latitude_udeg = _HOME_UDEG[0] + north_m * _LATITUDE_UDEG // 1000
    state.longitude_udeg = _HOME_UDEG[1] + east_m * _LONGITUDE_UDEG // 1000
    state.gps_speed_kmh10 = state.speed_kmh10
    state.course_deg = 90 * side
    state.altitude_m = _ALTITUDE_M
    state.has_gps_lock = True
    state.gps_age_s = 0
    state.satellites = 9
    state.hdop100 = 90
