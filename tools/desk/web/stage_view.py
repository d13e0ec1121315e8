"""The whole desk as the page sees it: what is the case, what was said, what can be done."""

from __future__ import annotations

import time
from typing import Any

from tools.desk import canbus
from tools.desk.board_host import HostError
from tools.desk.dbc_cars import CARS
from tools.desk.gps import TEMPELHOF
from tools.desk.modem.phone import OutgoingSms
from tools.desk.mqtt_watch import PASSWORD as BROKER_PASSWORD
from tools.desk.ovms.describe import Describer
from tools.desk.ovms.events import Event, redact
from tools.desk.phone_script import MODULE_PASSWORD, PhoneScript
from tools.desk.stage import SERVER_PASSWORD, TWIZY, VEHICLE, Stage
from tools.desk.twizy_model import CELLS, MODULES
from tools.desk.twizy_sim import TwizySimulator
from tools.desk.web.beliefs import Beliefs
from tools.desk.web.bus_table import BusTable
from tools.desk.web.controls import (
    ACTIONS,
    SCALES,
    Action,
    ActionError,
    Wheel,
    scenarios_of,
)
from tools.desk.web.lines import Dialogue, LineLog, SampleLog, Secrets
from tools.desk.web.link_states import Lights
from tools.desk.web.module_watch import ModuleWatch
from tools.desk.web.phone_bill import PhoneBill
from tools.desk.web.recording import Recording
from tools.desk.web.strikes import Strikes

# In ticks of 0.1 s: how often each part of the state is looked at.
_PERIODS = {
    "desk": 2,
    "car": 1,
    "beliefs": 5,
    "battery": 5,
    "bus": 3,
    "sent": 3,
    "links": 2,
    "counters": 5,
    "phone": 5,
    "faults": 2,
}
_SAMPLE_TICKS = 10
# SMS after which the module starts anew because somebody said so.
_RESTARTING = ("RESET", "FACTORY")
# How long that may take, by its clock.
_RESTART_S = 60.0
# Who has asked for no part of the state for so many real seconds is gone.
_SHOWN_S = 10.0
# Changed fields of a message that one line names.
_NEWS = 6


class StageView:
    """A `Source` of the stage. Made before the stage starts, `attach` after."""

    def __init__(self, stage: Stage, script: PhoneScript | None = None):
        self.stage = stage
        self.script = script
        self.lines = LineLog()
        self.samples = SampleLog()
        self.actions: dict[str, Action] = ACTIONS
        self.secrets = Secrets((SERVER_PASSWORD, MODULE_PASSWORD, BROKER_PASSWORD))
        self.beliefs = Beliefs(stage, lambda: self.module_s)
        self.strikes = Strikes(stage, self.beliefs, lambda text: self.say("fault", text))
        self.wheel = Wheel()
        options = stage.options
        self._recording = Recording(
            {
                "vehicle": options.car_type,
                "scenario": options.scenario,
                "sevcon": options.sevcon,
                "time_scale": options.time_scale,
            }
        )
        self._describer = Describer()
        self._bus, self._sent_frames = BusTable(), BusTable()
        self._started_s = time.monotonic()
        self._clock_s = 0.0
        self._looked_s = self._started_s
        self._ticks = 0
        self._bill = PhoneBill()
        self._lights = Lights(stage)
        self.watch = ModuleWatch(stage.type_line, self._step)
        self._uart = [0, 0]
        self._steps: dict[str, int] = {}
        self._restarts = 0
        self._restart_until_s = 0.0
        # Until when somebody may be looking, in real time.
        self._shown_until_s = 0.0
        self._before = (0, 0, 0, 0.0)

    @property
    def module_s(self) -> float:
        """Seconds of the module's clock since the start, however fast it went."""
        now_s = time.monotonic()
        self._clock_s += (now_s - self._looked_s) * self.stage.options.time_scale
        self._looked_s = now_s
        return self._clock_s

    def attach(self) -> None:
        """Listen to all parts of a stage that has started."""
        stage = self.stage
        self._started_s = self._looked_s = time.monotonic()
        stage.on_frames.append(self._hear_frames)
        stage.on_frame_from_module.append(self._hear_sent)
        stage.on_event.append(self._hear_event)
        stage.on_message.append(self._hear_app)
        stage.on_sms.append(self._hear_sms)
        stage.on_console.append(self.watch.hear)
        to_modem = Dialogue(lambda text: self._at("to modem", text))
        from_modem = Dialogue(lambda text: self._at("modem", text))
        uart = self._uart

        def on_bytes(is_from_module: bool, data: bytes) -> None:
            uart[is_from_module] += len(data)
            (to_modem if is_from_module else from_modem).feed(data)

        assert stage.modem is not None
        stage.modem.on_bytes = on_bytes

    # ---- what was said ----

    def say(self, who: str, text: str, **more: Any) -> None:
        """A line for the page."""
        self.lines.line(self.module_s, who, text, **more)

    def line(self, who: str, text: str) -> None:
        """What the stage tells; SMS, CAN and app's messages come by ways of their own."""
        if who == "phone":
            self._bill.to_module(self.module_s)
            if text.strip().upper().startswith(_RESTARTING):
                self.expect_restart()
            self.say("phone", self.secrets.clean_sms(text))
        elif who in ("module", "broker"):
            self.say(who, self.secrets.clean(text))
        elif who == "app" and text[1:2] != " ":
            self.say("app", self.secrets.clean(text))

    def _hear_sms(self, sms: OutgoingSms) -> None:
        self._bill.of_module(self.module_s, sms.part_count)
        text = sms.text.replace("\r\n", "\n").replace("\r", "\n")
        parts = [self.secrets.clean_reply(part) for part in text.split("\n")]
        self.say("sms", "\n".join(parts), parts=sms.part_count, to=sms.number)

    def _hear_event(self, event: Event) -> None:
        who = {"car": "to server", "app": "to server"}.get(event.kind, "server")
        text = event.text if event.kind in ("car", "app") else f"{event.kind} {event.text}"
        self.say(who, self.secrets.clean(f"{event.kind} {text}" if who == "to server" else text))

    def _hear_app(self, code: str, payload: str) -> None:
        self.beliefs.hear(code, payload)
        text = self._describer.news(code, redact(code, payload), _NEWS)
        self.say("app", self.secrets.clean(text))

    def _hear_frames(self, frames: list[tuple[int, int, bytes]]) -> None:
        for _, identifier, data in frames:
            self._bus.take(identifier, data)

    def _hear_sent(self, frame: canbus.Frame) -> None:
        self._sent_frames.take(frame.arbitration_id, frame.data)

    def _at(self, who: str, text: str) -> None:
        self.say(who, self.secrets.clean(text))

    def _step(self, step: str) -> None:
        """The module took a step of its recovery ladder."""
        self._steps[step] = self._steps.get(step, 0) + 1
        self.strikes.step(step)
        self.say("step", step)

    def expect_restart(self) -> None:
        """Somebody asked for a new start of the module, so that one is no recovery."""
        self._restart_until_s = self.module_s + _RESTART_S

    # ---- what is the case ----

    def tick(self) -> None:
        """Every 0.1 s."""
        self._ticks += 1
        self.beliefs.look()
        self._lights.look()
        board = self.stage.board
        if board is not None and board.restarts != self._restarts:
            self._restarts = board.restarts
            self.watch.restarted()
            if self.module_s > self._restart_until_s:
                self._step("board restart")
            self._restart_until_s = 0.0
        now_s = time.monotonic()
        if now_s <= self._shown_until_s:
            is_twizy = self.stage.options.car_type == TWIZY
            self.watch.tick(self.module_s, now_s, is_twizy)
        else:
            self.watch.rest()
        if self._ticks % _SAMPLE_TICKS == 0:
            self._sample(self.module_s, now_s)

    def _sample(self, module_s: float, now_s: float) -> None:
        stage = self.stage
        counters = stage.server.counters(VEHICLE)
        now = (counters.bytes_from_car, counters.bytes_to_car, self._bus.frames, now_s)
        before, self._before = self._before, now
        passed_s = max(now_s - before[3], 0.1)
        fix = stage.gps.receiver.fix
        told = self._place()
        self.samples.add(
            {
                "t": round(module_s, 1),
                "power": round(stage.car.power_w / 1000, 2),
                "soc": round(stage.car.soc_pct, 2),
                # A new server begins at nothing.
                "out": round(max(now[0] - before[0], 0) / passed_s),
                "in": round(max(now[1] - before[1], 0) / passed_s),
                "can": round((now[2] - before[2]) / passed_s),
                **self._health(),
                "at": [round(fix.latitude, 6), round(fix.longitude, 6)],
                "told": told,
            }
        )

    def _health(self) -> dict[str, float | None]:
        """KB of the heap where there is one, ms of this computer; None for what is not told."""
        health, options = self.watch.health, self.stage.options
        if health is None:
            return {"heap": None, "pause": None}
        has_heap = options.wiring.runtime != "cpython"
        return {
            "heap": round(health.used / 1024, 1) if has_heap else None,
            "pause": round(max(health.pause_ms, 0) / options.time_scale, 1),
        }

    def _place(self) -> list[float] | None:
        location = self.beliefs.app.get("L")
        parts = location.payload.split(",") if location else []
        try:
            place = [float(parts[0]), float(parts[1])]
        except (IndexError, ValueError):
            return None
        return place if any(place) else None

    def sections(self, is_all: bool = False) -> dict[str, Any]:
        self._shown_until_s = time.monotonic() + _SHOWN_S
        makers = {
            "desk": self._desk,
            "car": self._car,
            "beliefs": self.beliefs.rows,
            "battery": self._battery,
            "bus": lambda: self._bus.shown(self.stage.options.car_type),
            "sent": lambda: self._sent_frames.shown(self.stage.options.car_type),
            "links": self._lights.shown,
            "counters": self._counters,
            "phone": self._bill.shown,
            "faults": self.strikes.shown,
        }
        return {
            name: maker()
            for name, maker in makers.items()
            if is_all or self._ticks % _PERIODS[name] == 0
        }

    def _desk(self) -> dict[str, Any]:
        options = self.stage.options
        script = self.script
        return {
            "kind": "desk",
            "vehicle": VEHICLE,
            "elapsed": int(self.module_s),
            "scale": options.time_scale,
            "scales": list(SCALES),
            "runtime": options.wiring.runtime,
            "type": options.car_type,
            "cars": {TWIZY: "Renault Twizy", **{key: car.title for key, car in CARS.items()}},
            "scenario": "" if self.wheel.is_held else options.scenario,
            "scenarios": scenarios_of(options.car_type),
            "wheel": {
                "key": self.wheel.has_key if self.wheel.is_held else self.stage.car.is_key_on,
                "plug": self.wheel.has_plug if self.wheel.is_held else self.stage.car.is_charging,
                "gear": self.wheel.gear,
                "speed": self.wheel.speed_kmh
                if self.wheel.is_held
                else round(self.stage.car.speed_kmh),
                "top": 80,
            },
            "setUp": [script.answered, len(script.steps)] if script else None,
            "complaint": "" if not script or script.is_finished else script.complaint,
            "inputs": len(self._recording.inputs),
            "route": [[point.latitude, point.longitude] for point in TEMPELHOF],
        }

    def _car(self) -> dict[str, Any]:
        car = self.stage.car
        fix = self.stage.gps.receiver.fix
        return {
            "soc": round(car.soc_pct, 1),
            "speed": round(car.speed_kmh, 1),
            "power": round(car.power_w / 1000, 1),
            "range": round(car.range_km),
            "odometer": round(car.odometer_km, 1),
            "charge": car.charge_state if car.is_charging else "",
            "state": _state(car),
            "volts": round(_of(car, "pack_v"), 1),
            "amps": round(_of(car, "current_a"), 1),
            "degrees": round(_of(car, "battery_c")),
            "height": round(car.altitude_m),
            "course": round(fix.course_deg),
            "at": [round(fix.latitude, 6), round(fix.longitude, 6)],
        }

    def _battery(self) -> dict[str, Any]:
        car = self.stage.car
        if not isinstance(car, TwizySimulator):
            degrees = {"battery": car.battery_c, "motor": car.motor_c, "charger": car.charger_c}
            return {"cells": [], "modules": [], "other": _rounded(degrees), "monitor": {}}
        model = car.model
        degrees = {
            "motor": model.motor_c,
            "inverter": model.inverter_c,
            "charger": model.charger_c,
            "outside": model.ambient_c,
        }
        return {
            "cells": [round(model.cell_volts(cell), 3) for cell in range(CELLS)],
            "modules": [round(model.module_c(module), 1) for module in range(MODULES)],
            "other": _rounded(degrees),
            "monitor": {name: marks.shown() for name, marks in self.watch.groups.items()},
        }

    def _counters(self) -> dict[str, Any]:
        counters = self.stage.server.counters(VEHICLE)
        board = self.stage.board
        return {
            "steps": self._steps,
            "module": dict(sorted(self.watch.counts.items())),
            "rows": {
                "SMS to the module": self._bill.sum.to_module,
                "SMS of the module": self._bill.sum.of_module,
                "their parts, each paid for": self._bill.sum.parts,
                "logins of the module": counters.car_logins,
                "bytes to the server": counters.bytes_from_car,
                "bytes from the server": counters.bytes_to_car,
                "bytes to the modem": self._uart[1],
                "bytes from the modem": self._uart[0],
                "frames on the bus": self._bus.frames,
                "frames the module sent": self._sent_frames.frames,
                "frames lost, also before it listened": board.bus.dropped_frames if board else 0,
                "restarts of the module": board.restarts if board else 0,
                "errors the server found": counters.fault_count,
            },
        }

    # ---- what is done ----

    async def act(self, name: str, arguments: Any) -> Any:
        """Do it and note it. ActionError with a sentence when it cannot be done."""
        action = self.actions.get(name)
        if action is None:
            raise ActionError(f"There is no action {name[:40]}.")
        checked = action.checked(arguments)
        noted = {
            key: self.secrets.clean_sms(value) if isinstance(value, str) else value
            for key, value in checked.items()
        }
        self.say("you", f"{name} {' '.join(str(value) for value in noted.values())}".rstrip())
        at_s = self.module_s
        try:
            answer = await action.run(self, checked)
        except (HostError, ValueError) as error:
            raise ActionError(str(error)) from None
        self._recording.add(at_s, name, noted)
        return answer

    def recording(self) -> str:
        return self._recording.text()

    def held_wheel(self) -> Wheel:
        """The wheel, taken in hand as the car is now when nobody had it."""
        car, wheel = self.stage.car, self.wheel
        if not wheel.is_held:
            wheel.is_held = True
            wheel.has_key, wheel.has_plug = car.is_key_on, car.is_charging
            wheel.speed_kmh = float(round(car.speed_kmh))
        return wheel

    def changed_car(self, car_type: str) -> None:
        """Another car on another bus."""
        self._bus.clear()
        self._sent_frames.clear()
        self.beliefs.forget()
        self.watch.forget_car()

    async def change_time(self, scale: float) -> None:
        self.expect_restart()
        await self.stage.change_time_scale(scale)

    async def stop(self) -> None:
        await self.strikes.stop()


def _rounded(degrees: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 1) for name, value in degrees.items()}


def _of(car: Any, name: str) -> float:
    """An attribute of a car, or of its model where it has one."""
    return getattr(getattr(car, "model", car), name)


def _state(car: Any) -> str:
    if car.is_charging:
        return "charges"
    if car.is_on:
        return "drives" if car.speed_kmh > 0.5 else "is on"
    if car.is_key_on:
        return "has its key on"
    return "sleeps" if car.is_asleep else "is awake"
