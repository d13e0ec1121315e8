"""What a test calls first that needs a MicroPython VM. CPython only."""

import os

import pytest

from tools import vm


def require(bits):
    """Skip the test where the VM of `bits` cannot be started; with CI=true that is a failure."""
    try:
        vm.command(bits)
    except vm.VMMissingError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
