"""Runs test files on a MicroPython VM: every `test_*` function, in the order of its name.

    micropython host_tests/vm_run.py host_tests/protocol/test_nmea.py ...

Run it in the top folder. Prints a line for each failure and `N passed, N failed`; exit code 1
when anything failed. The same files run under pytest on CPython.
"""

import gc
import os
import sys


def find_sources():
    """Import from the checkout, from wherever a test goes."""
    top = os.getcwd()
    sys.path[0] = top
    sys.path.insert(1, top + "/firmware")
    sys.path.insert(2, top + "/modules")


def run_file(path, before_each):
    """Import one test file and call its tests; returns (passed, failed)."""
    name = path[:-3].replace("/", ".")
    try:
        module = __import__(name, None, None, ("*",))
    except Exception as error:
        print("FAILED %s (import)" % path)
        sys.print_exception(error)
        return 0, 1
    passed = failed = 0
    for test in sorted(dir(module)):
        if not test.startswith("test_"):
            continue
        before_each()
        try:
            getattr(module, test)()
            passed += 1
        except Exception as error:
            failed += 1
            print("FAILED %s::%s" % (path, test))
            sys.print_exception(error)
    return passed, failed


def main(paths, before_each=gc.collect):
    passed = failed = 0
    for path in paths:
        good, bad = run_file(path, before_each)
        passed += good
        failed += bad
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    find_sources()
    sys.exit(main(sys.argv[1:]))
