"""What second hand, tasks and the end of the module do, each step for itself. CPython only.

Parts that only count how they were called stand where the module's own are.
"""

import asyncio
import gc

import pytest

from host_tests.test_app import PRESETS, Board, ResetError, Wire, flash  # noqa: F401 - a fixture
from ovms import app as app_module
from ovms import status as requests

# The fixture puts another one in its place.
RUN = app_module.App.run


class Calls:
    """Notes calls as (name, arguments), of whatever it stands in for."""

    def __init__(self):
        self.made = []

    def of(self, name, result=None):
        def call(*arguments):
            self.made.append((name, *arguments))
            return result

        return call

    def take(self):
        made, self.made = self.made, []
        return made


@pytest.fixture
def calls():
    return Calls()


@pytest.fixture
def app(flash):  # noqa: F811
    return app_module.App(Board(), PRESETS)


async def nothing():
    """Ends at once."""


def test_run_starts_every_task_after_the_limit_for_garbage(app, calls, monkeypatch):
    monkeypatch.setattr(gc, "threshold", calls.of("threshold"))

    def task(name):
        async def run():
            calls.made.append(name)

        return name, run

    async def tick():
        calls.made.append("tick")
        for _ in range(3):
            await asyncio.sleep(0)

    app.tasks = tuple(task(name) for name in ("modem", "sms", "console"))
    app._tick_for_ever = tick
    asyncio.run(RUN(app))
    assert calls.made == [("threshold", 6144), "tick", "modem", "sms", "console"]
    # Any but the last one may not end.
    assert app.ended == "sms"


def kept(app, monkeypatch, run, pauses=9):
    """The pauses of `keep` between the runs of a task."""
    slept = []

    async def sleep(seconds):
        slept.append(seconds)
        if len(slept) == pauses:
            raise ResetError

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(ResetError):
        asyncio.run(app.keep("sms", run))
    return slept


def test_a_task_that_fails_waits_longer_and_longer(app, monkeypatch):
    async def fail():
        raise ValueError

    assert kept(app, monkeypatch, fail) == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert app.status.errors == {"sms": 9}


def test_a_task_that_ran_for_long_waits_shortly(app, monkeypatch):
    async def fail():
        lengths = app.lengths
        app.now_s += lengths.pop(0) if lengths else 0
        raise ValueError

    app.now_s = 0
    app.lengths = [0, 0, 60, 61, 0]
    monkeypatch.setattr(app.clock, "uptime_s", lambda: app.now_s)
    assert kept(app, monkeypatch, fail, 5) == [1, 2, 4, 1, 2]


def test_a_first_lack_of_memory_is_no_error(app, calls, monkeypatch):
    async def fail():
        raise MemoryError

    app.broom.make_room = calls.of("room")
    assert kept(app, monkeypatch, fail, 3) == [1, 2, 4]
    assert app.status.counts["memory_retries"] == 1 and app.status.errors == {"sms": 2}
    assert len(calls.made) == 3


def test_the_end_of_a_task_is_noted_but_the_consoles(app):
    asyncio.run(app.keep("other", nothing))
    assert app.ended == ""
    app.tasks = (("sms", nothing), ("console", nothing))
    asyncio.run(app.keep("console", nothing))
    assert app.ended == ""
    asyncio.run(app.keep("sms", nothing))
    assert app.ended == "sms"


class Broker:
    """The MQTT link's promise."""

    def __init__(self, calls, due_s=1 << 29, tasks=()):
        self.due_s = due_s
        self.tasks = tasks
        self.give_up = calls.of("give up")


def second(app, calls, monkeypatch):
    """What one second of the ticker does, in order; the tick itself does nothing."""
    wire = Wire()
    wire.feed = calls.of("feed")
    app.board.watchdog = lambda ms: calls.made.append(("watchdog", ms)) or wire
    app._tick = lambda: None
    app._rest = calls.of("rest")
    app._judge = calls.of("judge")
    app.broom.tidy = calls.of("tidy")
    monkeypatch.setattr(gc, "collect", calls.of("collect"))

    async def sleep_ms(ms):
        if ms:
            calls.made.append(("sleep", ms))
            raise ResetError

    monkeypatch.setattr(asyncio, "sleep_ms", sleep_ms)
    with pytest.raises(ResetError):
        asyncio.run(app._tick_for_ever())
    return calls.take()


USUAL = [("watchdog", 60_000), ("feed",), ("collect",), ("tidy",), ("sleep", 1000)]


def test_a_second_in_its_order(app, calls, monkeypatch):
    assert second(app, calls, monkeypatch) == USUAL
    app.sleeps = True
    assert second(app, calls, monkeypatch) == [*USUAL[:-1], ("rest",), USUAL[-1]]


def test_when_the_guard_is_asked(app, calls, monkeypatch):
    """Before the watchdog is fed; and not for nothing."""

    def is_asked():
        made = second(app, calls, monkeypatch)
        assert [call for call in made if call != ("judge",)] == USUAL
        if ("judge",) in made:
            assert made[1] == ("judge",)
        return ("judge",) in made

    app.status.uptime_s = 500
    for part in app.guarded:
        part.due_s = 1 << 29
    assert not is_asked()
    app.broom.rooms = 20
    assert not is_asked()
    app.broom.rooms = 21
    assert is_asked()
    app.broom.rooms = 0
    app.ended = "gps"
    assert is_asked()
    app.ended = ""
    for part in (*app.guarded, Broker(calls)):
        if part not in app.guarded:
            app.status.mqtt = part
        for due_s, is_late in ((499, True), (500, False)):
            part.due_s = due_s
            assert is_asked() == is_late
        part.due_s = 1 << 29


def test_the_broker_goes_before_the_module_does(app, calls, monkeypatch):
    app.broom.make_room = calls.of("room")
    from ovms import guard

    monkeypatch.setattr(guard, "judge", calls.of("judge"))
    app.status.uptime_s = 500
    judged = [("judge", app)]
    # rooms, its promise, its tasks: what is done.
    for rooms, due_s, tasks, done in (
        (21, 500, ("a",), [("give up", True), ("room",)]),
        (20, 499, ("a",), [("give up", False), ("room",)]),
        (21, 499, (), [("give up", True), ("room",)]),
        (21, 500, (), judged),
        (20, 500, ("a",), judged),
    ):
        app.broom.rooms = rooms
        app.status.mqtt = Broker(calls, due_s, tasks)
        app.status.counts.clear()
        app._judge()
        assert calls.take() == done, (rooms, due_s, tasks)
        assert app.status.counts == ({} if done == judged else {"mqtt_dropped": 1})
        assert app.broom.rooms == (rooms if done == judged else 0)
    app.status.mqtt = None
    app._judge()
    assert calls.take() == judged


def test_what_is_asked_for_is_done(app, calls):
    app.broom.make_room = calls.of("room")
    app.set_car = calls.of("car")
    app.modem.restart = calls.of("modem")
    app.server.reconnect = calls.of("reconnect")
    for bits, done in (
        (0, []),
        (requests.REQUEST_ROOM, [("room",)]),
        (requests.REQUEST_VEHICLE_RESTART, [("car",)]),
        (requests.REQUEST_MODEM_RESTART, [("modem",)]),
        (requests.REQUEST_RECONNECT, [("reconnect",)]),
        (requests.REQUEST_MOVE, [("reconnect", 60)]),
        (requests.REQUEST_MOVE | requests.REQUEST_RECONNECT, [("reconnect",)]),
    ):
        app.status.request(bits)
        app._carry_out(app.status.take_requests())
        assert calls.take() == done, bits


def test_a_restart_comes_after_eight_seconds_and_what_waits(app, calls):
    app.history.flush = calls.of("flush")
    app.keeper.save = calls.of("save")
    app.board.reset = calls.of("reset")
    app._end = calls.of("end")
    app.status.uptime_s = 100
    app._carry_out(requests.REQUEST_REBOOT)
    app.status.uptime_s = 104
    app._carry_out(requests.REQUEST_REBOOT)
    app.status.uptime_s = 107
    app._carry_out(0)
    assert calls.take() == []
    app.in_turn(calls.of("step"))
    app.status.uptime_s = 108
    app._carry_out(0)
    assert calls.take() == [("step",), ("flush",), ("save",), ("end",), ("reset",)]


def test_what_somebody_at_the_console_does_to_the_watchdog(flash, monkeypatch, calls):  # noqa: F811
    board = Board()
    board.watchdog = calls.of("watchdog")
    monkeypatch.setattr(app_module.App, "_end", lambda self: calls.made.append("end"))

    async def run(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(app_module.App, "run", run)
    with pytest.raises(KeyboardInterrupt):
        app_module.main(board, PRESETS)
    assert calls.take() == [("watchdog", 3_600_000), "end"]

    def fail(self, *arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(app_module.App, "__init__", fail)
    with pytest.raises(KeyboardInterrupt):
        app_module.main(board, PRESETS)
    assert calls.take() == [("watchdog", 3_600_000)]


@pytest.mark.parametrize("error", [ValueError, asyncio.CancelledError, MemoryError])
def test_what_nobody_caught_resets_after_a_pause(flash, monkeypatch, calls, error):  # noqa: F811
    import time

    board = Board()
    board.reset = calls.of("reset")
    monkeypatch.setattr(time, "sleep", calls.of("pause"))

    async def run(self):
        raise error

    monkeypatch.setattr(app_module.App, "run", run)
    app_module.main(board, PRESETS)
    assert calls.take() == [("pause", 5), ("reset",)]
    assert app_module.App(Board()).crash_lines()


def test_the_console_keeps_the_module_awake_while_somebody_types(app, calls):
    looks = [[], [], [1], [], [2]]

    class Keys:
        def poll(self, ms):
            assert ms == 0
            return looks.pop(0)

    talks = [True, False]

    async def talk(keys):
        calls.made.append("talk")
        return talks.pop(0)

    async def sleep_ms(ms):
        calls.made.append(ms)

    app._console_keys = Keys
    app._talk = talk
    asyncio.sleep_ms, before = sleep_ms, asyncio.sleep_ms
    try:
        asyncio.run(app.run_console())
    finally:
        asyncio.sleep_ms = before
    assert calls.take() == [200, 200, "talk", 200, "talk"]
    app.status.uptime_s = 100
    app_module.App._talk(app, None).close()
    assert app.status.awake_until_s == 700


def test_a_crash_that_cannot_be_kept_is_shown_and_resets(flash, monkeypatch, calls, capsys):  # noqa: F811
    from ovms import crash

    def keep(*arguments):
        raise OSError("flash is gone")

    board = Board()
    board.reset = calls.of("reset")
    monkeypatch.setattr(crash, "keep", keep)
    app_module.main(board, PRESETS)
    assert calls.take() == [("reset",)]
    assert "flash is gone" in capsys.readouterr().out
