"""The acceptance filter of TWAI, computed from the ids a car wants. Loaded when needed.

A filter of standard ids is one or two pairs of code and mask; a mask's bit at 1 is not compared
(hardware facts 3.1, the opposite of the MCP2515's).
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_ALL_BITS = const(0x7FF)
# Of all frames that pass without being wanted, those that are known to be on the bus.
_FOREIGN_COST = const(1024)


def acceptance_filter(
    ids: "Sequence[int]", foreign_ids: "Sequence[int]" = ()
) -> tuple[bool, bytes, bytes]:
    """What passes all `ids`, few of `foreign_ids`, and few others.

    ids: iterable of standard ids; without any, 0x7FF alone passes. Returns (is_single, codes,
    masks): one filter or two, and the 4 bytes each of ACR and AMR. ValueError for an id that is
    none.
    """
    ids = sorted(set(ids)) or [_ALL_BITS]
    if ids[0] < 0 or ids[-1] > _ALL_BITS:
        raise ValueError("a CAN controller filters standard ids, 0x000 to 0x7FF")
    foreign = [n for n in foreign_ids if n not in ids]
    cube = _cube(ids)
    best = _cost((cube,), foreign)
    found = None
    for first, second in _splits(ids):
        cubes = _cube(first), _cube(second)
        cost = _cost(cubes, foreign)
        if cost < best:
            best = cost
            found = cubes
    if found is None:
        code, ignored = cube
        # The bit behind the id is that of remote frames; then come data bytes, not compared.
        return (
            True,
            bytes((code >> 3, code << 5 & 0xE0, 0, 0)),
            bytes((ignored >> 3, ignored << 5 & 0xE0 | 0x0F, 0xFF, 0xFF)),
        )
    codes = masks = b""
    for code, ignored in found:
        codes += bytes((code >> 3, code << 5 & 0xE0))
        # The low halves of both would be a data byte.
        masks += bytes((ignored >> 3, ignored << 5 & 0xE0 | 0x0F))
    return False, codes, masks


def _cube(ids):
    """(code, ignored bits) of the least filter that passes all `ids`."""
    ignored = 0
    for arbitration_id in ids:
        ignored |= arbitration_id ^ ids[0]
    return ids[0] & ~ignored, ignored


def _cost(cubes, foreign):
    """How many ids pass; each one of the foreign ids more than all others together could."""
    passing = 0
    for _, ignored in cubes:
        passing += 1 << _count_bits(ignored)
    if len(cubes) == 2:
        (code, ignored), (other, other_ignored) = cubes
        # Those that pass both were counted twice.
        if not (code ^ other) & ~(ignored | other_ignored) & _ALL_BITS:
            passing -= 1 << _count_bits(ignored & other_ignored)
    for arbitration_id in foreign:
        for code, ignored in cubes:
            if not (arbitration_id ^ code) & ~ignored & _ALL_BITS:
                passing += _FOREIGN_COST
                break
    return passing


def _count_bits(number):
    count = 0
    while number:
        number &= number - 1
        count += 1
    return count


def _splits(ids):
    """Ways to make two groups of `ids`: around each pair of them, each id goes to where it makes
    the filter grow least.
    """
    count = len(ids)
    for i in range(count):
        for j in range(i + 1, count):
            first, second = [ids[i]], [ids[j]]
            bits_1 = bits_2 = 0
            for arbitration_id in ids:
                if arbitration_id in (ids[i], ids[j]):
                    continue
                grown_1 = bits_1 | arbitration_id ^ ids[i]
                grown_2 = bits_2 | arbitration_id ^ ids[j]
                cost_1 = (1 << _count_bits(grown_1)) - (1 << _count_bits(bits_1))
                cost_2 = (1 << _count_bits(grown_2)) - (1 << _count_bits(bits_2))
                if cost_1 <= cost_2:
                    first.append(arbitration_id)
                    bits_1 = grown_1
                else:
                    second.append(arbitration_id)
                    bits_2 = grown_2
            yield first, second
