"""Flash that the small form takes on a board: blocks of LittleFS, as `make deploy` fills them."""

from __future__ import annotations

from pathlib import Path

from tools import build
from tools.benchmarks.rows import Row, not_measured

GROUP = "Flash"
_BOARD = "LILYGO_TCALL_SIM800"
_BLOCK_BYTES = 4096
# A directory is a pair of blocks; a file of up to an eighth of a block lies inside it.
_FOLDER_BLOCKS = 2
_INLINE_BYTES = _BLOCK_BYTES // 8


def blocks(folder: Path) -> int:
    """Blocks of LittleFS that what is in `folder` takes, its own directory included.

    The list of its blocks that a longer file begins each of them with is left out: it is 4 to 20
    bytes a block.
    """
    count = _FOLDER_BLOCKS
    for path in folder.rglob("*"):
        if path.is_dir():
            count += _FOLDER_BLOCKS
        elif path.stat().st_size > _INLINE_BYTES:
            count += -(-path.stat().st_size // _BLOCK_BYTES)
    return count


def measure() -> list[Row]:
    """All rows of this group."""
    what = "small form on LittleFS"
    try:
        folder = build.build_firmware(_BOARD)
    except build.BuildError as error:
        return [not_measured(GROUP, what, str(error))]
    files = [path for path in folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    note = f"{len(files)} files of {size:,} bytes, in blocks of {_BLOCK_BYTES}"
    return [Row(GROUP, what, blocks(folder) * _BLOCK_BYTES / 1024, "KiB", note=note)]
