"""The firmware's tests again, on both MicroPython VMs. CPython starts them.

64 bit: the firmware as it is written. 32 bit, as wide as an ESP32: the files that are flashed,
shrunk and packed, with the tests translated to their names (`host_tests/deployed`).
"""

import subprocess

import pytest

from host_tests.deployed import tree
from host_tests.needs_vm import require
from tools import vm

FOLDERS = ("modules", "protocol", "drivers", "links", "vehicle", "services")
HERE = vm.ROOT / "host_tests"
FILES = tuple(
    sorted(
        str(path.relative_to(vm.ROOT))
        for folder in FOLDERS
        for path in (HERE / folder).glob("**/test_*.py")
    )
)


def output_of(command):
    """What a run of one test file printed, both streams, and whether it went well."""
    done = subprocess.run(
        command, cwd=vm.ROOT, capture_output=True, text=True, check=False, timeout=1000
    )
    return done.stdout + done.stderr, done.returncode == 0


@pytest.mark.parametrize("path", FILES)
def test_as_written(path):
    require(64)
    command = [*vm.command(64, heap_kib=8192), "host_tests/vm_run.py", path]
    output, is_good = output_of(command)
    assert is_good, output


@pytest.mark.parametrize("path", FILES)
def test_as_flashed(path):
    require(tree.BITS)
    output, is_good = output_of(tree.command(tree.tests_tree(FILES), path))
    assert is_good, tree.explained(output)
    assert "modules of the shelf" in output
