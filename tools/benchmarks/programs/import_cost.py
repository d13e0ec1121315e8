"""Heap that importing the desk's stand-ins takes: it belongs to the desk, not to the firmware.

    import_cost.py TREE

TREE: as the board host compiles it. Prints {"bytes"}. MicroPython only.
"""

import gc
import json
import os
import sys

# Where `start.py` finds them, as their path takes heap, too.
os.mount(os.VfsPosix(sys.argv[1]), "/t")
sys.path[:] = ["/t", ".frozen"]


def main():
    gc.collect()
    before = gc.mem_alloc()
    import machine
    import network

    gc.collect()
    used = gc.mem_alloc() - before
    assert machine and network
    print(json.dumps({"bytes": used}))


main()
