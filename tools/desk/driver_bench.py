"""The real driver of a modem against the simulated modem, both on one virtual clock.

The driver runs in a process of its own (`driver_child.py`), so that it may be CPython or a
MicroPython VM. Its TCP connections end here and echo every line; a phone writes SMS.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from tools import vm
from tools.desk.modem.fault_switches import apply_fault
from tools.desk.modem.profile import Profile
from tools.desk.modem.rig import NUMBER, FakeConnection, Rig

CPYTHON, MICROPYTHON = "CPython", "MicroPython"
_PARAMETERS = {3: "SMSIP", 4: "server.test", 5: "internet"}
_HEAP_KIB = 1024
_CHILD = "tools/simulated_board/driver_child.py"
_SMS_RETRY_MS = 60_000
_ESCAPE = b"\x1b"
# From the hardest on; what the driver writes in each.
_STEPS = (
    ("modem restart", b"AT+CFUN=1,1"),
    ("set up anew", b"AT+CMEE=2"),
    ("PDP", b"AT+CIPSHUT"),
    ("PDP", b"AT+CNACT=1"),
    ("reconnect", b"AT+CIPSTART="),
    ("reconnect", b"AT+CAOPEN="),
)
_SENDS = {"SIM800": b"AT+CIPSEND=", "SIM7000": b"AT+CASEND="}


def hardest_step(sent: bytes) -> str:
    """The hardest step of the recovery ladder in what the driver wrote, "" for none."""
    return next((step for step, text in _STEPS if text in sent), "")


class _EchoConnection(FakeConnection):
    """The server: sends every line back, and counts those that prove that it was heard."""

    def __init__(self, events, bench):
        super().__init__(events)
        self._bench = bench
        self._line = b""

    def send(self, data):
        super().send(data)
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            self._bench.exchanges += 1
            self.events.on_data(line + b"\n")


class DriverBench:
    """Use as a context manager. runtime: CPYTHON or MICROPYTHON. profile: of the modem.

    is_on: whether the modem already runs. parameters: of the module, beside the usual ones.
    exchanges: lines that reached the server. sent: all that the driver wrote.
    """

    def __init__(
        self,
        runtime: str,
        profile: Profile | None = None,
        is_on: bool = False,
        parameters: dict[int, str] | None = None,
    ):
        self.rig = Rig(profile)
        setattr(self.rig.dialler, "connect", self._connect)  # noqa: B010
        self.exchanges = 0
        self.sent = b""
        self.power_steps: list[str] = []
        self.counts: dict[str, int] = {}
        self._marker = self._first_marker = 0
        if is_on:
            self.rig.boot(echo=1)
        self._sends = _SENDS[self.rig.profile.dialect]
        words = [self.rig.profile.dialect]
        words += [f"{n}={text}" for n, text in (_PARAMETERS | (parameters or {})).items()]
        interpreter = (
            [sys.executable] if runtime == CPYTHON else vm.command(32, heap_kib=_HEAP_KIB)
        )
        self._process = subprocess.Popen(
            [*interpreter, _CHILD, *words],
            cwd=vm.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._wanted_ms = self._receive()

    def __enter__(self) -> DriverBench:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def now_ms(self) -> float:
        return self.rig.scheduler.now_ms()

    def fault(self, name: str, *values) -> None:
        """Switch a fault of `fault_switches`."""
        apply_fault(self.rig.modem, name, *values)

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end_ms = self.now_ms + seconds * 1000
        self.until(lambda: self.now_ms >= end_ms, seconds + 1)

    def until(self, is_done: Callable[[], bool], limit_s: float) -> bool:
        """Let time pass until `is_done()`; False when it was not in time."""
        end_ms = self.now_ms + limit_s * 1000
        while not is_done():
            if self.now_ms >= end_ms:
                return False
            self._turn()
        return True

    def until_well(self, limit_s: float) -> float | None:
        """Seconds until TCP carries data and an SMS is answered, None if that is not in time."""
        start_ms = self.now_ms
        seen = self.exchanges
        # Two: the first may have been under way.
        has_talked = self.until(lambda: self.exchanges >= seen + 2, limit_s)
        left_s = limit_s - (self.now_ms - start_ms) / 1000
        if not has_talked or not self._answers(left_s):
            return None
        return (self.now_ms - start_ms) / 1000

    def mark(self) -> tuple[int, int, int, int]:
        """Where `step_since` begins to look."""
        return len(self.sent), len(self.power_steps), self.exchanges, len(self.rig.messages)

    def step_since(self, mark: tuple[int, int, int, int]) -> str:
        """The hardest step of the recovery ladder that the driver took, "" for none."""
        sent = self.sent[mark[0] :]
        power = self.power_steps[mark[1] :]
        if power:
            return "power key" if "lines" not in power else "power lines"
        step = hardest_step(sent)
        if step:
            return step
        is_repeated = (
            _ESCAPE in sent
            or sent.count(b"AT+CMGS=") > len(self.rig.messages) - mark[3]
            or sent.count(self._sends) > self.exchanges - mark[2] + 1
        )
        return "resend" if is_repeated else ""

    def stop(self) -> None:
        """End the driver and read its counters."""
        process = self._process
        if process.stdin is not None and not process.stdin.closed:
            try:
                process.stdin.write(b"Q\n")
                process.stdin.close()
            except BrokenPipeError:
                pass
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith(b"C "):
                    pairs = (word.partition("=") for word in line.decode().split()[1:])
                    self.counts = {name: int(count) for name, _, count in pairs}
            process.stdout.close()
            process.wait(10)

    def _answers(self, limit_s: float) -> bool:
        end_ms = self.now_ms + limit_s * 1000
        self._first_marker = self._marker + 1
        while self.now_ms < end_ms:
            self._marker += 1
            self.rig.modem.sms.submit(NUMBER, f"ping {self._marker}")
            wait_s = min(_SMS_RETRY_MS, end_ms - self.now_ms) / 1000
            if self.until(self._has_reply, wait_s):
                return True
        return False

    def _has_reply(self) -> bool:
        """Whether one of the phone's last messages was answered."""
        replies = [f"re ping {n}" for n in range(self._first_marker, self._marker + 1)]
        return any(message.text in replies for message in self.rig.messages)

    def _connect(self, host, port, events):
        connection = _EchoConnection(events, self)
        self.rig.dialler.connections.append(connection)
        events.on_connected("192.0.2.1")
        return connection

    def _turn(self) -> None:
        """One moment: the modem's time up to what the driver waits for, or to its next bytes."""
        rig = self.rig
        while not rig.chunks and self.now_ms < self._wanted_ms:
            rig.scheduler.advance_to_event(self._wanted_ms - self.now_ms)
        data = rig.take()
        assert self._process.stdin is not None
        self._process.stdin.write(b"%d %s\n" % (self.now_ms, data.hex().encode() or b"-"))
        self._process.stdin.flush()
        self._wanted_ms = self._receive()

    def _receive(self) -> float:
        assert self._process.stdout is not None
        words = self._process.stdout.readline().split()
        if len(words) < 2 or words[0] != b"J":
            raise RuntimeError(f"The driver ended: {words!r}")
        for word in words[2:]:
            self._do(word[:1], word[1:])
        return float(words[1])

    def _do(self, kind: bytes, value: bytes) -> None:
        modem = self.rig.modem
        if kind == b"w":
            data = bytes.fromhex(value.decode())
            self.sent += data
            modem.feed(data)
        elif kind == b"b":
            modem.line.host_baud = int(value)
        elif kind == b"d":
            modem.dtr_high = value == b"1"
        elif value == b"on":
            self.power_steps.append("key")
            modem.pwrkey_pulse()
        else:
            self.power_steps.append("lines")
            modem.power_off()
            modem.power_on()
