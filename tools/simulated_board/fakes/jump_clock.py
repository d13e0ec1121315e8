"""A clock that jumps from one awaited moment to the next, for hours and days of waiting.

Like `turn_clock.py`, but nothing happens between two moments, so that a loop which looks every
second costs one turn a second.
"""

import asyncio

# Turns of the event loop at each moment: enough for a reader to hand on what has arrived. What
# needs more is done a moment later.
_PASSES = 3


class JumpClock:
    """Has `sleep_ms` and `wait_for_ms` as MicroPython's asyncio does, and `until`.

    on_jump(from_ms, to_ms) -> int is asked before each jump how far it may go.
    """

    def __init__(self, on_jump=None):
        self.now_ms = 0
        self._on_jump = on_jump
        self._sleepers = []

    async def run(self):
        """Let time pass, for ever."""
        while True:
            for _ in range(_PASSES):
                await asyncio.sleep_ms(0)
            if not self._sleepers:
                continue
            to_ms = min([sleeper[0] for sleeper in self._sleepers])
            if self._on_jump:
                to_ms = self._on_jump(self.now_ms, to_ms)
            self.now_ms = to_ms
            for sleeper in self._sleepers:
                if sleeper[0] <= to_ms:
                    sleeper[1].set()

    async def sleep_ms(self, ms):
        sleeper = (self.now_ms + max(0, ms), asyncio.Event())
        self._sleepers.append(sleeper)
        try:
            await sleeper[1].wait()
        finally:
            self._sleepers.remove(sleeper)

    async def wait_for_ms(self, awaitable, timeout_ms):
        """Result of `awaitable`; asyncio.TimeoutError after `timeout_ms`, which cancels it."""
        done = asyncio.Event()
        task = asyncio.create_task(_outcome(awaitable, done))
        sleeper = (self.now_ms + max(0, timeout_ms), done)
        self._sleepers.append(sleeper)
        try:
            await done.wait()
        except asyncio.CancelledError:
            task.cancel()
            raise
        finally:
            self._sleepers.remove(sleeper)
        if not task.done() and self.now_ms >= sleeper[0]:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise asyncio.TimeoutError
        result, error = await task
        if error is not None:
            raise error
        return result

    async def until(self, condition, timeout_ms=60000, look_ms=20):
        """Wait until `condition()` is true; False when it was not in time."""
        until_ms = self.now_ms + timeout_ms
        while not condition():
            if self.now_ms >= until_ms:
                return False
            await self.sleep_ms(look_ms)
        return True


async def _outcome(awaitable, done):
    """(result, exception): a task that fails while nobody waits for it would be told on stderr."""
    try:
        return await awaitable, None
    except Exception as error:
        return None, error
    finally:
        done.set()
