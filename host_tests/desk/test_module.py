"""The Twizy's known frames through the whole module: `--can` in, the server's messages out.

Runs on CPython only, which starts the firmware on CPython and on both VMs.
"""

import asyncio

import pytest

from host_tests.desk.module_rig import RUNTIMES, ModuleRig, name_of, require
from host_tests.fixtures.twizy_frames import KNOWN_FRAMES
from tools.desk.sevcon_moods import MotorController

_FRAMES = {row: (number, data) for row, number, data, _ in KNOWN_FRAMES}

# Bits of D: doors 1 (5 is always set), doors 3 with both readings of "awake", doors 5.
_ALWAYS, _PORT, _PILOT, _CHARGING, _ON = 32, 4, 8, 16, 128
_AWAKE = 3
_12V_CHARGING = 16


def rows(*numbers):
    """Rows of Twizy facts 9.1, as the bus plays them."""
    return [_FRAMES[number] for number in numbers]


# (rows of 9.1, what the car reports then). 597 comes first: the other frames count on a bus that
# is online. Pack voltage comes before the current, whose power it gives.
RAW_FRAMES = (
    (
        rows(6, 25, 2, 9, 12, 13, 14, 15, 16, 18, 20, 21, 22, 23, 24),
        {
            ("S", "SOC"): "97.0",
            ("S", "line voltage"): "0",
            ("S", "charge state"): "done",
            ("S", "estimated range"): "73",
            ("S", "battery voltage"): "57.4",
            ("S", "battery current"): "2.3",
            ("S", "SOH"): "100",
            ("D", "doors 1"): str(_ALWAYS),
            ("D", "doors 3"): str(_AWAKE),
            ("D", "doors 5"): str(_12V_CHARGING),
            ("D", "PEM temperature"): "9",
            ("D", "motor temperature"): "36",
            ("D", "battery temperature"): "29",
            ("D", "charger temperature"): "13",
            ("D", "odometer"): "470267",
            ("D", "speed"): "0",
            ("D", "temperatures stale"): "1",
            ("D", "12 V current"): "6.6",
            ("L", "speed"): "0",
            ("L", "trip"): "0",
            # 2.25 A at 57.4 V
            ("L", "battery power"): "0.1",
            ("F", "VIN"): "7378280",
        },
    ),
    (
        rows(11, 26, 1),
        {
            ("S", "SOC"): "70.0",
            ("S", "battery voltage"): "54.3",
            ("S", "battery current"): "58.3",
            ("D", "doors 1"): str(_ALWAYS | _ON),
            # 58.25 A at 54.3 V
            ("L", "battery power"): "3.2",
        },
    ),
    (
        # A BMS that starts, a speed that is none and a BMS that shuts down change nothing.
        rows(19, 10, 4, 5),
        {
            ("S", "SOC"): "52.6",
            ("S", "SOH"): "100",
            ("S", "estimated range"): "47",
            ("S", "battery current"): "1.5",
            ("D", "speed"): "0",
            ("L", "speed"): "0",
        },
    ),
    (
        # The range the dashboard sends while charging is old.
        rows(12, 7, 3, 9),
        {
            ("S", "SOC"): "98.1",
            ("S", "line voltage"): "230",
            # From 94 % on the BMS tops off.
            ("S", "charge state"): "topoff",
            ("S", "battery current"): "-32.0",
            ("D", "doors 1"): str(_ALWAYS | _PORT | _PILOT | _CHARGING),
            ("D", "doors 3"): "0",
            ("D", "doors 5"): str(_12V_CHARGING),
            ("D", "charger temperature"): "25",
            ("D", "12 V current"): "1.4",
            # -32 A at 54.3 V
            ("L", "battery power"): "-1.7",
        },
    ),
    (
        rows(8),
        {
            ("S", "line voltage"): "0",
            ("S", "charge state"): "stopped",
            ("D", "doors 1"): str(_ALWAYS | _PORT),
            ("D", "doors 5"): "0",
            ("D", "charger temperature"): "29",
        },
    ),
)


def _key(status, mains="00"):
    """597 with a status byte, else as in row 6."""
    return 0x597, f"{mains}{status}214129000135"


def _gear(status):
    """59B in D with a status byte, else as in row 11."""
    return 0x59B, f"80{status}655E44720090"


def _status(doors1, doors3, line_v=0):
    return {
        ("D", "doors 1"): str(_ALWAYS | doors1),
        ("D", "doors 3"): str(doors3),
        ("S", "line voltage"): str(line_v),
    }


# Twizy facts 9.2 up to the end of the bus, and the plug from there on.
KEY_SEQUENCE = (
    ([_key("F0")], _status(0, 0)),
    ([_key("95")], _status(0, _AWAKE)),
    ([_gear("0C")], _status(_ON, _AWAKE)),
    ([_gear("0D")], _status(_ON, _AWAKE)),
    ([_key("85")], _status(_ON, 0)),
    ([_key("E4")], _status(0, 0)),
)
PLUG_SEQUENCE = (
    ([_key("E0", "20")], _status(_PILOT, 0, 230)),
    ([_key("A4", "20")], _status(_PORT | _PILOT | _CHARGING, 0, 230)),
)


async def _play(rig, steps):
    for frames, expected in steps:
        await rig.bus.play(*frames)
        assert await rig.settle(expected) == expected, frames


@pytest.mark.parametrize("runtime", RUNTIMES, ids=name_of)
def test_status_sequence_and_raw_frames(runtime, tmp_path):
    async def scenario():
        async with ModuleRig(runtime, tmp_path) as rig:
            await rig.log_in()
            await _play(rig, KEY_SEQUENCE)
            await _play(rig, PLUG_SEQUENCE)
            await _play(rig, RAW_FRAMES)

    require(runtime)
    asyncio.run(scenario())


def test_bus_that_falls_asleep(tmp_path):
    """Nothing from 597 for 10 to 20 s: what its senders told is over."""

    async def scenario():
        async with ModuleRig(("cpython", "--time-scale", "10"), tmp_path) as rig:
            await rig.log_in()
            await _play(rig, KEY_SEQUENCE[:3])
            asleep = _status(0, 0)
            asleep["D", "12 V current"] = "0.0"
            await _play(rig, [([], asleep)])

    asyncio.run(scenario())


@pytest.mark.parametrize("runtime", RUNTIMES, ids=name_of)
def test_motor_controller_is_logged_into(runtime, tmp_path):
    """Frames of the module reach the bus, and the answers the module, if feature 15 allows it."""
    controller = MotorController("80")
    controller.step(0, True)

    async def scenario():
        options = ("--param", "31=1")
        async with ModuleRig(runtime, tmp_path, options, on_frame=controller.receive) as rig:
            await rig.log_in()
            await rig.bus.play(*rows(6))
            expected = {("D", "doors 3"): str(_AWAKE | 64), ("F", "CAN write"): "1"}
            assert await rig.settle(expected) == expected
            assert controller.node.level == 4
            # Twizy facts 9.6, "Login"
            assert [frame.data.hex(" ") for frame in rig.bus.received[:5]] == [
                "40 18 10 02 00 00 00 00",
                "40 00 50 01 00 00 00 00",
                "22 00 50 03 00 00 00 00",
                "22 00 50 02 df 4b 00 00",
                "40 00 50 01 00 00 00 00",
            ]

    require(runtime)
    asyncio.run(scenario())


def test_silent_without_feature_15(tmp_path):
    async def scenario():
        async with ModuleRig(("cpython",), tmp_path) as rig:
            await rig.log_in()
            await rig.bus.play(*rows(6, 11, 29, 29, 29))
            expected = {("D", "doors 1"): str(_ALWAYS | _ON), ("F", "CAN write"): "0"}
            assert await rig.settle(expected) == expected
            assert rig.bus.received == []

    asyncio.run(scenario())
