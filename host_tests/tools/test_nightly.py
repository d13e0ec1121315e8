"""What `make nightly` is made of, as far as that needs neither root nor a Home Assistant."""

import asyncio
import json
import os
import sys

import pytest

from tools.debian import ROOT
from tools.nightly import __main__ as nightly
from tools.nightly import debian13, hass_packages
from tools.nightly.debian13 import Debian13, NightlyError
from tools.nightly.hass import HassError, HomeAssistant
from tools.nightly.home_assistant import Walk


def test_the_commands_are_those_of_the_readme():
    text = (ROOT / "README.md").read_text("utf-8")
    assert nightly.readme_commands(text) == [
        "make run RUN='--headless --seconds 60'",
        "make test",
    ]
    for changed in ("make test ", "make run ", "--seconds"):
        with pytest.raises(ValueError, match="no longer has its two commands"):
            nightly.readme_commands(text.replace(changed, "make something "))
    # What stands elsewhere is none of what a newcomer is told to type.
    with pytest.raises(ValueError, match="no longer has its two commands"):
        nightly.readme_commands(text.replace("## Try it", "## Tried it"))


def test_without_root_or_debootstrap_it_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(debian13.shutil, "which", lambda tool: f"/usr/bin/{tool}")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(NightlyError, match="needs root .*: this is not root.$"):
        Debian13(tmp_path / "debian").make()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(debian13.shutil, "which", lambda tool: None)
    monkeypatch.setattr(sys, "argv", ["nightly", "--folder", str(tmp_path / "debian")])
    assert nightly.main() == 2
    assert "debootstrap is not here" in capsys.readouterr().err
    assert not (tmp_path / "debian").exists()


def test_a_debian_that_cannot_be_laid_leaves_none(tmp_path, monkeypatch):
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("debootstrap", "chroot", "unshare", "git"):
        (programs / name).write_text('#!/bin/sh\necho "E: No such release" >&2\nexit 1\n')
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(debian13.debian, "archive", lambda: "http://own/debian")
    with pytest.raises(NightlyError, match="^debootstrap ended with: E: No such release.$"):
        Debian13(tmp_path / "debian").make()
    assert not (tmp_path / "debian").exists()


def test_packages_of_integrations_and_of_what_they_depend_on(tmp_path):
    for name, depends, requires in (
        ("mqtt", ["http", "file_upload"], ["paho-mqtt==2.1.0"]),
        ("file_upload", ["http"], []),
        # Each needs the other.
        ("http", ["mqtt"], ["cors==1"]),
        ("radio", [], ["radio==7"]),
    ):
        (tmp_path / name).mkdir()
        manifest = {"dependencies": depends, "requirements": requires}
        (tmp_path / name / "manifest.json").write_text(json.dumps(manifest))
    found = hass_packages.requirements(tmp_path, {"mqtt"})
    assert found == {"paho-mqtt==2.1.0", "cors==1"}


def test_a_python_without_home_assistant_is_one_sentence(tmp_path):
    async def start():
        home = HomeAssistant([sys.executable], tmp_path / "hass")
        try:
            await home.start()
        finally:
            await home.stop()

    with pytest.raises(HassError, match="does not start: .*No module named homeassistant$"):
        asyncio.run(start())


def test_complaints_are_all_but_the_one_about_its_own_start(tmp_path):
    home = HomeAssistant(["none"], tmp_path)
    home.log.write_text(
        "2026 WARNING (MainThread) [homeassistant.bootstrap] Skipping pip installation of it\n"
        "2026 INFO (MainThread) [x] all is well\n"
        "2026 WARNING (MainThread) [x] not so well\n"
        "2026 ERROR (MainThread) [x] not well\n"
    )
    assert [line.partition("[x] ")[2] for line in home.complaints()] == ["not so well", "not well"]


class Broker:
    topics = {"metric/v/b/soc": "81.0", "metric/v/e/on": "yes", "metric/v/c/state": ""}


class Stage:
    mqtt = Broker()


SOC = {"p": "sensor", "stat_t": "metric/v/b/soc", "json_attr_t": "ha/car"}
ON = {"p": "binary_sensor", "stat_t": "metric/v/e/on"}
STATE = {"p": "sensor", "stat_t": "metric/v/c/state"}


@pytest.mark.parametrize(
    ("key", "part", "state", "attributes", "fault"),
    [
        ("v_b_soc", SOC, "81", {}, ""),
        ("v_b_soc", SOC, "80.9", {}, "shows 80.9, the broker has '81.0'"),
        ("v_b_soc", SOC, "unavailable", {}, "shows unavailable, the broker has '81.0'"),
        ("v_b_soc", SOC, "81.0", {"unit_of_measurement": "km"}, "has km and battery"),
        ("v_b_soc", SOC, "81.0", {"last_seen": None}, "does not tell how old it is"),
        ("v_e_on", ON, "on", {}, ""),
        ("v_e_on", ON, "off", {}, "shows off, the broker has 'yes'"),
        ("v_c_state", STATE, "unknown", {}, ""),
        # An empty text that is shown as one.
        ("v_c_state", STATE, "", {}, "shows , the broker has ''"),
        ("lock", {"p": "lock"}, "unavailable", {}, "is unavailable"),
        ("lock", {"p": "lock"}, "locked", {}, ""),
    ],
)
def test_what_is_wrong_with_an_entity(key, part, state, attributes, fault):
    usual = {
        "v_b_soc": {"unit_of_measurement": "%", "device_class": "battery", "last_seen": "now"},
        "v_e_on": {"device_class": "running"},
    }.get(key, {})
    merged = {name: value for name, value in {**usual, **attributes}.items() if value is not None}
    shown = {"state": state, "attributes": merged}
    assert Walk(Stage(), None).fault(key, part, shown) == fault
    assert Walk(Stage(), None).fault(key, part, None) == "is not there"
