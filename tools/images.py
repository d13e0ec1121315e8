"""What the firmware's files become in flash: an image of ROMFS, or blocks of LittleFS."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools import partitions

# LittleFS as MicroPython makes it on the ESP32. So small a file lies in its folder's blocks.
_BLOCK_BYTES = 4096
_INLINE_BYTES = 128


class ImageError(Exception):
    """What is wrong with an image, as one sentence for the user."""


def write_romfs(tree: Path, image: Path) -> None:
    """Write the folder `tree` as an image of MicroPython's ROMFS."""
    done = subprocess.run(
        [sys.executable, "-m", "mpremote", "romfs", "-o", str(image), "build", str(tree)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise ImageError(f"mpremote cannot write the ROMFS image: {lines[-1] if lines else ''}")


def check_room(table: Path, image: Path) -> None:
    """Raises ImageError when the board's partition `romfs` cannot take the image."""
    if not table.exists():
        raise ImageError(f"The board has no {table.name}, so it has no room for a ROMFS.")
    try:
        rooms = [row.size for row in partitions.read(table) if row.name == "romfs"]
    except partitions.PartitionError as error:
        raise ImageError(str(error)) from None
    size = image.stat().st_size
    if not rooms or size > rooms[0]:
        room = f"{rooms[0]} bytes" if rooms else "no partition of that name"
        raise ImageError(f"The ROMFS image has {size} bytes, and {table.name} {room} for it.")


def littlefs_bytes(folder: Path) -> int:
    """Flash that the files of `folder` take on a module's new file system, with the root's."""
    blocks = 2
    for path in folder.rglob("*"):
        if path.is_dir():
            blocks += 2
        elif path.stat().st_size > _INLINE_BYTES:
            blocks += _blocks_of(path.stat().st_size)
    return blocks * _BLOCK_BYTES


def _blocks_of(size: int) -> int:
    """Blocks of a LittleFS file: block n begins with a pointer of 4 bytes for each power of two
    that divides n (littlefs, DESIGN.md, "CTZ skip-lists").
    """
    blocks = 0
    while size > 0:
        pointers = (blocks & -blocks).bit_length()
        size -= _BLOCK_BYTES - 4 * pointers
        blocks += 1
    return blocks
