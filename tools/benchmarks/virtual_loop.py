"""An event loop whose time does not pass but jumps: a day of waiting is over in seconds.

For code on CPython that waits through asyncio alone; whatever blocks or reads another clock is not
meant. Deadlocks are told: a loop with nothing to wait for raises RuntimeError.
"""

from __future__ import annotations

import asyncio
import selectors


class _JumpingSelector(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout=None):
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise RuntimeError("every task waits for something that cannot come")
        self.now_s += max(timeout, 0)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` starts at 0 and goes on only when every task sleeps."""

    def __init__(self) -> None:
        self._jumps = _JumpingSelector()
        super().__init__(self._jumps)

    def time(self) -> float:
        return self._jumps.now_s
