"""`make firmware` and `size` for each form, `make deploy` of an image. CPython only."""

import subprocess

import pytest

from host_tests.forms.forms import BOARD
from tools import build, images, size, vm

NATIVES = {"ovms_can.mpy", "ovms_crypto.mpy", "ovms_twai.mpy", "twai_port.mpy"}
OUTSIDE = {"boot.py", "main.py", "board.mpy", "esp32_board.mpy"}


def files_in(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def out(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "BUILD", tmp_path)
    return tmp_path


def test_small_is_a_handful_of_files(out):
    folder = build.build_firmware(BOARD)
    assert folder == out / BOARD
    assert files_in(folder) == {
        *NATIVES,
        *OUTSIDE,
        "ovms/__init__.mpy",
        "ovms/app.mpy",
        "ovms/on_demand.bin",
    }
    # Two of them lie on a module while one is copied, beside settings and history, in 2 MB.
    assert images.littlefs_bytes(folder) < 416 * 1024


def test_plain_is_a_file_for_each_module(out):
    folder = build.build_firmware(BOARD, "plain")
    assert folder == out / f"{BOARD}-plain"
    sources = {f"{path.removesuffix('.py')}.mpy" for path in build.firmware_sources()}
    assert files_in(folder) == NATIVES | OUTSIDE | sources


def test_romfs_is_an_image_and_two_files(out):
    folder = build.build_firmware(BOARD, "romfs")
    assert folder == out / f"{BOARD}-romfs"
    assert {path.name for path in folder.glob("*.py")} == set(build.START_FILES)
    image = (folder / build.ROM_IMAGE).read_bytes()
    assert image.startswith(b"\xd2\xcd\x31")
    for path in (folder / build.ROM_FOLDER).rglob("*.mpy"):
        assert path.read_bytes() in image, path
    assert b"board.mpy" in image and b"app.mpy" in image


def test_a_form_that_is_none_is_one_sentence(out, capsys):
    assert build.main(["firmware", BOARD, "--form", "big"]) == 2
    assert capsys.readouterr().err == (
        "There is no form big; the forms are: small, plain, romfs.\n"
    )
    assert list(out.iterdir()) == []


def test_size_tells_flash_bytes(out, capsys, monkeypatch):
    monkeypatch.setattr(build, "ROOT", out)
    monkeypatch.setattr(build, "BUILD", out)
    folder = out / BOARD
    (folder / "ovms").mkdir(parents=True)
    (folder / "small").write_bytes(bytes(128))
    (folder / "one").write_bytes(bytes(4096))
    # The second block of a file begins with a pointer to the first.
    (folder / "two").write_bytes(bytes(4096 + 4092))
    (folder / "ovms/three").write_bytes(bytes(4096 + 4093))
    monkeypatch.setattr(build, "build_firmware", lambda board, form: folder)
    assert size.main([BOARD]) == 0
    blocks = 2 + 2 + 0 + 1 + 2 + 3
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"{blocks * 4096:7d}  bytes of flash on LittleFS, blocks of 4 KB"


def test_deploy_of_an_image_leaves_no_file_that_hides_it():
    """And it begins with what fails on an image without such a partition."""
    done = subprocess.run(
        ["make", "-n", "deploy", "FORM=romfs", "PORT=/dev/ttyX"],
        cwd=vm.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in done.stdout.splitlines() if "/dev/ttyX" in line]
    commands = [line.partition("connect /dev/ttyX ")[2].split(" 2>")[0] for line in lines]
    assert commands == [
        f"romfs deploy build/{BOARD}-romfs/{build.ROM_IMAGE}",
        "fs rm -r :$old",
        f"fs cp build/{BOARD}-romfs/*.py :",
        "reset",
    ]
    for name in {path.split("/")[0] for path in [*NATIVES, *OUTSIDE, "ovms", "tree", "a", "b"]}:
        assert name in build.START_FILES or f" {name}" in done.stdout
