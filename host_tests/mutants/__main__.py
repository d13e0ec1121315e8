"""`python -m host_tests.mutants [FILE]`: see the package. Exit code 1: something is to be done."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from host_tests.mutants.bench import KILLED, SURVIVED
from host_tests.mutants.survivors import SURVIVORS, SurvivorsError, read
from host_tests.mutants.targets import TARGETS, Target
from tools.vm import ROOT

_PARTS = ("boards", "firmware", "host_tests", "modules", "tools")
_FOLDER = ROOT / "build" / "mutants"
_IGNORED = shutil.ignore_patterns("__pycache__")

_Key = tuple[str, str, str]


def main(arguments: list[str]) -> int:
    chosen = [target for target in TARGETS if not arguments or target.path in arguments]
    unknown = set(arguments) - {target.path for target in TARGETS}
    if unknown:
        print(f"No such file in host_tests/mutants/targets.py: {min(unknown)}", file=sys.stderr)
        return 2
    try:
        argued = read(SURVIVORS.read_text("utf-8"), [target.path for target in TARGETS])
    except SurvivorsError as error:
        print(error, file=sys.stderr)
        return 2
    return max([_try(target, argued.get(target.path, {})) for target in chosen])


def _try(target: Target, argued: dict[_Key, str]) -> int:
    """Run all mutants of a file, and say what is to be done: exit code."""
    tree = _copied_tree()
    started_s = time.monotonic()
    bench = subprocess.Popen(
        [sys.executable, "-m", "host_tests.mutants.bench", target.path],
        cwd=tree,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE,
        text=True,
    )
    ends: dict[_Key, str] = {}
    assert bench.stdout is not None
    for line in bench.stdout:
        function, before, after, end = json.loads(line)
        ends[function, before, after] = end
        if end == SURVIVED and (function, before, after) not in argued:
            print(f"{target.path} {function}\n- {before}\n+ {after}\n", flush=True)
    if bench.wait():
        return 2
    holes = [key for key, end in ends.items() if end == SURVIVED and key not in argued]
    complaints = [(key, "is no mutant any more") for key in argued if key not in ends]
    complaints += [(key, "is killed") for key in argued if ends.get(key) == KILLED]
    for (function, before, after), text in complaints:
        print(f"survivors.txt: this {text}: {function}\n- {before}\n+ {after}\n")
    dead = sum(end != SURVIVED for end in ends.values())
    told = len(ends) - dead - len(holes)
    print(
        f"{target.path}: {len(ends)} mutants, {dead} killed, {told} argued, {len(holes)} open,"
        f" {time.monotonic() - started_s:.0f} s",
        flush=True,
    )
    return 1 if holes or complaints else 0


def _copied_tree() -> Path:
    """All that the tests read, as it is now."""
    tree = _FOLDER / "tree"
    shutil.rmtree(_FOLDER, ignore_errors=True)
    for part in _PARTS:
        shutil.copytree(ROOT / part, tree / part, ignore=_IGNORED)
    shutil.copy(ROOT / "pyproject.toml", tree)
    (tree / "build").mkdir()
    return tree


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
