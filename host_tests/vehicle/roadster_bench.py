"""A Roadster behind the driver and the register model, at its 1 Mbit/s."""

from binascii import unhexlify

from host_tests.drivers.mcp2515_bench import MCP2515Bench
from host_tests.vehicle.contract import build
from ovms.vehicle.roadster.car import Roadster

# As it was recorded (car facts 1.20): parked, awake, locked, plugged in and charging.
CHARGING = "100 96 7C 08 02 21 0C 00 00"
# The same without the charge, with the handbrake on.
PLUGGED = "100 96 6C 08 02 21 0C 00 00"
DRIVING = "100 96 88 20 02 A1 0C 00 00"
ASLEEP = "100 96 6C 08 00 21 0C 00 00"


class Bus:
    """car: a Roadster, feature 15 of which is `can_write`. sent: what left for the bus, as text.

    answer(text): called with each frame that left; returns the frames that the car says to it.
    """

    def __init__(self, can_write=0, features=None):
        settings = dict(features or {})
        settings[15] = can_write
        self.car = build(Roadster, settings)
        self.state = self.car.state
        self.events = []
        self.car.on_event = self.events.append
        self.car.send = self._send
        self.car.sleep_ms = self._sleep_ms
        self.sent = []
        self.waited_ms = 0
        self.answer = lambda text: ()
        # The controller of many boards has 8 MHz, which does not reach this bit rate.
        self.bench = MCP2515Bench(crystal_hz=16_000_000, bus_bitrate=1_000_000)
        self.bench.bus.open(
            Roadster.BITRATE,
            self.car.RX_IDS,
            Roadster.TX_FRAMES,
            not can_write,
            Roadster.FOREIGN_IDS,
            Roadster.SUB_TYPES,
        )

    def _send(self, arbitration_id, data):
        is_sent = self.bench.bus.send(arbitration_id, data)
        self.bench.pass_us(1000)
        for frame_id, payload, is_extended, is_remote in self.bench.sent:
            assert not is_extended and not is_remote
            text = "%03X %s" % (frame_id, " ".join(["%02X" % byte for byte in payload]))
            self.sent.append(text)
            for line in self.answer(text):
                self.hears(line)
        self.bench.sent.clear()
        return is_sent

    async def _sleep_ms(self, ms):
        self.waited_ms += ms

    def hears(self, *frames):
        """Frames on the bus, one after the other; the state."""
        for text in frames:
            word, _, data = text.partition(" ")
            self.bench.frame(int(word, 16), unhexlify(data.replace(" ", "")))
            self.bench.bus.service()
            for arbitration_id, payload in self.bench.received():
                whole = bytearray(8)
                whole[: len(payload)] = payload
                self.car.on_frame(arbitration_id, whole, len(payload))
        return self.state

    def second(self, *frames):
        """Frames, then a second passes."""
        self.hears(*frames)
        self.state.tick(1)
        self.car.poll(1000)
        return self.state
