"""When an update begins, waits, goes on after a restart, and what the owner is told. CPython only:
the firmware's files lie in the current directory.
"""

import asyncio
from types import SimpleNamespace

import pytest

from host_tests.fixtures import bundles
from host_tests.services.notifier_bench import OWNER, Module
from ovms import update_setup
from ovms.parameters import PHONE
from ovms.status import Status

URL = "http://a.example/x"


class Server:
    is_resting = False
    is_idle = True

    def settings(self):
        return ("", "", "")


@pytest.fixture
def app(tmp_path, monkeypatch):
    """What `update_setup` needs of an App, in a folder with tree `a`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tree").write_text("a")
    (tmp_path / "update.pub").write_text(bundles.MODULUS + "\n")
    app = SimpleNamespace(status=Status("TESTBOARD"), spawned=[], told=[], power_due_s=99)
    app.config = {PHONE: OWNER}
    app.notifier = SimpleNamespace(sms=app.told, ip=[])
    app.modem = SimpleNamespace(port=object())
    app.log = SimpleNamespace(info=lambda *arguments: None)
    app.spawn = app.spawned.append
    app.server = Server()
    app.status.is_registered = True
    return app


def again(app):
    """After a restart."""
    app.status.update = None
    app.status.uptime_s = 0
    update_setup.at_start(app)
    return app.status.update


@pytest.mark.parametrize(
    ("file", "text", "word"),
    [
        ("update.pub", "", "update.pub"),
        ("update.pub", "00" * 256, "update.pub"),
        ("tree", "", "two folders"),
        ("tree", "a b 2", "prove itself first"),
    ],
)
def test_what_an_update_needs(app, tmp_path, file, text, word):
    (tmp_path / file).write_text(text)
    with pytest.raises(ValueError, match=word):
        update_setup.order(app, URL, False)
    assert app.status.update is None and not (tmp_path / "update").exists()


def test_one_at_a_time_and_over_a_restart(app):
    with pytest.raises(ValueError, match="An address is"):
        update_setup.order(app, "ftp://x/y", False)
    with pytest.raises(ValueError, match="No update"):
        update_setup.order(app, "", True)
    update_setup.order(app, URL, False)
    assert app.power_due_s == 0
    with pytest.raises(ValueError, match="under way"):
        update_setup.order(app, "http://b.example/x", False)
    assert not again(app).may_gprs
    update_setup.order(app, URL, True)
    update = again(app)
    assert update.may_gprs and (update.url, update.tree) == (URL, "b")


def test_not_while_driving_and_not_on_trial(app, tmp_path):
    update_setup.order(app, URL, False)
    app.status.is_car_on = True
    update_setup.look(app)
    app.status.is_car_on = False
    (tmp_path / "tree").write_text("a b 2")
    update_setup.look(app)
    assert not app.spawned
    (tmp_path / "tree").write_text("a")
    update_setup.look(app)
    assert len(app.spawned) == 1 and app.status.update.is_busy
    update_setup.look(app)
    assert len(app.spawned) == 1


def test_gprs_waits_for_leave(app):
    update_setup.order(app, URL, False)
    update = app.status.update
    update.version, update.build, update.total = "4.0.1", "0badcafe", 312 * 1024
    update_setup._tell_cost(app, update)
    update_setup._tell_cost(app, update)
    assert len(app.told) == 1 and "takes 312 KB over GPRS" in app.told[0]
    # As `notifier_events.py` reads it.
    assert app.told[0].startswith("N+491701234567\t\tThe update to 4.0.1")
    # The notifier sends it as it stands, and without the owner's wish for SMS.
    module = Module(notify="IP")
    module.notifier.sms += app.told
    module.run(10)
    ((number, text),) = module.modem.sent
    assert number == OWNER and text.startswith("The update to 4.0.1 (build 0badcafe) takes")
    again(app)
    update_setup.look(app)
    assert not app.spawned and app.status.update.is_waiting
    update_setup.order(app, "", True)
    update_setup.look(app)
    assert len(app.spawned) == 1


@pytest.mark.parametrize("is_proved", [True, False])
def test_how_it_ended_is_told_once(app, tmp_path, is_proved):
    update_setup.order(app, URL, False)
    update = app.status.update
    update.version, update.build = "4.0.1", "0badcafe"
    app.status.request = lambda bits: None
    update_setup._switch(app, update)
    assert (tmp_path / "tree").read_text() == "b a 3"
    # Not before the restart.
    update_setup.look(app)
    assert not app.told
    again(app)
    (tmp_path / "tree").write_text("b a 2" if is_proved else "a")
    update_setup.look(app)
    assert bool(app.told) is not is_proved
    if is_proved:
        (tmp_path / "tree").write_text("b")
        update_setup.look(app)
    sentence = "did not prove itself; 4.0.0 goes on."
    if is_proved:
        sentence = "Updated to 4.0.1 (build 0badcafe)."
    assert len(app.told) == 1 and app.told[0].endswith(sentence)
    assert app.status.update is None and not list(tmp_path.glob("update*"))[1:]


def test_a_cut_between_the_mark_and_the_switch(app, tmp_path, monkeypatch):
    update_setup.order(app, URL, False)
    update = app.status.update

    def cut():
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(update_setup.trees, "switch", cut)
        with pytest.raises(KeyboardInterrupt):
            update_setup._switch(app, update)
    update = again(app)
    assert update.state == update_setup.SWITCH and not update.is_told
    # It switches again, once.
    app.told.clear()
    update_setup.look(app)
    assert len(app.spawned) == 1 and not app.told


def test_it_is_given_up(app):
    update_setup.order(app, URL, False)
    update = app.status.update
    pauses = []
    for _ in range(12):
        app.status.uptime_s = update.due_s
        update_setup._pause(app, update, OSError("The server fell silent."), False)
        pauses.append(update.due_s - app.status.uptime_s)
    assert pauses[:3] == [60, 120, 240] and max(pauses) == 3600
    assert len(app.told) == 1 and "given up: The server fell silent." in app.told[0]
    asyncio.run(app.spawned[-1]())
    assert app.status.update is None
