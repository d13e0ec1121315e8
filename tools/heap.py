"""Heap that each part of the firmware takes on the 32-bit VM: `python -m tools.heap`.

A 32-bit VM has the word size of the ESP32, so its heap counts the same objects. `code` is what
importing a module takes, for one on demand with what it imports itself; `stays` is what is left
when all of that was forgotten again: mostly names, which MicroPython never forgets.
The modules are measured one by one; the last lines tell what they take together as they are built.
MicroPython keeps its list of names in pieces of 20, 40, 80, 160, 320, with 7 bytes for each place,
and a new piece is no part of what a module weighs that happens to need one: one by one, modules
have some thousand names more than as they are built, so here the list has room from the start.
`--plain` measures the firmware as it is written, to see what `tools.shrink` saves; `--romfs` the
same from a ROMFS image.
"""

from __future__ import annotations

import argparse
import ast
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools import build, images, shelf, vm
from tools.groups import MODEM_PROFILES
from tools.sources import foreign_modules

# In C on an ESP32, where their names lie in its ROM: what stands in for them on a desk would fill
# the list of names. Nobody asks them anything here.
CHIP_MODULES = ("machine", "network")
# Names to make room for when modules are measured one by one.
_APART_NAMES = 900
# What is imported for good on a module with a SIM800 and an MCP2515 that serves a Twizy, with all
# that it imports.
ENTRY = "ovms.app"
DROPPED = ("ovms.assembly",)
STARTS = (
    ENTRY,
    *DROPPED,
    MODEM_PROFILES["SIM800"],
    "ovms.drivers.mcp2515",
    "ovms.vehicle.twizy.car",
)

# Runs on the VM, with the tree and the lists of modules put in: an argument has 255 bytes at most.
# Code on demand comes as from `firmware/ovms/broom.py`: every module by the same path.
_PROBE = """
import builtins, gc, io, os, sys, micropython, vfs
tree, foreign, chip, name_count, resident, on_demand, on_shelf = {}
on_shelf = on_shelf.split()
# The path of a module is a name, too; that of a folder here is longer than any on a board.
if tree.endswith(".romfs"):
    with open(tree, "rb") as file:
        os.mount(vfs.VfsRom(file.read()), "/t")
    file = None
else:
    os.mount(os.VfsPosix(tree), "/t")
sys.path[:] = ["/t", ".frozen"]
class Shelf:
    def mount(self, readonly, mkfs):
        pass
    def stat(self, path):
        if path != "/-.mpy":
            raise OSError(2)
        return (0x8000,) + (0,) * 9
    def open(self, path, mode):
        with open("/t/shelf/" + self.name, "rb") as file:
            return io.BytesIO(file.read())
plain, slot = builtins.__import__, Shelf()
def find(name, *rest):
    modules = sys.modules
    if name in modules or name not in on_shelf:
        return plain(name, *rest)
    importer = modules.pop("-", None)
    slot.name = name
    try:
        modules[name] = plain("-")
    finally:
        modules.pop("-", None)
        if importer:
            modules["-"] = importer
    return modules[name]
def used():
    gc.collect()
    return gc.mem_alloc()
def load(name):
    before = used()
    try:
        __import__(name)
    except Exception as error:
        print("failed", name, repr(error))
    return used() - before
for name in chip.split():
    sys.modules[name] = sys
for name in foreign.split():
    __import__(name)
__import__("ovms")
if on_shelf:
    os.mount(slot, "/o")
    sys.path.insert(0, "/o")
    builtins.__import__ = find
print("start", 0, -1, used())
for name in resident.split():
    print(name, load(name), -1, used())
micropython.qstr_info()
for number in range(name_count):
    setattr(Shelf, "name%d" % number, 0)
kept = set(sys.modules)
for name in on_demand.split():
    before = used()
    try:
        module = __import__(name)
    except Exception as error:
        print("failed", name, repr(error))
    taken = used() - before
    module = None
    # With all that came along; a package holds its modules, too.
    for loaded in set(sys.modules) - kept:
        del sys.modules[loaded]
        package, _, last = loaded.rpartition(".")
        if hasattr(sys.modules.get(package), last):
            delattr(sys.modules[package], last)
    print(name, taken, used() - before, used())
micropython.qstr_info()
"""


def imports_of(text: str, names: set[str]) -> list[str]:
    """Modules out of `names` that a source imports when it is imported itself, in order."""
    found = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import):
            wanted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            wanted = [f"{node.module}.{alias.name}" for alias in node.names] + [node.module or ""]
        else:
            continue
        found += [name for name in wanted if name in names]
    return found


def import_order(sources: dict[str, str], starts: Sequence[str]) -> list[str]:
    """Modules reached from `starts`, each behind what it imports."""
    texts = {path.removesuffix(".py").replace("/", "."): text for path, text in sources.items()}
    order: list[str] = []

    def visit(name: str) -> None:
        if name not in order and name in texts:
            for needed in imports_of(texts[name], set(texts)):
                if needed != name:
                    visit(needed)
            order.append(name)

    for start in starts:
        visit(start)
    return order


@dataclass
class Heap:
    """rows: (module, bytes taken, bytes that stay, heap in use so far). names: what the VM says
    about its names, with the resident modules and with all. compiled_bytes: of all files.
    """

    rows: list[tuple[str, int, int | None, int]]
    names: list[str]
    compiled_bytes: int

    @property
    def resident_bytes(self) -> int:
        """What the modules that stay imported take."""
        return sum(taken for _, taken, stays, _ in self.rows if stays is None)


def measure(plain: bool = False, apart: bool = True, is_romfs: bool = False) -> Heap:
    """Build the firmware and import it piece by piece; arguments as for `build.compile_tree`.

    is_romfs: from a ROMFS image, whose bytecode runs where it lies.
    """
    sources = build.firmware_sources()
    # The one that builds all the others is forgotten.
    resident = [name for name in import_order(sources, STARTS) if name not in DROPPED]
    everything = [path.removesuffix(".py").replace("/", ".") for path in sorted(sources)]
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "t")
        build.compile_tree(vm.march(32), tree, plain, apart)
        size = sum(path.stat().st_size for path in (tree / "ovms").rglob("*.*"))
        on_demand_file = tree / "ovms" / shelf.FILE
        on_shelf = {}
        if on_demand_file.exists():
            on_shelf = shelf.unpacked(on_demand_file.read_bytes())
            Path(tree, "shelf").mkdir()
            for name, data in on_shelf.items():
                Path(tree, "shelf", name).write_bytes(data)
        table = json.loads(tree.with_name("t.names.json").read_text("utf-8"))
        codes = {name: name for name in everything if plain or name == ENTRY}
        for code, entry in table.get("files", {}).items():
            codes.setdefault(entry["path"].removesuffix(".py").replace("/", "."), code)
        # Parts of modules, too.
        on_demand = sorted(codes.keys() - resident)
        on_demand = [name for name in on_demand if "__init__" not in name]
        place = tree
        if is_romfs:
            place = Path(folder, build.ROM_IMAGE)
            images.write_romfs(tree, place)
        lists = [
            str(place),
            " ".join(sorted(foreign_modules(sources).difference(CHIP_MODULES))),
            " ".join(CHIP_MODULES),
            _APART_NAMES if apart and not plain else 0,
            # What was merged into another module has no file of its own.
            " ".join(codes[name] for name in resident if name in codes),
            " ".join(codes[name] for name in on_demand if name in codes),
            " ".join(sorted(on_shelf)),
        ]
        probe = Path(folder, "probe.py")
        probe.write_text(_PROBE.format(lists), "ascii")
        done = subprocess.run(
            [*vm.command(32, heap_kib=4096), str(probe)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    if done.returncode:
        raise build.BuildError(f"The firmware does not start: {done.stderr.strip()}")
    heap = Heap([], [], size)
    _read(done.stdout, {code: name for name, code in codes.items()}, heap)
    return heap


def _read(output: str, long: dict[str, str], heap: Heap) -> None:
    """Take over what the probe printed. long: module names by what the VM calls them."""
    for line in output.splitlines():
        if line.startswith("qstr pool"):
            heap.names.append(line)
        elif line.startswith("failed"):
            _, name, reason = line.split(" ", 2)
            raise build.BuildError(f"{long.get(name, name)} cannot be imported: {reason}")
        else:
            name, taken, stays, total = line.split()
            rest = None if stays == "-1" else int(stays)
            heap.rows.append((long.get(name, name), int(taken), rest, int(total)))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.heap", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--plain", action="store_true", help="do not shrink the firmware first")
    parser.add_argument("--romfs", action="store_true", help="plain, from a ROMFS image")
    options = parser.parse_args(arguments)
    try:
        is_plain = options.plain or options.romfs
        heap = measure(is_plain, is_romfs=options.romfs)
        built = heap if is_plain else measure(apart=False)
    except (build.BuildError, images.ImageError, vm.VMMissingError) as error:
        print(error, file=sys.stderr)
        return 2
    base = heap.rows[0][3]
    print(f"{'module':40}{'code':>8}{'stays':>8}{'sum':>8}")
    for name, taken, stays, total in heap.rows[1:]:
        print(f"{name:40}{taken:8}{'' if stays is None else stays:>8}{total - base:8}")
    print(f"\nresident, as built: {built.resident_bytes} bytes of heap")
    for when, names in zip(("resident", "all"), built.names, strict=True):
        print(f"names, {when}: {names.partition(': ')[2]}")
    print(f"compiled: {built.compiled_bytes} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
