"""Entry of the firmware process on a computer, for CPython and the MicroPython VM.

    start.py TREE          on a VM: TREE holds the compiled firmware, board and shims
    start.py ROOT BOARD    on CPython: the checkout and the board's folder

Does what boot.py and main.py do on a board, plus the parameters given on the command line.
"""

import os
import sys


class _Console:
    """stdin as a module's: pollable, and its bytes under `buffer`."""

    def __init__(self, raw):
        self.buffer = raw

    def fileno(self):
        return self.buffer.fileno()


def _prepare_cpython(root, board):
    """Paths and stand-ins, and an unbuffered stdin that `select.poll` can be trusted with."""
    here = os.path.dirname(__file__)
    sys.path[:0] = [here, board, root + "/firmware", root + "/modules", root]
    from host_tests.shims import cpython

    cpython.install()
    cpython.set_time_scale(float(os.getenv("OVMS_TIME_SCALE") or 1))

    # Python's own reads ahead, and `select.poll` then says that nothing is there.
    sys.stdin = _Console(os.fdopen(0, "rb", 0))


if sys.implementation.name == "cpython":
    _prepare_cpython(sys.argv[1], sys.argv[2])
else:
    # Each module's path is kept as a name: a long one, that no board has, would cost 5 KB of heap.
    os.mount(os.VfsPosix(sys.argv[1]), "/t")
    sys.path[:] = ["/t", ".frozen"]

import json  # noqa: E402

import machine  # noqa: E402
from board import Board  # noqa: E402

from ovms.app import main  # noqa: E402


class DeskBoard(Board):
    """The board with what a desk can do beyond it: let another node of the bus send a frame."""

    def inject(self, arbitration_id, data):
        machine.inject(arbitration_id, data)


presets = {int(n): text for n, text in json.loads(os.getenv("OVMS_PARAMETERS") or "{}").items()}
try:
    main(DeskBoard(), presets)
except KeyboardInterrupt:
    sys.exit(0)
