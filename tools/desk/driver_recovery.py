"""How the SIM800 driver gets over each fault of a modem, on both runtimes, in virtual time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tools.desk.driver_bench import DriverBench
from tools.desk.driver_faults import FAULTS, DriverFault

# Design 5: logged in again within 5 minutes of any single fault.
BUDGET_S = 300.0
_PATIENCE_S = 2 * BUDGET_S
_START_LIMIT_S = 120.0


@dataclass(frozen=True)
class DriverRecovery:
    """What became of one fault. well_s: seconds from its end until data and SMS pass, None for
    not in time. step: the hardest step of the recovery ladder, "" when none was needed."""

    name: str
    runtime: str
    well_s: float | None
    step: str
    complaint: str = ""

    @property
    def is_good(self) -> bool:
        return self.well_s is not None and self.well_s < BUDGET_S and not self.complaint


def recover(fault: DriverFault, runtime: str, patience_s: float = _PATIENCE_S) -> DriverRecovery:
    """Let one driver suffer one fault. RuntimeError when it does not even start."""
    with DriverBench(runtime, fault.profile(), fault.is_on, fault.parameters) as bench:
        if fault.is_on and bench.until_well(_START_LIMIT_S) is None:
            raise RuntimeError("The driver does not start well.")
        mark = bench.mark()
        for name, *values in fault.strike:
            bench.fault(str(name), *values)
        bench.run(fault.lasts_s)
        for name, *values in fault.mend:
            bench.fault(str(name), *values)
        well_s = bench.until_well(patience_s)
        complaint = fault.check(bench) if well_s is not None else "no data, or no SMS"
        return DriverRecovery(fault.name, runtime, well_s, bench.step_since(mark), complaint)


def recoveries(
    runtimes: Sequence[str], faults: Sequence[DriverFault] = FAULTS
) -> Iterator[DriverRecovery]:
    """All faults, each on all runtimes."""
    for fault in faults:
        for runtime in runtimes:
            yield recover(fault, runtime)
