"""Compiled firmware packages, each made once for all that want it.

Shrinking and compiling the firmware takes seconds, and what comes out is the same for all boards,
processors, desks and tests: a package is kept below `build/packages/` by a digest of everything
that decides what it looks like, and copied to where it is wanted. Whoever wants one that another
process is making waits for it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tools.vm import ROOT

FOLDER = ROOT / "build" / "packages"
# Of a package: what `tools.shrink.explain` needs, beside the folder `ovms`.
TABLE = "names.json"
_KEPT_S = 24 * 3600


def made(digest: str, make: Callable[[Path], None]) -> Path:
    """Folder of the package of `digest`; nobody writes into it.

    make: fills an empty folder, if there is no such package yet. What it raises is passed on, and
    the next one who asks tries again. Packages nobody asked for within a day are removed.
    """
    # What is compiled was written by Python's own `ast`.
    name = f"{digest}-{sys.version_info.major}.{sys.version_info.minor}"
    folder = FOLDER / name
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _alone(name):
        if not folder.exists():
            partial = FOLDER / f"{name}.partial"
            # Of a build that was killed.
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            try:
                make(partial)
                partial.rename(folder)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
        os.utime(folder)
    _remove_old()
    return folder


def write_table(folder: Path, table: dict) -> None:
    """Write the table of a package, with a list of its files."""
    built = [file.relative_to(folder).as_posix() for file in _files(folder)]
    (folder / TABLE).write_text(json.dumps({**table, "built": built}), "utf-8")


def _files(folder: Path) -> list[Path]:
    """What a package has: with nothing merged, its modules lie beside the folder `ovms`."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return [file for file in files if file != folder / TABLE]


def is_current(table_file: Path, digest: str, target: Path) -> bool:
    """Whether the package of `digest` lies below `target`, and its table in `table_file`."""
    try:
        table = json.loads(table_file.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return table["digest"] == digest and all((target / name).exists() for name in table["built"])


def put(package: Path, target: Path) -> list[str]:
    """Copy the files of a package below `target` in place of an earlier one; returns their paths.

    A tree in use is without a file at no time, but for those that the new one has no more.
    """
    files = _files(package)
    names = [file.relative_to(package).as_posix() for file in files]
    for file, name in zip(files, names, strict=True):
        new = target / name
        new.parent.mkdir(parents=True, exist_ok=True)
        beside = new.with_suffix(".new")
        shutil.copyfile(file, beside)
        beside.replace(new)
    remove_others(target, names)
    return names


def remove_others(target: Path, names: Collection[str]) -> None:
    """Remove what of an earlier package below `target` is none of `names`."""
    for old in sorted((target / "ovms").rglob("*"), reverse=True):
        if old.is_dir() and not any(old.iterdir()):
            old.rmdir()
        elif old.is_file() and old.relative_to(target).as_posix() not in names:
            old.unlink()


@contextmanager
def _alone(name: str, flags: int = 0) -> Iterator[None]:
    """Until the end nobody else makes or removes this package, nor others of its first digit.

    flags: LOCK_NB raises BlockingIOError where somebody does.
    """
    with (FOLDER / f"{name[0]}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | flags)
        yield


def _remove_old() -> None:
    for old in FOLDER.glob("*/"):
        with suppress(BlockingIOError), _alone(old.name, fcntl.LOCK_NB):
            # Whoever wants it touches it first, and a copy does not take a day.
            if old.exists() and old.stat().st_mtime < time.time() - _KEPT_S:
                shutil.rmtree(old, ignore_errors=True)
