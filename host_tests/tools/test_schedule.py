"""The order of the tests, and what tests are told to stay together. CPython only."""

import pytest

from host_tests import schedule


class Item:
    """A test without fixtures, or with those of a file: (name, number of its parameter)."""

    def __init__(self, nodeid, *shared, scope="module"):
        self.nodeid = nodeid
        made = {name: [Definition(scope, "file")] for name, _ in shared}
        made["tmp_path"] = [Definition("function", "")]
        made["tmp_path_factory"] = [Definition("session", "")]
        self._fixtureinfo = type("Info", (), {"name2fixturedefs": made})
        indices = {name: number for name, number in shared if number is not None}
        self.callspec = type("Call", (), {"indices": indices})


class Definition:
    def __init__(self, scope, baseid):
        self.scope, self.baseid = scope, baseid


def groups(items, hints):
    """The names of the tests of each group, in their order."""
    found = {}
    for item, group in schedule.arranged(items, hints):
        found.setdefault(group, []).append(item.nodeid.partition("::")[2])
    return list(found.values())


def some(*names):
    return [Item(f"f.py::{name}") for name in names]


def test_long_ones_come_first_and_short_ones_by_the_handful():
    short = [f"s{number}" for number in range(schedule._HANDFUL + 1)]
    hints = {"f.py::long": (9, 9), "f.py::longest": (30, 30)}
    order = groups(some("s", "long", *short, "longest"), hints)
    assert order[:2] == [["longest"], ["long"]]
    assert order[2] == ["s", *short[:-2]] and order[3] == short[-2:]


def test_who_waits_and_who_calculates_take_turns():
    hints = {f"f.py::w{s}": (s, 1) for s in (40, 30, 20)}
    hints |= {f"f.py::c{s}": (s, s) for s in (25, 15, 5, 3)}
    names = ["w20", "w30", "w40", "c3", "c5", "c15", "c25"]
    order = [test for group in groups(some(*names), hints) for test in group]
    # Calculated 25, waited 40, calculated 40, 45, waited 70, ...
    assert order == ["c25", "w40", "c15", "c5", "w30", "c3", "w20"]


def test_who_shares_a_fixture_stays_together():
    items = [
        Item("f.py::a0", ("tree", 0)),
        Item("f.py::a1", ("tree", 1)),
        Item("f.py::alone"),
        # `life` is made of `tree`.
        Item("f.py::b0", ("life", None), ("tree", 0)),
        Item("f.py::b1", ("life", None), ("tree", 1)),
        Item("f.py::c", ("other", None)),
        Item("f.py::d", ("own", None), scope="function"),
        Item("g.py::e", ("other", None)),
    ]
    together = groups(items, {"f.py::a1": (50, 50), "f.py::b0": (20, 20)})
    assert together[:2] == [["a1", "b1"], ["a0", "b0"]]
    assert sorted(together[2:]) == [["alone", "d"], ["c"], ["e"]]


def test_no_test_is_lost_and_the_order_is_always_the_same():
    items = some(*map(str, range(200)))
    hints = {item.nodeid: (number % 7, number % 3) for number, item in enumerate(items)}
    pairs = schedule.arranged(items, hints)
    assert sorted(id(item) for item, _ in pairs) == sorted(map(id, items))
    assert schedule.arranged(items, hints) == pairs


def test_hints_are_read_as_they_are_written():
    durations = {"f.py::a[x y]": (12.4, 0.6), "f.py::b": (0.4, 0.4), "f.py::c": (30.6, 29.5)}
    text = schedule.written_hints(durations)
    assert text == "31 30 f.py::c\n12 1 f.py::a[x y]\n"
    assert schedule.read_hints(text) == {"f.py::c": (31, 30), "f.py::a[x y]": (12, 1)}


@pytest.mark.parametrize("text", ["", "\n", "12", "12 f.py::a", "x 1 f.py::a", "<<< HEAD\n1 -1 f"])
def test_what_is_no_hint_is_passed_over(text):
    assert schedule.read_hints(text) == {}


def test_a_record_sums_up_and_knows_no_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(schedule, "HINTS", tmp_path / "durations.txt")

    def report(nodeid, duration, *properties):
        made = {"nodeid": nodeid, "duration": duration, "user_properties": list(properties)}
        return type("Report", (), made)

    recorder = schedule.Recorder()
    recorder.pytest_runtest_logreport(report("f.py::a[x@y]@f.py-0", 1.0))
    recorder.pytest_runtest_logreport(report("f.py::a[x@y]@f.py-0", 2.0, ("cpu_s", 1.2)))
    recorder.pytest_runtest_logreport(report("f.py::b[x@y]", 5.0, ("other", 7)))
    recorder.pytest_sessionfinish()
    assert schedule.HINTS.read_text() == "5 0 f.py::b[x@y]\n3 1 f.py::a[x@y]\n"
