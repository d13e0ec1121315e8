"""What stands in boards/: pins, drawing, manifest of a frozen image, partition table. CPython."""

import dataclasses
import os
import re
import shutil
from xml.dom import minidom

import pytest

from tools import boards, build, partitions
from tools.vm import ROOT

BOARDS = boards.names()


class Manifest:
    """What MicroPython's tools/manifestfile.py lets a manifest say, as far as ours do: paths are
    relative to the file that names them. files: path in the image to path here.
    """

    def __init__(self, file):
        self.files = {}
        self.ports = []
        self.include(str(file))

    def include(self, path):
        if path.startswith("$(PORT_DIR)"):
            self.ports.append(path)
            return
        before = os.getcwd()
        names = ("include", "package", "module", "freeze_mpy")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        os.chdir(os.path.dirname(os.path.abspath(path)))
        try:
            exec(text, {name: getattr(self, name) for name in names})
        finally:
            os.chdir(before)

    def _add(self, folder, name):
        path = os.path.abspath(os.path.join(folder, name))
        assert os.path.isfile(path), f"Cannot stat {path}"
        assert name not in self.files, f"{name} twice"
        self.files[name] = path

    def package(self, name, base_path="."):
        for folder, _, files in os.walk(os.path.join(base_path, name)):
            for file in files:
                if file.endswith(".py"):
                    self._add(base_path, os.path.relpath(os.path.join(folder, file), base_path))

    def module(self, name, base_path="."):
        assert name.endswith(".py")
        self._add(base_path, name)

    def freeze_mpy(self, folder, names):
        assert isinstance(names, tuple)
        for name in names:
            assert name.endswith(".mpy")
            self._add(folder, name)


@pytest.mark.parametrize("board", BOARDS)
def test_manifest_freezes_all_there_is_and_the_port_s_own(board):
    build.build_modules()
    manifest = Manifest(ROOT / "boards" / board / "manifest.py")
    assert manifest.ports == ["$(PORT_DIR)/boards/manifest.py"]
    natives = [f"{path.stem}.mpy" for path in (ROOT / "modules").glob("*.py")]
    ours = {"boot.py", "main.py", "board.py", "esp32_board.py"}
    expected = {*build.firmware_sources(), *ours, *natives}
    assert set(manifest.files) == expected
    assert manifest.files["board.py"] == str(ROOT / "boards" / board / "board.py")


@pytest.mark.parametrize("board", BOARDS)
def test_manifest_takes_native_modules_of_the_pinned_compiler_only(board):
    """As a source they would be compiled by whatever mpy-cross the image's builder has."""
    manifest = Manifest(ROOT / "boards" / board / "manifest.py")
    sources = [path for path in manifest.files.values() if path.endswith(".py")]
    for path in sources:
        with open(path, encoding="utf-8") as file:
            assert not re.search(r"^\s*@micropython\.(viper|native)", file.read(), re.M), path


@pytest.mark.parametrize("name", BOARDS)
def test_nothing_is_wrong_with_a_board(name):
    board = boards.read(boards.BOARDS / name)
    assert boards.complaints(board) == []
    drawn = (boards.BOARDS / name / boards.DRAWING).read_text("utf-8")
    assert drawn == boards.drawing(board)
    minidom.parseString(drawn)


GOOD = boards.read(boards.BOARDS / "ESP32_SIM800")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"CAN_TX": 35}, "CAN_TX at GPIO35: the pin is an input only."),
        ({"MODEM_TX": 6}, "MODEM_TX at GPIO6: the pin belongs to the flash."),
        ({"MODEM_TX": 20}, "MODEM_TX at GPIO20: the chip has no such pin."),
        ({"MODEM_TX": 40}, "MODEM_TX at GPIO40: the chip has no such pin."),
        ({"GPS_RX": 3}, "GPS_RX at GPIO3: the pin belongs to the console."),
        ({"SUPPLY_SENSE": 13}, "SUPPLY_SENSE at GPIO13: ADC2 cannot be read beside WiFi"),
        ({"CAN_TX": 14}, "CAN_TX at GPIO14: the pin moves while the chip starts"),
        ({"CAN_CS": 12}, "CAN_CS at GPIO12: a strapping pin, and board.md does not say"),
        ({"CAN_INT": 39}, "CAN_INT at GPIO39: board.md has no row that says why."),
        ({"CAN_INT": 36}, "GPIO36 has several uses: CAN_INT, SUPPLY_SENSE."),
        ({"BUZZER": 13}, "BUZZER at GPIO13: nobody knows this function."),
        ({"CAN_RX": 39}, "CAN_RX is GPIO35 in board.py and GPIO39 in pins.csv."),
        ({"CAN_RX": None}, "CAN_RX stands in board.py, and not in pins.csv."),
        ({"CAN_RX": None}, "GPIO35 has a row in board.md, and stands not in pins.csv."),
    ],
)
def test_what_is_wrong_with_a_board_is_told(changes, sentence):
    pins = {**GOOD.pins, **changes}
    pins = {name: gpio for name, gpio in pins.items() if gpio is not None}
    told = boards.complaints(dataclasses.replace(GOOD, pins=pins))
    assert any(f"ESP32_SIM800: {sentence}" in text for text in told), told


def test_a_board_names_the_modem_that_it_has():
    named = {name: boards.read(boards.BOARDS / name).modem for name in BOARDS}
    assert named["LILYGO_TSIM7000G"] == "SIM7000" and named["LILYGO_TCALL_SIM800"] == "SIM800"
    assert named["ESP32C3_WIFI"] == ""
    told = boards.complaints(dataclasses.replace(GOOD, modem=""))
    sentence = "a board with MODEM_TX in pins.csv names its MODEM in board.py, and no other."
    assert told == [f"ESP32_SIM800: {sentence}"]


def test_pins_of_the_psram_are_free_without_one():
    assert {16, 17} <= set(GOOD.pins.values())
    told = boards.complaints(dataclasses.replace(GOOD, has_psram=True))
    assert [text for text in told if "belongs to the PSRAM" in text] == told and len(told) == 2


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("pins.csv", "CAN_TX,22\n", "line 1 of pins.csv is not FUNCTION,GPIOn"),
        ("pins.csv", "CAN_TX,GPIO1\nCAN_TX,GPIO2\n", "CAN_TX stands in pins.csv twice"),
        ("board.py", "CHIP = 'ESP8266'\n", "CHIP in board.py is ESP8266, not one of ESP32"),
        ("board.py", "", "CHIP in board.py is missing"),
        (
            "board.py",
            "CHIP = 'ESP32'\nMODEM = 'A7670'\n",
            "MODEM in board.py is A7670, not one of",
        ),
        ("board.md", None, "has no readable board.md"),
    ],
)
def test_a_folder_that_is_no_board(tmp_path, file, text, sentence):
    for name in ("board.py", "pins.csv", "board.md"):
        shutil.copy(boards.BOARDS / GOOD.name / name, tmp_path)
    if text is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_text(text)
    with pytest.raises(boards.BoardError, match=sentence):
        boards.read(tmp_path)


@pytest.mark.parametrize("name", BOARDS)
def test_firmware_is_compiled_for_the_chip_of_the_board(name):
    folder = build.build_firmware(name)
    march = boards.read(boards.BOARDS / name).chip.march
    native = build.BUILD / "modules" / march / "ovms_can.mpy"
    build.build_modules()
    assert (folder / "ovms_can.mpy").read_bytes() == native.read_bytes()
    assert (folder / "board.mpy").exists() and (folder / "esp32_board.mpy").exists()


@pytest.mark.parametrize("board", BOARDS)
def test_partition_table(board):
    """4 MB without overlap; `partitions.read` checks that."""
    table = partitions.read(ROOT / "boards" / board / build.PARTITIONS)
    rows = {row.name: row for row in table}
    assert [row.name for row in table] == ["nvs", "phy_init", "factory", "romfs", "vfs"]
    assert table[-1].end == partitions.FLASH_BYTES
    # Official images of 1.23 to 1.29 take up to 1.8 MB.
    assert rows["factory"].offset == 0x10000 and rows["factory"].size >= 0x1F0000
    # The settings, 96 KB of history, and room to go back to the small form.
    assert rows["vfs"].size >= 1024 * 1024


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("a, data, nvs, 0x9000, 0x6000\nb, data, phy, 0xe000, 0x1000", "b overlaps"),
        ("a, data, nvs, 0x8000, 0x1000", "a overlaps"),
        ("a, app, factory, 0x11000, 0x1000", "a is not aligned"),
        ("a, data, nvs, 0x9000, 0x800", "a is not aligned"),
        ("a, data, nvs, 0x9000, 0", "a is not aligned"),
        ("a, data, nvs, 0x9000, 0x1000\na, data, nvs, 0xa000, 0x1000", "two partitions a"),
        ("a, data, fat, 0x200000, 0x201000", "behind the flash of 4 MB"),
        ("a, date, fat, 0x200000, 0x1000", "neither app nor data"),
        ("a, data, fat, 0x200000", "is no partition"),
        ("a, data, fat, here, 0x1000", "is no partition"),
    ],
)
def test_a_wrong_partition_table_is_one_sentence(tmp_path, rows, sentence):
    file = tmp_path / "table.csv"
    file.write_text("# Name, Type\n" + rows + "\n")
    with pytest.raises(partitions.PartitionError, match=sentence):
        partitions.read(file)
