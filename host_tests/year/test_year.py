"""Some dense days of the simulated year on CPython; `make year` has all of it.

Which kinds of faults they have says the seed: all of them, each of which must have happened.
"""

import pytest

from tools.year import tables
from tools.year.ledger import Life, Record
from tools.year.story import DAY_S, QUESTIONS, START_UTC_S, Event, Story, ambient_c
from tools.year.world import World

SEED = 2
DAYS = 4


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """(world, ledger) at the end of the story."""
    world = World(Story(SEED, DAYS, is_dense=True), tmp_path_factory.mktemp("flash"))
    return world, world.run()


def test_nothing_is_wrong(lived):
    world, ledger = lived
    assert tables.complaints(ledger, world.server.faults) == []


def test_the_story_was_told(lived):
    world, ledger = lived
    assert world.now_s >= DAYS * DAY_S - 1
    kinds = {event.kind for event in world.story.events}
    # What needs a car, a connection or a modem of that moment may have come at another one.
    assert set(ledger.done) | set(ledger.skipped) == kinds
    for kind in ("modem_brownout", "modem_hangs", "power_cut", "server_away", "hang", "restart"):
        assert ledger.done[kind], kind
    assert sum(life.wraps for life in ledger.lives) >= 2
    assert len(ledger.lives) > 3


def test_every_state_has_its_current(lived):
    _, ledger = lived
    states = {state for _, state in ledger.seconds}
    assert {"drive", "charge", "awake", "park"} <= states
    lines = tables.table(ledger).splitlines()
    assert lines[-1].startswith("| all | %.1f |" % (sum(ledger.seconds.values()) / DAY_S))
    parked = next(line for line in lines if line.startswith("| park |"))
    assert 0.15 < float(parked.split("|")[4]) < 0.30
    slept = sum(s for (_, state), s in ledger.slept.items() if state == "park")
    seconds = sum(s for (_, state), s in ledger.seconds.items() if state == "park")
    assert slept > 0.7 * seconds


def test_records_are_sent_and_kept(lived):
    _, ledger = lived
    kept = [record for _, record in ledger.all_records() if record.is_kept]
    assert len(kept) > 200
    assert sum(1 for record in kept if record.stored_s) > 0.95 * len(kept)


def test_what_is_missing_is_told(lived, tmp_path):
    """The books of another world, with each thing that must not be."""
    world = World(Story(SEED, 1), tmp_path)
    ledger = world.ledger
    ledger.lives += [Life(0, "power on", 80_000, "reset: hard reset"), Life(80_000, "", 86_400)]
    assert tables.complaints(ledger, []) == ["The module started anew 1 times, 0 wanted."]
    ledger.done["restart"] += 1
    assert tables.complaints(ledger, []) == []
    ledger.records["RT-X", "0", "a"].append(Record(0, 79_995, True))
    assert tables.complaints(ledger, []) == []
    ledger.records["RT-X", "0", "b"].append(Record(0, 70_000, True))
    (text,) = tables.complaints(ledger, [])
    assert text.startswith(
        "A record is missing: life 0, 70000 s, 10000 s before its end: RT-X,0,b"
    )
    # As the module says itself.
    ledger.lives[0].counts["history_overwritten"] = 1
    assert tables.complaints(ledger, []) == []
    ledger.on_stored("RT-X", 0, "a", START_UTC_S + 79_999.0, "")
    assert tables.complaints(ledger, []) == []
    ledger.on_stored("RT-X", 0, "c", START_UTC_S + 79_999.0, "")
    ledger.records["RT-X", "0", "late"].append(Record(1, 81_000, True, [81_050.0]))
    ledger.ask("STAT?")
    ledger.lives[1].errors["tick"] = 2
    ledger.lives[1].weights += [(n, 100 + 10 * n, 0) for n in range(8)]
    for _ in range(13):
        ledger.on_sms("+49", "+4915", "a")
    wrong = tables.complaints(ledger, ["h is odd"])
    starts = (
        "The server complains: h is odd",
        "The server has a record that nobody made: RT-X,0,c",
        "A RT-X of day 0.94 is 50 s wrong.",
        "No answer to STAT? of day 0.00.",
        "13 SMS in an hour, 13 in a day.",
        "Life 1 grew from 130 objects to 170.",
        "2 errors of tasks, 0 wanted: tick 2",
    )
    assert [text[: len(start)] for text, start in zip(wrong, starts)] == list(starts)
    assert len(wrong) == len(starts)


def test_the_year_has_what_a_year_has():
    story = Story(1, 366)
    assert story.events == Story(1, 366).events != Story(2, 366).events
    kinds = {event.kind for event in story.events}
    assert {"zone", "sim_swap", "flash_full", "task_ends", "tcp_dead", "unplug"} <= kinds
    assert Event((_utc(2027, 10, 31) - START_UTC_S) + 3600, "zone", (4, False)) in story.events
    away = [day for day in range(366) if story.is_away(day)]
    assert not [e for e in story.events if e.kind == "drive" and int(e.at_s // DAY_S) in away]
    assert {e.values[0] for e in story.events if e.kind == "sms"} == set(QUESTIONS)
    noon_s = DAY_S / 2
    assert ambient_c((_utc(2027, 7, 25) - START_UTC_S) + noon_s) > 20
    assert ambient_c(_utc(2028, 1, 25) - START_UTC_S) < 0


def _utc(year, month, day):
    import calendar

    return calendar.timegm((year, month, day, 0, 0, 0))
