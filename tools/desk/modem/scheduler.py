"""Time for the modem model: a virtual clock for tests, and asyncio's clock for the desk.

Contract of a scheduler: `now_ms()` never goes back, `call_later(delay_ms, callback)` returns a
handle with `cancel()`. Callbacks of equal time run in the order they were asked for.
"""

import asyncio
import heapq
import itertools


class _Timer:
    def __init__(self, callback):
        self.callback = callback

    def cancel(self):
        self.callback = None


class VirtualScheduler:
    """A clock that moves only when told to, so that a test needs no sleep."""

    def __init__(self):
        self._now_ms = 0.0
        self._queue = []
        self._order = itertools.count()

    def now_ms(self):
        return self._now_ms

    def call_later(self, delay_ms, callback):
        timer = _Timer(callback)
        due_ms = self._now_ms + max(0.0, delay_ms)
        heapq.heappush(self._queue, (due_ms, next(self._order), timer))
        return timer

    def advance(self, elapsed_ms):
        """Move time on and run, in order, everything that becomes due."""
        end_ms = self._now_ms + elapsed_ms
        while self._queue and self._queue[0][0] <= end_ms:
            due_ms, _, timer = heapq.heappop(self._queue)
            self._now_ms = due_ms
            if timer.callback is not None:
                timer.callback()
        self._now_ms = end_ms

    def advance_to_event(self, elapsed_ms):
        """Move on to the next thing that becomes due, but no further than `elapsed_ms`."""
        while self._queue and self._queue[0][2].callback is None:
            heapq.heappop(self._queue)
        if self._queue:
            elapsed_ms = min(elapsed_ms, self._queue[0][0] - self._now_ms)
        self.advance(elapsed_ms)

    def advance_until(self, is_done, limit_ms, step_ms=1):
        """Advance in steps until `is_done()` or for `limit_ms`; returns whether it was done."""
        end_ms = self._now_ms + limit_ms
        while not is_done():
            if self._now_ms >= end_ms:
                return False
            self.advance(step_ms)
        return True


class AsyncioScheduler:
    """The running event loop's clock."""

    def __init__(self, loop=None):
        self._loop = loop or asyncio.get_running_loop()

    def now_ms(self):
        return self._loop.time() * 1000.0

    def call_later(self, delay_ms, callback):
        return self._loop.call_later(max(0.0, delay_ms) / 1000.0, callback)
