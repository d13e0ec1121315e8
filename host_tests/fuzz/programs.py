"""Starts `on_vm.py` on the 32-bit VM, with the firmware compiled for it. CPython only."""

import re
import subprocess

from host_tests.fuzz import looks
from host_tests.needs_vm import require
from tools import build, vm

_BITS = 32
# As it is written the firmware has 2,600 names, and MicroPython wants 18 KB in one piece for the
# last half of them.
_HEAP_KIB = 1024
_PROGRAM = vm.ROOT / "host_tests/fuzz/on_vm.py"
_NAMES = ("result", "heap", "n_qstr")
# Bytes that the conservative collector may keep or not.
_TOLERANCE = 3000
_LIMIT_S = 1000


class Programs:
    """The programs of one test file: they work while the tests before the last ones do.

    runs: (kind of input, seed, count) of each. folder: an empty one.
    """

    def __init__(self, folder, runs):
        require(_BITS)
        build.compile_package(looks.coarse(build.firmware_sources()), folder)
        build.compile_modules(folder, vm.march(_BITS))
        start = [*vm.command(_BITS, heap_kib=_HEAP_KIB), str(_PROGRAM), str(folder)]
        self._processes = {
            run: subprocess.Popen(
                [*start, *map(str, run)],
                cwd=vm.ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for run in runs
        }

    def result(self, kind, seed, count):
        """What a run brought; fails when it raised or left something in the heap."""
        process = self._processes[kind, seed, count]
        text = process.communicate(timeout=_LIMIT_S)[0]
        assert process.returncode == 0, text
        result, heaps, interned = (
            [int(number) for number in re.findall(f"{name}[ =]([0-9]+)", text)] for name in _NAMES
        )
        assert len(heaps) == 2 and abs(heaps[1] - heaps[0]) < _TOLERANCE, text
        assert interned[0] == interned[1], text
        return result[0]

    def stop(self):
        for process in self._processes.values():
            process.kill()
            process.communicate()
