"""Reads `survivors.txt`: the mutants that no test can see, or need not see, and why.

    FILE FUNCTION
    - the statement's first line
    + the same, changed
    = Why that is no hole, for all above it since the last reason.

Blank lines and those of `#` are nothing. A file's path is from the top folder.
"""

from __future__ import annotations

from pathlib import Path

SURVIVORS = Path(__file__).with_name("survivors.txt")


class SurvivorsError(Exception):
    """A sentence on a line that is wrong."""


def read(text: str, paths: list[str]) -> dict[str, dict[tuple[str, str, str], str]]:
    """{path: {(function, before, after): reason}}. paths: those that may be."""
    found: dict[str, dict[tuple[str, str, str], str]] = {}
    path = function = before = ""
    waiting: list[tuple[str, tuple[str, str, str]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        mark, _, rest = line.partition(" ")
        if mark == "-":
            before = rest
        elif mark == "+" and before:
            waiting.append((path, (function, before, rest)))
        elif mark == "=" and waiting and rest.strip():
            for where, key in waiting:
                if found.setdefault(where, {}).setdefault(key, rest) is not rest:
                    raise SurvivorsError(f"survivors.txt:{number}: this stands here twice.")
            waiting.clear()
        elif mark in paths and rest.strip():
            path, function, before = mark, rest.strip(), ""
        elif mark.strip() and not mark.startswith("#"):
            raise SurvivorsError(f"survivors.txt:{number}: this line is not understood.")
    if waiting:
        raise SurvivorsError("survivors.txt: the last mutants have no reason.")
    return found
