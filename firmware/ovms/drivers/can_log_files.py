"""The files of a CAN log: their format, and what finds, reads and removes them. On demand.

`canlog.0`, `canlog.1`, ... are used in turn; each holds one segment of the log, the slot is its
number modulo how many there are. A segment is a row of blocks: header, data, CRC-32 of both, all
little endian. A file is only ever appended to, so it is whole up to the first block that is not.

Header: magic, kind, bytes of data, segment, milliseconds since the log's start, Unix seconds of
that start or 0, frames lost so far, frames in this block. Data of FRAMES: for each frame the
milliseconds since the block's, `arbitration_id | dlc << 11`, the dlc bytes. Of END: why, a byte.
"""

import os
import struct
from binascii import crc32

from micropython import const

from ovms.drivers.store import Flash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "canlog.%d"
# 256 KB: a Twizy's 400 frames a second for a minute, all it has for an app for an hour.
SEGMENTS_MAX = const(16)
SEGMENTS_MIN = const(2)
SEGMENT_BYTES = const(16384)
# History takes 80 KB when its rings are full; settings and what is kept have two generations.
RESERVE_BYTES = const(163840)

MAGIC = const(0xCA)
FRAMES = const(1)
END = const(2)
HEADER = "<BBHIIIIH"
HEADER_BYTES = const(22)
_CRC_BYTES = const(4)
# A whole block with header and CRC.
BLOCK_BYTES = const(512)
_DLC_SHIFT = const(11)
_ID_MASK = const(0x7FF)


class FileSystem(Flash):
    """The board's flash, and how much of it is free."""

    def remove(self, path: str) -> None:
        os.remove(path)

    def free_bytes(self) -> int:
        """Bytes that nobody uses."""
        numbers = os.statvfs(".")
        return numbers[0] * numbers[3]


def remove(fs: "FileSystem") -> None:
    """Remove the log that is there. OSError when that cannot be."""
    for slot in range(SEGMENTS_MAX):
        try:
            fs.open(NAME % slot, "rb").close()
        except OSError:
            continue
        fs.remove(NAME % slot)


def room(fs: "FileSystem") -> int:
    """How many segments a log may have, 0 when there is no room for one."""
    segments = min((fs.free_bytes() - RESERVE_BYTES) // SEGMENT_BYTES, SEGMENTS_MAX)
    return segments if segments >= SEGMENTS_MIN else 0


def blocks(fs: "FileSystem") -> "Iterator[tuple[tuple, bytes]]":
    """Yield (header tuple, data) of every whole block, oldest first."""
    slots = []
    for slot in range(SEGMENTS_MAX):
        for header, _ in _whole(fs, slot):
            slots.append((header[3], slot))
            break
    slots.sort()
    for _, slot in slots:
        for block in _whole(fs, slot):
            yield block


def frames(fs: "FileSystem") -> "Iterator[tuple[int, int, int, bytes]]":
    """Yield (seconds, milliseconds, arbitration_id, data) of every frame; Unix time if known."""
    for header, data in blocks(fs):
        if header[1] != FRAMES:
            continue
        at = 0
        while at < len(data):
            ms, key = struct.unpack_from("<HH", data, at)
            at += 4
            length = key >> _DLC_SHIFT
            ms += header[4]
            yield header[5] + ms // 1000, ms % 1000, key & _ID_MASK, data[at : at + length]
            at += length


def summary(fs: "FileSystem") -> tuple[int, int, int, bool, int, int | None] | None:
    """(frames, bytes, milliseconds from the first to the last block, whether it began before what
    is there, frames lost, why it ended or None) of the log; None when there is none.
    """
    first = last = why = None
    count = size = 0
    for header, data in blocks(fs):
        if first is None:
            first = header
        last = header
        size += HEADER_BYTES + len(data) + _CRC_BYTES
        count += header[7]
        if header[1] == END:
            why = data[0]
    if first is None or last is None:
        return None
    return count, size, last[4] - first[4], first[3] > 0, last[6], why


def _whole(fs, slot):
    try:
        file = fs.open(NAME % slot, "rb")
    except OSError:
        return
    try:
        while True:
            start = file.read(HEADER_BYTES)
            if len(start) < HEADER_BYTES or start[0] != MAGIC:
                return
            header = struct.unpack(HEADER, start)
            size = header[2] + _CRC_BYTES
            if HEADER_BYTES + size > BLOCK_BYTES:
                return
            data = file.read(size)
            if len(data) < size:
                return
            told = struct.unpack_from("<I", data, header[2])[0]
            data = data[: header[2]]
            if crc32(data, crc32(start)) != told:
                return
            yield header, data
    except OSError:
        # What cannot be read ends its file, as what is damaged does.
        return
    finally:
        file.close()
