"""The desk's watchdog bites as the chip's does, on every runtime. CPython starts them."""

import signal
import subprocess
import sys
import time

import pytest

from host_tests.desk.module_rig import RUNTIMES, name_of, require
from tools import vm

PROGRAM = """
import sys
sys.path.insert(0, {shims!r})
import time
from machine import WDT
watchdog = WDT(timeout={timeout_ms})
for _ in range({fed}):
    time.sleep(0.5)
    watchdog.feed()
print("starving")
time.sleep({left_s})
print("done")
"""


def outcome(runtime, tmp_path, timeout_ms, fed, left_s):
    """(exit code, what was printed, seconds) of a program that feeds it and then does not."""
    path = tmp_path / "program.py"
    shims = str(vm.ROOT / "tools/simulated_board/board")
    values = {"shims": shims, "timeout_ms": timeout_ms, "fed": fed, "left_s": left_s}
    path.write_text(PROGRAM.format(**values))
    start = [sys.executable, "-u"] if runtime[0] == "cpython" else vm.command(int(runtime[2]))
    began_s = time.monotonic()
    done = subprocess.run(
        [*start, str(path)], cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False
    )
    return done.returncode, done.stdout.split(), time.monotonic() - began_s, done.stderr


@pytest.mark.parametrize("runtime", RUNTIMES, ids=name_of)
def test_it_bites_who_does_not_feed_it(runtime, tmp_path):
    require(runtime)
    code, printed, seconds, _ = outcome(runtime, tmp_path, 1000, 4, 30)
    assert (code, printed) == (-signal.SIGALRM, ["starving"])
    # As long as it was fed it did not.
    assert 3 <= seconds < 15


@pytest.mark.parametrize("runtime", RUNTIMES, ids=name_of)
def test_it_waits_as_long_as_it_was_told(runtime, tmp_path):
    require(runtime)
    code, printed, _, errors = outcome(runtime, tmp_path, 60_000, 1, 2)
    assert (code, printed) == (0, ["starving", "done"]), errors
