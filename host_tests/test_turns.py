"""How much code one turn of the event loop loads, in SMS, a drive and a charge. CPython only.

Nothing else runs between two `await`s that wait, so each load there is a stall (some 20 to 50 ms
on an ESP32): `make bench` counts the instructions, this test the loads, which is quick. A chain
that is longer belongs into steps: `in_turn` of `firmware/ovms/app.py`, or an `await sleep_ms(0)`
between two loads of a coroutine.
"""

import pytest

from host_tests.needs_vm import require
from tools.benchmarks import turns


@pytest.fixture(scope="module")
def loading(tmp_path_factory):
    """The turns that load code, in the heap of an ESP32."""
    require(32)
    life = turns.Life(tmp_path_factory.mktemp("turns"))
    output, _ = life.run("loads", turns.HEAPS_KIB[0])
    return turns.loaded_turns(output, life.names)


def test_no_turn_of_a_drive_or_an_sms_loads_much(loading):
    # Another life would prove nothing: one with all of its parts loads some 400 times.
    assert {turn.after for turn in loading} > {"login", "STAT?", "drive", "commands", "charge"}
    assert {turn.task for turn in loading} >= {"app", "sms", "server", "modem", "commander"}
    assert sum(len(turn.loaded) for turn in loading) > 200
    # The first ends where the event loop begins.
    assert [str(turn) for turn in loading[1:] if len(turn.modules) > turns.BUDGET_MODULES] == []
