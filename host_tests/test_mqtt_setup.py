"""When there is a broker its parts are made, and which connection they get. CPython only."""

import asyncio
import sys
import types

import pytest

from ovms import mqtt_setup
from ovms.config import Config
from ovms.links.mqtt_link import MQTTLink
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

    def is_usable(self):
        return self.is_joined

    async def open_tcp(self, host, port):
        self.opened.append((host, port))
        raise OSError("no peer here")


class Clock:
    def uptime_s(self):
        return 0

    def utc_s(self):
        return None


class Broom:
    def __init__(self):
        self.count = 0

    def make_room(self):
        self.count += 1


def make_app(wifi=None):
    config = Config(MemoryStore())
    state = VehicleState()
    status = Status("BOARD")
    status.wifi = wifi
    return types.SimpleNamespace(
        config=config,
        state=state,
        status=status,
        is_safe=False,
        car=Vehicle(state, config),
        clock=Clock(),
        modem=Ways(),
        commander=None,
        sms=None,
        history=None,
        on_error=None,
        spawned=[],
        spawn=lambda function: spawned.append(function),
        keep=lambda name, run: run(),
        broom=Broom(),
        # At once, and not by the task that asks.
        in_turn=lambda function, *given: asyncio.get_running_loop().call_soon(function, *given),
    )


spawned = []


@pytest.fixture(autouse=True)
def nothing_spawned():
    spawned.clear()


def living(scenario):
    """Run an async test; what it leaves running ends with it. Pauses take no time."""
    pauses = []
    sleep = asyncio.sleep

    async def passed(seconds):
        pauses.append(seconds)
        await sleep(0)

    async def main():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(mqtt_setup.asyncio, "sleep", passed)
            try:
                await scenario(sleep)
            finally:
                others = asyncio.all_tasks() - {asyncio.current_task()}
                for task in others:
                    task.cancel()
                await asyncio.gather(*others, return_exceptions=True)

    asyncio.run(main())
    return pauses


async def until(condition, sleep):
    for _ in range(1000):
        if condition():
            return
        await sleep(0)
    raise AssertionError("it never came")


def test_made_once_and_taken_away():
    async def scenario(sleep):
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
        builder = asyncio.create_task(spawned[0]())
        await until(lambda: status.tasks, sleep)
        tasks = status.tasks
        assert len(tasks) == 2
        app.config.apply({MQTT_SERVER: ""})
        mqtt_setup.update(app)
        assert app.status.mqtt is None and not status.tasks
        await asyncio.gather(*tasks, return_exceptions=True)
        assert all(task.cancelled() for task in tasks)
        # Who made them looks once more, and is done.
        await builder

    living(scenario)


def test_taken_away_while_it_is_made():
    async def scenario(sleep):
        app = make_app()
        app.config.apply({MQTT_SERVER: "b.example"})
        mqtt_setup.update(app)
        status = app.status.mqtt
        app.config.apply({MQTT_SERVER: ""})
        mqtt_setup.update(app)
        await spawned[0]()
        assert not status.tasks and app.status.mqtt is None

    living(scenario)


def test_without_memory_it_is_tried_again_until_there_is_some(monkeypatch):
    """Once it was given up for good after two attempts."""
    build = mqtt_setup._build
    failures = [MemoryError(), MemoryError(), MemoryError()]

    async def starved(app, status):
        if failures:
            raise failures.pop()
        await build(app, status)

    monkeypatch.setattr(mqtt_setup, "_build", starved)

    async def scenario(sleep):
        app = make_app()
        app.config.apply({MQTT_SERVER: "b.example", VEHICLE_ID: "CAR7"})
        mqtt_setup.update(app)
        status = app.status.mqtt
        asyncio.create_task(spawned[0]())
        await until(lambda: status.tasks, sleep)
        assert app.broom.count == 3 and app.status.counts == {"memory_retries": 3}
        assert "PSRAM" in status.server_error

    assert living(scenario)[:3] == [600, 600, 600]


def test_a_link_without_memory_leaves_all_it_has_and_comes_back(monkeypatch):
    """Its parts once stayed while it was starved, until the second hand found no memory either."""
    ends = [MemoryError()]
    tries = []

    async def starved(link):
        tries.append(link)
        if ends:
            raise ends.pop()
        await asyncio.Event().wait()

    monkeypatch.setattr(MQTTLink, "run", starved)

    async def scenario(sleep):
        app = make_app()
        app.config.apply({MQTT_SERVER: "b.example", VEHICLE_ID: "CAR7"})
        mqtt_setup.update(app)
        status = app.status.mqtt
        asyncio.create_task(spawned[0]())
        await until(lambda: app.broom.count, sleep)
        assert status.talk is None and not status.tasks
        assert "PSRAM" in status.server_error and not status.is_server_connected
        await until(lambda: len(tries) == 2, sleep)
        assert status.tasks and tries[0] is not tries[1]

    living(scenario)


def test_taken_away_without_memory_it_ends(monkeypatch):
    async def starved(app, status):
        app.config.apply({MQTT_SERVER: ""})
        mqtt_setup.update(app)
        raise MemoryError

    monkeypatch.setattr(mqtt_setup, "_build", starved)

    async def scenario(sleep):
        app = make_app()
        app.config.apply({MQTT_SERVER: "b.example"})
        mqtt_setup.update(app)
        await spawned[0]()
        assert app.status.mqtt is None and app.broom.count == 1

    living(scenario)


def opened(app):
    """(by WiFi, by the modem, what was refused with)."""

    async def attempt():
        with pytest.raises(OSError) as refused:
            await mqtt_setup._open_stream(app, "b.example", 1883, False)
        return str(refused.value)

    reason = asyncio.run(attempt())
    return len(app.status.wifi.opened) if app.status.wifi else 0, len(app.modem.opened), reason


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
