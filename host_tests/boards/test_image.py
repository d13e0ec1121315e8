"""What MicroPython's ESP32 port takes of a board's folder to build an image. CPython; CMake itself
reads the files, where there is one.

The order is that of ports/esp32/CMakeLists.txt, and so are the names of its variables: the board's
file, that of the variant, then all files of settings one behind the other.
"""

import os
import re
import shutil
import subprocess

import pytest

from host_tests.needs_vm import require_cmake
from tools import boards, build, partitions
from tools.vm import ROOT

BOARDS = boards.names()
# MicroPython's own board for each chip.
GENERIC = {"ESP32": "ESP32_GENERIC", "ESP32C3": "ESP32_GENERIC_C3"}
PORT = """
set(MICROPY_BOARD_DIR "{board_dir}")
set(CMAKE_BINARY_DIR "{binary_dir}")
include(${{MICROPY_BOARD_DIR}}/mpconfigboard.cmake)
{variant}
foreach(SDKCONFIG_DEFAULT ${{SDKCONFIG_DEFAULTS}})
    file(READ ${{SDKCONFIG_DEFAULT}} CONTENTS)
    file(APPEND ${{CMAKE_BINARY_DIR}}/sdkconfig.combined "${{CONTENTS}}")
endforeach()
file(WRITE ${{CMAKE_BINARY_DIR}}/target "${{IDF_TARGET}}")
file(WRITE ${{CMAKE_BINARY_DIR}}/manifest "${{MICROPY_FROZEN_MANIFEST}}")
"""


def chip_of(board):
    return boards.chip_name(boards.read(ROOT / "boards" / board))


def port_in(folder):
    """The part of MicroPython's port that a board's files refer to; as a stand-in for it."""
    for chip, name in GENERIC.items():
        own = folder / "boards" / name
        own.mkdir(parents=True)
        (own / "mpconfigboard.cmake").write_text(
            f"set(IDF_TARGET {chip.lower()})\nset(SDKCONFIG_DEFAULTS boards/sdkconfig.base)\n"
        )
    (folder / "boards" / "sdkconfig.base").write_text(
        'CONFIG_PARTITION_TABLE_CUSTOM_FILENAME="partitions-4MiB.csv"\n'
    )
    return folder


def configured(tmp_path, board, variant=None):
    """What CMake makes of a board: ({setting: value}, target, manifest)."""
    require_cmake()
    port, binary = port_in(tmp_path / "port"), tmp_path / "binary"
    binary.mkdir()
    more = f"include(${{MICROPY_BOARD_DIR}}/mpconfigvariant_{variant}.cmake)" if variant else ""
    script = port / "read.cmake"
    script.write_text(
        PORT.format(board_dir=ROOT / "boards" / board, binary_dir=binary, variant=more)
    )
    done = subprocess.run(
        ["cmake", "-P", script.name], cwd=port, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    # The last one counts, as in Kconfig.
    lines = (binary / "sdkconfig.combined").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if line)
    return settings, (binary / "target").read_text(), (binary / "manifest").read_text()


@pytest.mark.parametrize("board", BOARDS)
def test_the_image_has_the_board_s_partitions(tmp_path, board):
    settings, target, manifest = configured(tmp_path, board)
    assert target == chip_of(board).lower()
    assert settings["CONFIG_PARTITION_TABLE_CUSTOM"] == "y"
    table = settings["CONFIG_PARTITION_TABLE_CUSTOM_FILENAME"].strip('"')
    assert table == str(ROOT / "boards" / board / build.PARTITIONS)
    # As large as the table counts on.
    megabytes = partitions.FLASH_BYTES >> 20
    assert settings[f"CONFIG_ESPTOOLPY_FLASHSIZE_{megabytes}MB"] == "y"
    assert manifest == "", "what the port freezes by itself"


@pytest.mark.parametrize("board", BOARDS)
def test_the_frozen_image_has_the_board_s_manifest(tmp_path, board):
    settings, _, manifest = configured(tmp_path, board, "FROZEN")
    assert manifest == str(ROOT / "boards" / board / "manifest.py")
    assert os.path.isfile(manifest) and settings["CONFIG_PARTITION_TABLE_CUSTOM"] == "y"


@pytest.mark.parametrize("board", BOARDS)
def test_the_header_names_the_board_and_has_a_romfs(board):
    text = (ROOT / "boards" / board / "mpconfigboard.h").read_text("utf-8")
    code = [line for line in text.splitlines() if line and not line.startswith("//")]
    defined = dict(re.fullmatch(r"#define (\w+) (.+)", line).groups() for line in code)
    assert defined["MICROPY_VFS_ROM"] == "(1)"
    assert defined["MICROPY_HW_MCU_NAME"] == f'"{chip_of(board)}"'
    assert re.fullmatch(r'"OVMS on [\w ,-]+"', defined["MICROPY_HW_BOARD_NAME"])


@pytest.mark.parametrize("board", BOARDS)
def test_pins_are_as_the_port_s_generator_wants_them(board):
    """The port makes `Pin.board` of them: a name that C may have, and the chip's for it."""
    for line in (ROOT / "boards" / board / "pins.csv").read_text("utf-8").splitlines():
        assert re.fullmatch(r"[A-Za-z_]\w*,GPIO\d{1,2}", line), line


MICROPYTHON = """.PHONY: submodules all
submodules all:
\t@echo $(notdir $(CURDIR)) $@ BOARD=$(BOARD) BOARD_DIR=$(BOARD_DIR) VARIANT=$(BOARD_VARIANT)
"""


def make_image(tmp_path, *words):
    # The environment of the tests is set up already, whatever the age of its files.
    return subprocess.run(
        ["make", "--no-print-directory", "-o", ".venv/.ready", "image", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
    )


def checkout(tmp_path):
    folder = tmp_path / "micropython"
    for part in ("mpy-cross", "ports/esp32"):
        (folder / part).mkdir(parents=True)
        (folder / part / "Makefile").write_text(MICROPYTHON)
    (folder / "mpy-cross/Makefile").write_text("all:\n\t@echo mpy-cross\n")
    (folder / "ports/esp32/boards").mkdir()
    (folder / "ports/esp32/boards/manifest.py").write_text("")
    return folder


def test_make_image_asks_micropython_for_it(tmp_path):
    folder = checkout(tmp_path)
    tool = tmp_path / "idf.py"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    board = f"BOARD=ESP32_SIM800 BOARD_DIR={ROOT}/boards/ESP32_SIM800"
    for words, variant in (((), ""), (("FROZEN=1",), "FROZEN")):
        done = make_image(tmp_path, "BOARD=ESP32_SIM800", f"MPY_DIR={folder}", *words)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-3:] == [
            "mpy-cross",
            f"esp32 submodules {board} VARIANT=",
            f"esp32 all {board} VARIANT={variant}",
        ]


def test_what_is_missing_is_one_sentence(tmp_path):
    folder = checkout(tmp_path)
    for words, sentence in (
        ((), "Say where MicroPython's sources are: make image MPY_DIR=/path/to/micropython"),
        ((f"MPY_DIR={tmp_path}",), "Say where MicroPython's sources are"),
        (("BOARD=NONE", f"MPY_DIR={folder}"), "There is no board NONE below boards/."),
    ):
        done = make_image(tmp_path, *words)
        assert done.returncode and done.stderr.startswith(sentence), done.stderr
    if shutil.which("idf.py") is None:
        done = make_image(tmp_path, f"MPY_DIR={folder}")
        assert done.returncode and done.stderr.startswith("There is no idf.py: call ESP-IDF's")
