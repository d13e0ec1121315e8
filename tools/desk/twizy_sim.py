"""A Renault Twizy on its bus, in virtual time: scenario in, frames and the expected truth out.

Shares no code with the firmware: frames are made by cantools from `twizy.dbc`. The same calls
give the same frames, so a test can run an hour of driving in seconds. The bus sleeps when the car
is parked, as the real one does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tools.desk import twizy_scenarios as scenarios
from tools.desk.twizy_frames import Car, FrameEncoder
from tools.desk.twizy_model import TwizyModel, follow_speed

_TICK_MS = 10
# The physics and what depends on it move at the pace of most frames.
_SLOT_MS = 100
_FRAME_US = 250
# Over this way a slope is measured: longer than a slot's, shorter than any hill.
_SLOPE_M = 10.0
_CHARGE_WANTED = scenarios.CHARGING.charge_cmd
_EVER_S = 1e9
_ASLEEP, _KEY, _PLUG = range(3)
_BUS_OF = {"park": _ASLEEP, "key": _KEY, "drive": _KEY, "charge": _PLUG}


class TwizySimulator:
    """One car living through a scenario.

    scenario: name in SCENARIOS, or a Scenario. soc_pct, odometer_km: where it starts; start_m:
    how high that is; clock_min: its clock then. is_repeating: begin again at the end, else
    the car sleeps from then on.

    `model` is open for faults: `model.cell_offset_mv[cell]`, `model.module_offset_c[module]`.
    """

    def __init__(
        self,
        scenario: str | scenarios.Scenario = "drive",
        *,
        soc_pct: float | None = None,
        odometer_km: float = 4437.1,
        is_repeating: bool = False,
        start_m: float = 48.0,
        clock_min: int = 480,
    ):
        if isinstance(scenario, str):
            if scenario not in scenarios.SCENARIOS:
                names = ", ".join(sorted(scenarios.SCENARIOS))
                raise ValueError(f"There is no scenario {scenario}: choose {names}.")
            scenario = scenarios.SCENARIOS[scenario]
        self.scenario = scenario
        self.model = TwizyModel(scenario.soc_pct if soc_pct is None else soc_pct, odometer_km)
        self._car = Car(self.model)
        self.phase: scenarios.BusPhase | None = None
        self.is_finished = False
        self.planned_m = sum(_profile_metres(step) for step in scenario.steps)
        self._charge_state = "done"
        self._is_repeating = is_repeating
        self._clock_min = clock_min
        self._encoder = FrameEncoder()
        self._now_ms = 0
        self._target_ms = 0
        self._wake_ms = 0
        self._phase_end_ms: int | None = 0
        self._step_start_ms = 0
        self._step: scenarios.Step | None = None
        self._start_m = start_m
        self._fault_min = 0.0
        self._is_interrupted = False
        # What somebody makes the car do, instead of what the scenario has next.
        self._wanted: scenarios.Step | None = None
        self._gear = "D"
        self._fast: dict[str, tuple[int, bytes]] = {}
        self._timeline = self._phases()

    @property
    def time_s(self) -> float:
        """Virtual seconds since the start."""
        return self._now_ms / 1000

    @property
    def is_asleep(self) -> bool:
        return self.phase is None

    @property
    def is_key_on(self) -> bool:
        return self.phase is not None and self.phase.is_key_on

    @property
    def is_on(self) -> bool:
        """The motor is on (GO)."""
        return self._car.is_go

    @property
    def is_charging(self) -> bool:
        return self.phase is not None and self.phase.is_charging

    @property
    def charge_state(self) -> str:
        """`charging`, `topoff`, `done` or `stopped`, as the S message words it."""
        return self._charge_state

    @property
    def soc_pct(self) -> float:
        return self.model.soc * 100

    @property
    def speed_kmh(self) -> float:
        return self.model.speed_ms * 3.6

    @property
    def range_km(self) -> float:
        """The dashboard's estimate; it stands still while charging."""
        return self.model.range_km

    @property
    def odometer_km(self) -> float:
        return self.model.odometer_km

    @property
    def power_w(self) -> float:
        return self.model.power_w

    @property
    def altitude_m(self) -> float:
        """Where the road is; also for the GPS receiver that goes along."""
        return self._start_m + self.scenario.height_m(self.model.distance_m)

    @property
    def distance_m(self) -> float:
        """Metres driven since the start."""
        return self.model.distance_m

    @property
    def progress(self) -> float:
        """How much of the scenario's way is done, 0 to 1; a repeated scenario begins anew."""
        if not self.planned_m:
            return 0.0
        ways = self.model.distance_m / self.planned_m
        return ways % 1 if self._is_repeating else min(ways, 1.0)

    def interrupt_charge(self) -> None:
        """Pull the plug; a charge under way ends as stopped, and the scenario goes on."""
        self._is_interrupted = True

    def control(self, step: scenarios.Step, gear: str = "D") -> None:
        """From now on the car does `step` and no scenario. gear: D, N or R, of a drive."""
        now = self._step
        if now is not None and now is self._wanted and now.action == step.action:
            # The same key, at another speed or in another gear.
            self._step = step
            self._step_start_ms = self._now_ms
            self._car.gear = gear if step.action == "drive" else "N"
        self._wanted, self._gear = step, gear

    def set_soc(self, soc_pct: float) -> None:
        """Another state of charge, from one moment to the next."""
        self.model.soc = min(max(soc_pct, 0.0), 100.0) / 100
        self.model.is_full = False
        self.model.rest(0)

    def step(self, elapsed_ms: int) -> list[tuple[int, bytes]]:
        """Let time pass; the frames sent meanwhile as (arbitration_id, data)."""
        return [frame[1:] for frame in self.timed_step(elapsed_ms)]

    def timed_step(self, elapsed_ms: int) -> list[tuple[int, int, bytes]]:
        """Like `step`, with the microsecond each frame ends: (time_us, arbitration_id, data)."""
        self._target_ms += elapsed_ms
        frames: list[tuple[int, int, bytes]] = []
        while self._now_ms + _TICK_MS <= self._target_ms:
            if self._is_phase_over():
                self._next_phase()
                continue
            if self.phase is None:
                self._sleep()
            else:
                self._tick(frames)
        return frames

    def _is_phase_over(self) -> bool:
        if self._phase_end_ms is not None and self._now_ms >= self._phase_end_ms:
            return True
        # In the phases after this one the BMS asks for the end itself.
        is_filling = self.is_charging and self._car.phase.charge_cmd == _CHARGE_WANTED
        if self._wanted and self._wanted is not self._step:
            is_driving = self.phase is not None and self.phase.flags == scenarios.DRIVING.flags
            return self.phase is None or is_driving or is_filling
        return is_filling and (self.model.is_full or self._is_interrupted)

    def _next_phase(self) -> None:
        was_asleep = self.phase is None
        self.phase = next(self._timeline, None)
        seconds = None if self.phase is None else self.phase.seconds
        if self.phase is None:
            self.model.rest(0)
            self._car = Car(self.model)
            self._phase_end_ms = self._sleep_end_ms()
            return
        if was_asleep:
            self._wake_ms = self._now_ms
        self._phase_end_ms = None if seconds is None else self._now_ms + round(seconds * 100) * 10

    def _sleep_end_ms(self) -> int | None:
        if self.is_finished or self._step is None:
            return None
        return self._step_start_ms + round((self._step.seconds or 0) * 100) * 10

    def _phases(self) -> Iterator[scenarios.BusPhase | None]:
        """Bus phases of the whole scenario, each computed when the one before is over."""
        bus = _ASLEEP
        while True:
            for step in self._steps():
                wanted = _BUS_OF[step.action]
                if bus == _KEY and wanted != _KEY:
                    self._car.is_go = False
                    yield from scenarios.KEY_OFF
                if bus != wanted and wanted == _PLUG:
                    self._car.has_mains = True
                    yield from scenarios.PLUG_IN
                elif bus != wanted and wanted == _KEY:
                    yield from scenarios.KEY_ON
                self._step = step
                self._step_start_ms = self._now_ms
                bus = wanted
                if step.action == "park":
                    yield None
                elif step.action == "charge":
                    self._is_interrupted = False
                    self._charge_state = "charging"
                    yield replace(scenarios.CHARGING, seconds=step.seconds)
                    yield from self._end_charge()
                    bus = _ASLEEP
                else:
                    seconds = step.seconds
                    if seconds is None:
                        seconds = sum(part[0] for part in step.speeds)
                    self._start_drive(step)
                    yield replace(scenarios.DRIVING, seconds=seconds)
            if not self._is_repeating:
                break
        if bus == _KEY:
            self._car.is_go = False
            yield from scenarios.KEY_OFF
        self.is_finished = True

    def _steps(self) -> Iterator[scenarios.Step]:
        """The scenario's, or what is wanted, until something else is."""
        for step in self.scenario.steps:
            if self._wanted:
                break
            yield step
        while self._wanted:
            step = self._wanted
            yield step
            if step.action == "charge" and step is self._wanted:
                # Full, and still plugged in.
                self._wanted = scenarios.Step("park", _EVER_S)

    def _start_drive(self, step: scenarios.Step) -> None:
        if self._charge_state == "stopped":
            self._charge_state = "done"
        self._car.is_go = step.action == "drive"
        self._car.gear = self._gear if step.action == "drive" else "N"

    def _end_charge(self) -> Iterator[scenarios.BusPhase]:
        if self.model.is_full:
            yield from scenarios.FULL
        self._charge_state = "done" if self.model.is_full else "stopped"
        self._car.has_mains = False
        yield from scenarios.CHARGE_END

    def _sleep(self) -> None:
        """The bus is silent: skip to the end of the rest, or of the time there is."""
        end_ms = self._target_ms if self._phase_end_ms is None else self._phase_end_ms
        end_ms = min(end_ms, self._target_ms)
        ticks = max((end_ms - self._now_ms) // _TICK_MS, 1)
        self.model.rest(ticks * _TICK_MS / 1000)
        self._now_ms += ticks * _TICK_MS

    def _tick(self, frames: list[tuple[int, int, bytes]]) -> None:
        assert self.phase is not None
        car = self._car
        car.phase = self.phase
        bus_ms = self._now_ms - self._wake_ms
        if bus_ms % _SLOT_MS == 0:
            car.is_waking = bus_ms == 0
            car.clock_min = self._clock_min + self._now_ms // 60_000
            self._move(_SLOT_MS / 1000)
            self._fast.clear()
        time_us = self._now_ms * 1000
        for slot in self._encoder.schedule:
            if bus_ms % slot.period_ms != slot.offset_ms:
                continue
            if slot.needs_key and not self.phase.is_key_on:
                continue
            # Within a slot the frames of every tick repeat.
            frame = self._fast.get(slot.name)
            if frame is None:
                frame = self._encoder.encode(slot.name, car)
                if slot.period_ms == _TICK_MS:
                    self._fast[slot.name] = frame
            time_us += _FRAME_US
            frames.append((time_us, *frame))
        self._now_ms += _TICK_MS

    def _move(self, seconds: float) -> None:
        """Physics of one slot."""
        assert self.phase is not None
        model = self.model
        self._wear(seconds)
        if self.phase.is_charging:
            model.charge(seconds)
            if model.soc >= 0.94 and not model.is_full:
                self._charge_state = "topoff"
            return
        if not self._car.is_go or self._step is None:
            if self.phase.is_key_on and not self.phase.is_offline:
                model.drive(0, seconds)
            else:
                model.rest(seconds)
            return
        passed_s = (self._now_ms - self._step_start_ms) / 1000
        target_kmh = scenarios.target_kmh(self._step.speeds, passed_s)
        before_ms = model.speed_ms
        model.drive(target_kmh, seconds, self._slope())
        gain_ms = model.speed_ms - before_ms
        self._car.is_braking = gain_ms < 0
        self._car.pedal = 0 if gain_ms < 0 else round(40 + 1000 * gain_ms)

    def _slope(self) -> float:
        """Metres up for each metre driven, here."""
        height_m = self.scenario.height_m
        metres = self.model.distance_m
        return (height_m(metres + _SLOPE_M) - height_m(metres)) / _SLOPE_M

    def _wear(self, seconds: float) -> None:
        """Let the scenario's faults grow."""
        self._fault_min += seconds / 60
        for fault in self.scenario.faults:
            offset = fault.limit * min(self._fault_min / fault.minutes, 1)
            if fault.part == "cell":
                self.model.cell_offset_mv[fault.number - 1] = offset
            else:
                self.model.module_offset_c[fault.number - 1] = offset


def _profile_metres(step: scenarios.Step) -> float:
    """Metres of a drive, from the same driver as the model's."""
    if step.action != "drive":
        return 0.0
    seconds = step.seconds or sum(part[0] for part in step.speeds)
    slot_s = _SLOT_MS / 1000
    speed_ms = metres = 0.0
    for slot in range(round(seconds / slot_s)):
        before_ms = speed_ms
        target_kmh = scenarios.target_kmh(step.speeds, slot * slot_s)
        speed_ms = follow_speed(speed_ms, target_kmh / 3.6, slot_s)
        metres += (before_ms + speed_ms) / 2 * slot_s
    return metres


def candump_line(time_us: int, arbitration_id: int, data: bytes, channel: str = "can0") -> str:
    """One frame as `candump -L` writes it."""
    seconds, microseconds = divmod(time_us, 1_000_000)
    return f"({seconds}.{microseconds:06d}) {channel} {arbitration_id:03X}#{data.hex().upper()}"


def write_candump(
    simulator: TwizySimulator, seconds: float, file, start_utc_s: int = 1_700_000_000
) -> int:
    """Write `seconds` of bus traffic as candump -L lines; returns the number of frames."""
    frames = simulator.timed_step(round(seconds * 1000))
    for time_us, arbitration_id, data in frames:
        line = candump_line(start_utc_s * 1_000_000 + time_us, arbitration_id, data)
        file.write(line + "\n")
    return len(frames)
