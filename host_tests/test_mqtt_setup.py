"""When there is a broker its parts are made, and which connection they get. CPython only."""

import asyncio
import sys
import types

import pytest

from ovms import mqtt_setup
from ovms.config import Config
from ovms.parameters import MQTT_SERVER, SERVER, VEHICLE_ID
from ovms.status import Status
from ovms.vehicle.base import Vehicle
from ovms.vehicle.state import VehicleState
from tools.simulated_board.fakes.memory_store import MemoryStore


class Ways:
    """WiFi or modem: remembers what it was asked for."""

    def __init__(self, is_joined=True):
        self.is_joined = is_joined
        self.opened = []

    async def join(self):
        return self.is_joined

    async def open_tcp(self, host, port):
        self.opened.append((host, port))
        raise OSError("no peer here")


class Clock:
    def uptime_s(self):
        return 0

    def utc_s(self):
        return None


def make_app(wifi=None):
    config = Config(MemoryStore())
    state = VehicleState()
    return types.SimpleNamespace(
        config=config,
        state=state,
        status=Status("BOARD"),
        is_safe=False,
        car=Vehicle(state, config),
        clock=Clock(),
        wifi=wifi,
        modem=Ways(),
        commander=None,
        sms=None,
        history=None,
        on_error=None,
        spawned=[],
        spawn=lambda function: spawned.append(function),
        keep=lambda name, run: run(),
    )


spawned = []


@pytest.fixture(autouse=True)
def nothing_spawned():
    spawned.clear()


def test_made_once_and_taken_away():
    async def scenario():
        app = make_app()
        mqtt_setup.update(app)
        assert app.status.mqtt is None and not spawned
        app.config.apply({MQTT_SERVER: "b.example", VEHICLE_ID: "CAR7"})
        mqtt_setup.update(app)
        mqtt_setup.update(app)
        assert len(spawned) == 1
        status = app.status.mqtt
        # A notification that comes meanwhile finds nobody, and is no error.
        status.notify("A", "text")
        await spawned[0]()
        assert len(status.tasks) == 2
        await asyncio.sleep(0)
        app.config.apply({MQTT_SERVER: ""})
        mqtt_setup.update(app)
        assert app.status.mqtt is None
        await asyncio.gather(*status.tasks, return_exceptions=True)
        assert all(task.cancelled() for task in status.tasks)

    asyncio.run(scenario())


def test_taken_away_while_it_is_made():
    async def scenario():
        app = make_app()
        app.config.apply({MQTT_SERVER: "b.example"})
        mqtt_setup.update(app)
        status = app.status.mqtt
        app.config.apply({MQTT_SERVER: ""})
        mqtt_setup.update(app)
        await spawned[0]()
        assert not status.tasks and app.status.mqtt is None

    asyncio.run(scenario())


class Broom:
    def __init__(self):
        self.count = 0

    def make_room(self):
        self.count += 1


def test_without_memory_it_is_tried_again_until_there_is_some(monkeypatch):
    """Once it was given up for good after two attempts."""
    monkeypatch.setattr(mqtt_setup, "_AGAIN_S", 0)
    build = mqtt_setup._build
    failures = [MemoryError(), MemoryError(), MemoryError()]

    async def starved(app, status):
        if failures:
            raise failures.pop()
        await build(app, status)

    monkeypatch.setattr(mqtt_setup, "_build", starved)

    async def scenario():
        app = make_app()
        app.broom = Broom()
        app.config.apply({MQTT_SERVER: "b.example", VEHICLE_ID: "CAR7"})
        mqtt_setup.update(app)
        status = app.status.mqtt
        await spawned[0]()
        assert len(status.tasks) == 2 and app.broom.count == 3
        assert app.status.counts == {"memory_retries": 3}
        assert "PSRAM" in status.server_error
        for task in status.tasks:
            task.cancel()
        await asyncio.gather(*status.tasks, return_exceptions=True)

    asyncio.run(scenario())


def test_taken_away_without_memory_it_ends(monkeypatch):
    monkeypatch.setattr(mqtt_setup, "_AGAIN_S", 0)

    async def starved(app, status):
        app.config.apply({MQTT_SERVER: ""})
        mqtt_setup.update(app)
        raise MemoryError

    monkeypatch.setattr(mqtt_setup, "_build", starved)
    app = make_app()
    app.broom = Broom()
    app.config.apply({MQTT_SERVER: "b.example"})
    mqtt_setup.update(app)
    asyncio.run(spawned[0]())
    assert app.status.mqtt is None and app.broom.count == 1


def opened(app):
    """(by WiFi, by the modem, what was refused with)."""

    async def attempt():
        with pytest.raises(OSError) as refused:
            await mqtt_setup._open_stream(app, "b.example", 1883, False)
        return str(refused.value)

    reason = asyncio.run(attempt())
    return len(app.wifi.opened) if app.wifi else 0, len(app.modem.opened), reason


def test_wifi_serves_server_and_broker():
    app = make_app(Ways())
    app.config.apply({SERVER: "s.example"})
    assert opened(app) == (1, 0, "no peer here")


def test_gprs_is_the_servers_where_there_is_one():
    for wifi in (None, Ways(is_joined=False)):
        app = make_app(wifi)
        assert opened(app) == (0, 1, "no peer here")
        app.config.apply({SERVER: "s.example"})
        wifi_opened, modem_opened, reason = opened(app)
        assert (wifi_opened, modem_opened) == (0, 1)
        assert reason.startswith("Over GPRS there is one connection, the server's")


def test_without_a_broker_nothing_of_it_is_loaded():
    """The resident parts do not import it."""
    text = "import ovms.app, ovms.assembly, sys; print([n for n in sys.modules if 'mqtt' in n])"
    import subprocess

    from tools.simulated_board import cpython
    from tools.vm import ROOT

    done = subprocess.run(
        [sys.executable, "-c", "import host_tests.conftest\n" + text],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT}/firmware:{ROOT}/modules"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert cpython and done.stdout.strip() == "[]", done.stderr
