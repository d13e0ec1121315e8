"""The firmware through a story: one life after the other on the same flash, in a time that jumps.

CPython only. Real are: all of the firmware, its composition root, the modem's driver with its
switches, the server's protocol. Models that share no code with it: modem, SIM, network and phone
(`tools/desk/modem`), server (`tools/desk/ovms`), the car's frames, the GPS receiver. The CAN
controller and the flash are the thin ones of `wires.py`; their own models are tested elsewhere.
Where a second hand would look every second for hours (a charge), it looks every five.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from tools import on_cpython
from tools.desk.modem.engine import Modem
from tools.desk.modem.profile import Profile
from tools.desk.modem.scheduler import VirtualScheduler
from tools.desk.twizy_scenarios import TOWN
from tools.year import wires
from tools.year.board import Board, Keys, Lines, reachable
from tools.year.happenings import Happenings
from tools.year.ledger import OFF, SAFE, Ledger, Life
from tools.year.server import PASSWORD, TICK_S, VEHICLE, Server
from tools.year.story import DAY_S, OWNER, START_UTC_S, WINTER_ZONE, Story
from tools.year.surroundings import CarOnBus, Receiver, SupplyBattery

# Parameters: owner, password, notifications, server, APN, id, server's password, car.
_SETTINGS = {0: OWNER, 1: "Desk2026", 3: "SMSIP", 4: "server.desk", 5: "internet"}
_SETTINGS |= {8: VEHICLE, 9: PASSWORD, 14: "RT"}
_TICKS_PERIOD = 1 << 30
_WRAP_WITHIN_MS = 12 * 3_600_000
_SAMPLE_S = 30.0
_WEIGHED_S = 3.5 * 3600
# Hardware facts 4.1: RI of an SMS; while a call rings it is low all the time.
_RI_SMS_MS = 120
_RI_CALL_MS = 20_000
_BY_RI, _BY_INT, _BY_TIME = 2, 3, 4
_IDLE_S, _BUSY_S = 5.0, 1.0
_MODEM_LOOK_MS = 250
_ROUNDED_MS = 0.01
_LAST_TURNS = 50


class StoryOverError(BaseException):
    """The story is at its end."""


class _Loop(asyncio.SelectorEventLoop):
    """An event loop whose time is the world's."""

    def __init__(self, world: World):
        super().__init__()
        self._world = world
        # A year in seconds leaves a float no nanoseconds.
        self._clock_resolution = 1e-7
        select = self._selector.select  # type: ignore[attr-defined]

        def jump(timeout=None):
            ready = self._ready  # type: ignore[attr-defined]
            if world.is_living:
                world.jump(1.0 if timeout is None else timeout, lambda: bool(ready))
            return select(0)

        self._selector.select = jump  # type: ignore[attr-defined]

    def time(self) -> float:
        return self._world.now_s


class World:
    """folder: of the module's files. on_line(text): what it prints. now_s: since the begin."""

    def __init__(self, story: Story, folder: Path, on_line: Callable[[str], None] | None = None):
        self.story = story
        self.folder = folder
        self.on_line = on_line or (lambda text: None)
        self.scheduler = VirtualScheduler()
        self.app: Any = None
        self.cause = "power on"
        self.is_living = self.is_asleep = False
        self.has_modem_supply = True
        self.is_sensor_broken = False
        self.pending: BaseException | None = None
        self.dice = random.Random(story.seed + 1)
        self.ledger = Ledger(lambda: self.now_s, self.state)
        self.flash = wires.Flash(self.ledger.count_write)
        self.server = Server(self.utc_s, self.ledger.on_stored, self.ledger.count_bytes)
        self.bus = wires.Bus()
        self.car = CarOnBus(lambda number, data: self.bus.put(number, data))
        self.battery = SupplyBattery()
        self.receiver = Receiver(self.car)
        self.uart = wires.ModemUART(self)
        self._ri_until_ms = -1.0
        self._ticks_phase = 0
        self.has_happened = Happenings(self)
        self.modem = self._make_modem()

    # Time.

    @property
    def now_s(self) -> float:
        return self.scheduler.now_ms() / 1000

    def utc_s(self) -> float:
        return START_UTC_S + self.now_s

    def ticks_ms(self) -> int:
        return int(self.scheduler.now_ms() + self._ticks_phase) % _TICKS_PERIOD

    def advance(self) -> None:
        """What is due of the models is done before somebody speaks to them."""
        self.scheduler.advance(0)

    def later(self, seconds: float, function: Callable[[], None]) -> None:
        self.scheduler.call_later(seconds * 1000, function)

    @property
    def period_s(self) -> float:
        """How often somebody looks: each second only while the car moves."""
        return _BUSY_S if self.car.state == "drive" else _IDLE_S

    def jump(self, seconds: float, has_work: Callable[[], bool]) -> None:
        """Let time pass until somebody has something to do."""
        scheduler = self.scheduler
        # Nobody may be woken too early, whatever is rounded.
        end_ms = scheduler.now_ms() + seconds * 1000 + _ROUNDED_MS
        while scheduler.now_ms() < end_ms and not has_work():
            scheduler.advance_to_event(end_ms - scheduler.now_ms())
            self._end_if_due()
        self._end_if_due()

    def _end_if_due(self) -> None:
        if self.pending is not None:
            pending, self.pending = self.pending, None
            raise pending

    def light_sleep(self, limit_ms: int) -> int:
        """As `ESP32Board.light_sleep`: nothing of the firmware runs, RAM is kept."""
        scheduler = self.scheduler
        end_ms = scheduler.now_ms() + limit_ms
        self.is_asleep = True
        reason = _BY_TIME
        try:
            while scheduler.now_ms() < end_ms:
                if scheduler.now_ms() < self._ri_until_ms:
                    reason = _BY_RI
                    break
                if self.bus.is_int_low:
                    reason = _BY_INT
                    break
                scheduler.advance_to_event(end_ms - scheduler.now_ms())
                self._end_if_due()
        finally:
            self.is_asleep = False
        return reason

    # What the module is, seen from outside.

    def state(self) -> str:
        if self.app is None:
            return OFF
        if self.app.is_safe:
            return SAFE
        states = on_cpython.attribute("ovms.services.power_states")
        return states.NAMES[self.app.status.power[states.STATE]]

    @property
    def is_charged(self) -> bool:
        return self.car.state != "parked"

    def supply_mv(self) -> int:
        return self.battery.millivolts(self.now_s, self.is_charged)

    def nmea(self) -> bytes:
        return self.receiver.nmea(self.now_s)

    # The modem.

    def _make_modem(self) -> Modem:
        zone, is_summer = WINTER_ZONE
        profile = Profile(network_utc_s=START_UTC_S, zone_quarters=zone, is_summer_time=is_summer)
        modem = Modem(self.scheduler, self._on_modem, self.server, profile, self._on_sms)
        urc, incoming = modem.urc, modem.calls.incoming

        def heard(text: str) -> None:
            if text.startswith("+CMTI"):
                self._ring(_RI_SMS_MS)
            urc(text)

        def call(number: str) -> bool:
            self._ring(_RI_CALL_MS)
            return incoming(number)

        modem.urc = heard  # type: ignore[method-assign]
        modem.calls.incoming = call  # type: ignore[method-assign]
        return modem

    def _ring(self, low_ms: float) -> None:
        self._ri_until_ms = max(self._ri_until_ms, self.scheduler.now_ms() + low_ms)

    def _on_modem(self, data: bytes) -> None:
        self.uart.arrive(bytes(data))

    def _on_sms(self, sms) -> None:
        self.ledger.on_sms(sms.number, OWNER, sms.text)

    # The car.

    def go(self, steps: Iterator[float]) -> None:
        """Let the car do something, step by step."""

        def step() -> None:
            seconds = next(steps, None)
            self._pace()
            if seconds is not None:
                self.later(seconds, step)

        step()

    def drive(self, seconds: float) -> Iterator[float]:
        return self.car.drive(seconds, TOWN, self._clock_s)

    def charge(self, until_pct: float) -> Iterator[float]:
        return self.car.charge(until_pct, self._clock_s)

    def _clock_s(self) -> float:
        return self.now_s

    # Lives.

    def run(self) -> Ledger:
        """Live to the end of the story. Folder, clock and collector of the process are its own
        meanwhile."""
        on_cpython.prepare()
        app_module = on_cpython.attribute("ovms.app")
        self._app_module = app_module
        self._port_module = on_cpython.attribute("ovms.links.modem.at_port")
        history = on_cpython.attribute("ovms.services.history", "History")
        flash_class = on_cpython.attribute("ovms.drivers.store", "Flash")
        add = history.add
        ledger, flash = self.ledger, self.flash

        def added(own, record_type, number, lifetime_s, data, priority=None):
            ledger.on_add(record_type, number, data, priority)
            return add(own, record_type, number, lifetime_s, data, priority)

        machine = types.ModuleType("machine")
        setattr(machine, "RTC", wires.RTC)  # noqa: B010
        wires.RTC.data = b""
        before = os.getcwd()
        patch = mock.patch.object
        with (
            mock.patch.dict(sys.modules, {"machine": machine}),
            patch(time, "ticks_ms", self.ticks_ms),
            patch(time, "sleep", self._sleep),
            patch(os, "urandom", self.dice.randbytes),
            # Once a second of each life, it would take most of the time.
            patch(gc, "collect", lambda *generation: 0),
            patch(asyncio, "run", self._run_loop),
            patch(app_module, "App", self._make_app(app_module.App)),
            patch(app_module, "_TICK_MS", 1000),
            patch(app_module, "_CONSOLE_POLL_MS", 60_000),
            patch(self._port_module, "_LOOK_MS", _MODEM_LOOK_MS),
            patch(history, "add", added),
            patch(flash_class, "open", lambda own, path, mode: flash.open(path, mode)),
            patch(flash_class, "rename", lambda own, old, new: flash.rename(old, new)),
            contextlib.redirect_stdout(Lines(lambda text: self.on_line(text))),
        ):
            os.chdir(self.folder)
            try:
                self._begin()
                while self._live():
                    continue
            finally:
                os.chdir(before)
        return self.ledger

    def _begin(self) -> None:
        self.later(_SAMPLE_S, self._sample)
        self.later(TICK_S, self._tick_server)
        self.later(_WEIGHED_S, self._weigh)
        self.has_happened.schedule()
        self.later(self.story.days * DAY_S, self._finish)

    def _finish(self) -> None:
        self.pending = StoryOverError()

    def _live(self) -> bool:
        """One run of the firmware; False when it was the last."""
        self._app_module._TICK_MS = 1000
        presets = None if self.ledger.lives else dict(_SETTINGS)
        self.ledger.lives.append(Life(self.now_s, self.cause))
        self.uart = wires.ModemUART(self)
        # Each life that is long enough sees its ticks wrap, and every 12.4 days again.
        to_wrap_ms = self.dice.uniform(60_000, _WRAP_WITHIN_MS)
        self._ticks_phase = _TICKS_PERIOD - round(to_wrap_ms + self.scheduler.now_ms())
        self.flash.is_on = True
        off_s: float | None = None
        self.is_living = True
        try:
            self._app_module.main(Board(self), presets)
        except wires.ResetError as reset:
            self._end(f"reset: {reset.cause}")
            self.cause = reset.cause
        except wires.PowerCutError as cut:
            off_s = float(cut.args[0]) if cut.args else 1.0
            self._end("power cut")
        except StoryOverError:
            self._end("")
            return False
        if off_s is not None:
            self._without_power(off_s)
        return self.now_s < self.story.days * DAY_S

    def _end(self, ending: str) -> None:
        """The firmware is dead: its counters are read, its tasks must not touch anything."""
        self.is_living = False
        self.flash.is_on = False
        self.flash.cuts_next = False
        self.uart.is_cut = True
        self.bus.close()
        life = self.ledger.lives[-1]
        life.end_s, life.ending = self.now_s, ending
        first = round(life.begin_s * 1000) + self._ticks_phase
        life.wraps = int(self.scheduler.now_ms() + self._ticks_phase) // _TICKS_PERIOD
        life.wraps -= first // _TICKS_PERIOD
        app, loop = self.app, self._loop
        if app is not None:
            in_full = on_cpython.attribute("ovms.services.counter_names", "in_full")
            life.counts = dict(in_full(app.status.counts))
            life.errors = dict(app.status.errors)
        if not loop.is_closed():
            # Who still waits when it is cancelled is cancelled again: time stands still.
            for _ in range(_LAST_TURNS):
                for task in asyncio.all_tasks(loop):
                    task.cancel()
                loop.run_until_complete(asyncio.sleep(0))
            loop.close()
        if ending:
            self.app = None

    def _without_power(self, off_s: float) -> None:
        self.modem.power_off()
        wires.RTC.data = b""
        self.cause = "power on"
        self.scheduler.advance(min(off_s, self.story.days * DAY_S - self.now_s) * 1000)
        self.pending = None

    def _run_loop(self, coroutine) -> None:
        self._loop.run_until_complete(coroutine)

    def _sleep(self, seconds: float) -> None:
        self.scheduler.advance(seconds * 1000)

    def _make_app(self, app_class):
        """The application with its wires connected to this world."""

        def make(board, presets):
            self._loop = _Loop(self)
            asyncio.set_event_loop(self._loop)
            self.app = None
            app = app_class(board, presets or {})
            app._console_keys = Keys
            if not app.is_safe:
                app.bus = app.can._bus = self.bus
                app.status.bus_counts = self.bus.counts
            app.gps_uart = app.gps.uart = wires.GPSUART(self)
            if app.modem.port:
                app.modem.port.uart = self.uart
            pause_ms = app.server.sleep_ms
            app.server.sleep_ms = lambda ms: pause_ms(ms and max(ms, 1000))
            self.app = app
            self._pace()
            return app

        return make

    def _pace(self) -> None:
        period_ms = round(self.period_s * 1000)
        self._app_module._TICK_MS = period_ms
        if self.app is not None:
            self.app.can._poll_ms = period_ms // 2

    # Looks.

    def _tick_server(self) -> None:
        self.server.relay.tick()
        self.later(TICK_S, self._tick_server)

    def _sample(self) -> None:
        self.ledger.pass_time(_SAMPLE_S, self.is_asleep)
        self.battery.pass_time(_SAMPLE_S, self.now_s, self.ledger.milliamperes(), self.is_charged)
        self.later(_SAMPLE_S, self._sample)

    def _weigh(self) -> None:
        """At night: what the application holds, and the size of its files."""
        self.later(DAY_S, self._weigh)
        if self.app is None or self.car.state != "parked":
            return
        size = sum(path.stat().st_size for path in Path(".").iterdir() if path.is_file())
        weight = (self.now_s / DAY_S, reachable(self.app, (World, Board)), size)
        self.ledger.lives[-1].weights.append(weight)
