"""Acceptance filters of an MCP2515, computed from the ids a car wants. Loaded to open a bus.

The chip compares standard ids in two banks: mask 0 with 2 filters, mask 1 with 4. A bank passes
`filters << (bits its mask ignores)` ids, so the question is which wanted ids to put behind the
same filter. Method: cut the sorted ids at their five widest gaps, try each two of the six groups
as bank 0, and from the best of these starts move single ids to the group where they cost least,
until no single move pays. Same ids, same answer. What still passes, the driver's id map drops.

Cost on the 32-bit VM for the Twizy's 18 ids and 8 foreign ones: 8.5 million host instructions. Of
those 8 none passes; without the hint, two do with 150 frames a second.

Masks and filters: data sheet DS20001801; hardware facts 2.3.
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovms.contracts import Filters

_ALL_BITS = const(0x7FF)
# Filters behind mask 0 and in total (RXF0-1 and RXF2-5).
_BANK_0 = const(2)
_GROUPS = const(6)
# A foreign frame costs the module work, an id that nobody is known to send nothing at all.
_FOREIGN_COST = const(1024)
# Starts to go on from, and rounds of moves from each: what bounds the time.
_STARTS = const(3)
_ROUNDS = const(6)
# Bits set in the numbers 0 to 63.
_BITS = (
    b"\0\1\1\2\1\2\2\3\1\2\2\3\2\3\3\4\1\2\2\3\2\3\3\4\2\3\3\4\3\4\4\5"
    b"\1\2\2\3\2\3\3\4\2\3\3\4\3\4\4\5\2\3\3\4\3\4\4\5\3\4\4\5\4\5\5\6"
)


def acceptance_filters(
    ids: "Sequence[int]",
    foreign_ids: "Sequence[int]" = (),
    sub_types: "Sequence[tuple[int, int]]" = (),
) -> "Filters":
    """Masks and filters that pass all `ids`, few of `foreign_ids`, and few others.

    ids: iterable of standard ids; without any, 0x7FF alone passes. foreign_ids: ids that are
    often on the bus and not wanted. sub_types: (arbitration_id, first data byte) of frames that
    are not to be lost for others; see `mcp2515_sub_types.py` for what is returned then. Returns
    (mask0, (f0, f1), mask1, (f2, f3, f4, f5)); a frame passes a bank when `id & mask` is one of
    its filters. Unused filters repeat a used one. ValueError for an id that is none.
    """
    ids = sorted(set(ids)) or [_ALL_BITS]
    if ids[0] < 0 or ids[-1] > _ALL_BITS:
        raise ValueError("a CAN controller filters standard ids, 0x000 to 0x7FF")
    foreign = [n for n in foreign_ids if n not in ids]
    sub_types = [pair for pair in sub_types if pair[0] in ids]
    if sub_types:
        from ovms.drivers.mcp2515_sub_types import burst_filters

        return burst_filters(ids, sub_types, foreign)
    best = None
    for start in _starts(_cut(ids), foreign):
        cost = _improve(start, foreign)
        if best is None or cost < best:
            best = cost
            groups = start
        if foreign and best < _FOREIGN_COST:
            break
    mask_0, filters_0 = _bank(groups[:_BANK_0])
    mask_1, filters_1 = _bank(groups[_BANK_0:])
    # A bank without ids copies the other one, which passes nothing more.
    if not filters_1:
        mask_1, filters_1 = mask_0, filters_0
    elif not filters_0:
        mask_0, filters_0 = mask_1, filters_1
    return mask_0, _fill(filters_0, _BANK_0), mask_1, _fill(filters_1, _GROUPS - _BANK_0)


def _fill(filters, size):
    return tuple((filters + [filters[0]] * size)[:size])


def _bank(groups):
    """The mask that a bank needs for its groups, and a filter for each group that has ids."""
    groups = [group for group in groups if group]
    ignored = 0
    for group in groups:
        ignored |= spread(group)
    mask = _ALL_BITS & ~ignored
    return mask, [group[0] & mask for group in groups]


def spread(group: list[int]) -> int:
    """The bits in which the ids of a group differ."""
    bits = 0
    for arbitration_id in group:
        bits |= arbitration_id ^ group[0]
    return bits


def _cut(ids):
    """Sorted ids as six lists of neighbours, the last ones empty where there are fewer ids."""
    gaps = [(-(ids[n] ^ ids[n - 1]), n) for n in range(1, len(ids))]
    gaps.sort()
    cuts = sorted([n for _, n in gaps[: _GROUPS - 1]])
    groups = []
    start = 0
    for end in cuts + [len(ids)]:
        groups.append(ids[start:end])
        start = end
    while len(groups) < _GROUPS:
        groups.append([])
    return groups


def _starts(groups, foreign):
    """The cheapest ways to put two of the six groups into bank 0, as lists of groups."""
    heads = [group[0] if group else -1 for group in groups]
    spreads = [spread(group) for group in groups]
    starts = []
    for first in range(_GROUPS - 1):
        for second in range(first + 1, _GROUPS):
            order = [first, second] + [n for n in range(_GROUPS) if n != first and n != second]
            cost = 0
            for bank in (order[:_BANK_0], order[_BANK_0:]):
                ignored = 0
                for n in bank:
                    ignored |= spreads[n]
                bank_heads = [heads[n] for n in bank if heads[n] >= 0]
                cost += passing(ignored, len(bank_heads))
                cost += foreign_cost(foreign, ignored, bank_heads)
            starts.append((cost, order))
    starts.sort()
    return [[list(groups[n]) for n in order] for _, order in starts[:_STARTS]]


def passing(ignored: int, filters: int) -> int:
    """How many ids pass so many filters behind a mask that ignores these bits."""
    return filters << _BITS[ignored & 63] + _BITS[ignored >> 6]


def foreign_cost(foreign: "Sequence[int]", ignored: int, heads: list[int]) -> int:
    """What the foreign ids cost that a bank lets pass. heads: one id of each of its groups."""
    mask = _ALL_BITS & ~ignored
    filters = [head & mask for head in heads]
    cost = 0
    for arbitration_id in foreign:
        if arbitration_id & mask in filters:
            cost += _FOREIGN_COST
    return cost


def _improve(groups, foreign):
    """Move ids to the group where they cost least; returns what all cost in the end."""
    heads = [group[0] if group else -1 for group in groups]
    spreads = [spread(group) for group in groups]
    # Of each bank: bits its mask ignores, filters in use, cost of the foreign ids it passes.
    ignored = [0, 0]
    used = [0, 0]
    strange = [0, 0]
    for n in range(_GROUPS):
        ignored[n >= _BANK_0] |= spreads[n]
        used[n >= _BANK_0] += heads[n] >= 0
    cost = 0
    for bank in range(2):
        strange[bank] = foreign_cost(foreign, ignored[bank], _heads(heads, bank))
        cost += passing(ignored[bank], used[bank]) + strange[bank]
    for _ in range(_ROUNDS):
        before = cost
        for source in range(_GROUPS):
            group = groups[source]
            own = int(source >= _BANK_0)
            for arbitration_id in tuple(group):
                # The own bank without this id. It passes no more than with it.
                was = ignored[own], used[own], strange[own], spreads[source]
                group.remove(arbitration_id)
                heads[source] = group[0] if group else -1
                spreads[source] = spread(group)
                bits = spreads[0] | spreads[1]
                if own:
                    bits = spreads[2] | spreads[3] | spreads[4] | spreads[5]
                if not group:
                    used[own] -= 1
                if strange[own] and (bits != ignored[own] or not group):
                    strange[own] = foreign_cost(foreign, bits, _heads(heads, own))
                ignored[own] = bits
                rest = (
                    passing(ignored[1], used[1]) + strange[1],
                    passing(ignored[0], used[0]) + strange[0],
                )
                home = source
                for target in range(_GROUPS):
                    if target == source:
                        continue
                    bank = int(target >= _BANK_0)
                    head = heads[target]
                    filters = used[bank]
                    bits = ignored[bank]
                    if head < 0:
                        filters += 1
                    else:
                        bits |= arbitration_id ^ head
                    others = rest[bank] + (filters << _BITS[bits & 63] + _BITS[bits >> 6])
                    strangers = strange[bank]
                    if others + strangers >= cost:
                        continue
                    if foreign and (head < 0 or bits != ignored[bank]):
                        heads[target] = arbitration_id
                        strangers = foreign_cost(foreign, bits, _heads(heads, bank))
                        heads[target] = head
                        if others + strangers >= cost:
                            continue
                    cost = others + strangers
                    home = target
                    found = bits, filters, strangers
                bank = int(home >= _BANK_0)
                if home == source:
                    ignored[own], used[own], strange[own], spreads[source] = was
                else:
                    ignored[bank], used[bank], strange[bank] = found
                groups[home].append(arbitration_id)
                if heads[home] < 0:
                    heads[home] = arbitration_id
                spreads[home] |= arbitration_id ^ heads[home]
        if cost == before:
            break
    return cost


def _heads(heads, bank):
    """The heads of a bank's groups that have ids."""
    return [head for head in (heads[_BANK_0:] if bank else heads[:_BANK_0]) if head >= 0]
