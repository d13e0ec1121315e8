"""What a car made of a table does when something begins or ends; loaded on demand."""

from ovms.vehicle.base import (
    EVENT_CHARGE_DONE,
    EVENT_CHARGE_INTERRUPTED,
    EVENT_CHARGE_STARTED,
    EVENT_TRIP_END,
)
from ovms.vehicle.state import (
    CHARGE_DONE,
    CHARGE_STOPPED,
    CHARGING,
    SUBSTATE_INTERRUPTED,
    SUBSTATE_ON_REQUEST,
)
from ovms.vehicle.table_car import RESET_CHARGE, RESET_DRIVE, VIN_TOLD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.table_car import TableCar

# Connectors of `charge_type`: a usual one of the car, CHAdeMO.
_USUAL = 1
_CHADEMO = 2


def switched(car: "TableCar", is_on: bool) -> None:
    """The key was turned."""
    state = car.state
    state.is_on = is_on
    state.touch()
    if is_on:
        state.parked_s = 0
        car.trip_start_m = None
        car.begin_sums(RESET_DRIVE)
        _begin_energy(car)
        return
    state.parked_s = 1
    state.speed_kmh10 = 0
    car.announce(EVENT_TRIP_END)


def _begin_energy(car):
    state = car.state
    car.used_ws = car.gained_ws = 0
    state.energy_used_wh = state.energy_recovered_wh = 0


def charge_started(car: "TableCar", is_quick: bool) -> None:
    """A charge began; one from before a restart goes on."""
    state = car.state
    state.is_charging = True
    state.charge_state = CHARGING
    state.charge_substate = SUBSTATE_ON_REQUEST
    state.charge_type = _CHADEMO if is_quick else _USUAL
    state.touch()
    # Of the one from before it was told, if it was worth it.
    car.is_told = car.wait_s > 0
    if car.wait_s <= 0:
        state.charge_s = state.charge_wh = state.charge_grid_wh = 0
        car.grid_ws = 0
        car.begin_sums(RESET_CHARGE)
        _begin_energy(car)
    car.wait_s = 0


def tell_start(car: "TableCar") -> None:
    """It has lasted long enough to be news."""
    car.is_told = True
    car.announce(EVENT_CHARGE_STARTED)


def charge_ended(car: "TableCar", is_full: bool, is_news: bool) -> None:
    """A charge is over: done when the car says so or its SOC is as good as full."""
    state = car.state
    _stop(state)
    soc = state.soc_pct100
    is_done = is_full or (soc is not None and soc >= car.FULL_PCT100)
    if is_done:
        state.charge_state = CHARGE_DONE
    else:
        state.charge_state = CHARGE_STOPPED
        state.charge_substate = SUBSTATE_INTERRUPTED
    if is_news or car.is_told:
        car.announce(EVENT_CHARGE_DONE if is_done else EVENT_CHARGE_INTERRUPTED)
    car.is_told = False


def charge_is_over(car: "TableCar") -> None:
    """Of the charge from before a restart nothing was heard."""
    state = car.state
    _stop(state)
    state.charge_state = CHARGE_STOPPED
    state.charge_substate = SUBSTATE_INTERRUPTED


def _stop(state):
    state.is_charging = False
    state.charge_w = 0
    if state.charge_input_w:
        state.charge_input_w = 0
    state.touch()


def read_vin(car: "TableCar") -> None:
    """All its parts came twice alike."""
    text = bytes(car.vin).decode()
    car.vin_seen |= VIN_TOLD
    if text != car.state.vin:
        car.state.vin = text
        car.state.touch()
