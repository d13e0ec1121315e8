"""The names that MicroPython's own modules define, from `kept_names.txt`."""

from __future__ import annotations

import builtins
import functools
from pathlib import Path

KEPT_NAMES = Path(__file__).with_name("kept_names.txt")

# Modules that every image has, so that their names lie in its ROM.
_COMMON = ("math", "cmath", "uctypes", "errno", "heapq", "random", "framebuf", "deflate", "vfs")
# Methods of str, int and set.
_METHODS = {
    *("center", "isalpha", "islower", "isspace", "isupper", "lstrip", "rindex", "rsplit"),
    *("splitlines", "to_bytes", "from_bytes", "fromkeys", "popitem", "discard", "isdisjoint"),
    *("issubset", "issuperset", "union", "intersection", "difference", "symmetric_difference"),
    *("difference_update", "intersection_update", "symmetric_difference_update"),
}
# Attributes that the stubs forgot: of an `ssl` context, of `sys.stdin`, of streams, of others.
_FORGOTTEN = {
    *("verify_mode", "buffer", "seek", "tell", "getvalue", "pend_throw", "reverse"),
}
# Of the other modules that every image has, what nothing looks for on an object of ours.
_FUNCTIONS = {
    *("OrderedDict", "appendleft", "namedtuple", "popleft"),
    *("a2b_base64", "b2a_base64", "crc32", "hexlify", "unhexlify", "md5", "sha256"),
    *("dump", "dumps", "load", "loads", "match", "search", "sub", "group"),
    *("calcsize", "pack", "pack_into", "unpack", "unpack_from"),
    *("chdir", "getcwd", "listdir", "mkdir", "rmdir", "statvfs", "urandom"),
    *("gmtime", "localtime", "mktime", "time_ns", "sleep_us"),
    *("ticks_add", "ticks_cpu", "ticks_diff", "ticks_ms", "ticks_us"),
    *("collect", "isenabled", "mem_alloc", "mem_free", "threshold"),
    *("heap_lock", "heap_unlock", "kbd_intr", "mem_info", "opt_level", "qstr_info", "schedule"),
    *("argv", "byteorder", "implementation", "maxsize", "print_exception", "version_info"),
    *("stderr", "stdin", "stdout"),
}


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
    names = names - set(dir(builtins)) | _METHODS | _FUNCTIONS
    return sorted(names - set(sections), key=lambda name: (len(name), name))
