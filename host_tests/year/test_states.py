"""Faults of the recovery table in each power state; `python -m tools.year.states` has all."""

import pytest

from tools.year.states import FAULTS, STATES, outcomes

# Of modem, server and module.
CHOSEN = (
    "brown-out",
    "modem hangs until its power is cut",
    "server silent for 60 s",
    "task sms ends",
)


@pytest.mark.parametrize("state", STATES)
def test_faults_are_over_in_time(state):
    faults = [fault for fault in FAULTS if fault.name in CHOSEN]
    found = outcomes(state, faults)
    assert sorted(outcome.fault for outcome in found) == sorted(CHOSEN)
    for outcome in found:
        assert outcome.is_struck and outcome.is_good, outcome
        assert outcome.state == state


def test_there_are_many_faults():
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names) > 60
