"""The TWAI driver on the register model, bench of the contract suite and of its own tests."""

import sys

from ovms.drivers.twai import TWAI
from tools.simulated_board.models.twai import TWAIModel
from tools.simulated_board.models.twai_port import ESP32_NUMBERS, ModelPort, native_port
from twai_port import Port

IDS = (0x081, 0x155, 0x196, 0x424, 0x554, 0x55E, 0x581, 0x597, 0x599, 0x69F)
SDO = ((0x601, 8),)
# One attempt to send 8 bytes at 500 kbit/s, in microseconds.
ATTEMPT_US = 222


class FakeTimer:
    """`machine.Timer` whose callback comes when the bench lets it."""

    PERIODIC = 1

    def __init__(self):
        self.period = None
        self.callback = None

    def init(self, period, mode, callback):
        assert mode == self.PERIODIC
        self.period = period
        self.callback = callback

    def deinit(self):
        self.period = self.callback = None


class FakePin:
    def __init__(self, level):
        self.value = level


class TWAIBench:
    """What `can_contract.py` says of a bench. options: those of TWAIModel."""

    def __init__(self, has_timer=True, bitrate=500_000, **options):
        self.model = TWAIModel(**options)
        self.bitrate = bitrate
        self.sent = []
        self.model.on_transmit = lambda *frame: self.sent.append(frame)
        if sys.implementation.name == "cpython":
            port = native_port(Port, ESP32_NUMBERS, self.model)
        else:
            port = ModelPort(self.model)
        self.timer = FakeTimer() if has_timer else None
        self._is_deaf = False
        rx = FakePin(self.model.line_level)
        self.bus = TWAI(port, rx, FakePin(None), self.timer, self.model.ticks_us)
        self.reset = self.model.power_on

    def open(self, ids=IDS, tx_frames=SDO, is_silent=True, foreign_ids=(), sub_types=()):
        self.bus.open(self.bitrate, ids, tx_frames, is_silent, foreign_ids, sub_types)
        return self

    def _tick(self):
        timer = self.timer
        if timer and timer.callback and not self._is_deaf:
            timer.callback(timer)

    def frame(self, *frame):
        self.model.bus_frame(*frame)
        self._tick()

    def damaged_frame(self):
        self.model.damage()
        self._tick()

    def pass_us(self, us):
        while us > 0:
            self.model.tick_us(min(us, 1000))
            self._tick()
            us -= 1000

    def seen(self):
        return self.model.dominant_bits

    def set_deaf(self, is_deaf):
        self._is_deaf = is_deaf

    def set_plugged(self, is_plugged):
        self.model.is_dead = not is_plugged

    def set_blocked(self, is_blocked):
        self.model.is_stuck_dominant = is_blocked

    def set_alone(self, is_alone):
        self.model.has_listener = not is_alone

    def go_bus_off(self, arbitration_id, data):
        self.model.is_tx_corrupted = True
        assert self.bus.send(arbitration_id, data)
        self.model.tick_us(ATTEMPT_US * 40)
        self.model.is_tx_corrupted = False

    def count(self, name):
        return self.bus.counts().get("can_" + name, 0)

    def received(self):
        """Everything in the ring as (arbitration_id, data)."""
        frame = [0, bytearray(8), 0, 7]
        frames = []
        while self.bus.recv(frame):
            assert len(frame[1]) == 8 and frame[3] == 0
            frames.append((frame[0], bytes(frame[1][: frame[2]])))
        return frames
