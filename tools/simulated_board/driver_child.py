"""The real driver of a modem alone in a process, CPython or MicroPython, for `driver_bench.py`.

    driver_child.py MODEM N=VALUE ...     the modem, and parameters of the module

It lives as a module does: keeps a TCP connection and talks over it every few seconds, and answers
every SMS with its own text. Time is the bench's: a line on stdin and stdout for each moment.

    child   J <wanted ms> [w<hex>|p<step>|d<level>|b<rate> ...]    what it did, then waits
    bench   <now ms> <hex of received bytes or ->                  time has passed
            Q                                                      end
    child   C <counters as N=COUNT ...>
"""

import sys

sys.path[0] = ""
sys.path.insert(1, "firmware")
sys.path.insert(2, "modules")
if sys.implementation.name == "cpython":
    from tools.simulated_board import cpython

    cpython.install()

import asyncio  # noqa: E402

from ovms.links.modem.modem import Modem  # noqa: E402
from ovms.links.modem.sim800.profile import SIM800  # noqa: E402
from ovms.links.modem.sim7000.profile import SIM7000  # noqa: E402
from ovms.status import Status  # noqa: E402
from tools.simulated_board.fakes.jump_clock import JumpClock  # noqa: E402

_RETRY_MS = 5000
_TALK_MS = 4000
_SILENCE_MS = 60000
_OPEN_MS = 200000
_BUFFER = 64


class Wire:
    """The UART and the power lines, both as lines to the bench."""

    def __init__(self):
        self.done = []
        self.dtr = self
        self._pending = b""
        self._arrived = asyncio.Event()

    async def readinto(self, view):
        while not self._pending:
            self._arrived.clear()
            await self._arrived.wait()
        n = min(len(view), len(self._pending))
        view[:n] = self._pending[:n]
        self._pending = self._pending[n:]
        return n

    async def write(self, data):
        self.done.append("w" + "".join(["%02x" % byte for byte in bytes(data)]))

    def set_baudrate(self, rate):
        self.done.append("b%d" % rate)

    async def start(self, times):
        self.done.append("pon")

    async def restart(self, times):
        self.done.append("preset")

    def value(self, level):
        """The level of DTR."""
        self.done.append("d%d" % level)

    def jump(self, now_ms, to_ms):
        """Hand over to the bench, which says how late it is and what was received."""
        sys.stdout.write("J %d %s\n" % (to_ms, " ".join(self.done)))
        if hasattr(sys.stdout, "flush"):
            sys.stdout.flush()
        self.done = []
        words = sys.stdin.readline().split()
        if len(words) < 2:
            raise SystemExit
        if words[1] != "-":
            self._pending += bytes.fromhex(words[1])
            self._arrived.set()
        return int(words[0])


class Config:
    """Parameters of the command line."""

    def __init__(self, words):
        self.values = {}
        for word in words:
            number, _, text = word.partition("=")
            self.values[int(number)] = text

    def get(self, n):
        return self.values.get(n, "")

    def apply(self, changes):
        self.values.update(changes)


async def talk(modem, clock):
    """Like a server link: connect, say something now and then, connect again when it failed."""
    count = 0
    while True:
        stream = None
        try:
            stream = await clock.wait_for_ms(modem.open_tcp("server.test", 6867), _OPEN_MS)
            while True:
                count += 1
                line = b"H%d\n" % count
                await stream.write(line)
                await clock.wait_for_ms(hear(stream, line), _SILENCE_MS)
                await clock.sleep_ms(_TALK_MS)
        except (OSError, asyncio.TimeoutError):
            if stream is not None:
                await stream.close()
            await clock.sleep_ms(_RETRY_MS)


async def hear(stream, line):
    """Wait for the echo of `line`; OSError when something else comes."""
    got = b""
    view = memoryview(bytearray(_BUFFER))
    while len(got) < len(line):
        n = await stream.readinto(view)
        if not n:
            raise OSError("closed")
        got += bytes(view[:n])
    if got != line:
        raise OSError("damaged")


async def answer(modem):
    """Answer every SMS."""
    while True:
        number, text = await modem.next_sms()
        await modem.send_sms(number, "re " + text)


async def main(words):
    wire = Wire()
    clock = JumpClock(wire.jump)
    status = Status("CHILD")
    profile = {"SIM800": SIM800, "SIM7000": SIM7000}[words[0]]
    modem = Modem(profile, wire, wire, status, Config(words[1:]), None, clock)
    tasks = [
        asyncio.create_task(work) for work in (modem.run(), talk(modem, clock), answer(modem))
    ]
    try:
        await clock.run()
    finally:
        for task in tasks:
            task.cancel()
        counts = ["%s=%d" % pair for pair in status.counts.items()]
        sys.stdout.write("C " + " ".join(counts) + "\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
