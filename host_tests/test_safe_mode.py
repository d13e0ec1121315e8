"""A module that crashed five times in a row: what it still does, and how it gets out of that.

The whole App in a time that jumps from one thing to do to the next. CPython only; the same with
killed processes, on the VMs too: `host_tests/desk/test_safe_mode.py`.
"""

import pytest

from host_tests.app_life import MINUTE_S, Life, ResetError
from host_tests.fakes.rtc_memory import Memory
from ovms import crash, parameters, runs
from ovms.drivers.store import Store
from ovms.services.console.session import Console

OWNER = "+4512345678"
BROKER = {parameters.MQTT_SERVER: "broker.desk"}


@pytest.fixture
def memory():
    with Memory() as memory:
        yield memory


def crashed(times):
    """So many crashes before the parts were made."""
    for _ in range(times):
        crash.keep(None, ValueError("x"))


def ask(life, text):
    life.app.modem.queue.append((OWNER, text))
    life.app.modem.port.news.set()


def listen(life, name, opened):
    """Count in `opened` who opens a connection."""

    async def open_stream(host, port, is_tls=False):
        opened.append(name)
        raise OSError("no network")

    life.app.open_stream = life.app.server.open_stream = open_stream


def test_four_crashes_are_no_reason(memory, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    crashed(4)
    life = Life(monkeypatch, tmp_path, presets=BROKER)
    opened = []
    listen(life, "server", opened)
    assert not life.app.is_safe and life.run(10 * MINUTE_S) == ""
    assert opened and life.app.bus.opened and life.app.status.mqtt is not None
    assert "Safe mode" not in "".join(life.board.modem.texts)


def test_what_it_still_does(memory, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    Store("kept").save(b"RT\nwhat was kept")
    crashed(5)
    life = Life(monkeypatch, tmp_path, presets=BROKER)
    app = life.app
    assert app.is_safe
    assert [name for name, _ in app.tasks] == ["modem", "commander", "sms", "notifier", "console"]
    assert "Safe mode after five crashes: no car, no server." in capsys.readouterr().out
    opened, shown = [], []
    listen(life, "server", opened)

    async def console():
        shown.append(await Console(app).handle("DIAG"))
        shown.append(await Console(app).handle("S DIAG"))
        shown.append(await Console(app).handle("S STAT"))

    texts = life.board.modem.texts
    for number, text in enumerate(("SUMMARY", "DIAG", "MODULE?", "STAT", "FEATURE 10 1")):
        life.at(300 + 120 * number, lambda text=text: ask(life, text))
    life.at(950, lambda: shown.append(app.spawn(console)))
    assert life.run(20 * MINUTE_S) == ""
    # Told once, and nobody asked.
    (told,) = [text for text in texts if text.startswith("The module crashed 5 times in a row")]
    assert "RESET" in told
    said = "\n".join(texts)
    assert said.count("Safe mode after five crashes: no car, no server. RESET or an hour") == 2
    assert said.count("Last crash: ValueError") == 2
    assert "Version: " in said and "DIAG:" in said and "VehicleID:" in said
    assert app.config.feature(10) == 1
    _, diag, sms_diag, stat = shown
    assert "ValueError" in diag and "Safe mode after" in sms_diag and stat
    # Neither car nor server nor broker.
    assert opened == [] and app.status.mqtt is None and not app.can._bus.send(1, b"")
    assert not [line for line in life.board.modem.heard if b"CIPSTART" in line or b"CIICR" in line]
    assert type(app.car).__name__ == "Vehicle" and app.status.errors == {}, app.status.faults
    assert Store("kept").load() == b"RT\nwhat was kept"


def test_reset_ends_it(memory, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    crashed(7)
    life = Life(monkeypatch, tmp_path)
    life.at(300, lambda: ask(life, "RESET"))
    with pytest.raises(ResetError):
        life.run(10 * MINUTE_S)
    assert life.loop.now_s < 330
    assert not Life(monkeypatch, tmp_path).app.is_safe


def test_an_hour_ends_it(memory, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    crashed(5)
    life = Life(monkeypatch, tmp_path, tick_ms=5000)
    with pytest.raises(ResetError):
        life.run(90 * MINUTE_S)
    assert 3600 <= life.loop.now_s < 3700
    assert not Life(monkeypatch, tmp_path).app.is_safe


def test_an_end_that_nobody_wrote_down(memory, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for _ in range(5):
        life = Life(monkeypatch, tmp_path)
        assert not life.app.is_safe
        # As the watchdog leaves it.
        assert life.run(4 * MINUTE_S) == ""
    life = Life(monkeypatch, tmp_path)
    assert life.app.is_safe
    assert life.app.status.last_crash.startswith("Up 180 s or more, heap ")


def test_the_note_is_written_every_ten_minutes(memory, monkeypatch, tmp_path):
    """To write it loads code: a minute of an idle module must load none."""
    written_s = []
    note = runs.note

    def noted(app):
        written_s.append(app.status.uptime_s)
        return note(app)

    monkeypatch.setattr(runs, "note", noted)
    assert Life(monkeypatch, tmp_path).run(41 * MINUTE_S) == ""
    assert [second // 60 for second in written_s] == [3, 10, 20, 30, 40]
