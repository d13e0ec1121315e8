"""Heap of the whole firmware on the 32-bit VM through set-up by SMS, login, drive and charge.

The desk runs in real time; the stand-in watchdog (`machine.py` of the simulated board) weighs the
heap once a second. The desk's stand-ins live in the same heap: the heap that is survived includes
them, and what importing them takes is measured apart and subtracted from what is in use.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from tools import build, vm
from tools.benchmarks import on_vm
from tools.benchmarks.rows import Row, not_measured
from tools.desk import board_host
from tools.desk.board_host import HostError, Wiring
from tools.desk.phone_script import PhoneScript
from tools.desk.stage import Stage, StageOptions
from tools.desk.twizy_scenarios import Scenario, Step
from tools.desk.twizy_sim import TwizySimulator

GROUP = "Heap, 32 bit"
BUDGET_PEAK_BYTES = 64 * 1024
BUDGET_HEAP_KIB = 96
_HEAPS_KIB = (96, 104, 128, 200)
# Everything is over within this time, or never will be; it takes 70 s where nothing else runs.
_LIMIT_S = 120
# For all heaps that are tried.
_TOTAL_S = 260
_BOARD = "LILYGO_TCALL_SIM800"
_POLL_S = 0.25
_DRIVE_S = 8
_PHASES = ("boot", "SMS set-up", "login", "drive", "charge")
# What follows the drive: its last steps, and the cable.
_EVENING = Scenario(70, (Step("key", 2), Step("park", 3), Step("charge", 10), Step("park", 600)))


class HeapRun:
    """One life of the firmware in a heap of `heap_kib`, watched.

    phases: bytes after a collection at the end of each phase. failure: why it did not come
    through, or "". peak, highest: of the whole run, see the stand-in watchdog.
    """

    def __init__(self, heap_kib: int, file: Path):
        self.heap_kib = heap_kib
        self.phases: dict[str, int] = {}
        self.peak = self.highest = 0
        self.failure = ""
        self._file = file
        self._memory_error = ""

    async def run(self, limit_s: float) -> None:
        """Let it live until every phase was seen, it fails, or the time is over."""
        self._file.unlink(missing_ok=True)
        os.environ["OVMS_HEAP_FILE"] = str(self._file)
        # An empty path: a folder of its own, gone at the end.
        wiring = Wiring(runtime="micropython", bits=32, heap_kib=self.heap_kib, flash=Path())
        stage = Stage(StageOptions(wiring=wiring, scenario="drive"), self._line)
        script = PhoneScript(stage)
        phone = None
        try:
            await stage.start()
            phone = asyncio.create_task(script.run())
            await self._watch(stage, script, limit_s)
        finally:
            del os.environ["OVMS_HEAP_FILE"]
            if phone is not None:
                phone.cancel()
            await stage.stop()

    def _line(self, who: str, text: str) -> None:
        is_error = "MemoryError" in text or "memory allocation failed" in text
        if who == "module" and is_error and not self._memory_error:
            self._memory_error = text.strip()

    async def _watch(self, stage: Stage, script: PhoneScript, limit_s: float) -> None:
        end_s = time.monotonic() + limit_s
        parked_at_s = None
        while time.monotonic() < end_s:
            await asyncio.sleep(_POLL_S)
            self._look_for_failure(stage)
            if self.failure:
                return
            now = self._read()
            if not now:
                continue
            self.phases.setdefault("boot", now)
            if script.is_finished:
                self.phases.setdefault("SMS set-up", now)
            if not stage.view.message_counts.get("S"):
                continue
            self.phases.setdefault("login", now)
            if not script.is_finished:
                continue
            if parked_at_s is None:
                parked_at_s = time.monotonic() + _DRIVE_S
            if time.monotonic() < parked_at_s:
                self.phases["drive"] = now
            elif stage.car.scenario is not _EVENING:
                stage.car = TwizySimulator(
                    _EVENING, soc_pct=stage.car.soc_pct, odometer_km=stage.car.odometer_km
                )
            elif stage.car.is_charging:
                self.phases["charge"] = now
            elif "charge" in self.phases and stage.car.is_asleep:
                return
        missing = [phase for phase in _PHASES if phase not in self.phases]
        if missing:
            self.failure = f"no {', '.join(missing)} within {limit_s:.0f} s"
            if script.complaint:
                self.failure += f": {script.complaint}"

    def _look_for_failure(self, stage: Stage) -> None:
        if self._memory_error:
            self.failure = self._memory_error
        elif stage.board is not None and stage.board.restarts:
            self.failure = "the firmware restarted"
        elif stage.firmware_has_ended():
            self.failure = "the firmware ended"

    def _read(self) -> int:
        try:
            now, self.peak, self.highest = map(int, self._file.read_text("ascii").split())
        except (OSError, ValueError):
            return 0
        return now


def measure(folder: Path, is_quick: bool) -> list[Row]:
    """folder: for files of ours. All rows of this group, with the smallest heap that is enough."""
    if 32 not in vm.available():
        return [not_measured(GROUP, "peak after collection", "there is no 32-bit VM here")]
    if is_quick:
        reason = "the firmware's day takes longer than --quick has"
        return [not_measured(GROUP, "peak after collection", reason, BUDGET_PEAK_BYTES)]
    failures: list[str] = []
    end_s = time.monotonic() + _TOTAL_S
    for heap_kib in _HEAPS_KIB:
        run = HeapRun(heap_kib, folder / "heap.txt")
        limit_s = min(_LIMIT_S, end_s - time.monotonic())
        try:
            asyncio.run(run.run(limit_s))
        except HostError as error:
            return [not_measured(GROUP, "peak after collection", str(error), BUDGET_PEAK_BYTES)]
        if not run.failure:
            return _rows(run, failures)
        failures.append(f"{heap_kib} KiB: {run.failure}")
    reason = "; ".join(failures)
    return [not_measured(GROUP, "peak after collection", reason, BUDGET_PEAK_BYTES)]


def _rows(run: HeapRun, failures: list[str]) -> list[Row]:
    try:
        tree = build.vm_tree(32, _BOARD, board_host.STAND_INS)
        shims = on_vm.run(32, "import_cost.py", [], tree)["bytes"]
    except (build.BuildError, on_vm.VMError) as error:
        return [not_measured(GROUP, "peak after collection", str(error), BUDGET_PEAK_BYTES)]
    rows = [
        Row(
            GROUP,
            "heap the drive and charge scenario survives",
            run.heap_kib,
            "KiB",
            BUDGET_HEAP_KIB,
            note="; ".join(failures) or "with the desk's stand-ins in it",
        )
    ]
    rows += [Row(GROUP, f"in use after {k}", v - shims, "bytes") for k, v in run.phases.items()]
    note = f"without the desk's stand-ins, {shims:,} bytes; once a second after gc.collect()"
    rows.append(
        Row(
            GROUP,
            "peak after collection",
            run.peak - shims,
            "bytes",
            BUDGET_PEAK_BYTES,
            note=note,
        )
    )
    rows.append(Row(GROUP, "peak after collection, stand-ins included", run.peak, "bytes"))
    rows.append(
        Row(
            GROUP,
            "most seen before a collection",
            run.highest - shims,
            "bytes",
            note="garbage included",
        )
    )
    return rows
