"""A firmware that ends five times in a row is in safe mode then, unless it is its power that goes.

On CPython and on a VM, as a board starts it.
"""

import asyncio
import os
import signal

import pytest

from host_tests.desk.module_rig import RUNTIMES, ModuleRig, children, name_of, require

_STARTED = "I OVMS "
_SAFE = "Safe mode after five crashes: no car, no server."


async def end(rig, number, times):
    """Let the firmware end by signal `number` so often, each time once it runs."""
    for n in range(times):
        await rig.until(lambda n=n: starts(rig) > n)
        (firmware,) = children(rig.process.pid)
        os.kill(firmware, number)
    await rig.until(lambda: starts(rig) > times)


def starts(rig):
    return sum(_STARTED in line for line in rig.lines)


def is_safe(rig):
    return any(_SAFE in line for line in rig.lines)


@pytest.mark.parametrize("runtime", RUNTIMES[::2], ids=name_of)
def test_five_ends_that_nobody_wrote_down(runtime, tmp_path):
    """As the watchdog ends it. There is no car then, and a reset brings it back."""
    require(runtime)

    async def scenario():
        async with ModuleRig(runtime, tmp_path, has_server=False) as rig:
            await end(rig, signal.SIGALRM, 4)
            assert not is_safe(rig)
            os.kill(children(rig.process.pid)[0], signal.SIGALRM)
            await rig.until(lambda: starts(rig) == 6 and is_safe(rig))
            summary = await rig.type("S SUMMARY")
            assert _SAFE in "\n".join(summary)
            assert any("Last crash: Up 0 s or more, heap " in line for line in summary)
            assert any(line.startswith("# Version: ") for line in summary)
            rig.process.stdin.write(b"S RESET\r\n")
            await rig.until(lambda: starts(rig) == 7)
            assert _SAFE not in "\n".join(await rig.type("S SUMMARY"))

    asyncio.run(scenario())


def test_power_cuts_are_none(tmp_path):
    async def scenario():
        async with ModuleRig(RUNTIMES[0], tmp_path, has_server=False) as rig:
            await end(rig, signal.SIGKILL, 6)
            assert _SAFE not in "\n".join(await rig.type("S SUMMARY"))
            assert not is_safe(rig)

    asyncio.run(scenario())
