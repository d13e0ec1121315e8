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

sys.path[:] = [sys.argv[1], ".frozen"]

from ovms.vehicle.state import VehicleState  # noqa: E402

_RECORD = 11


class Config:
    """Kilometres, nothing set."""

    is_miles = False
    revision = 0

    def feature(self, number):
        return 0

    def get(self, number):
        return ""


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
    frames = []
    for at in range(2, len(content), _RECORD):
        head = content[at] | content[at + 1] << 8
        frames.append((head, content[at + 3 : at + _RECORD], content[at + 2]))
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
    n = 0
    while count:
        frame = frames[n]
        on_frame(frame[0], frame[1], frame[2])
        n += 1
        if n == len(frames):
            n = 0
        count -= 1
        left -= 1
        if not left:
            left = per_s
            car.poll(1000)
    if part == "car":
        assert state.speed_kmh10 and state.is_on, "the car was not understood"


main(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
