"""HEALTH of WATCH: heap, pauses of the event loop, and counters as they change.

Loaded on demand; stays as long as it is watched. Every 5 s of the module's clock it tells uptime,
the heap in use with its garbage, the longest pause, and which counters changed:

    health> 3605 s, 72704 of 114688 bytes, 23 ms
    count> server_reconnects 2
"""

import asyncio

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import ModuleParts

_PERIOD_MS = const(5000)
# A pause is what a task that wants its turn so often waits longer than that.
_LOOK_MS = const(20)
# See `watch.py`: what leaves in one turn.
_TURN = const(256)


class Health:
    """app: of it `clock` and `status`. `look` is called every 20 ms by a task that `stop` ends."""

    _told: dict[str, int]
    _changed: list[tuple[str, int]]

    def __init__(self, app: "ModuleParts") -> None:
        self._clock = app.clock
        self._status = app.status
        self._looked_ms = self._due_ms = self._clock.uptime_ms()
        self._pause_ms = 0
        self._told = {}
        self._changed = []
        self._task = asyncio.create_task(self._look_for_ever())

    def stop(self) -> None:
        """Nobody watches any more."""
        self._task.cancel()

    def look(self) -> None:
        """Take note of how long nobody else got a turn."""
        now_ms = self._clock.uptime_ms()
        self._pause_ms = max(self._pause_ms, now_ms - self._looked_ms - _LOOK_MS)
        self._looked_ms = now_ms

    def output(self) -> str:
        """The lines that are due, framed, some at a time; "" for none."""
        text = ""
        if self._looked_ms >= self._due_ms:
            self._due_ms = self._looked_ms + _PERIOD_MS
            text = self._line()
            self._find_changed()
        while self._changed and len(text) < _TURN:
            name, number = self._changed.pop(0)
            text += "# count> %s %d\r\n" % (name, number)
        return text

    def _line(self):
        from ovms.services.sms.module_reports import heap

        used, size, _ = heap(self._status.system_free)
        pause_ms = self._pause_ms
        self._pause_ms = 0
        return "# health> %d s, %d of %d bytes, %d ms\r\n" % (
            self._looked_ms // 1000,
            used,
            size,
            pause_ms,
        )

    def _find_changed(self):
        from ovms.services.counter_names import in_full

        for name, number in in_full(self._status.counts):
            if self._told.get(name) != number:
                self._told[name] = number
                self._changed.append((name, number))

    async def _look_for_ever(self):
        while True:
            self.look()
            await asyncio.sleep_ms(_LOOK_MS)
