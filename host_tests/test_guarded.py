"""A module whose tasks die, stand still or find no memory starts anew; a healthy one never does.

The whole App in a time that jumps from one thing to do to the next. CPython only.
"""

import asyncio
import time

import pytest

from host_tests.app_life import (
    ANSWERS,
    MINUTE_S,
    GoodBoard,
    JumpingLoop,
    Life,
    ResetError,
    for_ever,
)
from host_tests.test_app import PRESETS
from ovms import app as app_module
from ovms import parameters
from ovms.links.mqtt_link import LinkStatus
from ovms.services import protocol_commands

OWNER = "+4512345678"


@pytest.fixture
def life(monkeypatch, tmp_path):
    return Life(monkeypatch, tmp_path)


def test_a_healthy_module_lives_and_feeds_its_watchdog(life):
    assert life.run(40 * MINUTE_S) == ""
    app = life.app
    assert app.status.is_registered and app.status.errors == {}, app.status.faults
    assert app.bus.opened == 1 and app.broom.rooms <= 2
    assert life.board.timeouts_ms == [60_000]
    fed_s = life.board.dog.fed_s
    assert len(fed_s) > 2300
    assert max(b - a for a, b in zip(fed_s, fed_s[1:], strict=False)) < 5


HOURS = 150 * MINUTE_S


def no_network(life, patch):
    patch.setitem(ANSWERS, b"AT+CREG?", b"+CREG: 0,2")


def sim_locked(life, patch):
    patch.setitem(ANSWERS, b"AT+CPIN?", b"+CPIN: SIM PIN")


def no_sim(life, patch):
    patch.setitem(ANSWERS, b"AT+CPIN?", b"+CME ERROR: 10")


def silent_modem(life, patch):
    life.board.modem.is_silent = True


def slow_modem(life, patch):
    """Each answer takes almost as long as it may."""
    life.board.modem.slow[b"AT"] = 9


def no_gprs(life, patch):
    patch.setitem(ANSWERS, b"AT+CGATT?", b"+CGATT: 0")


def no_controller(life, patch):
    def fail(*arguments):
        raise OSError("no controller")

    life.app.bus.open = fail


def bus_off(life, patch):
    life.app.bus.state = lambda: 4


def no_server(life, patch):
    async def refuse(host, port, is_tls=False):
        raise OSError("nobody listens")

    life.app.server.open_stream = refuse


def credentials_refused(life, patch):
    """It waits for an hour, then."""

    class Stream:
        async def write(self, data):
            pass

        async def readinto(self, view):
            return 0

        async def close(self):
            pass

    async def take(host, port, is_tls=False):
        return Stream()

    life.app.server.open_stream = take


def server_that_hangs(life, patch):
    life.app.server.open_stream = lambda host, port, is_tls=False: for_ever()


@pytest.mark.parametrize(
    "fault",
    [
        no_network,
        sim_locked,
        no_sim,
        silent_modem,
        slow_modem,
        no_gprs,
        no_controller,
        bus_off,
        no_server,
        credentials_refused,
        server_that_hangs,
    ],
)
def test_what_is_no_fault_of_the_module_s_own(fault, monkeypatch, tmp_path):
    life = Life(monkeypatch, tmp_path, tick_ms=15_000)
    fault(life, monkeypatch)
    # A modem that has answered and then stays dark has the module restarted, by its own ladder.
    assert life.run(HOURS) == ""
    assert life.app.status.errors == {}, life.app.status.faults


NOTHING = {
    "no car": ("-", {}),
    "no server": ("RT", {parameters.SERVER: ""}),
    "no modem": ("RT", {}),
}


@pytest.mark.parametrize("missing", NOTHING)
def test_what_the_module_does_not_have(missing, monkeypatch, tmp_path):
    if missing == "no modem":
        monkeypatch.setattr(GoodBoard, "modem_uart", None)
    car, presets = NOTHING[missing]
    life = Life(monkeypatch, tmp_path, car, presets, tick_ms=15_000)
    assert life.run(HOURS) == ""
    assert life.app.status.errors == {}, life.app.status.faults


def ask(life, text):
    life.app.modem.queue.append((OWNER, text))
    life.app.modem.port.news.set()


def test_an_answer_that_waits_for_a_modem_that_restarts(life):
    """Three attempts, each followed by a restart that takes almost as long as is waited for."""
    app = life.app

    def refuse():
        app.modem.restart("sms_useless")
        life.board.modem.is_silent = True
        life.loop.call_later(100, setattr, life.board.modem, "is_silent", False)

    life.board.modem.on_sms = refuse
    life.at(1000, lambda: ask(life, "STAT"))
    assert life.run(60 * MINUTE_S) == ""
    assert app.status.counts["sms_retry"] == 2 and app.status.counts["sms_not_sent"] == 1
    assert app.sms.due_s > 1e8, "it waits for the next SMS"


def test_an_answer_in_several_parts_by_a_slow_modem(life):
    """A USSD code that nobody answers, a long list, each part as slow as it may be."""
    life.board.modem.slow = {b"AT+CMGF": 9, b"AT+CSCS": 9, b"AT+CSMP": 9, b"AT+CUSD": 55}
    life.at(1000, lambda: [ask(life, text) for text in ("HELP", "SUMMARY", "HELP")])
    assert life.run(60 * MINUTE_S) == ""
    assert len(life.board.modem.texts) > 8


def test_a_search_for_networks(monkeypatch, tmp_path):
    # With a server that cannot be reached the modem would be restarted between two of them.
    life = Life(monkeypatch, tmp_path, presets={parameters.SERVER: ""})
    life.board.modem.slow = {b"AT+COPS=?": 119}
    answers = []

    async def search():
        for _ in range(3):
            answers.append(await life.app.modem.command("AT+COPS=?"))

    life.at(1000, lambda: answers.append(life.app.spawn(search)))
    assert life.run(30 * MINUTE_S) == ""
    assert len(answers) == 4, life.app.status.faults


def test_a_modem_that_falls_silent_and_comes_back(life):
    def silent():
        life.board.modem.is_silent = True

    def back():
        life.board.modem.is_silent = False

    life.at(700, silent)
    life.at(1900, back)
    assert life.run(50 * MINUTE_S) == ""
    assert life.app.status.counts["modem_silent"] > 0 and life.app.status.is_registered


ALL = ("modem", "commander", "sms", "notifier", "server", "gps", "can")


@pytest.mark.parametrize("name", ALL)
def test_a_cancelled_task(name, life):
    life.at(500, lambda: life.task(name).cancel())
    assert life.run(700) == f"The task {name} has ended."
    assert life.ended_s < 503 and life.board.dog.fed_s[-1] < 502


@pytest.mark.parametrize("name", ALL)
def test_a_task_that_returns(name, life):
    async def run():
        await asyncio.sleep(100)

    life.replace(name, run)
    assert f"The task {name} has ended." == life.run(600)
    assert life.ended_s < 103


@pytest.mark.parametrize("name", ALL)
def test_a_task_in_which_something_is_cancelled(name, life):
    async def run():
        await asyncio.sleep(100)
        raise asyncio.CancelledError

    life.replace(name, run)
    assert f"The task {name} has ended." == life.run(600)


def test_the_console_may_end(life):
    async def run():
        return None

    life.replace("console", run)
    assert life.run(600) == ""


@pytest.mark.parametrize("name", ["modem", "server", "can", "notifier", "gps"])
def test_a_task_that_stands_still_from_the_start(name, life):
    life.replace(name, for_ever)
    assert life.run(1500) == f"The task {name} was not heard of for too long."
    assert life.ended_s < 1220


def test_a_modem_that_is_polled_no_more(life):
    """The task that reminds of it has died; everything else of the modem works."""
    life.app.modem._remind = for_ever
    assert "The task modem was" in life.run(30 * MINUTE_S)
    assert life.ended_s < 1000


def test_a_server_task_that_stands_still_later(life):
    def stop():
        life.app.server.sleep_ms = lambda ms: for_ever()

    life.at(1000, stop)
    assert "The task server was" in life.run(2500)
    assert 1590 < life.ended_s < 1610


def test_a_can_task_that_stands_still_later(life):
    def stop():
        life.app.can._poll_ms = 1_000_000_000

    life.at(1000, stop)
    assert "The task can was" in life.run(2500)
    assert 1590 < life.ended_s < 1610


def test_an_sms_that_hangs(life):
    life.app.sms.execute = lambda number, text: for_ever()
    life.at(1000, lambda: ask(life, "STAT?"))
    assert "The task sms was" in life.run(2500)
    assert 1890 < life.ended_s < 1910


def test_a_command_that_hangs(life, monkeypatch):
    async def hang(*arguments):
        await for_ever()

    monkeypatch.setattr(protocol_commands, "answer", hang)
    life.at(1000, lambda: life.app.commander.accept(b"3"))
    assert "The task commander was" in life.run(3000)
    assert 2190 < life.ended_s < 2210


def test_an_alert_that_hangs(life):
    def stop():
        life.app.modem.send_sms = lambda number, text: for_ever()
        life.app.notifier.sms.append("Ax")

    life.at(1000, stop)
    assert "The task notifier was" in life.run(3000)
    assert 2190 < life.ended_s < 2215


def test_the_look_at_the_gps_receiver_that_died(life):
    def stop():
        (watch,) = (
            task
            for task in asyncio.all_tasks(life.loop)
            if task.get_coro().__qualname__ == "GPSLink._watch"
        )
        watch.cancel()

    life.at(1000, stop)
    assert "The task gps was" in life.run(3000)
    assert 1580 < life.ended_s < 1615


class Broker:
    """What an MQTT link has to have."""

    due_s = 1500


def test_a_link_to_a_broker_that_hangs_costs_no_more_than_that(life):
    held = []

    class Task:
        def cancel(self):
            held.append(life.loop.now_s)

    def connect():
        broker = life.app.status.mqtt = LinkStatus(life.app.status)
        broker.tasks = (Task(), Task())
        broker.link = Broker()
        broker.talk = Broker()
        broker.talk.due_s = 1700

    life.at(1000, connect)
    assert life.run(2500) == ""
    assert len(held) == 2 and 1500 < held[0] < 1503
    app = life.app
    assert app.status.counts["mqtt_dropped"] == 1 and "hung" in app.status.mqtt.server_error
    # The same when only the commands' task hangs, and nothing while nobody is made to promise.
    broker = LinkStatus(app.status)
    assert broker.due_s > 1 << 28
    broker.link, broker.talk = Broker(), Broker()
    broker.talk.due_s = 1400
    assert broker.due_s == 1400


def test_a_storm_of_lacking_memory(life):
    def fail():
        raise MemoryError

    life.at(1000, lambda: setattr(life.app.history, "tick", fail))
    assert "No memory, " in life.run(1500)
    assert life.ended_s < 1120


@pytest.mark.parametrize("has_helped", [True, False])
def test_before_a_restart_for_lack_of_memory_the_broker_goes(life, has_helped):
    """A module can do without it, and would come to the same storm again with it."""
    tick = life.app.history.tick
    held = []

    class Task:
        def cancel(self):
            held.append(life.loop.now_s)
            if has_helped:
                life.app.history.tick = tick

    def connect():
        broker = life.app.status.mqtt = LinkStatus(life.app.status)
        broker.tasks = (Task(),)

    def fail():
        raise MemoryError

    life.at(500, connect)
    life.at(1000, lambda: setattr(life.app.history, "tick", fail))
    assert ("No memory, " in life.run(2000)) != has_helped
    assert len(held) == 1 and held[0] < 1060
    assert "PSRAM" in life.app.status.mqtt.server_error


def test_a_lack_of_memory_now_and_then(life):
    life.lacks = 0
    tick = life.app.history.tick

    def fail():
        if int(life.loop.now_s) % 15 == 0:
            life.lacks += 1
            raise MemoryError
        tick()

    life.app.history.tick = fail
    assert life.run(30 * MINUTE_S) == "" and life.lacks > 100


def test_a_task_that_fails_again_and_again_finding_no_memory(life):
    async def run():
        raise MemoryError

    life.replace("modem", run)
    assert "The task modem was" in life.run(1500)


def test_the_ticker_s_own_end(monkeypatch, tmp_path, capsys):
    """Cancelled, or whatever else: `main` keeps it and resets."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(time, "sleep", lambda s: None)

    async def run(self):
        raise asyncio.CancelledError

    monkeypatch.setattr(app_module.App, "run", run)
    with pytest.raises(ResetError):
        app_module.main(GoodBoard(JumpingLoop()), PRESETS)
    assert app_module.App(GoodBoard(JumpingLoop())).status.last_crash.count("CancelledError")


def test_what_the_guard_finds_is_kept_like_any_crash(life, monkeypatch, capsys):
    async def run():
        return None

    life.replace("sms", run)
    monkeypatch.setattr(app_module, "App", lambda board, presets: life.app)
    with pytest.raises(ResetError):
        app_module.main(life.board)
    life.loop.close()
    assert "RuntimeError: The task sms has ended." in capsys.readouterr().out
    assert life.app.crash_lines()[-2] == "RuntimeError: The task sms has ended."
