"""Drives MCP2515 driver and Twizy with prepared frames, to be counted from outside.

    can_instructions.py TREE FRAMES PART COUNT

TREE: compiled firmware, with its names, and native modules; FRAMES: file of SPI answers, 14 bytes
each; PART: `all` (interrupt, ring, car), `driver` (interrupt, ring), `fake` (what the peripherals
themselves take) or `loop` (nothing). MicroPython only.
"""

import gc
import sys

sys.path[:] = [sys.argv[1], "", ".frozen"]

import fake_spi  # noqa: E402

from ovms.drivers.mcp2515 import MCP2515  # noqa: E402
from ovms.vehicle.state import VehicleState  # noqa: E402
from ovms.vehicle.twizy.car import Twizy  # noqa: E402
from tools.benchmarks.programs.quiet import Config  # noqa: E402

_IS_OPEN = 5


def everything(count, bus, car, interrupt, on_frame):
    """As the link does it: an interrupt for each frame, five frames in each of its turns."""
    frame = [0, bytearray(8), 0, 0]
    recv = bus.recv
    while count:
        for _ in range(5):
            interrupt(None)
        left = 32
        while left and recv(frame):
            on_frame(frame[0], frame[1], frame[2])
            left -= 1
        count -= 5


def ignore(arbitration_id, data, dlc):
    """A car of no instructions, nearly."""


def fakes(count, levels, chip_select):
    calls = fake_spi.calls
    while count:
        for _ in range(5):
            calls(levels, chip_select)
        count -= 5


def main(frames, part, count):
    with open(frames, "rb") as file:
        fake_spi.prepared = file.read()
    # Low while the frame waits, high when it was read; a list's pop is as native as a pin.
    levels = [1, 0] * count
    chip_select = abs
    bus = MCP2515(fake_spi.Bus(), fake_spi.Pin(chip_select), fake_spi.Pin(levels.pop))
    car = Twizy(VehicleState(), Config())
    for arbitration_id in car.RX_IDS:
        bus.wanted[arbitration_id >> 3] |= 1 << (arbitration_id & 7)
    bus.numbers[_IS_OPEN] = 1
    gc.collect()
    before = gc.mem_alloc()
    if part == "all":
        everything(count, bus, car, bus.drain, car.on_frame)
        assert car.state.soc_pct100 and car.state.speed_kmh10
    elif part == "driver":
        everything(count, bus, car, bus.drain, ignore)
    elif part == "fake":
        fakes(count, levels.pop, chip_select)
    if part in ("all", "driver"):
        assert sum(bus.counts().values()) == count, bus.counts()
    used = gc.mem_alloc() - before
    assert part == "all" or used < 4096, used


main(sys.argv[2], sys.argv[3], int(sys.argv[4]))
