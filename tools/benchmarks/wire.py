"""Bytes on the wire to and from the OVMS server and an MQTT broker, in virtual time on CPython.

The module is the firmware's own composition root with its server link, services and Twizy; its
stream leads into the relaying core of the desk server, whose pings and time-outs are those of the
stock server. What is not there: modem, GPS receiver and CAN controller. Frames of the simulated
car go straight into the Twizy, and what a parked car sees change (satellites, signal, 12 V)
changes here, too. Counted are the TCP payloads of both directions, welcome included.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import os
import random
import tempfile
import time
from collections import deque
from unittest import mock

from tools import on_cpython
from tools.benchmarks.rows import Row, not_measured
from tools.benchmarks.virtual_loop import VirtualLoop
from tools.desk.ovms import wire
from tools.desk.ovms.context import Context
from tools.desk.ovms.peers import Peer, Transport
from tools.desk.ovms.provision import Provisioning
from tools.desk.ovms.relay import Relay
from tools.desk.ovms.store import Store
from tools.desk.ovms.vehicles import Vehicles
from tools.desk.twizy_scenarios import TOWN, Scenario, Step
from tools.desk.twizy_sim import TwizySimulator
from tools.simulated_board.fakes.mqtt_broker import Broker

GROUP = "On the wire"
BUDGET_PARKED_DAY = 40 * 1024
BUDGET_DRIVING_HOUR = 60 * 1024
_DAY_S = 86_400
_HOUR_S = 3_600
# A drive in which a Twizy has told all that it tells.
_LEARNING_S = 1200
_PARKED_GRAIN_S = 5
_VEHICLE, _PASSWORD = "TESTCAR", "NETPASS"
# Parameters: broker, user, password; and what Home Assistant was told.
_BROKER = {37: "broker.desk", 38: "me", 39: "SECRET"}
# The name of a network.
_WIFI = {44: "desk"}
_HOME_ASSISTANT = 40
_START_UTC_S = 1_800_000_000
# Parameters: notifications by IP, server, vehicle id, server password, vehicle type.
_SETTINGS = {2: "K", 3: "IP", 4: "server.desk", 8: _VEHICLE, 9: _PASSWORD, 14: "RT"}
_TASKS = ("server", "commander", "notifier")
_TICKS_PERIOD = 1 << 30
_RELAY_TICK_S = 5
_APP_PING_S = 300
_SURROUNDINGS_S = 60
_FRAME_BYTES = 8

PARKED = Scenario(76, (Step("key", 10), Step("park", 2 * _DAY_S)))
DRIVING = Scenario(95, (Step("key", 4), Step("drive", 2 * _HOUR_S, TOWN)))


class _CarStream:
    """The module's byte stream, and the server's transport at its other end."""

    def __init__(self, server: _Server):
        self._server = server
        self._incoming: deque[bytes] = deque()
        self._ready = asyncio.Event()
        self._partial = b""
        self._is_closed = False
        self.peer = Peer("module", _Backwards(self), server.utc_s)
        server.relay.connected(self.peer)

    async def readinto(self, view) -> int:
        while not self._incoming:
            if self._is_closed:
                return 0
            self._ready.clear()
            await self._ready.wait()
        data = self._incoming.popleft()
        if len(data) > len(view):
            self._incoming.appendleft(data[len(view) :])
            data = data[: len(view)]
        view[: len(data)] = data
        return len(data)

    async def write(self, buffer) -> None:
        data = bytes(buffer)
        self._server.bytes_from_car += len(data)
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            self._server.relay.received(self.peer, line + b"\n")

    async def close(self) -> None:
        self._server.relay.disconnected(self.peer, "closed by the module")

    def to_car(self, data: bytes) -> None:
        self._server.bytes_to_car += len(data)
        self._incoming.append(data)
        self._ready.set()

    def hang_up(self) -> None:
        self._is_closed = True
        self._ready.set()


class _Backwards(Transport):
    def __init__(self, stream: _CarStream):
        self._stream = stream

    def write(self, data: bytes) -> int:
        self._stream.to_car(data)
        return 0

    def close(self) -> None:
        self._stream.hang_up()


class _Silent(Transport):
    """An app that looks at nothing."""

    def write(self, data: bytes) -> int:
        return 0

    def close(self) -> None:
        return


class _Server:
    """The relaying core with the loop's clock."""

    def __init__(self, loop: asyncio.AbstractEventLoop):
        self._loop = loop
        self.bytes_from_car = self.bytes_to_car = 0
        self.logins = 0
        self.faults: list[str] = []
        context = Context(
            Vehicles([f"{_VEHICLE}:{_PASSWORD}"]),
            Store(":memory:"),
            self.utc_s,
            wire.new_token,
            self._on_event,
        )
        self.relay = Relay(context, Provisioning([], context.new_token))

    def utc_s(self) -> float:
        return _START_UTC_S + self._loop.time()

    async def open_stream(self, host: str, port: int, is_tls: bool = False) -> _CarStream:
        return _CarStream(self)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(_RELAY_TICK_S)
            self.relay.tick()

    async def run_app(self) -> None:
        """One app that stays connected for ever."""
        peer = Peer("app", _Silent(), self.utc_s)
        self.relay.connected(peer)
        token = wire.new_token()
        digest = wire.digest(_PASSWORD, token)
        self.relay.received(peer, f"MP-A 0 {token} {digest} {_VEHICLE}\r\n".encode())
        while True:
            await asyncio.sleep(_APP_PING_S)
            # Whatever an app says, to its server it is a sign of life.
            peer.heard(0)

    def _on_event(self, event) -> None:
        if event.kind == "login" and event.text.startswith("car"):
            self.logins += 1
        elif event.kind == "fault":
            self.faults.append(event.text)


class _WiFi:
    """Leads to an MQTT broker, and counts what it says."""

    def __init__(self):
        self.broker = Broker()

    def is_usable(self) -> bool:
        return True

    def on_settings(self) -> None:
        """It is in reach, whatever is set."""

    async def open_tcp(self, host: str, port: int):
        connection = await self.broker.open_stream(host, port)
        connection.bytes_read = 0
        read = connection.readinto

        async def readinto(view) -> int:
            n = await read(view)
            connection.bytes_read += n
            return n

        connection.readinto = readinto
        return connection

    def bytes_each_way(self) -> tuple[int, int]:
        """From the module and to it."""
        last = self.broker.last
        return sum(last.writes), last.bytes_read


class _Pin:
    IRQ_FALLING = 2

    def value(self, level=None):
        return 0

    def __call__(self, level=None):
        return 0

    def irq(self, handler=None, trigger=None):
        return


class _Wire:
    """A UART or SPI bus with nothing behind it."""

    def write(self, data):
        return len(data)

    def readinto(self, view):
        return None

    def write_readinto(self, data, buffer):
        return None

    def init(self, **options):
        return


class _Board:
    """What the composition root asks of a board; `supply` is the 12 V battery."""

    NAME = "BENCH"
    CRYSTAL_HZ = 8_000_000
    HAS_WIFI = False

    def __init__(self):
        self.supply = 12_600

    def modem_uart(self):
        return _Wire()

    def gps_uart(self):
        return _Wire()

    def modem_pins(self):
        return _Pin(), _Pin(), _Pin(), _Pin()

    def can(self):
        return _Wire(), _Pin(), _Pin()

    def supply_mv(self):
        return self.supply

    def watchdog(self, timeout_ms):
        return self

    def feed(self):
        return

    def reset(self):
        raise RuntimeError("the module wants to restart")

    def reset_cause(self):
        return "power on"


class Life:
    """A module, its car and its server for some virtual time; then bytes_... tell.

    grain_s: nobody sleeps for less. A parked module has nothing to do within 5 s, and a day of it
    is over six times as fast.
    """

    def __init__(
        self,
        scenario: Scenario,
        seconds: int,
        has_app: bool,
        grain_s: float = 0,
        home_assistant: str = "",
    ):
        self._scenario = scenario
        self._has_broker = bool(home_assistant)
        self.home_assistant = home_assistant
        self.mqtt_from_car = self.mqtt_to_car = self.mqtt_connections = 0
        self._seconds = seconds
        self._has_app = has_app
        self._grain_s = grain_s
        self.bytes_from_car = self.bytes_to_car = self.logins = 0
        self.faults: list[str] = []

    @property
    def bytes_total(self) -> int:
        return self.bytes_from_car + self.bytes_to_car

    def run(self) -> None:
        """Live. The process's folder, clock, sleep and collector are its own meanwhile."""
        on_cpython.prepare()
        loop = VirtualLoop()
        folder = os.getcwd()

        async def sleep_ms(ms):
            # A turn for the others takes no time.
            await asyncio.sleep(max(ms / 1000, self._grain_s) if ms else 0)

        with (
            mock.patch.object(time, "ticks_ms", lambda: int(loop.time() * 1000) % _TICKS_PERIOD),
            mock.patch.object(asyncio, "sleep_ms", sleep_ms),
            # A full collection of this big process each second would be most of the time.
            mock.patch.object(gc, "collect", lambda: 0),
            tempfile.TemporaryDirectory() as flash,
            contextlib.redirect_stdout(io.StringIO()),
        ):
            os.chdir(flash)
            try:
                loop.run_until_complete(self._live(loop))
            finally:
                os.chdir(folder)
                loop.close()

    async def _live(self, loop: asyncio.AbstractEventLoop) -> None:
        app_class = on_cpython.attribute("ovms.app", "App")
        server = _Server(loop)
        board = _Board()

        connected = {"open_stream": staticmethod(server.open_stream)}
        settings = dict(_SETTINGS)
        if self._has_broker:
            settings |= {**_BROKER, **_WIFI, _HOME_ASSISTANT: self.home_assistant}
        module = type("ConnectedApp", (app_class,), connected)(board, settings)
        wifi = _WiFi()
        if self._has_broker:
            module.status.wifi = wifi
        # The parts that `ovms/guard.py` judges stand in the order of their tasks.
        pairs = list(zip(module.tasks, module.guarded, strict=False))
        module.guarded = tuple(part for task, part in pairs if task[0] in _TASKS)
        module.tasks = tuple(task for task in module.tasks if task[0] in _TASKS)
        module.clock.set_utc_s(_START_UTC_S, "gps")
        jobs = [module.run(), server.run(), self._feed(module, board, loop)]
        if self._has_app:
            jobs.append(server.run_app())
        tasks = [asyncio.create_task(job) for job in jobs]
        done, _ = await asyncio.wait(
            tasks, timeout=self._seconds, return_when=asyncio.FIRST_EXCEPTION
        )
        for task in done:
            task.result()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self.bytes_from_car = server.bytes_from_car
        self.bytes_to_car = server.bytes_to_car
        self.logins = server.logins
        self.home_assistant = module.config.get(_HOME_ASSISTANT)
        self.mqtt_connections = len(wifi.broker.connections)
        if self.mqtt_connections:
            self.mqtt_from_car, self.mqtt_to_car = wifi.bytes_each_way()
        self.faults = server.faults

    async def _feed(self, module, board: _Board, loop: asyncio.AbstractEventLoop) -> None:
        """Frames and surroundings, in steps of a second or of grain_s."""
        simulator = TwizySimulator(self._scenario)
        dice = random.Random(1)
        next_s = 0.0
        step_ms = round(max(self._grain_s, 1) * 1000)
        buffer = bytearray(_FRAME_BYTES)
        while True:
            for number, data in simulator.step(step_ms):
                buffer[: len(data)] = data
                module.car.on_frame(number, buffer, len(data))
            if loop.time() >= next_s:
                next_s = loop.time() + _SURROUNDINGS_S
                _change_surroundings(module, board, simulator, dice)
            await asyncio.sleep(step_ms / 1000)


def _change_surroundings(module, board: _Board, simulator: TwizySimulator, dice) -> None:
    """A fix that wanders by metres, or along with the car; signal; the 12 V battery."""
    state = module.state
    away_udeg = round(simulator.distance_m * 9)
    state.latitude_udeg = 52_516_270 + away_udeg + dice.randint(-30, 30)
    state.longitude_udeg = 13_377_700 + dice.randint(-30, 30)
    state.altitude_m = 40 + dice.randint(-3, 3)
    state.has_gps_lock = True
    state.gps_age_s = 0
    module.status.csq = dice.randint(14, 18)
    module.status.operator = "OPERATOR"
    board.supply = (13_900 if simulator.is_key_on else 12_600) + dice.randint(-30, 30)


def measure() -> list[Row]:
    """All rows of this group."""
    parked = Life(PARKED, _DAY_S, has_app=False, grain_s=_PARKED_GRAIN_S)
    rows = [_row("parked day", parked, BUDGET_PARKED_DAY)]
    for has_app, name in ((False, "no app connected"), (True, "one app connected")):
        what = f"driving hour without streaming, {name}"
        rows.append(_row(what, Life(DRIVING, _HOUR_S, has_app), BUDGET_DRIVING_HOUR))
    # Of modules that know their car: what they learn Home Assistant is told once and for all.
    learning = Life(DRIVING, _LEARNING_S, False, home_assistant="ON")
    learning.run()
    known = learning.home_assistant
    driving = Life(DRIVING, _HOUR_S, False, home_assistant=known)
    rows.append(_mqtt_row("MQTT, driving hour", driving, BUDGET_DRIVING_HOUR))
    parked = Life(PARKED, _DAY_S, False, _PARKED_GRAIN_S, home_assistant=known)
    rows.append(_mqtt_row("MQTT, parked day", parked, BUDGET_PARKED_DAY))
    return rows


def _mqtt_row(what: str, life: Life, budget: int) -> Row:
    """Home Assistant's device message included, the server beside it not."""
    row = _row(what, life, budget)
    if row.value is None or life.mqtt_connections != 1:
        reason = row.note if row.value is None else f"{life.mqtt_connections} connections"
        return not_measured(GROUP, what, reason, budget)
    note = f"from the module {life.mqtt_from_car:,}, to it {life.mqtt_to_car:,}"
    total = life.mqtt_from_car + life.mqtt_to_car
    return Row(GROUP, what, total, "bytes", budget, note=note)


def _row(what: str, life: Life, budget: int) -> Row:
    try:
        life.run()
    except (AttributeError, ImportError, TypeError, RuntimeError) as error:
        # The composition root has changed under this bench: say so instead of guessing.
        reason = f"{type(error).__name__}: {error}"
        return not_measured(GROUP, what, reason, budget)
    if life.logins != 1:
        return not_measured(GROUP, what, f"{life.logins} logins instead of one", budget)
    if life.faults:
        return not_measured(GROUP, what, f"the server complains: {life.faults[0]}", budget)
    note = f"from the module {life.bytes_from_car:,}, to it {life.bytes_to_car:,}"
    return Row(GROUP, what, life.bytes_total, "bytes", budget, note=note)
