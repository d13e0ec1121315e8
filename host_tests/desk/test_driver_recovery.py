"""Every fault of a modem, its SIM and its network against the real driver. Runs on CPython only.

The driver runs on CPython and on the MicroPython VM in turn, in virtual time;
`python -m tools.desk.recovery --part driver` runs every fault on both.
"""

import pytest

from host_tests import needs_vm
from tools.desk.driver_bench import CPYTHON, MICROPYTHON, DriverBench
from tools.desk.driver_faults import FAULTS, DriverFault
from tools.desk.driver_recovery import recover

RUNTIMES = (MICROPYTHON, CPYTHON)
# Faults whose recovery must not take a harder step than this.
GENTLE = {
    "closed by the server": "reconnect",
    "PDP context lost": "PDP",
    "SMS refused twice (+CMS ERROR)": "resend",
    "brown-out": "set up anew",
    "switched off": "power lines",
    "dark at the start": "power key",
    "roaming": "",
    "incoming call": "",
    "every byte alone": "",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_driver_gets_over_it(fault):
    runtime = RUNTIMES[FAULTS.index(fault) % 2]
    if runtime == MICROPYTHON:
        needs_vm.require(32)
    result = recover(fault, runtime)
    assert result.is_good, result
    assert result.step == GENTLE.get(fault.name, result.step)


def test_a_fault_that_stays_is_told():
    fault = DriverFault("server gone", (("connect", "fail"), ("server_close",)))
    result = recover(fault, CPYTHON, patience_s=40)
    assert (result.well_s, result.complaint) == (None, "no data, or no SMS")


def test_a_driver_that_ends_is_told():
    with pytest.raises(RuntimeError, match="The driver ended"):
        DriverBench(CPYTHON, parameters={"x": "not a number"})
