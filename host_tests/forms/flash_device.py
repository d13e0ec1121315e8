"""Flash of 4 KB blocks as MicroPython's file systems see it, in a file. It counts, it can keep a
journal of what was written, and it can be looked at as a cut would have left it.

Writing clears bits only, as in NOR flash: what was not erased before is damaged.
"""

import os
import struct

BLOCK_BYTES = 4096
ERASE = 0
WRITE = 1
# Kind, block, offset, length; the bytes follow.
_ENTRY = "<BHHH"
_ENTRY_BYTES = 7
_ERASED = b"\xff" * BLOCK_BYTES

_IOCTL_COUNT = 4
_IOCTL_SIZE = 5
_IOCTL_ERASE = 6


class _Device:
    """The protocol of `vfs.AbstractBlockDev`, on `_read`, `_erase` and `_write`."""

    def __init__(self, blocks):
        self.blocks = blocks
        self.reads = self.read_bytes = 0

    def readblocks(self, block, buffer, offset=0):
        self.reads += 1
        self.read_bytes += len(buffer)
        self._read(block, buffer, offset)

    def writeblocks(self, block, buffer, offset=0):
        self._write(block, bytes(buffer), offset)

    def ioctl(self, kind, argument):
        if kind == _IOCTL_COUNT:
            return self.blocks
        if kind == _IOCTL_SIZE:
            return BLOCK_BYTES
        if kind == _IOCTL_ERASE:
            self._erase(argument)
        return 0


def programmed(old, new):
    """What `new` makes of the bytes `old` in NOR flash."""
    if old.count(b"\xff") == len(old):
        return new
    return bytes([old[i] & new[i] for i in range(len(new))])


class FileFlash(_Device):
    """Flash in the file `path`, made when there is none. journal: path to append all changes to,
    or None; `changes` counts them.
    """

    def __init__(self, path, blocks, journal=None):
        super().__init__(blocks)
        try:
            os.stat(path)
        except OSError:
            with open(path, "wb") as file:
                for _ in range(blocks):
                    file.write(_ERASED)
        self._file = open(path, "r+b")
        self._journal = open(journal, "ab") if journal else None
        self.changes = 0

    def _read(self, block, buffer, offset):
        self._file.seek(block * BLOCK_BYTES + offset)
        self._file.readinto(buffer)

    def _note(self, kind, block, offset, data):
        if self._journal:
            self._journal.write(struct.pack(_ENTRY, kind, block, offset, len(data)))
            self._journal.write(data)
            self.changes += 1

    def _write(self, block, data, offset):
        self._note(WRITE, block, offset, data)
        old = bytearray(len(data))
        self._read(block, old, offset)
        self._file.seek(block * BLOCK_BYTES + offset)
        self._file.write(programmed(bytes(old), data))

    def _erase(self, block):
        self._note(ERASE, block, 0, b"")
        self._file.seek(block * BLOCK_BYTES)
        self._file.write(_ERASED)


class CutFlash(_Device):
    """Flash as a cut left it: `image` (bytearray), and what is written to it afterwards apart."""

    def __init__(self, image):
        super().__init__(len(image) // BLOCK_BYTES)
        self._image = image
        self._changed = {}

    def _block(self, block):
        if block not in self._changed:
            start = block * BLOCK_BYTES
            self._changed[block] = self._image[start : start + BLOCK_BYTES]
        return self._changed[block]

    def _read(self, block, buffer, offset):
        data = self._changed.get(block)
        if data is None:
            data = self._image
            offset += block * BLOCK_BYTES
        buffer[:] = memoryview(data)[offset : offset + len(buffer)]

    def _write(self, block, data, offset):
        content = self._block(block)
        old = bytes(content[offset : offset + len(data)])
        content[offset : offset + len(data)] = programmed(old, data)

    def _erase(self, block):
        self._changed[block] = bytearray(_ERASED)

    def apply(self, change, part=1):
        """Carry out a change of a journal; of its bytes only the first `1 / part`."""
        kind, block, offset, data = change
        if kind == ERASE:
            # An erasure that was cut leaves anything; this is the half of the block.
            size = BLOCK_BYTES // part
            self._block(block)[:size] = _ERASED[:size]
        else:
            self._write(block, data[: len(data) // part], offset)

    def into(self, image):
        """Put what was changed into `image`."""
        for block, content in self._changed.items():
            image[block * BLOCK_BYTES : (block + 1) * BLOCK_BYTES] = content


def read_journal(path):
    """All changes of a journal: (kind, block, offset, bytes)."""
    changes = []
    with open(path, "rb") as file:
        head = file.read(_ENTRY_BYTES)
        while head:
            kind, block, offset, length = struct.unpack(_ENTRY, head)
            changes.append((kind, block, offset, file.read(length)))
            head = file.read(_ENTRY_BYTES)
    return changes
