"""WATCH HEALTH at the DIAG console: heap, pauses and counters of a module that is watched."""

import asyncio
import gc
import sys

from host_tests.services.console_bench import Desk, framed
from host_tests.shims.expect import run

_IS_CPYTHON = sys.implementation.name == "cpython"


class SteppedClock:
    """The module's clock; whoever tests says how late it is."""

    def __init__(self):
        self.now_ms = 7000

    def uptime_ms(self):
        return self.now_ms


def lines(watch):
    return [line[2:] for line in watch.output().split("\r\n")[:-1]]


def test_heap_and_pauses():
    desk = Desk()
    desk.clock = clock = SteppedClock()

    async def main():
        watching = await desk.console.handle("WATCH HEALTH")
        assert watching == framed("Watching. WATCH alone ends it.")
        watch = desk.console.watch
        health = watch._health
        first = lines(watch)
        assert len(first) == 1 and first[0].startswith("health> 7 s, ")
        assert first[0].endswith(" bytes, 0 ms")
        # On time, 130 ms late, on time.
        for gap_ms in (20, 150, 20):
            clock.now_ms += gap_ms
            health.look()
        assert lines(watch) == []
        clock.now_ms = 12_000
        health.look()
        (line,) = lines(watch)
        assert line.startswith("health> 12 s, ") and line.endswith(" bytes, 4790 ms")
        # Each line has the longest pause since the one before.
        for gap_ms in (25, 4975):
            clock.now_ms += gap_ms
            health.look()
        (line,) = lines(watch)
        assert line.endswith(" bytes, 4955 ms")
        words = line.split(" ")
        used, size = int(words[3]), int(words[5])
        if _IS_CPYTHON:
            assert (used, size) == (0, 0)
        else:
            assert 0 < used < size and size >= gc.mem_free()
        await desk.console.handle("WATCH")

    run(main())


def test_counters_are_told_when_they_change():
    desk = Desk()
    desk.clock = clock = SteppedClock()
    for number in range(40):
        desk.status.counts["counter_%02d" % number] = number

    async def main():
        await desk.console.handle("WATCH HEALTH")
        watch = desk.console.watch
        told = []
        output = watch.output()
        while output:
            # As much as a port at 115200 baud takes without holding up the module.
            assert len(output) < 256 + 40
            told += output.split("\r\n")[:-1]
            output = watch.output()
        assert told[1:] == ["# count> counter_%02d %d" % (n, n) for n in range(40)]
        desk.status.count("counter_07")
        assert lines(watch) == []
        clock.now_ms += 5000
        watch._health.look()
        assert lines(watch)[1:] == ["count> counter_07 8"]
        await desk.console.handle("WATCH")

    run(main())


def test_it_looks_by_itself_until_it_is_stopped():
    desk = Desk()
    desk.clock = clock = SteppedClock()

    async def main():
        await desk.console.handle("WATCH HEALTH")
        health = desk.console.watch._health
        clock.now_ms += 60
        # Its task has its turn.
        await asyncio.sleep_ms(0)
        await asyncio.sleep_ms(0)
        assert health._looked_ms == 7060
        await desk.console.handle("WATCH")
        assert desk.console.watch is None
        clock.now_ms += 60
        for _ in range(5):
            await asyncio.sleep_ms(10)
        assert health._looked_ms == 7060

    run(main())
