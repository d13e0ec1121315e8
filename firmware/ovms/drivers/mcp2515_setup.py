"""The MCP2515's rare hours: start, change of mode, names of its counters. Loaded when needed.

Sequence, registers and timing rules: data sheet DS20001801; hardware facts 2.2 to 2.5.
"""

import time

from micropython import const

from ovms.drivers.mcp2515 import (
    FOREIGN,
    FRAMES,
    HEAD,
    HEARD,
    IS_BUSY,
    IS_OPEN,
    LISTEN_ONLY,
    SLEEP,
    TAIL,
    TRUST,
    WAKE_INTERRUPT,
    WAS_BUFFER_0,
    WORD,
    WORD_COUNTS,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ovms.contracts import Buffer, Filters
    from ovms.drivers.mcp2515 import MCP2515

_NO_CHIP = "no CAN controller answers on SPI: check its supply and its wires"
_NORMAL = const(0x00)
_CONFIGURATION = const(0x80)
_MODE_BITS = const(0xE0)
# Any mode is reached within 11 recessive bits, and they follow every frame: 1.4 ms for the longest
# at 125 kbit/s. Only a bus that never becomes recessive takes longer.
_MODE_TIMEOUT_MS = const(20)
# `bus.asked`: bit rate, frames that may leave, is_silent, whether all ids are wanted; the filters
# that were computed last, and of what: ids, foreign ids, sub-types.
_FILTERS = const(4)
_FILTER_IDS = const(5)
_NOTHING = (0, (), True, True, None, None, None, None)
# CANINTF: a damaged frame, RXB1, RXB0.
_SPOKEN = const(0x83)
# Masks that compare nothing.
_ALL = (0, (0, 0), 0, (0, 0, 0, 0))
# What the driver counts, in the order of its `numbers`.
COUNTS = (
    "can_frames",  # handed to the ring
    "can_foreign",  # passed the chip's filters, but not wanted
    "can_ring_dropped",  # oldest frame lost; the link was too slow
    "can_chip_overflow",
    "can_message_errors",  # checks that found damaged frames
    "can_spi_errors",
    "can_bus_off",
    "can_sent",
    "can_tx_busy",
    "can_tx_aborted",
    # No counts, but there where the others are: see mcp2515_crystal.py.
    "can_crystal_khz",
    "can_board_crystal_khz",
)


def open(
    bus: "MCP2515",
    bitrate: int,
    rx_ids: tuple[int, ...] | None,
    tx_frames: tuple[tuple[int, int], ...],
    is_silent: bool,
    foreign_ids: tuple[int, ...],
    sub_types: tuple[tuple[int, int], ...],
) -> None:
    """`MCP2515.open`."""
    numbers = bus.numbers
    if numbers[IS_OPEN] and not numbers[TRUST] and _heard(numbers) != numbers[HEARD]:
        # As the next check would have found.
        from ovms.drivers.mcp2515_crystal import note

        note(bus)
    before = bus.asked or _NOTHING
    if numbers[WORD] == WORD_COUNTS and not (bitrate == before[0] and _is_silent(bus)):
        # What is opened for other ids goes on, as a car that is about to be asked does so.
        numbers[WORD] = 0
    close(bus)
    filters, filter_ids = before[_FILTERS], before[_FILTER_IDS:]
    if rx_ids is not None:
        ids = (tuple(rx_ids), tuple(foreign_ids), tuple(sub_types))
        if ids != filter_ids:
            from ovms.drivers.mcp2515_filters import acceptance_filters

            filters, filter_ids = acceptance_filters(*ids), ids
    wanted = bus.wanted
    for i in range(256):
        wanted[i] = 0xFF if rx_ids is None else 0
    for arbitration_id in rx_ids or ():
        wanted[arbitration_id >> 3] |= 1 << (arbitration_id & 7)
    if bitrate != before[0]:
        from ovms.drivers.mcp2515_crystal import choose

        choose(bus, bitrate)
    bus.asked = (bitrate, tuple(tx_frames), is_silent, rx_ids is None, filters) + filter_ids
    try:
        start(bus)
    except (OSError, ValueError):
        # A chip that still waits for its mode would enter it whenever the bus lets it.
        close(bus)
        raise
    numbers[IS_OPEN] = 1
    if bus.interrupt:
        bus.interrupt.irq(bus.drain, bus.interrupt.IRQ_FALLING)
    bus.service()


def _heard(numbers):
    return numbers[FRAMES] + numbers[FOREIGN]


def _is_silent(bus):
    """Whether nothing was on the bus since the last check, or since it sleeps."""
    if bus.is_asleep:
        return not bus.is_woken()
    return bus.numbers[IS_OPEN] and not bus.read(0x2C, 1)[0] & _SPOKEN


def start(bus: "MCP2515") -> None:
    """Reset the chip and let it work as it was asked to; see `MCP2515.open` for the errors.

    As long as it is not sure that its crystal is the one it is set for it listens to everything,
    and nothing may leave, or one frame.
    """
    bitrate, tx_frames, is_silent, hears_all, filters = bus.asked[:_FILTER_IDS]
    numbers = bus.numbers
    is_sure = numbers[TRUST]
    hears_all = hears_all or not is_sure
    numbers[HEARD] = _heard(numbers)
    bus.mode = LISTEN_ONLY if is_silent or not is_sure else _NORMAL
    bus.permit(tx_frames, is_silent or not (is_sure or numbers[WORD] == WORD_COUNTS))
    filters = _ALL if hears_all else filters
    bus.timing = configure(bus.write, bus.read, bus.crystal_hz, bitrate, filters)
    try:
        request_mode(bus.write, bus.read, bus.mode)
    except OSError:
        if not numbers[TRUST]:
            # Bits that are too long are never idle on a busy bus.
            from ovms.drivers.mcp2515_crystal import step

            step(bus)
        raise


def work(bus: "MCP2515") -> None:
    """Now that it is sure: from listening to what was asked for. OSError: the bus is blocked.

    Without a reset, which would lose the frames of 10 ms.
    """
    _, tx_frames, is_silent, hears_all, filters = bus.asked[:_FILTER_IDS]
    if is_silent and hears_all:
        return
    request_mode(bus.write, bus.read, _CONFIGURATION)
    set_filters(bus.write, bus.read, _ALL if hears_all else filters)
    mode = LISTEN_ONLY if is_silent else _NORMAL
    request_mode(bus.write, bus.read, mode)
    bus.mode = mode
    bus.permit(tx_frames, is_silent)


def close(bus: "MCP2515") -> None:
    """`MCP2515.close`."""
    if bus.interrupt:
        bus.interrupt.irq(None, bus.interrupt.IRQ_FALLING)
    numbers = bus.numbers
    # A closed bus is not drained, so nothing but this call talks to the chip.
    numbers[IS_OPEN] = numbers[IS_BUSY] = numbers[WAS_BUFFER_0] = 0
    numbers[HEAD] = numbers[TAIL] = 0
    bus.is_bus_off = bus.is_asleep = False
    bus.error_flags = 0
    bus.permit((), True)
    bus.write(b"\xc0")
    # The oscillator needs 128 cycles after a reset, 16 us with the slowest crystal.
    time.sleep_ms(1)
    bus.write(b"\x05\x0f\xe0\x20")


def restart(bus: "MCP2515") -> None:
    """`MCP2515.restart`."""
    if not bus.is_bus_off:
        return
    bus.numbers[IS_BUSY] = 1
    try:
        # What bus-off asked for. A bus that was blocked ever since has kept the chip from it.
        request_mode(bus.write, bus.read, LISTEN_ONLY)
        request_mode(bus.write, bus.read, bus.mode)
        bus.is_bus_off = False
        bus.error_flags = 0
    except OSError:
        # Not later, when nobody looks.
        bus.write(b"\x05\x0f\xe0\x60")
        raise
    finally:
        bus.release()


def sleep(bus: "MCP2515") -> bool:
    """`MCP2515.sleep` (data sheet 10.2). An edge counts from the clearing of the flag on."""
    numbers = bus.numbers
    if bus.interrupt is None or bus.is_bus_off or not numbers[IS_OPEN]:
        return False
    bus.service()
    numbers[IS_OPEN] = 0
    bus.is_asleep = True
    # CANINTE: the wake-up alone, which INT then means.
    bus.write(bytes((0x02, 0x2B, WAKE_INTERRUPT)))
    level = bus.interrupt.value
    try:
        # Nothing else would wake the module: so INT has to go down and up before it is trusted.
        bus.write(b"\x05\x2c\x40\x40")
        is_wired = not level()
        bus.write(b"\x05\x2c\x40\x00")
        if is_wired and level():
            request_mode(bus.write, bus.read, SLEEP)
            return True
    except OSError:
        # The bus woke it at once, or it waits for the end of a frame.
        pass
    wake(bus)
    return False


def wake(bus: "MCP2515") -> None:
    """`MCP2515.wake`: whoever wakes it, the chip then only listens (hardware facts 2.6)."""
    if bus.numbers[WORD] == WORD_COUNTS and bus.is_woken():
        # Somebody speaks, who has to be heard first.
        bus.numbers[WORD] = 0
        bus.permit((), True)
    try:
        # Without the bus's help: the flag, set by hand, wakes the chip.
        bus.write(b"\x05\x2c\x40\x40")
        # The oscillator needs 128 cycles.
        time.sleep_ms(1)
        bus.write(b"\x05\x2c\x40\x00")
        if bus.read(0x28, 3) != bus.timing:
            # It had no supply meanwhile.
            raise OSError(_NO_CHIP)
        request_mode(bus.write, bus.read, LISTEN_ONLY)
        if bus.mode != LISTEN_ONLY:
            request_mode(bus.write, bus.read, bus.mode)
    except OSError:
        close(bus)
        raise
    bus.write(b"\x02\x2b\x23")
    bus.is_asleep = False
    bus.numbers[IS_OPEN] = 1
    # A board that slept has set up its pins anew.
    bus.interrupt.irq(bus.drain, bus.interrupt.IRQ_FALLING)
    bus.service()


def configure(
    write: "Callable[[Buffer], None]",
    read: "Callable[[int, int], bytearray]",
    crystal_hz: int,
    bitrate: int,
    filters: "Filters",
) -> bytes:
    """Reset the chip and set everything but its mode, which is then that of configuration.

    write(command), read(address, size): one SPI exchange each. filters: see `set_filters`. Returns
    CNF3, CNF2, CNF1 as 3 bytes. OSError when no chip answers, ValueError when the crystal cannot
    make the bit rate.
    """
    timing = bit_timing(crystal_hz, bitrate)
    write(b"\xc0")
    time.sleep_ms(10)
    # CANSTAT after a reset: configuration mode, no interrupt.
    if read(0x0E, 1) != b"\x80":
        raise OSError(_NO_CHIP)
    write(b"\x02\x2b\x00")
    write(b"\x05\x0f\xe0\x80")
    _write_checked(write, read, b"\x02\x28" + timing)
    set_filters(write, read, filters)
    # Filters on; what finds RXB0 full may use RXB1.
    write(b"\x02\x60\x04")
    write(b"\x02\x70\x00")
    write(b"\x02\x2c\x00")
    write(b"\x05\x2d\xc0\x00")
    # CANINTE: error, RXB1, RXB0. Message errors stay off: a wrong crystal would make a storm.
    write(b"\x02\x2b\x23")
    return timing


def set_filters(
    write: "Callable[[Buffer], None]", read: "Callable[[int, int], bytearray]", filters: "Filters"
) -> None:
    """Set masks and filters of a chip in configuration mode. OSError when it does not keep them.

    filters: (mask0, 2 filters, mask1, 4 filters) of standard ids, with the first data byte in the
    eight bits above them where that is compared.
    """
    mask_0, filters_0, mask_1, filters_1 = filters
    _write_checked(write, read, _ids(0x20, (mask_0, mask_1)))
    _write_checked(write, read, _ids(0x00, filters_0 + filters_1[:1]))
    _write_checked(write, read, _ids(0x10, filters_1[1:]))


def _write_checked(write, read, command):
    write(command)
    if read(command[1], len(command) - 2) != command[2:]:
        raise OSError(_NO_CHIP)


def request_mode(
    write: "Callable[[Buffer], None]", read: "Callable[[int, int], bytearray]", mode: int
) -> None:
    """Let the chip enter `mode` and wait for it. OSError when the bus is blocked."""
    write(bytes((0x05, 0x0F, _MODE_BITS | 0x18, mode)))
    for _ in range(_MODE_TIMEOUT_MS):
        if read(0x0E, 1)[0] & _MODE_BITS == mode:
            return
        time.sleep_ms(1)
    raise OSError("the CAN bus is never idle: check its wiring and termination")


def bit_timing(crystal_hz: int, bitrate: int) -> bytes:
    """CNF3, CNF2 and CNF1 as 3 bytes, in the order of their addresses.

    One sample per bit, between 75 and 87.5 % of it: car networks expect that, and 85 % (20 time
    quanta) is what the OVMS v2 module proved in the Twizy. ValueError when the crystal cannot.
    """
    for prescaler in range(1, 65):
        divider = 2 * prescaler * bitrate
        quanta = crystal_hz // divider
        if crystal_hz % divider == 0 and 8 <= quanta <= 20:
            phase_2 = max(2, quanta * 3 // 20)
            propagation = (quanta - 1 - phase_2) // 2
            phase_1 = quanta - 1 - phase_2 - propagation
            return bytes(
                (phase_2 - 1, 0x80 | (phase_1 - 1) << 3 | (propagation - 1), prescaler - 1)
            )
    raise ValueError("a %d Hz crystal cannot make %d bit/s" % (crystal_hz, bitrate))


def _ids(address, ids):
    """WRITE of ids as 4 bytes each: SIDH, SIDL, and of the data bytes the first."""
    command = bytes((0x02, address))
    for arbitration_id in ids:
        command += bytes(
            (arbitration_id >> 3 & 0xFF, (arbitration_id & 7) << 5, arbitration_id >> 11, 0)
        )
    return command
