"""MCP2515 CAN controller on SPI: silent unless told otherwise, and no allocation per frame.

Rules of this file
- `_is_busy` guards every SPI transaction. The soft interrupt runs between two bytecodes of
  anything else; when it finds the chip busy it only leaves a note, and whoever held the chip
  services it afterwards. So the interrupt and the backstop never clash.
- The edge of INT is a hint. `service` trusts the level of the pin, `check` doubts even that.
- Nothing is retried here: `open` and `check` say what is wrong, the link tries again.
- Frames leave only when the bus was opened not silent, and only as (id, dlc) of `tx_frames`.

Registers and rules: MCP2515 data sheet DS20001801; hardware facts 2.1 to 2.7.
"""

import time

from micropython import const

from ovms import overlay

# Controller states, numbered as `machine.CAN` does.
STOPPED = const(0)
ACTIVE = const(1)
WARNING = const(2)
PASSIVE = const(3)
BUS_OFF = const(4)

_NORMAL = const(0x00)
_LISTEN_ONLY = const(0x60)
_CONFIGURATION = const(0x80)
_MODE_BITS = const(0xE0)

_RESET = b"\xc0"
_SLEEP = b"\x05\x0f\xe0\x20"
_GO_SILENT = b"\x05\x0f\xf0\x70"  # listen-only and abort, in one write
_ABORT = b"\x05\x0f\x10\x10"
_END_ABORT = b"\x05\x0f\x10\x00"
_REQUEST_TO_SEND = b"\x81"
# CANINTF, EFLG, CANSTAT, CANCTRL, TXB0CTRL.
_READ_STATUS = b"\x03\x2c\x00\x00\x00\x00\x00"
# The first two only: the ESP32 sends up to 4 bytes without its DMA queue.
_READ_FLAGS = b"\x03\x2c\x00\x00"
_READ_BUFFER_0 = b"\x90\0\0\0\0\0\0\0\0\0\0\0\0\0"
_READ_BUFFER_1 = b"\x94\0\0\0\0\0\0\0\0\0\0\0\0\0"
_CLEAR_OVERFLOW = b"\x05\x2d\xc0\x00"
_CLEAR_ERROR = b"\x05\x2c\x20\x00"
_CLEAR_MESSAGE_ERROR = b"\x05\x2c\x80\x00"

# CANINTE as mcp2515_setup.py leaves it: error, RXB1, RXB0.
_ENABLED = const(0x23)
_RX0 = const(0x01)
_RX1 = const(0x02)
_ERROR = const(0x20)
_MESSAGE_ERROR = const(0x80)

_OVERFLOW = const(0xC0)
_IN_BUS_OFF = const(0x20)
_TX_PASSIVE = const(0x10)
_ANY_PASSIVE = const(0x18)
_ANY_WARNING = const(0x07)
_TX_PENDING = const(0x08)

# At the Twizy's 400 frames a second the link may be held up for 115 ms.
_RING = const(48)
# Bounds of one `service` call; a full bus would otherwise never let the interrupt return.
_TURNS = const(2)
_FRAMES_PER_TURN = const(32)
# Bursts to wait for the end of a frame under way: 64 take at least 4 ms.
_ABORT_POLLS = const(64)
# Longer than any arbitration on a live bus: a frame waiting this long has no listener.
_TX_STUCK_MS = const(50)
# Any mode is reached within 11 recessive bits, unless the bus never becomes recessive.
_MODE_TIMEOUT_MS = const(100)


class MCP2515:
    """One controller; contract "CAN bus" of firmware/README.md.

    spi: mode 0, at most 10 MHz, with write, readinto and write_readinto. cs: output pin, high.
    interrupt: input pin on INT, or None. filters: function that turns ids into
    (mask0, 2 filters, mask1, 4 filters), or None to let everything pass the chip.
    """

    def __init__(self, spi, cs, interrupt=None, crystal_hz=16_000_000, filters=None):
        # Bound once: taking a method fresh allocates.
        self._write_spi = spi.write
        self._transfer = spi.write_readinto
        self._cs = cs.value
        self._interrupt = interrupt
        self._is_line_high = interrupt.value if interrupt else None
        self._on_edge = self._handle_edge
        self._crystal_hz = crystal_hz
        self._make_filters = filters
        self._filter_ids = None
        self._filters = None
        # Keys exist from the start: counting must not allocate.
        self.counts = {
            "can_frames": 0,  # handed to the ring
            "can_foreign": 0,  # passed the chip's filters, but not wanted
            "can_chip_overflow": 0,
            "can_ring_dropped": 0,  # oldest frame lost; the link was too slow
            "can_message_errors": 0,  # checks that found damaged frames
            "can_spi_errors": 0,
            "can_bus_off": 0,
            "can_sent": 0,
            "can_refused": 0,
            "can_tx_busy": 0,
            "can_tx_aborted": 0,
        }
        # Each slot is one SPI answer: filler, SIDH, SIDL, EID8, EID0, DLC, D0 to D7.
        self._ring = [bytearray(14) for _ in range(_RING)]
        self._head = 0
        self._tail = 0
        self._wanted = bytearray(256)
        self._tx_frames = ()
        self._timing = b""
        self._mode = _CONFIGURATION
        self._is_open = False
        self._is_busy = False
        self._is_missed = False
        self._was_buffer_0 = False
        self._is_bus_off = False
        self._error_flags = 0
        self._sent_ms = 0
        self._flags = bytearray(4)
        self._status = bytearray(7)
        self._load = bytearray(14)
        self._load[0] = 0x40

    def open(self, bitrate, rx_ids, tx_frames=(), is_silent=True):
        """Reset and start the chip; everything of an earlier `open` is forgotten.

        rx_ids: standard ids to receive. tx_frames: (id, dlc) that may be sent unless is_silent.
        Takes 10 to 110 ms, with new ids also the time of `filters`. OSError with a sentence when
        there is no chip or the bus is blocked, ValueError when the crystal cannot make the rate.
        """
        self.close()
        if self._make_filters and rx_ids != self._filter_ids:
            self._filters = self._make_filters(rx_ids)
            self._filter_ids = rx_ids
        self._tx_frames = () if is_silent else tx_frames
        self._mode = _LISTEN_ONLY if is_silent else _NORMAL
        for i in range(256):
            self._wanted[i] = 0
        for arbitration_id in rx_ids:
            self._wanted[arbitration_id >> 3] |= 1 << (arbitration_id & 7)
        self._head = self._tail = 0
        self._is_busy = True
        try:
            self._timing = overlay.call(
                "ovms.drivers.mcp2515_setup",
                "configure",
                self._write,
                self._read,
                self._crystal_hz,
                bitrate,
                self._filters,
            )
            self._request_mode(self._mode)
        finally:
            self._is_busy = False
        self._is_open = True
        if self._interrupt:
            self._interrupt.irq(self._on_edge, self._interrupt.IRQ_FALLING)
        self.service()

    def close(self):
        """Silence the chip and put it to sleep; harmless when it is closed or missing."""
        if self._interrupt:
            self._interrupt.irq(None, self._interrupt.IRQ_FALLING)
        self._is_open = False
        self._is_bus_off = self._is_missed = self._was_buffer_0 = False
        self._error_flags = 0
        self._tx_frames = ()
        self._is_busy = True
        self._write(_RESET)
        # The oscillator needs 128 cycles after a reset, 16 us with the slowest crystal.
        time.sleep_ms(1)
        self._write(_SLEEP)
        self._is_busy = False

    def service(self):
        """Move frames from the chip into the ring; returns how many. Does not allocate.

        Called by the interrupt and, as a backstop, every few milliseconds by the link.
        """
        if self._is_busy or not self._is_open:
            self._is_missed = True
            return 0
        taken = 0
        # An edge that came while the chip was held was turned away; bounded, see above.
        for _ in range(_TURNS):
            self._is_missed = False
            self._is_busy = True
            try:
                taken += self._drain()
            finally:
                self._is_busy = False
            if not self._is_missed:
                break
        return taken

    def recv(self, frame):
        """Fill `frame` with the oldest frame and return True, or return False. Does not allocate.

        frame: [arbitration_id, bytearray(8), dlc, flags]; flags are always 0, as only standard
        data frames pass. Bytes behind dlc are whatever the chip held.
        """
        tail = self._tail
        if tail == self._head:
            return False
        # The ring may drop its oldest slot only while nobody reads it.
        self._is_busy = True
        tail = self._tail
        slot = self._ring[tail]
        frame[0] = slot[1] << 3 | slot[2] >> 5
        data = frame[1]
        # Written out: a loop costs twice as much on the hottest path of the firmware.
        data[0] = slot[6]
        data[1] = slot[7]
        data[2] = slot[8]
        data[3] = slot[9]
        data[4] = slot[10]
        data[5] = slot[11]
        data[6] = slot[12]
        data[7] = slot[13]
        dlc = slot[5] & 0x0F
        frame[2] = dlc if dlc < 8 else 8
        frame[3] = 0
        self._tail = (tail + 1) % _RING
        self._is_busy = False
        if self._is_missed:
            self.service()
        return True

    def send(self, arbitration_id, data):
        """Queue one standard data frame; True when the chip has taken it.

        False, and counted, when the bus is silent, closed or in bus-off, when (id, length) is not
        on the list given to `open`, or while the previous frame still waits for the bus.
        """
        if self._is_bus_off or (arbitration_id, len(data)) not in self._tx_frames:
            self.counts["can_refused"] += 1
            return False
        self._is_busy = True
        try:
            is_sent = self._send(arbitration_id, data)
        finally:
            self._is_busy = False
        self.counts["can_sent" if is_sent else "can_tx_busy"] += 1
        if self._is_missed:
            self.service()
        return is_sent

    def state(self):
        """STOPPED, ACTIVE, WARNING, PASSIVE or BUS_OFF (then silent until `restart`)."""
        if not self._is_open:
            return STOPPED
        if self._is_bus_off:
            return BUS_OFF
        if self._error_flags & _ANY_PASSIVE:
            return PASSIVE
        return WARNING if self._error_flags & _ANY_WARNING else ACTIVE

    def restart(self):
        """Leave bus-off and take part in the bus again. OSError when the bus is blocked."""
        if not self._is_open:
            return
        self._is_busy = True
        try:
            self._request_mode(self._mode)
            self._is_bus_off = False
            self._error_flags = 0
        finally:
            self._is_busy = False
        self.service()

    def check(self):
        """Whether the chip is still as `open` left it; call every few seconds.

        False after a brown-out, a reset or a broken SPI line: then `open` again. Also ends a stuck
        transmission, and stops trusting an INT line that stays high with flags waiting.
        """
        if not self._is_open:
            return False
        self._is_busy = True
        try:
            is_well = self._check()
        finally:
            self._is_busy = False
        self.service()
        return is_well

    def _handle_edge(self, _):
        self.service()

    def _request_mode(self, mode):
        self._write(bytes((0x05, 0x0F, _MODE_BITS | 0x18, mode)))
        for _ in range(_MODE_TIMEOUT_MS):
            if self._read(0x0E, 1)[0] & _MODE_BITS == mode:
                return
            time.sleep_ms(1)
        raise OSError("the CAN bus is never idle: check its wiring and termination")

    def _check(self):
        cnf = self._read(0x28, 4)
        status = self._burst()
        mode = _LISTEN_ONLY if self._is_bus_off else self._mode
        if cnf[:3] != self._timing or cnf[3] != _ENABLED or status[4] & _MODE_BITS != mode:
            self.counts["can_spi_errors"] += 1
            return False
        self._error_flags = status[3]
        if status[2] & _MESSAGE_ERROR:
            self.counts["can_message_errors"] += 1
            self._write(_CLEAR_MESSAGE_ERROR)
        if status[6] & _TX_PENDING and self._is_tx_stuck():
            self._abort(_ABORT)
        if status[2] & _ENABLED and self._is_line_high and self._is_line_high():
            self._is_line_high = None
        return True

    def _drain(self):
        """Empty the chip into the ring, bounded; returns the number of frames kept."""
        is_line_high = self._is_line_high
        chip_select = self._cs
        transfer = self._transfer
        flags_read = self._flags
        taken = 0
        for _ in range(_FRAMES_PER_TURN):
            if is_line_high is not None and is_line_high():
                self._was_buffer_0 = False
                break
            chip_select(0)
            transfer(_READ_FLAGS, flags_read)
            chip_select(1)
            flags = flags_read[2]
            if flags & _ERROR and not self._on_error():
                break
            # RXB1 is the older one when RXB0 was just emptied and is full again (rollover).
            if flags & _RX1 and (self._was_buffer_0 or not flags & _RX0):
                self._was_buffer_0 = False
                command = _READ_BUFFER_1
            elif flags & _RX0:
                self._was_buffer_0 = True
                command = _READ_BUFFER_0
            else:
                self._was_buffer_0 = False
                if not flags & _ERROR:
                    break
                continue
            slot = self._ring[self._head]
            chip_select(0)
            transfer(command, slot)
            # The rising edge frees the buffer in the chip.
            chip_select(1)
            low = slot[2]
            # Extended (IDE) and remote (SRR) frames carry nothing a car asked for.
            if low & 0x18 or not self._wanted[slot[1]] >> (low >> 5) & 1:
                self.counts["can_foreign"] += 1
                continue
            taken += 1
            head = (self._head + 1) % _RING
            if head == self._tail:
                self._tail = (head + 1) % _RING
                self.counts["can_ring_dropped"] += 1
            self._head = head
        if taken:
            self.counts["can_frames"] += taken
        return taken

    def _on_error(self):
        """Answer the error interrupt; False when the status itself is nonsense (MISO stuck)."""
        status = self._burst()
        error_flags = status[3]
        if status[4] & 0x11:
            self.counts["can_spi_errors"] += 1
            return False
        self._error_flags = error_flags
        if error_flags & _OVERFLOW:
            self.counts["can_chip_overflow"] += 1
            self._write(_CLEAR_OVERFLOW)
        self._write(_CLEAR_ERROR)
        if error_flags & _IN_BUS_OFF and not self._is_bus_off:
            # The chip would come back by itself within 3 ms and disturb the car again.
            self._is_bus_off = True
            self.counts["can_bus_off"] += 1
            self._abort(_GO_SILENT)
        elif error_flags & _TX_PASSIVE and status[6] & _TX_PENDING:
            self._abort(_ABORT)
        return True

    def _send(self, arbitration_id, data):
        if self._burst()[6] & _TX_PENDING:
            if not self._is_tx_stuck():
                return False
            self._abort(_ABORT)
        load = self._load
        load[1] = arbitration_id >> 3
        load[2] = (arbitration_id & 7) << 5
        load[5] = len(data)
        for i in range(len(data)):
            load[6 + i] = data[i]
        self._write(load)
        self._write(_REQUEST_TO_SEND)
        self._sent_ms = time.ticks_ms()
        return True

    def _is_tx_stuck(self):
        return time.ticks_diff(time.ticks_ms(), self._sent_ms) >= _TX_STUCK_MS

    def _abort(self, command):
        """Give up the waiting frame: with nobody to acknowledge it, it would repeat for ever."""
        self._write(command)
        for _ in range(_ABORT_POLLS):
            if not self._burst()[6] & _TX_PENDING:
                break
        self._write(_END_ABORT)
        self.counts["can_tx_aborted"] += 1

    def _burst(self):
        """CANINTF at [2], EFLG [3], CANSTAT [4], CANCTRL [5], TXB0CTRL [6]; a borrowed buffer."""
        self._cs(0)
        self._transfer(_READ_STATUS, self._status)
        self._cs(1)
        return self._status

    def _write(self, command):
        self._cs(0)
        self._write_spi(command)
        self._cs(1)

    def _read(self, address, size):
        answer = bytearray(2 + size)
        answer[0] = 0x03
        answer[1] = address
        self._cs(0)
        self._transfer(answer, answer)
        self._cs(1)
        return answer[2:]
