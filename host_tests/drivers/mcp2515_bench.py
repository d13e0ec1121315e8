"""The MCP2515 driver on the register model, bench of the contract suite and of its own tests."""

from ovms.drivers.mcp2515 import MCP2515
from tools.simulated_board.fakes.memory_store import MemoryStore
from tools.simulated_board.models.mcp2515 import MCP2515Model
from tools.simulated_board.models.mcp2515_spi import ChipSelectPin, InterruptPin, ModelSPI

DATA = b"\x01\x02\x03\x04\x05\x06\x07\x08"
IDS = (0x081, 0x155, 0x196, 0x424, 0x554, 0x55E, 0x581, 0x597, 0x599, 0x69F)
SDO = ((0x601, 8),)
# One attempt to send 8 bytes at 500 kbit/s, in microseconds.
ATTEMPT_US = 222
# Of `bus.numbers`: the frames, and those that were given up.
FIRST_COUNT, LAST_COUNT = 6, 15


class MCP2515Bench:
    """What `can_contract.py` says of a bench. crystals: what the board says, "right" for what is
    soldered. is_sure: the driver has heard a frame at the bus's bit rate since it started.
    options: those of MCP2515Model.
    """

    def __init__(self, has_interrupt=True, crystals="right", is_sure=True, store=None, **options):
        self.model = MCP2515Model(**options)
        self.spi = ModelSPI(self.model)
        self.pin = InterruptPin(self.model) if has_interrupt else None
        self.sent = []
        self.model.on_transmit = lambda *frame: self.sent.append(frame)
        if crystals == "right":
            crystals = self.model.crystal_hz
        self.store = store or MemoryStore()
        select = ChipSelectPin(self.model)
        self.bus = MCP2515(self.spi, select, self.pin, crystals, self.store)
        self.bitrate = self.model.bus_bitrate
        self.frame = self.model.bus_frame
        self.damaged_frame = self.model.bus_error
        self.pass_us = self.model.tick_us
        self.reset = self.model.power_on
        if is_sure:
            self._let_hear()

    def _let_hear(self):
        """As after a while on the bus; of which the counts know nothing."""
        bus = self.bus
        bus.open(self.bitrate, None)
        self.frame(0x7FF, b"")
        bus.service()
        assert bus.check()
        bus.close()
        for n in range(FIRST_COUNT, LAST_COUNT + 1):
            bus.numbers[n] = 0

    def open(self, ids=IDS, tx_frames=SDO, is_silent=True, foreign_ids=(), sub_types=()):
        self.bus.open(self.bitrate, ids, tx_frames, is_silent, foreign_ids, sub_types)
        return self

    def seen(self):
        """Acknowledges, error flags and attempts to send that the other nodes saw."""
        return self.model.acks + self.model.disturbances + self.model.transmissions

    def set_deaf(self, is_deaf):
        if self.pin:
            self.pin.is_deaf = is_deaf

    def set_plugged(self, is_plugged):
        self.model.port.miso_stuck = None if is_plugged else 0xFF

    def set_blocked(self, is_blocked):
        self.model.is_stuck_dominant = is_blocked

    def set_alone(self, is_alone):
        self.model.has_listener = not is_alone

    def go_bus_off(self, arbitration_id, data):
        self.model.is_tx_corrupted = True
        if self.pin:
            # An interrupt line that fails lets the error counter climb to the end.
            self.pin.is_broken = True
        assert self.bus.send(arbitration_id, data)
        self.model.tick_us(ATTEMPT_US * 32)
        if self.pin:
            self.pin.is_broken = False
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
