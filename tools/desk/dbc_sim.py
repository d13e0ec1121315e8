"""A car of `dbc_cars.py` on its bus, in virtual time: scenario in, frames and the truth out.

What `TwizySimulator` is for the Twizy, coarser: the physics is the same for all of them. Shares no
code with the firmware: cantools makes the frames from the car's DBC file.
"""

from __future__ import annotations

from functools import cache

from cantools.database import can, load_file

from tools.desk.dbc_cars import CARS, Frame
from tools.desk.obd_ecu import ControlUnits
from tools.desk.roadster_bus import RoadsterBus
from tools.desk.twizy_scenarios import TOWN, Step, target_kmh

SCENARIOS = {
    "park": "The car sleeps, and so does its bus.",
    "drive": "Half an hour of driving in town.",
    "charge": "A charge from 80 % until the battery is full.",
}
_USUAL_PERIOD_MS = 100
_FRAME_US = 250
_TICK_MS = 10
_PAUSE_S = 3.0
# Of a car that is asked: its owner lets the module do so by SMS, at a standstill.
ASKED_PAUSE_S = 40.0
_KEY_S = 4.0
_DRIVE_S = 1800.0
_AFTER_S = 60.0
_ACCELERATION_MS2 = 1.5
_MASS_KG = 1500.0
_DRAG_N_PER_MS2 = 0.4
_ROLL_N = 150.0
_IDLE_W = 400.0
_WH_PER_KM = 150.0
_CHARGER = 0.9


@cache
def _messages(vehicle: str) -> dict[str, can.Message]:
    database = load_file(CARS[vehicle].dbc, strict=True)
    assert isinstance(database, can.Database)
    return {message.name: message for message in database.messages}


class DBCSimulator:
    """One car living through a scenario; the attributes are those of `TwizySimulator`.

    vehicle: a type in CARS; scenario: name in SCENARIOS. ValueError for what there is not.
    pause_s: how long it stands before the scenario begins.
    """

    altitude_m = 48.0

    def __init__(
        self,
        vehicle: str,
        scenario: str = "drive",
        *,
        is_repeating: bool = False,
        pause_s: float = _PAUSE_S,
    ):
        if vehicle not in CARS:
            raise ValueError(f"There is no simulated car {vehicle}: choose {', '.join(CARS)}.")
        if scenario not in SCENARIOS:
            raise ValueError(f"A {vehicle} knows {', '.join(SCENARIOS)}, and not {scenario}.")
        self.data = CARS[vehicle]
        if scenario == "charge" and not self.data.does_charge:
            raise ValueError(f"On the bus of a {self.data.title} nothing is heard of a charge.")
        self.scenario = scenario
        self.soc_pct = 80.0
        self.odometer_km = 12_345.0
        self.speed_kmh = self.distance_m = 0.0
        self.power_w = self.plug_w = 0.0
        self.ambient_c, self.battery_c, self.motor_c, self.charger_c = 16.0, 18.0, 20.0, 20.0
        self.is_key_on = self.is_on = self.is_charging = self.is_plugged = False
        self.is_finished = False
        self.beat = 0
        self.charge_state = "done"
        self._is_repeating = is_repeating
        self._pause_s = pause_s
        self._is_interrupted = False
        self._speeds: tuple[tuple[float, float], ...] = TOWN
        self._lasts_s = _DRIVE_S
        self._now_ms = self._target_ms = self._start_ms = self._end_ms = 0
        self._turns: dict[str, int] = {}
        messages = _messages(vehicle)
        self.charged_wh = 0.0
        # Plugged in, and told not to charge.
        self.is_held = False
        self.roadster = None
        if self.data.is_roadster:
            self.roadster = RoadsterBus(self, messages, self.data.vin)
        self._units = None
        if self.data.chatter:
            self._units = ControlUnits(self, messages["RESPONSE_ECM"], self.data.vin)
        self._schedule = [(frame, messages[frame.message]) for frame in self.data.frames]

    @property
    def time_s(self) -> float:
        return self._now_ms / 1000

    @property
    def is_asleep(self) -> bool:
        return not (self.is_key_on or self.is_plugged)

    @property
    def pack_v(self) -> float:
        return self.data.volts * (0.9 + 0.1 * self.soc_pct / 100) - self.power_w / 4000

    @property
    def current_a(self) -> float:
        """Out of the battery."""
        return self.power_w / self.data.volts

    @property
    def range_km(self) -> float:
        return self.data.battery_wh * self.soc_pct / 100 / _WH_PER_KM

    @property
    def line_v(self) -> float:
        return self.data.line_v * self.is_plugged

    @property
    def line_a(self) -> float:
        return self.plug_w / self.data.line_v

    @property
    def progress(self) -> float:
        passed_s = (self._now_ms - self._start_ms) / 1000
        return min(passed_s / _DRIVE_S, 1.0) if self.scenario == "drive" else 0.0

    def interrupt_charge(self) -> None:
        """Pull the plug."""
        self._is_interrupted = True

    def receive(self, arbitration_id: int, data: bytes) -> list[tuple[int, bytes]]:
        """A frame of the module; the answers of the car, where it is one that answers."""
        if self.roadster:
            return self.roadster.receive(arbitration_id, data)
        return self._units.receive(arbitration_id, data) if self._units else []

    def control(self, step: Step, gear: str = "D") -> None:
        """From now on the car does `step` and no scenario. ValueError for what it cannot."""
        if step.action == "charge" and not self.data.does_charge:
            raise ValueError(f"On the bus of a {self.data.title} nothing is heard of a charge.")
        is_new = self.scenario != step.action
        self.scenario = step.action
        self._speeds = step.speeds or ((1.0, 0.0),)
        self._lasts_s = step.seconds or _DRIVE_S
        self._is_repeating = self.is_finished = False
        if not is_new:
            return
        # The pause before a scenario begins is over.
        self._start_ms = self._now_ms - round(self._pause_s * 1000)
        self._is_interrupted = False
        if step.action != "charge":
            self.is_plugged = self.is_charging = False
            self.plug_w = 0.0
        if step.action in ("park", "charge"):
            self.is_key_on = self.is_on = False
            self.speed_kmh = self.power_w = 0.0

    def set_soc(self, soc_pct: float) -> None:
        """Another state of charge, from one moment to the next."""
        self.soc_pct = min(max(soc_pct, 1.0), 100.0)

    def timed_step(self, elapsed_ms: int) -> list[tuple[int, int, bytes]]:
        """Let time pass; the frames sent meanwhile as (time_us, arbitration_id, data)."""
        self._target_ms += elapsed_ms
        frames: list[tuple[int, int, bytes]] = []
        while self._now_ms + _TICK_MS <= self._target_ms:
            self._live()
            if self.roadster:
                # Its bus never sleeps.
                frames += self.roadster.frames(self._now_ms)
            elif not self.is_asleep:
                self._send(frames)
            self._now_ms += _TICK_MS
        return frames

    def step(self, elapsed_ms: int) -> list[tuple[int, bytes]]:
        """The same as (arbitration_id, data)."""
        return [frame[1:] for frame in self.timed_step(elapsed_ms)]

    def _send(self, frames: list[tuple[int, int, bytes]]) -> None:
        time_us = self._now_ms * 1000
        if not self._now_ms % _USUAL_PERIOD_MS:
            for arbitration_id in self.data.chatter:
                time_us += _FRAME_US
                frames.append((time_us, arbitration_id, self.beat.to_bytes(8, "big")))
        for frame, message in self._schedule:
            period_ms = max(message.cycle_time or _USUAL_PERIOD_MS, _TICK_MS)
            period_ms -= period_ms % _TICK_MS
            if self._now_ms % period_ms or not self._is_sent(frame):
                continue
            turn = self._turns.get(frame.message, 0)
            self._turns[frame.message] = turn + 1
            values = {signal.name: max(0, signal.offset) for signal in message.signals}
            values |= frame.pages[turn % len(frame.pages)](self)
            time_us += _FRAME_US
            data = message.encode(values, strict=False, padding=False)
            frames.append((time_us, message.frame_id, data))

    def _is_sent(self, frame: Frame) -> bool:
        if frame.when == "key":
            return self.is_key_on
        return frame.when == "any" or self.is_plugged

    def _live(self) -> None:
        if self._now_ms % _USUAL_PERIOD_MS:
            return
        seconds = _USUAL_PERIOD_MS / 1000
        self.beat += 1
        passed_s = (self._now_ms - self._start_ms) / 1000 - self._pause_s
        if self.scenario in ("drive", "key"):
            self._drive(passed_s, seconds)
        elif self.scenario == "charge" and passed_s >= 0:
            self._charge(seconds)
        if self.is_finished and self._is_repeating:
            self.is_finished = False
            self._start_ms = self._now_ms
            if self.scenario == "charge":
                self.soc_pct = 80.0

    def _drive(self, passed_s: float, seconds: float) -> None:
        self.is_key_on = 0 <= passed_s < self._lasts_s
        self.is_on = self.is_key_on and passed_s >= _KEY_S and self.scenario == "drive"
        before_ms = self.speed_kmh / 3.6
        wanted_kmh = target_kmh(self._speeds, passed_s - _KEY_S) if self.is_on else 0.0
        change_ms = _ACCELERATION_MS2 * seconds
        speed_ms = max(before_ms - change_ms, min(before_ms + change_ms, wanted_kmh / 3.6))
        force_n = _MASS_KG * (speed_ms - before_ms) / seconds
        if speed_ms:
            force_n += _ROLL_N + _DRAG_N_PER_MS2 * speed_ms * speed_ms
        self.power_w = (force_n * speed_ms * (1.15 if force_n > 0 else 0.6) + _IDLE_W) * (
            self.is_key_on
        )
        self.speed_kmh = speed_ms * 3.6
        metres = (before_ms + speed_ms) / 2 * seconds
        self.distance_m += metres
        self.odometer_km += metres / 1000
        self._flow(seconds)
        self.motor_c += (25 + abs(self.power_w) / 500 - self.motor_c) * seconds / 600
        self.is_finished = passed_s >= self._lasts_s + _AFTER_S

    def _charge(self, seconds: float) -> None:
        if self.soc_pct >= 100 or self._is_interrupted:
            if self.is_charging:
                self.charge_state = "stopped" if self._is_interrupted else "done"
                self._end_ms = self._now_ms
            self.is_charging = False
            self.power_w = self.plug_w = 0.0
            self.is_plugged = not self._is_interrupted and (
                self._now_ms - self._end_ms < _AFTER_S * 1000
            )
            self.is_finished = self._now_ms - self._end_ms >= 2 * _AFTER_S * 1000
            return
        if self.is_held:
            self.is_plugged, self.is_charging = True, False
            self.power_w = self.plug_w = 0.0
            return
        if not self.is_charging:
            self.charged_wh = 0.0
        self.is_plugged = self.is_charging = True
        self.charge_state = "charging"
        self.plug_w = self.data.line_v * self.data.line_a
        self.power_w = -self.plug_w * _CHARGER
        self._flow(seconds)
        self.charged_wh -= self.power_w * seconds / 3600
        self.charger_c += (45 - self.charger_c) * seconds / 900

    def _flow(self, seconds: float) -> None:
        used_pct = self.power_w * seconds / 3600 / self.data.battery_wh * 100
        self.soc_pct = min(max(self.soc_pct - used_pct, 1.0), 100.0)
