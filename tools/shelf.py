"""All code on demand in one file: what `firmware/ovms/broom.py` reads on the module.

A file takes at least a block of 4 KB of the module's flash, and an import that has to look through
a folder of many takes 20 ms for that alone.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Mapping

FILE = "on_demand.bin"
_COUNT = struct.Struct("<H")
_RECORD = struct.Struct("<12sI")


def packed(modules: Mapping[str, bytes]) -> bytes:
    """The file for compiled modules by the names they are imported by; layout: `broom.py`.

    ValueError for a name of more than 12 characters.
    """
    at = _COUNT.size + _RECORD.size * (len(modules) + 1)
    records, bodies = [], []
    for name in sorted(modules):
        if len(name) > 12:
            raise ValueError(f"{name} is too long a name for a module on demand.")
        records.append(_RECORD.pack(name.encode("ascii"), at))
        bodies.append(modules[name])
        at += len(modules[name])
    records.append(_RECORD.pack(b"", at))
    return b"".join([_COUNT.pack(len(modules)), *records, *bodies])


def unpacked(data: bytes) -> dict[str, bytes]:
    """The modules of such a file."""
    (count,) = _COUNT.unpack_from(data)
    records = _RECORD.iter_unpack(data[_COUNT.size : _COUNT.size + _RECORD.size * (count + 1)])
    starts = [(name.rstrip(b"\0").decode("ascii"), at) for name, at in records]
    return {name: data[at:end] for (name, at), (_, end) in itertools.pairwise(starts)}
