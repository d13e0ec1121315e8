"""Runs what lies in `programs/` on a VM, with firmware and native modules compiled."""

from __future__ import annotations

import functools
import json
import subprocess
from pathlib import Path

from tools import build, vm

PROGRAMS = Path(__file__).parent / "programs"
_HEAP_KIB = 8192


class VMError(Exception):
    """A figure cannot be had from this VM; the text says why."""


@functools.cache
def tree(bits: int) -> Path:
    """The firmware with the names of its sources, native modules and the fake SPI for a VM."""
    march = vm.march(bits)
    target = build.BUILD / "bench" / march
    try:
        build.compile_tree(march, target, plain=True)
        build.compile_native(PROGRAMS / "fake_spi.py", target, march)
    except build.BuildError as error:
        raise VMError(str(error)) from None
    return target


def run(
    bits: int,
    program: str,
    arguments: list[str],
    folder: Path | None = None,
    cwd: Path = vm.ROOT,
) -> dict:
    """What `program` prints as JSON. folder: instead of `tree(bits)`. Raises VMError."""
    try:
        start = vm.command(bits, _HEAP_KIB)
    except vm.VMMissingError as error:
        raise VMError(str(error)) from None
    line = [*start, str(PROGRAMS / program), str(folder or tree(bits)), *arguments]
    try:
        done = subprocess.run(
            line, cwd=cwd, capture_output=True, text=True, check=False, timeout=120
        )
    except subprocess.TimeoutExpired:
        raise VMError(f"{program} took longer than 120 s") from None
    if done.returncode:
        raise VMError(f"{program} failed: {(done.stdout + done.stderr).strip().splitlines()[-1]}")
    # What the firmware logs stands before it.
    return json.loads(done.stdout.splitlines()[-1])
