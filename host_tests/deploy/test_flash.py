"""`make flash`: what it takes for an image, and that MicroPython reads the file system it writes.
No esptool runs here. CPython only.
"""

import struct

import pytest

from host_tests.deploy.line import BLOCKS, Line
from host_tests.deploy.test_deploy import folder_of, put, started
from host_tests.needs_vm import require
from tools import boards, deploy, flash

BOARD = boards.read(boards.BOARDS / "LILYGO_TCALL_SIM800")
C3 = boards.read(boards.BOARDS / "ESP32C3_WIFI")
# MicroPython's partitions-4MiB.csv.
TABLE = (
    ("nvs", 1, 0x9000, 0x6000),
    ("phy_init", 1, 0xF000, 0x1000),
    ("factory", 0, 0x10000, 0x1F0000),
    ("vfs", 1, 0x200000, 0x200000),
)


def image_of(chip_id=0, offset=0x1000, table=TABLE, size=0x1A0000):
    """What an official image has where it is looked at."""
    image = bytearray(b"\xff" * size)
    image[0] = 0xE9
    image[12:14] = chip_id.to_bytes(2, "little")
    at = 0x8000 - offset
    for name, kind, start, length in table:
        entry = struct.pack("<2sBBII16sI", b"\xaa\x50", kind, 0, start, length, name.encode(), 0)
        image[at : at + 32] = entry
        at += 32
    return bytes(image)


def write(tmp_path, image):
    path = tmp_path / "image.bin"
    path.write_bytes(image)
    return path


def test_an_official_image_tells_where_its_files_are(tmp_path):
    room = flash.check_image(write(tmp_path, image_of()), BOARD)
    assert (room.offset, room.size) == (0x200000, 0x200000)
    path = write(tmp_path, image_of(5, 0))
    assert flash.check_image(path, C3).offset == 0x200000


@pytest.mark.parametrize(
    ("image", "board", "sentence"),
    [
        (b"", BOARD, "is no image of an ESP32"),
        (b"\xe9" * 100, BOARD, "is no image of an ESP32"),
        (b"PK" + bytes(0x10000), BOARD, "is no image of an ESP32"),
        (image_of(5, 0), BOARD, "is for the chip ESP32C3, and LILYGO_TCALL_SIM800 has an ESP32"),
        (image_of(), C3, "is for the chip ESP32, and ESP32C3_WIFI has an ESP32C3"),
        (image_of(77), BOARD, "is for the chip unknown"),
        (image_of(table=TABLE[:3]), BOARD, "has no partition vfs"),
        (image_of(table=()), BOARD, "has no partition vfs"),
        (image_of(size=0x300000), BOARD, "reaches into its own file system"),
    ],
)
def test_another_image_is_one_sentence(tmp_path, image, board, sentence):
    with pytest.raises(flash.FlashError, match=sentence):
        flash.check_image(write(tmp_path, image), board)


def test_a_missing_image_is_one_sentence(capsys):
    arguments = ["LILYGO_TCALL_SIM800", "/nothing.bin", "--port", "/dev/x"]
    assert flash.main(arguments) == 2
    assert capsys.readouterr().err == (
        "The image /nothing.bin cannot be read: No such file or directory.\n"
    )


def test_esptool_writes_both_where_they_belong(tmp_path):
    room = flash.check_image(write(tmp_path, image_of()), BOARD)
    erase, both = flash.commands(BOARD, "/dev/x", tmp_path / "i", room, tmp_path / "f")
    start = ["--chip", "esp32", "--port", "/dev/x"]
    assert erase == [*start, "erase-flash"]
    places = ["0x1000", str(tmp_path / "i"), "0x200000", str(tmp_path / "f")]
    assert both == [*start, "write-flash", *places]


def test_micropython_reads_the_file_system(tmp_path):
    """The VM mounts it and starts from it, and a change is deployed on top."""
    require(64)
    folder = folder_of(tmp_path, "one", 40_000)
    image = tmp_path / "flash.bin"
    image.write_bytes(flash.file_system(folder, BLOCKS * 4096))
    assert image.stat().st_size == BLOCKS * 4096
    assert started(image) == ["MAIN /a one"]
    line = Line(image)
    module = deploy.Module(line.port)
    there = module.ask("_walk('')")
    module.close()
    line.pull()
    names = {path.removeprefix("/a/") for path in there if path.startswith("/a/")}
    assert names == {"app.py", "ovms/same.bin", "ovms/deep/own.bin"}
    assert set(there) == {f"/a/{name}" for name in names} | {"/boot.py", "/main.py", "/tree"}
    tree, _, printed, _ = put(image, folder_of(tmp_path, "two", 40_000))
    assert tree == "b" and "MAIN /b two" in printed


def test_a_firmware_that_is_too_big_is_one_sentence(tmp_path):
    folder = folder_of(tmp_path, "one", 300_000)
    with pytest.raises(flash.FlashError, match="no room"):
        flash.file_system(folder, 64 * 4096)
