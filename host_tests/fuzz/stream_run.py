"""Random UART streams against the modem driver in all its states, and what it does after them."""

import asyncio

from host_tests.fuzz import jumping_time
from host_tests.fuzz.peer import JudgingModem, known_commands
from host_tests.fuzz.rng import Rng
from host_tests.fuzz.sms import random_message
from host_tests.links.modem.modem_bench import Config
from ovms.links.modem.modem import Modem
from ovms.links.modem.sim800.profile import SIM800
from ovms.status import NET_READY, Status

BATCH = 25
_PIECES = (
    b"\r\n",
    b"\r\nOK\r\n",
    b"\r\nERROR\r\n",
    b"\r\n+CME ERROR: 10\r\n",
    b"\r\n+CMS ERROR: 500\r\n",
    b"\r\n> ",
    b">",
    b"+IPD,4:",
    b"+IPD,1460:",
    b"\r\n+IPD,99999:x",
    b"AT+CMGR=1\r",
    b"ATE0\r\r\n",
    b'\r\n+CMT: "+49151","","26/08/24,10:20:30+08",145,4,0,0,"+49",145,9\r\nVERSION ?\r\n',
    b'\r\n+CMT: "x\r\n',
    b'\r\n+CMGR: "REC UNREAD","+49151","","26/08/24,10:20:30+08",145,68,0,8,"+49",145,400\r\n00',
    b'\r\n+CUSD: 0,"ab',
    b'\r\n+CUSD: 1,"1 EUR",15\r\n',
    b"\r\n+CREG: 1\r\n",
    b"\r\n+CREG: 0\r\n",
    b'\r\n+CREG: 2,5,"1A2B","3C4D"\r\n',
    b"\r\n+CSQ: 99,0\r\n",
    b"\r\n+CIPRXGET: 1\r\n",
    b"\r\n+CIPRXGET: 2,9,1\r\n123456789",
    b"\r\n+CIPRXGET: 2,1460,99999\r\n",
    b'\r\n+CMTI: "SM",3\r\n',
    b'\r\n+CMTI: "SM",999999999999\r\n',
    b'\r\n+CPMS: "SM",30,30\r\n',
    b'\r\n*PSUTTZ: 2026,8,24,8,53,20,"+8",1\r\n',
    b'\r\n+CCLK: "04/01/01,00:00:00+00"\r\n',
    b"\r\n+PDP: DEACT\r\n",
    b"\r\nCLOSED\r\n",
    b"\r\nCONNECT OK\r\n",
    b"\r\nCONNECT FAIL\r\n",
    b"\r\nSEND OK\r\n",
    b"\r\nSEND FAIL\r\n",
    b"\r\nRDY\r\n",
    b"\r\n+CFUN: 1\r\n",
    b"\r\n+CPIN: NOT READY\r\n",
    b"\r\nCall Ready\r\n",
    b"\r\nSMS Ready\r\n",
    b"\r\nNORMAL POWER DOWN\r\n",
    b"\r\nUNDER-VOLTAGE WARNNING\r\n",
    b'\r\nRING\r\n\r\n+CLIP: "+49151",145,"",0,"",0\r\n',
    b"\r\n10.178.45.9\r\n",
    b"\r\nSTATE: IP STATUS\r\n",
    b"\x00IIII\xff\xff\xff",
    b"\xf0\xf0",
)
_PAUSES_MS = (0, 0, 0, 10, 60, 300, 1200)
_TEXT = "Not charging, SOC: 79%"
_SEGMENT = b"some bytes for the server\r\n"
# The longest that a module has to be back after a fault, and that a caller may wait.
_BACK_MS = 5 * 60 * 1000
_WAIT_MS = 6 * 60 * 1000


class NoisyModem(JudgingModem):
    """noise: how many of the next answers and lines suffer on the way to the driver."""

    def __init__(self, known, rng):
        super().__init__(known, rng.chance(70), rng.pick((4096, 4096, 4096, 16)))
        self.rng = rng
        self.noise = 0
        self.heard = []
        self._deliver = self.wire.deliver
        self.wire.deliver = self._suffer

    def _suffer(self, data):
        rng = self.rng
        if self.noise:
            self.noise -= 1
            kind = rng.below(8)
            if kind < 2:
                data = rng.damaged(data)
            elif kind == 2:
                data = b""
            elif kind == 3:
                data = data + data
            elif kind == 4:
                data = rng.pick(_PIECES) + data
            elif kind == 5:
                data = data + rng.pick(_PIECES)
            elif kind == 6:
                at = rng.below(len(data) + 1)
                data = data[:at] + rng.pick(_PIECES) + data[at:]
        self.heard.append(data)
        del self.heard[:-40]
        self._deliver(data)

    def _on_write(self, data):
        if self.fault is None:
            self.fault = self._write_fault(data)
        self.heard.append(data)
        super()._on_write(data)

    def _write_fault(self, data):
        if data.startswith(b"AT"):
            if data[-1:] != b"\r":
                return "no line end: %r" % data
            return super()._judged(data[:-1].decode())
        if data in (_SEGMENT, _TEXT.encode() + b"\x1a") or not data.strip(b"\r\x1b"):
            return None
        return "unknown bytes %r" % data

    def _judged(self, text):
        # A payload behind a prompt that was noise: the driver could not know.
        return None

    def _judge_payload(self, data):
        # Whose prompt it was the driver cannot always know.
        pass

    def _answer(self, text):
        try:
            super()._answer(text)
        except ValueError:
            # Two lines in one, after such a payload.
            self.wire.deliver(b"\r\nERROR\r\n")


class Life:
    """A driver and its modem; `play` does one stream."""

    def __init__(self, rng, known):
        self.rng = rng
        self.peer = NoisyModem(known, rng)
        self.status = Status("FUZZ")
        self.modem = Modem(SIM800, self.peer.wire, None, self.status, Config())
        self.received = 0
        self._tasks = []

    async def start(self):
        self._tasks = [
            asyncio.create_task(self.modem.run()),
            asyncio.create_task(self._receive()),
        ]
        await self._back()

    async def stop(self):
        for task in self._tasks:
            task.cancel()
        await asyncio.sleep_ms(1)

    async def _receive(self):
        while True:
            while not self.modem.queue:
                await asyncio.sleep_ms(3000)
            number, text = await self.modem.next_sms()
            assert isinstance(number, str) and isinstance(text, str)
            self.received += 1

    def _is_up(self):
        modem = self.modem
        status = self.status
        return (
            modem.port.is_up
            and not modem.fault
            and status.is_registered
            and status.net_state == NET_READY
        )

    async def _back(self):
        """Wait until the driver is ready and a command goes through, as long as it may take."""
        left_ms = _BACK_MS
        while True:
            assert left_ms > 0, "not back in time"
            for task in self._tasks:
                assert not task.done(), "a task has ended"
            if self._is_up():
                answer = None
                try:
                    answer = await self.modem.command("AT+CSQ")
                except OSError:
                    left_ms -= 1000
                if answer == "+CSQ: 17,0\nOK" and self._is_up():
                    return
            await asyncio.sleep_ms(1000)
            left_ms -= 1000

    async def play(self):
        """One stream in one state, then peace: the driver has to be ready again."""
        rng = self.rng
        modem = self.modem
        act = rng.pick(_STATES)
        work = asyncio.create_task(_guarded(act(self)))
        self.peer.noise = rng.below(6)
        await asyncio.sleep_ms(rng.pick(_PAUSES_MS))
        for chunk in self._chunks():
            self.peer.heard.append(chunk)
            self.peer._deliver(chunk)
            await asyncio.sleep_ms(rng.pick(_PAUSES_MS))
            # Six that were pushed, and one that was read from the store and is nowhere else.
            assert len(modem.queue) <= 7 and len(modem.announced) <= 6
            assert len(modem.port._lines or ()) <= 25
            stream = modem.profile.stream
            assert stream is None or len(stream.pushed) <= 2048
        self.peer.noise = 0
        left_ms = _WAIT_MS
        while not work.done():
            assert left_ms > 0, "the caller still waits"
            await asyncio.sleep_ms(1000)
            left_ms -= 1000
        error = await work
        if error is not None:
            raise error
        await self._back()
        assert self.peer.fault is None, self.peer.fault
        assert len(self.status.counts) < 60
        # As after five good minutes, which would take too long to live through.
        modem.failures = 0

    def _chunks(self):
        rng = self.rng
        kind = rng.below(4)
        if kind == 0:
            return [rng.data(60) for _ in range(rng.below(4))]
        chunks = []
        for _ in range(rng.below(7)):
            piece = rng.pick(_PIECES)
            if rng.chance(25):
                piece = rng.damaged(piece)
            if rng.chance(5):
                piece = piece * rng.below(40)
            chunks.append(rng.data(9) if rng.chance(10) else piece)
        return chunks

    async def idle(self):
        await asyncio.sleep_ms(10)

    async def restart(self):
        self.modem.restart()
        await asyncio.sleep_ms(6000)

    async def send_sms(self):
        await self.modem.send_sms("+4915112345678", _TEXT)

    async def fetch_sms(self):
        self.peer.deliver(random_message(self.rng), True)
        await asyncio.sleep_ms(500)

    async def ask(self):
        await self.modem.command("AT+CCLK?")

    async def ussd(self):
        await self.modem.ussd("*100#")

    async def poll(self):
        self.modem.has_news = self.modem.is_ringing = True
        await asyncio.sleep_ms(300)

    async def connect(self):
        stream = await self.modem.open_tcp("server.example.org", 6867)
        view = memoryview(bytearray(100))
        for _ in range(3):
            await stream.write(_SEGMENT)
            self.peer.receive(b"an answer of the server\r\n")
            n = await asyncio.wait_for_ms(stream.readinto(view), 20000)
            assert 0 <= n <= len(view)
            if not n:
                break
        await stream.close()


_STATES = (
    Life.idle,
    Life.idle,
    Life.restart,
    Life.send_sms,
    Life.fetch_sms,
    Life.ask,
    Life.ussd,
    Life.poll,
    Life.connect,
    Life.connect,
)


async def _guarded(work):
    """The exception by which `work` ended, None for one that its caller has to expect."""
    try:
        await work
    except (OSError, asyncio.TimeoutError):
        return None
    except Exception as error:
        return error
    return None


async def _live(rng, count, known):
    life = Life(rng, known)
    await life.start()
    try:
        for _ in range(count):
            life.peer.heard.clear()
            try:
                await life.play()
            except AssertionError as error:
                # What to repeat it with.
                told = "%r after %s %s" % (error, life.peer.heard, life.status.counts)
                raise AssertionError(told) from None
    finally:
        await life.stop()
    return life.received


def run(seed, count, between=None):
    """`count` random streams; returns how many SMS were understood. between: after each BATCH."""
    known = known_commands()
    received = 0
    for batch in range(0, count, BATCH):
        rng = Rng(seed + batch)
        try:
            received += jumping_time.run(_live(rng, min(BATCH, count - batch), known))
        except Exception as error:
            raise AssertionError("seed %d: %r" % (seed + batch, error)) from error
        if between:
            between()
    return received
