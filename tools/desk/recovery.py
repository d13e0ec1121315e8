"""How long the module takes to be itself again after a fault.

    python -m tools.desk.recovery            every fault, some four minutes
    python -m tools.desk.recovery hang pdp   those whose name contains one of these words
    --modem sim7000                          the driver of that modem, in the second half
    --part module, --part driver             one half of the table; `make bench` has the first

First half, the whole module: everything of `run` together, the firmware on CPython with a clock
20 times as fast, logged in. Then one fault after the other. Well again means: a command of an
app is answered, the phone's `STAT?` is answered, the position is fresh and right, and SOC and
odometer are those of the car.

Second half, the modem's driver alone, on CPython and on the MicroPython VM, in virtual time:
`driver_recovery.py`. The table says which step of the recovery ladder it took.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tools import boards, vm
from tools.benchmarks.rows import Row, not_measured
from tools.desk import driver_faults, driver_recovery
from tools.desk.board_host import HostError, Wiring
from tools.desk.driver_bench import CPYTHON, MICROPYTHON, hardest_step
from tools.desk.faults import FAULTS, Fault
from tools.desk.ovms import fields
from tools.desk.ovms.client import AppClient, ClientError
from tools.desk.stage import (
    PHONE_NUMBER,
    SERVER_NAME,
    SERVER_PASSWORD,
    VEHICLE,
    Stage,
    StageOptions,
)

GROUP = "Logged in again, in seconds of the module"
TIME_SCALE = 20.0
# Design 5: logged in again within 5 minutes of any single fault.
BUDGET_S = 300.0
# Stop waiting some time after the budget is exceeded, to say by how much.
_PATIENCE_S = 2 * BUDGET_S
# All in seconds of the module.
# Nothing is measured at the start, and a busy computer may take its time for it.
_START_LIMIT_S = 1200.0
_COMMAND_LIMIT_S = 40.0
_SMS_LIMIT_S = 90.0
_REPORT_LIMIT_S = 40.0
_PAUSE_S = 4.0
# On the desk's clock.
_LOOK_S = 0.05
# A connection that lasts as long starts the next back-off anew (`links/server_backoff.py`).
_PROVEN_S = 65.0
# What a car on the move may have done since its report left.
_SOC_SLACK_PCT = 0.5
_WAY_SLACK_M = 1500.0
_METRES_PER_DEGREE = 111_195.0

_PARAMETERS = {
    0: PHONE_NUMBER,
    3: "SMSIP",
    4: SERVER_NAME,
    5: "internet",
    8: VEHICLE,
    9: SERVER_PASSWORD,
    14: "RT",
}
_LIST_FEATURES = 1


@dataclass(frozen=True)
class Recovery:
    """What became of one fault, in seconds of the module since it was over.

    logged_in_s: until a command was answered. well_s: until everything was well. None: not in
    time, and `complaint` says what was missing. restarts: how often the firmware started anew.
    step: the hardest step of the recovery ladder, "" when none was needed.
    """

    name: str
    logged_in_s: float | None
    well_s: float | None
    restarts: int
    complaint: str = ""
    step: str = ""


class Patient:
    """The module on its stage. scale: how much faster its clock runs."""

    def __init__(
        self, scale: float = TIME_SCALE, on_line: Callable[[str, str], None] | None = None
    ):
        self.scale = scale
        wiring = Wiring(parameters=dict(_PARAMETERS), time_scale=scale)
        options = StageOptions(wiring, time_scale=scale)
        self.stage = Stage(options, on_line or (lambda who, text: None))
        self._to_modem = b""

    async def __aenter__(self) -> Patient:
        await self.stage.start()
        assert self.stage.modem is not None
        modem = self.stage.modem.modem
        feed = modem.feed

        def listened(data: bytes) -> None:
            self._to_modem += data
            feed(data)

        modem.feed = listened
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stage.stop()

    async def settle(self) -> str:
        """Wait for a module that is well after its start; "" or what is missing."""
        return (await self._until_well(_START_LIMIT_S))[2]

    async def suffer(self, fault: Fault, patience_s: float = _PATIENCE_S) -> Recovery:
        """One fault, and what it takes to get over it. FaultError when it cannot happen now."""
        assert self.stage.board is not None
        restarts, logins = self.stage.board.restarts, self._logins()
        self._to_modem = b""
        await fault.strike(self.stage)
        await self._sleep(fault.lasts_s)
        if fault.mend is not None:
            await fault.mend(self.stage)
        logged_in_s, well_s, complaint = await self._until_well(patience_s)
        step = hardest_step(self._to_modem)
        if fault.clear is not None:
            await fault.clear(self.stage)
        if logins != self._logins():
            # The next fault is a single one only once this one is forgiven.
            await self._sleep(_PROVEN_S)
            await self._obeys()
        restarts = self.stage.board.restarts - restarts
        if restarts:
            step = "board restart"
        return Recovery(fault.name, logged_in_s, well_s, restarts, complaint, step)

    async def _until_well(self, limit_s: float) -> tuple[float | None, float | None, str]:
        """(seconds until a command was answered, until all was well, complaint)."""
        started_s = time.monotonic()
        logged_in_s = None
        for is_well, complaint in (
            (self._obeys, "no command of an app is answered"),
            (self._writes, "no STAT? of the phone is answered"),
            (self._reports, ""),
        ):
            complaint = await self._until(is_well, complaint, started_s, limit_s)
            if complaint:
                return logged_in_s, None, complaint
            if logged_in_s is None:
                logged_in_s = self._since(started_s)
        return logged_in_s, self._since(started_s), ""

    async def _until(self, ask, complaint: str, started_s: float, limit_s: float) -> str:
        while True:
            answer = await ask()
            if not answer:
                return ""
            if self._since(started_s) > limit_s:
                return complaint or answer
            await self._sleep(_PAUSE_S)

    def _since(self, started_s: float) -> float:
        return (time.monotonic() - started_s) * self.scale

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.scale)

    def _client(self) -> AppClient:
        return AppClient("127.0.0.1", self.stage.server.port, VEHICLE, SERVER_PASSWORD)

    async def _obeys(self) -> str:
        """A command of an app is answered: server link and commander live."""
        if not self.stage.server.is_car_online(VEHICLE):
            return "not logged in"
        logins = self._logins()
        client = self._client()
        try:
            await client.connect()
            timeout_s = _COMMAND_LIMIT_S / self.scale
            asking = asyncio.create_task(client.command(_LIST_FEATURES, timeout_s=timeout_s))
            while not asking.done():
                await asyncio.wait({asking}, timeout=_LOOK_S)
                if self._logins() != logins:
                    asking.cancel()
                    return "the connection was lost"
            asking.result()
        except ClientError as error:
            return str(error)
        finally:
            await client.close()
        return ""

    def _logins(self) -> int:
        return self.stage.server.counters(VEHICLE).car_logins

    async def _writes(self) -> str:
        """The phone gets its status: modem and SMS service live."""
        stage = self.stage
        while not stage.replies.empty():
            stage.replies.get_nowait()
        await stage.send_sms("STAT?")
        try:
            async with asyncio.timeout(_SMS_LIMIT_S / self.scale):
                while "SOC:" not in (await stage.replies.get()).text:
                    continue
        except TimeoutError:
            return "no answer to STAT?"
        return ""

    async def _reports(self) -> str:
        """A new app is told what is the case: GPS, CAN and the car live."""
        client = self._client()
        messages: dict[str, str] = {}
        try:
            await client.connect()
            await client.wait_replayed()
            # What the server had stored came first, and is of yesterday.
            async with asyncio.timeout(_REPORT_LIMIT_S / self.scale):
                async for code, payload in client:
                    messages[code] = payload
                    if _is_complete(messages):
                        break
        except TimeoutError:
            return "no reports"
        except ClientError as error:
            return str(error)
        finally:
            await client.close()
        return self._judge(messages)

    def _judge(self, messages: dict[str, str]) -> str:
        """ "" or what is wrong in the reports S, D and L."""

        def value(code: str, name: str) -> float:
            return float(
                next(v.text for v in fields.decode(code, messages[code]) if v.name == name)
            )

        car = self.stage.car
        if (value("L", "GPS lock"), value("L", "GPS stale")) != (1, 1):
            return "the position is stale"
        fix = self.stage.gps.receiver.fix
        north_m = (value("L", "latitude") - fix.latitude) * _METRES_PER_DEGREE
        narrowing = math.cos(math.radians(fix.latitude))
        east_m = (value("L", "longitude") - fix.longitude) * narrowing * _METRES_PER_DEGREE
        if math.hypot(north_m, east_m) > _WAY_SLACK_M:
            return "the position is wrong"
        if abs(value("S", "SOC") - car.soc_pct) > _SOC_SLACK_PCT:
            return "SOC is not the car's"
        if abs(value("D", "odometer") - car.odometer_km) * 1000 > _WAY_SLACK_M:
            return "the odometer is not the car's"
        return ""


def _is_complete(messages: dict[str, str]) -> bool:
    return all(code in messages for code in "SDL")


async def recoveries(
    faults: Sequence[Fault] = FAULTS,
    scale: float = TIME_SCALE,
    on_result: Callable[[Recovery], None] | None = None,
    patience_s: float = _PATIENCE_S,
) -> list[Recovery]:
    """Strike one module with all faults, one after the other; a new one for one that is lost.

    RuntimeError when it is not even well at the start.
    """
    results: list[Recovery] = []
    left = list(faults)
    while left:
        async with Patient(scale) as patient:
            complaint = await patient.settle()
            if complaint:
                raise RuntimeError(f"The module does not start well: {complaint}.")
            while left:
                results.append(await patient.suffer(left.pop(0), patience_s))
                if on_result is not None:
                    on_result(results[-1])
                if results[-1].well_s is None:
                    # The others are struck with a module that is well.
                    break
    return results


def measure() -> list[Row]:
    """The table as rows of `make bench`, over budget where the module did not come back."""
    try:
        results = asyncio.run(recoveries())
    except (HostError, RuntimeError) as error:
        return [not_measured(GROUP, "after each single fault", str(error), BUDGET_S)]
    return [_row(result) for result in results]


def _row(result: Recovery) -> Row:
    note = f"all well after {result.well_s:.0f} s" if result.well_s else result.complaint
    if result.restarts:
        note += f", {result.restarts} restarts"
    value = _PATIENCE_S if result.logged_in_s is None else result.logged_in_s
    return Row(GROUP, result.name, value, "s", BUDGET_S, note=note)


def _print(name: str, where: str, step: str, well_s: float | None, complaint: str) -> None:
    seconds = "never" if well_s is None else f"{well_s:3.0f} s"
    print(f"{name:45} {where:12} {step or '-':14} {seconds:>7}  {complaint}", flush=True)


def _print_module(result: Recovery) -> None:
    note = "" if result.logged_in_s is None else f"logged in after {result.logged_in_s:.0f} s"
    _print(result.name, "module", result.step, result.well_s, result.complaint or note)


def _is_module_well(words: Sequence[str]) -> bool:
    faults = [fault for fault in FAULTS if _is_meant(fault.name, words)]
    results = asyncio.run(recoveries(faults, on_result=_print_module))
    return all(r.well_s is not None and r.well_s <= BUDGET_S for r in results)


def _is_driver_well(words: Sequence[str], modem: str) -> bool:
    runtimes = [CPYTHON] + ([MICROPYTHON] if 32 in vm.available() else [])
    faults = [fault for fault in driver_faults.faults_of(modem) if _is_meant(fault.name, words)]
    is_well = True
    for result in driver_recovery.recoveries(runtimes, faults):
        _print(result.name, result.runtime, result.step, result.well_s, result.complaint)
        is_well = is_well and result.is_good
    return is_well


def _is_meant(name: str, words: Sequence[str]) -> bool:
    return not words or any(word.lower() in name.lower() for word in words)


def main(arguments: Sequence[str]) -> int:
    """Print the table; 1 when a budget is not kept."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.desk.recovery", description="How long recovery takes, as a table."
    )
    parser.add_argument("words", nargs="*", help="only faults with one of these in their name")
    parser.add_argument("--part", choices=("module", "driver"), help="only one half")
    parser.add_argument(
        "--modem",
        type=str.upper,
        choices=boards.MODEMS,
        default=boards.MODEMS[0],
        help="whose driver, in the second half",
    )
    options = parser.parse_args(arguments)
    print(f"{'fault':45} {'runtime':12} {'recovered by':14} {'well':>7}")
    try:
        is_well = options.part == "driver" or _is_module_well(options.words)
        if options.part != "module":
            is_well = _is_driver_well(options.words, options.modem) and is_well
    except (HostError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    return int(not is_well)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
