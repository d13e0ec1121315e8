"""What happens once per use of the car: key and charge on and off.

Twizy facts 1.5 and 2; Twizy guide 1.2.0, "Extended Status" and "Charge alerts".
"""

from ovms.vehicle.base import (
    EVENT_CHARGE_DONE,
    EVENT_CHARGE_INTERRUPTED,
    EVENT_CHARGE_RESUMED,
    EVENT_CHARGE_STARTED,
)
from ovms.vehicle.state import CHARGE_DONE, CHARGE_STOPPED, CHARGING, SUBSTATE_INTERRUPTED
from ovms.vehicle.twizy.charge import FLICKER_S, SOC_CV_START, SOC_FULL
from ovms.vehicle.twizy.decode import BMS_FAULT
from ovms.vehicle.twizy.power import CONST, FIELDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.twizy.car import Twizy
    from ovms.vehicle.twizy.charge import Charge
    from ovms.vehicle.twizy.power import Power


def switched_on(car: "Twizy") -> None:
    """The key is on and the bus has started up."""
    state = car.state
    state.is_awake = True
    # The wake-up phase is over, so this is no odometer frame left from the last trip.
    car.trip_start_m = state.odometer_m
    state.trip_m = None if state.odometer_m is None else 0
    car.trip_start_soc_pct100 = state.soc_pct100
    # Whoever turned it sees the lamps.
    car.watch[0] = 0
    car.minutes = 0
    car.battery.reset()
    if not car.decoder.is_charging():
        reset_power(car.decoder.power)


def switched_off(car: "Twizy") -> None:
    """The key was turned off."""
    state = car.state
    state.is_awake = False
    # 0 while the key was on; a car that was switched off while the module was is longer parked.
    state.parked_s = max(state.parked_s, 1)
    state.speed_kmh10 = 0
    # While charging, current and power go on without the key.
    if not car.decoder.is_charging():
        car.decoder.stop_motion()


def charge_started(charge: "Charge") -> int:
    """A charge begins, or goes on after an interruption. Returns the EVENT_... to announce."""
    state = charge.state
    is_resumed = state.charge_state == CHARGE_STOPPED or charge.ended_s <= FLICKER_S
    if state.soc_pct100 is not None:
        charge.decoder.soc_max_pct100 = state.soc_pct100
    if not is_resumed:
        _open_window(charge)
        charge.told_limits = None
        charge.highest_level = 0
    state.is_charge_port_open = True
    state.charge_state = CHARGING
    state.charge_substate = 0
    return EVENT_CHARGE_RESUMED if is_resumed else EVENT_CHARGE_STARTED


def charge_ended(charge: "Charge") -> int:
    """The charger charges no more. Returns the EVENT_... to announce."""
    state = charge.state
    charge.ended_s = 0
    decoder = charge.decoder
    # Level 0 is how the BMS says that it is full, and how it refuses a charge at any SOC.
    is_full = decoder.soc_max_pct100 >= SOC_FULL or (
        decoder.charge_level == 0
        and decoder.soc_max_pct100 >= SOC_CV_START
        and not decoder.faults[BMS_FAULT]
    )
    decoder.charge_level = None
    if not is_full:
        state.charge_state = CHARGE_STOPPED
        state.charge_substate = SUBSTATE_INTERRUPTED
        return EVENT_CHARGE_INTERRUPTED
    state.charge_state = CHARGE_DONE
    if decoder.available_wh:
        state.capacity_wh = decoder.available_wh
    from ovms.vehicle.twizy import capacity

    capacity.measure(charge)
    return EVENT_CHARGE_DONE


def use_began(charge: "Charge") -> None:
    """The key is on after a charge: the car is in use again."""
    state = charge.state
    charge.ended_s = FLICKER_S + 1
    state.is_charge_port_open = False
    state.charge_state = CHARGE_DONE
    state.charge_substate = 0
    # Again, for a charge under which the key was turned on before it ended.
    _open_window(charge)


def _open_window(charge):
    """Let sums, SOC window and range estimate begin here."""
    state = charge.state
    decoder = charge.decoder
    state.charge_s = state.charge_wh = state.charge_grid_wh = 0
    reset_power(decoder.power)
    if state.soc_pct100 is not None:
        decoder.soc_min_pct100 = state.soc_pct100
        decoder.soc_min_range_km = state.estimated_range_km


def reset_power(power: "Power") -> None:
    """A use of the battery begins, and its power statistics anew."""
    for i in range(FIELDS):
        power.sums[i] = 0
    state = power.state
    state.energy_used_wh = state.energy_recovered_wh = 0
    power.start_m = state.odometer_m
    power.used = power.recovered = power.used_units = power.recovered_units = 0
    power.charge_out = power.charge_in = power.charge_out_rest = power.charge_in_rest = 0
    power.section = CONST
    power.acceleration = 0
    power.speed = power.counter = -1
    power.slope_m = None
    power.slope_altitude_m = power.slope_used = power.slope_recovered = 0
