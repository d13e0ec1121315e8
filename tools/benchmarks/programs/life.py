"""Runs on the 32-bit VM: the whole module through SMS, a drive and a charge, turn by turn.

    life.main(MODE, HEAP_BYTES, TAKEN_BYTES) in the compiled tree; the working folder is the
    module's flash; `tape` lies there (`tools/benchmarks/day/tape.py`)

Unlike in `host_tests/day`, modem and server link are the module's own: `at_peer.py` is the SIM800
at the UART, `v2_server.py` the server, with an app connected. Time is virtual, and what belongs to
these stand-ins is not counted. HEAP_BYTES: what the module has; the VM's heap is larger by the
stand-ins. TAKEN_BYTES: what importing them took.

A turn is what a task does from one `await` that waits to the next. Prints in each mode `MARK` with
a mark of the tape, and `SMS` with the number of modules loaded from the announcement of an SMS to
its answer, and its text. Mode COUNT: at the end of each turn callgrind writes its count to its
log, and here stands `TURN`, the task, what was loaded (comma between) and how many files were
opened. Mode LOADS: the same without counts, of those turns that loaded something. Mode STACK:
`STACK`, the deepest use of the C stack so far, when it has become deeper, and what was loaded in
that turn. Mode MODULES: no tape; the file `names` holds the modules of the shelf, and each is
loaded between two counts of callgrind: `LOAD`, its name, and all that came with it. At the end
`COUNTS`, the module's counters of things gone wrong.
"""

import asyncio
import asyncio.core
import builtins
import gc
import struct
import sys
import time

import at_peer
import day_child
import machine_calls
import micropython
import v2_server

COUNT, STACK, LOADS, MODULES = "count", "stack", "loads", "modules"
OWNER = day_child.OWNER
_LINK_PERIOD_MS = 100
_LOOK_MS = 50
# Where no frames come, time passes in steps of at least this.
_PARKED_MS = 250
_REPLACED = ("gps", "can", "console")
_PAINTED_BYTES = 48 * 1024
# What a module's heap may grow to: `firmware/ovms/broom.py`.
_HEAP_MAX_BYTES = 112_000
_PATIENCE_S = 60
# The buffer for a path that each import has on the stack: 4096 bytes on Unix, 128 on an ESP32.
_PATH_BYTES = 4096 - 128
# So far below what was deepest it is looked for what is deeper, where nothing was loaded.
_LOOK_BYTES = 1024
# Ahead of the VM's own clock, by which new tasks get their turn.
_LEAD_MS = 10_000_000


class Board(day_child.Board):
    def feed(self):
        """The watchdog's; nothing else is done here that a module would not do."""


class Bus(day_child.Bus):
    """The tape's frames, uncounted: they stand for the SPI bus."""

    def recv(self, frame):
        machine_calls.toggle()
        try:
            return super().recv(frame)
        finally:
            machine_calls.toggle()


class Wire(at_peer.Wire):
    """The modem's UART. What the modem does with a command is not counted."""

    async def write(self, data):
        machine_calls.toggle()
        try:
            self._on_write(bytes(data))
        finally:
            machine_calls.toggle()


class Modem(at_peer.FakeModem):
    """A SIM800 whose network sends SMS and whose socket leads to `server`."""

    def __init__(self, server, on_reply):
        super().__init__()
        self.wire = Wire(self._on_write)
        self._server = server
        self._on_reply = on_reply
        self.send_answer = self._sent
        self.sms_answer = self._replied
        self._connection = None

    def bring(self, text):
        """An SMS of the owner arrives."""
        head = '+CMGR: "REC UNREAD","%s","","26/08/24,10:53:21+08"' % OWNER
        self.answers["AT+CMGR=1"] = [
            ("\r\n%s\r\n%s\r\n\r\nOK\r\n" % (head, text)).encode(),
            b"\r\nOK\r\n",
        ]
        self.urc('+CMTI: "SM",1')

    def _answer(self, text):
        # Kept by the stand-in for tests only.
        del self.sent[:]
        if text.startswith("AT+CIPSTART="):
            self._connection = v2_server.Connection(self._server, 1000)
            self._server.connections[:] = [self._connection]
        super()._answer(text)

    def _sent(self):
        connection = self._connection
        connection._from_car += self.payloads.pop()
        self._hear(connection)
        return b"\r\nSEND OK\r\n"

    def _hear(self, connection):
        while b"\r\n" in connection._from_car:
            end = connection._from_car.index(b"\r\n")
            line = connection._from_car[:end]
            connection._from_car = connection._from_car[end + 2 :]
            connection._take(line)
            for text in connection.take_lines():
                if text[0] == "h":
                    connection.say("h" + text[1:].split(",")[0])
        self.flush()

    def flush(self):
        """What the server has said goes to the module."""
        connection = self._connection
        if connection._to_car:
            self.receive(connection._to_car)
            connection._to_car = b""

    def say(self, text):
        """A message of the server."""
        self._connection.say(text)
        self.flush()

    def _replied(self):
        self._on_reply(self.payloads.pop())
        return b"\r\n+CMGS: 34\r\n\r\nOK\r\n"


class Life:
    """The module with its stand-ins, and what is noted of it."""

    def __init__(self, mode, heap_bytes, taken):
        from ovms.app import App
        from ovms.links.can_link import CANLink

        self._mode = mode
        self._tape = open("tape", "rb")
        self._names = {}
        self._loaded = []
        self._opened = 0
        self._now = "boot"
        self._pause_ms = _PARKED_MS
        self._asked = None
        self._deepest = self._painted = self._top = self._nested_bytes = 0
        gc.collect()
        before = gc.mem_alloc()
        server = v2_server.Server("TWIZY42", "NETPASS")
        server.greeting = "Z1"
        self.modem = Modem(server, self._replied)
        self._streams = [v2_server.rc4(b"12345678") for _ in range(2)]
        for stream in self._streams:
            next(stream)
        gc.collect()
        taken += gc.mem_alloc() - before
        self._streams = None
        presets = dict(day_child.PRESETS)
        presets[5] = "internet"
        self.app = app = App(Board(), presets)
        app.modem.port.uart = self.modem.wire
        # By the owner, who then needs not to be told.
        app.config.set_feature(15, 1, 1)
        self._bus = Bus(self._tape)
        app.bus = self._bus
        app.can = CANLink(self._bus, None, app.status, app.config, _LINK_PERIOD_MS)
        tasks = [task for task in app.tasks if task[0] not in _REPLACED]
        tasks += [("can", app.can.run), ("tape", self._play)]
        app.tasks = tuple([(name, self._named(name, run)) for name, run in tasks])
        app.guarded = (app.modem, app.commander, app.sms, app.notifier, app.server, app.can)
        # Last: until then the link of before, and with it the car of before, is held by its task.
        app.set_car()
        app.clock.set_utc_s(app.clock.first_utc_s, "gps")
        self._watch(app.broom)
        if mode == STACK:
            self._watch_imports(app.broom)
        app.broom.limit_bytes += taken - max(0, _HEAP_MAX_BYTES - heap_bytes)

    def _watch(self, broom):
        """Hear of every load and of every other file."""
        hand_out = broom.open

        def load(path, mode):
            self._loaded.append(broom.names[-1])
            return hand_out(path, mode)

        broom.open = load
        plain_open = builtins.open

        def counting_open(*arguments):
            self._opened += 1
            return plain_open(*arguments)

        builtins.open = counting_open
        create = asyncio.core.create_task

        def create_named(coroutine):
            task = create(coroutine)
            self._names[id(task)] = self._names.get(id(asyncio.core.cur_task), "app")
            return task

        asyncio.create_task = asyncio.core.create_task = create_named

    def _named(self, name, run):
        def start():
            self._names[id(asyncio.core.cur_task)] = name
            return run()

        return start

    def wait(self, ms):
        """What the event loop calls before each turn; ms: 0 when somebody is ready."""
        machine_calls.toggle()
        task = asyncio.core.cur_task
        if task is not None:
            self._now = self._names.get(id(task), "app")
            if task.done():
                self._names.pop(id(task), None)
        if self._mode == COUNT:
            machine_calls.tell()
            print("TURN", self._now, ",".join(self._loaded) or "-", self._opened)
        elif self._mode == STACK:
            self._look_at_stack()
        elif self._loaded:
            print("TURN", self._now, ",".join(self._loaded), self._opened)
        if self._asked is not None:
            self._asked[0] += len(self._loaded)
        del self._loaded[:]
        self._opened = 0
        if ms > 0:
            time.advance(max(ms, self._pause_ms))
        machine_calls.toggle()

    def _watch_imports(self, broom):
        """Know at any time how many imports the C stack holds, one within the other."""
        plain = broom.load

        def frame(again):
            return frame(False) if again else micropython.stack_use()

        own_bytes = _PATH_BYTES + frame(True) - frame(False)

        def nested_import(*arguments):
            self._look_at_stack()
            self._nested_bytes += own_bytes
            try:  # noqa: SIM105
                return plain(*arguments)
            finally:
                self._look_at_stack()
                self._nested_bytes -= own_bytes

        builtins.__import__ = nested_import

    def _look_at_stack(self):
        """Tell when the C stack was deeper than ever; colour it again for the next look."""
        if self._painted:
            # Of these a module has none: what a Unix VM takes for the paths of imports.
            apart = self._nested_bytes
            below = self._top - self._deepest - apart
            if machine_calls.lowest_used(below - _LOOK_BYTES, below) < below:
                depth = self._top - machine_calls.lowest_used(self._painted, self._top) - apart
                if depth > self._deepest:
                    self._deepest = depth
                    print("STACK", depth, apart, ",".join(self._loaded) or "-")
        self._painted = machine_calls.paint(_PAINTED_BYTES)
        # Where the VM's own limit counts from.
        self._top = machine_calls.stack_pointer() + micropython.stack_use()

    def _replied(self, text):
        if self._asked is not None:
            count, asked = self._asked
            self._asked = None
            print("SMS", count + len(self._loaded), asked)

    def _text(self):
        return self._tape.read(self._tape.read(1)[0]).decode()

    def load_each(self):
        """Load every module of the shelf into a heap that has room, all others forgotten."""
        broom = self.app.broom
        with open("names") as file:
            names = file.read().split()
        machine_calls.toggle()
        for name in names:
            gc.collect()
            broom.sweep()
            gc.collect()
            del self._loaded[:]
            machine_calls.tell()
            machine_calls.toggle()
            try:  # noqa: SIM105
                __import__(name)
            except ImportError:
                # The VM has no network or ADC.
                pass
            machine_calls.toggle()
            machine_calls.tell()
            print("LOAD", name, ",".join(self._loaded))

    async def _answered(self):
        """Wait for the answer to an SMS, but not for ever."""
        for _ in range(_PATIENCE_S):
            if self._asked is None:
                break
            await asyncio.sleep_ms(1000)
        # The modem's last word of it, and what is done then.
        await asyncio.sleep_ms(2000)

    async def _play(self):
        state = self.app.state
        while not self.app.status.is_server_connected:
            await asyncio.sleep_ms(1000)
        print("MARK login")
        while True:
            letter = self._tape.read(1)
            if letter == b"F":
                seconds, count = struct.unpack(">HH", self._tape.read(4))
                self._bus.put(count)
                while not self._bus.is_empty():
                    await asyncio.sleep_ms(_LOOK_MS)
                if state.latitude_udeg is not None:
                    state.gps_age_s = 0
                self._pause_ms = 0 if count and seconds < 2 else _PARKED_MS
                await asyncio.sleep_ms(1000 * seconds)
            elif letter == b"L":
                values = struct.unpack(">iih", self._tape.read(10))
                state.latitude_udeg, state.longitude_udeg, state.altitude_m = values
                state.has_gps_lock = True
            elif letter == b"S":
                text = self._text()
                self._asked = [0, text]
                self.modem.bring(text)
            elif letter == b"C":
                self.modem.say("C" + self._text())
            elif letter == b"M":
                await self._answered()
                print("MARK", self._text())
            else:
                break
        print("COUNTS", self.app.status.counts)
        sys.exit(0)


def main(mode, heap_bytes, taken):
    time.advance(_LEAD_MS)
    life = Life(mode, heap_bytes, taken)
    if mode == MODULES:
        life.load_each()
        return
    asyncio.core.IOQueue.wait_io_event = life.wait
    asyncio.run(life.app.run())
