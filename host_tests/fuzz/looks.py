"""Lets the driver look less often whether what it waits for has come: ten times as many streams.

It counts its waiting in looks, so a virtual minute costs as many turns of the event loop as there
are looks in it. CPython only; a VM runs what `coarse` makes of the sources.
"""

import importlib
import re

from tools import build

_LOOK_MS = 500
_LINE = re.compile(r"^_LOOK_MS = const\((\d+)\)$", re.MULTILINE)


def _looking(sources):
    """Paths of the modules that look more often."""
    for path, text in sources.items():
        found = _LINE.search(text)
        if path.startswith("ovms/links/") and found and int(found[1]) < _LOOK_MS:
            yield path


def patch(monkeypatch):
    """For this process, until `monkeypatch` (pytest's) is undone."""
    for path in _looking(build.firmware_sources()):
        module = importlib.import_module(path[:-3].replace("/", "."))
        monkeypatch.setattr(module, "_LOOK_MS", _LOOK_MS)


def coarse(sources):
    """`sources` ({path: text}) of the firmware with fewer looks."""
    changed = dict(sources)
    for path in _looking(sources):
        changed[path] = _LINE.sub(f"_LOOK_MS = const({_LOOK_MS})", sources[path])
    return changed
