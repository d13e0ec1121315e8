"""Random lines of a server: through the session engine, and through link and services."""

import asyncio

from host_tests.fuzz import jumping_time
from host_tests.fuzz.rng import Rng
from host_tests.links.server_module import SETTINGS, SMSService
from ovms.config import Config
from ovms.links.server_link import ServerLink
from ovms.parameters import NOTIFY
from ovms.protocol.errors import RemoteProtocolError
from ovms.protocol.v2 import session as v2
from ovms.services.commander import Commander
from ovms.services.conversation import Conversation
from ovms.services.reporter import Reporter
from ovms.status import Status
from ovms.vehicle.base import Vehicle
from ovms.vehicle.state import VehicleState
from tools.simulated_board.fakes.memory_store import MemoryStore
from tools.simulated_board.fakes.v2_server import Server

BATCH = 250
# Streams, of some ten lines, in the life of one link.
LIFE = 10
_LINES = (
    b"",
    b"\r",
    b"\x00\x00",
    b"MP-S",
    b"MP-S 0",
    b"MP-S 0 x y",
    b"MP-S 1 a b c",
    b"MP-S 9 a b",
    b"MP-S 0 QWERTYuiopASDFGHjkl012 iiq+HnKZJA/gFfRKN+XlHg==",
    b"MP-0 A",
    b"AP-X",
    b"====",
    b"A",
    b"AAAA",
    b"TVAtMCBB",
    b"HTTP/1.1 400 Bad Request",
    b"-99999999999999999999",
    b"\xff" * 9,
)
_PAYLOADS = (
    "A",
    "a",
    "a" * 500,
    "Z",
    "Z-1",
    "Z99999999999999999999",
    "Z1",
    "Zx",
    "h",
    "h0",
    "h99999999999999999999",
    "E",
    "ET",
    "EM",
    "EMC",
    "EMC====",
    "EMA1",
    "C",
    "C,",
    "C0",
    "C1",
    "C1,2,3",
    "C3",
    "C2,16,1",
    "C2,x",
    "C4,31",
    "C4,99,x",
    "C4,0,",
    "C6",
    "C7,STAT",
    "C11,9",
    "C40,+49151,hi",
    "C49,ATZ",
    "C201",
    "C99999999999",
    "C-1",
    "C 1",
    "\u0416" * 40,
    "S1,2,3",
    "f0",
    "\x00",
    ",",
)
_BACK_MS = 10 * 60 * 1000


def _garbage(rng):
    """A line (bytes) without its end, or what never gets one."""
    kind = rng.below(8)
    if kind < 4:
        line = rng.pick(_LINES)
        return rng.damaged(line) if rng.chance(30) else line
    if kind == 4:
        return rng.data(60)
    if kind == 5:
        return rng.data(20) * rng.below(80)
    return bytes([rng.pick(b"ABCxyz019+/= ") for _ in range(rng.below(90))])


def engine(seed, count, between=None):
    """`count` random lines to session engines in all states; returns how many were refused."""
    refused = 0
    session = v2.Session(bytes)
    for batch in range(0, count, BATCH):
        rng = Rng(seed + batch)
        for _ in range(min(BATCH, count - batch)):
            session.reset()
            is_open = rng.chance(50)
            if rng.chance(90):
                session.welcome("CAR", "secret", "me" if is_open else "")
            stream = b"MP-S 1 me CAR CAR\r\n" if is_open and rng.chance(70) else b""
            for _ in range(1 + rng.below(3)):
                stream += _garbage(rng) + rng.pick((b"\r\n", b"\r\n", b"\n", b""))
            refused += _is_refused(session, stream, rng)
        if between:
            between()
    return refused


def _is_refused(session, stream, rng):
    at = 0
    try:
        while at < len(stream):
            n = min(len(stream) - at, 1 + rng.below(300))
            session.receive(memoryview(stream)[at : at + n], n)
            at += n
            # Each event takes a line, and a piece has at most as many lines as bytes.
            left = n + 1
            while session.next_event() != v2.NEED_DATA:
                left -= 1
                assert left, "events without end"
    except RemoteProtocolError as error:
        assert session.state == v2.FAILED and error.reason.replace("_", "").isalpha()
        return 1
    assert session.state != v2.FAILED
    return 0


class _Clock:
    """`uptime_s` and `sleep_ms` of the loop's own time."""

    def __init__(self):
        self._started_ms = jumping_time.now_ms()

    def uptime_s(self):
        return (jumping_time.now_ms() - self._started_ms) // 1000

    async def sleep_ms(self, ms):
        await asyncio.sleep_ms(ms)


class Life:
    """A module that talks to a server gone mad now and then."""

    def __init__(self, rng):
        self.rng = rng
        self.config = Config(MemoryStore())
        self.status = Status("FUZZ")
        clock = _Clock()
        state = VehicleState()
        car = Vehicle(state, self.config)
        commander = Commander(car, self.config, self.status, SMSService(), None)
        reporter = Reporter(state, self.config, self.status, car)
        outbox = Conversation(self.config, self.status, reporter, commander, bytes)
        self.server = Server(piece=rng.pick((1000, 1000, 40)))
        self._restore()
        self.link = ServerLink(
            self.server.open_stream,
            v2.Session(bytes),
            outbox,
            self.config,
            self.status,
            clock,
            bytes,
            clock.sleep_ms,
        )
        self._tasks = [
            asyncio.create_task(self.link.run()),
            asyncio.create_task(commander.run()),
        ]

    def _restore(self):
        """The settings, which the commands of a server may change, and patience."""
        self.config.apply(SETTINGS)
        self.config.set(NOTIFY, "IP")
        self.server.is_mute = False

    async def stop(self):
        for task in self._tasks:
            task.cancel()
        await asyncio.sleep_ms(1000)

    async def back(self):
        """Until the module is logged in and answers a ping."""
        left_ms = _BACK_MS
        pinged = None
        while True:
            assert left_ms > 0, "not back in time"
            for task in self._tasks:
                assert not task.done(), "a task has ended"
            if self.status.is_server_connected:
                connection = self.server.last
                if "a" in [line[0] for line in connection.take_lines() if line]:
                    return
                if pinged is not connection:
                    pinged = connection
                    connection.say("A")
            await asyncio.sleep_ms(1000)
            left_ms -= 1000

    async def play(self):
        """One stream of random lines, then a server as it should be."""
        rng = self.rng
        connection = self.server.last
        if rng.chance(15):
            # Before the welcome.
            self.server.is_mute = True
            connection.hang_up()
            await asyncio.sleep_ms(400000)
            connection = self.server.last
        for _ in range(rng.below(20)):
            kind = rng.below(20)
            if connection.is_closed:
                break
            if kind == 0:
                connection.hang_up()
            elif kind == 1:
                connection.fail(OSError("lost"))
            elif kind < 5 or not self.status.is_server_connected:
                connection.say_raw(_garbage(rng) + rng.pick((b"\r\n", b"\n", b"")))
            else:
                connection.say(rng.pick(_PAYLOADS))
            await asyncio.sleep_ms(rng.pick((0, 1, 300, 2000)))
        self._restore()
        # As after an hour without a fault.
        self.link.failures = self.link.refusals = 0
        await self.back()
        del self.server.connections[:-1]
        del self.server.attempts[:]
        self.server.last.writes.clear()
        assert len(self.status.counts) < 40


async def _live(rng, count):
    life = Life(rng)
    try:
        await life.back()
        for _ in range(count):
            await life.play()
    finally:
        await life.stop()
    return life.status.counts.get("protocol_errors", 0)


def link(seed, count, between=None):
    """`count` random streams of some ten lines; returns how many connections they ended."""
    ended = 0
    for first in range(0, count, LIFE):
        ended += jumping_time.run(_live(Rng(seed + first), min(LIFE, count - first)))
        if between:
            between()
    return ended
