"""Register-level models of chips. They run on MicroPython and, with the shims, on CPython."""

import sys

if sys.implementation.name == "cpython":
    from host_tests.shims import cpython

    cpython.install()
