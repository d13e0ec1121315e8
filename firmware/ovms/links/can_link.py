"""Pumps frames from the CAN controller into the car, and keeps the controller alive.

The only place that retries: a missing controller is looked for again with growing pauses, a lost
one (brown-out, loose wire) is opened again, and after bus-off the bus is left alone for a while.
"""

import asyncio
import time

from micropython import const

from ovms.parameters import FEATURE_CAN_WRITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ovms.contracts import CANController, CarOnBus, Config, SleepyController, Status

# Frames handed to the car before the other tasks get their turn.
_BATCH = const(32)
# Pauses double up to so many times the first.
_LONGEST_PAUSE = const(64)
# The counters are for reading by people: with the usual check period once a minute.
_CHECKS_PER_COUNTS = const(12)
# When this task has to be heard of again at the latest, and never: see `ovms/guard.py`.
_ALIVE_S = const(600)
_NEVER_S = const(1 << 29)
# A bus that was silent for so long may sleep; see `can_rest.py`.
_QUIET_MS = const(10_000)
# `machine.CAN` number of the state.
_BUS_OFF = const(4)
_BUS_OFF_TEXT = "the CAN controller met too many errors and only listens for now"


class CANLink:
    """bus: CAN bus contract of firmware/README.md. car: the Vehicle. config: feature 15 above 0
    lets a car with TX_FRAMES transmit; a change opens the bus anew. poll_ms: pause between two
    batches of frames. retry_ms: first pause before opening again, and before transmitting again
    after bus-off.

    may_sleep: the power governor lets the controller sleep while its bus is silent; is_asleep: it
    does. For `can_rest.py`: quiet_ms, how long the silence has to last; rested, `time.ticks_ms` of
    the last time it went to sleep.
    """

    # None until the composition root has made one, before `run`.
    car: "CarOnBus | Any"
    # What is asleep can be woken.
    _bus: "SleepyController | Any"

    def __init__(
        self,
        bus: "CANController",
        car: "CarOnBus | None",
        status: "Status",
        config: "Config",
        poll_ms: int = 10,
        check_ms: int = 5000,
        retry_ms: int = 1000,
    ) -> None:
        self.car = car
        self._bus = bus
        self._status = status
        self._config = config
        self._poll_ms = poll_ms
        self._check_ms = check_ms
        self._retry_ms = retry_ms
        self._car_changed = asyncio.Event()
        self.may_sleep = self.is_asleep = False
        self.quiet_ms = _QUIET_MS
        self.rested = 0
        self.due_s = _ALIVE_S

    def set_car(self, car: "CarOnBus") -> None:
        """Serve another car: the bus is opened anew for it."""
        self.car = car
        self._car_changed.set()

    async def run(self) -> None:
        """For ever. What is wrong with the controller stands in `status.can_error`."""
        pause_ms = self._retry_ms
        status = self._status
        try:
            while True:
                car = self.car
                self._car_changed.clear()
                if car.BITRATE is None:
                    status.can_error = ""
                    self.due_s = _NEVER_S
                    await self._car_changed.wait()
                    continue
                self.due_s = status.uptime_s + _ALIVE_S
                is_silent = self._must_be_silent()
                self.is_asleep = False
                rx_ids = car.RX_IDS
                foreign, types = car.FOREIGN_IDS, car.SUB_TYPES
                try:
                    self._bus.open(car.BITRATE, rx_ids, car.TX_FRAMES, is_silent, foreign, types)
                except (OSError, ValueError) as error:
                    status.can_error = str(error)
                    status.count("can_open_failed")
                    await self._pause(pause_ms)
                    pause_ms = min(2 * pause_ms, _LONGEST_PAUSE * self._retry_ms)
                    continue
                status.can_error = ""
                pause_ms = self._retry_ms
                await self._pump(car, is_silent, rx_ids)
                if car.RX_IDS is rx_ids:
                    status.count("can_reopened")
        finally:
            self._bus.close()

    async def _pause(self, pause_ms):
        """Leave the controller alone for a while, unless there is another car for it."""
        try:
            await asyncio.wait_for_ms(self._car_changed.wait(), pause_ms)
        except asyncio.TimeoutError:
            return

    def _must_be_silent(self):
        return not (self._config.feature(FEATURE_CAN_WRITE) > 0 and self.car.TX_FRAMES)

    def _turn(self, bus):
        """Let the controller sleep, or wake it; False when it was lost by that."""
        from ovms.links.can_rest import turn

        return turn(self, bus)

    async def _pump(
        self, car: "CarOnBus", is_silent: bool, rx_ids: tuple[int, ...] | None
    ) -> None:
        """Serve the open bus until it is lost, or the car, feature 15 or what is heard changed."""
        bus = self._bus
        frame: "list[Any]" = [0, bytearray(8), 0, 0]
        check_ms = self._check_ms
        off_pause_ms = self._retry_ms
        off_ms = checks = silent_ms = 0
        before = time.ticks_ms()
        while self.car is car and car.RX_IDS is rx_ids and self._must_be_silent() == is_silent:
            bus.service()
            left = _BATCH
            while left and bus.recv(frame):
                car.on_frame(frame[0], frame[1], frame[2])
                left -= 1
            # Looked for, as no event would be cheaper: while the car is awake 300 frames a second
            # would wake this task for each of them, and an edge of INT that was lost for none.
            # The driver's interrupt fills the ring meanwhile; TWAI has none to wait for.
            await asyncio.sleep_ms(self._poll_ms if left else 0)
            now = time.ticks_ms()
            elapsed_ms = time.ticks_diff(now, before)
            before = now
            if self.is_asleep:
                if (not self.may_sleep or bus.is_woken()) and not self._turn(bus):
                    return
            elif self.may_sleep:
                silent_ms = silent_ms + elapsed_ms if left == _BATCH else 0
                if silent_ms >= self.quiet_ms:
                    silent_ms = 0
                    if not self._turn(bus):
                        return
            is_off = bus.state() == _BUS_OFF
            if is_off:
                self._status.can_error = _BUS_OFF_TEXT
                off_ms += elapsed_ms
                if off_ms >= off_pause_ms:
                    off_ms = 0
                    off_pause_ms = min(2 * off_pause_ms, _LONGEST_PAUSE * self._retry_ms)
                    try:
                        bus.restart()
                        self._status.can_error = ""
                    except OSError as error:
                        self._status.can_error = str(error)
            check_ms -= elapsed_ms
            if check_ms <= 0:
                check_ms = self._check_ms
                self.due_s = self._status.uptime_s + _ALIVE_S
                if checks % _CHECKS_PER_COUNTS == 0:
                    self._status.counts.update(bus.counts())
                checks += 1
                if not bus.check():
                    return
                if not is_off:
                    off_pause_ms = self._retry_ms
