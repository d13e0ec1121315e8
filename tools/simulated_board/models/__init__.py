"""Register-level models of chips. They run on MicroPython and, with `cpython.py`, on CPython."""

import sys

if sys.implementation.name == "cpython":
    from tools.simulated_board import cpython

    cpython.install()
