"""What a second of the module looks at, and by what its streams go. CPython only."""

import asyncio

import pytest

from host_tests.test_app import PRESETS, Board, flash_in
from host_tests.test_app_supervision import Calls
from ovms import app as app_module
from ovms import link_setup, power, runs
from ovms import status as requests
from ovms.parameters import LOGS_ALL
from ovms.services import use_log


@pytest.fixture
def calls():
    return Calls()


@pytest.fixture
def app(tmp_path, monkeypatch):
    flash_in(tmp_path, monkeypatch)
    return app_module.App(Board(), PRESETS)


class Clock:
    """The module's clock, by hand."""

    def __init__(self, app, monkeypatch):
        self.now_ms = 0
        monkeypatch.setattr(app.clock, "uptime_ms", lambda: self.now_ms)
        monkeypatch.setattr(app.clock, "uptime_s", lambda: self.now_ms // 1000)


def test_time_passes_for_all_by_what_passed(app, calls, monkeypatch):
    clock = Clock(app, monkeypatch)
    app.status.uptime_s = 0
    app.car.poll = calls.of("poll")
    app.state.tick = calls.of("state")
    for now_ms, done in (
        (900, [("state", 0), ("poll", 900)]),
        (2100, [("state", 2), ("poll", 1200)]),
        (2100, [("state", 0), ("poll", 0)]),
        (63_000, [("state", 61), ("poll", 60_900)]),
    ):
        clock.now_ms = now_ms
        app._tick()
        assert calls.take() == done and app.status.uptime_s == now_ms // 1000
    app.state.is_on = True
    app._tick()
    assert app.status.is_car_on is True


def test_supply_storms_and_notes_once_a_minute(app, calls, monkeypatch):
    clock = Clock(app, monkeypatch)
    app.status.uptime_s = 0
    app._note = lambda: calls.made.append("note")
    app.broom.rooms = 9
    asked = []
    for second_s in range(301):
        clock.now_ms = second_s * 1000
        app._steps.clear()
        app._tick()
        if app.board.asked != len(asked):
            asked.append(second_s)
        if any(function == app._note for function, _ in app._steps):
            calls.made.append(second_s)
    assert asked == [0, 60, 120, 180, 240, 300]
    assert app.broom.rooms == 0
    # `_note` would say when the next is due.
    assert calls.take() == [180, 240, 300]
    app.broom.rooms = 9
    clock.now_ms = 360_000
    app._tick()
    assert app.broom.rooms == 4


def steps_of(app):
    app._steps.clear()
    app._tick()
    return [function for function, _ in app._steps]


def test_new_settings_and_another_use_are_looked_at_once(app, monkeypatch):
    Clock(app, monkeypatch)
    app._tick()
    usual = [app.notifier.tick, app.notifier.hand_over, app.history.tick, app.keeper.tick]
    app.power_due_s = 1
    app.status.uptime_s = 0
    assert steps_of(app) == usual
    app.config.revision += 1
    assert steps_of(app) == [app._set_links, app._govern, *usual] and app.power_due_s == 0
    app.power_due_s = 1 << 29
    state = app.state
    uses = set()
    for name, value in (
        *((name, True) for name in ("is_on", "is_charging", "is_awake", "is_exporting")),
        *((name, False) for name in ("is_on", "is_charging", "is_awake", "is_exporting")),
    ):
        setattr(state, name, value)
        assert steps_of(app) == [app._govern, *usual], name
        assert steps_of(app) == usual
        uses.add(app._use)
    assert len(uses) == 8
    state.is_exporting = True
    steps_of(app)
    app.status.peers = 1
    assert steps_of(app) == [app._govern, *usual]
    app.status.peers = 2
    assert steps_of(app) == usual
    app.notifier.ip.append(None)
    assert steps_of(app) == [app._govern, *usual]


@pytest.mark.parametrize(
    ("days", "is_logged"),
    [(0, False), (-1, False), (1, True), (LOGS_ALL, True), (LOGS_ALL + 1, False)],
)
def test_the_use_is_logged_where_it_is_wanted(app, monkeypatch, days, is_logged):
    Clock(app, monkeypatch)
    monkeypatch.setattr(
        app.config, "feature", lambda n: days if n == app_module.FEATURE_LOGS else 0
    )
    assert (app._log_use in steps_of(app)) == is_logged


def test_whoever_asks_at_once_has_the_new_car(app, calls):
    app.set_car = calls.of("car")
    app.status.request(requests.REQUEST_MODEM_RESTART)
    assert app.current_car() is app.car and calls.take() == []
    app.status.request(requests.REQUEST_VEHICLE_RESTART)
    assert app.current_car() is app.car and calls.take() == [("car",)]
    assert app.status.take_requests() == requests.REQUEST_MODEM_RESTART, "the others stay"


def test_a_task_of_once_is_tried_again_after_a_lack_of_memory(app, calls):
    app.broom.make_room = calls.of("room")
    lacking = [MemoryError(), MemoryError(), ValueError()]
    done = []

    async def function():
        if lacking:
            raise lacking.pop(0)
        done.append(1)

    async def scenario():
        await app.spawn(function)
        assert app.status.errors == {"task": 1} and calls.take() == [("room",)]
        assert app.status.counts["memory_retries"] == 1
        await app.spawn(function)
        assert app.status.errors == {"task": 2}
        lacking.append(MemoryError())
        await app.spawn(function)

    asyncio.run(scenario())
    assert done == [1] and app.status.errors == {"task": 2}


class Wifi:
    def __init__(self, is_usable):
        self.is_usable = lambda: is_usable

    async def open_tcp(self, *address):
        return ("wifi", *address)


def test_a_stream_goes_by_wifi_where_it_can(app, monkeypatch):
    app.modem.open_tcp = Wifi(True).open_tcp
    for wifi, name in ((None, "GPRS"), (Wifi(False), "GPRS"), (Wifi(True), "WiFi")):
        app.status.wifi = wifi
        assert asyncio.run(app.open_stream("host", 1)) == ("wifi", "host", 1)
        assert app.status.link_name == name
    from ovms.drivers import tls_setup

    async def open_stream(*arguments):
        return arguments

    monkeypatch.setattr(tls_setup, "open_stream", open_stream)
    monkeypatch.setattr(app.clock, "utc_s", lambda: 17)
    assert asyncio.run(app.open_stream("host", 1, True)) == (app.open_stream, "host", 1, 17, True)
    assert asyncio.run(app.open_stream("host", 1, 2)) == (app.open_stream, "host", 1, 17, False)


def test_a_new_module_looks_at_its_settings_and_its_power_in_its_first_second(
    tmp_path, monkeypatch, calls
):
    flash_in(tmp_path, monkeypatch)
    monkeypatch.setattr(app_module.Broom, "install", lambda self, package: calls.of("on")(package))
    # As no setting was ever made.
    app = app_module.App(Board())
    assert calls.take() == [("on", app_module.ovms)]
    assert app.config.revision == 0
    Clock(app, monkeypatch)
    assert steps_of(app)[:2] == [app._set_links, app._govern]
    assert app._set_links not in steps_of(app)


def test_as_many_steps_wait_as_the_end_of_a_trip_has(app, calls):
    for n in range(24):
        app.in_turn(calls.of("step"), n)
    assert calls.take() == []
    app.in_turn(calls.of("step"), 24)
    assert calls.take() == [("step", 0)]


def test_who_does_what_the_second_asks_for(app, calls, monkeypatch):
    """Each is loaded when it is needed."""
    for module, name, step in (
        (power, "look", app._govern),
        (power, "rest", app._rest),
        (use_log, "tick", app._log_use),
        (link_setup, "update", app._set_links),
        (runs, "ended", app._end),
    ):
        monkeypatch.setattr(module, name, calls.of(name))
        step()
        assert calls.take() == [(name, app)]
    monkeypatch.setattr(runs, "note", calls.of("note", 240))
    app._note()
    assert calls.take() == [("note", app)] and app._note_due_s == 240


def test_what_the_links_ask_the_module_for(app, calls, monkeypatch):
    from ovms import gps_setup
    from ovms.drivers import console_port
    from ovms.links import provisioning

    monkeypatch.setattr(provisioning, "attempt", calls.of("provision", "settings"))
    app.state.vin = "VF1"
    assert app.provision("link", "sleep_ms") == "settings"
    monkeypatch.setattr(gps_setup, "seek", calls.of("seek", "rate"))
    assert app.seek_gps("link", True) == "rate"
    monkeypatch.setattr(console_port, "keys", calls.of("keys", "keys"))
    assert app._console_keys() == "keys"
    app.clock.set_utc_s = calls.of("time")
    app.on_network_time(17)
    app.status.csq = 23
    assert app.csq() == 23

    async def run(modem):
        calls.made.append(("sms", modem))

    app.sms.run = run
    asyncio.run(app.run_sms())
    assert calls.take() == [
        ("provision", "link", "VF1", "sleep_ms"),
        ("seek", "link", True),
        ("keys",),
        ("time", 17, "modem"),
        ("sms", app.modem),
    ]


@pytest.mark.parametrize("where", ["faults", "log"])
def test_an_error_that_finds_no_room_is_counted_all_the_same(app, monkeypatch, where):
    """Nor does it end the second hand, and with it the module."""
    from ovms import faults

    def lack(*arguments):
        raise MemoryError

    monkeypatch.setattr(*((faults, "keep") if where == "faults" else (app.log, "error")), lack)
    app.on_error("sms", ValueError("x"))
    assert app.status.errors == {"sms": 1}
