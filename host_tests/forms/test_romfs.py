"""The firmware from a ROMFS image, and from plain files: starts, answers, shows its lines. Runs on
CPython and starts the VMs.
"""

import json

import pytest

from host_tests.forms.forms import Form, of
from host_tests.needs_vm import require
from tools import build, heap, images

ANSWERS = (
    r"REGISTER OVMS -> Your phone has been registered as the owner.",
    r"STAT? -> Not charging / SOC: unknown",
)


@pytest.fixture(scope="module", params=[64, 32])
def romfs(request, tmp_path_factory):
    require(request.param)
    return Form(tmp_path_factory.mktemp("romfs"), "romfs", request.param)


def check_answers(lines):
    texts = of(lines, "SMS")
    assert tuple(texts[:2]) == ANSWERS
    assert texts[2].startswith("VERSION? -> OVMS Firmware version: ")
    assert texts[3].startswith("HELP -> 1/3 Commands: REGISTER? REGISTER PASS? ")
    assert lines[-1] == "DONE"


def test_it_boots_and_answers_from_the_image(romfs):
    """Only boot.py and main.py are files; all else, on demand or not, is imported from the ROM."""
    assert sorted(path.name for path in romfs.files.iterdir()) == ["boot.py", "main.py"]
    lines = romfs.live("smoke")
    check_answers(lines)
    assert of(lines, "FROM") == ["/rom/ovms /rom/board.mpy /rom/ovms_can.mpy"]
    assert of(lines, "BOOT") == ["100"]


def test_settings_and_records_live_in_the_file_system_beside_it(romfs):
    image = romfs.folder / "lived.bin"
    image.write_bytes(romfs.image.read_bytes())
    first = romfs.live("first", image, code=75)
    second = romfs.live("second", image)
    before, after = json.loads(of(first, "STEP")[-1]), json.loads(of(second, "STEP")[0])
    assert after["settings"] == before["settings"] and "Another2027" in after["settings"]
    assert set(before["made"]) < set(json.loads(of(second, "STEP")[-1])["gone"])


@pytest.mark.parametrize("bits", [64, 32])
def test_plain_files_boot_and_answer(tmp_path, bits):
    require(bits)
    plain = Form(tmp_path, "plain", bits)
    lines = plain.live("smoke")
    check_answers(lines)
    assert of(lines, "FROM") == ["ovms board.mpy ovms_can.mpy"]


@pytest.mark.parametrize(
    ("form", "place"),
    [("plain", "ovms/clock.py"), ("romfs", "ovms/clock.py"), ("small", 'app"')],
)
def test_traces_name_file_and_line_where_the_table_says_so(tmp_path, form, place):
    """An error in a module that stays: with its line, or with the file that it is built into."""
    require(64)
    made = Form(tmp_path, form, 64)
    lines = made.live("trace")
    found = [line for line in lines if 'File "' + place in line and "set_utc_s" in line]
    assert len(found) == 1, lines
    line = (
        (build.FIRMWARE / "ovms/clock.py")
        .read_text("utf-8")
        .partition("offset_s = utc_s -")[0]
        .count("\n")
    )
    assert f", line {1 if form == 'small' else line + 1}, in" in found[0]


def test_bytecode_in_a_romfs_is_not_copied():
    require(32)
    plain, rom = heap.measure(plain=True), heap.measure(plain=True, is_romfs=True)
    assert rom.resident_bytes < 0.6 * plain.resident_bytes
    everything = [sum(taken for _, taken, *_ in it.rows) for it in (plain, rom)]
    assert everything[1] < 0.6 * everything[0], everything


def test_an_image_that_does_not_fit_is_one_sentence(tmp_path):
    image, table = tmp_path / "image", tmp_path / "partitions.csv"
    image.write_bytes(bytes(5000))
    table.write_text("romfs, data, 0x8f, 0x10000, 0x1000\n")
    with pytest.raises(images.ImageError, match="has 5000 bytes, and partitions.csv 4096 bytes"):
        images.check_room(table, image)
    table.write_text("vfs, data, fat, 0x10000, 0x1000\n")
    with pytest.raises(images.ImageError, match="no partition of that name for it"):
        images.check_room(table, image)
    table.write_text("romfs, data, 0x8f, x, 0x1000\n")
    with pytest.raises(images.ImageError, match="is no partition"):
        images.check_room(table, image)
