"""Runs random input on a VM: micropython on_vm.py <compiled tree> <what> <seed> <count>

Prints `heap <bytes>` and the count of interned strings, once when everything is warm and once at
the end, then `result <number>`.
"""

import gc
import os
import sys

import micropython

_TREE = sys.argv[1]
# Percent of the batches until everything that is made once was made.
_WARM_PCT = 40
_FOLDER = 0x4000


def load(folder):
    """Import all modules of the firmware below `folder`, a path inside the tree.

    A command that comes for the first time after the heap was weighed would bring its module's
    code and names, and the same input with another seed would look like a leak.
    """
    for name, kind, *_ in os.ilistdir(_TREE + "/" + folder):
        path = folder + "/" + name
        if kind == _FOLDER:
            load(path)
        elif name.endswith(".mpy"):
            try:
                __import__(path[:-4].replace("/", ".").replace(".__init__", ""))
            except ImportError:
                # A driver of what only an ESP32 has; no random input gets there.
                assert folder == "ovms/drivers", path


class Scale:
    """Weighs the heap once it is warm and after the last of `batches`."""

    def __init__(self, batches):
        self._due = (batches * _WARM_PCT // 100, batches)
        self._done = 0

    def between(self):
        self._done += 1
        if self._done in self._due:
            gc.collect()
            gc.collect()
            print("heap %d" % gc.mem_alloc())
            micropython.qstr_info()


def main(what, seed, count):
    sys.path[:] = ["", _TREE, ".frozen"]
    from host_tests.fuzz import decode_run, server_run, sms_run, stream_run

    run, batch = {
        "sms": (sms_run.run, sms_run.BATCH),
        "streams": (stream_run.run, stream_run.BATCH),
        "gps": (decode_run.gps, decode_run.BATCH),
        "can": (decode_run.can, decode_run.BATCH),
        "lines": (server_run.engine, server_run.BATCH),
        "links": (server_run.link, server_run.LIFE),
    }[what]
    # These few the VM keeps sooner or later, whatever the firmware does.
    for code in range(256):
        chr(code)
    load("ovms")
    scale = Scale(-(-count // batch))
    print("result %d" % run(seed, count, scale.between))


main(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
