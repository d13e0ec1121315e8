"""Acceptance filters for a two-mask CAN controller, computed from the ids a car wants.

The MCP2515 compares standard ids in two banks: mask 0 with 2 filters, mask 1 with 4. A bank
passes `filters << (bits its mask ignores)` ids, so the question is which wanted ids to put behind
the same filter. Method: for each bank in turn, drop one mask bit after the other, always the one
that brings the most wanted ids behind its filters, let the other bank cover what is left, and keep
the best split seen; then move single ids between the six filters as long as that lets fewer ids
pass. Same ids, same answer.

Against a search of all splits: equal for the two sets of Twizy ids in the tests, up to twice as
many foreign ids for sets without structure. What still passes, the driver's id map drops.
"""

from micropython import const

_ID_BITS = const(11)
_ALL_BITS = const(0x7FF)
# Filters behind mask 0 and in total (MCP2515: RXF0-1 and RXF2-5).
_BANK_0 = const(2)
_FILTERS = const(6)


def acceptance_filters(ids):
    """Masks and filters that pass all `ids` (iterable of standard ids) and few others.

    Returns (mask0, (f0, f1), mask1, (f2, f3, f4, f5)); a frame passes a bank when `id & mask` is
    one of its filters. Unused filters repeat a used one. ValueError without ids or for one above
    0x7FF. Cost: within a second on an ESP32 for 20 ids (estimated), so keep the result.
    """
    ids = sorted(set(ids))
    if not ids or ids[0] < 0 or ids[-1] > _ALL_BITS:
        raise ValueError("acceptance filters need standard ids, 0x000 to 0x7FF")
    groups = _first_split(ids)
    _improve(groups)
    mask_0, filters_0 = _bank(groups[:_BANK_0])
    mask_1, filters_1 = _bank(groups[_BANK_0:])
    # A bank without ids copies the other one, which passes nothing more.
    if not filters_1:
        mask_1, filters_1 = mask_0, filters_0
    elif not filters_0:
        mask_0, filters_0 = mask_1, filters_1
    return mask_0, _fill(filters_0, _BANK_0), mask_1, _fill(filters_1, _FILTERS - _BANK_0)


def _fill(filters, size):
    return tuple((filters + [filters[0]] * size)[:size])


def _bank(groups):
    groups = [group for group in groups if group]
    mask = _ALL_BITS
    for group in groups:
        mask &= ~_spread(group)
    return mask, [group[0] & mask for group in groups]


def _spread(group):
    """The bits in which the ids of a group differ, -1 for an empty group."""
    if not group:
        return -1
    bits = 0
    for arbitration_id in group:
        bits |= arbitration_id ^ group[0]
    return bits


def _passing(spreads, start, end):
    """How many ids a bank lets pass; spreads[start:end] are those of its groups."""
    passing = bits = 0
    while start < end:
        if spreads[start] >= 0:
            passing += 1
            bits |= spreads[start]
        start += 1
    while bits:
        # Clears the lowest bit.
        bits &= bits - 1
        passing <<= 1
    return passing


def _cost(spreads):
    return _passing(spreads, 0, _BANK_0) + _passing(spreads, _BANK_0, _FILTERS)


def _classes(ids, mask, size):
    """The ids grouped by their masked value, largest group first, at least `size` groups."""
    groups = {}
    for arbitration_id in ids:
        groups.setdefault(arbitration_id & mask, []).append(arbitration_id)
    groups = sorted(groups.values(), key=_by_size)
    while len(groups) < size:
        groups.append([])
    return groups


def _by_size(group):
    return -len(group), group[0]


def _narrowest(ids, mask, size):
    """`mask` less the bit whose loss brings the most ids into the `size` largest groups."""
    best = None
    for bit in range(_ID_BITS):
        fewer = mask & ~(1 << bit)
        if fewer != mask:
            groups = _classes(ids, fewer, size)
            rank = sum([len(group) for group in groups[:size]]), -len(groups)
            if best is None or rank > best:
                best = rank
                best_mask = fewer
    return best_mask


def _cover(ids, size):
    """All ids in `size` groups, dropping the mask bit that leaves the fewest, one by one."""
    mask = _ALL_BITS
    while True:
        groups = _classes(ids, mask, size)
        if len(groups) == size:
            return groups
        best = len(ids) + 1
        for bit in range(_ID_BITS):
            fewer = mask & ~(1 << bit)
            if fewer != mask:
                values = len({arbitration_id & fewer for arbitration_id in ids})
                if values < best:
                    best = values
                    best_mask = fewer
        mask = best_mask


def _first_split(ids):
    best = None
    for size in (_BANK_0, _FILTERS - _BANK_0):
        mask = _ALL_BITS
        while True:
            groups = _classes(ids, mask, size)
            rest = []
            for group in groups[size:]:
                rest += group
            split = groups[:size]
            if best is not None and _passing([_spread(group) for group in split], 0, size) >= best:
                break
            other = _cover(rest, _FILTERS - size)
            split = split + other if size == _BANK_0 else other + split
            cost = _cost([_spread(group) for group in split])
            if best is None or cost < best:
                best = cost
                best_split = split
            if not rest:
                break
            mask = _narrowest(ids, mask, size)
    return best_split


def _improve(groups):
    """Move ids to the group where they cost least, until no single move pays."""
    spreads = [_spread(group) for group in groups]
    best = _cost(spreads)
    before = best + 1
    while best < before:
        before = best
        for source in range(_FILTERS):
            for arbitration_id in tuple(groups[source]):
                groups[source].remove(arbitration_id)
                kept = spreads[source]
                spreads[source] = _spread(groups[source])
                home = source
                for target in range(_FILTERS):
                    if target != source:
                        spread = spreads[target]
                        spreads[target] = 0
                        if groups[target]:
                            spreads[target] = spread | arbitration_id ^ groups[target][0]
                        cost = _cost(spreads)
                        spreads[target] = spread
                        if cost < best:
                            best = cost
                            home = target
                groups[home].append(arbitration_id)
                if home == source:
                    spreads[source] = kept
                else:
                    spreads[home] = _spread(groups[home])
