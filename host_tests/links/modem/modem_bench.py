"""A `Modem` on a `FakeModem` and a clock that runs by itself, for the tests of the driver."""

import asyncio

from host_tests.fakes.turn_clock import TurnClock
from host_tests.shims.expect import run
from ovms.links.modem.modem import Modem
from ovms.links.modem.sim800.profile import SIM800
from ovms.status import NET_READY, Status
from tools.simulated_board.fakes.at_peer import FakeModem

NOTIFY = 3
SERVER = 4
APN = 5
APN_USER = 6
APN_PASSWORD = 7
VEHICLE_ID = 8
SERVER_PASSWORD = 9
GSM_LOCK = 13
DNS = 22
SIM_PIN = 32
ROAMING = 33


class Config:
    """The parameters a modem reads, and one that it writes."""

    def __init__(self):
        self.values = {NOTIFY: "SMSIP", SERVER: "server.example.org", APN: "internet"}

    def get(self, n):
        return self.values.get(n, "")

    def apply(self, changes):
        self.values.update(changes)


class Power:
    """Counts what the driver does with the power lines; `on_pulse()` is the modem's reaction.

    times: what the driver said of the last start.
    """

    def __init__(self):
        self.log = []
        self.on_pulse = lambda: None

    async def start(self, times):
        self.times = times
        self.log.append("on")
        self.on_pulse()

    async def restart(self, times):
        self.log.append("reset")
        self.on_pulse()


class Bench:
    """fake: FakeModem. modem: the driver. Times are of `clock`."""

    def __init__(self, piece, clock=None, profile=SIM800, fake=FakeModem):
        self.fake = fake(piece)
        self.power = Power()
        self.status = Status("BENCH")
        self.config = Config()
        self.times = []
        self.clock = clock or TurnClock()
        self.modem = Modem(
            profile,
            self.fake.wire,
            self.power,
            self.status,
            self.config,
            self.times.append,
            self.clock,
        )
        self._tasks = []

    def start(self):
        self._tasks = [
            asyncio.create_task(self.clock.run()),
            asyncio.create_task(self.modem.run()),
        ]

    async def stop(self):
        for task in self._tasks:
            task.cancel()
        await asyncio.sleep_ms(0)

    async def up(self, timeout_ms=120000):
        """Start, if that was not done, and wait until the modem is ready and has polled once."""
        if not self._tasks:
            self.start()
        assert await self.until(self.is_up, timeout_ms), self.fake.sent
        polls = self.fake.count("AT+CCLK?")
        assert await self.until(lambda: self.fake.count("AT+CCLK?") > polls, 70000)
        await self.idle(2000)

    def is_up(self):
        return self.status.net_state == NET_READY and self.status.is_registered

    async def until(self, condition, timeout_ms=60000):
        return await self.clock.until(condition, timeout_ms)

    async def wait(self, awaitable, timeout_ms=60000):
        return await self.clock.wait_for_ms(awaitable, timeout_ms)

    async def idle(self, ms):
        await self.clock.sleep_ms(ms)

    async def connect(self):
        """Up and connected; returns the stream."""
        await self.up()
        return await self.wait(self.modem.open_tcp("server.example.org", 6867))


def on_bench(scenario, pieces=(4096, 1), new_clock=TurnClock, profile=SIM800, fake=FakeModem):
    """Run `scenario(bench)` once for every size of the pieces in which bytes arrive."""
    for piece in pieces:
        run(_limited(scenario, Bench(piece, new_clock(), profile, fake)), 30000)


def on_each(inputs, scenario, pieces=(4096,)):
    """Run `scenario(bench, *values)` on a bench of its own for every tuple of `inputs`."""
    for values in inputs:
        on_bench(lambda bench, values=values: scenario(bench, *values), pieces)


async def _limited(scenario, bench):
    try:
        await scenario(bench)
    finally:
        await bench.stop()


async def joined(task):
    """Result of `task`, as a coroutine that can be waited for."""
    return await task


async def read_all(bench, stream, length, timeout_ms=30000):
    """`length` bytes of `stream`, or fewer when it ends."""
    got = b""
    buffer = bytearray(100)
    while len(got) < length:
        n = await bench.wait(stream.readinto(memoryview(buffer)), timeout_ms)
        if n == 0:
            break
        got += bytes(buffer[:n])
    return got


async def fails(bench, awaitable, error=OSError):
    """The `error` that awaiting raises; fails when there is none."""
    try:
        await bench.wait(awaitable, 400000)
    except error as raised:
        return raised
    raise AssertionError("nothing was raised")
