"""Computes the Twizy's acceptance filters COUNT times, to be counted from outside.

can_filters.py TREE COUNT
"""

import sys

sys.path[:] = [sys.argv[1], ".frozen"]

from ovms.drivers.mcp2515_filters import acceptance_filters  # noqa: E402
from ovms.vehicle.twizy.car import Twizy  # noqa: E402

for _ in range(int(sys.argv[2])):
    acceptance_filters(Twizy.RX_IDS, Twizy.FOREIGN_IDS)
