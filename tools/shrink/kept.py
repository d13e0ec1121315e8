"""The names that MicroPython's own modules define, from `kept_names.txt`."""

from __future__ import annotations

import builtins
import functools
from pathlib import Path

KEPT_NAMES = Path(__file__).with_name("kept_names.txt")

# Modules that every image has, so that their names lie in its ROM; methods of str, int and set.
_COMMON = ("math", "cmath", "uctypes", "errno", "heapq", "random", "framebuf", "deflate", "vfs")
_METHODS = {
    *("center", "isalpha", "islower", "isspace", "isupper", "lstrip", "rindex", "rsplit"),
    *("splitlines", "to_bytes", "from_bytes", "fromkeys", "popitem", "discard", "isdisjoint"),
    *("issubset", "issuperset", "union", "intersection", "difference", "symmetric_difference"),
    *("difference_update", "intersection_update", "symmetric_difference_update"),
}
# Attributes that the stubs forgot.
_FORGOTTEN = {"verify_mode"}


@functools.cache
def _sections() -> dict[str, list[str]]:
    """Module to its names. A line is `module: name name ...`."""
    lines = KEPT_NAMES.read_text("ascii").splitlines()
    pairs = (line.split(": ") for line in lines if not line.startswith("#"))
    found: dict[str, list[str]] = {}
    for module, names in pairs:
        found.setdefault(module, []).extend(names.split())
    return found


@functools.cache
def kept_names() -> frozenset[str]:
    """All names of MicroPython's modules and of the builtins.

    All modules, imported or not: an object may come from one through another (a `tls` context is
    described as one of `ssl`), and an attribute of it that is renamed would be set in vain.
    """
    names = {name for names in _sections().values() for name in names}
    return frozenset(names | _FORGOTTEN | set(dir(builtins)))


def known_modules() -> set[str]:
    """The modules whose names are listed."""
    return set(_sections())


@functools.cache
def rom_names() -> list[str]:
    """Names that are stored in every image anyway, so that using them costs no RAM."""
    sections = _sections()
    names = {name for module in _COMMON for name in sections[module]}
    # Nothing that the VM or asyncio could look for on an object of ours.
    for module in ("builtins", "io", "asyncio", "select", "socket"):
        names.difference_update(sections[module])
    names = names - set(dir(builtins)) | _METHODS
    return sorted(names - set(sections), key=lambda name: (len(name), name))
