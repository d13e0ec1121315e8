"""What all CAN drivers share: the numbers of their states, and the gate to the bus.

No driver has a `send` of its own. What leaves the module has passed `CANBus.send`.
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array

    from ovms.contracts import Buffer

# Controller states, numbered as `machine.CAN` does.
STOPPED = const(0)
ACTIVE = const(1)
WARNING = const(2)
PASSIVE = const(3)
BUS_OFF = const(4)

# Counts stay within 30 bits: small integers on every port.
_COUNT_BITS = const(0x3FFFFFFF)


class CANBus:
    """Base of a driver; the contract "CAN bus" of firmware/README.md says what that adds.

    refused: frames that were not let out. is_bus_off: for the driver to set; nothing leaves then.
    """

    # The driver's counters, behind what its receiver keeps there.
    numbers: "array[int]"

    def __init__(self) -> None:
        self.refused = 0
        self.is_bus_off = False
        self._tx_frames: tuple[tuple[int, int], ...] = ()

    def permit(self, tx_frames: tuple[tuple[int, int], ...], is_silent: bool) -> None:
        """From now on let out these frames, (arbitration_id, dlc) of each, and no other.

        Silent lets out none. ValueError, and nothing may leave, when one of them is no standard
        data frame.
        """
        self._tx_frames = ()
        for arbitration_id, dlc in tx_frames:
            if not (0 <= arbitration_id <= 0x7FF and 0 <= dlc <= 8):
                raise ValueError("only standard CAN frames of 0 to 8 bytes may be sent")
        if not is_silent:
            self._tx_frames = tuple(tx_frames)

    def send(self, arbitration_id: int, data: "Buffer") -> bool:
        """Queue one standard data frame; True when the controller has taken it.

        False, and counted, when the bus is silent, closed or in bus-off, when (id, length) is not
        on the list given to `open`, or while the previous frame still waits for the bus.
        """
        if self.is_bus_off or (arbitration_id, len(data)) not in self._tx_frames:
            self.refused = (self.refused + 1) & _COUNT_BITS
            return False
        return self._transmit(arbitration_id, data)

    def sleep(self) -> bool:
        """Let the controller sleep until its bus speaks; False where it cannot, or will not now.

        A driver that can has `is_woken` and `wake`, too. Here for those that cannot.
        """
        return False

    def named_counts(self, names: tuple[str, ...]) -> dict[str, int]:
        """For a driver's `counts`, whose counters have these names: see can_counts.py."""
        from ovms.drivers.can_counts import named_counts

        return named_counts(self, names)

    def _transmit(self, arbitration_id, data):
        """The driver's part: hand one standard data frame to the controller. Only `send` calls it.

        Returns False, and counts, when the frame before still waits.
        """
        raise NotImplementedError
