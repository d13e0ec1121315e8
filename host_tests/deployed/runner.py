"""Runs translated test files against the firmware that ships. MicroPython VM only.

Like `host_tests/vm_run.py`, but code on demand comes from its shelf, as on a module, and all of it
is forgotten before each test and now and then within one, as if the heap were always nearly full.
"""

import gc
import sys

import t__

import ovms
from host_tests import vm_run
from host_tests.shims import expect
from ovms.broom import Broom

# More than one command loads, so that a test gets on, and seldom the same ones.
_LOADS = 61


class ForgetfulBroom(Broom):
    """Does not wait for the heap; it leaves the collection, which takes the time, to that."""

    forgotten = 0

    def load(self, *arguments):
        if self.loads >= self.forgotten + _LOADS:
            self.forget()
        return Broom.load(self, *arguments)

    def forget(self):
        self.forgotten = self.loads
        self.sweep()

    def start_over(self):
        self.forget()
        gc.collect()


def main(paths):
    broom = ForgetfulBroom()
    broom.install(ovms)
    # As the module does with its car, of which a test has the class, not a broom.
    broom.keep(lambda: [__import__(name) for name in t__.CARS])
    expect.forget = broom.forget
    expect.module_names = t__.MODULES
    failed = vm_run.main(paths, broom.start_over)
    print("%d modules of the shelf, read %d times" % (len(broom.names), broom.loads))
    return failed


sys.exit(main(sys.argv[1:]))
