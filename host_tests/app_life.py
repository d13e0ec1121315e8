"""The whole App with a modem that answers, in a time that jumps from one thing to do to the next.

CPython only. The module has no wires but the modem's: see `Life`.
"""

import asyncio
import gc
import os
import random
import time

from host_tests.fuzz import seed
from host_tests.test_app import PRESETS, Board
from ovms import app as app_module
from ovms import parameters
from ovms.links.modem import at_port

# An answer to what the modem is asked; all else is OK.
ANSWERS = {
    b"AT+CPIN?": b"+CPIN: READY",
    b"AT+CREG?": b"+CREG: 0,1",
    b"AT+CSQ": b"+CSQ: 20,0",
    b"AT+COPS?": b'+COPS: 0,0,"Net"',
    b"AT+CPMS?": b'+CPMS: "SM",0,10,"SM",0,10,"SM",0,10',
    b"AT+CGATT?": b"+CGATT: 1",
    b"AT+CFUN?": b"+CFUN: 1",
}
MINUTE_S = 60


class ResetError(BaseException):
    """The board was reset."""


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop that does not wait, but sets its clock forward."""

    def __init__(self):
        super().__init__()
        self.now_s = 0.0
        select = self._selector.select

        def jump(timeout=None):
            if timeout is None or timeout > 0:
                self.now_s += timeout or 1
            return select(0)

        self._selector.select = jump

    def time(self):
        return self.now_s


class ModemStream:
    """A SIM800 with a network, as far as it is asked; the byte stream to it.

    is_silent: it answers nothing. slow: what takes seconds to answer {command: seconds}, known by
    its beginning. on_sms: called when an SMS is to be sent, which it refuses then. texts: of those
    that it sent.
    """

    def __init__(self):
        self.sent = b""
        self.answers = b""
        self.is_silent = False
        self.slow = {}
        self.on_sms = None
        self.texts = []
        self.heard = []
        self.has_answered = asyncio.Event()

    async def write(self, data):
        self.sent += bytes(data)
        if b"\x1a" in self.sent:
            text, _, self.sent = self.sent.partition(b"\x1a")
            self.texts.append(text.decode())
            self._answer(b"+CMGS: 1")
        *lines, self.sent = self.sent.split(b"\r")
        for line in lines:
            line = line.strip()
            self.heard.append(line)
            if self.is_silent:
                continue
            pause_s = max([self.slow[head] for head in self.slow if line.startswith(head)] or [0])
            if line.startswith(b"AT+CMGS="):
                if self.on_sms is None:
                    self._say(b"\r\n> ")
                else:
                    self._say(b"\r\n+CMS ERROR: 500\r\n")
                    self.on_sms()
            elif pause_s:
                asyncio.get_running_loop().call_later(pause_s, self._answer, ANSWERS.get(line))
            else:
                self._answer(ANSWERS.get(line))

    def _answer(self, line):
        self._say((b"\r\n" + line + b"\r\n" if line else b"") + b"\r\nOK\r\n")

    def _say(self, data):
        self.answers += data
        self.has_answered.set()

    async def readinto(self, view):
        while not self.answers:
            self.has_answered.clear()
            await self.has_answered.wait()
        n = min(len(view), len(self.answers))
        view[:n] = self.answers[:n]
        self.answers = self.answers[n:]
        return n


class Watchdog:
    def __init__(self, loop):
        self.loop = loop
        self.fed_s = []

    def feed(self):
        self.fed_s.append(self.loop.now_s)


class Bus:
    """A CAN controller that works, on a bus where nobody speaks."""

    def __init__(self):
        self.opened = 0

    def open(self, *arguments):
        self.opened += 1

    def service(self):
        return 0

    def recv(self, frame):
        return False

    def state(self):
        return 1

    def check(self):
        return True

    def counts(self):
        return {}

    def sleep(self):
        return False

    def close(self):
        """Nothing to do."""

    send = restart = close


class GoodBoard(Board):
    def __init__(self, loop):
        super().__init__()
        self.dog = Watchdog(loop)
        self.modem = ModemStream()
        self.timeouts_ms = []

    def watchdog(self, timeout_ms):
        self.timeouts_ms.append(timeout_ms)
        return self.dog

    def reset(self):
        raise ResetError


class Keys:
    def poll(self, ms):
        return []


HELD = []


async def for_ever():
    """Wait for what never happens."""
    # Who waits for what nobody holds would be collected as garbage.
    HELD.append(asyncio.Event())
    await HELD[-1].wait()


class Life:
    """A module from its start on. car: parameter 14. presets: other parameters.

    tick_ms: of the second hand and of the server link; all others look less often, too.
    """

    def __init__(self, monkeypatch, folder, car="RT", presets=(), tick_ms=1000):
        monkeypatch.chdir(folder)
        self.loop = JumpingLoop()
        monkeypatch.setattr(time, "ticks_ms", lambda: int(self.loop.now_s * 1000))
        monkeypatch.setattr(time, "sleep", lambda s: None)
        # When a link tries again is chance; which chance, the seed of the run tells.
        monkeypatch.setattr(os, "urandom", random.Random(seed.current()).randbytes)
        # Once a second of each life, it would take most of the time.
        monkeypatch.setattr(gc, "collect", lambda: 0)
        self.board = GoodBoard(self.loop)
        presets = {
            **PRESETS,
            parameters.VEHICLE_TYPE: car,
            parameters.PHONE: "+4512345678",
            parameters.NOTIFY: "SMSIP",
            parameters.APN: "net",
            **dict(presets),
        }
        monkeypatch.setattr(app_module, "_TICK_MS", tick_ms)
        # Nobody looks a hundred times a second whether there is something to do.
        monkeypatch.setattr(at_port, "_LOOK_MS", tick_ms // 4)
        monkeypatch.setattr(app_module, "_CONSOLE_POLL_MS", tick_ms)
        self.app = app = app_module.App(self.board, presets)
        app._console_keys = Keys
        if not app.is_safe:
            app.bus = app.can._bus = Bus()
        app.can._poll_ms = tick_ms // 2
        sleep_ms = app.server.sleep_ms
        app.server.sleep_ms = lambda ms: sleep_ms(ms and max(ms, tick_ms))
        if app.modem.port:
            app.modem.port.uart = self.board.modem
        app.gps_uart.readinto = lambda view: for_ever()
        self.ended_s = None

    def at(self, seconds, function):
        """Call `function` at that time."""
        self.loop.call_at(seconds, function)

    def run(self, seconds):
        """Live so long; the text of what ended it before, "" for nothing."""

        async def live():
            try:
                await asyncio.wait_for(self.app.run(), seconds)
            except TimeoutError:
                return ""
            except (RuntimeError, asyncio.CancelledError) as error:
                self.ended_s = self.loop.now_s
                return str(error) or type(error).__name__

        try:
            return self.loop.run_until_complete(live())
        finally:
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.close()

    def task(self, name):
        """The task that keeps the part `name`."""
        (task,) = (
            task
            for task in asyncio.all_tasks(self.loop)
            if task.get_coro().__qualname__ == "App.keep"
            and task.get_coro().cr_frame.f_locals["name"] == name
        )
        return task

    def replace(self, name, run):
        """Let `run` be what the task `name` does."""
        self.app.tasks = tuple((n, run if n == name else r) for n, r in self.app.tasks)
