"""Writes a CAN log to flash: frames go into one block of RAM while another is being written.

On demand, in RAM while a log runs. The format is in `can_log_files.py`. Frames for which no block
is free are lost and counted: whoever brings them never waits for flash.
"""

import struct
import time
from binascii import crc32

from micropython import const

from ovms.drivers.can_log_files import (
    BLOCK_BYTES,
    END,
    FRAMES,
    HEADER,
    HEADER_BYTES,
    MAGIC,
    NAME,
    RESERVE_BYTES,
    SEGMENT_BYTES,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

    from ovms.contracts import Buffer
    from ovms.drivers.can_log_files import FileSystem

# Where the longest frame and the CRC still have room.
_LAST = const(496)
# LittleFS copies a block of flash that was not full when its file was synced. Of 4 KB of a log it
# erases 5.2 blocks with a sync for each block of ours, 1.9 with this, 1.0 with none (littlefs 2).
_SYNC_BYTES = const(4096)
_MS_MAX = const(0xFFFF)
# ENOSPC, for what settings and history are to have.
_FULL = const(28)


class LogWriter:
    """fs: `can_log_files.FileSystem`. segments: how many files. utc_s: now, 0 for unknown.

    frames, lost: how many were taken, how many had no room. has_block: whether `write` has
    something to do. write_ms: how long the last `write` took.
    """

    def __init__(self, fs: "FileSystem", segments: int, utc_s: int | None) -> None:
        self._fs = fs
        self._segments = segments
        self._utc_s = utc_s
        self._filling = bytearray(BLOCK_BYTES)
        self._other = bytearray(BLOCK_BYTES)
        self._at = HEADER_BYTES
        self._count = 0
        self.frames = self.lost = 0
        self.has_block = False
        # Milliseconds from the log's start to that of the block, and the ticks then.
        self._ms = 0
        self._ticks = time.ticks_ms()
        self._file: "IO[bytes] | None" = None
        self._segment = -1
        self._size = self._unsynced = self.write_ms = 0

    def put(self, arbitration_id: int, data: "Buffer", dlc: int) -> None:
        """Take one frame. data: 8 bytes, borrowed. Does not allocate."""
        if self._at > _LAST and not self.turn():
            self.lost += 1
            return
        self._pack(arbitration_id | dlc << 11, data)
        self._at += 4 + dlc
        self._count += 1
        self.frames += 1

    def _pack(self, key, data):
        struct.pack_into("<HH8s", self._filling, self._at, self.age_ms(), key, data)

    def age_ms(self) -> int:
        """How long ago the block that is being filled was begun, 65,535 for any longer."""
        return min(time.ticks_diff(time.ticks_ms(), self._ticks), _MS_MAX)

    def is_empty(self) -> bool:
        """Whether no frame waits in the block that is being filled."""
        return not self._count

    def turn(self) -> bool:
        """End the block that is being filled, and begin another. False: none is free."""
        if self.has_block:
            return False
        block = self._filling
        self._filling = self._other
        self._other = block
        struct.pack_into("<BBH", block, 0, MAGIC, FRAMES, self._at - HEADER_BYTES)
        struct.pack_into("<IIIH", block, 8, self._ms, self._utc_s, self.lost, self._count)
        self._begin()
        self.has_block = True
        return True

    def _begin(self):
        now = time.ticks_ms()
        self._ms += time.ticks_diff(now, self._ticks)
        self._ticks = now
        self._at = HEADER_BYTES
        self._count = 0

    def write(self, is_sure: bool = False) -> None:
        """Write the block that waits; with is_sure it is safe from a power cut afterwards.

        OSError when flash fails, and before it is full.
        """
        if not self.has_block:
            return
        before = time.ticks_ms()
        block = self._other
        size = HEADER_BYTES + struct.unpack_from("<H", block, 2)[0]
        file = self._open(size)
        struct.pack_into("<I", block, 4, self._segment)
        view = memoryview(block)
        struct.pack_into("<I", block, size, crc32(view[:size]))
        self._append(file, view[: size + 4])
        self.has_block = False
        if is_sure or self._unsynced >= _SYNC_BYTES:
            file.flush()
            self._unsynced = 0
        self.write_ms = time.ticks_diff(time.ticks_ms(), before)

    def _append(self, file, data):
        file.write(data)
        self._size += len(data)
        self._unsynced += len(data)

    def _open(self, size):
        """A file with room for `size` bytes and a CRC."""
        if self._file and self._size + size + 4 <= SEGMENT_BYTES:
            return self._file
        number = self._segment + 1
        if number < self._segments and self._fs.free_bytes() < RESERVE_BYTES + SEGMENT_BYTES:
            raise OSError(_FULL)
        self.close_file()
        self._file = file = self._fs.open(NAME % (number % self._segments), "wb")
        self._segment = number
        self._size = 0
        return file

    def end(self, why: int) -> None:
        """Write what waits and why the log ends (a small number), as far as flash takes it."""
        try:
            self.write()
            if self._count and self.turn():
                self.write()
            header = (MAGIC, END, 1, max(self._segment, 0), self._ms, self._utc_s, self.lost, 0)
            block = struct.pack(HEADER, *header) + bytes((why,))
            file = self._open(len(block))
            # A new file has another number.
            header = header[:3] + (self._segment,) + header[4:]
            block = struct.pack(HEADER, *header) + bytes((why,))
            self._append(file, block + struct.pack("<I", crc32(block)))
        except OSError:
            # Whoever asks for it hears of a log that was cut.
            pass
        try:
            self.close_file()
        except OSError:
            pass

    def close_file(self) -> None:
        """What was written is in flash afterwards."""
        file = self._file
        self._file = None
        self._unsynced = 0
        if file:
            file.close()
