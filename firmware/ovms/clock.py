"""The module's idea of time: seconds since the start and, once somebody told it, UTC.

It is the only owner of the time: whoever needs it asks here, each time anew, as a better source
may have corrected it since. Which source is believed is decided in `clock_rules.py`.
"""

import time

from micropython import const

# Who tells the time.
NETWORK = "modem"
GPS = "gps"

_DAY_S = const(86400)


class Clock:
    """Counts milliseconds across the wrap of `ticks_ms`; read it at least every few hours.

    build_day: the earliest day that can be, counted from 1970; by default the build's. source:
    whose word UTC is, None while nobody told it. words: {source: what it said last}, shapes in
    `clock_rules.py`. offset_s: UTC less uptime, or None. since_s: uptime since which UTC has been,
    within a day, what it is. is_agreed: two sources say the same. refused_utc_s: the last time
    that cannot be, None when there was none.
    """

    source: str | None
    offset_s: int | None
    refused_utc_s: int | None

    def __init__(self, build_day: int | None = None) -> None:
        if build_day is None:
            from ovms.build_id import BUILD_DAY

            build_day = BUILD_DAY
        self._ticks = time.ticks_ms()
        self._ms = 0
        self.first_utc_s = build_day * _DAY_S
        self.words: dict[str, tuple[int, int | None, int]] = {}
        self.source = self.offset_s = self.refused_utc_s = None
        self.since_s = 0
        self.is_agreed = False

    def uptime_ms(self) -> int:
        """Milliseconds since the start."""
        now = time.ticks_ms()
        self._ms += time.ticks_diff(now, self._ticks)
        self._ticks = now
        return self._ms

    def uptime_s(self) -> int:
        """Whole seconds since the start."""
        return self.uptime_ms() // 1000

    def utc_s(self) -> int | None:
        """Unix seconds, or None as long as nobody told the time."""
        if self.offset_s is None:
            return None
        return self.uptime_s() + self.offset_s

    def is_confirmed(self) -> bool:
        """Whether a second source says so, too, or a day went by without another word."""
        if self.offset_s is None:
            return False
        return self.is_agreed or self.uptime_s() - self.since_s >= _DAY_S

    def set_utc_s(self, utc_s: int, source: str) -> bool:
        """`source` (NETWORK or GPS) says that it is `utc_s` (Unix seconds), as it understood it.

        Returns whether that source is the one that is believed. The clock never moves for less
        than 2 s of difference.
        """
        offset_s = utc_s - self.uptime_s()
        word = self.words.get(source)
        # The same as before, which a receiver says every second.
        if word is None or abs(offset_s - word[0]) > 1:
            from ovms.clock_rules import judge

            judge(self, offset_s, source)
        return self.source == source
