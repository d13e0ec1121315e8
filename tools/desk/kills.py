"""Kills the module at random moments of its history traffic, and counts what reaches the server.

    python -m tools.desk.kills              200 times; 100 seconds on an idle computer
    python -m tools.desk.kills --kills 20 --seed 7

The firmware on CPython with a clock 100 times as fast, its flash, its CAN bus and the WiFi link to
the desk server. An owner at the console has battery records sent (command 206 of the Twizy guide),
each with a state of charge of its own by which it is known again. SIGKILL comes whenever it comes:
while the firmware starts, queues, writes, sends. In some lives there is no network, in others the
server cuts the connection.

Lost is a record that was queued for more than FLUSH_S seconds of the module before it was killed,
and that the server never stored. A record whose acknowledgement was under way may come twice.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import signal
import socket
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path

from tools.desk import board_host, canbus
from tools.desk.board_host import BoardHost, HostError, Wiring
from tools.desk.gps_server import GPSServer
from tools.desk.ovms.events import Event
from tools.desk.ovms.server import OvmsServer

TIME_SCALE = 100.0
# New records are in flash within so many seconds of the module.
FLUSH_S = 20
# Its seconds are counted whole, and its tasks take turns: on the desk's clock.
_LATE_S = 0.1

_START_UTC_S = 1_790_000_000
_VEHICLE, _PASSWORD = "TWIZY42", "NETPASS"
_RECORD = "RT-PWR-BattPack"
# Of its fields the state of charge in 1/100 %, of a command 200 the highest one seen.
_SERIAL_FIELD, _ANSWER_FIELD = 4, 5
# What a life lasts on the desk's clock, mostly from the first line on that the firmware prints.
_LIFE_S = (0.0, 0.8)
_PAUSE_S = (0.0, 0.8)
_STILLBORN, _NO_NETWORK, _CUT = 0.15, 0.4, 0.3
_DRAIN_LIMIT_S = 30.0
_QUIET_S = 0.5
_TICK_S = 0.01
_RESTART_S = 0.005

# Set A of the simulator built into the firmware of OVMS.X (Twizy facts 9.3).
_BATTERY = (
    (0x554, "3333333333333300"),
    (0x556, "3373353353353350"),
    (0x557, "3353353353353350"),
    (0x55E, "335334334336FFF0"),
    (0x55F, "00FE73000023E23E"),
)
_READ_SERIAL, _SEND_BATTERY, _ASK_BATTERY = "M 200", "M 206", "M 7,BATT"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Kills:
    """One module on its board, with everything around it; `run` is its whole story.

    queued: how many records. safe: serial numbers of those that must reach the server.
    received: how often the server stored each. complaints: what it found wrong.
    """

    def __init__(self, flash: Path, seed: int):
        self._dice = random.Random(seed)
        self.safe: set[int] = set()
        self.received: Counter[int] = Counter()
        self.complaints: list[str] = []
        self._serial = 1
        # Of this life: when each record was known to be queued, when the console answered last and
        # the time before. Between two answers every task of the firmware had its turn, however
        # little of the processor it got.
        self._queued_s: dict[int, float] = {}
        self._heard_s = self._heard_before_s = 0.0
        self._lines: deque[str] = deque()
        self._server = OvmsServer(
            [f"{_VEHICLE}:{_PASSWORD}"],
            http_port=None,
            utc_s=lambda: _START_UTC_S + time.monotonic() * TIME_SCALE,
            on_event=self._on_event,
        )
        self._wiring = Wiring(has_wifi=True, flash=flash, time_scale=TIME_SCALE)
        # It tells the time, for which the records of an earlier life wait.
        self._gps = GPSServer(port=_free_port(), time_scale=TIME_SCALE)
        self._gps.position(52.47, 13.39)
        self._wiring.gps = (self._gps.host, self._gps.port)
        self._host = BoardHost(
            self._wiring,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            on_output=self._lines.append,
        )

    @property
    def queued(self) -> int:
        return self._serial - 1

    @property
    def lost(self) -> list[int]:
        return sorted(self.safe - set(self.received))

    async def run(self, kills: int) -> None:
        """Kill the module `kills` times, then let it deliver. Raises HostError."""
        await self._server.start()
        await self._gps.start()
        address = f"127.0.0.1:{self._server.port}"
        self._wiring.parameters = {3: "IP", 4: address, 8: _VEHICLE, 9: _PASSWORD, 14: "RT"}
        module = None
        try:
            await self._host.start()
            module = asyncio.create_task(self._host.run())
            for left in reversed(range(kills)):
                await self._live_and_die(is_last=left == 0)
            await self._deliver()
        finally:
            if module is not None:
                module.cancel()
                await asyncio.gather(module, return_exceptions=True)
            await self._host.stop()
            await self._gps.stop()
            await self._server.stop()

    async def _live_and_die(self, is_last: bool) -> None:
        dice = self._dice
        process = await self._birth()
        feeding = asyncio.create_task(self._feed(process))
        is_stillborn = dice.random() < _STILLBORN
        while not self._lines and not is_stillborn:
            await asyncio.sleep(_TICK_S)
        killed_s = time.monotonic() + dice.uniform(*_LIFE_S)
        is_cut = dice.random() > _CUT
        while time.monotonic() < killed_s:
            await asyncio.sleep(_TICK_S)
            is_cut = is_cut or self._server.disconnect_car(_VEHICLE)
        # Of the next life.
        self._wiring.has_wifi = is_last or dice.random() > _NO_NETWORK
        process.send_signal(signal.SIGKILL)
        feeding.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await feeding
        await process.wait()
        old_s = FLUSH_S / TIME_SCALE + _LATE_S
        for serial, queued_s in self._queued_s.items():
            if self._heard_before_s - queued_s > old_s:
                self.safe.add(serial)

    async def _birth(self) -> asyncio.subprocess.Process:
        """The next process of the firmware."""
        while True:
            process = self._host.process
            if process is not None and process.returncode is None:
                self._lines.clear()
                self._queued_s.clear()
                return process
            await asyncio.sleep(_RESTART_S)

    async def _feed(self, process: asyncio.subprocess.Process) -> None:
        """Have one record after the other queued, with pauses."""
        pause_s = 0.0
        is_known = False
        while True:
            if not is_known:
                # Of a battery that the module has not heard yet there is no record.
                self._play(*_BATTERY)
                (answer,) = await self._ask(process, _ASK_BATTERY)
                is_known = "Volts:" in answer
                continue
            if time.monotonic() < pause_s:
                # A sign of life, which tells how long it went on writing.
                await self._ask(process, _READ_SERIAL)
                continue
            # Twice, as what the controller got before the driver opened it is gone. The last one
            # brings charge level, current, phase and the state of charge.
            soc = f"{self._serial << 2:04X}"
            self._play(*_BATTERY, *_BATTERY, (0x155, f"07984054{soc}006F"))
            # Asked before and after, so that we know what the record says.
            answers = await self._ask(process, _READ_SERIAL, _SEND_BATTERY, _READ_SERIAL)
            told = answers[0].split(",")[_ANSWER_FIELD : _ANSWER_FIELD + 1]
            if answers[0] == answers[2] and told == [str(self._serial)]:
                self._queued_s[self._serial] = self._heard_s
                self._serial += 1
                pause_s = self._heard_s + self._dice.uniform(*_PAUSE_S)

    async def _ask(self, process: asyncio.subprocess.Process, *lines: str) -> list[str]:
        """What the console answers to each line."""
        assert process.stdin is not None
        process.stdin.write("".join(f"{line}\r" for line in lines).encode())
        answers: list[str] = []
        while len(answers) < len(lines):
            await asyncio.sleep(_TICK_S / 2)
            while self._lines:
                line = self._lines.popleft()
                if line.startswith("# MP-0 "):
                    answers.append(line)
        self._heard_before_s, self._heard_s = self._heard_s, time.monotonic()
        return answers

    def _play(self, *frames: tuple[int, str]) -> None:
        for arbitration_id, data in frames:
            line = canbus.format_line(canbus.Frame(arbitration_id, bytes.fromhex(data)))
            self._host.bus.receive_text(line.encode() + b"\n")

    async def _deliver(self) -> None:
        """The last life, a quiet one: until everything safe has come, and no more comes."""
        limit_s = time.monotonic() + _DRAIN_LIMIT_S
        before = -1
        while self.lost or before != self.received.total():
            if time.monotonic() > limit_s:
                return
            before = self.received.total()
            await asyncio.sleep(_QUIET_S)

    def _on_event(self, event: Event) -> None:
        # Without a receiver the module guesses when its former lives were, to the second.
        if event.kind == "fault" and "same second" not in event.text:
            self.complaints.append(event.text)
        elif event.kind == "car" and event.text.startswith("h "):
            _, _, record_type, _, _, data = event.text[2:].split(",", 5)
            if record_type == _RECORD:
                self.received[int(data.split(",")[_SERIAL_FIELD])] += 1


async def kill(count: int, seed: int) -> Kills:
    """The story of a module that was killed `count` times. Raises HostError."""
    pause_s, board_host.RECONNECT_S = board_host.RECONNECT_S, _RESTART_S
    try:
        with tempfile.TemporaryDirectory() as flash:
            kills = Kills(Path(flash), seed)
            await kills.run(count)
            return kills
    finally:
        board_host.RECONNECT_S = pause_s


def main(arguments: Sequence[str] | None = None) -> int:
    """0 nothing was lost, 1 something was or the server complained, 2 it could not be tried."""
    parser = argparse.ArgumentParser(prog="python -m tools.desk.kills")
    parser.add_argument("--kills", type=int, default=200, metavar="N")
    parser.add_argument("--seed", type=int, default=20261120)
    options = parser.parse_args(arguments)
    started_s = time.monotonic()
    try:
        kills = asyncio.run(kill(options.kills, options.seed))
    except HostError as error:
        print(error, file=sys.stderr)
        return 2
    print(
        f"{options.kills} kills in {time.monotonic() - started_s:.0f} s: {kills.queued} records "
        f"queued, {len(kills.safe)} of them for more than {FLUSH_S} s; {len(kills.received)} at "
        f"the server, {kills.received.total() - len(kills.received)} sent again, "
        f"{len(kills.lost)} lost."
    )
    for serial in kills.lost:
        print(f"lost: record {serial}", file=sys.stderr)
    for complaint in kills.complaints:
        print(f"the server complains: {complaint}", file=sys.stderr)
    return 1 if kills.lost or kills.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
