"""Runs test files on a MicroPython VM: every `test_*` function, in the order of its name.

    micropython host_tests/vm_run.py host_tests/protocol/test_nmea.py ...

Run it in the top folder. Prints a line for each failure and `N passed, N failed`; exit code 1
when anything failed. The same files run under pytest on CPython.
"""

import gc
import sys

sys.path[0] = ""
sys.path.insert(1, "firmware")
sys.path.insert(2, "modules")


def run_file(path):
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
        gc.collect()
        try:
            getattr(module, test)()
            passed += 1
        except Exception as error:
            failed += 1
            print("FAILED %s::%s" % (path, test))
            sys.print_exception(error)
    return passed, failed


def main(paths):
    passed = failed = 0
    for path in paths:
        good, bad = run_file(path)
        passed += good
        failed += bad
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
