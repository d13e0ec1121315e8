"""How old records are when the time is learnt, corrected or unknown."""

from host_tests.fakes.fake_flash import FakeFlash
from host_tests.services.history_bench import DAY_S, UTC_S, Module


def test_a_corrected_time_corrects_the_runs_before_it():
    fs = FakeFlash()
    # A run that nobody told the time, and one that was told a wrong one first.
    module = Module(fs)
    module.add(1)
    module.wait(40)
    module.add(2)
    module.wait(30)
    wrong = Module(fs, UTC_S + 5 * DAY_S, is_sure=False)
    wrong.add(3)
    wrong.wait(30)
    wrong.clock.utc_offset_s = UTC_S
    wrong.clock.is_sure = True
    wrong.wait(30)
    again = Module(fs, UTC_S + 1000)
    assert [entry[1:] for entry in again.take()] == [(-1040, 1), (-1000, 2), (-1000, 3)]


def test_an_unsure_time_is_as_good_as_any_within_a_week():
    fs = FakeFlash()
    module = Module(fs, UTC_S, is_sure=False)
    module.add(1)
    module.wait(40)
    again = Module(fs, UTC_S + 3 * DAY_S, is_sure=False)
    assert [entry[1:] for entry in again.take()] == [(-3 * DAY_S, 1)]
    again.history.on_closed()
    # Once it is known for certain, what is too old goes.
    module = Module(fs, UTC_S + 3 * DAY_S)
    module.add(2)
    module.wait(40)
    late = Module(fs, UTC_S + 20 * DAY_S, is_sure=False)
    assert late.numbers() == [1, 2]
    late.history.on_closed()
    late.clock.is_sure = True
    # The first was made by a run whose own clock was never confirmed.
    assert late.drain() == [1] and late.status.counts["history_aged"] == 1


def test_records_age():
    fs = FakeFlash()
    module = Module(fs, UTC_S)
    module.add(1)
    module.add(2, 31536000)
    module.wait(40)
    late = Module(fs, UTC_S + 6 * DAY_S)
    assert late.numbers() == [2, 1]
    # A day's record is kept for a week, a year's for a year.
    later = Module(fs, UTC_S + 8 * DAY_S)
    assert later.drain() == [2]
    assert later.status.counts["history_aged"] == 1
    assert later.rings[1].is_empty
