"""Runs a coroutine in an event loop whose time jumps instead of passing, on both runtimes."""

import asyncio
import sys


def run(coroutine):
    """The coroutine's result. RuntimeError when every task waits for what cannot come."""
    if sys.implementation.name == "cpython":
        from host_tests.fuzz.jumping_loop import JumpingLoop

        with asyncio.Runner(loop_factory=JumpingLoop) as runner:
            return runner.run(coroutine)
    asyncio.new_event_loop()
    core = asyncio.core
    kept = core.ticks, core._io_queue
    jumps = _Jumps(core.ticks())
    core.ticks = jumps.ticks
    core._io_queue = jumps
    try:
        return asyncio.run(coroutine)
    finally:
        core.ticks, core._io_queue = kept


def now_ms():
    """The loop's own time; only differences mean something."""
    if sys.implementation.name == "cpython":
        return int(asyncio.get_running_loop().time() * 1000)
    return asyncio.core.ticks()


class _Jumps:
    """In place of the loop's `IOQueue`: where that would wait for an event, time goes on."""

    map = ()

    def __init__(self, start_ms):
        self._now_ms = start_ms

    def ticks(self):
        return self._now_ms

    def wait_io_event(self, ms):
        self._now_ms += max(ms, 0)
