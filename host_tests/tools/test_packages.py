"""Compiled packages that are made once and shared. CPython only."""

import json
import os
import subprocess
import sys
import time

import pytest

from tools import packages, vm

DIGEST = "0123456789abcdef"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(packages, "FOLDER", tmp_path / "packages")
    return tmp_path / "packages"


def maker(calls, files):
    """Makes a package of `files`, name to text, and notes each call."""

    def make(package):
        calls.append(package)
        for name, text in files.items():
            (package / name).parent.mkdir(parents=True, exist_ok=True)
            (package / name).write_text(text)

    return make


def test_a_package_is_made_once():
    calls = []
    make = maker(calls, {"ovms/app.mpy": "1"})
    first = packages.made(DIGEST, make)
    assert packages.made(DIGEST, make) == first
    assert len(calls) == 1 and (first / "ovms/app.mpy").read_text() == "1"
    other = packages.made(DIGEST[::-1], make)
    assert len(calls) == 2 and other != first


def test_another_python_makes_its_own(monkeypatch):
    calls = []
    first = packages.made(DIGEST, maker(calls, {"ovms/a.mpy": "1"}))
    python = sys.version_info
    other = type("Version", (), {"major": python.major, "minor": python.minor + 1})
    monkeypatch.setattr(packages.sys, "version_info", other)
    assert packages.made(DIGEST, maker(calls, {"ovms/a.mpy": "2"})) != first
    assert len(calls) == 2


def test_what_failed_is_made_again(folder):
    def fail(package):
        (package / "half").write_text("")
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            packages.made(DIGEST, fail)
        assert not list(folder.glob("*/"))
    assert not (packages.made(DIGEST, maker([], {"ovms/a.mpy": ""})) / "half").exists()


def test_what_a_killed_build_left_is_in_no_package(folder):
    name = packages.made(DIGEST, maker([], {})).name
    (folder / name).rename(folder / f"{name}.partial")
    (folder / f"{name}.partial" / "half").write_text("")
    made = packages.made(DIGEST, maker([], {"ovms/a.mpy": ""}))
    assert [path.name for path in made.iterdir()] == ["ovms"]


def test_processes_that_want_the_same_wait_for_each_other(tmp_path, folder):
    """Each says in a file that it makes it: one does."""
    program = (
        "import pathlib, sys, time\n"
        "from tools import packages\n"
        f"packages.FOLDER = pathlib.Path({str(folder)!r})\n"
        "def make(package):\n"
        f"    with open({str(tmp_path / 'log')!r}, 'a') as log:\n"
        "        log.write('made\\n')\n"
        "    time.sleep(0.2)\n"
        "    (package / 'ovms').mkdir()\n"
        f"package = packages.made({DIGEST!r}, make)\n"
        "sys.exit(not (package / 'ovms').is_dir())\n"
    )
    command = [sys.executable, "-c", program]
    processes = [subprocess.Popen(command, cwd=vm.ROOT) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert (tmp_path / "log").read_text() == "made\n"


def test_a_copy_takes_the_place_of_an_earlier_one(tmp_path):
    target = tmp_path / "tree"
    packages.put(
        packages.made("a" * 8, maker([], {"ovms/a.mpy": "1", "ovms/b/c.mpy": "2"})), target
    )
    (target / "board.mpy").write_text("stays")
    package = packages.made("b" * 8, maker([], {"ovms/a.mpy": "3", "names.json": "{}"}))
    assert packages.put(package, target) == ["ovms/a.mpy"]
    files = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    assert files == {"board.mpy", "ovms/a.mpy"} and not (target / "ovms/b").exists()
    # Whoever writes into its copy changes no package.
    (target / "ovms/a.mpy").write_text("damaged")
    assert (package / "ovms/a.mpy").read_text() == "3"


def test_current_is_what_has_the_digest_and_all_files(tmp_path):
    target = tmp_path / "tree"
    package = packages.made(DIGEST, maker([], {"ovms/a.mpy": "1", "ovms/d.bin": "2"}))
    packages.put(package, target)
    table = tmp_path / "table"
    assert not packages.is_current(table, DIGEST, target)
    table.write_text("{")
    assert not packages.is_current(table, DIGEST, target)
    packages.write_table(package, {"digest": DIGEST})
    table.write_bytes((package / packages.TABLE).read_bytes())
    assert json.loads(table.read_text())["built"] == ["ovms/a.mpy", "ovms/d.bin"]
    assert packages.is_current(table, DIGEST, target)
    assert not packages.is_current(table, DIGEST[::-1], target)
    (target / "ovms/d.bin").unlink()
    assert not packages.is_current(table, DIGEST, target)


def test_what_nobody_wants_for_a_day_goes():
    make = maker([], {"ovms/a.mpy": ""})
    old, wanted = (packages.made(digit * 8, make) for digit in "ab")
    yesterday = time.time() - 25 * 3600
    for package in (old, wanted):
        os.utime(package, (yesterday, yesterday))
    packages.made("b" * 8, make)
    assert wanted.exists() and not old.exists()
