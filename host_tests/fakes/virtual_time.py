"""A clock and a sleep whose time passes only when the test says so."""

import asyncio

# Passes of the event loop after each step: enough for a chain of tasks to hand on a message.
_PASSES = 25


class VirtualTime:
    """`uptime_s` and `sleep_ms` for the code under test, `advance` for the test."""

    def __init__(self):
        self.now_ms = 0

    def uptime_s(self):
        return self.now_ms // 1000

    async def sleep_ms(self, ms):
        until_ms = self.now_ms + ms
        await asyncio.sleep_ms(0)
        while self.now_ms < until_ms:
            await asyncio.sleep_ms(0)

    async def settle(self):
        """Let every task run as far as it can without time."""
        for _ in range(_PASSES):
            await asyncio.sleep_ms(0)

    async def advance(self, seconds, step_ms=1000):
        """Let `seconds` pass, at most `step_ms` at once."""
        end_ms = self.now_ms + seconds * 1000
        while self.now_ms < end_ms:
            self.now_ms = min(self.now_ms + step_ms, end_ms)
            await self.settle()
