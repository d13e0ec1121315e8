"""What an SMS loads, and that other tasks have their turn meanwhile."""

import asyncio
import sys

from host_tests.services.sms_bench import OWNER, PASSWORD, STRANGER, Bench
from host_tests.shims import expect
from host_tests.shims.expect import run

_HERE = "ovms.services.sms."
_RESIDENT = _HERE + "service"
# What some commands need beside their own module.
_BESIDE = (
    "ovms.parameter_rules",
    "ovms.protocol.phone",
    "ovms.services.protocol_commands",
    "ovms.services.counter_names",
)
_COMMANDS = (
    "STAT",
    "MODULE Id",
    "SIM 1234",
    "PARAMS?",
    "SUMMARY",
    "DIAG",
    "CTP",
    "HELP",
    "LOCK",
    "REGISTER " + PASSWORD,
)


def is_on_demand(name):
    return name in _BESIDE or (name.startswith(_HERE) and name != _RESIDENT)


def loaded():
    """Short names of the modules on demand that are there."""
    return {name.split(".")[-1] for name in expect.loaded() if is_on_demand(name)}


def forget():
    expect.forget()
    for name in list(sys.modules):
        if is_on_demand(name):
            del sys.modules[name]
            package, _, last = name.rpartition(".")
            # `from package import module` looks there first.
            if hasattr(sys.modules[package], last):
                delattr(sys.modules[package], last)


def modules_for(text, caller, is_new=False):
    bench = Bench(is_new)
    forget()
    bench.send(text, caller)
    return loaded()


def test_who_may_not_loads_no_reply():
    common = {"answering", "commands", "access", "phone"}
    for text in ("STAT", "LOCK", "PASS x"):
        assert modules_for(text, STRANGER) == common | {"callers"}, text
    assert modules_for("STAT wrong", STRANGER) == common | {"callers"}
    assert modules_for("What is this?", STRANGER) == common | {"forward"}
    assert modules_for("STAT " + PASSWORD, STRANGER) == common | {"callers", "car_reports"}


def test_the_owner_loads_one_module_for_a_report():
    common = {"answering", "commands", "access", "phone"}
    assert modules_for("STAT", OWNER) == common | {"car_reports"}
    assert modules_for("VEHICLE?", OWNER) == common | {"show"}
    assert modules_for("HELP", OWNER) == common | {"help"}


def test_others_have_their_turn_between_two_loads():
    for text in _COMMANDS:
        bench = Bench()
        forget()
        most = max(loads_of_a_turn(bench, text))
        assert most <= 2, (text, most)


def loads_of_a_turn(bench, text):
    """How many modules were loaded between two turns of another task."""
    counts = []

    async def look():
        while True:
            # What ships is cut into parts, and those of one source may come together.
            counts.append(len({n for n in expect.loads() if any(map(is_on_demand, n))}))
            await asyncio.sleep_ms(0)

    async def main():
        task = asyncio.create_task(look())
        await asyncio.sleep_ms(0)
        await bench.sms.execute(OWNER, text)
        await asyncio.sleep_ms(0)
        task.cancel()

    run(main())
    assert counts[-1] >= 4
    return [counts[i + 1] - counts[i] for i in range(len(counts) - 1)]
