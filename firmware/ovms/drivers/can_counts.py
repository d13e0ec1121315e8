"""What the CAN drivers counted, by name. Loaded on demand."""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import CANBus

# Where the counters begin in a driver's `numbers`; the native receivers count the first three.
_FIRST_COUNT = const(6)


def named_counts(bus: "CANBus", names: tuple[str, ...]) -> dict[str, int]:
    """The counters of `bus` above 0, and that of its gate, as {name: number}.

    names: of its counters, in their order in `bus.numbers`.
    """
    counts = {"can_refused": bus.refused} if bus.refused else {}
    for n in range(len(names)):
        if bus.numbers[_FIRST_COUNT + n]:
            counts[names[n]] = bus.numbers[_FIRST_COUNT + n]
    return counts
