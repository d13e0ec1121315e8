"""The states of the power governor: days in a second, on all runtimes."""

from ovms.services import power_states as states
from ovms.services.power_states import AWAKE, CHARGE, DEEP, DRIVE, PARK, TRANSPORT

MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86400


class Day:
    """A module that looks once a minute, and at each change."""

    def __init__(self, start_s=0, wanted=states.ON):
        self.now_s = start_s
        self.power = states.new(start_s)
        self.wanted = wanted
        self.mv = 12600
        self.reference_mv = None
        self.is_on = self.is_charging = self.is_used = False
        self.seen = []

    def look(self):
        state = states.step(
            self.power,
            self.now_s,
            self.wanted,
            self.is_on,
            self.is_charging,
            self.is_used,
            self.mv,
            self.reference_mv,
        )
        if not self.seen or self.seen[-1] != state:
            self.seen.append(state)
        return state

    def minutes(self, count):
        for _ in range(count):
            self.now_s += MINUTE_S
            state = self.look()
        return state


def test_a_day():
    """Parked after ten minutes, a drive, a charge, a night."""
    day = Day()
    assert day.minutes(9) == AWAKE
    assert day.minutes(1) == PARK
    day.is_on = True
    assert day.look() == DRIVE
    day.minutes(20)
    day.is_on = False
    assert day.look() == AWAKE
    day.is_charging = True
    assert day.look() == CHARGE
    day.minutes(180)
    day.is_charging = False
    assert day.look() == AWAKE
    assert day.minutes(10) == PARK
    assert day.minutes(600) == PARK
    assert day.seen == [AWAKE, PARK, DRIVE, AWAKE, CHARGE, AWAKE, PARK]
    assert day.power[states.CHANGES] == 6


def test_a_key_that_flickers_keeps_it_awake_and_nothing_more():
    day = Day()
    day.minutes(30)
    for _ in range(100):
        day.is_on = True
        day.look()
        day.is_on = False
        assert day.look() == AWAKE
        assert day.minutes(9) == AWAKE
    assert PARK in day.seen and DEEP not in day.seen
    assert day.power[states.CHANGES] == 1 + 1 + 199


def test_who_looks_at_it_keeps_it_awake():
    day = Day()
    day.is_used = True
    assert day.minutes(60) == AWAKE
    day.is_used = False
    assert day.minutes(9) == AWAKE and day.minutes(1) == PARK


def test_low_battery_needs_five_minutes_in_a_row():
    day = Day()
    day.minutes(20)
    day.mv = 11499
    assert day.minutes(4) == PARK
    day.mv = 11500
    assert day.minutes(1) == PARK
    day.mv = 11400
    assert day.minutes(4) == PARK and day.minutes(1) == DEEP


def test_deep_park_ends_well_above_the_limit_or_by_use():
    day = Day()
    day.minutes(20)
    day.mv = 11400
    assert day.minutes(5) == DEEP
    # What the battery recovers without a load is no charge.
    day.mv = 12100
    assert day.minutes(600) == DEEP
    day.mv = 12200
    assert day.minutes(4) == DEEP and day.minutes(1) == PARK
    day.mv = 11400
    assert day.minutes(5) == DEEP
    for name in ("is_on", "is_charging"):
        setattr(day, name, True)
        assert day.look() in (DRIVE, CHARGE)
        setattr(day, name, False)
        day.look()
        assert day.minutes(14) == PARK and day.minutes(1) == DEEP


def test_a_voltage_that_swings_about_the_limit_changes_nothing():
    day = Day()
    day.minutes(20)
    for n in range(1000):
        day.mv = 11450 + 100 * (n % 2)
        assert day.minutes(1) == PARK


def test_reference_raises_the_limit_and_never_lowers_the_floor():
    assert states.limit_mv(None) == 11500
    assert states.limit_mv(12600) == 11500
    assert states.limit_mv(13300) == 11700
    # Learnt beside a flat battery.
    assert states.limit_mv(11000) == 11500


def test_a_voltage_that_is_not_known_is_not_low():
    day = Day()
    day.minutes(20)
    day.mv = None
    assert day.minutes(600) == PARK
    day.mv = 11000
    assert day.minutes(5) == DEEP
    day.mv = None
    assert day.minutes(600) == DEEP


def test_one_reading_after_a_sleep_counts_once():
    day = Day()
    day.minutes(20)
    day.mv = 11000
    day.now_s += 4 * HOUR_S
    assert day.look() == PARK
    assert day.minutes(3) == PARK and day.minutes(1) == DEEP


def test_off_never_sleeps():
    day = Day(wanted=states.OFF)
    day.mv = 11000
    assert day.minutes(2000) == AWAKE
    day.wanted = states.ON
    assert day.look() == PARK
    day.wanted = states.OFF
    assert day.look() == AWAKE


def test_transport_waits_for_the_reply_and_ends_by_the_owner_only():
    day = Day(wanted=states.SHIPPED)
    assert day.minutes(1) == AWAKE and day.minutes(1) == TRANSPORT
    day.mv = 11000
    assert day.minutes(3000) == TRANSPORT
    day.is_on = True
    assert day.look() == DRIVE
    day.is_on = False
    assert day.look() == AWAKE and day.minutes(2) == TRANSPORT
    day.wanted = states.ON
    day.mv = 12600
    assert day.look() == AWAKE
    assert day.minutes(9) == AWAKE and day.minutes(1) == PARK


def visits(day, hours, news=lambda now_s: False):
    """Seconds within so many hours of parking at which the server was to be talked with."""
    start_s = day.now_s
    found = []
    for now_s in range(start_s, start_s + hours * HOUR_S, 10):
        if states.is_visit(day.power, now_s, news(now_s)):
            found.append(now_s - start_s)
    day.now_s = start_s + hours * HOUR_S
    return found


def starts(seconds):
    return [s for n, s in enumerate(seconds) if not n or s - seconds[n - 1] > 10]


def test_visits_of_a_night():
    day = Day()
    assert states.is_visit(day.power, 1, False)
    day.minutes(10)
    seen = visits(day, 6)
    assert starts(seen) == [n * HOUR_S for n in range(6)]
    # Four minutes each, where nobody ends them before.
    assert len(seen) == 6 * 24
    day = Day()
    day.minutes(10)
    day.mv = 11000
    day.minutes(5)
    assert day.power[states.STATE] == DEEP
    assert starts(visits(day, 24)) == [n * 4 * HOUR_S for n in range(6)]


def test_a_visit_ends_when_all_is_said():
    day = Day()
    day.minutes(10)
    for minute in range(120):
        now_s = day.now_s + minute * MINUTE_S
        is_visit = states.is_visit(day.power, now_s, False)
        assert is_visit == (minute % 60 == 0)
        states.end_visit(day.power, now_s)


def test_news_is_told_at_once_and_tried_again_in_five_minutes():
    day = Day()
    day.minutes(10)
    visits(day, 0)
    states.end_visit(day.power, day.now_s)
    start_s = day.now_s
    seen = starts(visits(day, 1, lambda now_s: now_s - start_s >= 1800))
    # In vain, so with pauses that double, up to those of the schedule.
    assert seen == [1800, 2100, 2700]
    seen = starts(visits(day, 4, lambda now_s: True))
    assert seen == [300, 2700, 6300, 9900, 13500]
    # Told at last: the next is told at once again.
    states.end_visit(day.power, day.now_s - 800)
    start_s = day.now_s
    assert starts(visits(day, 1, lambda now_s: now_s - start_s >= 60)) == [60, 360, 960, 2160]


def test_what_was_taken():
    day = Day()
    day.minutes(24 * 60)
    mah = states.taken_mah(day.power, day.now_s)
    # Ten minutes awake, the rest parked without a light sleep.
    rates = states._TAKEN_SLEEPLESS
    expected = (rates[AWAKE] * 600 + rates[PARK] * (DAY_S - 600)) // 36000
    assert abs(mah - expected) <= 1
    for _ in range(24 * 60 - 1):
        day.power[states.SLEPT_S] += 52
        day.minutes(1)
    both = states.taken_mah(day.power, day.now_s)
    assert abs(both - expected - states._TAKEN[PARK] * (DAY_S - 60) // 36000) <= 1
    # What is older than yesterday is forgotten. A sleep counts for what it is.
    for _ in range(48 * 60):
        day.power[states.SLEPT_S] += 52
        day.minutes(1)
    assert (
        abs(states.taken_mah(day.power, day.now_s) - 2 * states._TAKEN[PARK] * DAY_S // 36000) <= 3
    )


def test_a_year_grows_nothing():
    day = Day()
    for n in range(365):
        day.is_on = True
        day.look()
        day.minutes(30)
        day.is_on = False
        day.look()
        # A look an hour is enough for what grows.
        for _ in range(23):
            day.now_s += HOUR_S
            day.look()
        day.mv = 11000 if n % 30 == 0 else 12600
    assert len(day.power) == states.LENGTH
    # Small integers on every port: they take no heap.
    assert max(day.power) < 1 << 30 and min(day.power) >= -1
