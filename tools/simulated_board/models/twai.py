"""Register-level model of the ESP32's CAN controller (TWAI), frames on the bus, and its two pads.

Knows nothing of the driver under test. Runs on CPython and MicroPython; registers and time do not
allocate, so heap tests may lock the heap around them. Facts: hardware facts 3.1 to 3.6, ESP32
errata 3.13.

Time is a count: `tick_us` lets microseconds pass. The model does not know other nodes; whoever
holds it plays them with `bus_frame` and the switches.
"""

ACCEPTED = "accepted"
FILTERED = "filtered"
OVERFLOW = "overflow"
# The node took no part in the frame: resetting, not clocked, or at another bit rate.
MISSED = "missed"

MODE, COMMAND, STATUS, INTERRUPTS, ENABLE, BTR0, BTR1 = 0, 1, 2, 3, 4, 6, 7
ECC, EWL, REC, TEC, WINDOW, RMC, CLKDIV = 12, 13, 14, 15, 16, 29, 31
RM, LOM, AFM = 1, 2, 8

_CLOCK_HZ = 80_000_000
_FIFO_BYTES = 64
_WINDOW_BYTES = 13
_COUNT_WRAPS = 64
_RECOVERY_BITS = 128 * 11
_ERROR_FLAG_BITS = 6
_GARBAGE = 0xA5


class TWAIModel:
    """One controller on one bus. bus_bitrate: what the other nodes use.

    System and pads: `switch_clock`, `set_reset`, `rx_gpio` (None: not connected), `is_attached`
    (its output reaches the TX pad). Registers: `read`, `write`.
    """

    def __init__(self, bus_bitrate=500_000):
        self.bus_bitrate = bus_bitrate
        # on_transmit(arbitration_id, data, is_extended, is_remote): a frame got through.
        self.on_transmit = None
        # Switches for faults.
        self.is_dead = False
        self.is_stuck_dominant = False
        self.has_listener = True  # another node acknowledges
        self.is_tx_corrupted = False  # each transmission meets a bit error
        # What the other nodes saw of this one; stays 0 while it is silent.
        self.dominant_bits = 0
        self.resets = 0
        # Time on the bus.
        self.now_us = 0
        # System and pads.
        self.is_clocked = False
        self.is_in_reset = False
        self.is_attached = False
        self.rx_gpio = None
        self._acceptance = bytearray(8)
        self._tx = bytearray(_WINDOW_BYTES)
        self._entries = bytearray(_COUNT_WRAPS * _WINDOW_BYTES)
        # Of each frame in the FIFO: bytes it takes, 0 for one that found no room.
        self._sizes = bytearray(_COUNT_WRAPS)
        self._is_bus_off = False
        self.power_on()

    def power_on(self):
        """As after a reset of the peripheral: reset mode, everything forgotten."""
        self._mode = RM
        self._btr0 = self._btr1 = self._enable = self._clkdiv = 0
        self._ewl = 96
        self._rec = self._tec = 0
        self._ecc = self._interrupts = 0
        for i in range(8):
            self._acceptance[i] = 0
        self._first = self._count = self._used = 0
        self._is_overrun = self._is_wrapped = self._will_damage = False
        self._sending_us = -1
        self._wants_to_send = False
        self._joins_us = 0
        self._is_bus_off = False

    def switch_clock(self, is_on):
        self.is_clocked = is_on

    def set_reset(self, is_on):
        if is_on and not self.is_in_reset:
            self.resets += 1
            self.power_on()
        self.is_in_reset = is_on

    def ticks_us(self):
        return self.now_us

    def line_level(self):
        """Of the RX pad between two frames."""
        return 0 if self.is_stuck_dominant else 1

    def _is_running(self):
        return self.is_clocked and not self.is_in_reset and not self.is_dead

    def is_on_bus(self):
        return (
            self._is_running()
            and not self._mode & RM
            and self._joins_us == 0
            and not self._is_bus_off
            and self.rx_gpio is not None
            and not self.is_stuck_dominant
        )

    def read(self, index):
        if not self._is_running():
            return 0
        if index == MODE:
            return self._mode
        if index == STATUS:
            return self._status()
        if index == INTERRUPTS:
            value = self._interrupts & self._enable
            self._interrupts = 0
            return value | (self._count > 0)
        if index == ENABLE:
            return self._enable
        if index == BTR0:
            return self._btr0
        if index == BTR1:
            return self._btr1
        if index == ECC:
            return self._ecc
        if index == EWL:
            return self._ewl
        if index == REC:
            return self._rec
        if index == TEC:
            return self._tec
        if WINDOW <= index < WINDOW + _WINDOW_BYTES:
            at = index - WINDOW
            if self._mode & RM:
                return self._acceptance[at] if at < 8 else 0
            return self._entries[self._first * _WINDOW_BYTES + at]
        if index == RMC:
            return self._count & 0x3F
        if index == CLKDIV:
            return self._clkdiv
        return 0

    def _status(self):
        value = 0x04 if self._sending_us < 0 and not self._wants_to_send else 0
        if self._count:
            value |= 0x01
        if self._is_overrun:
            value |= 0x02
        if self._tec >= self._ewl or self._rec >= self._ewl:
            value |= 0x40
        if self._is_bus_off:
            value |= 0x80
        return value

    def write(self, index, value):
        if not self._is_running():
            return
        is_resetting = self._mode & RM
        if index == MODE:
            self._set_mode(value)
        elif index == COMMAND:
            self._command(value)
        elif index == ENABLE:
            self._enable = value & 0xFF
        elif WINDOW <= index < WINDOW + _WINDOW_BYTES:
            at = index - WINDOW
            if not is_resetting:
                self._tx[at] = value & 0xFF
            elif at < 8:
                self._acceptance[at] = value & 0xFF
        elif not is_resetting:
            # All that is left may be written in reset mode only.
            return
        elif index == BTR0:
            self._btr0 = value & 0xFF
        elif index == BTR1:
            self._btr1 = value & 0xFF
        elif index == EWL:
            self._ewl = value & 0xFF
        elif index == REC:
            self._rec = value & 0xFF
        elif index == TEC:
            self._tec = value & 0xFF
        elif index == CLKDIV:
            self._clkdiv = value & 0xFF

    def _set_mode(self, value):
        if self._mode & RM:
            was = self._mode
            self._mode = value & 0x0F
            if was & RM and not value & RM:
                bits = _RECOVERY_BITS if self._is_bus_off else 11
                self._joins_us = bits * 1_000_000 // self.bus_bitrate
        elif value & RM:
            self._mode |= RM
            self._sending_us = -1
            self._wants_to_send = False
            self._first = self._count = self._used = 0
            self._is_overrun = False

    def _command(self, value):
        if self._mode & RM:
            return
        if value & 0x01 and not self._mode & LOM:
            self._wants_to_send = True
        if value & 0x02:
            self._wants_to_send = False
        if value & 0x04 and self._count and not self._is_wrapped:
            self._used -= self._sizes[self._first]
            self._first = (self._first + 1) % _COUNT_WRAPS
            self._count -= 1
        if value & 0x08:
            self._is_overrun = False

    def bit_rate(self):
        """Bits per second that BTR0 and BTR1 make of the clock."""
        prescaler = 2 * ((self._btr0 & 0x3F) + 1)
        quanta = 1 + (self._btr1 & 0x0F) + 1 + (self._btr1 >> 4 & 7) + 1
        return _CLOCK_HZ // (prescaler * quanta)

    def samples_at(self):
        """Where a bit is sampled, in percent."""
        quanta = 1 + (self._btr1 & 0x0F) + 1 + (self._btr1 >> 4 & 7) + 1
        return 100 * (1 + (self._btr1 & 0x0F) + 1) // quanta

    def bus_frame(self, arbitration_id, data, is_extended=False, is_remote=False):
        """Another node's frame ends on the bus. Returns ACCEPTED, FILTERED, OVERFLOW or MISSED."""
        self.now_us += (47 + 8 * len(data)) * 1_000_000 // self.bus_bitrate
        self._pass_join()
        if not self.is_on_bus():
            return MISSED
        if self.bit_rate() != self.bus_bitrate:
            # A stuff error somewhere in the identifier.
            self._meet_error(2 << 6 | 0x20 | 0x02)
            return MISSED
        if not self._mode & LOM:
            self._drive(1)
            self._rec = 119 if self._rec > 127 else max(0, self._rec - 1)
        if not self._passes(arbitration_id, data, is_extended, is_remote):
            return FILTERED
        return self._store(arbitration_id, data, is_extended, is_remote)

    def can_accept(self, arbitration_id=None, is_extended=False):
        """Whether a frame would find room in the FIFO now; the longest takes 13 bytes."""
        return self._used + _WINDOW_BYTES <= _FIFO_BYTES

    def damage(self, segment=0x08):
        """A frame that every receiver finds damaged. segment: of ECC; 0x08 checksum, 0x0A data."""
        self._pass_join()
        if self.is_on_bus():
            self._meet_error(3 << 6 | 0x20 | segment)
            if segment in (0x08, 0x0A):
                # Erratum 5: the frame after it may be damaged in the FIFO.
                self._will_damage = True

    def _meet_error(self, code):
        self._ecc = code
        self._interrupts |= 0x80
        # Listen-only mode does not keep it from telling the others (hardware facts 3.6).
        if self._rec < 128 and self._tec < 128:
            self._drive(_ERROR_FLAG_BITS)
        if not self._mode & LOM:
            self._rec = min(255, self._rec + 1)

    def _drive(self, bits):
        """Dominant bits of ours, where the output reaches the bus."""
        if self.is_attached:
            self.dominant_bits += bits

    def _pass_join(self):
        """A frame of others is followed by more than 11 recessive bits."""
        if self._joins_us and not self.is_stuck_dominant and not self._is_bus_off:
            self._joins_us = 0

    def _passes(self, arbitration_id, data, is_extended, is_remote):
        code, mask = self._acceptance, 4
        if is_extended:
            head = arbitration_id << 3 | (is_remote << 2)
            words = (head >> 24 & 0xFF, head >> 16 & 0xFF, head >> 8 & 0xFF, head & 0xFF)
        else:
            head = arbitration_id << 5 | (is_remote << 4)
            words = (
                head >> 8,
                head & 0xFF,
                data[0] if len(data) > 0 and not is_remote else 0,
                data[1] if len(data) > 1 and not is_remote else 0,
            )
        if self._mode & AFM:
            for n in range(4):
                ignored = code[mask + n]
                if n == 1 and not is_extended:
                    ignored |= 0x0F
                if n > 1 and not is_extended and len(data) <= n - 2:
                    continue
                if (words[n] ^ code[n]) & ~ignored & 0xFF:
                    return False
            return True
        if is_extended:
            for n in (0, 2):
                if not (
                    (words[0] ^ code[n]) & ~code[mask + n] & 0xFF
                    or (words[1] ^ code[n + 1]) & ~code[mask + n + 1] & 0xFF
                ):
                    return True
            return False
        for n in (0, 2):
            if (words[0] ^ code[n]) & ~code[mask + n] & 0xFF:
                continue
            if (words[1] ^ code[n + 1]) & ~code[mask + n + 1] & 0xF0:
                continue
            if n == 0 and len(data) and not is_remote:
                byte = (code[1] & 0x0F) << 4 | code[3] & 0x0F
                ignored = (code[mask + 1] & 0x0F) << 4 | code[mask + 3] & 0x0F
                if (data[0] ^ byte) & ~ignored & 0xFF:
                    continue
            return True
        return False

    def _store(self, arbitration_id, data, is_extended, is_remote):
        if self._is_wrapped:
            return OVERFLOW
        size = (5 if is_extended else 3) + (0 if is_remote else len(data))
        has_room = self._used + size <= _FIFO_BYTES
        # Behind an overrun nothing lies where its reader looks for it, until all is read.
        is_behind = self._is_behind_overrun()
        is_damaged = self._will_damage or not has_room or is_behind
        place = (self._first + self._count) % _COUNT_WRAPS
        self._count += 1
        if self._count >= _COUNT_WRAPS:
            self._is_wrapped = True
        self._sizes[place] = size if has_room and not is_behind else 0
        self._used += self._sizes[place]
        if not has_room:
            self._is_overrun = True
        at = place * _WINDOW_BYTES
        entries = self._entries
        entries[at] = (0x80 if is_extended else 0) | (0x40 if is_remote else 0) | len(data)
        if is_extended:
            for n in range(4):
                entries[at + 1 + n] = arbitration_id << 3 >> (24 - 8 * n) & 0xFF
            start = at + 5
        else:
            entries[at + 1] = arbitration_id >> 3
            entries[at + 2] = arbitration_id << 5 & 0xFF
            start = at + 3
        for n in range(len(data)):
            entries[start + n] = data[n]
        if is_damaged:
            # Such as its reader cannot see it by the identifier.
            for n in range(3 if not is_extended else 5, _WINDOW_BYTES):
                entries[at + n] = _GARBAGE
        self._will_damage = False
        return ACCEPTED if has_room else OVERFLOW

    def _is_behind_overrun(self):
        # A loop, as a generator would take heap.
        for n in range(self._count):  # noqa: SIM110
            if not self._sizes[(self._first + n) % _COUNT_WRAPS]:
                return True
        return False

    def tick_us(self, us):
        """Let time pass on the bus."""
        self.now_us += us
        if self._joins_us and not self.is_stuck_dominant and not self._mode & RM:
            self._joins_us = max(0, self._joins_us - us)
            if not self._joins_us and self._is_bus_off:
                self._is_bus_off = False
                self._tec = self._rec = 0
        while us > 0:
            if self._sending_us < 0:
                if not self._wants_to_send or not self.is_on_bus():
                    return
                bits = 47 + 8 * (self._tx[0] & 0x0F)
                self._sending_us = bits * 1_000_000 // self.bus_bitrate
            step = min(us, self._sending_us)
            self._sending_us -= step
            us -= step
            if self._sending_us:
                return
            self._sending_us = -1
            self._finish_sending()

    def _finish_sending(self):
        self._drive(20)
        is_wrong_rate = self.bit_rate() != self.bus_bitrate
        is_damaged = self.is_tx_corrupted or is_wrong_rate or not self.is_attached
        if is_damaged or not self.has_listener:
            if is_damaged or self._tec < 128:
                self._tec += 8
            if self._tec > 255:
                self._tec = 127
                self._rec = 0
                self._is_bus_off = True
                self._mode |= RM
                self._wants_to_send = False
            return
        self._wants_to_send = False
        self._tec = max(0, self._tec - 1)
        if self.on_transmit:
            tx = self._tx
            dlc = tx[0] & 0x0F
            self.on_transmit(
                tx[1] << 3 | tx[2] >> 5,
                bytes(tx[3 : 3 + dlc]),
                bool(tx[0] & 0x80),
                bool(tx[0] & 0x40),
            )
