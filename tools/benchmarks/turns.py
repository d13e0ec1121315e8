"""Turns of the event loop: the longest one, the code loaded for an SMS, the depth of the C stack.

The whole module lives through SMS, a drive and a charge on the 32-bit VM in virtual time, as it is
shipped: `programs/life.py`. A turn is what one task does from one `await` that waits to the next;
nothing else runs meanwhile. The longest turns with what they did go to `build/bench/turns.txt`,
what it takes to load each module to `build/bench/loads.txt`.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools import build, on_cpython, shelf, vm
from tools.benchmarks import callgrind, on_vm
from tools.benchmarks.rows import Row, not_measured
from tools.desk.twizy_scenarios import TOWN, Scenario, Step

GROUP = "Event loop, 32 bit"
LOADS_GROUP = "Code on demand"
STACK_GROUP = "C stack, 32 bit"
# 100 ms of an ESP32 that does 125 million a second, flash not counted.
BUDGET_TURN = 6_000_000
# Modules that one turn may load, however often the build cut them: the longest chain is what is
# said of a charge. `host_tests/test_turns.py` fails above it.
BUDGET_MODULES = 5
BUDGET_STACK_BYTES = 10 * 1024
_DAY = vm.ROOT / "tools" / "benchmarks" / "day"
_ESP32_STACK_KB = 16
# The heap of an ESP32 without PSRAM, and the small one of the design.
HEAPS_KIB = (112, 96)
# At least what the stand-ins take; the broom is told exactly.
_STAND_INS_KIB = 33
# Of a machine that has much else to do.
_LIMIT_S = {"count": 1800, "stack": 300, "loads": 300, "modules": 300}
_COUNTING = ("count", "modules")
# So many KB that nothing is swept while modules are loaded one by one.
_AMPLE_KIB = 2000
_LISTED = 200
TEXTS = ("STAT?", "SUMMARY", "MODULE TWIZY42 K SMSIP RT")
_DRIVE = Scenario(
    60,
    (Step("park", 2), Step("key", 10), Step("drive", 15, TOWN), Step("key", 3), Step("park", 9)),
)
_DRIVE_S = 39
_COMMANDS = ("1", "7,STAT", "31", "206")
_COUNTED = re.compile(r"^events-1: (\d+)$", re.MULTILINE)
_START = """
import sys
sys.path[:] = [{!r}, ".frozen"]
import asyncio, gc, struct, time
gc.collect()
before = gc.mem_alloc()
import life
gc.collect()
life.main({!r}, {}, gc.mem_alloc() - before)
"""


@dataclass(frozen=True)
class Turn:
    """instructions: of the 32-bit VM. loaded: modules read from the shelf, in their order. files:
    other files opened. after: the last mark of the tape.
    """

    instructions: int
    task: str
    loaded: tuple[str, ...]
    files: int
    after: str

    @property
    def modules(self) -> set[str]:
        """The modules of which something was loaded; the build may cut one into several."""
        return {name.partition(":")[0] for name in self.loaded}

    @property
    def reads(self) -> int:
        """How often flash was asked for a module or another file."""
        return len(self.loaded) + self.files

    def __str__(self) -> str:
        what = ", ".join(self.loaded) or "nothing loaded"
        return (
            f"{self.instructions:11,} {self.task:9} {len(self.loaded):2} loads "
            f"{self.files:2} opened  after {self.after}: {what}"
        )


def turns(output: str, log: str, names: Mapping[str, str]) -> list[Turn]:
    """From what life.py printed and what callgrind wrote at the same moments.

    names: modules by their short names. The first one ends where the event loop begins. Raises
    UncountableError when the two do not fit together.
    """
    counts = [int(text) for text in _COUNTED.findall(log)]
    found: list[Turn] = []
    after, before = "start", 0
    for line in output.splitlines():
        word, _, rest = line.partition(" ")
        if word == "MARK":
            after = rest
        elif word == "TURN":
            if len(found) == len(counts):
                raise callgrind.UncountableError("callgrind told too few counts")
            task, loaded, files = rest.split(" ")
            modules = [names.get(name, name) for name in loaded.split(",") if name != "-"]
            count = counts[len(found)]
            found.append(Turn(count - before, task, tuple(modules), int(files), after))
            before = count
    if len(found) != len(counts):
        raise callgrind.UncountableError(f"{len(counts)} counts for {len(found)} turns")
    return found


def loads(output: str) -> dict[str, list[int]]:
    """{text of the SMS: modules loaded until each of its answers} from what life.py printed."""
    found: dict[str, list[int]] = {}
    for line in output.splitlines():
        if line.startswith("SMS "):
            _, count, text = line.split(" ", 2)
            found.setdefault(text, []).append(int(count))
    return found


def loaded_turns(output: str, names: Mapping[str, str]) -> list[Turn]:
    """Those that loaded something, uncounted, from what life.py printed in its mode LOADS."""
    found = []
    after = "start"
    for line in output.splitlines():
        word, _, rest = line.partition(" ")
        if word == "MARK":
            after = rest
        elif word == "TURN":
            task, loaded, files = rest.split(" ")
            modules = tuple(names.get(name, name) for name in loaded.split(","))
            found.append(Turn(0, task, modules, int(files), after))
    return found


def module_loads(output: str, log: str) -> list[tuple[int, str, list[str]]]:
    """(instructions, module, what was loaded with it), the dearest first; arguments as above."""
    counts = [int(text) for text in _COUNTED.findall(log)]
    lines = [line.split(" ") for line in output.splitlines() if line.startswith("LOAD ")]
    if len(counts) != 2 * len(lines):
        raise callgrind.UncountableError(f"{len(counts)} counts for {len(lines)} modules")
    found = []
    for n, (_, name, loaded) in enumerate(lines):
        others = [other for other in loaded.split(",") if other not in ("", name)]
        found.append((counts[2 * n + 1] - counts[2 * n], name, others))
    return sorted(found, reverse=True)


def measure(folder: Path, is_quick: bool) -> list[Row]:
    """folder: for files of ours. All rows of the three groups."""
    try:
        life = Life(folder)
    except (build.BuildError, vm.VMMissingError) as error:
        return [not_measured(GROUP, "longest turn", str(error), BUDGET_TURN)]
    if is_quick:
        reason = "counting takes longer than --quick has"
        rows = [not_measured(GROUP, "longest turn in service", reason, BUDGET_TURN)]
    else:
        rows = _turn_rows(life, folder / "turns.txt")
        rows += _module_rows(life, folder / "loads.txt")
    return [*rows, *_load_rows(life), _stack_row(life)]


class Life:
    """The compiled tree of the scenario, and its tape. Raises BuildError, VMMissingError."""

    def __init__(self, folder: Path):
        fakes = vm.ROOT / "tools" / "simulated_board" / "fakes"
        beside = [_DAY / "day_child.py", _DAY / "time.py"]
        beside += [fakes / "at_peer.py", fakes / "v2_server.py"]
        beside += [on_vm.PROGRAMS / "machine_calls.py", on_vm.PROGRAMS / "life.py"]
        self._tree = folder / "life" / vm.march(32)
        build.compile_tree(vm.march(32), self._tree, beside=beside)
        table = json.loads(self._tree.with_name(f"{self._tree.name}.names.json").read_text())
        self.names = {
            code: entry["path"].removeprefix("ovms/").removesuffix(".py")
            for code, entry in table["files"].items()
        }
        packed = (self._tree / "ovms" / shelf.FILE).read_bytes()
        self.sizes = {name: len(data) for name, data in shelf.unpacked(packed).items()}
        self._tape = _tape()

    def run(self, mode: str, heap_kib: int) -> tuple[str, str]:
        """(what it printed, what callgrind wrote). Raises VMError, UncountableError."""
        heap = heap_kib + _STAND_INS_KIB
        told_kib = _AMPLE_KIB if mode == "modules" else heap_kib
        start = _START.format(str(self._tree), mode, told_kib * 1024)
        with tempfile.TemporaryDirectory() as place:
            log = Path(place, "log")
            log.touch()
            flash = Path(place, "flash")
            flash.mkdir()
            (flash / "tape").write_bytes(self._tape)
            (flash / "names").write_text("\n".join(self.sizes))
            if mode in _COUNTING:
                line = callgrind.command(32, heap)
                line.insert(1, f"--log-file={log}")
            else:
                line = vm.command(32, heap)
            limit_s = _LIMIT_S[mode]
            try:
                done = subprocess.run(
                    [*line, "-c", start],
                    cwd=flash,
                    capture_output=True,
                    text=True,
                    errors="replace",
                    check=False,
                    timeout=limit_s,
                )
            except subprocess.TimeoutExpired:
                raise on_vm.VMError(f"it took longer than {limit_s} s") from None
            text = log.read_text(errors="replace")
        if done.returncode:
            lines = (done.stdout + done.stderr).splitlines() or [str(done.returncode)]
            raise on_vm.VMError(f"the firmware failed in {heap_kib} KiB: {lines[-1]}")
        return done.stdout, text


def _tape() -> bytes:
    on_cpython.prepare()
    from tools.benchmarks.day.tape import Tape

    tape = Tape(62, 4437.1)
    for text in TEXTS:
        for _ in range(2):
            tape.sms(text)
            tape.mark(text)
    tape.mark("drive")
    tape.drive(_DRIVE, _DRIVE_S, _DRIVE_S, {3: "CFG SPEED 100 110", 22: "STAT?"})
    tape.mark("commands")
    for text in _COMMANDS:
        tape.command(text)
        tape.wait(2)
    tape.sms("CA 80%")
    tape.mark("charge")
    tape.soc_pct = 79.8
    tape.charge(80.5)
    tape.sms("STAT?")
    tape.wait(10)
    tape.end()
    return bytes(tape.data)


def _turn_rows(life: Life, file: Path) -> list[Row]:
    what = "longest turn in service"
    try:
        output, log = life.run("count", HEAPS_KIB[0])
        found = turns(output, log, life.names)
    except (callgrind.UncountableError, on_vm.VMError) as error:
        return [not_measured(GROUP, what, str(error), BUDGET_TURN)]
    service = sorted(found[1:], key=lambda turn: -turn.instructions)
    if not service:
        return [not_measured(GROUP, what, "the event loop did not turn", BUDGET_TURN)]
    file.write_text("".join(f"{turn}\n" for turn in service[:_LISTED]), "utf-8")
    over = [turn for turn in service if turn.instructions > BUDGET_TURN]
    longest = service[0]
    unloaded = next(turn for turn in service if not turn.loaded)
    note = f"{longest.task}, {len(longest.loaded)} loads, {longest.files} opened; see {file.name}"
    rows = [
        Row(GROUP, what, longest.instructions, "instructions", BUDGET_TURN, note=note),
        Row(GROUP, "turns above the budget", len(over), f"of {len(service):,}"),
        Row(
            GROUP,
            "longest turn that loads nothing",
            unloaded.instructions,
            "instructions",
            BUDGET_TURN,
            note=unloaded.task,
        ),
    ]
    most = max(service, key=lambda turn: len(turn.modules))
    what = "most modules loaded in one turn"
    note = f"{most.task}, {len(most.loaded)} loads"
    rows.append(Row(GROUP, what, len(most.modules), "modules", BUDGET_MODULES, note=note))
    most = max(service, key=lambda turn: turn.reads)
    note = f"{most.task}, with its modules; a file that is written is opened, too"
    rows.append(Row(GROUP, "most files opened in one turn", most.reads, "files", note=note))
    loaded = sum(len(turn.loaded) for turn in service)
    rows.append(Row(GROUP, "modules loaded in the whole scenario", loaded, "loads"))
    return rows


def _module_rows(life: Life, file: Path) -> list[Row]:
    what = "loading a module on demand, dearest"
    try:
        found = module_loads(*life.run("modules", HEAPS_KIB[0]))
    except (callgrind.UncountableError, on_vm.VMError) as error:
        return [not_measured(GROUP, what, str(error), BUDGET_TURN)]
    if not found:
        return [not_measured(GROUP, what, "nothing was loaded", BUDGET_TURN)]
    lines = []
    for count, name, others in found:
        with_it = ", ".join(life.names.get(other, other) for other in others)
        shown = life.names.get(name, name)
        lines.append(f"{count:11,} {life.sizes[name]:5} bytes {shown:34} {with_it}".rstrip())
    file.write_text("\n".join(lines) + "\n", "utf-8")
    count, name, others = found[0]
    note = f"{life.names.get(name, name)} with {len(others)} others; see {file.name}"
    middle = found[len(found) // 2][0]
    return [
        Row(GROUP, what, count, "instructions", BUDGET_TURN, note=note),
        Row(GROUP, "the same, median", middle, "instructions", note="in a heap that has room"),
    ]


def _load_rows(life: Life) -> list[Row]:
    rows = []
    for heap_kib in HEAPS_KIB:
        try:
            output, _ = life.run("loads", heap_kib)
        except on_vm.VMError as error:
            rows.append(not_measured(LOADS_GROUP, f"loads an SMS, {heap_kib} KiB", str(error)))
            continue
        errors = [line for line in output.splitlines() if "MemoryError" in line]
        what = f"MemoryErrors in the whole scenario, {heap_kib} KiB"
        rows.append(Row(LOADS_GROUP, what, len(errors), "", 0, note=errors[0] if errors else ""))
        found = loads(output)
        for text in TEXTS:
            what = f"modules loaded for {text.split()[0]}, {heap_kib} KiB"
            # What is asked for again while driving is another story.
            counts = found.get(text, [])[:2]
            if len(counts) < 2:
                rows.append(not_measured(LOADS_GROUP, what, "it was not answered twice"))
                continue
            note = "the modem's and the server's of the same time included"
            rows.append(Row(LOADS_GROUP, what, counts[0], "loads", note=note))
            rows.append(Row(LOADS_GROUP, "the same once more", counts[1], "loads"))
    return rows


def _stack_row(life: Life) -> Row:
    what = "deepest"
    try:
        output, _ = life.run("stack", HEAPS_KIB[0])
    except on_vm.VMError as error:
        return not_measured(STACK_GROUP, what, str(error), BUDGET_STACK_BYTES)
    depths = [line.split(" ") for line in output.splitlines() if line.startswith("STACK ")]
    if not depths:
        return not_measured(STACK_GROUP, what, "nothing was told", BUDGET_STACK_BYTES)
    _, depth, apart, loaded = depths[-1]
    modules = ", ".join(life.names.get(name, name) for name in loaded.split(","))
    note = (
        f"of {_ESP32_STACK_KB} KB on an ESP32; without {int(apart):,} bytes of Unix path buffers; "
        f"in a turn that had loaded {modules}"
    )
    return Row(STACK_GROUP, what, int(depth), "bytes", BUDGET_STACK_BYTES, note=note)
