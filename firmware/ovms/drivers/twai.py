"""The ESP32's own CAN controller (TWAI): silent unless told otherwise, no allocation per frame.

Rules of this file
- Listen-only mode is not silent on these chips, as an error still makes them send (hardware facts
  3.6): so the TX pad is taken from the controller until transmitting is allowed.
- No interrupt reaches Python. A timer's soft callback empties the FIFO, which holds five frames;
  the link's look is the backstop. `numbers[IS_BUSY]` keeps the two apart, as in mcp2515.py.
- A frame behind an overrun or behind a receive error may be damaged and is never handed on; what
  is lost by that is counted.
- Nothing is retried here: `open` and `check` say what is wrong, the link tries again.
- Which frames may leave is decided in can_bus.py.
- What each frame passes is native code: modules/ovms_twai.py over the registers of
  modules/twai_port.py. What runs once is loaded when it is needed: twai_setup.py, twai_filters.py.

Registers, rules and errata: hardware facts 3.1 to 3.6.
"""

import time
from array import array

from micropython import const

from ovms.drivers.can_bus import ACTIVE, BUS_OFF, PASSIVE, STOPPED, WARNING, CANBus
from ovms_twai import Receiver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ovms.contracts import TicksClock

# Places in `numbers`: those of `ovms_twai`, then the counters, named in twai_setup.py.
HEAD = const(0)
TAIL = const(1)
IS_BUSY = const(3)
IS_OPEN = const(5)
_FRAMES = const(6)
_CHIP_OVERFLOW = const(9)
_MESSAGE_ERRORS = const(10)
_RESETS = const(11)
_BUS_OFFS = const(12)
_SENT = const(13)
_TX_BUSY = const(14)
_TX_ABORTED = const(15)
COUNT_WRAPS_US = const(16)
_NUMBERS = const(17)

# Registers by index.
_MODE = const(0)
_COMMAND = const(1)
_STATUS = const(2)
_RX_ERRORS = const(14)
_TX_ERRORS = const(15)
_TX_BUFFER = const(16)
_RX_COUNT = const(29)

_RESET_MODE = const(0x01)
_SEND = const(0x01)
_ABORT = const(0x02)
_RELEASE = const(0x04)
_CLEAR_OVERRUN = const(0x08)
_OVERRUN = const(0x02)
_TX_FREE = const(0x04)
_IN_BUS_OFF = const(0x80)
# What `Port.fetch` adds to the status.
_BUS_ERROR = const(0x200)
_RECEIVE_ERROR = const(0x400)
# What `ovms_twai` adds.
_UNCOUNTED = const(0x800)

_WARNING_LIMIT = const(96)
_PASSIVE_LIMIT = const(128)
# The counter of frames in the FIFO wraps at 64, and then only a reset helps: at 62 in time.
_RX_COUNT_MAX = const(62)
# Looks to wait for the end of a frame under way, 1 ms at the lowest rate.
_ABORT_POLLS = const(200)
# Longer than any arbitration on a live bus: a frame waiting this long has no listener.
_TX_STUCK_US = const(50_000)


class TWAI(CANBus):
    """The controller; contract "CAN bus" of firmware/README.md.

    port: `twai_port.Port` or what does as it does. rx, tx: pins; tx an output, high. timer:
    `machine.Timer`, or None. ticks_us: the clock, as `time.ticks_us`.

    The ring holds 47 frames: at the Twizy's 400 a second the link may be held up for 115 ms.

    What is not in the contract and has no underscore is for twai_setup.py.
    """

    def __init__(
        self,
        port: "Any",
        rx: "Any",
        tx: "Any",
        timer: "Any" = None,
        ticks_us: "TicksClock" = time.ticks_us,
    ) -> None:
        super().__init__()
        self.port = port
        self.rx = rx
        # Kept, so that nobody takes its high level from the pad.
        self.tx = tx
        self.timer = timer
        self.timer_ms = 0
        self.numbers = array("i", bytes(4 * _NUMBERS))
        self.wanted = bytearray(256)
        self._ticks_us = ticks_us
        self._receiver = Receiver(
            self.numbers, self.wanted, port.fetch, self._on_trouble, ticks_us
        )
        self.drain = self._receiver.drain
        self.recv = self._receiver.take
        # Register sequences that start the controller, silent and as it was asked for; what of it
        # `check` compares, as (index, value).
        self.silent_sequence = self.sequence = b""
        self.settings: tuple = ()
        self.is_silent = True
        self._is_sending = False
        self._sent_us = self._checked_frames = 0

    def open(
        self,
        bitrate: int,
        rx_ids: tuple[int, ...] | None,
        tx_frames: tuple[tuple[int, int], ...] = (),
        is_silent: bool = True,
        foreign_ids: tuple[int, ...] = (),
        sub_types: tuple[tuple[int, int], ...] = (),
    ) -> None:
        """Reset and start the controller; everything of an earlier `open` but the counts is
        forgotten.

        sub_types are not looked at: the queue keeps five frames of 8 bytes. OSError with a
        sentence when there is no controller or the bus is blocked, ValueError when
        the rate cannot be made or an id is none.
        """
        from ovms.drivers.twai_setup import open

        open(self, bitrate, rx_ids, tx_frames, is_silent, foreign_ids)

    def close(self) -> None:
        """Silence the controller and switch it off."""
        from ovms.drivers.twai_setup import close

        close(self)

    def service(self) -> int:
        """Move frames from the controller into the ring; returns how many. Does not allocate."""
        numbers = self.numbers
        before = numbers[_FRAMES]
        self.drain(None)
        if self._is_sending and not numbers[IS_BUSY]:
            self._watch_sending()
        return numbers[_FRAMES] - before

    def _transmit(self, arbitration_id, data):
        numbers = self.numbers
        write = self.port.write
        numbers[IS_BUSY] = 1
        is_free = self.port.read(_STATUS) & _TX_FREE
        if is_free:
            write(_TX_BUFFER, len(data))
            write(_TX_BUFFER + 1, arbitration_id >> 3)
            write(_TX_BUFFER + 2, (arbitration_id & 7) << 5)
            at = _TX_BUFFER + 3
            for byte in data:
                write(at, byte)
                at += 1
            write(_COMMAND, _SEND)
            self._sent_us = self._ticks_us()
            self._is_sending = True
        self.release()
        numbers[_SENT if is_free else _TX_BUSY] += 1
        return bool(is_free)

    def state(self) -> int:
        """STOPPED, ACTIVE, WARNING, PASSIVE or BUS_OFF (then silent until `restart`)."""
        if not self.numbers[IS_OPEN]:
            return STOPPED
        if self.is_bus_off:
            return BUS_OFF
        # A silent controller counts no errors: its counter is set so that it stays silent.
        if self.is_silent:
            return ACTIVE
        errors = max(self.port.read(_RX_ERRORS), self.port.read(_TX_ERRORS))
        if errors >= _PASSIVE_LIMIT:
            return PASSIVE
        return WARNING if errors >= _WARNING_LIMIT else ACTIVE

    def counts(self) -> dict[str, int]:
        """What was received, sent, dropped and refused since the start, as {name: number}."""
        from ovms.drivers.twai_setup import COUNTS

        return self.named_counts(COUNTS)

    def restart(self) -> None:
        """Leave bus-off and take part in the bus again; nothing to do in any other state.

        Takes 20 ms, then OSError, when the bus is blocked: it stays off and silent.
        """
        from ovms.drivers.twai_setup import restart

        restart(self)

    def check(self) -> bool:
        """Whether the controller is still as `open` left it; call every few seconds.

        False after a reset: then `open` again. Also gives up a stuck transmission, and lets the
        timer look less often while the bus is silent.
        """
        numbers = self.numbers
        if not numbers[IS_OPEN]:
            return False
        read = self.port.read
        for index, value in self.settings:
            if read(index) != value and not (self.is_bus_off and index == _MODE):
                return False
        if self.port.is_attached() != (not self.is_silent and not self.is_bus_off):
            return False
        if self._is_sending:
            self._watch_sending()
        if self.timer:
            from ovms.drivers.twai_setup import set_timer

            set_timer(self, numbers[_FRAMES] != self._checked_frames)
            self._checked_frames = numbers[_FRAMES]
        return True

    def release(self) -> None:
        """The controller is free again: make up for a look that was turned away."""
        self.numbers[IS_BUSY] = 0
        self.drain(None)

    def set_up(self, is_silent: bool) -> None:
        """Reset the controller and start it, silent or as it was asked for. Does not allocate.

        The error counter of what it sent is kept: it is what ends in bus-off.
        """
        port = self.port
        tx_errors = 0 if is_silent else port.read(_TX_ERRORS)
        port.attach(False)
        port.start()
        port.configure(self.silent_sequence if is_silent else self.sequence)
        if tx_errors:
            port.write(_TX_ERRORS, tx_errors)
        # The output is recessive as long as the controller is in its reset mode.
        port.attach(not is_silent)
        port.write(_MODE, port.read(_MODE) & ~_RESET_MODE)
        self._is_sending = False

    def _on_trouble(self, status):
        """Put right what `status` tells; False ends the look."""
        numbers = self.numbers
        port = self.port
        if status & _IN_BUS_OFF:
            if self.is_bus_off:
                return False
            numbers[_BUS_OFFS] += 1
            self.is_bus_off = True
            # By itself it would come back after 128 x 11 recessive bits and disturb the car again.
            self._lose_frame()
            self.set_up(True)
            return False
        if status & _RECEIVE_ERROR:
            numbers[_MESSAGE_ERRORS] += 1
            self._reset()
            return False
        if status & _BUS_ERROR:
            numbers[_MESSAGE_ERRORS] += 1
            return True
        numbers[_CHIP_OVERFLOW] += 1
        if status & _UNCOUNTED or port.read(_RX_COUNT) >= _RX_COUNT_MAX:
            self._reset()
            return False
        # Frames go on to arrive meanwhile.
        turns = 2 * _RX_COUNT_MAX
        while turns and port.read(_RX_COUNT):
            port.write(_COMMAND, _RELEASE)
            turns -= 1
        port.write(_COMMAND, _CLEAR_OVERRUN)
        return True

    def _reset(self):
        self.numbers[_RESETS] += 1
        self._lose_frame()
        self.set_up(self.is_silent or self.is_bus_off)

    def _lose_frame(self):
        """Count the frame that waits, before a reset takes it away."""
        if self._is_sending and not self.port.read(_STATUS) & _TX_FREE:
            self.numbers[_TX_ABORTED] += 1

    def _watch_sending(self):
        """Give up a frame that nobody acknowledges: it would repeat for ever."""
        port = self.port
        if port.read(_STATUS) & _TX_FREE:
            self._is_sending = False
        elif (
            port.read(_TX_ERRORS) >= _PASSIVE_LIMIT
            or time.ticks_diff(self._ticks_us(), self._sent_us) >= _TX_STUCK_US
        ):
            port.write(_COMMAND, _ABORT)
            for _ in range(_ABORT_POLLS):
                if port.read(_STATUS) & _TX_FREE:
                    break
            self._is_sending = False
            self.numbers[_TX_ABORTED] += 1
