"""The firmware in this process: what tools read from its modules instead of repeating it."""

from __future__ import annotations

import importlib
import sys

from tools import vm


def prepare() -> None:
    """Let this process import the firmware."""
    for folder in ("firmware", "modules"):
        if str(vm.ROOT / folder) not in sys.path:
            sys.path.insert(0, str(vm.ROOT / folder))
    from tools.simulated_board import cpython

    cpython.install()


def attribute(module: str, *names: str):
    """A firmware module, or an attribute of it."""
    prepare()
    value = importlib.import_module(module)
    for name in names:
        value = getattr(value, name)
    return value
