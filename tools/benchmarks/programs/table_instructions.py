"""Feeds one car with prepared frames, to be counted from outside, or weighs it.

    table_instructions.py TREE MODULE FRAMES PART COUNT

TREE: compiled firmware, with its names; MODULE: with the car's class; FRAMES: file of frames,
each 2 bytes of id, 1 of length, 8 of data, in front of them 2 bytes: how many are wanted in a
second; PART: `car`, or `loop` for what feeds it, or `heap`, which prints {"heap": bytes that code,
what all such cars share, and the object take}. COUNT frames. MicroPython only.
"""

import gc
import json
import sys

sys.path[:] = [sys.argv[1], "", ".frozen"]

from ovms.vehicle.state import VehicleState  # noqa: E402
from tools.benchmarks.programs.quiet import Config  # noqa: E402

# Of a module's heap, with everything that runs.
_IN_USE_BYTES = 90_000
# One object of this many bytes, and what it takes in a 32-bit heap.
_BLOCK_BYTES = 10
_PIECE_BYTES = 32
_HEAD = 2
_RECORD = 11


class NoCar:
    """Takes frames and time, and does nothing."""

    def on_frame(self, arbitration_id, data, dlc):
        pass

    def poll(self, elapsed_ms):
        pass


def car_class(name):
    module = __import__(name, None, None, ("*",))
    found = [getattr(module, word) for word in dir(module)]
    return [each for each in found if getattr(each, "BITRATE", None)][0]


def main(name, path, part, count):
    with open(path, "rb") as file:
        content = file.read()
    per_s = content[0] | content[1] << 8
    # Borrowed, as the driver's.
    data = bytearray(8)
    # A function with many variables looks for room in the heap: as long as on a module.
    others = [bytes(_BLOCK_BYTES) for _ in range((_IN_USE_BYTES - gc.mem_alloc()) // _PIECE_BYTES)]
    state = VehicleState()
    gc.collect()
    before = gc.mem_alloc()
    car = NoCar() if part == "loop" else car_class(name)(state, Config())
    gc.collect()
    if part == "heap":
        print(json.dumps({"heap": gc.mem_alloc() - before}))
        return
    on_frame = car.on_frame
    left = per_s
    at = _HEAD
    while count:
        n = 0
        while n < 8:
            data[n] = content[at + 3 + n]
            n += 1
        on_frame(content[at] | content[at + 1] << 8, data, content[at + 2])
        at += _RECORD
        if at == len(content):
            at = _HEAD
        count -= 1
        left -= 1
        if not left:
            left = per_s
            car.poll(1000)
    assert len(others) > 1000
    if part == "car":
        assert state.speed_kmh10 and state.is_on, "the car was not understood"


main(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
