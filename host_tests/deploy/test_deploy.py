"""`make deploy` with the real mpremote on a pseudo terminal, the MicroPython VM with LittleFS at
its other end. CPython only.
"""

import random

import pytest

from host_tests.deploy.line import Line
from host_tests.needs_vm import require
from tools import build, deploy

MAIN = """
import sys
try:
    import app
    print("MAIN", sys.path[0], app.NAME)
except ImportError:
    print("MAIN", sys.path[0], "nothing")
"""


@pytest.fixture
def image(tmp_path):
    require(64)
    return tmp_path / "flash.bin"


def folder_of(tmp_path, name, size=3000, more=()):
    """A firmware: an app that tells its name, a big file, and the real start file."""
    folder = tmp_path / name
    (folder / "ovms/deep").mkdir(parents=True)
    (folder / "app.py").write_text(f"NAME = {name!r}\n")
    (folder / "ovms/same.bin").write_bytes(random.Random(1).randbytes(2000))
    (folder / "ovms/deep/own.bin").write_bytes(random.Random(name).randbytes(size))
    for path in more:
        (folder / path).write_bytes(b"x" * 700)
    (folder / "boot.py").write_bytes((build.FIRMWARE / "boot.py").read_bytes())
    (folder / "main.py").write_text(MAIN)
    return folder


def put(image, folder, cut_after=None):
    """Deploy; returns (tree or error, what was told, what the module printed, bytes sent)."""
    line = Line(image, cut_after)
    told, printed = [], []
    try:
        module = deploy.Module(line.port)
        try:
            tree = deploy.deploy(module, folder, told.append)
            module.restart(printed.append, 20, "MAIN")
        finally:
            module.close()
    except deploy.DeployError as error:
        tree = error
    finally:
        line.pull()
    return tree, "".join(told), "".join(printed), line.bytes


def started(image):
    """What the module says when it is switched on."""
    line = Line(image)
    try:
        module = deploy.Module(line.port)
        printed = []
        module.restart(printed.append, 20, "MAIN")
        module.close()
    finally:
        line.pull()
    return [text for text in "".join(printed).splitlines() if text.startswith("MAIN")]


def test_a_fresh_module(image, tmp_path):
    tree, told, printed, _ = put(image, folder_of(tmp_path, "one"))
    assert tree == "a" and "3 files in /a" in told and "MAIN /a one" in printed


def test_a_change_sends_what_changed_into_the_other_tree(image, tmp_path):
    *_, first = put(image, folder_of(tmp_path, "one", 20_000))
    tree, told, printed, second = put(image, folder_of(tmp_path, "two", 500))
    assert tree == "b" and "MAIN /b two" in printed
    assert second < first / 3
    # What both have was copied on the module.
    assert "same.bin" not in told
    tree, told, printed, third = put(image, tmp_path / "two")
    assert tree in ("a", "b") and "MAIN /" in printed


def test_files_that_are_no_longer_part_go(image, tmp_path):
    put(image, folder_of(tmp_path, "one", more=("old.bin",)))
    put(image, folder_of(tmp_path, "two"))
    line = Line(image)
    module = deploy.Module(line.port)
    # As the firmware itself does after a while.
    module.send(b"b", "/tree", lambda count: None)
    module.close()
    line.pull()
    put(image, folder_of(tmp_path, "three"))
    line = Line(image)
    module = deploy.Module(line.port)
    there = module.ask("sorted(_walk(''))")
    module.close()
    line.pull()
    assert "/a/old.bin" not in there
    assert {path for path in there if path.startswith("/a/")} == {
        "/a/app.py",
        "/a/ovms/same.bin",
        "/a/ovms/deep/own.bin",
    }


def test_a_firmware_that_does_not_prove_itself_is_left_by_itself(image, tmp_path):
    put(image, folder_of(tmp_path, "one"))
    assert started(image) == ["MAIN /a one"]
    put(image, folder_of(tmp_path, "two"))
    starts = [started(image)[0] for _ in range(5)]
    assert starts[0] == "MAIN /b two" and starts[-1] == "MAIN /a one"


def test_the_cable_is_pulled_anywhere(image, tmp_path):
    """The old firmware starts, or the new one; a second try makes it the new one."""
    put(image, folder_of(tmp_path, "one"))
    kept = image.read_bytes()
    new = folder_of(tmp_path, "two")
    *_, total = put(image, new)
    chance = random.Random(5)
    places = sorted(chance.randrange(1, total) for _ in range(6)) + [total - 1]
    for place in places:
        image.write_bytes(kept)
        tree, *_ = put(image, new, place)
        if isinstance(tree, deploy.DeployError):
            assert "Try again" in str(tree) or "answers" in str(tree)
        (main,) = started(image)
        assert main in ("MAIN /a one", "MAIN /b two")
    tree, _, printed, _ = put(image, new)
    assert tree == "b" and "MAIN /b two" in printed


def test_a_full_file_system_is_one_sentence(image, tmp_path):
    put(image, folder_of(tmp_path, "one"))
    tree, *_ = put(image, folder_of(tmp_path, "two", 500_000))
    assert "bytes free" in str(tree) and "small" in str(tree)
    assert started(image) == ["MAIN /a one"]


def test_a_port_that_is_none(capsys):
    assert deploy.main(["LILYGO_TCALL_SIM800", "--port", "/dev/nothing"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("The port /dev/nothing cannot be opened") and error.count("\n") == 1


def test_damage_on_the_way_is_found(image, tmp_path, monkeypatch):
    put(image, folder_of(tmp_path, "one"))
    send = deploy.Module.send

    def damaged(self, data, path, on_bytes):
        if path.endswith("own.bin"):
            data = data[:10] + b"\x00" + data[11:]
        send(self, data, path, on_bytes)

    monkeypatch.setattr(deploy.Module, "send", damaged)
    tree, *_ = put(image, folder_of(tmp_path, "two"))
    assert "did not arrive as it was sent" in str(tree)
    assert started(image) == ["MAIN /a one"]
