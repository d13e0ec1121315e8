"""Makes the car that parameter 14 names and connects it; executed at each change and forgotten."""

import asyncio

from ovms import config as names
from ovms import status as requests
from ovms.drivers.store import Store

# Vehicle type (first two characters of parameter 14): module and class.
_CARS = (
    ("RT", "ovms.vehicle.twizy.car", "Twizy"),
    ("DE", "ovms.vehicle.demo.car", "Demo"),
)
_NO_CAR = ("", "ovms.vehicle.base", "Vehicle")


def take(app):
    """Give `app` its car, and everybody else, too."""
    wanted = app.config.get(names.VEHICLE_TYPE)[:2]
    entry = _NO_CAR
    for known in _CARS:
        if known[0] == wanted:
            entry = known
    try:
        car = _make(entry, app)
    except (ImportError, MemoryError) as error:
        # Without its car the module can still be asked, and told another one.
        app.log.error("car: %s %s", type(error).__name__, error)
        if isinstance(error, MemoryError):
            # Others need the room for a moment only.
            app.status.request(requests.REQUEST_VEHICLE_RESTART)
        car = _make(_NO_CAR, app)
    car.sleep_ms = asyncio.sleep_ms
    car.spawn = app.spawn
    car.utc_s = app.clock.utc_s
    car.csq = app.csq
    car.send = app.bus.send
    car.open_store = Store
    car.on_event = app.notifier.on_event
    car.on_record = app.history.add
    app.car = car
    app.reporter.set_car(car)
    app.commander.set_car(car)
    app.can.set_car(car)


def _make(entry, app):
    # Not as an overlay: what the car loads imports from it.
    module = __import__(entry[1], None, None, ("*",))
    return getattr(module, entry[2])(app.state, app.config)
