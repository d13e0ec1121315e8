"""Everything around the module at once: car, GPS, modem with a phone, server, an app, the board.

    stage = Stage(StageOptions(...), on_line=print)
    await stage.start()
    ...
    await stage.stop()

What happens is told as lines through `on_line(who, text)`; what is the case, in `stage.view`.
"""

from __future__ import annotations

import asyncio
import errno
import tempfile
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path

from tools import boards, build
from tools.desk import canbus
from tools.desk.board_host import BoardHost, HostError, Wiring
from tools.desk.can_server import CANServer
from tools.desk.dbc_cars import CARS
from tools.desk.dbc_sim import ASKED_PAUSE_S, DBCSimulator
from tools.desk.gps import TEMPELHOF, GPSReceiver
from tools.desk.gps_server import GPSServer
from tools.desk.modem.dialler import Route
from tools.desk.modem.phone import OutgoingSms
from tools.desk.modem.profile import Profile, as_modem
from tools.desk.mqtt_watch import MQTTWatch
from tools.desk.ovms import fields
from tools.desk.ovms.client import AppClient, ClientError
from tools.desk.ovms.events import Event
from tools.desk.ovms.server import OvmsServer
from tools.desk.route import Round
from tools.desk.sevcon_moods import MotorController
from tools.desk.sim800 import Sim800Server
from tools.desk.thinning import Thinning
from tools.desk.twizy_sim import TwizySimulator
from tools.shrink.explain import Translator

VEHICLE = "TWIZY42"
TWIZY = "RT"
SERVER_PASSWORD = "NETPASS"
SERVER_NAME = "server.desk"
PHONE_NUMBER = "+4915112345678"

_USUAL_PORT = 6867
_USUAL_HTTP_PORT = 6868
_CAR_PERIOD_S = 0.02
_UNTHINNED_SCALE = 4
# Driven or charged since the last report, which may be a minute old.
_SOC_SLACK_PCT = 3.0
_APP_RETRY_S = 2.0
_USUAL_BITRATE = 500_000


@dataclass
class StageOptions:
    """What `run` was asked for. wiring: how the firmware itself is started.

    Ports of the server: 0 for any, None for the usual one, or any while that is in use.
    """

    wiring: Wiring
    scenario: str = "drive"
    # A type of car, as parameter 14 has it: the Twizy or one of `dbc_cars.py`.
    car_type: str = TWIZY
    # One of sevcon_moods.MOODS.
    sevcon: str = "80"
    host: str = "127.0.0.1"
    port: int | None = 0
    http_port: int | None = 0
    time_scale: float = 1.0
    # A broker beside the server; the module then has WiFi, which can do both.
    has_mqtt: bool = False
    # Whether somebody talks to the module's console: `type_line`, and `on_console` hears it.
    has_console: bool = False


@dataclass
class View:
    """What the app and the phone know; the clock starts with the module."""

    started_s: float = field(default_factory=time.monotonic)
    messages: dict[str, str] = field(default_factory=dict)
    message_counts: dict[str, int] = field(default_factory=dict)
    logged_in_s: float | None = None
    is_car_online: bool = False

    def elapsed_s(self) -> float:
        return time.monotonic() - self.started_s

    def value(self, code: str, name: str) -> str:
        """A field of the last message `code` by its name, with its unit; "" when not seen."""
        if code not in self.messages:
            return ""
        unit = fields.distance_unit(self.messages.get("S", ""))
        for value in fields.decode(code, self.messages[code], unit):
            if value.name == name:
                return f"{value.text} {value.unit}".strip()
        return ""


class Stage:
    """Owns all parts; `start` brings them up in the order in which they need each other."""

    def __init__(self, options: StageOptions, on_line: Callable[[str, str], None]):
        self.options = options
        self.view = View()
        self.replies: asyncio.Queue[OutgoingSms] = asyncio.Queue()
        self._on_line = on_line
        # Whoever wants to see more: each gets all of one kind.
        self.on_frames: list[Callable[[list[tuple[int, int, bytes]]], None]] = []
        self.on_frame_from_module: list[Callable[[canbus.Frame], None]] = []
        self.on_event: list[Callable[[Event], None]] = []
        self.on_sms: list[Callable[[OutgoingSms], None]] = []
        self.on_message: list[Callable[[str, str], None]] = []
        self.on_console: list[Callable[[str], None]] = []
        self.car = self._new_car(options.car_type, options.scenario)
        self.round = Round(TEMPELHOF)
        # By the cars that were here before.
        self._driven_m = 0.0
        self.sevcon = MotorController(options.sevcon)
        self._thinning = Thinning()
        self._translator = Translator()
        self.can = CANServer(self._frame_from_module)
        self.gps = GPSServer(
            GPSReceiver(cold_start_s=20), options.host, 0, time_scale=options.time_scale
        )
        self.server = self._new_server(_USUAL_PORT, _USUAL_HTTP_PORT)
        self.modem: Sim800Server | None = None
        self.mqtt: MQTTWatch | None = None
        self.board: BoardHost | None = None
        self._tasks: list[asyncio.Task] = []
        self._flash: tempfile.TemporaryDirectory | None = None

    async def start(self) -> None:
        """Bring everything up. Raises HostError with one sentence when a part cannot start."""
        options = self.options
        try:
            await self._start_server()
            await self.can.start(options.host)
            # Else it drives off on a route of its own before the car does.
            self._place_receiver()
            await self.gps.start()
        except OSError as error:
            raise HostError(f"{error.strerror or error}.") from None
        try:
            name = build.board_modem(options.wiring.board)
        except build.BuildError as error:
            raise HostError(str(error)) from None
        # A board without one leaves it alone.
        self.modem = Sim800Server(
            profile=as_modem(Profile(network_utc_s=time.time()), name or boards.MODEMS[0]),
            routes=[Route(SERVER_NAME, None, options.host, self.server.port)],
            on_sms=self._sms_from_module,
            delay_factor=1 / options.time_scale,
        )
        await self.modem.start(options.host, 0)
        wiring = options.wiring
        assert self.modem.port is not None
        wiring.modem = (options.host, self.modem.port)
        wiring.gps = (options.host, self.gps.port)
        wiring.can = (options.host, self.can.port)
        if wiring.flash == Path():
            self._flash = tempfile.TemporaryDirectory(prefix="ovms-flash-")
            wiring.flash = Path(self._flash.name)
        if options.has_mqtt:
            wiring.has_wifi = True
            self.mqtt = MQTTWatch(options.host, VEHICLE, self._on_line)
            self.mqtt.start(wiring.flash)
        self.board = BoardHost(
            wiring,
            stdin=asyncio.subprocess.PIPE if options.has_console else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            on_output=self._output_of_module,
        )
        self._set_bitrate()
        await self.board.start()
        self.view = View()
        self._tasks = [
            asyncio.create_task(coroutine)
            for coroutine in (self.board.run(), self._drive(), self._watch_app())
        ]

    async def stop(self) -> None:
        """End everything that was started."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.board is not None:
            await self.board.stop()
        if self.modem is not None:
            await self.modem.stop()
        if self.mqtt is not None:
            self.mqtt.stop()
        await self.gps.stop()
        await self.can.stop()
        await self.server.stop()
        if self._flash is not None:
            self._flash.cleanup()

    async def send_sms(self, text: str) -> None:
        """One SMS from the phone to the module."""
        assert self.modem is not None
        self._on_line("phone", text)
        await self.modem.deliver_sms(PHONE_NUMBER, text)

    def type_line(self, text: str) -> bool:
        """One line at the module's console; False while no firmware runs that could read it."""
        process = self.board.process if self.board is not None else None
        if process is None or process.stdin is None or process.returncode is not None:
            return False
        process.stdin.write(text.encode("ascii") + b"\r")
        return True

    @property
    def tells_soc(self) -> bool:
        """Whether the car does; of one that does not, nobody gets an S."""
        return isinstance(self.car, TwizySimulator) or self.car.data.tells_soc

    def has_shown_soc(self) -> bool:
        """Whether the app knows the car's SOC, as it is now or was a while ago."""
        text = self.view.value("S", "SOC").split(" ")[0]
        return text != "" and abs(float(text) - self.car.soc_pct) < _SOC_SLACK_PCT

    def keep(self, work: Coroutine) -> None:
        """Run a coroutine beside the rest, until `stop`."""
        self._tasks.append(asyncio.create_task(work))

    def firmware_has_ended(self) -> bool:
        """Whether the module's process ended by itself."""
        return bool(self._tasks) and self._tasks[0].done()

    @staticmethod
    def _new_car(
        car_type: str, scenario: str, odometer_km: float | None = None
    ) -> TwizySimulator | DBCSimulator:
        if car_type != TWIZY:
            pause_s = {"pause_s": ASKED_PAUSE_S} if car_type == "OBD" else {}
            return DBCSimulator(car_type, scenario, is_repeating=True, **pause_s)
        if odometer_km is None:
            return TwizySimulator(scenario, is_repeating=True)
        return TwizySimulator(scenario, is_repeating=True, odometer_km=odometer_km)

    def change_car(self, car_type: str, scenario: str) -> None:
        """Another car, or the same in another scenario. ValueError for what there is not."""
        is_same = car_type == self.options.car_type
        car = self._new_car(car_type, scenario, self.car.odometer_km if is_same else None)
        self._driven_m += self.car.distance_m
        self.car = car
        self.options.car_type, self.options.scenario = car_type, scenario
        self._set_bitrate()

    def _set_bitrate(self) -> None:
        """What the car's bus runs at; a board that cannot hears nothing of it."""
        if self.board is not None:
            car = CARS.get(self.options.car_type)
            self.board.bus.controller.bus_bitrate = car.bitrate if car else _USUAL_BITRATE

    async def change_time_scale(self, time_scale: float) -> None:
        """Another pace for everything. The module starts anew, on CPython unless it is 1."""
        options = self.options
        assert self.modem is not None and self.board is not None
        if time_scale != 1.0:
            options.wiring.runtime = "cpython"
        options.time_scale = options.wiring.time_scale = time_scale
        self.gps.time_scale = time_scale
        self.modem.modem.tasks.delay_factor = 1 / time_scale
        await self.board.cut_power()

    def _new_server(self, usual_port: int, usual_http_port: int) -> OvmsServer:
        port, http_port = self.options.port, self.options.http_port
        return OvmsServer(
            [f"{VEHICLE}:{SERVER_PASSWORD}"],
            host=self.options.host,
            port=usual_port if port is None else port,
            http_port=usual_http_port if http_port is None else http_port,
            on_event=self._server_event,
        )

    async def _start_server(self) -> None:
        options = self.options
        try:
            await self.server.start()
        except OSError as error:
            is_choosy = None not in (options.port, options.http_port)
            if is_choosy or error.errno != errno.EADDRINUSE:
                raise
            self.server = self._new_server(0, 0)
            await self.server.start()
        options.port, options.http_port = self.server.port, self.server.http_port

    async def restart_server(self, pause_s: float) -> None:
        """Away with it, for so many seconds, and a new one without memory on the same ports."""
        await self.server.stop()
        await asyncio.sleep(pause_s)
        self.server = self._new_server(0, 0)
        await self.server.start()

    def _output_of_module(self, line: str) -> None:
        """Lines with a mark are the console's, and the others the log."""
        if not self.options.has_console:
            self._on_line("module", self._translator.line(line))
        elif line.startswith("#"):
            for tell in self.on_console:
                tell(line)
        elif line:
            # The console's answers begin with an empty one.
            self._on_line("module", self._translator.line(line))

    def _sms_from_module(self, sms: OutgoingSms) -> None:
        for tell in self.on_sms:
            tell(sms)
        self._on_line("module SMS", sms.text)
        self.replies.put_nowait(sms)

    def _server_event(self, event: Event) -> None:
        for tell in self.on_event:
            tell(event)
        if event.kind == "login" and event.text.startswith("car"):
            self.view.is_car_online = True
            if self.view.logged_in_s is None:
                self.view.logged_in_s = self.view.elapsed_s()
        if event.kind not in ("car", "app", "rest"):
            self._on_line("server", event.line().partition(" ")[2])

    def _frame_from_module(self, frame: canbus.Frame) -> None:
        for tell in self.on_frame_from_module:
            tell(frame)
        data = frame.data.hex().upper()
        self._on_line("module CAN", f"{frame.arbitration_id:03X}#{data}")
        part = self.car if isinstance(self.car, DBCSimulator) else self.sevcon
        self._put_now(part.receive(frame.arbitration_id, frame.data))

    def _put_now(self, frames: list[tuple[int, bytes]]) -> None:
        now_us = round(self.car.time_s * 1_000_000)
        self._put([(now_us, *frame) for frame in frames])

    def _put(self, frames: list[tuple[int, int, bytes]]) -> None:
        for tell in self.on_frames:
            tell(frames)
        self.can.put(frames)

    async def _drive(self) -> None:
        """Let the car live in real time, times the scale."""
        last = time.monotonic()
        rest_ms = 0.0
        while True:
            await asyncio.sleep(_CAR_PERIOD_S)
            now = time.monotonic()
            rest_ms += (now - last) * 1000 * self.options.time_scale
            last = now
            whole_ms = int(rest_ms)
            rest_ms -= whole_ms
            frames = self.car.timed_step(whole_ms)
            if self.options.time_scale > _UNTHINNED_SCALE:
                frames = self._thinning.thin(frames)
            self._put(frames)
            is_controller_on = self.car.is_key_on and self.options.car_type == TWIZY
            self._put_now(self.sevcon.step(whole_ms, is_controller_on))
            self._place_receiver()

    def _place_receiver(self) -> None:
        """The receiver goes where the car goes."""
        place = self.round.at(self._driven_m + self.car.distance_m)
        self.gps.position(
            place.latitude,
            place.longitude,
            self.car.speed_kmh,
            place.course_deg,
            self.car.altitude_m,
        )

    async def _watch_app(self) -> None:
        """An app that follows the car, whatever happens to its connection."""
        while True:
            client = AppClient(self.options.host, self.server.port, VEHICLE, SERVER_PASSWORD)
            try:
                await client.connect()
                async for code, payload in client:
                    for tell in self.on_message:
                        tell(code, payload)
                    self.view.messages[code] = payload
                    self.view.message_counts[code] = self.view.message_counts.get(code, 0) + 1
                    if code == "Z":
                        self.view.is_car_online = payload.strip() not in ("", "0")
                    elif code != "T":
                        self._on_line("app", code + " " + payload)
            except ClientError as error:
                self._on_line("app", str(error))
            finally:
                await client.close()
            await asyncio.sleep(_APP_RETRY_S)
