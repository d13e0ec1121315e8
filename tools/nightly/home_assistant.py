"""The firmware in a real Home Assistant: `python -m tools.nightly.home_assistant --python PYTHON`.

A desk with broker, modem, phone and GPS receiver, and beside it a Home Assistant that finds the
car by itself. It is asked by its own interfaces what it shows and told to do what people do there:
each line of the output is one thing that was looked at, `ok` or `FAIL`. Exit code 1 when one
failed, 2 when it could not be tried. It takes some five minutes.

PYTHON is one that has the package `homeassistant` 2024.12 or newer with its requirements, see
`tools/desk/README.md`; Home Assistant of this year wants a newer Python than this project.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools import vm
from tools.desk.board_host import HostError, Wiring
from tools.desk.module import USUAL_BOARD
from tools.desk.mqtt_watch import PASSWORD, USER, MQTTWatch
from tools.desk.phone_script import SET_UP, PhoneScript, Step, mqtt_steps
from tools.desk.stage import VEHICLE, Stage, StageOptions
from tools.nightly.hass import HassError, HomeAssistant

_ID = f"ovms_{VEHICLE}"
_DISCOVERY = f"homeassistant/device/{_ID}/config"
_PREFIX = f"ovms/{USER}/{VEHICLE}/"
_LIMIT_S = 90.0
_SET_UP_LIMIT_S = 240.0
# What a module learns of its car it tells two minutes later, and after that in eight.
_LEARN_LIMIT_S = 660.0
_POLL_S = 0.3
_EXPIRE_S = 18_000
# The newest value may be so old, and was told by a clock that is right to the minute.
_SEEN_SLACK_S = 600
_GONE = "unavailable"
_NOT_KNOWN = "unknown"
_DEMO_PIN = "1234"

# What Home Assistant has to show of a kind: unit, device class. Of what the values are, not of
# what the module says.
_SHOWN: dict[str, tuple[str | None, str | None]] = {
    "v_b_soc": ("%", "battery"),
    "v_b_soh": ("%", None),
    "v_b_voltage": ("V", "voltage"),
    "v_b_current": ("A", "current"),
    "v_b_power": ("kW", "power"),
    "v_b_temp": ("°C", "temperature"),
    "v_b_range_ideal": ("km", "distance"),
    "v_b_energy_used": ("kWh", "energy"),
    "v_b_12v_voltage": ("V", "voltage"),
    "v_p_odometer": ("km", "distance"),
    "v_p_speed": ("km/h", "speed"),
    "v_p_altitude": ("m", "distance"),
    "v_c_charging": (None, "battery_charging"),
    "v_c_pilot": (None, "plug"),
    "v_e_on": (None, "running"),
    "seen": (None, "timestamp"),
}


class Walk:
    """One visit. results: (whether it is right, what was looked at)."""

    def __init__(self, stage: Stage, home: HomeAssistant):
        self.stage = stage
        self.home = home
        self.results: list[tuple[bool, str]] = []

    def note(self, is_good: bool, text: str) -> None:
        self.results.append((is_good, text))
        print("  ok   " if is_good else "  FAIL ", text, flush=True)

    async def until(self, is_so: Callable[[], Any], limit_s: float = _LIMIT_S) -> bool:
        """Wait until the coroutine function `is_so` answers something true."""
        end_s = time.monotonic() + limit_s
        while True:
            if await is_so():
                return True
            if time.monotonic() > end_s:
                return False
            await asyncio.sleep(_POLL_S)

    @property
    def broker(self) -> MQTTWatch:
        assert self.stage.mqtt is not None
        return self.stage.mqtt

    async def entity(self, key: str) -> str:
        """Id of an entity, "" for none: that of `v_b_soc`."""
        row = (await self.home.entities()).get(f"{_ID}_{key}")
        return row["entity_id"] if row else ""

    async def state(self, key: str) -> str:
        """What an entity shows, "" for none."""
        states = await self.home.states()
        return states.get(await self.entity(key), {}).get("state", "")

    def told(self) -> dict[str, dict[str, Any]]:
        """What the broker keeps of the components that the device has, by key; {} for none."""
        text = self.broker.topics.get(_DISCOVERY, "")
        parts = json.loads(text)["cmps"] if text else {}
        return {key: part for key, part in parts.items() if "uniq_id" in part}

    async def sms(self, text: str, expected: str) -> None:
        script = PhoneScript(self.stage, (Step(text, expected),))
        await script.run()
        if not script.is_finished:
            raise HostError(script.complaint)

    async def device_follows(self, what: str) -> None:
        """The device has what the module told, and nothing else."""

        async def is_same() -> bool:
            wanted = {f"{_ID}_{key}" for key in self.told()}
            return bool(wanted) and set(await self.home.entities()) == wanted

        is_good = await self.until(is_same)
        self.note(is_good, f"{what}: {len(await self.home.entities())} entities")
        if not is_good:
            wanted = {f"{_ID}_{key}" for key in self.told()}
            print("       they differ by", sorted(wanted ^ set(await self.home.entities())))

    async def statistics_are_right(self, what: str) -> None:
        """Home Assistant's long-term statistics take unit and state class of all of them."""
        issues = await self.home.statistics_issues()
        self.note(not issues, f"{what}: {len(issues)} issues with statistics")
        for name, rows in issues.items():
            print("      ", name, json.dumps(rows))

    async def values_are_right(self, what: str) -> None:
        """Each entity shows what the broker has of it, as the newest."""
        wrong: dict[str, str] = {}

        async def is_right() -> bool:
            wrong.clear()
            states = await self.home.states()
            entities = await self.home.entities()
            for key, part in self.told().items():
                row = entities.get(f"{_ID}_{key}")
                shown = states.get(row["entity_id"]) if row else None
                fault = self.fault(key, part, shown)
                if fault:
                    wrong[key] = fault
            return not wrong

        await self.until(is_right, 30)
        self.note(not wrong, f"{what}: all show what the broker has")
        for key, fault in sorted(wrong.items()):
            print(f"       {key} {fault}")

    def fault(self, key: str, part: dict[str, Any], shown: dict[str, Any] | None) -> str:
        """What is wrong with an entity; "" for nothing."""
        if shown is None:
            return "is not there"
        attributes = shown["attributes"]
        unit, kind = attributes.get("unit_of_measurement"), attributes.get("device_class")
        if key in _SHOWN and (unit, kind) != _SHOWN[key]:
            return f"has {unit} and {kind}"
        if part["p"] not in ("sensor", "binary_sensor") or key == "seen":
            return "" if shown["state"] != _GONE else "is unavailable"
        text = self.broker.topics.get(part["stat_t"], "")
        wanted = text or _NOT_KNOWN
        if part["p"] == "binary_sensor":
            wanted = {"yes": "on", "no": "off"}.get(text, _NOT_KNOWN)
        is_same = shown["state"] == wanted or _number(shown["state"]) == _number(wanted)
        if not is_same:
            return f"shows {shown['state']}, the broker has {text!r}"
        if "json_attr_t" in part and text and "last_seen" not in attributes:
            return "does not tell how old it is"
        return ""


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


async def twizy(walk: Walk) -> None:
    """A Twizy that drives, against what the car, the receiver and the clock have."""
    await walk.device_follows("A Twizy")
    devices = [row for row in await walk.home.devices() if ["mqtt", _ID] in row["identifiers"]]
    is_one = len(devices) == 1 and devices[0]["name"] == VEHICLE
    # Which the car has and does not tell, or does not have.
    silent = {
        "v_d_fl",
        "v_d_hood",
        "v_e_alarm",
        "v_e_handbrake",
        "v_e_headlights",
        "v_e_cabintemp",
    }
    walk.note(not silent & set(walk.told()), "nothing that a Twizy does not tell")
    walk.note(is_one, f"one device {VEHICLE}, {devices[0]['model'] if devices else 'no model'}")
    await walk.values_are_right("A Twizy")
    await walk.statistics_are_right("A Twizy")
    car = walk.stage.car

    async def is_soc() -> bool:
        return abs(float(await walk.state("v_b_soc")) - car.soc_pct) < 1.0

    walk.note(await walk.until(is_soc), f"SOC {await walk.state('v_b_soc')}: {car.soc_pct:.1f} %")

    async def is_odometer() -> bool:
        return abs(float(await walk.state("v_p_odometer")) - car.odometer_km) < 1.5

    shown = f"odometer {await walk.state('v_p_odometer')}: {car.odometer_km:.1f} km"
    walk.note(await walk.until(is_odometer), shown)

    async def is_here() -> bool:
        place = walk.stage.gps.receiver.fix
        states = await walk.home.states()
        told = states[await walk.entity("place")]["attributes"]
        # A minute's way of a Twizy.
        return (
            all(
                abs(told.get(name, 0) - getattr(place, name)) < 0.02
                for name in ("latitude", "longitude")
            )
            and told.get("gps_accuracy", 0) >= 5
        )

    walk.note(await walk.until(is_here), "the device tracker is where the car is")

    async def is_now() -> bool:
        text = await walk.state("seen")
        if text in ("", _NOT_KNOWN, _GONE):
            return False
        age = datetime.now(UTC) - datetime.fromisoformat(text)
        return abs(age.total_seconds()) < _SEEN_SLACK_S

    walk.note(await walk.until(is_now), f"last seen {await walk.state('seen')}")
    endless = [
        key
        for key, part in walk.told().items()
        if part["p"] in ("sensor", "binary_sensor") and part.get("exp_aft") != _EXPIRE_S
    ]
    walk.note(endless == ["seen"], "every value ends after five hours without word of it")


async def withdrawn(walk: Walk) -> None:
    """What the module takes away is not shown any longer."""
    for key in ("v_b_soc", "v_e_on", "v_vin"):
        walk.broker.say(walk.told()[key]["stat_t"], "")

        async def is_unknown(key: str = key) -> bool:
            return await walk.state(key) == _NOT_KNOWN

        is_good = await walk.until(is_unknown, 5)
        walk.note(is_good, f"{key} withdrawn: {await walk.state(key)}")


async def power_cut(walk: Walk) -> None:
    """The will: all of it is unavailable, and there again."""

    async def are_gone() -> bool:
        states = await walk.home.states()
        entities = await walk.home.entities()
        return all(states[row["entity_id"]]["state"] == _GONE for row in entities.values())

    began_s = time.monotonic()
    assert walk.stage.board is not None
    await walk.stage.board.cut_power()
    is_good = await walk.until(are_gone, 30)
    walk.note(is_good, f"power cut: all unavailable after {time.monotonic() - began_s:.1f} s")

    async def is_back() -> bool:
        return await walk.state("v_b_soc") not in ("", _GONE, _NOT_KNOWN)

    is_good = await walk.until(is_back, _SET_UP_LIMIT_S)
    walk.note(is_good, f"and there again after {time.monotonic() - began_s:.0f} s")
    await walk.values_are_right("After it")


# Service, entity, data, and the entity and state in which its work shows; "": in none, and the
# module answers so.
_DEEDS: tuple[tuple[str, str, dict[str, Any], str, str], ...] = (
    ("lock.lock", "lock", {"code": _DEMO_PIN}, "lock", "locked"),
    ("lock.unlock", "lock", {"code": _DEMO_PIN}, "lock", "unlocked"),
    ("switch.turn_on", "charge", {}, "charge", "on"),
    ("number.set_value", "set_charge_current", {"value": 10}, "set_charge_current", "10"),
    ("number.set_value", "set_charge_limit", {"value": 90}, "set_charge_limit", "90"),
    ("select.select_option", "set_charge_mode", {"option": "range"}, "set_charge_mode", "range"),
    ("switch.turn_off", "charge", {}, "charge", "off"),
    ("switch.turn_on", "climate", {}, "climate", "on"),
    ("switch.turn_off", "climate", {}, "climate", "off"),
    ("button.press", "wake_up", {}, "", "Vehicle has been woken"),
    ("button.press", "homelink_2", {}, "", "Homelink #2 activated"),
)


async def demo_car(walk: Walk) -> None:
    """The demo car takes what is ordered, and its PIN is asked for unless the owner says no."""
    await walk.sms("VEHICLE DEMO", "DEMO")

    async def is_another() -> bool:
        return "lock" in walk.told()

    walk.note(await walk.until(is_another), "VEHICLE DEMO: a lock is told")
    await walk.device_follows("The demo car")
    await walk.values_are_right("The demo car")
    await walk.statistics_are_right("The demo car")
    for deed in _DEEDS:
        await _deed(walk, *deed)
    await _refused(walk)

    async def is_learnt() -> bool:
        return (
            await walk.state("v_c_charging") == "off" and await walk.state("v_c_mode") == "range"
        )

    is_good = await walk.until(is_learnt, _LEARN_LIMIT_S)
    walk.note(is_good, "what the car was seen to do since is told")
    await walk.device_follows("The demo car then")
    await walk.sms("FEATURE 10 2", "Feature has been set.")
    await _deed(walk, "lock.lock", "lock", {}, "lock", "locked")
    await _deed(walk, "lock.unlock", "lock", {}, "lock", "unlocked")
    await _deed(walk, "switch.turn_on", "valet_mode", {}, "valet_mode", "on")
    await _deed(walk, "switch.turn_off", "valet_mode", {}, "valet_mode", "off")


async def _deed(
    walk: Walk, service: str, key: str, data: dict[str, Any], shows: str, wanted: str
) -> None:
    await walk.home.call(service, await walk.entity(key), **data)

    async def is_done() -> bool:
        if shows:
            state = await walk.state(shows)
            return state == wanted or _number(state) == _number(wanted)
        return wanted in _answers(walk)

    is_good = await walk.until(is_done)
    shown = f"{shows} is {await walk.state(shows)}" if shows else wanted
    words = " ".join([service, key, *(f"{name}={value}" for name, value in data.items())])
    walk.note(is_good, f"{words}: {shown}")


def _answers(walk: Walk) -> str:
    """All that the module answered to Home Assistant last."""
    start = f"{_PREFIX}client/ha/response/"
    topics = walk.broker.topics
    return " ".join(text for topic, text in sorted(topics.items()) if topic.startswith(start))


async def _refused(walk: Walk) -> None:
    """A wrong PIN."""
    await walk.home.call("lock.lock", await walk.entity("lock"), code="4711")

    async def is_refused() -> bool:
        return "Error: " in _answers(walk)

    is_good = await walk.until(is_refused) and await walk.state("lock") == "unlocked"
    walk.note(is_good, f"a wrong PIN: lock is {await walk.state('lock')}")


async def back_and_away(walk: Walk) -> None:
    """Another car has other entities; and without HA there is no device."""
    await walk.sms("VEHICLE RT", "RT")

    async def is_without() -> bool:
        return bool(walk.told()) and "lock" not in walk.told()

    walk.note(await walk.until(is_without), "VEHICLE RT: no lock is told")
    await walk.device_follows("A Twizy again")
    await walk.sms("MQTT HA OFF", "Assistant:OFF")

    async def is_empty() -> bool:
        devices = [row for row in await walk.home.devices() if ["mqtt", _ID] in row["identifiers"]]
        return not devices and not await walk.home.entities()

    walk.note(await walk.until(is_empty), "MQTT HA OFF: no device, no entities")


async def visit(python: list[str], folder: Path, is_loud: bool) -> int:
    def on_line(who: str, text: str) -> None:
        if is_loud or (who == "module" and "Traceback" in text):
            print(f"{who:>12} {text}", flush=True)

    runtime = "micropython" if 64 in vm.available() else "cpython"
    # No folder: one that goes again.
    wiring = Wiring(runtime=runtime, board=USUAL_BOARD, flash=Path())
    stage = Stage(StageOptions(wiring=wiring, has_mqtt=True), on_line)
    home = HomeAssistant(python, folder / "hass")
    walk = Walk(stage, home)
    try:
        await stage.start()
        assert stage.mqtt is not None and stage.mqtt.broker is not None
        script = PhoneScript(stage, mqtt_steps(stage, SET_UP))
        phone = asyncio.create_task(script.run())
        await home.start()
        print(f"Home Assistant {await home.version()}, the firmware on {runtime}", flush=True)
        await home.add_broker("127.0.0.1", stage.mqtt.broker.port, USER, PASSWORD)
        await asyncio.wait_for(phone, _SET_UP_LIMIT_S)
        if not script.is_finished:
            raise HostError(script.complaint)
        for part in (twizy, withdrawn, power_cut, demo_car, back_and_away):
            await part(walk)
        complaints = home.complaints()
        walk.note(not complaints, f"{len(complaints)} warnings and errors in its log")
        for line in complaints:
            print("      ", line)
    finally:
        await home.stop()
        await stage.stop()
    failed = sum(not is_good for is_good, _ in walk.results)
    print(f"{len(walk.results)} looked at, {failed} wrong")
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", required=True, help="a Python that has `homeassistant`")
    parser.add_argument("--loud", action="store_true", help="show the desk's lines, too")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="ovms-hass-") as folder:
            return asyncio.run(visit([options.python], Path(folder), options.loud))
    except (HostError, HassError, OSError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
