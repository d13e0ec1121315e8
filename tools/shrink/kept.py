"""The names that MicroPython's own modules define, from `kept_names.txt`."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Iterable
from pathlib import Path

KEPT_NAMES = Path(__file__).with_name("kept_names.txt")

# Classes of objects that are around whatever is imported.
_ALWAYS = ("builtins", "_mpy_shed", "io", "types")
# Modules that every image has, so that their names lie in its ROM.
_COMMON = ("math", "cmath", "uctypes", "errno", "heapq", "random", "framebuf", "deflate")


@functools.cache
def _sections() -> dict[str, list[str]]:
    """Module to its names. A line is `module: name name ...`."""
    lines = KEPT_NAMES.read_text("ascii").splitlines()
    pairs = (line.split(": ") for line in lines if not line.startswith("#"))
    found: dict[str, list[str]] = {}
    for module, names in pairs:
        found.setdefault(module, []).extend(names.split())
    return found


def kept_names(modules: Iterable[str]) -> set[str]:
    """Names of the builtins and of the MicroPython modules out of `modules`."""
    sections = _sections()
    names = {name for module in (*_ALWAYS, *modules) for name in sections.get(module, ())}
    return names | set(dir(builtins))


@functools.cache
def rom_names() -> list[str]:
    """Names that are stored in every image anyway, so that using them costs no RAM."""
    sections = _sections()
    names = {name for module in _COMMON for name in sections[module]}
    # Nothing that the VM or asyncio could look for on an object of ours.
    names -= kept_names(("asyncio", "select", "socket"))
    return sorted(names - set(sections), key=lambda name: (len(name), name))
