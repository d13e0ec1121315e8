"""The composition root with nothing at its wires: what it does with errors. CPython only."""

import asyncio
import gc
import io
import sys
import time

import pytest

from ovms import app as app_module
from ovms import parameters
from ovms.drivers import console_port
from ovms.services.console.session import Console


class ResetError(BaseException):
    """The board was reset."""


class Wire:
    """Every pin and port of the board: silent."""

    def __call__(self, *level):
        return 1

    value = irq = write_readinto = init = feed = __call__

    def readinto(self, view):
        """Nothing was received."""

    def write(self, data):
        return len(data)


class Board:
    NAME = "BENCH"
    CRYSTAL_HZ = 8_000_000

    def __init__(self):
        self.mv = 12600
        self.asked = 0

    def modem_uart(self):
        return Wire()

    gps_uart = modem_uart

    def modem_pins(self):
        return (Wire(),) * 4

    def can(self):
        return (Wire(),) * 3

    def supply_mv(self):
        self.asked += 1
        if isinstance(self.mv, Exception):
            raise self.mv
        return self.mv

    def watchdog(self, timeout_ms):
        raise RuntimeError("no watchdog for Netpass77")

    def reset(self):
        raise ResetError

    def reset_cause(self):
        return "hard reset"


PRESETS = {
    parameters.SERVER: "server.desk",
    parameters.SERVER_PASSWORD: "Netpass77",
    parameters.VEHICLE_ID: "CAR7",
}


def flash_in(tmp_path, monkeypatch):
    """The module's files are the current folder; nobody waits for a reader of the console."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(time, "sleep", lambda s: None)
    # CPython's loop cancels the tasks at its end and waits for them, a module's does not.
    monkeypatch.setattr(app_module.App, "run", app_module.App._tick_for_ever)
    return tmp_path


@pytest.fixture
def flash(tmp_path, monkeypatch):
    return flash_in(tmp_path, monkeypatch)


def crash_records(app):
    """What waits for the server, of crashes."""
    found = []
    for ring in app.history._rings:
        found += [record.data.decode() for record in ring.fresh]
    return [text for text in found if text.startswith("*-OVM-DebugCrash,")]


def test_a_crash_survives_the_reset(flash, capsys):
    with pytest.raises(ResetError):
        app_module.main(Board(), PRESETS)
    shown = capsys.readouterr().out
    assert "I OVMS 4.0.0 on BENCH, build source\n" in shown and "RuntimeError" in shown
    app = app_module.App(Board())
    lines = app.crash_lines()
    assert lines[0] == "build source" and lines[-2] == "RuntimeError: no watchdog for ****"
    assert lines[-1] == "Up 0 s, heap 0 bytes used, 0 free, last AT command -"
    (record,) = crash_records(app)
    assert ",1,hard reset,0,build source|" in record
    assert record.endswith("no watchdog for ****|" + lines[-1].replace(",", ";"))
    assert app.status.last_crash.startswith(lines[-2] + ", File ")
    # Told once: the next start has nothing new to tell.
    assert crash_records(app_module.App(Board())) == []
    assert app.crash_lines() == lines


def test_a_crash_while_the_parts_are_made(flash, monkeypatch, capsys):
    board = Board()
    monkeypatch.setattr(board, "can", lambda: [].missing, raising=False)
    with pytest.raises(ResetError):
        app_module.main(board)
    lines = app_module.App(Board()).crash_lines()
    assert lines[-1] == "AttributeError"


def test_a_flash_that_cannot_keep_a_crash_does_not_stop_the_reset(flash, capsys):
    (flash / "crash.new").mkdir()
    with pytest.raises(ResetError):
        app_module.main(Board(), PRESETS)
    assert "RuntimeError" in capsys.readouterr().out


def test_what_tasks_survive_is_named_and_kept(flash, monkeypatch, capsys):
    app = app_module.App(Board(), PRESETS)
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)
        if len(pauses) == 4:
            raise ResetError

    async def bad_task():
        raise ValueError("task of Netpass77")

    async def scenario():
        await app.spawn(bad_task)
        monkeypatch.setattr(asyncio, "sleep", sleep)
        await app.keep("sms", bad_task)

    with pytest.raises(ResetError):
        asyncio.run(scenario())
    assert app.status.errors == {"task": 1, "sms": 4} and pauses == [1, 2, 4, 8]
    assert [fault[1:3] for fault in app.status.faults] == [("task", 1), ("sms", 4)]
    text = app.status.faults[1][0]
    assert "in bad_task" in text and text.endswith("ValueError: task of ****")
    assert "E sms: ValueError task of ****" in capsys.readouterr().out


def test_an_adc_without_calibration_is_no_reading_and_told_once(flash, capsys):
    board = Board()
    app = app_module.App(board, PRESETS)
    board.mv = OSError(-258, "ESP_ERR_INVALID_ARG")
    for minute in range(3):
        app._supply_due_s = 0
        app._tick()
        assert app.state.supply_mv is None and board.asked == minute + 1
    assert app.status.errors == {} and app.status.counts["supply_unread"] == 3
    assert capsys.readouterr().out.count("The 12 V input cannot be read: ") == 1
    # What comes later is taken.
    board.mv = 12500
    app._supply_due_s = 0
    app._tick()
    assert app.state.supply_mv == 12500


class Second:
    """A module whose second hand stops after its first second: what was done, a turn a list."""

    def __init__(self, monkeypatch):
        self.app = app_module.App(Board(), PRESETS)
        self.turns = [[]]
        self.app.board.watchdog = lambda timeout_ms: Wire()
        self.app.board.reset = lambda: self.do("reset")
        self.app.history.flush = lambda: self.do("flush")
        self.app.notifier.tick = lambda: self.do("look")
        self.app.notifier.hand_over = lambda: self.do("hand over")
        self.app.history.tick = lambda: self.do("records")
        self.app.keeper.tick = lambda: self.do("keep")
        self.app.keeper.save = lambda: self.do("save")
        monkeypatch.setattr(asyncio, "sleep_ms", self._sleep_ms)

    def do(self, name):
        self.turns[-1].append(name)

    def fail(self, error):
        self.do(type(error).__name__)
        raise error

    async def _sleep_ms(self, ms):
        self.turns.append([])
        if ms:
            raise ResetError

    def run(self, poll):
        """The turns of the second in which the car's `poll` does this."""
        self.app.car.poll = poll
        with pytest.raises(ResetError):
            asyncio.run(self.app.run())
        return [turn for turn in self.turns if turn]


def test_what_a_second_asks_for_is_done_turn_by_turn_and_in_order(flash, monkeypatch):
    second = Second(monkeypatch)
    car = second.app.car

    def end_trip():
        second.do("due")
        for name in ("event", "record", "battery"):
            car.in_turn(second.do, name)

    def poll(elapsed_ms):
        second.do("poll")
        car.in_turn(end_trip)

    # Those that `end_trip` asks for come behind what the second itself brings.
    assert second.run(poll) == [
        [name]
        for name in (
            *("poll", "due", "look", "hand over", "records", "keep"),
            *("event", "record", "battery"),
        )
    ]
    assert second.app.status.errors == {}


def test_a_step_that_fails_takes_no_other_with_it(flash, monkeypatch):
    second = Second(monkeypatch)

    def poll(elapsed_ms):
        second.app.in_turn(second.fail, ValueError("step"))
        second.app.in_turn(second.do, "next")
        second.fail(ValueError("car"))

    assert second.run(poll) == [
        [name]
        for name in ("ValueError", "ValueError", "next", "look", "hand over", "records", "keep")
    ]
    assert second.app.status.errors == {"tick": 2}
    assert [fault[0].split()[-1] for fault in second.app.status.faults] == ["car", "step"]


def test_a_step_without_room_is_tried_again_at_once(flash, monkeypatch):
    second = Second(monkeypatch)
    lacking = [MemoryError(), MemoryError()]

    def record():
        if lacking:
            second.fail(lacking.pop())
        second.do("record")

    monkeypatch.setattr(second.app.broom, "make_room", lambda: second.do("room"))

    def poll(elapsed_ms):
        second.app.in_turn(record)
        second.app.in_turn(record)

    turns = second.run(poll)
    assert turns[:2] == [["MemoryError", "room", "MemoryError"], ["record"]]
    assert second.app.status.counts["memory_retries"] == 1
    assert second.app.status.errors == {"tick": 1}


def test_of_too_many_steps_none_is_lost_and_the_order_stays(flash, monkeypatch):
    second = Second(monkeypatch)
    names = ["step %d" % n for n in range(60)]

    def poll(elapsed_ms):
        for name in names:
            second.app.in_turn(second.do, name)
            assert len(second.app._steps) < 30

    turns = second.run(poll)
    assert sum(turns, []) == [*names, "look", "hand over", "records", "keep"]
    assert max(len(turn) for turn in turns[1:]) == 1


def test_what_was_asked_for_is_done_before_a_restart(flash, monkeypatch):
    second = Second(monkeypatch)
    app = second.app

    def end_trip():
        # Behind the look that finds that a restart is due.
        for name in ("event", "record"):
            app.in_turn(second.do, name)

    app.in_turn(end_trip)
    app._reboot_s = 0
    turns = second.run(lambda elapsed_ms: None)
    assert turns[0] == ["event", "record", "flush", "save", "reset"]


def test_summary_tells_the_heap_without_what_the_system_has(flash, monkeypatch):
    """As on an ESP32, where `gc.mem_free` counts in the largest piece of the system."""
    board = Board()
    monkeypatch.setattr(gc, "mem_alloc", lambda: 80048)
    monkeypatch.setattr(gc, "mem_free", lambda: 91680)
    app = app_module.App(board, PRESETS)

    def memory():
        text = asyncio.run(app.sms.execute_as_owner("SUMMARY"))[1]
        return next(line for line in text.split("\n") if line.startswith("Memory: "))

    assert memory() == "Memory: 78 of 168 KB used"
    app.status.system_free = lambda: 56320
    assert memory() == "Memory: 78 of 113 KB used, system 55 KB"
    app.status.system_free = lambda: None
    assert memory() == "Memory: 78 of 168 KB used"


class EspOutput(io.StringIO):
    """stdout of the ESP32: a CR comes before each LF of a text, bytes go out as they are."""

    def __init__(self):
        super().__init__()
        self.sent = b""
        self.buffer = self

    def write(self, data):
        self.sent += data.replace("\n", "\r\n").encode() if isinstance(data, str) else data
        return len(data)


def test_lines_of_the_console_end_in_one_cr_lf(flash, monkeypatch):
    output = EspOutput()
    monkeypatch.setattr(sys, "stdout", output)
    app = app_module.App(Board(), PRESETS)
    port = console_port.ConsolePort(None)
    for line in ("DIAG", "S VERSION", "HELP", "M 1", "nonsense"):
        port.write(asyncio.run(Console(app).handle(line)))
    assert b"\n# DIAG\r\n# Firmware: " in output.sent and b"\r\r" not in output.sent
    assert output.sent.count(b"\n") == output.sent.count(b"\r\n")
    # The log leaves by `print`.
    assert b" on BENCH, build source\r\n" in output.sent
