"""What runs on the VM, built once."""

import pytest

from host_tests.needs_vm import require
from host_tests.update.update_bench import BOARD
from tools import build
from tools.desk.board_host import STAND_INS


@pytest.fixture(scope="session")
def tree():
    """What the VM runs, as a module's tree."""
    require(64)
    return build.vm_tree(64, BOARD, STAND_INS)
