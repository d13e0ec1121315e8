"""Makes the car that parameter 14 names and connects it: loaded at each change of it."""

import asyncio
import time

from ovms import parameters
from ovms import status as requests
from ovms.drivers.store import Store


def _twizy():
    from ovms.vehicle.twizy.car import Twizy

    return Twizy


def _demo():
    from ovms.vehicle.demo.car import Demo

    return Demo


def _no_car():
    from ovms.vehicle.base import Vehicle

    return Vehicle


# Vehicle type (first two characters of parameter 14): what imports its class.
_CARS = {"RT": _twizy, "DE": _demo}


def connect(app):
    """Make the car of `app.config` and hand it to everybody who needs one.

    The old one goes. Without room or code for the new one there is a car that knows nothing.
    """
    load = _CARS.get(app.config.get(parameters.VEHICLE_TYPE)[:2], _no_car)
    try:
        # What the car imports stays with it.
        car_class = app.broom.keep(load)
        car = car_class(app.state, app.config)
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
    car.on_event = app.notifier.on_event
    car.on_record = app.history.add
    app.car = car
    app.reporter.set_car(car)
    app.commander.car = car
    app.can.set_car(car)
