"""SMS both ways, counted: in all, and by the day of the module's clock, beginning with day 1."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

_DAY_S = 86_400
# Older ones are in the sum alone.
_DAYS_KEPT = 14


@dataclass
class Count:
    """to_module, of_module: messages. parts: of those of the module, each paid for by its SIM."""

    to_module: int = 0
    of_module: int = 0
    parts: int = 0

    def shown(self) -> dict[str, int]:
        return {"to": self.to_module, "of": self.of_module, "parts": self.parts}


class PhoneBill:
    """sum: since the start. What a part costs is for who looks at it."""

    def __init__(self) -> None:
        self.sum = Count()
        self._days: deque[tuple[int, Count]] = deque(maxlen=_DAYS_KEPT)

    def to_module(self, at_s: float) -> None:
        """The phone sent a message at `at_s` of the module's clock."""
        for count in (self.sum, self._day(at_s)):
            count.to_module += 1

    def of_module(self, at_s: float, parts: int) -> None:
        """The module sent one, of so many parts."""
        for count in (self.sum, self._day(at_s)):
            count.of_module += 1
            count.parts += parts

    def shown(self) -> list[dict[str, int]]:
        """The last days on which there were any, oldest first."""
        return [{"day": day, **count.shown()} for day, count in self._days]

    def _day(self, at_s: float) -> Count:
        day = int(at_s // _DAY_S) + 1
        if not self._days or self._days[-1][0] != day:
            self._days.append((day, Count()))
        return self._days[-1][1]
