"""One run of a module with a flash, a history and a server to be played by the test."""

from host_tests.fakes.fake_flash import FakeFlash
from ovms.config import Config
from ovms.drivers.ring_store import RingStore
from ovms.parameters import SERVER
from ovms.services.history import History
from ovms.status import Status
from tools.simulated_board.fakes.memory_store import MemoryStore

DAY_S = 86400
UTC_S = 1_790_000_000


class FakeClock:
    """Uptime and, once `utc_offset_s` is set, UTC, which is_sure unless the test says other."""

    def __init__(self):
        self.now_s = 0
        self.utc_offset_s = None
        self.is_sure = True

    def uptime_s(self):
        return self.now_s

    def utc_s(self):
        return None if self.utc_offset_s is None else self.utc_offset_s + self.now_s

    def is_confirmed(self):
        return self.is_sure and self.utc_offset_s is not None


class Module:
    """One run of the module on the flash `fs`; `utc_s` is the time at its start, if told."""

    def __init__(self, fs=None, utc_s=None, segments=4, is_sure=True):
        self.fs = FakeFlash() if fs is None else fs
        self.clock = FakeClock()
        self.clock.utc_offset_s = utc_s
        self.clock.is_sure = is_sure
        self.config = Config(MemoryStore())
        self.config.set(SERVER, "ovms.example.org")
        self.status = Status("BOARD")
        self.rings = (
            RingStore("lasting", self.fs, 2, 1000),
            RingStore("routine", self.fs, segments, 1000),
        )
        self.history = History(self.rings, self.config, self.clock, self.status)
        for _ in self.rings:
            self.history.tick()

    def wait(self, seconds):
        for _ in range(seconds):
            self.clock.now_s += 1
            self.history.tick()

    def add(self, number, lifetime_s=DAY_S, priority=None):
        self.history.add("RT-GPS-Log", number, lifetime_s, "52.5,13.4", priority)

    def take(self):
        """[(ackcode, timediff, record number)] of the `h` messages due now."""
        taken = []
        message = self.history.poll()
        while message is not None:
            assert message[0] == "h"
            code, difference, _, number, _, _ = bytes(message[1]).decode().split(",", 5)
            taken.append((int(code), int(difference), int(number)))
            message = self.history.poll()
        return taken

    def numbers(self):
        return [number for _, _, number in self.take()]

    def ack(self, taken):
        for code, _, _ in taken:
            self.history.on_ack(memoryview(b"%d" % code))

    def drain(self):
        """Take and acknowledge everything; the record numbers."""
        numbers = []
        taken = self.take()
        while taken:
            numbers += [number for _, _, number in taken]
            self.ack(taken)
            taken = self.take()
        return numbers
