"""Lets the driver look less often whether what it waits for has come: ten times as many streams.

It counts its waiting in looks, so a virtual minute costs as many turns of the event loop as there
are looks in it. CPython only; a VM runs what `coarse` makes of the sources.
"""

import importlib
import re

# Module: milliseconds between two looks.
_LOOKS_MS = {
    "ovms.links.at_port": 500,
    "ovms.links.modem_ask": 1000,
    "ovms.links.modem_gprs": 1000,
    "ovms.links.modem_link": 1000,
    "ovms.links.modem_wake": 1000,
}
_LINE = re.compile(r"^_LOOK_MS = const\(\d+\)$", re.MULTILINE)


def patch(monkeypatch):
    """For this process, until `monkeypatch` (pytest's) is undone."""
    for name, look_ms in _LOOKS_MS.items():
        monkeypatch.setattr(importlib.import_module(name), "_LOOK_MS", look_ms)


def coarse(sources):
    """`sources` ({path: text}) of the firmware with these looks."""
    changed = dict(sources)
    for name, look_ms in _LOOKS_MS.items():
        path = name.replace(".", "/") + ".py"
        changed[path], count = _LINE.subn(f"_LOOK_MS = const({look_ms})", sources[path])
        assert count == 1, path
    return changed
