"""Cars that a table reads: instructions a second and heap, and the price beside code.

The frames are those that each car's simulator sends while it drives, less what the car does not
read. Of a second, as most of the work is done once in it: a frame that was read is skipped then.
"""

from __future__ import annotations

from pathlib import Path

from tools import build, on_cpython, vm
from tools.benchmarks import callgrind, on_vm
from tools.benchmarks.rows import Row, not_measured
from tools.car.__main__ import text_of
from tools.desk.dbc_cars import CARS
from tools.desk.dbc_sim import DBCSimulator
from tools.desk.twizy_sim import TwizySimulator

GROUP = "Cars of a table, 32 bit"
# What the 262 frames a second of a Twizy may take (design: 25,000 for each).
BUDGET_INSTRUCTIONS = 262 * 25_000
_TWIZY_MAP = vm.ROOT / "tools" / "benchmarks" / "programs" / "twizy_table" / "map.csv"
_TWIZY_TABLE = "twizy_table"
_START_MS = 20_000
_SECONDS = 10
# More than one second of any of them, so that the once-a-second part is in it.
_SHORT_S, _LONG_S = 2, 8


def measure(folder: Path, is_quick: bool) -> list[Row]:
    """folder: for files of ours. All rows of this group."""
    try:
        tree = on_vm.tree(32)
        source = folder / f"{_TWIZY_TABLE}.py"
        source.write_text(text_of(_TWIZY_MAP), "utf-8")
        build.compile_file(source, tree / f"{_TWIZY_TABLE}.mpy", source.name)
    except (build.BuildError, on_vm.VMError, vm.VMMissingError) as error:
        return [not_measured(GROUP, "host instructions a frame", str(error))]
    namespace: dict = {}
    exec(source.read_text("utf-8"), namespace)  # noqa: S102 - made above
    ids = namespace["Map" if "Map" in namespace else "TwizyTable"].RX_IDS
    twizy = TwizySimulator("drive")
    twizy.step(_START_MS)
    frames = [frame for frame in twizy.step(_SECONDS * 1000) if frame[0] in ids]
    rows: list[Row] = []
    for title, module in (
        ("Twizy, 13 ids, by code", "ovms.vehicle.twizy.car"),
        ("Twizy, 13 ids, by a table", _TWIZY_TABLE),
    ):
        rows += _rows(tree, folder, title, module, frames)
    codes = ("NL", "MI") if is_quick else tuple(CARS)
    for code in codes:
        module = f"ovms.vehicle.{_folder_of(code)}.car"
        if CARS[code].chatter:
            rows.append(_heap_row(f"{code}, {CARS[code].title}", module, folder))
            continue
        car = DBCSimulator(code, "drive")
        car.step(_START_MS)
        wanted = on_cpython.attribute(module, _class_of(code), "RX_IDS")
        frames = [frame for frame in car.step(_SECONDS * 1000) if frame[0] in wanted]
        rows += _rows(tree, folder, f"{code}, {CARS[code].title}", module, frames)
    return rows


def _heap_row(title: str, module: str, folder: Path) -> Row:
    """Of a car that is asked: what it hears and what it is answered is less than a frame a second
    while it is asked, so that its instructions do not count.
    """
    file = folder / "no_frames.bin"
    file.write_bytes(b"\0\0")
    try:
        heap = on_vm.run(32, "table_instructions.py", [module, str(file), "heap", "0"])["heap"]
    except on_vm.VMError as error:
        return not_measured(GROUP, f"{title}: heap", str(error))
    return Row(GROUP, f"{title}: heap", heap, "bytes", note="not shrunk; code, table, object")


def _folder_of(code: str) -> str:
    return {"NL1": "leaf_2010", "NL3": "leaf_2018"}.get(code, CARS[code].folder)


def _class_of(code: str) -> str:
    return "".join(word.capitalize() for word in _folder_of(code).split("_"))


def _rows(
    tree: Path, folder: Path, title: str, module: str, frames: list[tuple[int, bytes]]
) -> list[Row]:
    per_s = len(frames) // _SECONDS
    data = bytearray(per_s.to_bytes(2, "little"))
    for arbitration_id, payload in frames:
        data += arbitration_id.to_bytes(2, "little") + bytes((len(payload),))
        data += payload.ljust(8, b"\0")
    file = folder / "table_frames.bin"
    file.write_bytes(data)
    what = f"{title}: host instructions a second"
    try:
        car = _per_second(tree, file, module, "car", per_s)
        loop = _per_second(tree, file, module, "loop", per_s)
        heap = on_vm.run(32, "table_instructions.py", [module, str(file), "heap", "0"])["heap"]
    except (callgrind.UncountableError, on_vm.VMError) as error:
        return [not_measured(GROUP, what, str(error), BUDGET_INSTRUCTIONS)]
    note = f"{per_s} frames, {(car - loop) / per_s:,.0f} for each"
    is_table = "twizy.car" not in module
    return [
        Row(GROUP, what, car - loop, "instructions", BUDGET_INSTRUCTIONS, note=note),
        Row(
            *(GROUP, f"{title}: heap", heap, "bytes"),
            note="not shrunk; code, table, object" if is_table else "more than the table reads",
        ),
    ]


def _per_second(tree: Path, file: Path, module: str, part: str, per_s: int) -> float:
    script = str(vm.ROOT / "tools" / "benchmarks" / "programs" / "table_instructions.py")
    short, long = (
        callgrind.count([script, str(tree), module, str(file), part, str(seconds * per_s)])
        for seconds in (_SHORT_S, _LONG_S)
    )
    return (long - short) / (_LONG_S - _SHORT_S)
