"""What happens in a year: seeded, plain data, known before it begins.

The same seed gives the same story. Figures are those of a Twizy in Central Europe that goes to
work and back and rests over the holidays: none of them was measured, all of them are plausible.
"""

from __future__ import annotations

import calendar
import math
import random
from collections.abc import Callable
from dataclasses import dataclass

DAY_S = 86_400
HOUR_S = 3_600
MINUTE_S = 60
# Monday, 2027-03-08: both changes of the clock, a turn of the year and a leap day follow.
START_UTC_S = calendar.timegm((2027, 3, 8, 0, 0, 0))
# Summer time of Central Europe: last Sundays of March and October, 01:00 UTC.
_CHANGES_UTC_S = (
    (calendar.timegm((2027, 3, 28, 1, 0, 0)), 8, True),
    (calendar.timegm((2027, 10, 31, 1, 0, 0)), 4, False),
    (calendar.timegm((2028, 3, 26, 1, 0, 0)), 8, True),
)
WINTER_ZONE = (4, False)
OWNER = "+4915112345678"
# Nothing of a story begins in the first minutes: the owner sets the module up.
_SETTLED_S = 2 * HOUR_S

# What the owner asks, and how the answer is known.
QUESTIONS = {
    "STAT?": "SOC",
    "VERSION": "OVMS",
    "POWERSAVE?": "Power: ",
    "GPS?": "location",
    "CTP 80": "%",
}


@dataclass(frozen=True, order=True)
class Event:
    """At `at_s` after the begin of the story: `kind`, and what belongs to it."""

    at_s: float
    kind: str
    values: tuple = ()


def ambient_c(at_s: float) -> float:
    """Degrees outside: a year's sine and a day's, coldest at the end of January, at night."""
    day = (START_UTC_S + at_s) / DAY_S
    year = math.cos((day - 27) / 365.25 * 2 * math.pi)
    hour = math.cos((day % 1 - 4 / 24) * 2 * math.pi)
    return 9.5 - 10.5 * year - 4 * hour


class Story:
    """events: in order. days: how long it is. is_dense: as much in two weeks as else in months."""

    def __init__(self, seed: int, days: float, is_dense: bool = False):
        self.seed = seed
        self.days = days
        self.is_dense = is_dense
        self._dice = random.Random(seed)
        self._events: list[Event] = []
        for day in range(math.ceil(days)):
            self._day(day)
        self._faults()
        self._summer_time()
        end_s = days * DAY_S
        self.events = sorted(e for e in self._events if _SETTLED_S <= e.at_s < end_s)

    def _add(self, at_s: float, kind: str, *values) -> None:
        self._events.append(Event(at_s, kind, values))

    def is_away(self, day: int) -> bool:
        """A car nobody uses: twelve days in the summer, twenty-two in the cold."""
        return 140 <= day < 152 or 328 <= day < 350

    def is_abroad(self, day: int) -> bool:
        """Days without any network of one's own."""
        return 96 <= day < 100

    def _day(self, day: int) -> None:
        dice = self._dice
        begin_s = day * DAY_S
        if dice.random() < 0.6:
            at_s = begin_s + dice.uniform(0, DAY_S)
            self._add(at_s, "sms", dice.choice(sorted(QUESTIONS)))
        if dice.random() < 0.08:
            self._add(begin_s + dice.uniform(0, DAY_S), "stranger")
        if dice.random() < 0.3:
            self._add(begin_s + dice.uniform(0, DAY_S), "app", dice.uniform(60, 240))
        if dice.random() < 0.1:
            self._add(begin_s + dice.uniform(0, DAY_S), "call")
        if self.is_away(day):
            return
        is_weekend = day % 7 >= 5
        minutes: list[float] = []
        if not is_weekend:
            self._drive(begin_s + dice.gauss(6.2, 0.2) * HOUR_S, minutes)
            self._drive(begin_s + dice.gauss(15.8, 0.6) * HOUR_S, minutes)
        elif dice.random() < 0.5:
            self._drive(begin_s + dice.gauss(12, 1.5) * HOUR_S, minutes)
        # In the cold a car takes more, and its charge is longer.
        wanted = 0.45 if ambient_c(begin_s) > 8 else 0.65
        if minutes and dice.random() < wanted:
            self._charge(begin_s + dice.gauss(18.5, 0.4) * HOUR_S)

    def _drive(self, at_s: float, minutes: list[float]) -> None:
        dice = self._dice
        length = min(max(dice.gauss(9, 2.5), 4), 20)
        minutes.append(length)
        self._add(at_s, "drive", length * MINUTE_S)
        if dice.random() < 0.25:
            self._add(at_s + 120, "tunnel", dice.uniform(20, 150))

    def _charge(self, at_s: float) -> None:
        dice = self._dice
        self._add(at_s, "charge", 100 if dice.random() < 0.7 else round(dice.uniform(70, 95)))
        if dice.random() < 0.15:
            # Somebody pulls the plug, and puts it in again.
            self._add(at_s + dice.uniform(300, 1500), "unplug")

    def _faults(self) -> None:
        """What goes wrong, at any time of the day: kind, how many a year, its values."""
        dice = self._dice
        modes = ("refuses", "silent", "drops")
        tasks = ("modem", "commander", "sms", "notifier", "server", "gps", "can")
        kinds: tuple[tuple[str, int, Callable[[], tuple]], ...] = (
            ("server_away", 30, lambda: (dice.choice(modes), 10 ** dice.uniform(2, 5))),
            ("no_network", 40, lambda: (10 ** dice.uniform(1.5, 4.2),)),
            ("modem_brownout", 24, tuple),
            ("modem_hangs", 10, tuple),
            ("pdp_lost", 24, tuple),
            ("tcp_dead", 12, lambda: (dice.uniform(300, 3000),)),
            ("sim_swap", 4, lambda: (dice.uniform(60, 600),)),
            ("power_cut", 14, lambda: (10 ** dice.uniform(0, 4.5), dice.random() < 0.5)),
            ("restart", 14, tuple),
            ("task_ends", 6, lambda: (dice.choice(tasks),)),
            ("error", 12, lambda: (dice.choice(("tick", "history", "car")),)),
            ("hang", 5, tuple),
            ("flash_full", 5, lambda: (10 ** dice.uniform(2, 4),)),
            ("sensor", 6, lambda: (dice.uniform(100, 4000),)),
        )
        for kind, a_year, values in kinds:
            count = a_year * self.days / 365
            if self.is_dense:
                count = max(count * 3, 1)
            whole = int(count) + (dice.random() < count % 1)
            for _ in range(whole):
                self._add(dice.uniform(0, self.days * DAY_S), kind, *values())
        for day in range(math.ceil(self.days)):
            if self.is_abroad(day) and not self.is_abroad(day - 1):
                self._add(day * DAY_S, "no_network", 4.0 * DAY_S)

    def _summer_time(self) -> None:
        for utc_s, quarters, is_summer in _CHANGES_UTC_S:
            self._add(utc_s - START_UTC_S, "zone", quarters, is_summer)
