"""The module killed during its history traffic: a short run of `python -m tools.desk.kills`.

CPython only: it starts the module. `test_history_kill.py` kills its queue alone, 200 times, also
on the VMs.
"""

import asyncio

from ovms.services.history import FLUSH_INTERVAL_S
from tools.desk import kills

SEED = 20261120


def test_ten_kills():
    assert kills.FLUSH_S == FLUSH_INTERVAL_S
    story = asyncio.run(kills.kill(10, SEED))
    assert not story.lost, f"seed {SEED}"
    assert not story.complaints
    # The last life delivers what the others left: there was something to lose.
    assert story.received and story.queued >= len(story.received)
