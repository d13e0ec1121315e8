"""The 12 V monitor minute by minute, against its rules in module-behaviour 6.3."""

from ovms.services.minute_watch import NOTHING, supply_reference_mv, supply_step
from ovms.services.minute_watch import SUPPLY_LOW as LOW
from ovms.services.minute_watch import SUPPLY_RECOVERED as RECOVERED
from ovms.services.notifier import Watched


def settled(supply_mv=12600):
    """What is known with a reference of `supply_mv`."""
    watched = Watched()
    for _ in range(16):
        assert supply_step(watched, supply_mv, False, False) == NOTHING
    assert supply_reference_mv(watched) == supply_mv
    return watched


def run(watched, *readings, is_on=False, is_charging=False):
    return [supply_step(watched, mv, is_on, is_charging) for mv in readings]


def test_the_first_reading_counts_whole_and_the_others_half():
    watched = Watched()
    values = []
    for mv in (12640, 12000, 12000, 12049, 13951):
        supply_step(watched, mv, False, False)
        values.append(watched.supply_volts10)
    assert values == [126, 123, 122, 121, 131]


def test_reference_after_15_calm_minutes():
    watched = Watched()
    for minute in range(15):
        supply_step(watched, 12600, False, False)
        assert watched.supply_reference10 == minute + 1
        assert supply_reference_mv(watched) is None
    supply_step(watched, 12600, False, False)
    assert supply_reference_mv(watched) == 12600


def test_the_key_starts_the_calm_minutes_aWatched():
    watched = Watched()
    run(watched, *[12600] * 10)
    run(watched, 12600, is_on=True)
    assert watched.supply_reference10 == 0
    run(watched, *[12600] * 15)
    run(watched, 12600, is_on=True)
    assert supply_reference_mv(watched) is None
    run(watched, *[12600] * 16)
    assert supply_reference_mv(watched) == 12600


def test_a_charge_forgets_the_reference():
    watched = settled()
    run(watched, 14400, 14400, is_charging=True)
    assert supply_reference_mv(watched) is None
    run(watched, *[13000] * 16)
    # Rounded up each time, so it stops a tenth above.
    assert supply_reference_mv(watched) == 13100


def test_low_and_recovered_are_told_once_each():
    watched = settled()
    # Smoothed: 11.7, 11.3, 11.1; the guide's floor is 11.5 V.
    assert run(watched, *[10800] * 5) == [NOTHING, LOW, NOTHING, NOTHING, NOTHING]
    # 11.3, 11.5, 11.6; the limit is 11.6 V.
    assert run(watched, 11600, 11600, 11600, 11600) == [NOTHING, NOTHING, RECOVERED, NOTHING]
    assert LOW in run(watched, *[10000] * 3)


def test_limits_to_the_tenth():
    # Relative to a reference of 13.4 V, and the floor below any that is lower.
    for reference_mv, supply_mv, outcome in (
        (13400, 11900, NOTHING),
        (13400, 11800, LOW),
        (13000, 11500, NOTHING),
        (13000, 11400, LOW),
        (12600, 11500, NOTHING),
        (12600, 11400, LOW),
        (11600, 11500, NOTHING),
        (11600, 11400, LOW),
    ):
        watched = settled(reference_mv)
        watched.supply_volts10 = supply_mv // 100
        assert run(watched, supply_mv) == [outcome]
    for reference_mv, supply_mv, outcome in (
        (13400, 12300, NOTHING),
        (13400, 12400, RECOVERED),
        (12600, 11500, NOTHING),
        (12600, 11600, RECOVERED),
        (11600, 11500, NOTHING),
        (11600, 11600, RECOVERED),
    ):
        watched = settled(reference_mv)
        watched.is_supply_alerted = True
        watched.supply_volts10 = supply_mv // 100
        assert run(watched, supply_mv) == [outcome]


def test_the_key_ends_an_alert_silently():
    watched = settled()
    assert LOW in run(watched, *[10000] * 6)
    assert run(watched, 10000, is_on=True) == [NOTHING]
    assert not watched.is_supply_alerted
    # And it comes back when the car is left with a flat battery.
    assert run(watched, 10000) == [LOW]


def test_a_new_reference_ends_an_alert():
    watched = settled()
    assert LOW in run(watched, *[10000] * 6)
    run(watched, *[14000] * 5, is_charging=True)
    assert watched.is_supply_alerted
    assert run(watched, *[12500] * 16) == [NOTHING] * 16
    assert not watched.is_supply_alerted


def test_no_reading_changes_nothing():
    watched = settled()
    before = dict(watched.__dict__)
    assert run(watched, None, None, is_charging=True) == [NOTHING, NOTHING]
    assert dict(watched.__dict__) == before
