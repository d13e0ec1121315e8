"""Translates what a module with shrunk firmware prints back into the names of the sources.

    python -m tools.shrink.explain build/LILYGO_TCALL_SIM800.names.json < traceback.txt

A short name may stand for several functions of a file. In a traceback each function calls the
next one, so those that do not mention the next one's name are left out.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

_PLACE = re.compile(r'File "([\w./]+)", line \d+, in ([\w<>]+)')
_QUOTED = re.compile(r"'(\w+)'")


def name_table(shrunk, codes: dict[str, str]) -> dict:
    """What `explain` needs, as JSON. codes: path of a source to what tracebacks call it."""
    names: dict[str, list[str]] = {}
    for long, short in sorted(shrunk.names.items()):
        names.setdefault(short, []).append(long)
    files = {
        codes[path]: {"path": path, "functions": shrunk.functions[path]}
        for path in shrunk.paths
        if path in codes
    }
    return {"names": names, "files": files, "dead": shrunk.dead}


def explain(text: str, table: dict) -> str:
    """`text` with files, functions and quoted names as they are in the sources.

    Where a short name stands for several, all of them are given: `Config.get or Config.shown`.
    """
    lines = text.splitlines()
    frames = [_candidates(line, table) for line in lines]
    for number in reversed(range(len(lines) - 1)):
        _leave_callers(frames[number], frames[number + 1])
    for number in range(len(lines) - 1):
        _leave_called(frames[number], frames[number + 1])
    return "\n".join(
        _with_names(line, frame, table) for line, frame in zip(lines, frames, strict=True)
    )


def _candidates(line: str, table: dict) -> dict[str, list[str]]:
    """Functions that the line of a traceback may mean, each with the names that it uses."""
    match = _PLACE.search(line)
    entry = table["files"].get(match[1]) if match else None
    return dict(entry["functions"].get(match[2], {})) if match and entry else {}


def _leave_callers(callers: dict[str, list[str]], called: dict[str, list[str]]) -> None:
    names = {_last(name) for name in called}
    fitting = {name for name, used in callers.items() if names & set(used)}
    for name in [name for name in callers if fitting and name not in fitting]:
        del callers[name]


def _leave_called(callers: dict[str, list[str]], called: dict[str, list[str]]) -> None:
    used = {name for names in callers.values() for name in names}
    fitting = {name for name in called if _last(name) in used}
    for name in [name for name in called if fitting and name not in fitting]:
        del called[name]


def _last(name: str) -> str:
    """What a caller writes: a constructor is called by the name of its class."""
    parts = name.split(".")
    return parts[-2] if parts[-1] == "__init__" else parts[-1]


def _with_names(line: str, frame: dict[str, list[str]], table: dict) -> str:
    match = _PLACE.search(line)
    if not match:
        return _QUOTED.sub(lambda m: f"'{' or '.join(table['names'].get(m[1], [m[1]]))}'", line)
    entry = table["files"].get(match[1])
    if entry is None:
        return line
    where = f'File "{entry["path"]}", in {" or ".join(frame) or match[2]}'
    return line[: match.start()] + where + line[match.end() :]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.shrink.explain", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("names", type=Path, help="the .names.json written beside the build")
    options = parser.parse_args(arguments)
    try:
        table = json.loads(options.names.read_text("utf-8"))
        files = table["files"]
    except (OSError, ValueError, KeyError):
        print(f"{options.names} is no table of names: build the firmware first.", file=sys.stderr)
        return 2
    if not files:
        print("The firmware was built with --plain: its names are those of the sources.")
        return 0
    print(explain(sys.stdin.read(), table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
