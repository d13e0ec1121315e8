"""Counts the instructions of a MicroPython VM with callgrind: the same number on every machine.

valgrind 3.19 stops at an instruction of current i386 builds, `cs lea 0(%esi,%eiz,1),%esi`, a no-op
that fills gaps. So it gets copies of the VM and its libraries in which the prefix `cs` is a `nop`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from tools import vm

# A `cs` prefix before a long and a short `lea` that change nothing.
_GAPS = (b"\x2e\x8d\xb4\x26\0\0\0\0", b"\x2e\x8d\x74\x26\0")
_NOP = b"\x90"
_TOTAL = re.compile(r"Collected : (\d+)")


class UncountableError(Exception):
    """Instructions cannot be counted here; the text says why."""


def without_prefixes(code: bytes) -> bytes:
    """Machine code of the same size and effect that valgrind 3.19 can read."""
    for gap in _GAPS:
        code = code.replace(gap, _NOP + gap[1:])
    return code


def command(bits: int = 32, heap_kib: int | None = None) -> list[str]:
    """Start of a command line for the VM under callgrind; append a script and its arguments.

    The count stands on stderr when it ends, see `total`. Raises UncountableError.
    """
    valgrind = shutil.which("valgrind")
    if not valgrind:
        raise UncountableError("valgrind is not installed")
    try:
        start = vm.command(bits)
    except vm.VMMissingError as error:
        raise UncountableError(str(error)) from None
    if bits == 32:
        start = _readable_copy()
    line = [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null", *start]
    return [*line, "-X", f"heapsize={heap_kib}k"] if heap_kib else line


def total(stderr: str) -> int:
    """Instructions of a run from what callgrind wrote. Raises UncountableError."""
    found = _TOTAL.search(stderr)
    if not found or "unhandled instruction" in stderr:
        lines = [line for line in stderr.splitlines() if not line.startswith("==")]
        reason = lines[-1].strip() if lines else "no count in its output"
        raise UncountableError(f"valgrind cannot run this VM ({reason})")
    return int(found[1])


def count(arguments: list[str], bits: int = 32, timeout_s: float = 120) -> int:
    """Instructions of one run of the VM that must end well. Raises UncountableError."""
    try:
        done = subprocess.run(
            [*command(bits), *arguments],
            cwd=vm.ROOT,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired:
        raise UncountableError(f"it took longer than {timeout_s:.0f} s") from None
    instructions = total(done.stderr)
    if done.returncode:
        lines = (done.stdout + done.stderr).splitlines()
        texts = [line for line in lines if line and not line.startswith("==")]
        raise UncountableError(f"the script failed: {texts[-1] if texts else done.returncode}")
    return instructions


def _readable_copy() -> list[str]:
    """Command line of the patched 32-bit VM, made anew when the VM is newer."""
    architecture, libraries, loader, _ = vm.TARGETS[32]
    tree = vm.CACHE / architecture
    copy = vm.CACHE / "i386-callgrind"
    binary = tree / "usr/bin/micropython"
    done = copy / ".ready"
    if not done.exists() or done.stat().st_mtime < binary.stat().st_mtime:
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir(parents=True)
        for source in [binary, *(tree / libraries).glob("*.so*")]:
            _copy_readable(source, copy / source.name)
        done.touch()
    return [str(copy / loader), "--library-path", str(copy), str(copy / binary.name)]


def _copy_readable(source: Path, target: Path) -> None:
    target.write_bytes(without_prefixes(source.read_bytes()))
    shutil.copymode(source, target)
