"""Register-level model of the MCP2515 CAN controller: bytes on SPI, frames on the bus, pins.

Knows nothing of the driver under test. Runs on CPython and MicroPython; SPI and time do not
allocate, so heap tests may lock the heap around them. Facts: MCP2515 data sheet DS20001801,
hardware facts 2.1 to 2.7 and 7. Time is a count: `tick_us` and each byte on SPI let microseconds
pass. The model does not know other nodes; whoever holds it plays them with `bus_frame`.
"""

from tools.simulated_board.models.mcp2515_registers import (
    ABAT,
    BFPCTRL,
    CANCTRL,
    CANINTE,
    CANINTF,
    CONFIGURATION,
    EFLG,
    ERRIF,
    LISTEN_ONLY,
    LOOPBACK,
    MERRF,
    NORMAL,
    OSM,
    REC,
    RX0IF,
    RX1IF,
    RXB0CTRL,
    RXB1CTRL,
    SLEEP,
    TEC,
    TXREQ,
    WAKIF,
    WRITE_MASK,
    clocks_per_bit,
    identifier,
    is_config_only,
    is_filter,
    matches,
)
from tools.simulated_board.models.mcp2515_spi import InstructionDecoder

ACCEPTED = "accepted"
FILTERED = "filtered"
OVERFLOW = "overflow"
# The node took no part in the frame: configuring, asleep, or at another bit rate.
MISSED = "missed"

# Recovery from bus-off takes so many recessive bits.
_RECOVERY_BITS = 128 * 11


class MCP2515Model:
    """One chip on one bus. bus_bitrate: what the other nodes use; crystal_hz: what is soldered."""

    def __init__(self, crystal_hz=16_000_000, bus_bitrate=500_000):
        self.crystal_hz = crystal_hz
        self.bus_bitrate = bus_bitrate
        # on_transmit(arbitration_id, data, is_extended, is_remote): a frame got through.
        self.on_transmit = None
        # on_interrupt() at each falling edge of INT.
        self.on_interrupt = None
        # Switches for faults.
        self.is_stuck_dominant = False
        self.has_listener = True  # another node acknowledges
        self.is_tx_corrupted = False  # each transmission meets a bit error
        self.arbitrations_to_lose = 0
        # What the other nodes saw of this one; all stay 0 while it is silent.
        self.acks = 0
        self.disturbances = 0
        self.transmissions = 0
        self.registers = bytearray(128)
        self.is_interrupt_low = False
        # The SPI side, with switches of its own.
        self.port = InstructionDecoder(self)
        self.select = self.port.select
        self.transfer = self.port.transfer
        self.deselect = self.port.deselect
        self.power_on()

    def power_on(self):
        """Reset as by power, pin or instruction: configuration mode, everything forgotten."""
        registers = self.registers
        for i in range(128):
            # Filters and buffers hold anything after power-up; no code may count on 0 there.
            is_undefined = is_filter(i) or (i >= 0x30 and i & 0x0F)
            registers[i] = 0xA5 & WRITE_MASK[i] if is_undefined else 0
        registers[CANCTRL] = 0x87
        self.mode = CONFIGURATION
        self._tec = 0
        self._rec = 0
        self._is_bus_off = False
        self._recovery_us = 0
        self._mode_wait_us = -1
        self._sending = -1
        self._sending_us = 0
        self._refresh()

    def free_buffers(self, flags):
        """The driver has read these receive buffers (bits of CANINTF)."""
        self.registers[CANINTF] &= ~flags
        self._refresh()

    def peek(self, address):
        low = address & 0x0F
        if low == 0x0E:
            return self.mode | self._icod() << 1
        if low == 0x0F:
            return self.registers[CANCTRL]
        if is_filter(address) and self.mode != CONFIGURATION:
            return 0
        return self.registers[address]

    def poke(self, address, byte):
        registers = self.registers
        low = address & 0x0F
        if low == 0x0E:
            return
        if low == 0x0F:
            self._control(byte)
            return
        if is_config_only(address) and self.mode != CONFIGURATION:
            return
        if 0x31 <= address <= 0x5D and registers[address & 0x70] & TXREQ and low:
            return
        if address == EFLG:
            # Only the two overflow bits, and only to 0.
            registers[EFLG] &= byte | 0x3F
            return
        mask = WRITE_MASK[address]
        registers[address] = (registers[address] & ~mask & 0xFF) | (byte & mask)
        if low == 0 and 0x30 <= address <= 0x50 and byte & TXREQ:
            registers[address] &= 0x0F
            if registers[CANCTRL] & ABAT:
                self._abort_waiting()
        elif address == CANINTF and byte & WAKIF and self.mode == SLEEP:
            self._wake()
        elif address == RXB0CTRL:
            # BUKT1 is a copy of BUKT.
            registers[address] = (registers[address] & 0xFD) | (registers[address] & 0x04) >> 1
        self._refresh()

    def _control(self, byte):
        registers = self.registers
        was = registers[CANCTRL]
        registers[CANCTRL] = byte
        if byte & ABAT:
            self._abort_waiting()
        if byte & 0xE0 != self.mode:
            if self._mode_wait_us < 0 or (byte ^ was) & 0xE0:
                wanted = byte & 0xE0
                # Taking part in the bus needs 11 recessive bits first, counted as the chip does.
                is_joining = wanted in (NORMAL, LISTEN_ONLY)
                self._mode_wait_us = self._idle_us() if is_joining else 0
                if not self._mode_wait_us:
                    self._try_mode()
        else:
            self._mode_wait_us = -1

    def _idle_us(self):
        return 11_000_000 // (self.bit_rate() or self.bus_bitrate)

    def _try_mode(self):
        wanted = self.registers[CANCTRL] & 0xE0
        if self._sending >= 0:
            return
        if self.is_stuck_dominant and wanted in (NORMAL, LISTEN_ONLY):
            return
        self._mode_wait_us = -1
        self.mode = wanted
        if wanted in (CONFIGURATION, LISTEN_ONLY):
            self._tec = self._rec = 0
            self._is_bus_off = False
        self._refresh()

    def _wake(self):
        self.mode = LISTEN_ONLY
        self.registers[CANINTF] |= WAKIF
        self._refresh()

    def tick_us(self, us):
        """Let time pass on the bus."""
        if self._mode_wait_us >= 0:
            self._mode_wait_us = max(0, self._mode_wait_us - us)
            if not self._mode_wait_us:
                self._try_mode()
        if self._is_bus_off:
            self._recovery_us -= us
            if self._recovery_us <= 0 and not self.is_stuck_dominant:
                self._is_bus_off = False
                self._tec = self._rec = 0
                self._refresh()
            return
        while us > 0 and (self._sending >= 0 or self._start_sending()):
            step = min(us, self._sending_us)
            self._sending_us -= step
            us -= step
            if self._sending_us:
                return
            self._finish_sending()

    def _refresh(self):
        """Derive EFLG, TEC, REC and the INT pin; call after any change."""
        registers = self.registers
        tec = self._tec
        rec = self._rec
        registers[TEC] = tec if tec < 255 else 255
        registers[REC] = rec
        live = 0x20 if self._is_bus_off else 0
        if tec >= 128:
            live |= 0x10
        if rec >= 128:
            live |= 0x08
        if tec >= 96:
            live |= 0x05
        if rec >= 96:
            live |= 0x03
        if live != registers[EFLG] & 0x3F:
            registers[EFLG] = registers[EFLG] & 0xC0 | live
            registers[CANINTF] |= ERRIF
        is_low = registers[CANINTE] & registers[CANINTF] != 0
        if is_low != self.is_interrupt_low:
            self.is_interrupt_low = is_low
            if is_low and self.on_interrupt is not None:
                self.on_interrupt()

    def _icod(self):
        active = self.registers[CANINTE] & self.registers[CANINTF]
        if active & ERRIF:
            return 1
        if active & WAKIF:
            return 2
        for n in range(3):
            if active >> (2 + n) & 1:
                return 3 + n
        return 6 if active & RX0IF else 7 if active & RX1IF else 0

    def rx_pin(self, buffer):
        """Level of RX0BF or RX1BF (buffer 0 or 1), None while the pin floats."""
        control = self.registers[BFPCTRL] >> buffer
        if not control & 0x04:
            return None
        if control & 0x01:
            return 0 if self.registers[CANINTF] >> buffer & 1 else 1
        return control >> 4 & 1

    def bit_rate(self):
        """Bits per second that CNF1 to CNF3 make of the crystal, 0 for an invalid timing."""
        divider = clocks_per_bit(self.registers)
        return self.crystal_hz // divider if divider else 0

    def is_on_bus(self):
        return self.mode in (NORMAL, LISTEN_ONLY)

    def line_level(self):
        return 0 if self.is_interrupt_low else 1

    def can_accept(self, arbitration_id=None, is_extended=False):
        """Whether a frame would find a free buffer now; without an id: any frame would.

        A frame that the filters refuse needs none.
        """
        if self.mode not in (NORMAL, LISTEN_ONLY):
            return True
        full = self.registers[CANINTF]
        if arbitration_id is None:
            return not full & (RX0IF | RX1IF)
        hit = self._filter_hit(arbitration_id, b"\x00\x00", is_extended)
        return hit < 0 or self._buffer_for(hit) >= 0

    def bus_frame(self, arbitration_id, data, is_extended=False, is_remote=False):
        """Another node's frame ends on the bus. data: up to 8 bytes; a remote frame carries none.

        Returns ACCEPTED, FILTERED, OVERFLOW or MISSED.
        """
        if self.mode == SLEEP:
            if self.registers[CANINTE] & WAKIF:
                self._wake()
            return MISSED
        if self._mode_wait_us > 0 and self.bit_rate() < self.bus_bitrate:
            # Behind a frame come 11 recessive bits of the bus: fewer of a slower chip's.
            self._mode_wait_us = self._idle_us()
        if self.mode not in (NORMAL, LISTEN_ONLY) or self._is_bus_off or self.is_stuck_dominant:
            return MISSED
        if self.bit_rate() != self.bus_bitrate:
            self.registers[CANINTF] |= MERRF
            if self.mode == NORMAL:
                self.disturbances += 1
                self._rec = min(255, self._rec + 1)
            self._refresh()
            return MISSED
        if self.mode == NORMAL:
            self.acks += 1
            self._rec = 119 if self._rec > 127 else max(0, self._rec - 1)
        result = self._receive(arbitration_id, data, is_extended, is_remote)
        self._refresh()
        return result

    def bus_error(self):
        """A damaged frame passes by; every receiver counts it."""
        if self.mode not in (NORMAL, LISTEN_ONLY):
            return
        self.registers[CANINTF] |= MERRF
        if self.mode == NORMAL:
            self._rec = min(255, self._rec + 1)
        self._refresh()

    def _receive(self, arbitration_id, data, is_extended, is_remote):
        hit = self._filter_hit(arbitration_id, data, is_extended)
        if hit < 0:
            return FILTERED
        registers = self.registers
        buffer = self._buffer_for(hit)
        if buffer < 0:
            is_rx0 = hit < 2 and not registers[RXB0CTRL] & 0x04
            registers[EFLG] |= 0x40 if is_rx0 else 0x80
            registers[CANINTF] |= ERRIF
            return OVERFLOW
        base = 0x60 + buffer * 0x10
        if is_extended:
            high = arbitration_id >> 18
            registers[base + 2] = (high & 7) << 5 | 0x08 | (arbitration_id >> 16 & 3)
            registers[base + 3] = arbitration_id >> 8 & 0xFF
            registers[base + 4] = arbitration_id & 0xFF
        else:
            high = arbitration_id
            registers[base + 2] = (high & 7) << 5 | (0x10 if is_remote else 0)
            registers[base + 3] = registers[base + 4] = 0
        registers[base + 1] = high >> 3
        registers[base + 5] = len(data) | (0x40 if is_remote and is_extended else 0)
        if not is_remote:
            for i in range(len(data)):
                registers[base + 6 + i] = data[i]
        hit_bits = 0x07 if buffer else 0x01
        registers[base] = registers[base] & ~(hit_bits | 0x08) & 0xFF | hit & hit_bits
        if is_remote:
            registers[base] |= 0x08
        registers[CANINTF] |= RX1IF if buffer else RX0IF
        return ACCEPTED

    def _buffer_for(self, hit):
        """Receive buffer for a frame that met filter `hit`, -1 when there is no room."""
        full = self.registers[CANINTF]
        if hit < 2:
            if not full & RX0IF:
                return 0
            if not self.registers[RXB0CTRL] & 0x04:
                return -1
        return -1 if full & RX1IF else 1

    def _filter_hit(self, arbitration_id, data, is_extended):
        """Number of the filter the frame meets, -1 for none; with filters off 0 or 2."""
        registers = self.registers
        if registers[RXB0CTRL] & 0x60 == 0x60:
            return 0
        for n in range(6):
            if n == 2 and registers[RXB1CTRL] & 0x60 == 0x60:
                return 2
            if matches(registers, n, 0x20 if n < 2 else 0x24, arbitration_id, data, is_extended):
                return n
        return -1

    def _start_sending(self):
        """Begin with the waiting buffer of the highest priority; False when none may start."""
        if self._is_bus_off or self.is_stuck_dominant:
            return False
        if self.mode != NORMAL and self.mode != LOOPBACK:
            return False
        best = -1
        for n in range(3):
            control = self.registers[0x30 + n * 0x10]
            if control & TXREQ and (best < 0 or control & 3 >= self._priority(best)):
                best = n
        if best < 0:
            return False
        self._sending = best
        base = 0x30 + best * 0x10
        is_extended = self.registers[base + 2] & 0x08
        bits = (67 if is_extended else 47) + 8 * min(8, self.registers[base + 5] & 0x0F)
        self._sending_us = bits * 1_000_000 // (self.bit_rate() or self.bus_bitrate)
        return True

    def _priority(self, n):
        return self.registers[0x30 + n * 0x10] & 3

    def _finish_sending(self):
        registers = self.registers
        n = self._sending
        self._sending = -1
        control = 0x30 + n * 0x10
        is_loopback = self.mode == LOOPBACK
        is_done = False
        if is_loopback or self._gets_through(control):
            is_done = True
            registers[control] &= ~TXREQ & 0xFF
            registers[CANINTF] |= 0x04 << n
        elif registers[CANCTRL] & (OSM | ABAT):
            registers[control] &= ~TXREQ & 0xFF
            if registers[CANCTRL] & ABAT:
                registers[control] |= 0x40
        if self._mode_wait_us == 0:
            self._try_mode()
        self._refresh()
        if is_done:
            self._deliver(control, is_loopback)

    def _gets_through(self, control):
        """One attempt on the real bus: lost arbitration, error or success."""
        registers = self.registers
        if self.arbitrations_to_lose:
            self.arbitrations_to_lose -= 1
            registers[control] |= 0x20
            return False
        self.transmissions += 1
        is_wrong_rate = self.bit_rate() != self.bus_bitrate
        if self.is_tx_corrupted or is_wrong_rate or not self.has_listener:
            registers[control] |= 0x10
            registers[CANINTF] |= MERRF
            self.disturbances += 1
            # A passive node that only misses its acknowledge counts no further.
            if self._tec < 128 or self.is_tx_corrupted or is_wrong_rate:
                self._tec += 8
            if self._tec > 255:
                self._is_bus_off = True
                self._recovery_us = _RECOVERY_BITS * 1_000_000 // self.bus_bitrate
            return False
        self._tec = max(0, self._tec - 1)
        return True

    def _deliver(self, control, is_loopback):
        registers = self.registers
        arbitration_id, is_extended = identifier(registers, control + 1)
        size = min(8, registers[control + 5] & 0x0F)
        is_remote = bool(registers[control + 5] & 0x40)
        data = bytes(registers[control + 6 : control + 6 + size])
        if is_loopback:
            self._receive(arbitration_id, data, is_extended, is_remote)
            self._refresh()
        elif self.on_transmit is not None:
            self.on_transmit(arbitration_id, data, is_extended, is_remote)

    def _abort_waiting(self):
        for n in range(3):
            address = 0x30 + n * 0x10
            if self.registers[address] & TXREQ and n != self._sending:
                self.registers[address] = self.registers[address] & ~TXREQ & 0xFF | 0x40
