"""CAN: frames a second through model, driver and car, and instructions a frame without the model.

The frames are those of `tools/desk/twizy_sim.py` while it drives, in their order, less what the
controller's acceptance filters refuse.
"""

from __future__ import annotations

from pathlib import Path

from tools import on_cpython, vm
from tools.benchmarks import callgrind, frame_budget, on_vm
from tools.benchmarks.rows import Row, not_measured
from tools.desk.twizy_sim import TwizySimulator

GROUP = "CAN"
BUDGET_INSTRUCTIONS = 25_000
# 100 ms of an ESP32 that does 125 million a second: nothing else runs meanwhile.
BUDGET_FILTERS = 12_500_000
# Parked, key on, bus starting up: over by then.
_START_MS = 12_000
_SECONDS = 20
_SHORT, _LONG = 500, 3000
_READ_BUFFER = 14

Filters = tuple[int, tuple[int, ...], int, tuple[int, ...]]


def driving_frames(seconds: float) -> list[tuple[int, bytes]]:
    """(arbitration_id, data) of everything on the bus during `seconds` of driving."""
    car = TwizySimulator("drive")
    car.step(_START_MS)
    return car.step(round(seconds * 1000))


def does_pass(filters: Filters, arbitration_id: int) -> bool:
    """Whether a controller with (mask0, 2 filters, mask1, 4 filters) hands on this id."""
    mask_0, filters_0, mask_1, filters_1 = filters
    return arbitration_id & mask_0 in filters_0 or arbitration_id & mask_1 in filters_1


def spi_answers(frames: list[tuple[int, bytes]], filters: Filters) -> bytes:
    """What READ RX BUFFER would answer for each frame that passes the filters."""
    answers = bytearray()
    for number, data in frames:
        if does_pass(filters, number):
            head = bytes((0, number >> 3, (number & 7) << 5, 0, 0, len(data)))
            answers += (head + data).ljust(_READ_BUFFER, b"\0")
    return bytes(answers)


def measure(folder: Path, is_quick: bool) -> list[Row]:
    """folder: for files of ours. All rows of this group."""
    twizy = on_cpython.attribute("ovms.vehicle.twizy.car", "Twizy")
    compute = on_cpython.attribute("ovms.drivers.mcp2515_filters", "acceptance_filters")
    filters = compute(twizy.RX_IDS, twizy.FOREIGN_IDS)
    frames = driving_frames(_SECONDS)
    answers = spi_answers(frames, filters)
    rate = len(answers) / _READ_BUFFER / _SECONDS
    file = folder / "frames.bin"
    file.write_bytes(answers)
    rows = [
        Row(GROUP, "Twizy driving: frames on the bus", len(frames) / _SECONDS, "1/s"),
        Row(GROUP, "of these past the acceptance filters", rate, "1/s"),
    ]
    for bits in sorted(vm.TARGETS):
        rows.append(_rate(bits, file, is_quick))
    return [*rows, *_instructions(file)]


def _rate(bits: int, file: Path, is_quick: bool) -> Row:
    what = f"frames a second, register model + driver + car, {bits} bit"
    count = "500" if is_quick else "2000"
    try:
        answer = on_vm.run(bits, "can_rate.py", [str(file), count])
    except on_vm.VMError as error:
        return not_measured(GROUP, what, str(error))
    return Row(GROUP, what, answer["frames_per_s"], "1/s", note="most of it is the model")


def _instructions(file: Path) -> list[Row]:
    what = "host instructions a frame, driver + car, 32 bit"
    try:
        tree = on_vm.tree(32)
        parts = {part: _per_frame(tree, file, part) for part in ("all", "driver", "fake")}
    except (callgrind.UncountableError, on_vm.VMError) as error:
        return [not_measured(GROUP, what, str(error), BUDGET_INSTRUCTIONS)]
    note = f"of them {parts['fake']:,.0f} the fake SPI, CS and INT; an interrupt for every frame"
    return [
        Row(GROUP, what, parts["all"], "instructions", BUDGET_INSTRUCTIONS, note=note),
        Row(GROUP, "of these the driver and the link's loop", parts["driver"], "instructions"),
        _filters(),
        *frame_budget.measure(parts["driver"], parts["all"]),
    ]


def _filters() -> Row:
    """What it takes to open the bus for another car."""
    what = "host instructions to compute the Twizy's filters, 32 bit"
    try:
        tree = on_vm.tree(32)
        script = str(on_vm.PROGRAMS / "can_filters.py")
        once, twice = (callgrind.count([script, str(tree), count]) for count in "12")
    except (callgrind.UncountableError, on_vm.VMError) as error:
        return not_measured(GROUP, what, str(error), BUDGET_FILTERS)
    return Row(GROUP, what, twice - once, "instructions", BUDGET_FILTERS)


def _per_frame(tree: Path, file: Path, part: str) -> float:
    """Instructions a frame, from two runs of different length, less the loop's own."""
    script = str(on_vm.PROGRAMS / "can_instructions.py")
    short, long = (
        callgrind.count([script, str(tree), str(file), part, str(number)])
        for number in (_SHORT, _LONG)
    )
    return (long - short) / (_LONG - _SHORT)
