"""What stands in boards/: pins, manifest of a frozen image, partition table. CPython only."""

import ast
import csv
import os
import re

import pytest

from tools import build, partitions
from tools.vm import ROOT

BOARDS = sorted(path.parent.name for path in (ROOT / "boards").glob("*/board.py"))


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
    expected = {*build.firmware_sources(), "boot.py", "main.py", "board.py", *natives}
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


def constants_of(board):
    """Numbers that board.py gives names, without the underscore in front."""
    tree = ast.parse((ROOT / "boards" / board / "board.py").read_text("utf-8"))
    calls = [
        node
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
    ]
    return {node.targets[0].id.removeprefix("_"): node.value.args[0].value for node in calls}


def pins_of(board):
    text = (ROOT / "boards" / board / "pins.csv").read_text("utf-8")
    return {name: int(pin.removeprefix("GPIO")) for name, pin in csv.reader(text.splitlines())}


def used_as_pins(board):
    """Constants that board.py hands to Pin, or to a UART as tx or rx."""
    text = (ROOT / "boards" / board / "board.py").read_text("utf-8")
    return set(re.findall(r"Pin\(_([A-Z_]+)", text) + re.findall(r"[tr]x=_([A-Z_]+)", text))


@pytest.mark.parametrize("board", BOARDS)
def test_pins_are_those_of_board_py(board):
    pins, constants = pins_of(board), constants_of(board)
    used = used_as_pins(board)
    assert used and used <= set(pins)
    assert {name: pins[name] for name in used} == {name: constants[name] for name in used}
    assert len(set(pins.values())) == len(pins), "two names for a pin"


@pytest.mark.parametrize("board", BOARDS)
def test_pins_are_those_of_the_tables_for_people(board):
    """board.md's, in the order function, GPIO; and no pin of flash or PSRAM."""
    pins = pins_of(board)
    text = (ROOT / "boards" / board / "board.md").read_text("utf-8")
    rows = re.findall(r"^\| [^|]+ \| ([\d, /]+) \|", text, re.M)
    told = [int(number) for row in rows for number in re.findall(r"\d+", row)]
    assert sorted(told) == sorted(pins.values())
    assert not set(told) & {*range(6, 12), 16, 17}


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
