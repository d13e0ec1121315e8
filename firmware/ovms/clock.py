"""The module's idea of time: seconds since the start and, once somebody told it, UTC."""

import time

# Nothing before this instant is believed: a modem without network time reports 2004, a GPS
# receiver after a cold start 1980. 2024-01-01 00:00:00 UTC in Unix seconds.
_EARLIEST_UTC_S = 1704067200

# Whose word counts more: a better source overrules a worse one at once.
SOURCES = ("modem", "server", "gps")


class Clock:
    """Counts milliseconds across the wrap of `ticks_ms`; read it at least every few hours."""

    def __init__(self):
        self._ticks = time.ticks_ms()
        self._ms = 0
        self._utc_offset_s = None
        self._source = -1

    def uptime_ms(self):
        """Milliseconds since the start."""
        now = time.ticks_ms()
        self._ms += time.ticks_diff(now, self._ticks)
        self._ticks = now
        return self._ms

    def uptime_s(self):
        """Whole seconds since the start."""
        return self.uptime_ms() // 1000

    def utc_s(self):
        """Unix seconds, or None as long as nobody told the time."""
        if self._utc_offset_s is None:
            return None
        return self.uptime_s() + self._utc_offset_s

    def set_utc_s(self, utc_s, source):
        """Believe `utc_s` (Unix seconds) from `source` (one of SOURCES) unless a better one spoke.

        Returns whether it was taken. The clock never moves for less than 2 s of difference.
        """
        rank = SOURCES.index(source)
        if utc_s < _EARLIEST_UTC_S or rank < self._source:
            return False
        offset = utc_s - self.uptime_s()
        if self._utc_offset_s is None or abs(offset - self._utc_offset_s) > 1:
            self._utc_offset_s = offset
        self._source = rank
        return True
