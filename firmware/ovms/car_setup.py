"""Makes the car that parameter 14 names and connects it: loaded at each change of it."""

import asyncio
import time

from ovms import parameters
from ovms import status as requests
from ovms.drivers.store import Store
from ovms.services import kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.app import App


def _twizy():
    from ovms.vehicle.twizy.car import Twizy

    return Twizy


def _demo():
    from ovms.vehicle.demo.car import Demo

    return Demo


def _leaf():
    from ovms.vehicle.leaf.car import Leaf

    return Leaf


def _leaf_2010():
    from ovms.vehicle.leaf_2010.car import Leaf2010

    return Leaf2010


def _leaf_2018():
    from ovms.vehicle.leaf_2018.car import Leaf2018

    return Leaf2018


def _leaf_body():
    from ovms.vehicle.leaf_body.car import LeafBody

    return LeafBody


def _imiev():
    from ovms.vehicle.imiev.car import Imiev

    return Imiev


def _thinkcity():
    from ovms.vehicle.thinkcity.car import Thinkcity

    return Thinkcity


def _kiasoul():
    from ovms.vehicle.kiasoul.car import Kiasoul

    return Kiasoul


def _voltampera():
    from ovms.vehicle.voltampera.car import Voltampera

    return Voltampera


def _roadster():
    from ovms.vehicle.roadster.car import Roadster

    return Roadster


def _obd():
    from ovms.vehicle.obd.car import Obd

    return Obd


def _no_car():
    from ovms.vehicle.base import Vehicle

    return Vehicle


# Vehicle type (parameter 14, or its first two characters): what imports its class. What users are
# told of them stands in `vehicle/types.py`.
_CARS = {
    "RT": _twizy,
    "DE": _demo,
    "NL": _leaf,
    "NL1": _leaf_2010,
    "NL3": _leaf_2018,
    "NLC": _leaf_body,
    "MI": _imiev,
    "TC": _thinkcity,
    "KS": _kiasoul,
    "VA": _voltampera,
    "TR": _roadster,
    "OBD": _obd,
    # As v2 and v3 call it.
    "O2": _obd,
}


def connect(app: "App") -> None:
    """Make the car of `app.config` and hand it to everybody who needs one.

    The old one goes. Without room or code for the new one there is a car that knows nothing. A car
    of the same type goes on with what was known; another one begins with a state that knows
    nothing; after a start the car gets what was kept.
    """
    # In safe mode there is none, and what was kept of it stays as it is.
    car_type = "" if app.is_safe else app.config.get(parameters.VEHICLE_TYPE)[:2]
    keeper = app.keeper
    is_restored = not keeper.is_loaded
    if not is_restored and car_type == keeper.car_type:
        is_restored = keeper.car is None or keeper.save()
    elif not is_restored:
        _forget(app.state)
        kept.forget(keeper)
    keeper.car_type = car_type
    load = _CARS.get(car_type, _no_car)
    if car_type:
        # Of some types there is more than one.
        load = _CARS.get(app.config.get(parameters.VEHICLE_TYPE), load)
    is_there = False
    try:
        # What the car imports stays with it.
        car_class = app.broom.keep(load)
        car = car_class(app.state, app.config)
        is_there = True
    except MemoryError:
        # Others need the room for a moment only, and so does the car of before.
        app.status.count("memory_retries")
        app.status.request(requests.REQUEST_VEHICLE_RESTART)
        car = app.broom.keep(_no_car)(app.state, app.config)
    except ImportError as error:
        # Without its car the module can still be asked, and told another one.
        app.log.error("car: %s %s", type(error).__name__, error)
        car = app.broom.keep(_no_car)(app.state, app.config)
    car.sleep_ms = asyncio.sleep_ms
    car.spawn = app.spawn
    car.ticks_ms = time.ticks_ms
    car.utc_s = app.clock.utc_s
    car.csq = app.csq
    car.send = app.bus.send
    car.open_store = Store
    car.in_turn = app.in_turn
    car.on_event = app.notifier.on_event
    car.on_record = app.history.add
    app.car = car
    # What a car left that could not be made now is for the one that can.
    keeper.car = car if is_there and not app.is_safe else None
    app.reporter.set_car(car)
    app.commander.car = car
    app.can.set_car(car)
    if is_there and is_restored and not app.is_safe:
        # Nobody holds the old car any more, and with it goes its code.
        app.broom.make_room()
        kept.load(keeper)


def _forget(state):
    """Nothing that one car told is another one's; the 12 V battery is the module's."""
    from ovms.vehicle import state_values

    revision = state.revision
    supply_mv = state.supply_mv
    reference_mv = state.supply_reference_mv
    state_values.fill(state)
    state.revision = revision + 1
    state.supply_mv = supply_mv
    state.supply_reference_mv = reference_mv
