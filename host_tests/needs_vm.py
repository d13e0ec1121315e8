"""What a test calls first that needs a MicroPython VM or an emulator. CPython only."""

import os
import shutil

import pytest

from tools import qemu, vm
from tools.benchmarks import callgrind


def require(bits):
    """Skip the test where the VM of `bits` cannot be started; with CI=true that is a failure."""
    try:
        vm.command(bits)
    except vm.VMMissingError as error:
        _miss(error)


def require_emulator(name):
    """Path of one of `qemu.PROGRAMS`; where there is none, the same as for a VM."""
    try:
        return qemu.program(name)
    except qemu.QemuMissingError as error:
        _miss(error)


def require_cmake():
    """Skip the test without CMake, as for a VM."""
    if shutil.which("cmake") is None:
        _miss("There is no CMake here: install Debian's package cmake.")


def require_callgrind():
    """Skip the test where instructions of the 32-bit VM cannot be counted, as for a VM."""
    try:
        callgrind.command(32)
    except callgrind.UncountableError as error:
        _miss(error)


def _miss(error):
    if os.environ.get("CI"):
        pytest.fail(str(error))
    pytest.skip(str(error))
