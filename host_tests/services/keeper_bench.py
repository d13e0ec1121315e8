"""A module that is started again and again on the same flash: car, state and keeper."""

from host_tests.drivers.test_store import FakeFlash
from host_tests.vehicle.contract import Settings, feed
from ovms.drivers.store import Store
from ovms.services import kept
from ovms.services.keeper import Keeper
from ovms.services.notifier import Watched
from ovms.status import Status
from ovms.vehicle.state import VehicleState
from ovms.vehicle.twizy.car import Twizy

UTC_S = 1_780_000_000


class Clock:
    """Whoever tells it the time sets `utc`."""

    def __init__(self):
        self.utc = None

    def utc_s(self):
        return self.utc


class Module:
    """fs: the flash, kept over a restart. saves: how often it was written in this run.

    events: what the car announced. utc: Unix seconds at the start, None for a clock that nobody
    has set.
    """

    def __init__(self, fs=None, utc=None, car_class=Twizy, features=None):
        self.fs = fs or FakeFlash()
        self.clock = Clock()
        self.clock.utc = utc
        self.status = Status("BOARD")
        self.state = VehicleState()
        self.watched = Watched()
        self.keeper = Keeper(
            Store("kept", self.fs), self.state, self.status, self.clock, self.watched
        )
        self.car = self.keeper.car = car_class(self.state, Settings(features))
        self.events = []
        self.car.on_event = self.events.append
        self.saves = 0
        self._written = self.keeper.store.save_in_steps
        self.keeper.store.save_in_steps = self._save
        kept.load(self.keeper)

    def _save(self, pieces):
        self.saves += 1
        return self._written(pieces)

    def again(self, utc=None, car_class=Twizy):
        """The same module after a restart."""
        return Module(self.fs, utc, car_class)

    def hear(self, *frames):
        feed(self.car, *frames)

    def run(self, seconds, *frames):
        """Second by second, with `frames` in each."""
        for _ in range(seconds):
            feed(self.car, *frames)
            self.status.uptime_s += 1
            if self.clock.utc is not None:
                self.clock.utc += 1
            self.state.tick(1)
            self.car.poll(1000)
            self.keeper.tick()
