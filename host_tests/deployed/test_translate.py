"""Tests that are translated mean the same on shrunk firmware: small ones of either, on CPython."""

import subprocess
import sys

import pytest

from host_tests.deployed import translate
from tools import shrink

FIRMWARE = {
    "ovms/__init__.py": "",
    "ovms/app.py": """
from ovms.clock import Clock
from ovms.limits import HIGHEST, LimitError
from ovms import limits

class App:
    def __init__(self, clock, port):
        self.clock = clock or Clock(500)
        self.port = port
        self.readings = []
        self.counts = {}

    def take_reading(self, value, is_first=False):
        if value > HIGHEST:
            self.count("readings_refused")
            raise LimitError("%d is too high." % value)
        if limits.is_odd(value) and not is_first:
            self.count("readings_odd")
        self.readings.append((self.clock.uptime_ms(), value))

    def count(self, name):
        self.counts[name] = self.counts.get(name, 0) + 1

    def report(self, last_n):
        from ovms.texts import reading_text
        for when_ms, value in self.readings[-last_n:]:
            self.port.send_line(reading_text(when_ms, value))
            self._note()

    def _note(self):
        self._noted = getattr(self, "_noted", 0) + 1
        return self._noted

    def run(self):
        self.take_reading(1)
        self.report(1)
        return self.clock.now_s()
""",
    "ovms/clock.py": """
class Clock:
    def __init__(self, period_ms):
        self.period_ms = period_ms
        self.turns = 0

    def uptime_ms(self):
        self.turns += 1
        return self.turns * self.period_ms

    def now_s(self):
        return self.uptime_ms() // 1000
""",
    "ovms/limits.py": """
HIGHEST = 100
_STEP = 2

class LimitError(ValueError):
    pass

def is_odd(value):
    return value % _STEP == 1
""",
    "ovms/texts.py": """
from ovms.limits import HIGHEST
_FORM = "%d:%d of %d"

def reading_text(when_ms, value):
    return _FORM % (when_ms, value, HIGHEST)

SPARE = ["%d", _FORM]
""",
    "ovms/services/__init__.py": "",
    "ovms/services/counter_names.py": "SHORTENED = ()\n",
}
BENCH = '''
"""A fake, and a bench, in a module of their own."""
from ovms.app import App
from ovms.clock import Clock

class Port:
    def __init__(self):
        self.lines = []

    def send_line(self, text):
        self.lines.append(text)

class FakeClock(Clock):
    def uptime_ms(self):
        return self.turns + self.period_ms

def bench(period_ms=5):
    return App(FakeClock(period_ms), Port())
'''
START = """
import host_tests.bench as benches
from host_tests.bench import bench
from ovms import app, limits, texts
from ovms.app import App, LimitError as Refused
from ovms.clock import (
    Clock,
)
from ovms.limits import HIGHEST, _STEP
"""
# What a test does, for each kind of name.
CASES = {
    "fakes": "one = bench(); one.take_reading(3); one.report(1); "
    "assert one.port.lines == ['5:3 of 100']",
    "constants": "assert HIGHEST == limits.HIGHEST == 100 and _STEP == limits._STEP == 2",
    "private names": "one = bench(); assert one._note() == 1 and one._noted == 1",
    "counters": "one = bench(); one.take_reading(1); one.take_reading(1); "
    "assert one.counts == {'readings_odd': 2}",
    "keywords": "one = App(port=benches.Port(), clock=Clock(period_ms=4)); "
    "one.take_reading(is_first=True, value=9); assert one.readings == [(4, 9)]",
    "re-exports": "assert app.Clock is Clock and app.LimitError is Refused and app.HIGHEST == 100",
    "modules": "assert texts.reading_text(1, 2) == '1:2 of 100' and limits.is_odd(3)",
    "texts of getattr": "one = bench(); setattr(one, 'readings', [1]); name = 'readings'; "
    "assert getattr(one, name) == one.readings == [1] and not hasattr(one, 'take')",
    "__dict__": "one = Clock(7); assert one.__dict__['period_ms'] == 7",
    "writes": "one = bench(); one.clock.turns += 4; one.clock.turns, one.x = 8, 9; "
    "assert one.clock.uptime_ms() == 13 and one.x == 9",
}


@pytest.fixture(scope="module")
def shrunk():
    return shrink.shrink(
        FIRMWARE, ["from ovms.app import App\nApp(1, 2).run()\n"], groups=[("ovms.app",)]
    )


@pytest.fixture
def play(shrunk, tmp_path):
    """Function that runs test sources, {path: text}, translated: returns what they print."""

    def run(test, bench=BENCH):
        tests = {
            "host_tests/__init__.py": "",
            "host_tests/bench.py": bench,
            "host_tests/test.py": test,
        }
        translator = translate.Translator(shrunk.record, FIRMWARE, tests)
        texts = translator.translated()
        texts[f"{translate.HELPER}.py"] = translator.helper()
        for path, text in {**shrunk.sources, **texts}.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text, "utf-8")
        command = [sys.executable, "-c", "import host_tests.test"]
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=200
        )
        return done.stdout + done.stderr

    return run


@pytest.mark.parametrize("case", CASES)
def test_a_translated_test_holds(play, case):
    assert play(f"{START}{CASES[case]}\nprint('done')\n") == "done\n"


@pytest.mark.parametrize("case", CASES)
def test_a_translated_test_still_fails(play, case):
    """None of them holds because it does not look."""
    if case == "re-exports":
        broken = CASES[case].replace("is Clock", "is not Clock")
    elif case == "texts of getattr":
        broken = CASES[case].replace("== [1] and", "== [2] and")
    else:
        before, _, after = CASES[case].partition("assert ")
        broken = f"{before}assert not ({after})"
    assert "AssertionError" in play(f"{START}{broken}\n")


def test_names_that_share_a_short_one_meet_in_a_test(shrunk, play):
    """A bench has what belongs to the app, to the clock and to nobody, under one short name."""
    holders = {}
    for name, short in shrunk.record["names"].items():
        if not name.startswith("_"):
            holders.setdefault(short, []).append(name)
    one, other = next(names[:2] for names in holders.values() if len(names) > 1)
    own = next(iter(shrunk.record["names"].values()))
    bench = f"""
class Both:
    {own} = 0

    def __init__(self):
        self.{one} = 1
        self.{other} = 2

    def sum(self):
        return self.{one} + 10 * self.{other} + 100 * self.{own}

class More(Both):
    def {other}_of(self):
        self.{other} += 5
        return self.{other}
"""
    test = f"""
from host_tests.bench import Both, More
both, more = Both(), More()
both.{own} = 3
assert (both.{one}, both.{other}, both.{own}) == (1, 2, 3), both.__dict__
assert both.sum() == 321 and more.{other}_of() == 7
both.{other} += 2; both.{one}, more.{one} = 8, 9
assert (both.{one}, both.{other}, more.{one}, both.sum()) == (8, 4, 9, 348)
assert getattr(both, "{other}") == 4
print('done')
"""
    assert play(test, bench) == "done\n"


def test_the_firmware_finds_its_own_name_on_a_test_class_of_its_family(shrunk, play):
    """A car of a test has an attribute whose short name the firmware's base class uses."""
    record = shrunk.record
    clock = set(record["families"]["ovms.clock.Clock"])
    short = {record["names"].get(name, name) for name in clock}
    clashing = next(
        name for name, new in record["names"].items() if new in short and name not in clock
    )
    test = f"""
from ovms.clock import Clock

class Late(Clock):
    def {clashing}(self):
        return "mine"

late = Late(1500)
assert late.{clashing}() == "mine" and late.now_s() == 1 and late.turns == 1
print('done')
"""
    assert play(test) == "done\n"


def test_what_does_not_ship_is_told(play):
    said = play("from ovms.texts import SPARE\nSPARE.append(1)\n")
    assert "ovms.texts.SPARE is not in what ships" in said


def test_lines_stay_where_they_are(play):
    said = play(
        f"{START}\nfrom ovms.limits import (\n    is_odd,\n)\n\nbench().take_reading(101)\n"
    )
    line = START.count("\n") + 6
    assert f'test.py", line {line},' in said and "101 is too high." in said


def test_a_constant_cannot_be_replaced(shrunk):
    tests = {"host_tests/test.py": "from ovms import limits\nlimits.HIGHEST = 3\n"}
    translator = translate.Translator(shrunk.record, FIRMWARE, tests)
    with pytest.raises(translate.TranslationError, match="line 2: HIGHEST of ovms.limits has no"):
        translator.translated()


def test_what_a_fake_lacks_is_not_found_under_another_name(shrunk, play):
    """The firmware asks for what an object may have; a fake has that short name for another."""
    names = shrunk.record["names"]
    port = set(shrunk.record["families"]["ovms.clock.Clock"])
    asked, clashing = next(
        (asked, name)
        for asked in sorted(port - {"now_s"})
        for name, new in names.items()
        if names.get(asked) == new and name not in port and not name.startswith("_")
    )
    bench = f"""
class Fake:
    def now_s(self):
        return 1

    def {"turns" if asked != "turns" else "uptime_ms"}(self):
        return 2

    def {clashing}(self):
        return 3
"""
    test = f"""
from host_tests.bench import Fake
import t__
assert Fake().{clashing}() == 3 and not hasattr(Fake(), "{asked}")
assert t__.NAMES["{asked}"] not in dir(Fake())
print('done')
"""
    assert play(test, bench) == "done\n"
