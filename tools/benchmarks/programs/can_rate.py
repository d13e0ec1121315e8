"""Frames a second from the controller's bus through model, driver and car into the state.

    can_rate.py TREE FRAMES COUNT

FRAMES: file of SPI answers, 14 bytes each. Prints {"frames_per_s": ...}. MicroPython only.
"""

import json
import sys
import time

sys.path[:] = [sys.argv[1], "", ".frozen"]

from ovms.drivers.mcp2515 import MCP2515  # noqa: E402
from ovms.vehicle.state import VehicleState  # noqa: E402
from ovms.vehicle.twizy.car import Twizy  # noqa: E402
from tools.benchmarks.programs.quiet import Config  # noqa: E402
from tools.simulated_board.fakes.memory_store import MemoryStore  # noqa: E402
from tools.simulated_board.models.mcp2515 import MCP2515Model  # noqa: E402
from tools.simulated_board.models.mcp2515_spi import ChipSelectPin, InterruptPin, ModelSPI  # noqa: E402


def main(path, count):
    with open(path, "rb") as file:
        answers = file.read(14 * count)
    frames = []
    for at in range(0, len(answers), 14):
        number = answers[at + 1] << 3 | answers[at + 2] >> 5
        frames.append((number, answers[at + 6 : at + 6 + answers[at + 5]]))
    model = MCP2515Model()
    select = ChipSelectPin(model)
    bus = MCP2515(ModelSPI(model), select, InterruptPin(model), model.crystal_hz, MemoryStore())
    car = Twizy(VehicleState(), Config())
    bus.open(car.BITRATE, car.RX_IDS, car.TX_FRAMES, True, car.FOREIGN_IDS)
    frame = [0, bytearray(8), 0, 0]
    start_us = time.ticks_us()
    for number, data in frames:
        model.bus_frame(number, data)
        while bus.recv(frame):
            car.on_frame(frame[0], frame[1], frame[2])
    elapsed_us = time.ticks_diff(time.ticks_us(), start_us)
    assert sum(bus.counts().values()) == len(frames)
    print(json.dumps({"frames_per_s": len(frames) * 1_000_000 // elapsed_us}))


main(sys.argv[2], int(sys.argv[3]))
