"""Where a signal lies in its frame."""

from __future__ import annotations

from cantools.database.can import Signal

from tools.car.mapping import MAX, Mapping, Row, find_signal


def span(signal: Signal) -> tuple[int, int]:
    """What raw values its bits can have, as far as the module can compute."""
    bits = signal.length
    if signal.is_signed:
        return max(-(1 << (bits - 1)), -MAX), min((1 << (bits - 1)) - 1, MAX)
    return 0, min((1 << bits) - 1, MAX)


def place(row: Row, signal: Signal) -> tuple[int, int, int]:
    """(first byte, bytes, bits behind it in the last one) of a signal."""
    is_big = signal.byte_order == "big_endian"
    bits = signal.length
    if is_big:
        # Place of the last bit, counted as on the bus, from the start of the first byte.
        begin = signal.start // 8 * 8 + 7 - signal.start % 8
        first, last = begin // 8, (begin + bits - 1) // 8
        shift = 7 - (begin + bits - 1) % 8
    else:
        first, last = signal.start // 8, (signal.start + bits - 1) // 8
        shift = signal.start % 8
    count = last - first + 1
    if count > 4 or (count == 4 and not (bits == 32 or bits + shift <= 30)):
        raise row.error(f"'{signal.name}' lies in {count} bytes, which is more than fits.")
    return first, count, shift


def page(mapping: Mapping, row: Row, signal: Signal) -> tuple[int, ...]:
    """Byte, shift and bits, value of what selects the page a signal is on; () for all."""
    if not signal.multiplexer_ids:
        return ()
    if len(signal.multiplexer_ids) > 1:
        raise row.error(f"'{signal.name}' is on several pages.")
    switch = find_signal(mapping, row, signal.multiplexer_signal or "")
    low = switch.start % 8
    if switch.byte_order == "big_endian":
        low = switch.start % 8 - switch.length + 1
    if switch.multiplexer_ids or low < 0 or low + switch.length > 8:
        raise row.error(f"the multiplexer '{switch.name}' is not within one byte.")
    return switch.start // 8, low << 4 | switch.length, signal.multiplexer_ids[0]
