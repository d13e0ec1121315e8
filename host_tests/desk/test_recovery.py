"""The module is itself again after a fault, in fast time. Runs on CPython only.

Three faults of different kinds; `make bench` has them all.
"""

import asyncio

from tools.desk.faults import FAULTS, Fault
from tools.desk.recovery import BUDGET_S, recoveries

_CHOSEN = (
    "modem UART cut and back",
    "flash full for 60 s",
    "firmware killed",
)


def test_single_faults_are_over_in_time():
    faults = [fault for fault in FAULTS if fault.name in _CHOSEN]
    results = asyncio.run(recoveries(faults))
    assert [result.name for result in results] == list(_CHOSEN)
    for result in results:
        assert result.well_s is not None and result.well_s < BUDGET_S, result
        assert result.restarts == (result.name == "firmware killed")


def test_a_module_that_does_not_come_back_is_told():
    async def stop_server(stage):
        await stage.server.stop()

    fault = Fault("server away for ever", stop_server)
    (result,) = asyncio.run(recoveries([fault], patience_s=40))
    assert (result.logged_in_s, result.well_s) == (None, None)
    assert result.complaint == "no command of an app is answered"
