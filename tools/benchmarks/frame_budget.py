"""What a controller and the module lose of a bus: a simulation of every frame, event by event.

A frame that passes the controller's filter lies in its buffers until the driver's soft interrupt
(MCP2515), or its timer (TWAI), moves it into the driver's ring; there it lies until the link's
task decodes it. Soft interrupts run between two bytecodes, so not while garbage is collected nor
while code is loaded: then the buffers run over. While another task has a long turn the ring fills.

Fed with what is measured: the instructions of driver and car for each frame (`can_path.py`), 125
million of them a second, and the pauses seen on an emulated ESP32 with the official image 1.23:
6 ms for a collection, 20 ms for the look-up and load of a piece of code.

A Roadster sends rarely and in bursts, so there it counts which frames are lost: those that its
sub-types name (`mcp2515_sub_types.py`), with and without the buffer that they have by that.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

from tools import on_cpython
from tools.benchmarks.rows import Row
from tools.desk.dbc_sim import DBCSimulator
from tools.desk.twizy_sim import TwizySimulator

GROUP = "Frames lost by a busy module"
RATES = (125_000, 250_000, 500_000)
_INSTRUCTIONS_PER_US = 125
_SECONDS = 20
_START_MS = 20_000
_RING = 47
# The link's task looks again 10 ms after it found nothing.
_LOOK_US = 10_000
_EIGHT = 8
# Between two ways in which pauses and bursts may meet.
_PHASE_US = 3_000
# Of an 11-bit frame without stuffed bits, with the 3 bits between two frames (hardware facts 2.8).
_FRAME_BITS = 47

ARRIVED, TAKEN, DECODED = range(3)


@dataclass(frozen=True)
class Frame:
    """end_us: when it has arrived. dlc: its bytes. passes: the controller's filter; wanted: by the
    car. bank: of an MCP2515, 0: either buffer takes it, 1: the second alone. matters: it is one of
    the car's sub-types.
    """

    end_us: float
    dlc: int = 8
    passes: bool = True
    wanted: bool = True
    bank: int = 0
    matters: bool = False


@dataclass(frozen=True)
class Controller:
    """room: of its buffers; a frame takes head, and byte_room for each byte of data. timer_us: how
    often it is looked at; 0: it interrupts. wire_us: what a frame takes on the way to the ESP32.
    """

    name: str
    room: int
    head: int
    byte_room: int
    timer_us: int = 0
    wire_us: float = 0


# Two buffers, and 16 us of SPI at 10 MHz (hardware facts 2.5, 2.8); 64 bytes, of which a frame
# takes 3 and its data (3.1).
MCP2515 = Controller("MCP2515", 2, 1, 0, wire_us=16)
TWAI = Controller("TWAI", 64, 3, 1, 1_000)


@dataclass(frozen=True)
class Pause:
    """What comes every `every_us`, for the first time at `first_us`, and takes `length_us`."""

    every_us: float
    first_us: float
    length_us: float

    def end_after(self, now_us: float) -> float:
        """When it is over, if it is on at `now_us`; else `now_us`."""
        since_us = (now_us - self.first_us) % self.every_us
        is_on = now_us >= self.first_us and since_us < self.length_us
        return now_us - since_us + self.length_us if is_on else now_us


@dataclass(frozen=True)
class Module:
    """What a frame costs, and what else goes on. latency_us: from the interrupt to Python
    (hardware facts 2.8: 50 to 300). no_interrupts: pauses in which none runs; no_link: the link
    does not.
    """

    drain_us: float
    decode_us: float
    latency_us: float = 100
    no_interrupts: tuple[Pause, ...] = ()
    no_link: tuple[Pause, ...] = ()


@dataclass
class Lost:
    """Frames that passed the filter: all, lost in the controller, and lost in the ring."""

    passed: int = 0
    in_controller: int = 0
    in_ring: int = 0
    # Those that matter, and what the controller lost of them.
    mattered: int = 0
    mattered_lost: int = 0

    @property
    def per_thousand(self) -> float:
        return 1000 * (self.in_controller + self.in_ring) / max(self.passed, 1)

    def __add__(self, other: Lost) -> Lost:
        mine, others = astuple(self), astuple(other)
        return Lost(*(a + b for a, b in zip(mine, others, strict=True)))


def _after(pauses: Iterable[Pause], now_us: float) -> float:
    """The first moment from `now_us` on that is in none of them."""
    while True:
        later_us = max((pause.end_after(now_us) for pause in pauses), default=now_us)
        if later_us == now_us:
            return now_us
        now_us = later_us


class _Simulation:
    def __init__(self, controller: Controller, module: Module):
        self.controller = controller
        self.module = module
        self.drain_us = module.drain_us + controller.wire_us
        self.lost = Lost()
        self.chip: deque[Frame] = deque()
        # How many of its frames only the second buffer takes.
        self.in_bank_1 = 0
        self.used = 0
        self.ring = 0
        self.events: list[tuple[float, int]] = []
        self.is_draining = self.is_decoding = False
        # What interrupts took of the time that one frame needs.
        self.stolen_us = 0.0

    def arrived(self, frame: Frame) -> None:
        if not frame.passes:
            return
        self.lost.passed += 1
        self.lost.mattered += frame.matters
        is_full = self.used + self._room(frame) > self.controller.room
        if is_full or self._is_bank_full(frame):
            self.lost.in_controller += 1
            self.lost.mattered_lost += frame.matters
            return
        self.used += self._room(frame)
        self.in_bank_1 += frame.bank
        self.chip.append(frame)
        if not self.is_draining:
            self.is_draining = True
            begin_us = frame.end_us + self.module.latency_us
            if self.controller.timer_us:
                begin_us = -(-frame.end_us // self.controller.timer_us) * self.controller.timer_us
            self._drain_from(begin_us)

    def _is_bank_full(self, frame: Frame) -> bool:
        """One waits in the second buffer that could not go into the first, or has spilled over."""
        return frame.bank == 1 and (self.in_bank_1 > 0 or len(self.chip) > 1)

    def _room(self, frame: Frame) -> int:
        return self.controller.head + self.controller.byte_room * frame.dlc

    def _drain_from(self, now_us: float) -> None:
        end_us = _after(self.module.no_interrupts, now_us) + self.drain_us
        heapq.heappush(self.events, (end_us, TAKEN))

    def taken(self, now_us: float) -> None:
        self.stolen_us += self.drain_us
        frame = self.chip.popleft()
        self.used -= self._room(frame)
        self.in_bank_1 -= frame.bank
        if frame.wanted:
            if self.ring < _RING:
                self.ring += 1
            else:
                self.lost.in_ring += 1
        self.is_draining = bool(self.chip)
        if self.is_draining:
            self._drain_from(now_us)

    def decoded(self, now_us: float) -> None:
        """The link's task has had the time for one frame, or waited for its next look."""
        if self.is_decoding:
            if self.stolen_us:
                heapq.heappush(self.events, (now_us + self.stolen_us, DECODED))
                self.stolen_us = 0.0
                return
            self.ring -= 1
        self.stolen_us = 0.0
        self.is_decoding = self.ring > 0
        next_us = now_us + (self.module.decode_us if self.is_decoding else _LOOK_US)
        pauses = (*self.module.no_link, *self.module.no_interrupts)
        heapq.heappush(self.events, (_after(pauses, next_us), DECODED))


def lost(frames: Sequence[Frame], controller: Controller, module: Module) -> Lost:
    """What is lost of `frames`, which come in the order of their time."""
    simulation = _Simulation(controller, module)
    heapq.heappush(simulation.events, (0.0, DECODED))
    for frame in frames:
        while simulation.events and simulation.events[0][0] <= frame.end_us:
            now_us, what = heapq.heappop(simulation.events)
            (simulation.taken if what == TAKEN else simulation.decoded)(now_us)
        simulation.arrived(frame)
    return simulation.lost


def sustained(controller: Controller, module: Module, most: int) -> int:
    """The highest rate of evenly spaced frames (1/s, at most `most`) of which none is lost."""
    low, high = 0, most + 1
    while high - low > 1:
        rate = (low + high) // 2
        frames = [Frame(n * 1e6 / rate) for n in range(1, 2 * rate)]
        if lost(frames, controller, module).per_thousand:
            high = rate
        else:
            low = rate
    return low


def on_bus(
    sent: Iterable[tuple[int, int, bytes]],
    bitrate: int,
    passes: Callable[[int], bool],
    wanted: Iterable[int],
) -> list[Frame]:
    """Frames (time_us, arbitration_id, data) one behind the other, as a bus carries them."""
    frames = []
    free_us = 0.0
    is_wanted = frozenset(wanted)
    for time_us, arbitration_id, data in sorted(sent, key=lambda frame: frame[0]):
        begin_us = max(free_us, time_us)
        free_us = begin_us + (_FRAME_BITS + _EIGHT * len(data)) * 1e6 / bitrate
        is_past = passes(arbitration_id)
        frames.append(Frame(free_us, len(data), is_past, arbitration_id in is_wanted))
    return frames


def full_bus(bitrate: int) -> list[Frame]:
    """Frame after frame with 8 bytes, of which the car wants every one."""
    time_us = (_FRAME_BITS + _EIGHT * _EIGHT) * 1e6 / bitrate
    return [Frame(n * time_us) for n in range(1, int(_SECONDS * 1e6 / time_us))]


def _mcp2515_passes(car: Any) -> Callable[[int], bool]:
    from tools.benchmarks.can_path import does_pass

    compute = on_cpython.attribute("ovms.drivers.mcp2515_filters", "acceptance_filters")
    filters = compute(car.RX_IDS, car.FOREIGN_IDS)
    return lambda number: does_pass(filters, number)


def _twai_passes(car: Any) -> Callable[[int], bool]:
    compute = on_cpython.attribute("ovms.drivers.twai_filters", "acceptance_filter")
    is_single, codes, masks = compute(car.RX_IDS, car.FOREIGN_IDS)

    def passes(number: int) -> bool:
        id_bytes = (number >> 3, number << 5 & 0xE0)
        for at in (0,) if is_single else (0, 2):
            # A bit of the mask at 1 is not compared; behind the id comes the bit of remote frames.
            high = (id_bytes[0] ^ codes[at]) & ~masks[at] & 0xFF
            low = (id_bytes[1] ^ codes[at + 1]) & ~masks[at + 1] & 0xE0
            if not high and not low:
                return True
        return False

    return passes


def _sent(car: Any, simulator: TwizySimulator | DBCSimulator) -> list[tuple[int, int, bytes]]:
    """What the simulator sends, and every other id that is known of the bus, each 10 ms."""
    simulator.timed_step(_START_MS)
    frames = simulator.timed_step(_SECONDS * 1000)
    begin_us = frames[0][0]
    sent = [(time_us - begin_us, number, data) for time_us, number, data in frames]
    seen = {number for _, number, _ in sent}
    for number in car.FOREIGN_IDS:
        if number not in seen:
            every_10_ms = range(0, int(_SECONDS * 1e6), 10_000)
            sent += [(time_us, number, bytes(_EIGHT)) for time_us in every_10_ms]
    return sent


def _roadster(controller: Controller, module: Module) -> list[Row]:
    """A charging Roadster, with filters of ids alone and with those of its sub-types."""
    car = on_cpython.attribute("ovms.vehicle.roadster.car", "Roadster")
    compute = on_cpython.attribute("ovms.drivers.mcp2515_filters", "acceptance_filters")
    sent = _sent(car, DBCSimulator("TR", "charge"))
    polled = replace(controller, timer_us=_LOOK_US)
    rows = []
    for how, chip in (("by interrupt", controller), ("INT broken, every 10 ms", polled)):
        for what, sub_types in (("filters of ids", ()), ("of sub-types", car.SUB_TYPES)):
            filters = compute(car.RX_IDS, car.FOREIGN_IDS, sub_types)
            frames = in_banks(sent, car.BITRATE, filters, car.SUB_TYPES)
            result = Lost()
            # The bursts keep time, and so do the pauses: all ways in which they may meet.
            for first_us in range(0, 1_000_000, _PHASE_US):
                pauses = tuple(replace(pause, first_us=first_us) for pause in module.no_interrupts)
                result += lost(frames, chip, replace(module, no_interrupts=pauses))
            rows.append(
                Row(
                    GROUP,
                    f"{controller.name}, Roadster, {how}, {what}: lost of a thousand that matter",
                    1000 * result.mattered_lost / result.mattered,
                    "frames",
                    note=f"charge state and switches; of all {result.per_thousand:.1f}",
                )
            )
    return rows


def in_banks(
    sent: Iterable[tuple[int, int, bytes]],
    bitrate: int,
    filters: tuple[int, tuple[int, ...], int, tuple[int, ...]],
    sub_types: Iterable[tuple[int, int]],
) -> list[Frame]:
    """As `on_bus`, for an MCP2515: which of its buffers takes a frame, by id and first byte."""
    mask_0, filters_0, mask_1, filters_1 = filters
    content = sorted(sent, key=lambda frame: frame[0])
    frames = []
    for frame, (_, number, data) in zip(
        on_bus(content, bitrate, lambda number: True, ()), content, strict=True
    ):
        key = (data[0] if data else 0) << 11 | number
        is_first = key & mask_0 in filters_0
        frames.append(
            replace(
                frame,
                passes=is_first or key & mask_1 in filters_1,
                bank=0 if is_first else 1,
                matters=bool(data) and (number, data[0]) in sub_types,
            )
        )
    return frames


def measure(driver_instructions: float, all_instructions: float) -> list[Row]:
    """All rows of this group. Instructions a frame: of the driver, and with the car."""
    module = Module(
        driver_instructions / _INSTRUCTIONS_PER_US,
        (all_instructions - driver_instructions) / _INSTRUCTIONS_PER_US,
    )
    # Once a second garbage; every ten a piece of code, and a turn at the limit of its budget.
    busy = Module(
        module.drain_us,
        module.decode_us,
        no_interrupts=(Pause(1e6, 5e5, 6_000), Pause(1e7, 3.3e6, 20_000)),
        no_link=(Pause(1e7, 7.1e6, 100_000),),
    )
    rows = []
    for controller, passes in ((MCP2515, _mcp2515_passes), (TWAI, _twai_passes)):
        rows.append(
            Row(
                GROUP,
                f"{controller.name}: evenly spaced frames, none lost, no pauses",
                sustained(controller, module, int(RATES[-1] / (_FRAME_BITS + 64))),
                "1/s",
                note="a full bus of 500 kbit/s has 4,504",
            )
        )
        for name, module_name, class_name, simulator in (
            ("Twizy", "ovms.vehicle.twizy.car", "Twizy", TwizySimulator("drive")),
            ("Leaf", "ovms.vehicle.leaf.car", "Leaf", DBCSimulator("NL", "drive")),
        ):
            car = on_cpython.attribute(module_name, class_name)
            sent = _sent(car, simulator)
            for bitrate in RATES:
                frames = on_bus(sent, bitrate, passes(car), car.RX_IDS)
                rows.append(_row(f"{controller.name}, {name}", bitrate, frames, controller, busy))
        if controller is MCP2515:
            rows += _roadster(controller, busy)
        for bitrate in RATES:
            what = f"{controller.name}, full bus, all wanted"
            rows.append(_row(what, bitrate, full_bus(bitrate), controller, busy))
    return rows


def _row(
    what: str, bitrate: int, frames: list[Frame], controller: Controller, module: Module
) -> Row:
    result = lost(frames, controller, module)
    note = (
        f"{len(frames) / _SECONDS:,.0f} a second on the bus, {result.passed / _SECONDS:,.0f} past "
        f"the filter; lost in the controller {result.in_controller}, in the ring {result.in_ring}"
    )
    title = f"{what}, {bitrate // 1000} kbit/s: lost of a thousand"
    return Row(GROUP, title, result.per_thousand, "frames", note=note)
