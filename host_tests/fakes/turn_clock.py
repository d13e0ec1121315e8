"""A clock whose time passes by itself, one step per turn of the event loop.

Waiting for minutes costs a test milliseconds, and what happens in which order does not depend on
the speed of the machine. It has `sleep_ms` and `wait_for_ms` as MicroPython's asyncio does.
"""

import asyncio


class TurnClock:
    """step_ms: time of one turn, may change. on_step(step_ms) is called every turn."""

    def __init__(self, step_ms=10, on_step=None):
        self.now_ms = 0
        self.step_ms = step_ms
        self._on_step = on_step

    async def run(self):
        """Let time pass, for ever."""
        while True:
            self.now_ms += self.step_ms
            if self._on_step:
                self._on_step(self.step_ms)
            await asyncio.sleep_ms(0)

    async def sleep_ms(self, ms):
        until_ms = self.now_ms + ms
        while self.now_ms < until_ms:
            await asyncio.sleep_ms(0)

    async def wait_for_ms(self, awaitable, timeout_ms):
        """Result of `awaitable`; asyncio.TimeoutError after `timeout_ms`, which cancels it."""
        until_ms = self.now_ms + timeout_ms
        task = asyncio.create_task(awaitable)
        try:
            while not task.done():
                if self.now_ms >= until_ms:
                    await self._cancel(task)
                    raise asyncio.TimeoutError
                await asyncio.sleep_ms(0)
        except asyncio.CancelledError:
            task.cancel()
            raise
        return await task

    async def until(self, condition, timeout_ms=60000):
        """Wait until `condition()` is true; False when it was not in time."""
        until_ms = self.now_ms + timeout_ms
        while not condition():
            if self.now_ms >= until_ms:
                return False
            await asyncio.sleep_ms(0)
        return True

    async def _cancel(self, task):
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return
