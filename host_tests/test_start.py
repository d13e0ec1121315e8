"""No file of the module's flash stops its start, whatever lies in its place. CPython only.

The module that is damaged here has all the files that a module may have; a new kind of file is
damaged as soon as it exists.
"""

import asyncio
import random
import runpy
import shutil
import sys
import types

import pytest

from host_tests.test_app import Board, Wire
from ovms import app as app_module
from ovms import parameters
from ovms.drivers.store import Store
from ovms.services.console.session import Console
from tools.simulated_board.board import network
from tools.vm import ROOT

PRESETS = {
    parameters.PHONE: "+4512345678",
    parameters.SERVER: "server.desk",
    parameters.SERVER_PASSWORD: "Netpass77",
    parameters.VEHICLE_ID: "CAR7",
    parameters.VEHICLE_TYPE: "RT",
}
RANDOM = random.Random(11)
GARBAGE = {
    "nothing": b"",
    "one byte": b"\xff",
    "no UTF-8": b"net\xe9\nkey\n",
    "zeros": bytes(600),
    "noise": RANDOM.randbytes(900),
    "text": b"1=\n-3=x\n99=y\n14=RT\nnew\n\n\n, , ,\n" * 20,
    "much": RANDOM.randbytes(60000),
}
# Whole, as far as their checksum tells.
STORES = ("ovms.cfg", "kept", "crash")


class Modem(Wire):
    """Keeps what is written to it."""

    def __init__(self):
        self.heard = b""

    def write(self, data):
        self.heard += bytes(data)
        return len(data)


class GoodBoard(Board):
    def __init__(self):
        super().__init__()
        self.modem = Modem()

    def modem_uart(self):
        return self.modem

    def watchdog(self, timeout_ms):
        return Wire()


async def second(app):
    """What the module does once a second."""
    app.in_turn(app._tick)
    while app._steps:
        app._take_step()


def write_all(folder):
    """Every file that a module may have."""
    app = app_module.App(GoodBoard(), PRESETS)
    for _ in range(2):
        asyncio.run(second(app))
    app.state.soc_pct100 = 6000
    for priority in (0, 1):
        app.history.add("RT-PWR-Log", 1, 3600, "data", priority)
    app.history.flush()
    assert app.keeper.save()
    app.config.set(parameters.UNITS, "M")
    from ovms.crash import keep

    for error in (ValueError("x"), KeyError("y")):
        keep(app, error)
    (folder / "wifi.cfg").write_bytes(b"net\nwifi-key\n")
    (folder / "ca.pem").write_bytes(b"")
    (folder / "ca.der").write_bytes(b"")
    (folder / "tree").write_bytes(b"a")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_all(folder)
    names = {path.name.partition(".")[0] for path in folder.iterdir()}
    assert names == {"ovms", "kept", "crash", "lasting", "routine", "wifi", "ca", "tree"}
    return folder


@pytest.fixture
def flash(whole, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "network", network)
    monkeypatch.delitem(sys.modules, "ovms.drivers.wifi", raising=False)
    folder = tmp_path / "flash"
    shutil.copytree(whole, folder)
    monkeypatch.chdir(folder)
    return folder


async def uses(app):
    """(answer to SUMMARY, answer to DIAG at the console), and the modem is spoken to."""
    modem = asyncio.create_task(app.modem.run())
    summary = (await app.sms.execute(PRESETS[parameters.PHONE], "SUMMARY"))[1]
    diag = await Console(app).handle("DIAG")
    for _ in range(200):
        if b"AT" in app.board.modem.heard:
            break
        await asyncio.sleep(0.01)
    modem.cancel()
    await asyncio.gather(modem, return_exceptions=True)
    assert b"AT" in app.board.modem.heard
    return summary, diag


def start(capsys):
    """(log, SUMMARY, DIAG, App) of a module that starts and lives for some seconds."""
    app = app_module.App(GoodBoard())
    assert not app.is_safe
    for _ in range(4):
        asyncio.run(second(app))
    app.history.flush()
    # The owner is still who he was, or nobody; then the cable has to do.
    if app.config.get(parameters.PHONE) != PRESETS[parameters.PHONE]:
        app.config.apply(PRESETS, False, parameters.FROM_CABLE)
    summary, diag = asyncio.run(uses(app))
    assert summary.startswith("Version: ") and "Firmware: " in diag
    assert "tick" not in app.status.errors, app.status.faults
    return capsys.readouterr().out, summary, diag, app


def is_told(name, log, summary, diag, app):
    """Whether somebody who looks learns that the file `name` is not what it should be."""
    counts = app.status.counts
    if name == "wifi.cfg":
        return "wifi.cfg cannot be" in log and "WiFi: wifi.cfg cannot" in summary + diag
    if name == "ovms.cfg":
        return "ovms.cfg" in log and "ovms.cfg" in summary and "ovms.cfg" in diag
    if name == "kept":
        return counts.get("kept_damaged") == 1
    if name == "crash":
        return "crash was damaged" in log or "crash is damaged" in log
    return counts.get("history_damaged", 0) > 0 or counts.get("history_write_failures", 0) > 0


def test_the_good_case(flash, capsys):
    log, summary, diag, app = start(capsys)
    assert " E " not in log, log
    assert app.status.wifi is not None and app.state.soc_pct100 == 6000
    assert (app.config.get(44), app.config.get(45)) == ("net", "wifi-key")
    assert not (flash / "wifi.cfg").exists()
    assert app.config.load_error == "" and "damaged" not in summary
    assert "Last crash: KeyError" in summary


def names_of(whole):
    return sorted(path.name for path in whole.iterdir())


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_in_any_file(kind, whole, flash, capsys):
    for name in names_of(whole):
        (flash / name).write_bytes(GARBAGE[kind])
        found = start(capsys)
        # An empty list of records is one.
        is_seen = not (
            name in ("tree", "ca.pem", "ca.der")
            or name.endswith(".old")
            or (name[-2:-1] == "." and kind == "nothing")
            or (name == "wifi.cfg" and kind == "nothing")
        )
        assert not is_seen or is_told(name, *found), (name, found[0])
        for path in flash.iterdir():
            path.unlink()
        shutil.copytree(whole, flash, dirs_exist_ok=True)


def test_a_folder_in_the_place_of_any_file(whole, flash, capsys):
    for name in names_of(whole):
        (flash / name).unlink()
        (flash / name / "in the way").mkdir(parents=True)
        log, summary, diag, app = start(capsys)
        if name[-2:-1] == ".":
            # Found out when it is written.
            for _ in range(30):
                app.history.add("RT-PWR-Log", 1, 3600, "data" * 100, "lr".index(name[0]))
                app.history.flush()
            summary = asyncio.run(app.sms.execute_as_owner("SUMMARY"))[1]
        if not (name in ("tree", "ca.pem", "ca.der") or name.endswith(".old")):
            assert is_told(name, log, summary, diag, app), (name, log, summary)
        for path in flash.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(whole, flash, dirs_exist_ok=True)


def test_garbage_with_a_good_checksum(whole, flash, capsys):
    for name in STORES:
        good = Store(name).load()
        for data in [GARBAGE[kind] for kind in GARBAGE if kind != "much"] + [
            bytes(RANDOM.choice(good) for _ in good),
            good[: len(good) // 2],
            good.replace(b"\n", b""),
            b"new",
            b"told\n",
        ]:
            Store(name).save(data)
            start(capsys)
            for path in flash.iterdir():
                path.unlink()
            shutil.copytree(whole, flash, dirs_exist_ok=True)


def test_all_of_it_at_once(whole, flash, capsys):
    for name in names_of(whole):
        (flash / name).write_bytes(GARBAGE["noise"])
    log, summary, diag, app = start(capsys)
    for name in ("wifi.cfg", "ovms.cfg", "kept", "crash", "lasting.1"):
        if name != "ovms.cfg":
            assert is_told(name, log, summary, diag, app), name


# What stands beside the firmware: boot.py and main.py.


class StoppedError(BaseException):
    """The board was reset."""


def boot(folder, monkeypatch):
    """Run boot.py as a board does; the folder that comes first in sys.path then, "" for none."""
    monkeypatch.chdir(folder)
    micropython = types.SimpleNamespace(alloc_emergency_exception_buf=lambda size: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", list(sys.path))
        patch.setitem(sys.modules, "micropython", micropython)
        before = sys.path[0]
        runpy.run_path(str(ROOT / "firmware" / "boot.py"))
        return "" if sys.path[0] == before else sys.path[0]


def test_boot_reads_any_tree(tmp_path, monkeypatch):
    tree = tmp_path / "tree"
    assert boot(tmp_path, monkeypatch) == ""
    tree.write_text("b a 1")
    assert [boot(tmp_path, monkeypatch) for _ in range(3)] == ["/b", "/a", "/a"]
    for kind in GARBAGE:
        tree.write_bytes(GARBAGE[kind])
        assert boot(tmp_path, monkeypatch) == ""
    tree.unlink()
    tree.mkdir()
    assert boot(tmp_path, monkeypatch) == ""


def run_main(monkeypatch, **modules):
    """Run main.py with these modules in the place of those of a board."""
    pauses = []

    def reset():
        raise StoppedError

    monkeypatch.setattr("time.sleep", pauses.append)
    monkeypatch.setitem(sys.modules, "machine", types.SimpleNamespace(reset=reset))
    for name in modules:
        monkeypatch.setitem(sys.modules, name, modules[name])
    with pytest.raises(StoppedError):
        runpy.run_path(str(ROOT / "firmware" / "main.py"))
    return pauses


@pytest.mark.parametrize("missing", ["board", "ovms.app"])
def test_a_missing_firmware_is_told_and_starts_anew(missing, monkeypatch, capsys):
    modules = {"board": types.SimpleNamespace(Board=Board), "ovms.app": None}
    modules[missing] = None
    pauses = run_main(monkeypatch, **modules)
    told = capsys.readouterr().out
    assert told.startswith("The firmware cannot be started: ModuleNotFoundError ")
    assert "make deploy" in told and told.count("\n") == 1 and pauses == [10]


def test_a_board_that_fails_is_told_as_well(monkeypatch, capsys):
    def fail():
        raise OSError(19, "ENODEV")

    app = types.SimpleNamespace(main=lambda board: None)
    run_main(monkeypatch, board=types.SimpleNamespace(Board=fail), **{"ovms.app": app})
    assert "OSError [Errno 19] ENODEV. Copy" in capsys.readouterr().out


def test_a_firmware_that_is_there_runs_on_the_board(monkeypatch, capsys):
    ran = []

    def main(board):
        ran.append(board)
        raise StoppedError

    run_main(
        monkeypatch,
        board=types.SimpleNamespace(Board=lambda: "the board"),
        **{"ovms.app": types.SimpleNamespace(main=main)},
    )
    assert ran == ["the board"] and capsys.readouterr().out == ""
