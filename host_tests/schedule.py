"""Which tests run beside each other and in which order, so that no core waits while one has work.

Tests that start whole programs wait in real time, and cost little else: such tests and those that
calculate are begun in turns, the longest of each kind first, by more processes than the machine
has cores. `durations.txt` says what the long ones took; it is a hint only, and nothing fails when
it is wrong or old. `make test PYTEST=--write-durations` writes it anew.
"""

import os
import resource
from collections import Counter
from pathlib import Path

import pytest

HINTS = Path(__file__).with_name("durations.txt")
_WORKERS_PER_CORE = 3
# Shorter tests are not listed, and go to a worker by the handful.
_LONG_S = 1
_SHORT_S = 0.05
_HANDFUL = 25
_CPU = "cpu_s"


def worker_count():
    """How many processes run tests on this machine."""
    return _WORKERS_PER_CORE * len(os.sched_getaffinity(0))


def read_hints(text):
    """Test to (seconds, seconds of a core). text: a line "SECONDS CPU_SECONDS TEST" for each; what
    is none is passed over.
    """
    found = {}
    for line in text.splitlines():
        words = line.split(" ", 2)
        if len(words) == 3 and words[0].isdecimal() and words[1].isdecimal():
            found[words[2]] = int(words[0]), int(words[1])
    return found


def written_hints(durations):
    """What `read_hints` reads. durations: test to both, not rounded."""
    rounded = ((round(s), round(cpu_s), test) for test, (s, cpu_s) in durations.items())
    long = sorted((-s, cpu_s, test) for s, cpu_s, test in rounded if s >= _LONG_S)
    return "".join(f"{-seconds} {cpu_s} {test}\n" for seconds, cpu_s, test in long)


def arranged(items, hints):
    """[(item, its group)] in the order in which they are to start; a group stays on one worker.

    Tests that share a fixture are a group, as each worker would make it else; a long test is one
    by itself.
    """
    groups = {}
    counts = Counter()
    for item in items:
        path = item.nodeid.partition("::")[0]
        name = _shared_fixtures(item)
        if not name and item.nodeid in hints:
            name = f"long-{counts[path, 'long']}"
            counts[path, "long"] += 1
        elif not name:
            name = str(counts[path] // _HANDFUL)
            counts[path] += 1
        groups.setdefault(f"{path}-{name}", []).append(item)
    costs = {group: _cost(tests, hints) for group, tests in groups.items()}
    return [(item, group) for group in _in_turns(costs) for item in groups[group]]


def _cost(items, hints):
    """(seconds, seconds of a core) of tests together."""
    each = [hints.get(item.nodeid, (_SHORT_S, _SHORT_S)) for item in items]
    return sum(seconds for seconds, _ in each), sum(cpu_s for _, cpu_s in each)


def _in_turns(costs):
    """The groups that wait and those that calculate, the longest first, as much time of each."""
    kinds = [[], []]
    for group, (seconds, cpu_s) in sorted(costs.items(), key=lambda entry: entry[1]):
        kinds[cpu_s * 2 < seconds].append(group)
    spent_s = [0, 0]
    while any(kinds):
        kind = min((k for k in (0, 1) if kinds[k]), key=lambda k: spent_s[k])
        group = kinds[kind].pop()
        spent_s[kind] += costs[group][0]
        yield group


def _shared_fixtures(item):
    """Names of what is made once for several tests, each with the number of its parameter; only
    those with a parameter where there is one: what is made of them has none.
    """
    made = item._fixtureinfo.name2fixturedefs if hasattr(item, "_fixtureinfo") else {}
    numbers = getattr(getattr(item, "callspec", None), "indices", {})
    shared = [
        name
        for name, definitions in sorted(made.items())
        # What a plugin makes belongs to no file, and costs nothing.
        if definitions[-1].scope != "function" and definitions[-1].baseid
    ]
    numbered = [f"{name}-{numbers[name]}" for name in shared if name in numbers]
    return "-".join(numbered or shared)


def arrange(items):
    """Bring tests into their order, in place, and tell pytest-xdist their groups."""
    hints = read_hints(HINTS.read_text("utf-8")) if HINTS.exists() else {}
    pairs = arranged(items, hints)
    items[:] = [item for item, _ in pairs]
    for item, group in pairs:
        item.add_marker(pytest.mark.xdist_group(group))


def cpu_s():
    """Seconds of a core that this process and the programs it has waited for took."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


class Meter:
    """Adds to each test's last report what it took of a core. Runs in each worker."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self):
        self._start_s = cpu_s()
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call):
        report = yield
        if call.when == "teardown":
            report.user_properties.append((_CPU, cpu_s() - self._start_s))
        return report


class Recorder:
    """Sums up what tests took, and writes the hints at the end. Runs where the workers report."""

    def __init__(self):
        self._durations = {}

    def pytest_runtest_logreport(self, report):
        test = report.nodeid
        if test.rfind("@") > test.rfind("]"):
            # The group, as pytest-xdist writes it.
            test = test.rpartition("@")[0]
        seconds, core_s = self._durations.get(test, (0, 0))
        core_s += sum(value for name, value in report.user_properties if name == _CPU)
        self._durations[test] = seconds + report.duration, core_s

    def pytest_sessionfinish(self):
        HINTS.write_text(written_hints(self._durations), "utf-8")
