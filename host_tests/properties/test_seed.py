"""Which seed the random input has, and that whoever sees a failure can repeat it. CPython only."""

import os
import re
import subprocess
import sys

import pytest

from host_tests.fuzz import seed
from tools.vm import ROOT

PROBE = """
import os, pytest
@pytest.mark.parametrize("n", range(8))
def test_random_probe(n):
    print("seen", os.environ["OVMS_FUZZ_SEED"])
    assert not os.environ.get("PROBE_FAILS")
"""


def settled(**environ):
    seed.settle(environ)
    return environ[seed.NAME]


def test_the_seed_that_is_asked_for_counts():
    assert settled(OVMS_FUZZ_SEED="31337") == settled(OVMS_FUZZ_SEED="31337", CI="true") == "31337"


def test_without_a_wish_it_is_the_usual_one():
    assert settled() == settled(OVMS_FUZZ_SEED="", CI="") == "1"


def test_every_run_of_ci_has_a_new_one():
    assert len({settled(CI="true") for _ in range(20)}) > 15


@pytest.mark.parametrize("is_failing", [False, True])
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_run_of_ci_tells_its_seed(tmp_path, workers, is_failing):
    """One for all workers, told at the start and, how to repeat it, after a failure."""
    (tmp_path / "test_random_probe.py").write_text(PROBE)
    environ = {**os.environ, "CI": "true", "PYTHONPATH": str(ROOT)}
    environ.pop(seed.NAME, None)
    if is_failing:
        environ["PROBE_FAILS"] = "yes"
    plain = ["-q", "-n", workers, "-p", "host_tests.conftest", "-p", "no:cacheprovider", "-rA"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plain, "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == is_failing, done.stdout
    told = re.findall(r"OVMS_FUZZ_SEED=(\d+) make test PYTEST='-k random_'", done.stdout)
    assert len(told) == 1 + is_failing and len(set(told)) == 1, done.stdout
    assert set(re.findall(r"seen (\d+)", done.stdout)) == set(told)
