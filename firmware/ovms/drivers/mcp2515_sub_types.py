"""Acceptance filters of an MCP2515 for a car that sends in bursts. Loaded to open its bus.

Of a standard frame the chip compares the first two data bytes, too (data sheet DS20001801;
hardware facts 2.3). So the frames that a car cannot do without, told by id and first data byte,
get the first receive buffer for themselves, and everything that is wanted, they as well, the
second: while nobody drains the chip the first frame of a burst fills the second buffer, and the
first is still free for the one that matters (car facts 1.2.1). Where it is not, that one may spill
over into the second.
"""

from micropython import const

from ovms.drivers.mcp2515_filters import foreign_cost, passing, spread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovms.contracts import Filters

_ALL_BITS = const(0x7FF)
# The first data byte stands above the id.
_BYTE_SHIFT = const(11)
_KEY_BITS = const(0x7FFFF)
# Filters behind each mask.
_BANK_0 = const(2)
_BANK_1 = const(4)


def burst_filters(
    ids: "Sequence[int]", sub_types: "Sequence[tuple[int, int]]", foreign_ids: "Sequence[int]" = ()
) -> "Filters":
    """Masks and filters that pass all `ids`, those of `sub_types` through the first buffer.

    ids: standard ids that were looked at, sub_types: (arbitration_id, first data byte) of them, at
    least one; foreign_ids: as of `acceptance_filters`. Returns (mask0, (f0, f1), mask1, (f2, f3,
    f4, f5)), each an id with a data byte above it.
    """
    keys = sorted([byte << _BYTE_SHIFT | arbitration_id for arbitration_id, byte in sub_types])
    mask_0, filters_0 = _bank(_merged(keys, _BANK_0, ()), _BANK_0, _KEY_BITS)
    mask_1, filters_1 = _bank(_merged(sorted(ids), _BANK_1, foreign_ids), _BANK_1, _ALL_BITS)
    return mask_0, filters_0, mask_1, filters_1


def _bank(groups, size, bits):
    """The mask for these groups, and a filter for each; those that are left repeat the first."""
    mask = bits
    for group in groups:
        mask &= ~spread(group)
    filters = [group[0] & mask for group in groups]
    return mask, tuple((filters + [filters[0]] * size)[:size])


def _merged(keys, most, foreign_ids):
    """The keys in at most so many groups: again and again the two that it costs least to join."""
    groups = [[key] for key in keys]
    while len(groups) > most:
        best = None
        for second in range(1, len(groups)):
            for first in range(second):
                cost = _cost(groups, first, second, foreign_ids)
                if best is None or cost < best:
                    best = cost
                    joined = first, second
        first, second = joined
        groups[first] += groups.pop(second)
    return groups


def _cost(groups, first, second, foreign_ids):
    """What passes a bank of these groups when two of them are one."""
    ignored = groups[first][0] ^ groups[second][0]
    for group in groups:
        ignored |= spread(group)
    heads = [groups[n][0] for n in range(len(groups)) if n != second]
    cost = foreign_cost(foreign_ids, ignored & _ALL_BITS, heads)
    return cost + (passing(ignored & _ALL_BITS, len(heads)) << passing(ignored >> _BYTE_SHIFT, 1))
