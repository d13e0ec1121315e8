"""Keeps what the car told last over a restart: when it is saved, and when old ages are known.

Saved at each start and end of a use (key, charge, export, cooldown), every few minutes in between,
once an hour else, when the time of day or the rest voltage of the 12 V battery becomes known, and
before a restart. Never twice within `GAP_S`: the wear budget is in firmware/README.md. How and
what is in `kept.py`, loaded on demand.
"""

from micropython import const

from ovms.status import REQUEST_ROOM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from ovms.contracts import Clock, Status, Store, Vehicle, VehicleState
    from ovms.services.notifier import Watched

# Seconds from one save to the next: at least, while the car is used, and else.
GAP_S = const(20)
_BUSY_S = const(300)
_IDLE_S = const(3600)
# What it waits for an SMS that is being carried out, at most.
_PATIENCE_S = const(60)
# How often the clock is looked at, and what it may move without the ages being made anew.
_CLOCK_S = const(15)
_CLOCK_MOVED_S = const(60)
# What `supply_reference10` counts up to before it is a voltage: see `minute_watch`.
_CALM_MIN = const(15)

_IN_USE = const(0x0F)
_HAS_REFERENCE = const(0x10)
_HAS_CLOCK = const(0x20)
_IS_COOLING = const(0x40)


class Keeper:
    """store: drivers/store.py:Store. watched: the notifier's Watched, for the 12 V battery.

    car: Vehicle, None while there is none whose values may be saved. car_type: what parameter 14
    named when it was made. is_loaded: what was stored has been taken. instants: Unix seconds of
    what was restored and has an age, by key; negative: an age that was all that was known.
    saved_s, due_s: uptimes of the last save and the next. offset_s: of the clock, 0 before it
    knows the time.
    """

    # Never None for `kept.py`, which is for those who have one.
    car: "Vehicle | Any"
    car_type: str | None
    instants: dict[str, int]
    _saving: "Generator[bool, None, None] | Any"

    def __init__(
        self,
        store: "Store",
        state: "VehicleState",
        status: "Status",
        clock: "Clock",
        watched: "Watched",
    ) -> None:
        self.store = store
        self.state = state
        self.status = status
        self.clock = clock
        self.watched = watched
        self.car = self.car_type = None
        self.is_loaded = False
        self.instants = {}
        self.offset_s = 0
        self._bits = 0
        self._clock_s = 0
        self.saved_s = -GAP_S
        self.due_s = _IDLE_S
        # The steps of a save that is under way, None else.
        self._saving = None

    def tick(self) -> None:
        """About once a second, after the car has drawn its conclusions."""
        state = self.state
        now_s = self.status.uptime_s
        bits = state.is_on | state.is_awake << 1 | state.is_charging << 2 | state.is_exporting << 3
        if state.is_cooling:
            # What the car is to be set back to then.
            bits |= _IS_COOLING
        if self.watched.supply_reference10 > _CALM_MIN:
            bits |= _HAS_REFERENCE
        if now_s >= self._clock_s:
            self._clock_s = now_s + _CLOCK_S
            utc_s = self.clock.utc_s()
            if utc_s is not None and abs(utc_s - now_s - self.offset_s) > _CLOCK_MOVED_S:
                self.offset_s = utc_s - now_s
                from ovms.services import kept

                kept.redate(self)
        if self.offset_s:
            bits |= _HAS_CLOCK
        if bits != self._bits:
            self._bits = bits
            self.due_s = min(self.due_s, max(self.saved_s + GAP_S, now_s))
        # What takes much of the heap waits for its like.
        is_waiting = self.status.is_answering and now_s < self.due_s + _PATIENCE_S
        if now_s >= self.due_s and not is_waiting:
            self._begin()
            if self._saving:
                self.car.in_turn(self._go_on)

    def save(self) -> bool:
        """Save now and at once, as before a restart. Returns whether flash has it."""
        self._begin()
        is_saved = False
        while self._saving:
            is_saved = self._step() or is_saved
        return is_saved

    def stop(self) -> None:
        """Give up the save that is under way."""
        if self._saving:
            self._saving.close()
        self._saving = None

    def _begin(self):
        self.stop()
        self.saved_s = now_s = self.status.uptime_s
        self.due_s = now_s + (_BUSY_S if self._bits & _IN_USE else _IDLE_S)
        if self.car is None:
            return
        try:
            from ovms.services import kept

            self._saving = kept.saving(self)
        except MemoryError:
            self._retry()

    def _go_on(self):
        """One more step: the other tasks have their turn between two."""
        if self._saving:
            self._step()
        if self._saving:
            self.car.in_turn(self._go_on)

    def _step(self):
        """Whether flash has it with this step."""
        try:
            return next(self._saving)
        except StopIteration:
            self._saving = None
        except MemoryError:
            self._saving = None
            self._retry()
        return False

    def _retry(self):
        """Again soon, with all the room there is."""
        self.status.count("memory_retries")
        self.status.request(REQUEST_ROOM)
        self.due_s = self.saved_s + GAP_S
