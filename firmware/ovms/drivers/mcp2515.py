"""MCP2515 CAN controller on SPI: silent unless told otherwise, and no allocation per frame.

Rules of this file
- `numbers[IS_BUSY]` guards every SPI transaction. The soft interrupt runs between two bytecodes
  of anything else; when it finds the chip in use it only leaves a note, and whoever used it
  drains it afterwards (`release`). So the interrupt and the backstop never clash.
- The edge of INT is a hint. `Receiver.drain` trusts the pin's level, `check` doubts even that.
- Nothing is retried here: `open` and `check` say what is wrong, the link tries again.
- Which frames may leave is decided in can_bus.py.
- What each frame passes is native code: modules/ovms_can.py. What runs once, start, change of
  mode, filters and the search for the crystal, is loaded when it is needed: mcp2515_setup.py,
  mcp2515_filters.py, mcp2515_crystal.py.
- Until a frame was heard at the bit rate asked for, the chip only listens, and to everything: with
  another crystal than it is set for it would destroy what others send (hardware facts 2.4). On a
  silent bus one frame may leave on the board's word: mcp2515_trial.py.

Registers and rules: MCP2515 data sheet DS20001801; hardware facts 2.1 to 2.7.
"""

import time
from array import array

from micropython import const

from ovms.drivers.can_bus import ACTIVE, BUS_OFF, PASSIVE, STOPPED, WARNING, CANBus
from ovms_can import Receiver, no_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ovms.contracts import Buffer, Store

# Places in `numbers`: those of `ovms_can`, then the counters, named in mcp2515_setup.py.
HEAD = const(0)
TAIL = const(1)
WAS_BUFFER_0 = const(2)
IS_BUSY = const(3)
_IS_MISSED = const(4)
IS_OPEN = const(5)
FRAMES = const(6)
FOREIGN = const(7)
_CHIP_OVERFLOW = const(9)
_MESSAGE_ERRORS = const(10)
_SPI_ERRORS = const(11)
_BUS_OFFS = const(12)
_SENT = const(13)
_TX_BUSY = const(14)
_TX_ABORTED = const(15)
# The crystal in kHz where it is another one than the board says, and that; 0 where it is the same.
CRYSTAL_KHZ = const(16)
BOARD_CRYSTAL_KHZ = const(17)
# What follows counts nothing: all frames heard until the last check. How many checks in a row may
# meet errors alone until the crystal is looked for; 0 before one of these frames was heard.
HEARD = const(18)
TRUST = const(19)
# What the board's word for its crystal is worth before that: 0, the bus was not listened to for
# long enough; WORD_COUNTS, it is silent; WORD_FAILED, for nothing before a frame was heard.
WORD = const(20)
_NUMBERS = const(21)
TRUST_MAX = const(3)
WORD_COUNTS = const(1)
WORD_FAILED = const(2)

LISTEN_ONLY = const(0x60)
SLEEP = const(0x20)
_MODE_BITS = const(0xE0)

# CANINTE as mcp2515_setup.py leaves it: error, RXB1, RXB0.
_ENABLED = const(0x23)
WAKE_INTERRUPT = const(0x40)
_MESSAGE_ERROR = const(0x80)
_OVERFLOW = const(0xC0)
_IN_BUS_OFF = const(0x20)
_TX_PASSIVE = const(0x10)
_ANY_PASSIVE = const(0x18)
_ANY_WARNING = const(0x07)
_TX_PENDING = const(0x08)

# Bursts to wait for the end of a frame under way: 64 take at least 4 ms.
_ABORT_POLLS = const(64)
# Longer than any arbitration on a live bus: a frame waiting this long has no listener.
_TX_STUCK_MS = const(50)


class MCP2515(CANBus):
    """One controller; contract "CAN bus" of firmware/README.md.

    spi: mode 0, at most 10 MHz, with write and write_readinto. cs: output pin, high. interrupt:
    input pin on INT, or None. crystals: what the board says of its crystal: Hz, a tuple of likely
    ones, the likeliest first, or None; `mcp2515_crystal.py` finds out which it is. store: where
    that is kept if it is another one; None: the file `crystal`.

    The ring holds 47 frames: at the Twizy's 400 a second the link may be held up for 115 ms.

    What is not in the contract and has no underscore is for mcp2515_setup.py.
    """

    def __init__(
        self,
        spi: "Any",
        cs: "Any",
        interrupt: "Any" = None,
        crystals: int | tuple[int, ...] | None = None,
        store: "Store | None" = None,
    ) -> None:
        super().__init__()
        # Bound once: taking a method fresh allocates.
        self._write_spi = spi.write
        self._transfer = spi.write_readinto
        self._cs = cs.value
        self.interrupt = interrupt
        self.crystals = crystals
        self.store = store
        # The crystal that the chip is set for, in Hz; 0 before the first `open`.
        self.crystal_hz = 0
        # What the last `open` asked for, see mcp2515_setup.py.
        self.asked: tuple = ()
        self.numbers = array("i", bytes(4 * _NUMBERS))
        self.wanted = bytearray(256)
        self._receiver = Receiver(
            self.numbers,
            self.wanted,
            interrupt.value if interrupt else no_line,
            self._cs,
            self._transfer,
            self._on_error,
        )
        self.drain = self._receiver.drain
        self.recv = self._receiver.take
        self._status = bytearray(7)
        self.timing = b""
        self.mode = self.error_flags = self._sent_ms = 0
        # The chip sleeps until the bus wakes it: then it is not open.
        self.is_asleep = False

    def open(
        self,
        bitrate: int,
        rx_ids: tuple[int, ...] | None,
        tx_frames: tuple[tuple[int, int], ...] = (),
        is_silent: bool = True,
        foreign_ids: tuple[int, ...] = (),
        sub_types: tuple[tuple[int, int], ...] = (),
    ) -> None:
        """Reset and start the chip; everything of an earlier `open` but the counts is forgotten.

        Takes 10 to 30 ms, with new ids to compute filters for some 70 ms more. Nothing may leave
        before a `check` that finds a frame heard at this bit rate, or a bus that is silent and a
        board that knows its crystal. OSError with a sentence when there is no chip or the bus is
        blocked, ValueError when no crystal makes the rate or an id is none.
        """
        from ovms.drivers.mcp2515_setup import open

        open(self, bitrate, rx_ids, tx_frames, is_silent, foreign_ids, sub_types)

    def close(self) -> None:
        """Silence the chip and put it to sleep; harmless when it is closed or missing."""
        from ovms.drivers.mcp2515_setup import close

        close(self)

    def sleep(self) -> bool:
        """Stop the oscillator; the first edge on the bus starts it and pulls INT low.

        The frame of that edge is lost. False, and the chip is open as before, where no INT pin
        tells of it, after bus-off, or while the bus speaks. OSError: the chip is closed.
        """
        from ovms.drivers.mcp2515_setup import sleep

        return sleep(self)

    def is_woken(self) -> bool:
        """Whether the bus has woken the chip; only while it sleeps."""
        return not self.interrupt.value()

    def wake(self) -> None:
        """Go on as before `sleep`. OSError: the chip is closed."""
        from ovms.drivers.mcp2515_setup import wake

        wake(self)

    def service(self) -> int:
        """Move frames from the chip into the ring; returns how many. Does not allocate.

        Called by the interrupt and, as a backstop, every few milliseconds by the link.
        """
        numbers = self.numbers
        before = numbers[FRAMES]
        self.drain(None)
        return numbers[FRAMES] - before

    def _transmit(self, arbitration_id, data):
        numbers = self.numbers
        if not numbers[TRUST]:
            from ovms.drivers.mcp2515_trial import send_once

            return send_once(self, arbitration_id, data)
        numbers[IS_BUSY] = 1
        try:
            is_free = not self._burst()[6] & _TX_PENDING
            if not is_free and self._is_tx_stuck():
                self.abort(b"\x05\x0f\x10\x10")
                is_free = True
            if is_free:
                high, low = arbitration_id >> 3, (arbitration_id & 7) << 5
                self.write(bytes((0x40, high, low, 0, 0, len(data))) + data)
                self.write(b"\x81")
                self._sent_ms = time.ticks_ms()
        finally:
            self.release()
        numbers[_SENT if is_free else _TX_BUSY] += 1
        return is_free

    def state(self) -> int:
        """STOPPED, ACTIVE, WARNING, PASSIVE or BUS_OFF (then silent until `restart`)."""
        if not self.numbers[IS_OPEN]:
            return STOPPED
        if self.is_bus_off:
            return BUS_OFF
        if self.error_flags & _ANY_PASSIVE:
            return PASSIVE
        return WARNING if self.error_flags & _ANY_WARNING else ACTIVE

    def counts(self) -> dict[str, int]:
        """What was received, sent, dropped and refused since the start, as {name: number}."""
        from ovms.drivers.mcp2515_setup import COUNTS

        return self.named_counts(COUNTS)

    def restart(self) -> None:
        """Leave bus-off and take part in the bus again; nothing to do in any other state.

        Takes 20 ms, then OSError, when the bus is blocked: it stays off and silent.
        """
        from ovms.drivers.mcp2515_setup import restart

        restart(self)

    def check(self) -> bool:
        """Whether the chip is still as `open` left it; call every few seconds.

        False after a brown-out, a reset or a broken SPI line: then `open` again. Also ends a stuck
        transmission, stops trusting an INT line that stays high with flags waiting, and looks for
        the crystal where there are errors and no frames.
        """
        numbers = self.numbers
        if not numbers[IS_OPEN]:
            # A chip that lost its settings would sleep for ever, or never.
            return self.is_asleep and (
                self.is_woken()
                or (
                    self.read(0x2B, 1)[0] == WAKE_INTERRUPT
                    and self.read(0x0E, 1)[0] & _MODE_BITS == SLEEP
                )
            )
        numbers[IS_BUSY] = 1
        try:
            cnf = self.read(0x28, 4)
            status = self._burst()
            mode = LISTEN_ONLY if self.is_bus_off else self.mode
            if cnf[:3] != self.timing or cnf[3] != _ENABLED or status[4] & _MODE_BITS != mode:
                numbers[_SPI_ERRORS] += 1
                return False
            self.error_flags = status[3]
            is_damaged = status[2] & _MESSAGE_ERROR
            if is_damaged:
                numbers[_MESSAGE_ERRORS] += 1
                self.write(b"\x05\x2c\x80\x00")
            if status[2] & _ENABLED and self._receiver.is_line_high():
                self._receiver.is_line_high = no_line
            if status[6] & _TX_PENDING and self._is_tx_stuck():
                self.abort(b"\x05\x0f\x10\x10")
            is_heard = numbers[FRAMES] + numbers[FOREIGN] - numbers[HEARD]
            numbers[HEARD] += is_heard
            if is_heard and numbers[TRUST]:
                numbers[TRUST] = TRUST_MAX
            elif is_heard or is_damaged or not (numbers[TRUST] or numbers[WORD]):
                from ovms.drivers.mcp2515_crystal import judge

                return judge(self, is_heard, is_damaged)
            return True
        finally:
            self.release()

    def release(self) -> None:
        """The chip is free again: make up for an interrupt that was turned away."""
        self.numbers[IS_BUSY] = 0
        self.service()

    def _on_error(self):
        """Answer the error interrupt; False when the status itself is nonsense (MISO stuck)."""
        numbers = self.numbers
        status = self._burst()
        error_flags = status[3]
        if status[4] & 0x11:
            numbers[_SPI_ERRORS] += 1
            return False
        self.error_flags = error_flags
        if error_flags & _OVERFLOW:
            numbers[_CHIP_OVERFLOW] += 1
            self.write(b"\x05\x2d\xc0\x00")
        self.write(b"\x05\x2c\x20\x00")
        if error_flags & _IN_BUS_OFF and not self.is_bus_off:
            # The chip would come back by itself within 3 ms and disturb the car again.
            self.is_bus_off = True
            numbers[_BUS_OFFS] += 1
            # Listen-only and abort, in one write.
            self.abort(b"\x05\x0f\xf0\x70")
        elif error_flags & _TX_PASSIVE and status[6] & _TX_PENDING:
            self.abort(b"\x05\x0f\x10\x10")
        return True

    def _is_tx_stuck(self):
        return time.ticks_diff(time.ticks_ms(), self._sent_ms) >= _TX_STUCK_MS

    def abort(self, command: "Buffer") -> None:
        """Give up the waiting frame: with nobody to acknowledge it, it would repeat for ever."""
        self.write(command)
        for _ in range(_ABORT_POLLS):
            if not self._burst()[6] & _TX_PENDING:
                break
        self.write(b"\x05\x0f\x10\x00")
        self.numbers[_TX_ABORTED] += 1

    def _burst(self):
        """CANINTF at [2], EFLG [3], CANSTAT [4], CANCTRL [5], TXB0CTRL [6]; a borrowed buffer."""
        self._cs(0)
        self._transfer(b"\x03\x2c\x00\x00\x00\x00\x00", self._status)
        self._cs(1)
        return self._status

    def write(self, command: "Buffer") -> None:
        """One SPI exchange that nobody reads."""
        self._cs(0)
        self._write_spi(command)
        self._cs(1)

    def read(self, address: int, size: int) -> bytearray:
        """`size` registers from `address` on, as a bytearray."""
        answer = bytearray(2 + size)
        answer[0] = 0x03
        answer[1] = address
        self._cs(0)
        self._transfer(answer, answer)
        self._cs(1)
        return answer[2:]
