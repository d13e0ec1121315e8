"""Entry of the firmware process on a computer, for CPython and the MicroPython VM.

    start.py TREE          on a VM: TREE holds the compiled firmware, board and shims
    start.py ROOT BOARD    on CPython: the checkout and the board's folder

Does what boot.py and main.py do on a board, plus the parameters given on the command line.
"""

import os
import sys

if sys.implementation.name == "cpython":
    # A file of its own: the VM's heap has no room for what only CPython runs.
    import start_cpython

    start_cpython.prepare(sys.argv[1], sys.argv[2])
else:
    # Each module's path is kept as a name: a long one, that no board has, would cost 5 KB of heap.
    os.mount(os.VfsPosix(sys.argv[1]), "/t")
    sys.path[:] = ["/t", ".frozen"]

import json  # noqa: E402

import machine  # noqa: E402
from board import Board  # noqa: E402

from ovms.app import main  # noqa: E402


class DeskBoard(Board):
    """The board with what a desk can do beyond it: let another node of the bus send a frame, show
    in which state of power it is.
    """

    def inject(self, arbitration_id, data):
        machine.inject(arbitration_id, data)

    def show_power(self, name, mhz, has_gps, can):
        machine.show('{"state": "%s", "gps": %s}' % (name, "true" if has_gps else "false"))


presets = {int(n): text for n, text in json.loads(os.getenv("OVMS_PARAMETERS") or "{}").items()}
try:
    main(DeskBoard(), presets)
except KeyboardInterrupt:
    sys.exit(0)
