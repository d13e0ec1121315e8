"""A module that is started again beside a sleeping car: the real command, one flash.

Runs on CPython only, which starts the firmware on CPython and on both VMs.
"""

import asyncio

import pytest

from host_tests.desk.module_rig import RUNTIMES, ModuleRig, name_of, require

_KEY_ON = (0x597, "00 95 21 41 29 00 01 35")
_KEY_OFF = (0x597, "00 E0 00 D1 29 00 01 35")
# 60 %, 51 km, 47026.7 km, SOH 93 %, temperatures, VIN.
_DRIVE = (
    _KEY_ON,
    (0x599, "00 00 04 B8 FF 33 00 00"),
    (0x155, "07 97 D0 54 5D C0 00 73"),
    (0x424, "11 40 FF FF 4B 5D 00 00"),
    (0x554, "46 45 45 44 45 45 46 00"),
    (0x5D7, "00 00 04 7C 1C E0 00"),
    (0x69F, "F0 82 87 37"),
)
_CHARGE = ((0x597, "20 B5 21 41 29 00 01 35"), (0x155, "07 98 48 54 5D C0 00 73"))
_KNOWN = {
    ("S", "SOC"): "60.0",
    ("S", "estimated range"): "51",
    ("S", "ideal range"): "51",
    ("S", "SOH"): "93",
    ("S", "charge state"): "done",
    ("D", "odometer"): "470267",
    ("D", "doors 1"): "32",
    ("F", "VIN"): "7378280",
}


def kept(flash):
    """What the module has on its flash, b"" while it is being written."""
    try:
        return (flash / "kept").read_bytes()
    except OSError:
        return b""


async def _drive_and_park(rig):
    await rig.log_in()
    await rig.bus.play(*_DRIVE)
    expected = {("S", "SOC"): "60.0", ("D", "odometer"): "470267"}
    assert await rig.settle(expected) == expected
    await rig.bus.play(_KEY_OFF)
    assert await rig.settle(_KNOWN) == _KNOWN


@pytest.mark.parametrize("runtime", RUNTIMES, ids=name_of)
def test_beside_a_sleeping_car(runtime, tmp_path):
    async def scenario():
        async with ModuleRig(runtime, tmp_path) as rig:
            await _drive_and_park(rig)
            before = await rig.type("S STAT")
            # Saved when the key was turned off; the power is cut without a word.
            await rig.until(lambda: b"\nawake=0\n" in kept(tmp_path))
            rig.process.kill()
            await rig.process.wait()
        async with ModuleRig(runtime, tmp_path, has_position=False) as rig:
            await rig.until(lambda: "V" in rig.messages)
            stat = await rig.type("S STAT")
            assert stat[: len(before) - 1] == before[:-1]
            assert stat[-2].startswith("#  Last seen: ")
            gps = await rig.type("S GPS")
            assert "52.5" in gps[2] and gps[4] == "# Fix:0" and "# Last fix: " in gps[6]
            # The server knows all of that, and an app that comes gets it.
            assert set(rig.messages) <= {"F", "V"}
            stale = {
                **_KNOWN,
                ("D", "temperatures stale"): "0",
                ("L", "GPS lock"): "0",
                ("L", "GPS stale"): "0",
                ("L", "latitude"): "52.500000",
            }
            assert await rig.settle(stale) == stale
            assert int(rig.value("D", "parked for")) > 0

    require(runtime)
    asyncio.run(scenario())


def test_beside_a_charging_car(tmp_path):
    """No "done" in between, and what was charged before counts."""
    runtime = ("cpython", "--time-scale", "20")
    said = []

    async def charge(rig):
        while True:
            await rig.bus.play(*_CHARGE)
            await asyncio.sleep(0.05)

    async def scenario():
        async with ModuleRig(runtime, tmp_path) as rig:
            await _drive_and_park(rig)
            charging = asyncio.create_task(charge(rig))
            await rig.until(lambda: "charging" in rig.messages["S"])
            await rig.until(lambda: b"\ncharge_state=1\n" in kept(tmp_path))
            charging.cancel()
            rig.process.kill()
            await rig.process.wait()
        async with ModuleRig(runtime, tmp_path, on_message=said.append) as rig:
            charging = asyncio.create_task(charge(rig))
            await rig.until(lambda: "S" in rig.messages and "D" in rig.messages)
            await asyncio.sleep(1)
            charging.cancel()
        states = [text.split(",")[4] for text in said if text.startswith("S")]
        assert states and set(states) == {"charging"}
        assert not [text for text in said if text.startswith("P")]

    asyncio.run(scenario())


def test_what_was_never_known_is_not_sent(tmp_path):
    """A new module on a desk: no car, no receiver, an app that asks."""

    async def scenario():
        runtime = ("cpython", "--time-scale", "20")
        async with ModuleRig(runtime, tmp_path, has_position=False) as rig:
            await rig.until(lambda: "V" in rig.messages)
            await rig.tell_everything("F")
            # Some two minutes of the module's time, with the 12 V battery read twice.
            await asyncio.sleep(6)
            assert set(rig.messages) == {"F", "V"}
            assert (await rig.type("S STAT"))[1:] == ["# Not charging", "#."]
            rig.gps.position(52.5, 13.4)
            rig.gps.receiver.faults.is_silent = False
            await rig.until(lambda: "L" in rig.messages)
            assert set(rig.messages) == {"F", "V", "L"}

    asyncio.run(scenario())


def test_another_car_begins_with_nothing_known(tmp_path):
    async def scenario():
        async with ModuleRig(("cpython", "--time-scale", "20"), tmp_path) as rig:
            await _drive_and_park(rig)
            await rig.type("S VEHICLE DEMO")
            await rig.until(lambda: rig.messages["S"].startswith("80.0,"))
            await rig.type("S VEHICLE RT")
            assert (await rig.type("S STAT"))[1:] == ["# Not charging", "#."]
            assert "#   Battery: -" in await rig.type("S TEMPS")
            for code in "SD":
                rig.messages.pop(code)
            await rig.tell_everything("F")
            await asyncio.sleep(3)
            assert not {"S", "D"} & set(rig.messages)
            # The same car made anew, for feature 15, knows what it knew.
            await rig.bus.play(*_DRIVE, _KEY_OFF)
            await rig.until(lambda: "S" in rig.messages)
            stat = await rig.type("S STAT")
            await rig.type("S FEATURE 15 1")
            assert await rig.type("S STAT") == stat

    asyncio.run(scenario())
