"""The firmware's tests again, on the 64-bit and the 32-bit MicroPython VM. CPython starts them."""

import subprocess

import pytest

from host_tests.needs_vm import require
from tools import vm

FOLDERS = ("modules", "protocol", "drivers", "links", "vehicle", "services")
HERE = vm.ROOT / "host_tests"
FILES = sorted(
    str(path.relative_to(vm.ROOT))
    for folder in FOLDERS
    for path in (HERE / folder).glob("**/test_*.py")
)


@pytest.mark.parametrize("bits", sorted(vm.TARGETS))
@pytest.mark.parametrize("path", FILES)
def test_on_vm(bits, path):
    require(bits)
    done = subprocess.run(
        [*vm.command(bits, heap_kib=8192), "host_tests/vm_run.py", path],
        cwd=vm.ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
