"""Writes an official MicroPython image and the firmware to a new module in one step.

python -m tools.flash BOARD IMAGE --port PORT [--form small|plain]

The image is looked at first: is it an ESP32 image, for this board's chip, and where is its file
system? The firmware becomes a LittleFS image for that place, and esptool writes both. What is on
the module goes, settings and history included.
Layout of an image: ESP-IDF Programming Guide, "App Image Format" and "Partition Tables".
"""

from __future__ import annotations

import argparse
import importlib.util
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tools import boards, build, bundle, requirements

_IMAGE_MAGIC = 0xE9
_CHIP_ID_AT = 12
# esp_chip_id_t.
_CHIP_IDS = {0: "ESP32", 2: "ESP32S2", 5: "ESP32C3", 9: "ESP32S3", 13: "ESP32C6"}
_TABLE_AT = 0x8000
_ENTRY = struct.Struct("<2sBBII16sI")
_ENTRY_MAGIC = b"\xaa\x50"
_DATA = 1
_BLOCK_BYTES = 4096
_FILE_SYSTEM = "vfs"
TREE = "a"


class FlashError(Exception):
    """What is wrong and what to do, as one sentence."""


_ERRORS = (
    FlashError,
    boards.BoardError,
    build.BuildError,
    bundle.BundleError,
    requirements.InstallError,
)


@dataclass(frozen=True)
class Partition:
    name: str
    kind: int
    offset: int
    size: int


def partitions_of(image: bytes, image_offset: int) -> list[Partition]:
    """The partition table inside an image that is written from `image_offset` on."""
    found = []
    at = _TABLE_AT - image_offset
    while at + _ENTRY.size <= len(image):
        magic, kind, _, offset, size, name, _ = _ENTRY.unpack_from(image, at)
        if magic != _ENTRY_MAGIC:
            break
        found.append(Partition(name.rstrip(b"\0").decode("ascii", "replace"), kind, offset, size))
        at += _ENTRY.size
    return found


def check_image(path: Path, board: boards.Board) -> Partition:
    """Where the file system of an image is. Raises FlashError when it is not one for the board."""
    try:
        image = path.read_bytes()
    except OSError as error:
        raise FlashError(f"The image {path} cannot be read: {error.strerror}.") from None
    where = "https://micropython.org/download/?port=esp32"
    if len(image) < _TABLE_AT or image[0] != _IMAGE_MAGIC:
        raise FlashError(f"{path.name} is no image of an ESP32: take a .bin from {where}.")
    chip = _CHIP_IDS.get(int.from_bytes(image[_CHIP_ID_AT : _CHIP_ID_AT + 2], "little"), "unknown")
    wanted = boards.chip_name(board)
    if chip != wanted:
        raise FlashError(f"{path.name} is for the chip {chip}, and {board.name} has an {wanted}.")
    table = partitions_of(image, board.chip.image_offset)
    rooms = [row for row in table if row.name == _FILE_SYSTEM and row.kind == _DATA]
    if not rooms:
        raise FlashError(
            f"{path.name} has no partition {_FILE_SYSTEM}: it is an update or not MicroPython's; "
            f"take the .bin for a first installation from {where}."
        )
    if board.chip.image_offset + len(image) > rooms[0].offset:
        raise FlashError(f"{path.name} reaches into its own file system: it is damaged.")
    return rooms[0]


def file_system(folder: Path, size: int, public_key: bytes = b"") -> bytes:
    """A LittleFS image of `size` bytes with the firmware of a built folder. Raises FlashError.

    public_key: what the module compares updates over the air with.
    """
    from littlefs import LittleFS, LittleFSError

    # As MicroPython makes it (ports/esp32/modules/inisetup.py): blocks of 4 KB, version 2.0.
    files = LittleFS(
        block_size=_BLOCK_BYTES,
        block_count=size // _BLOCK_BYTES,
        read_size=32,
        prog_size=32,
        cache_size=128,
        lookahead_size=32,
        disk_version=0x00020000,
    )
    try:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            is_start_file = path.name in build.START_FILES
            target = f"/{name}" if is_start_file else f"/{TREE}/{name}"
            if path.is_dir():
                files.makedirs(target, exist_ok=True)
                continue
            files.makedirs(str(Path(target).parent), exist_ok=True)
            with files.open(target, "wb") as file:
                file.write(path.read_bytes())
        with files.open("/tree", "wb") as file:
            file.write(TREE.encode())
        if public_key:
            with files.open(f"/{bundle.PUBLIC_FILE}", "wb") as file:
                file.write(public_key)
    except LittleFSError:
        raise FlashError("The firmware has no room in the image's file system.") from None
    return bytes(files.context.buffer)


def commands(board: boards.Board, port: str, image: Path, room: Partition, files: Path):
    """What esptool is asked to do, one list of arguments each."""
    chip = boards.chip_name(board).lower()
    start = ["--chip", chip, "--port", port]
    return [
        [*start, "erase-flash"],
        [
            *start,
            "write-flash",
            f"{board.chip.image_offset:#x}",
            str(image),
            f"{room.offset:#x}",
            str(files),
        ],
    ]


def install_esptool() -> None:
    """It is needed by few, so it is no part of the environment until somebody flashes."""
    if importlib.util.find_spec("esptool") is None:
        requirements.install(requirements.lock_of("flash"))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.flash", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("board")
    parser.add_argument("image", type=Path)
    parser.add_argument("--form", default="small", choices=("small", "plain"))
    parser.add_argument("--port", required=True)
    options = parser.parse_args(arguments)
    try:
        board = boards.read(build.board_folder(options.board))
        room = check_image(options.image, board)
        folder = build.build_firmware(options.board, options.form)
        files = folder.with_name(f"{folder.name}.littlefs")
        public_key = bundle.public_text(bundle.load_key())
        files.write_bytes(file_system(folder, room.size, public_key))
        install_esptool()
        for command in commands(board, options.port, options.image, room, files):
            if subprocess.run([sys.executable, "-m", "esptool", *command], check=False).returncode:
                raise FlashError(
                    f"esptool could not do it: is the module at {options.port}? Some boards want "
                    "their BOOT button held meanwhile."
                )
    except _ERRORS as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Done. What the module says: make logs PORT={options.port}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
