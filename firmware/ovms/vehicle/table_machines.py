"""What a car made of a table concludes once a second: charge, power, energy, the way driven.

Fed by the inputs of the table; the same for all such cars (car facts 4.2).
"""

from micropython import const

from ovms.vehicle.base import EVENT_CHARGE_TOPPING_OFF
from ovms.vehicle.state import CHARGE_DONE, CHARGE_TIMER_WAIT, CHARGING, TOPPING_OFF

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.table_car import TableCar

# Places in `inputs`.
IN_ON = const(0)
IN_AWAKE = const(1)
IN_PARKED = const(2)
IN_PLUGGED = const(3)
IN_CHARGING = const(4)
IN_QUICK = const(5)
IN_FULL = const(6)
IN_TOPPING = const(7)
IN_TIMER = const(8)
# What the charger says: CHARGER_...
IN_CHARGER = const(9)

CHARGER_IDLE = const(0)
CHARGER_TIMER = const(1)
CHARGER_CHARGING = const(2)
CHARGER_FULL = const(3)
CHARGER_ERROR = const(4)
# Bits of FED: which inputs and values frames tell.
FED_AWAKE = const(1)
FED_PARKED = const(2)
FED_HANDBRAKE = const(4)
FED_PLUGGED = const(8)
FED_PORT = const(16)
FED_INPUT_W = const(32)
FED_TRIP = const(64)
FED_PILOT = const(128)
# A charge is believed when it has lasted, and its end.
_START_S = const(2)
_END_S = const(10)
# What is shorter is told to nobody.
_TOLD_S = const(60)
_J_PER_WH = const(3600)


def charge(car: "TableCar", seconds: int) -> None:
    """The charge machine: states, and when it begins and ends."""
    state = car.state
    inputs = car.inputs
    charger = inputs[IN_CHARGER]
    is_quick = inputs[IN_QUICK] != 0
    is_wanted = inputs[IN_CHARGING] or charger == CHARGER_CHARGING
    if car.FED & FED_INPUT_W and not state.charge_input_w:
        # Ready to charge, but nothing comes.
        is_wanted = False
    is_wanted = is_wanted or is_quick or inputs[IN_TOPPING]
    is_plugged = state.is_charging
    if car.FED & FED_PLUGGED:
        is_plugged = inputs[IN_PLUGGED] or is_quick
    if not car.FED & FED_PILOT:
        is_plugged = is_plugged != 0
        if is_plugged != state.has_pilot:
            state.has_pilot = is_plugged
            state.touch()
        if not car.FED & FED_PORT:
            state.is_charge_port_open = is_plugged
    is_moving = state.is_on and state.speed_kmh10 > 0
    if is_moving:
        is_wanted = False
    car.edge_s = car.edge_s + seconds if bool(is_wanted) != state.is_charging else 0
    if not state.is_charging:
        if car.edge_s >= _START_S:
            car.edge_s = 0
            from ovms.vehicle import table_edges

            table_edges.charge_started(car, is_quick)
        elif car.wait_s > 0:
            car.wait_s -= seconds
            if car.wait_s <= 0:
                from ovms.vehicle import table_edges

                table_edges.charge_is_over(car)
        else:
            is_waiting = charger == CHARGER_TIMER or inputs[IN_TIMER]
            if bool(is_waiting) != (state.charge_state == CHARGE_TIMER_WAIT):
                state.charge_state = CHARGE_TIMER_WAIT if is_waiting else CHARGE_DONE
                state.touch()
    elif is_moving or car.edge_s >= _END_S:
        car.edge_s = 0
        from ovms.vehicle import table_edges

        is_full = inputs[IN_FULL] != 0 or charger == CHARGER_FULL
        table_edges.charge_ended(car, is_full, state.charge_s >= _TOLD_S)
    else:
        new = TOPPING_OFF if inputs[IN_TOPPING] else CHARGING
        if new != state.charge_state:
            state.charge_state = new
            state.touch()
            if new == TOPPING_OFF and car.is_told:
                car.announce(EVENT_CHARGE_TOPPING_OFF)
        if not car.is_told and state.charge_s >= _TOLD_S:
            from ovms.vehicle import table_edges

            table_edges.tell_start(car)


def count(car: "TableCar", seconds: int) -> None:
    """Power, energy and the way: what no car tells and all can derive."""
    state = car.state
    power_w = None
    if state.battery_mv is not None and state.battery_ma is not None:
        # 450 V and 400 A: 180 million in between.
        power_w = (state.battery_mv // 100) * (state.battery_ma // 10) // 1000
        state.battery_w = power_w
        if power_w > 0:
            car.used_ws += power_w * seconds
            state.energy_used_wh += car.used_ws // _J_PER_WH
            car.used_ws %= _J_PER_WH
        else:
            car.gained_ws -= power_w * seconds
            state.energy_recovered_wh += car.gained_ws // _J_PER_WH
            if state.is_charging:
                state.charge_wh += car.gained_ws // _J_PER_WH
            car.gained_ws %= _J_PER_WH
    if state.is_charging:
        if power_w is not None:
            state.charge_w = max(0, -power_w)
        if not car.FED & FED_INPUT_W:
            state.charge_input_w = state.line_v * state.charge_a10 // 10
        car.grid_ws += (state.charge_input_w or 0) * seconds
        state.charge_grid_wh += car.grid_ws // _J_PER_WH
        if power_w is None:
            state.charge_w = state.charge_input_w or 0
            state.charge_wh += car.grid_ws // _J_PER_WH
        state.charge_grid_total_wh += car.grid_ws // _J_PER_WH
        car.grid_ws %= _J_PER_WH
    if state.is_on and not car.FED & FED_TRIP and state.odometer_m is not None:
        if car.trip_start_m is None:
            car.trip_start_m = state.odometer_m
        state.trip_m = state.odometer_m - car.trip_start_m
