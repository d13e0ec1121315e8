"""How long one turn of the event loop is, in SMS, a drive and a charge. CPython only.

Nothing else runs between two `await`s that wait. The first test counts what a turn loads, which is
quick; the second its instructions, by callgrind, as `make bench` does (a minute or two of one
core). A chain that is longer belongs into steps: `in_turn` of `firmware/ovms/app.py`, or an
`await sleep_ms(0)` between two loads of a coroutine.
"""

import pytest

from host_tests.needs_vm import require, require_callgrind
from tools.benchmarks import turns

# Two loads that each have to sweep, and collect (1.1 million each): 60 ms of an ESP32.
HELD = turns.BUDGET_TURN * 5 // 4
# Turns that may be longer: task, what the module begins with of which something is loaded, most
# instructions, why.
EXCEPTIONS = (
    (
        "sms",
        "parameter_rules",
        22_000_000,
        "a setting is checked as a whole: half of what checks it must not change meanwhile",
    ),
    (
        "sms",
        "drivers/store_files",
        22_000_000,
        "what makes somebody the owner is written twice, and both are read back, or it is refused",
    ),
    (
        "app",
        "drivers/ring_files",
        10_000_000,
        "a full ring is written when the next record comes, as there is no room for that one",
    ),
    (
        "app",
        "services/charge_news",
        10_000_000,
        "the text of a charge's event is made of the moment in which it happens",
    ),
    (
        "app",
        "faults",
        10_000_000,
        "DIAG on the console: what went wrong is told in one piece",
    ),
    (
        "modem",
        "protocol/sms_text",
        8_500_000,
        "header and text of an SMS are read together: between them it would be kept, not queued",
    ),
)
# Those that load nothing, and a file was opened: a ring, as above, with its code still there.
WRITING = 10_000_000
# Those that load something twice: somebody found no memory, all was forgotten and read anew; at
# the worst while settings are stored by a protocol command, four times (41.6 million).
RETRY = 60_000_000
# Of all 12,400; some 75 they are.
ABOVE = 150


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    require(32)
    return turns.Life(tmp_path_factory.mktemp("turns"))


@pytest.fixture(scope="module")
def loading(life):
    """The turns that load code, in the heap of an ESP32."""
    # With 8 KiB more: how little it takes is for `test_day.py` and `make bench` to say.
    output, _ = life.run("loads", turns.HEAPS_KIB[0] + 8)
    return turns.loaded_turns(output, life.names)


def limit(turn):
    """Most instructions that `turn` may have."""
    if len(set(turn.loaded)) < len(turn.loaded):
        return RETRY
    if not turn.loaded:
        return WRITING if turn.files else HELD
    found = [
        most
        for task, name, most, _ in EXCEPTIONS
        if task == turn.task and any(module.startswith(name) for module in turn.modules)
    ]
    return max(found, default=HELD)


def test_no_turn_of_a_drive_or_an_sms_loads_much(loading):
    # Another life would prove nothing: one with all of its parts loads some 1,000 times.
    assert {turn.after for turn in loading} > {"login", "STAT?", "drive", "commands", "charge"}
    assert {turn.task for turn in loading} >= {"app", "sms", "server", "modem", "commander"}
    assert sum(len(turn.loaded) for turn in loading) > 200
    # The first ends where the event loop begins.
    assert [str(turn) for turn in loading[1:] if len(turn.modules) > turns.BUDGET_MODULES] == []


def test_no_turn_of_a_drive_or_an_sms_is_long(life):
    require_callgrind()
    output, log = life.run("count", turns.HEAPS_KIB[0] + 8)
    # The first ends where the event loop begins: until then no bus is open.
    service = turns.turns(output, log, life.names)[1:]
    assert len(service) > 5000
    assert [str(turn) for turn in service if turn.instructions > limit(turn)] == []
    above = [str(turn) for turn in service if turn.instructions > turns.BUDGET_TURN]
    assert len(above) <= ABOVE, "\n".join(above)
