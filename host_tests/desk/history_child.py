"""A module with nothing but history, for test_history_kill.py; CPython and MicroPython.

    history_child.py FOLDER FIRST_NUMBER UTC_S SEED [drain]

Its seconds pass as fast as it can count them. Lines on stdout, with `t` the uptime:

    R                       running
    Q <number> <t>          a record is queued
    D <number> <t> <diff>   the server got it, with this time difference
    T <t>                   second t is over
    X                       the ring was too small: the test proves nothing
    E                       everything was delivered (drain only)
"""

import sys

sys.path[0] = ""
sys.path.insert(1, "firmware")
sys.path.insert(2, "modules")
if sys.implementation.name == "cpython":
    from tools.simulated_board import cpython

    cpython.install()

from ovms.config import Config  # noqa: E402
from ovms.drivers.ring_store import RingStore  # noqa: E402
from ovms.drivers.store import Flash  # noqa: E402
from ovms.parameters import SERVER  # noqa: E402
from ovms.services.history import History  # noqa: E402
from ovms.status import Status  # noqa: E402
from tools.simulated_board.fakes.memory_store import MemoryStore  # noqa: E402


class SimulatedClock:
    def __init__(self, utc_s):
        self.now_s = 0
        self._utc_s = utc_s

    def uptime_s(self):
        return self.now_s

    def utc_s(self):
        return self._utc_s + self.now_s

    def is_confirmed(self):
        return True


class Child:
    def __init__(self, folder, number, utc_s, seed):
        self.clock = SimulatedClock(utc_s)
        self.number = number
        self._seed = seed
        config = Config(MemoryStore())
        config.set(SERVER, "ovms.example.org")
        flash = Flash()
        # Smaller than the module's, so that the segments are used in turn often.
        self.rings = (
            RingStore(folder + "/lasting", flash, 4, 2048),
            RingStore(folder + "/routine", flash, 4, 2048),
        )
        self.status = Status("BOARD")
        self.history = History(self.rings, config, self.clock, self.status)
        for _ in self.rings:
            self.history.tick()

    def random(self, limit):
        self._seed = (self._seed * 1103515245 + 12345) & 0x3FFFFFFF
        return (self._seed >> 12) % limit

    def second(self, is_online, is_adding):
        self.clock.now_s += 1
        if is_adding and self.random(2):
            self.number += 1
            lifetime_s = 31536000 if self.random(4) == 0 else 86400
            self.history.add("RT-X", self.number, lifetime_s, "x" * self.random(40))
            print("Q", self.number, self.clock.now_s)
        self.history.tick()
        if is_online:
            for _ in range(6):
                self.deliver()
        print("T", self.clock.now_s)
        if "history_overwritten" in self.status.counts:
            print("X")

    def deliver(self):
        codes = []
        message = self.history.poll()
        while message is not None:
            code, difference, _, number, _ = bytes(message[1]).decode().split(",", 4)
            print("D", number, self.clock.now_s, difference)
            # The way back loses one in twenty.
            if self.random(20):
                codes.append(code)
            message = self.history.poll()
        for code in codes:
            self.history.on_ack(code.encode())


def main(folder, number, utc_s, seed, is_draining):
    child = Child(folder, number, utc_s, seed)
    print("R")
    while True:
        is_online = is_draining or child.random(3) > 0
        for _ in range(child.random(25)):
            child.second(is_online, not is_draining)
        child.history.on_closed()
        if is_draining and child.rings[0].is_empty and child.rings[1].is_empty:
            print("E")
            break


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), len(sys.argv) > 5)
