"""The translated tests as a folder, made once for all that run them. CPython only."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import json
import os
import shutil
import time
from pathlib import Path

from host_tests.deployed import meanings, translate
from tools import build, vm
from tools.shrink import explain

BITS = 32
BOARD = "LILYGO_TCALL_SIM800"
_HERE = Path(__file__).parent
_FOLDER = build.BUILD / "deployed"
_BOARD_FOLDER = "tools/simulated_board"
_RUNNER = "host_tests/deployed/runner.py"
# What tests read beside their sources.
_DATA = (".txt", ".json")
_KEPT_S = 24 * 3600
# Absolute, as a test may go elsewhere; put together there, as an argument has 255 bytes at most.
_START = """
import os, sys
top = os.getcwd() + "/"
sys.path[:] = [top + "{}", top + "{}", ".frozen"]
import {}
"""


@functools.cache
def firmware_tree() -> Path:
    """What a desk runs: the package as it is flashed, built without a look at any test."""
    return build.vm_tree(BITS, BOARD)


@functools.cache
def tests_tree(paths: tuple[str, ...]) -> Path:
    """Translate and compile test files with all they import; returns the import root.

    paths: from the top folder ("host_tests/links/test_at_port.py").
    """
    table = _table(firmware_tree())
    texts = {
        path.relative_to(vm.ROOT).as_posix(): path.read_text("utf-8")
        for path in _all_files()
        if path.suffix in (".py", *_DATA)
    }
    data = {path: text for path, text in texts.items() if not path.endswith(".py")}
    sources = {path: text for path, text in texts.items() if path.endswith(".py")}
    tools = [path.read_text("utf-8") for path in sorted(_HERE.glob("*.py"))]
    parts = [table["digest"], *tools, *paths, *texts, *texts.values()]
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
    tree = _FOLDER / digest
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with (_FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tree.exists():
            _remove_old()
            used = meanings.imported_sources([*paths, _RUNNER], sources)
            _write(tree, table["record"], {path: texts[path] for path in used}, data)
    os.utime(tree)
    return tree


def command(tests: Path, path: str) -> list[str]:
    """Command line that runs one test file; to be started in the top folder."""
    folders = [folder.relative_to(vm.ROOT).as_posix() for folder in (tests, firmware_tree())]
    start = _START.format(*folders, meanings.module_name(_RUNNER))
    return [*vm.command(BITS, heap_kib=8192), "-c", start, path]


def explained(output: str) -> str:
    """What a run printed, in the names of the sources."""
    return explain.explain(output, _table(firmware_tree()))


def _all_files() -> list[Path]:
    """The tests and what they share with the desk, which is small enough for a VM."""
    board = [vm.ROOT / "tools" / "__init__.py", *(vm.ROOT / _BOARD_FOLDER).rglob("*.*")]
    return sorted([*(vm.ROOT / "host_tests").rglob("*.*"), *board])


def _table(firmware: Path) -> dict:
    return json.loads(firmware.with_name(f"{firmware.name}.names.json").read_text("utf-8"))


def _write(tree: Path, record: dict, tests: dict[str, str], data: dict[str, str]) -> None:
    translator = translate.Translator(record, build.firmware_sources(), tests)
    texts = translator.translated()
    texts[f"{translate.HELPER}.py"] = translator.helper()
    partial = tree.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    for path, text in [*texts.items(), *data.items()]:
        (partial / path).parent.mkdir(parents=True, exist_ok=True)
        (partial / path).write_text(text, "utf-8")
    partial.rename(tree)


def _remove_old() -> None:
    for old in _FOLDER.glob("*/"):
        if old.stat().st_mtime < time.time() - _KEPT_S:
            shutil.rmtree(old, ignore_errors=True)
