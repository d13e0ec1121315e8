"""TWAI's rare hours: start, change of mode, names of its counters. Loaded when needed.

Sequence, registers and timing rules: hardware facts 3.1 to 3.5.
"""

import time

from micropython import const

from ovms.drivers.twai import COUNT_WRAPS_US, HEAD, IS_BUSY, IS_OPEN, TAIL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.drivers.twai import TWAI

_NO_CONTROLLER = "no CAN controller answers at the ESP32's registers"
_BLOCKED = "the CAN bus is never idle: check its wiring and termination"
# Of the bus that clocks the controller, on all chips.
_CLOCK_HZ = const(80_000_000)
_PRESCALER_MAX = const(128)

# Registers by index.
_MODE = const(0)
_COMMAND = const(1)
_STATUS = const(2)
_INTERRUPTS = const(3)
_INTERRUPT_ENABLE = const(4)
_BUS_TIMING_0 = const(6)
_BUS_TIMING_1 = const(7)
_WARNING_LIMIT = const(13)
_RX_ERRORS = const(14)
_TX_ERRORS = const(15)
_ACCEPTANCE = const(16)
_CLOCK_DIVIDER = const(31)

_RESET_MODE = const(0x01)
_LISTEN_ONLY = const(0x02)
_SINGLE_FILTER = const(0x08)
# PeliCAN layout, clock output off.
_CLOCK_DIVIDER_VALUE = const(0x88)
# No interrupt can be served, but this bit lets the register tell of bus errors. Bit 4 stays 0:
# from revision 2 on it halves the rate.
_INTERRUPTS_WANTED = const(0x80)
_RX_ERRORS_PASSIVE = const(128)

# Any bus, idle or busy, is recessive now and then within this time.
_IDLE_TIMEOUT_MS = const(20)
# Looks at the pad in a millisecond. Stuffing lets no more than 5 bits in a row be dominant.
_LOOKS = const(20)
# 64 of the shortest frames, 47 bits with the pause behind each, in bits.
_COUNT_WRAPS_BITS = const(3008)
_BUSY_TIMER_MS = const(1)
_IDLE_TIMER_MS = const(5)

# One filter that compares nothing but that it is no remote frame.
_ALL = (True, b"\0\0\0\0", b"\xff\xef\xff\xff")
# What the driver counts, in the order of its `numbers`.
COUNTS = (
    "can_frames",  # handed to the ring
    "can_foreign",  # passed the controller's filters, but not wanted
    "can_ring_dropped",  # oldest frame lost; the link was too slow
    "can_chip_overflow",
    "can_message_errors",  # damaged frames on the bus, as far as looks saw them
    "can_resets",  # of the controller, after errors that may damage what follows
    "can_bus_off",
    "can_sent",
    "can_tx_busy",
    "can_tx_aborted",
)


def open(
    bus: "TWAI",
    bitrate: int,
    rx_ids: tuple[int, ...] | None,
    tx_frames: tuple[tuple[int, int], ...],
    is_silent: bool,
    foreign_ids: tuple[int, ...],
) -> None:
    """`TWAI.open`."""
    from ovms.drivers.twai_filters import acceptance_filter

    close(bus)
    is_single, codes, masks = _ALL
    if rx_ids is not None:
        is_single, codes, masks = acceptance_filter(rx_ids, foreign_ids)
    timing_0, timing_1 = bit_timing(bitrate)
    bus.numbers[COUNT_WRAPS_US] = _COUNT_WRAPS_BITS * 1000 // (bitrate // 1000)
    filter_mode = _SINGLE_FILTER if is_single else 0
    wanted = bus.wanted
    for i in range(256):
        wanted[i] = 0xFF if rx_ids is None else 0
    for arbitration_id in rx_ids or ():
        wanted[arbitration_id >> 3] |= 1 << (arbitration_id & 7)
    bus.permit(tx_frames, is_silent)
    bus.is_silent = is_silent
    filters = codes + masks
    for is_quiet in (True, False):
        mode = _RESET_MODE | filter_mode | (_LISTEN_ONLY if is_quiet else 0)
        sequence = [_MODE, mode, _CLOCK_DIVIDER, _CLOCK_DIVIDER_VALUE]
        # Error passive: what a silent controller would send of an error, is recessive.
        sequence += [_RX_ERRORS, _RX_ERRORS_PASSIVE if is_quiet else 0, _TX_ERRORS, 0]
        sequence += [_WARNING_LIMIT, 96, _BUS_TIMING_0, timing_0, _BUS_TIMING_1, timing_1]
        for n in range(8):
            sequence += [_ACCEPTANCE + n, filters[n]]
        sequence += [_INTERRUPT_ENABLE, _INTERRUPTS_WANTED]
        if is_quiet:
            bus.silent_sequence = bytes(sequence)
        else:
            bus.sequence = bytes(sequence)
    port = bus.port
    try:
        port.attach(False)
        port.start()
        port.configure(bus.silent_sequence)
        for n in range(8):
            if port.read(_ACCEPTANCE + n) != filters[n]:
                raise OSError(_NO_CONTROLLER)
        wait_idle(bus)
    except OSError:
        close(bus)
        raise
    bus.settings = (
        (_MODE, filter_mode | (_LISTEN_ONLY if is_silent else 0)),
        (_CLOCK_DIVIDER, _CLOCK_DIVIDER_VALUE),
        (_BUS_TIMING_0, timing_0),
        (_BUS_TIMING_1, timing_1),
        (_INTERRUPT_ENABLE, _INTERRUPTS_WANTED),
    )
    bus.set_up(is_silent)
    # Reading it clears what it told of the time before.
    port.read(_INTERRUPTS)
    bus.numbers[IS_OPEN] = 1
    if bus.timer:
        set_timer(bus, True)
    bus.service()


def close(bus: "TWAI") -> None:
    """`TWAI.close`."""
    if bus.timer and bus.timer_ms:
        bus.timer.deinit()
    bus.timer_ms = 0
    numbers = bus.numbers
    numbers[IS_OPEN] = numbers[IS_BUSY] = 0
    numbers[HEAD] = numbers[TAIL] = 0
    bus.is_bus_off = False
    bus.permit((), True)
    port = bus.port
    port.attach(False)
    # Given its clock first: without one, nothing can be written.
    port.start()
    port.write(_MODE, _RESET_MODE)


def restart(bus: "TWAI") -> None:
    """`TWAI.restart`."""
    if not bus.is_bus_off:
        return
    bus.numbers[IS_BUSY] = 1
    try:
        wait_idle(bus)
        # The reset in bus-off has set the error counters to 0, so there are no 128 x 11 recessive
        # bits to wait for; they passed while it listened, as the link pauses for a second.
        bus.set_up(bus.is_silent)
        bus.is_bus_off = False
    finally:
        bus.release()


def wait_idle(bus: "TWAI") -> None:
    """OSError when the RX pad is dominant all the time."""
    level = bus.rx.value
    for _ in range(_IDLE_TIMEOUT_MS):
        for _ in range(_LOOKS):
            if level():
                return
        time.sleep_ms(1)
    raise OSError(_BLOCKED)


def set_timer(bus: "TWAI", is_busy: bool) -> None:
    """How often the timer looks; a bus that was silent since the last check needs it less."""
    period_ms = _BUSY_TIMER_MS if is_busy else _IDLE_TIMER_MS
    if period_ms != bus.timer_ms:
        bus.timer_ms = period_ms
        bus.timer.init(period=period_ms, mode=bus.timer.PERIODIC, callback=bus.drain)


def bit_timing(bitrate: int) -> tuple[int, int]:
    """BTR0 and BTR1. ValueError when the 80 MHz clock cannot make the rate.

    Up to 500 kbit/s 16 time quanta, sampled three times around 87.5 % of the bit, which is what
    the OVMS v3 module uses; 1 Mbit/s 20 quanta, sampled once at 80 % (hardware facts 3.3).
    """
    for quanta, phase_2, jump, samples in ((16, 2, 2, 3), (20, 4, 3, 1), (10, 2, 2, 1)):
        divider = bitrate * quanta
        prescaler = _CLOCK_HZ // divider
        if _CLOCK_HZ % divider == 0 and prescaler % 2 == 0 and 2 <= prescaler <= _PRESCALER_MAX:
            return (
                jump - 1 << 6 | prescaler // 2 - 1,
                (0x80 if samples == 3 else 0) | phase_2 - 1 << 4 | quanta - 1 - phase_2 - 1,
            )
    raise ValueError("the ESP32's CAN controller cannot make %d bit/s" % bitrate)
