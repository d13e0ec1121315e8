"""The part of `start.py` that only CPython needs."""

import os
import sys


class _Console:
    """stdin as a module's: pollable, and its bytes under `buffer`."""

    def __init__(self, raw):
        self.buffer = raw

    def fileno(self):
        return self.buffer.fileno()


def prepare(root, board):
    """Paths and stand-ins, and an unbuffered stdin that `select.poll` can be trusted with."""
    here = os.path.dirname(__file__)
    boards = os.path.dirname(board)
    sys.path[:0] = [here, board, boards, root + "/firmware", root + "/modules", root]
    from tools.simulated_board import cpython

    cpython.install()
    cpython.set_time_scale(float(os.getenv("OVMS_TIME_SCALE") or 1))

    # Python's own reads ahead, and `select.poll` then says that nothing is there.
    sys.stdin = _Console(os.fdopen(0, "rb", 0))
