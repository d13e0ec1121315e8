"""`docs/home-assistant.md`, value by value: what ovms-hass shows of the Twizy and the demo car.

The module runs on CPython and on both VMs, the server is the desk's with the stock server's REST
error, and the integration's calls are replayed. The expected values are the table's.
"""

import asyncio
import contextlib
import datetime
import re
import ssl

import pytest

from host_tests.desk import hass
from host_tests.desk.module_rig import (
    OWNER_PASSWORD,
    PASSWORD,
    RUNTIMES,
    VEHICLE,
    ModuleRig,
    name_of,
    require,
)
from host_tests.fixtures.twizy_frames import KNOWN_FRAMES
from tools.desk.ovms import fields, tls
from tools.desk.ovms.context import Quirks
from tools.vm import ROOT

DOCUMENT = ROOT / "docs" / "home-assistant.md"
OWNER = "desk", OWNER_PASSWORD
DRIVING, CHARGING, DEMO = "Twizy, driving", "Twizy, charging", "Demo car"
TWIZY = "Twizy"
RESULTS = {"done": 0, "refused": 1, "not supported": 2}
_LIMIT_S = 450

_FRAMES = {row: (number, data) for row, number, data, _ in KNOWN_FRAMES}


def _rows(*numbers):
    """Rows of Twizy facts 9.1."""
    return [_FRAMES[number] for number in numbers]


# What tells the same in both scenes, then key, pack voltage, gear, SOC and current. At the end
# 599 as in row 9: a range of 73 km, which counts only under way, and 45 km/h in its last bytes.
_SAME = _rows(13, 14, 15, 16, 18, 20, 21, 22, 23, 24)
SCENES = {
    DRIVING: [*_rows(6, 26), *_SAME, *_rows(11, 1), (0x599, "000004B8FF491194")],
    CHARGING: [*_rows(7, 26, 12), *_SAME, *_rows(9, 3)],
}

# What the integration's README names, by its tables and lists. What stands in more than one has
# one name; its climate entity is none, which the document says.
README = {
    "lock": ["Door Lock"],
    "device_tracker": ["Location"],
    "switch": ["Cooldown", "Valet Mode"],
    "number": ["Charge Limit", "Charge Current", "GPS Interval"],
    "button": [
        *("Refresh Data", "Wake Up", "HomeLink 1", "HomeLink 2", "HomeLink 3"),
        *("Module Reset", "TPMS Reset"),
    ],
    "binary_sensor": [
        *("Front Left Door", "Front Right Door", "Rear Left Door", "Rear Right Door"),
        *("Bonnet/Hood", "Trunk", "Charge Port", "Parking Brake", "Pilot Present"),
        *("Car On/Started", "Headlights", "Alarm Sounding", "GPS Lock", "CAN Write Active"),
    ],
    "sensor": [
        *("State of Charge", "State of Health", "Estimated Range", "Battery Capacity"),
        *("Battery Voltage", "12V Battery Voltage", "12V Battery Current", "CAC"),
        *("Ambient Temperature", "Cabin Temperature", "Battery Temperature"),
        *("Motor Temperature", "PEM Temperature", "Charger Temperature", "Charging State"),
        *("Charging Power", "Charging Current", "Charger Power Input", "Charge Type"),
        *("Time to Full", "Charge Session Energy", "Charge Limit Range", "Grid kWh, session"),
        *("Grid kWh, total", "Charger Efficiency", "Odometer", "Speed", "Trip Meter", "Power"),
        *("Energy Used", "Energy Recovered", "Drive Mode", "Inverter Power"),
        *("Inverter Efficiency", "Latitude", "Longitude", "Altitude", "Direction"),
        *("Last Seen", "GSM Signal", "WiFi Signal", "Connection Status", "Firmware Version"),
        *("Hardware Version", "Modem Mode", "Service Range", "Service Time"),
    ],
}
SERVICES = [
    *("send_command", "send_sms", "set_charge_timer", "wakeup_subsystem", "tpms_map_wheel"),
    *("get_feature", "set_feature", "get_parameter", "set_parameter"),
]


def table(first):
    """Rows of the document's table whose first heading is `first`, as dicts by heading."""
    lines = iter(DOCUMENT.read_text("utf-8").splitlines())
    headings = next(line for line in lines if line.startswith(f"| {first} |"))
    next(lines)
    names = cells(headings)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            return rows
        rows.append(dict(zip(names, cells(line), strict=True)))
    return rows


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def controls():
    """The second table that begins with entities."""
    text = DOCUMENT.read_text("utf-8").split("## Controls")[1].split("## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    names = cells(lines[0])
    return [dict(zip(names, cells(line), strict=True)) for line in lines[2:]]


def code(cell):
    """The text of a cell in backticks, None for `–`."""
    if cell == "–":
        return None
    assert re.fullmatch("`[^`]+`", cell), cell
    return cell.strip("`")


def test_every_entity_has_its_row():
    kinds = {entity.name: entity.platform for entity in hass.ENTITIES}
    assert len(kinds) == len(hass.ENTITIES) == 77
    shown = [row["Entity"] for row in table("Entity")]
    buttons = [name for name in kinds if kinds[name] == "button"]
    assert sorted(shown) == sorted([*(set(kinds) - set(buttons)), *hass.DEVICE])
    pressed = [row["Entity"] for row in controls()]
    acting = [entity.name for entity in hass.ENTITIES if entity.commands]
    assert sorted(pressed) == sorted({*buttons, *acting})
    for row in table("Entity") + controls():
        assert row["Kind"] == kinds.get(row["Entity"], "device"), row
    for kind, names in README.items():
        assert [name for name in names if kinds.get(name) != kind] == []
    assert [row["Service"] for row in table("Service")] == SERVICES == list(hass.SERVICES)
    # Who has no value has a reason.
    for row in table("Entity"):
        is_empty = {row[DRIVING], row[CHARGING], row[DEMO]} & {"–", "`0`", "`0.0`", "`0.00`"}
        is_measured = row["Entity"] in ("Speed", "Charge Current", "12V Battery Current", "Power")
        is_measured |= row["Entity"] in ("Charging Power", "Charging Current", "Direction")
        is_measured |= row["Entity"] == "Grid kWh, session"
        assert row["To know"] or is_measured or not is_empty, row


def test_the_fields_of_the_table_are_those_of_the_protocol():
    views = {"status": "s", "charge": "c", "location": "l"}
    messages = {"S": fields.S, "D": fields.D, "L": fields.L}
    sources = {entity.name: entity.source for entity in hass.ENTITIES} | hass.DEVICE
    count = 0
    for row in table("Entity"):
        told = []
        for call, key, letter, index, mask in re.findall(
            r"`(\w+)\.(\w+)` \(([SDL]) (\d+)(?: & (\d+))?\)", row["From"]
        ):
            told.append(f"{call}.{key}")
            if mask:
                flags = {f.rest: f for f in fields.DOOR_FLAGS[int(index)]}
                assert letter == "D" and views[call] in flags[key].views
                assert (flags[key].rest_mask or flags[key].mask) == int(mask)
            else:
                field = messages[letter][int(index)]
                assert field.rest == key and views[call] in field.views, row
            count += 1
        for letter, index, mask in re.findall(r"v2: ([FD]) (\d+)(?: & (\d+))?", row["From"]):
            told.append(f"v2.{letter}.{index}" + (f".{mask}" if mask else ""))
        told += re.findall(r"`([\w.]+)` \((?:age of [SL]|login)\)", row["From"])
        assert told == sources[row["Entity"]].split(), row
    assert count > 50


class House:
    """Module, server and Home Assistant. scene: frames that the car's bus repeats."""

    def __init__(self, runtime, folder, options, has_position):
        ca, certificate, key = hass.certificates(folder)
        self.ca = ca
        self.rig = ModuleRig(
            runtime,
            folder,
            options,
            has_position=has_position,
            server_options={
                "tls_port": 0,
                "https_port": 0,
                "ssl_context": tls.server_context(certificate, key),
                # The stock server's own error, which no module should bring out.
                "quirks": Quirks(tpms_404=True),
            },
        )
        self.scene = ()
        self._bus = None

    async def __aenter__(self):
        await self.rig.__aenter__()
        try:
            await self.rig.until(lambda: "V" in self.rig.messages)
        except BaseException:
            await self.rig.__aexit__()
            raise
        self._bus = asyncio.create_task(self._play())
        return self

    async def __aexit__(self, *_):
        self._bus.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._bus
        await self.rig.__aexit__()

    async def _play(self):
        while True:
            if self.scene:
                await self.rig.bus.play(*self.scene)
            await asyncio.sleep(0.1)

    def home(self):
        return hass.Integration(self.rig.server, self.ca, OWNER, VEHICLE, PASSWORD)

    async def settle(self, home, column):
        """Poll until all entities show what the table's column has; what does not, in the end."""
        expected = {row["Entity"]: row[column] for row in table("Entity")}
        wrong = dict(expected)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LIMIT_S):
                while wrong:
                    # Another app makes the module tell everything at once.
                    await self.rig.tell_everything("SDLF")
                    await home.poll()
                    shown = home.states()
                    assert set(shown) == set(expected)
                    wrong = {
                        name: (shown[name], cell)
                        for name, cell in expected.items()
                        if not self._is_as(shown[name], cell)
                    }
        return wrong

    def _is_as(self, shown, cell):
        if cell == "*time*":
            age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(
                shown + "+00:00"
            )
            return datetime.timedelta(0) <= age < datetime.timedelta(minutes=2)
        if cell == "*kWh*":
            return re.fullmatch(r"0\.0\d\d", shown)
        if cell in ("*version*", "*hardware*"):
            number = 0 if cell == "*version*" else 8
            return shown and shown == self.rig.messages["F"].split(",")[number]
        return shown == code(cell)


async def check_commands(home, column):
    """Send all that the controls and services send; the restart of the module comes last."""
    by_name = {entity.name: entity for entity in hass.ENTITIES}
    rows = [(row, by_name[row["Entity"]].commands) for row in controls()]
    rows += [(row, (hass.SERVICES[row["Service"]],)) for row in table("Service")]
    rows.sort(key=lambda row: row[1] == ("5",))
    for row, commands in rows:
        sends = row.get("Sends") or row["Would send"]
        assert tuple(re.findall("`([^`]+)`", sends)) == commands, row
        for command in commands:
            result, text = await home.command(command)
            assert result == RESULTS[row[column]], (command, result, text)


@pytest.mark.parametrize("runtime", RUNTIMES, ids=name_of)
def test_twizy(runtime, tmp_path):
    async def scenario():
        async with House(runtime, tmp_path, ("--param", "29=95.5"), True) as house:
            house.scene = SCENES[DRIVING]
            async with house.home() as home:
                assert await home.get("vehicles") == [
                    {
                        "id": VEHICLE,
                        "v_net_connected": 1,
                        "v_apps_connected": 1,
                        "v_btcs_connected": 0,
                    }
                ]
                assert await house.settle(home, DRIVING) == {}
                # No tyres, but an answer.
                assert home.data["tpms"] == {}
                house.scene = SCENES[CHARGING]
                assert await house.settle(home, CHARGING) == {}
                await check_commands(home, TWIZY)
            assert not house.rig.server.counters(VEHICLE).fault_count

    require(runtime)
    asyncio.run(scenario())


# The demo car's day begins with three minutes at rest: they must not be over sooner.
@pytest.mark.parametrize("runtime", (("cpython",), *RUNTIMES[1:]), ids=name_of)
def test_demo_car(runtime, tmp_path):
    async def scenario():
        options = ("--param", "14=DEMO", "--param", "26=2")
        async with House(runtime, tmp_path, options, False) as house:
            async with house.home() as home:
                assert await house.settle(home, DEMO) == {}
                # Old readers' tyres: psi of 225, 225, 232 and 240 kPa.
                tyres = home.data["tpms"]
                names = [f"{w}_{k}" for w in ("fl", "fr", "rl", "rr") for k in ("pressure",)]
                assert [tyres[name] for name in names] == ["32.6", "32.6", "33.6", "34.8"]
                assert tyres["rr_temperature"] == "18" and tyres["staletpms"] == "1"
                raw = {row["m_code"]: row for row in await home.get(f"protocol/{VEHICLE}")}
                assert set("SDLFWV") <= set(raw)
                assert {row["m_paranoid"] for row in raw.values()} == {0}
                assert raw["S"]["m_msg"].split(",")[0] == home.states()["State of Charge"]
                await check_changes(house, home)
                await check_commands(home, DEMO)
            assert not house.rig.server.counters(VEHICLE).fault_count

    require(runtime)
    asyncio.run(scenario())


async def check_changes(house, home):
    """What the controls change, as the next polls show it."""

    async def shows(name, text, command):
        result, said = await home.command(command)
        assert result == 0, (command, said)
        async with asyncio.timeout(_LIMIT_S):
            while True:
                await house.rig.tell_everything("SDLF")
                await home.poll()
                if home.states()[name] == text:
                    return

    await shows("Door Lock", "unlocked", "22")
    await shows("Door Lock", "locked", "20")
    await shows("Valet Mode", "on", "21")
    await shows("Valet Mode", "off", "23")
    await shows("HVAC", "on", "26,1")
    await shows("Charge Limit", "16", "15,16")
    await shows("Charge Limit", "16", "16,80")
    assert home.data["charge"]["charge_limit_soc"] == "80"
    await shows("Charge Limit", "16", "17,1,23,30")
    charge = home.data["charge"]
    assert (charge["chargetimermode"], charge["chargestarttime"]) == ("1", "1409")
    await shows("Charge Limit", "16", "17,0")
    assert home.data["charge"]["chargetimermode"] == "0"


def test_without_the_owners_word_a_pin_is_wanted(tmp_path):
    async def scenario():
        options = ("--param", "14=DEMO")
        async with House(("cpython",), tmp_path, options, False) as house, house.home() as home:
            for command in ("20", "21", "22", "23"):
                assert await home.command(command) == (1, "PIN missing")
            await house.rig.type("S FEATURE 10 2")
            for command in ("22", "20"):
                assert await home.command(command) == (0, "")

    asyncio.run(scenario())


def test_who_is_let_in(tmp_path):
    """A wrong password at either door, another authority, a session that is over."""

    async def scenario():
        async with House(("cpython",), tmp_path, (), True) as house:
            server = house.rig.server
            for owner, password in ((("desk", "x"), PASSWORD), (OWNER, "x")):
                home = hass.Integration(server, house.ca, owner, VEHICLE, password)
                with pytest.raises((AssertionError, OSError)):
                    async with home:
                        pass
                await home._http.close()
            (tmp_path / "other").mkdir()
            other = hass.certificates(tmp_path / "other")[0]
            home = hass.Integration(server, other, OWNER, VEHICLE, PASSWORD)
            with pytest.raises(ssl.SSLCertVerificationError):
                await home.connect_v2()
            async with house.home() as home:
                await home.poll()
                assert home.data["vehicle"]["v_net_connected"] == 1
                await home.get("cookie", method="DELETE")
                with pytest.raises(AssertionError, match="401"):
                    await home.poll()
                await home.log_in()
                await home.poll()

    asyncio.run(scenario())
