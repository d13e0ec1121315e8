"""The bus in fast time: one frame of each id a second, of which the firmware still makes sense.

More than that no link to a firmware takes when ten minutes pass in one. Sums over all frames, the
energy, are too small then.
"""

from __future__ import annotations

_SECOND_US = 1_000_000
# Without a frame for so long the bus was asleep.
_SILENCE_US = _SECOND_US
# The module temperatures are sent so long after the wake-up (`twizy_frames`); cell and pack
# voltages follow within 40 ms. A second that begins here keeps frames of one moment, as the
# battery monitor needs them: under load a second changes the cells by more than an alert takes.
_SET_BEGINS_US = 90_000
# By more frames of the first cells the monitor knows a set of which it heard the end only. They
# repeat the second's first: the controller's two buffers may let one frame overtake another.
_FIRST_CELLS = 0x556
_FIRST_CELLS_COUNT = 4


class Thinning:
    """For one bus. Frames are (time in us, arbitration id, data)."""

    def __init__(self) -> None:
        self._last_us = -_SILENCE_US - 1
        self._wake_us = 0
        self._second = 0
        # Frames of each id kept in this second.
        self._counts: dict[int, int] = {}
        self._first_cells = b""

    def thin(self, frames: list[tuple[int, int, bytes]]) -> list[tuple[int, int, bytes]]:
        """The frames to keep, in their order; call it with all there are."""
        kept = []
        for frame in frames:
            time_us, arbitration_id, data = frame
            if time_us - self._last_us > _SILENCE_US:
                self._wake_us = time_us
            self._last_us = time_us
            second = (time_us - self._wake_us - _SET_BEGINS_US) // _SECOND_US
            if second != self._second:
                self._second = second
                self._counts.clear()
            count = self._counts.get(arbitration_id, 0)
            self._counts[arbitration_id] = count + 1
            if not count:
                kept.append(frame)
                if arbitration_id == _FIRST_CELLS:
                    self._first_cells = data
            elif arbitration_id == _FIRST_CELLS and count < _FIRST_CELLS_COUNT:
                kept.append((time_us, arbitration_id, self._first_cells))
        return kept
