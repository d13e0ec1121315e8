"""Two weeks of the whole module in the heap of an ESP32: ticks wrap, and nothing grows.

Runs on CPython and starts the 32-bit VM, whose ticks begin anew as the ESP32's after 2**30 ms:
12.4 days. What the tape is and what plays it: `tools/benchmarks/day`.
"""

import ast
import os
import re
import subprocess

import pytest

from host_tests.day.test_day import HARNESS_KIB, HEAP_KIB, PARTS, START, of
from host_tests.needs_vm import require
from tools import build, vm
from tools.benchmarks.day.tape import Tape
from tools.desk.twizy_scenarios import TOWN, Scenario, Step

# Minutes of processor time, so only when somebody asks: OVMS_TWO_WEEKS=1.
pytestmark = pytest.mark.skipif(not os.environ.get("OVMS_TWO_WEEKS"), reason="takes minutes")

DAYS = 14
DAY_S = 86_400
TICKS_PERIOD_MS = 1 << 30
# What lives on from one day to another with the same story.
GROWTH_BYTES = 64
TRIP = Scenario(
    60,
    (Step("park", 2), Step("key", 3), Step("drive", 60, TOWN), Step("key", 3), Step("park", 9)),
)
TRIP_S = 77


# Days with a trip in the morning and a charge in the evening; the others are parked.
USED = (0, 3, 6, 9, 12)


def day(tape, number):
    """A day from midnight on; a question in the evening."""
    begin_s = tape.seconds
    tape.wait(7 * 3600)
    if number in USED:
        tape.drive(TRIP, TRIP_S)
        tape.sms("STAT?")
        tape.wait(10 * 3600)
        tape.charge(tape.soc_pct + 2)
    tape.sms("VERSION")
    tape.wait(DAY_S - (tape.seconds - begin_s))
    tape.mark("day%d" % number)


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    """(tape, lines that the two weeks printed)."""
    require(32)
    folder = tmp_path_factory.mktemp("weeks")
    tape = Tape(62, 4437.1)
    for number in range(DAYS):
        day(tape, number)
    tape.end()
    flash = folder / "flash"
    flash.mkdir()
    (flash / "tape").write_bytes(tape.data)
    tree = folder / "t"
    build.compile_tree(vm.march(32), tree, beside=[PARTS / "day_child.py", PARTS / "time.py"])
    period = "import utime\nprint('LAST', utime.ticks_add(0, -1))\n"
    done = subprocess.run(
        [
            *vm.command(32, heap_kib=HEAP_KIB + HARNESS_KIB),
            "-c",
            period + START.format(str(tree)),
        ],
        cwd=flash,
        capture_output=True,
        text=True,
        check=False,
        timeout=1000,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return tape, done.stdout.splitlines()


def test_ticks_wrap(life):
    tape, lines = life
    assert of(lines, "LAST") == [str(TICKS_PERIOD_MS - 1)]
    assert tape.seconds * 1000 > TICKS_PERIOD_MS + DAY_S * 1000, "and a day behind it"


def test_heap(life):
    """At the same hour of two days with the same story, before ticks wrap and behind."""
    _, lines = life
    heaps = {line.split()[0]: int(line.split()[1]) for line in of(lines, "HEAP")}
    assert len(heaps) == DAYS
    assert heaps["day12"] - heaps["day6"] <= GROWTH_BYTES, heaps
    assert heaps["day13"] - heaps["day7"] <= GROWTH_BYTES, heaps
    counts = ast.literal_eval(of(lines, "COUNTS")[0])
    assert counts.pop("sms_retries", 0) + counts.pop("memory_retries", 0) <= 4 and counts == {}


def test_every_sms_is_answered(life):
    _, lines = life
    texts = of(lines, "SMS")
    # One behind each trip, and the news of the charge that was ended.
    assert len([text for text in texts if "ODO: " in text]) == 2 * len(USED)
    assert len([text for text in texts if "4.0.0" in text]) == DAYS
    reports = [text for text in texts if re.match("Efficiency", text)]
    assert len(reports) == len(USED), "one of each trip"


def test_no_record_is_lost(life):
    """Every trip has its statistics: acknowledged, each once."""
    _, lines = life
    records = [line for line in of(lines, "RECORD") if line.startswith("RT-PWR-UsageStats")]
    assert len(records) >= len(USED) and len(set(records)) == len(records)
