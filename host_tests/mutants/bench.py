"""Runs the tests of one file for each of its mutants: `python -m host_tests.mutants.bench FILE`.

Started by `__main__.py` in a copy of the tree, which it writes to. Prints a JSON list for each
mutant: function, before, after, and what became of it. Every mutant has a process of its own,
forked from this one, which has all but the firmware and its tests in memory.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from host_tests.mutants.changes import mutants
from host_tests.mutants.targets import TARGETS, Target

SURVIVED, KILLED, TIMED_OUT = "survived", "killed", "timed out"
# Limits of a mutant, against what the tests take without one: seconds of a core, which no other
# work on the machine takes away, and seconds for what sleeps for ever.
_CPU_FACTOR, _CPU_S = 5, 2
_WALL_FACTOR, _WALL_S = 20, 20
_MAX_BYTES = 2 << 30
_OPTIONS = ("-x", "-q", "-n0", "-p", "no:cacheprovider", "--basetemp=build/tmp")


class BenchError(Exception):
    """The tests fail without any change."""


class Tests:
    """Some tests, and how long they may take."""

    def __init__(self, paths: tuple[str, ...]):
        self._paths = paths
        self._cpu_s = self._wall_s = 600.0

    def measure(self) -> None:
        """Without a change. What they need beside the tree comes into memory: then once more."""
        for _ in range(2):
            started_s, before_s = time.monotonic(), _children_s()
            end, names = self._run(True)
            if end != SURVIVED:
                raise BenchError(f"Without any change this fails: {' '.join(self._paths)}")
            wall_s, cpu_s = time.monotonic() - started_s, _children_s() - before_s
            for name in names:
                with suppress(Exception):
                    importlib.import_module(name)
            gc.collect()
            gc.freeze()
        self._cpu_s = _CPU_S + _CPU_FACTOR * cpu_s
        self._wall_s = _WALL_S + _WALL_FACTOR * wall_s

    def run(self) -> str:
        """What became of the mutant that is in the tree."""
        return self._run(False)[0]

    def _run(self, wants_names: bool) -> tuple[str, list[str]]:
        ours, theirs = os.pipe()
        child = os.fork()
        if not child:
            os.close(ours)
            self._be_child(theirs if wants_names else -1)
        os.close(theirs)
        with os.fdopen(ours) as pipe:
            status = _wait(child, self._wall_s)
            names = pipe.read().split()
        if os.WIFSIGNALED(status):
            is_late = os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)
            return TIMED_OUT if is_late else KILLED, names
        return SURVIVED if os.WEXITSTATUS(status) == 0 else KILLED, names

    def _be_child(self, pipe: int) -> None:
        code = 99
        try:
            cpu_s = int(self._cpu_s) + 1
            resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 5))
            resource.setrlimit(resource.RLIMIT_AS, (_MAX_BYTES, _MAX_BYTES))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            nothing = os.open(os.devnull, os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(nothing, number)
            code = int(pytest.main([*_OPTIONS, *self._paths]))
            if pipe >= 0:
                os.write(pipe, " ".join(_foreign_modules()).encode())
        finally:
            os._exit(code)


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _wait(child: int, limit_s: float) -> int:
    """The status of a child, which is killed when it takes longer."""
    pidfd = os.pidfd_open(child)
    try:
        if not select.select([pidfd], [], [], limit_s)[0]:
            os.kill(child, signal.SIGKILL)
    finally:
        os.close(pidfd)
    return os.waitpid(child, 0)[1]


def _foreign_modules() -> list[str]:
    """What was imported from beside this tree."""
    here = os.getcwd() + os.sep
    names = []
    for name, module in sys.modules.items():
        file = getattr(module, "__file__", None) or ""
        if file and not file.startswith(here) and getattr(module, "__spec__", None):
            names.append(name)
    # Of a pipe's capacity, which nobody empties meanwhile.
    return names[:1500]


def run(target: Target) -> int:
    """All mutants of one file: exit code."""
    stages = [Tests(paths) for paths in (target.tests, target.slow) if paths]
    try:
        for stage in stages:
            stage.measure()
    except BenchError as error:
        print(error, file=sys.stderr)
        return 2
    file = Path(target.path)
    text = file.read_text("utf-8")
    compiled = file.parent / "__pycache__"
    for mutant in mutants(text):
        file.write_text(mutant.source, "utf-8")
        for old in compiled.glob(f"{file.stem}.*.pyc"):
            old.unlink()
        end = SURVIVED
        for stage in stages:
            if end == SURVIVED:
                end = stage.run()
        print(json.dumps([*mutant.key, end]), flush=True)
    return 0


def main() -> int:
    return run(next(target for target in TARGETS if target.path == sys.argv[1]))


if __name__ == "__main__":
    sys.exit(main())
