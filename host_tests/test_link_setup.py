"""WiFi of the whole module: taken over from wifi.cfg, built and taken away. CPython only."""

import asyncio
import os
import sys

import pytest

from host_tests.test_app import Board, Wire
from ovms import app as app_module
from ovms import link_setup, parameters
from ovms import status as ways
from ovms.drivers import tls_setup
from tools.simulated_board.board import network

OWNED = {parameters.PHONE: "+4512345678", parameters.PASSWORD: "Module1"}


class PowerCutError(BaseException):
    """Nothing behind it happens."""


class QuietBoard(Board):
    def watchdog(self, timeout_ms):
        return Wire()


@pytest.fixture(autouse=True)
def flash(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "network", network)
    return tmp_path


def networks(app):
    return [app.config.get(n) for n in range(44, 50)]


def start(presets=None):
    return app_module.App(QuietBoard(), presets)


async def tick(app):
    app.in_turn(app._tick)
    while app._steps:
        app._take_step()
    await asyncio.sleep(0)


def test_the_file_of_earlier_firmware_is_taken_over_once(flash):
    start(OWNED)
    (flash / "wifi.cfg").write_bytes(b" My Home \r\n12345678\r\n")
    app = start()
    assert networks(app) == ["My Home", "12345678", "", "", "", ""]
    assert not (flash / "wifi.cfg").exists()
    # The owner is told of it, as of every change by the cable.
    assert app.config.untold
    app.config.apply({44: ""})
    assert networks(start()) == [""] * 6


def test_a_cut_at_any_step_loses_nothing(flash, monkeypatch):
    """Whatever was done of writing, renaming and removing: the next start has the network."""
    start(OWNED)
    files = {path.name: path.read_bytes() for path in flash.iterdir()}
    done = []

    def cut_before(step):
        def cutting(function):
            def called(*arguments):
                if len(done) >= step:
                    raise PowerCutError
                done.append(function)
                return function(*arguments)

            return called

        return cutting

    steps = 0
    while True:
        for path in flash.iterdir():
            path.unlink()
        for name, data in files.items():
            (flash / name).write_bytes(data)
        (flash / "wifi.cfg").write_bytes(b"Home\n12345678\n")
        done.clear()
        with monkeypatch.context() as patch:
            cutting = cut_before(steps)
            for name in ("rename", "remove"):
                patch.setattr(os, name, cutting(getattr(os, name)))
            try:
                start()
                is_cut = False
            except PowerCutError:
                is_cut = True
        app = start()
        assert networks(app) == ["Home", "12345678", "", "", "", ""], steps
        assert not (flash / "wifi.cfg").exists()
        if not is_cut:
            break
        steps += 1
    # Both generations have it, and then the file goes.
    assert steps >= 3


def test_a_flash_that_takes_nothing_keeps_the_file(flash, monkeypatch, capsys):
    start(OWNED)
    (flash / "wifi.cfg").write_bytes(b"Home\n12345678\n")
    with monkeypatch.context() as patch:

        def full(*arguments):
            raise OSError(28, "ENOSPC")

        patch.setattr(os, "rename", full)
        app = start()
    assert networks(app)[0] == "Home" and (flash / "wifi.cfg").exists()
    assert "could not be stored" in app.config.load_error
    assert networks(start())[0] == "Home" and not (flash / "wifi.cfg").exists()


def test_a_file_beside_settings(flash, capsys):
    """One of the same name is newer; with three others there is no place, and no complaint."""
    start({**OWNED, 44: "Home", 45: "new-key1"})
    (flash / "wifi.cfg").write_bytes(b"Home\nold-key1\n")
    assert networks(start())[:2] == ["Home", "new-key1"]
    (flash / "wifi.cfg").write_bytes(b"Work\nwork-key\n")
    assert networks(start())[2:4] == ["Work", "work-key"]
    start({48: "Third"})
    (flash / "wifi.cfg").write_bytes(b"Fourth\n12345678\n")
    assert networks(start())[4] == "Third" and not (flash / "wifi.cfg").exists()
    (flash / "wifi.cfg").write_bytes(b"Fifth\nshort\n")
    app = start()
    assert "wifi_unread" not in app.status.counts


def test_a_file_that_cannot_be_used_is_told_without_its_key(flash, capsys):
    for data in (b"Home\nshort-7\n", b"Ho\x00me\nshort-7x\n", b"\xff\nshort-7x\n"):
        (flash / "wifi.cfg").write_bytes(data)
        app = start()
        log = capsys.readouterr().out
        assert "wifi.cfg cannot be taken over: " in log and "short-7" not in log
        assert app.status.counts["wifi_unread"] == 1 and (flash / "wifi.cfg").exists()


def test_it_is_there_while_a_network_is_set(flash):
    async def scenario():
        app = start(OWNED)
        await tick(app)
        # Nothing of it is loaded before.
        assert app.status.wifi is None
        app.config.apply({46: "Second"})
        await tick(app)
        link = app.status.wifi
        assert link is not None and not link.is_only and link.task is not None
        reconnects = []
        app.server.reconnect = reconnects.append
        app.config.apply({44: "First"})
        await tick(app)
        assert app.status.wifi is link and link.is_looking
        app.config.apply({44: "", 46: ""})
        await tick(app)
        await asyncio.sleep(0.01)
        assert app.status.wifi is None and link.task.cancelled() and reconnects == [0]

    asyncio.run(scenario())


def test_the_servers_connection_goes_where_there_is_a_way(monkeypatch):
    class Way:
        def __init__(self, name):
            self.name = name
            self.is_good = True

        def is_usable(self):
            return self.is_good

        async def open_tcp(self, host, port):
            return self.name

    async def scenario():
        app = start(OWNED)
        app.modem = Way("modem")
        assert await app.open_stream("s.example", 6867) == "modem"
        assert app.status.link_name == "GPRS"
        app.status.wifi = way = Way("wifi")
        assert await app.open_stream("s.example", 6867) == "wifi"
        assert app.status.link_name == "WiFi"
        way.is_good = False
        assert await app.open_stream("s.example", 6867) == "modem"
        assert app.status.link_name == "GPRS"

    asyncio.run(scenario())


def test_tls_is_used_where_there_is_memory_for_it(flash):
    """And checks the certificate where it can."""
    app = start(OWNED)
    app.status.system_free = lambda: 46_079
    assert app.server.tls_ready(False) == ways.WAY_NO_MEMORY
    # Where it has worked there is no other way.
    assert app.server.tls_ready(True) == ways.WAY_NO_CA
    app.status.system_free = None
    app.broom.limit_bytes = 112_000 - 24_000
    assert app.server.tls_ready(False) == ways.WAY_NO_MEMORY
    assert app.server.tls_ready(True) == ways.WAY_NO_CA
    app.broom.limit_bytes = 1_000_000
    for free in (lambda: 46_080, lambda: None, None):
        app.status.system_free = free
        assert app.server.tls_ready(False) == ways.WAY_NO_CA
    (flash / "ca.pem").write_text("")
    assert app.server.tls_ready(False) == ways.WAY_CHECKED


def test_without_a_date_no_certificate_is_checked(flash, monkeypatch):
    app = start(OWNED)
    (flash / "ca.pem").write_text("")
    monkeypatch.setattr(tls_setup, "knows_date", lambda utc_s: utc_s is not None)
    assert app.tls_ready(False) == ways.WAY_NO_DATE
    app.clock.utc_s = lambda: 1781222400
    assert app.tls_ready(False) == ways.WAY_CHECKED


def test_no_wifi_in_safe_mode():
    async def scenario():
        app = start({**OWNED, 44: "Home"})
        app.is_safe = True
        link_setup.update(app)
        assert app.status.wifi is None

    asyncio.run(scenario())
