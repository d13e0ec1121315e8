"""How many cells and sensors a pack has: what a `Group` of `battery` need not know all the time.

One filler in a set is a moment's; the same ones in several sets are a pack without them.
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.twizy.battery import Group

# So many sets in a row must lack or have the same values for a pack to be another one.
_SAME_SETS = const(3)


def adopt(group: "Group", mask: int, size: int) -> bool:
    """Whether a set with other values than those of before may be judged, as of another pack."""
    if mask & (mask - 1) == 0:
        # Of one value alone there is nothing to say.
        return False
    if mask != group.other:
        group.other = mask
        group.others = 0
    group.others += 1
    if group.others < _SAME_SETS and (group.mask or mask != (1 << group.usual) - 1):
        return False
    group.make(mask, size)
    return True


def has(group: "Group", i: int) -> int:
    """Whether the pack tells value `i`."""
    return group.mask >> i & 1


def told(group: "Group", row: int) -> list[int]:
    """Values of a row, as list, without those the pack does not tell."""
    first = row * group.size
    return [group.values[first + i] for i in range(group.size) if group.mask >> i & 1]
