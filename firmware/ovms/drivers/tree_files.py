"""The files of the tree that does not run, while an update comes into it. Loaded on demand.

Nothing outside of the idle tree is changed. A file comes as `PATH.part` and gets its name when it
is whole, so a cut at any byte leaves a part to go on with. Work on flash is done in blocks, and
the other tasks have their turn between two. Two trees: `ovms/trees.py`.
"""

import asyncio
import hashlib
import os

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO

_BLOCK_BYTES = const(512)
# LittleFS gives each file whole ones.
_FLASH_BLOCK = const(4096)
_FOLDER = const(0x4000)
_PART = ".part"
_MANIFEST = "manifest.part"
# Folders in folders.
_DEPTH_MAX = const(8)


class TreeFiles:
    """idle, running: names of the trees. root: where they are, "" on a module."""

    def __init__(self, idle: str, running: str, root: str = "") -> None:
        self.idle = idle
        self.running = running
        self._top = root + "/" + idle
        self._other = root + "/" + running

    def form(self) -> str:
        """Form of the firmware that runs: only of many small files is one big file made."""
        return "small" if _size(self._other + "/ovms/on_demand.bin") >= 0 else "plain"

    def free_bytes(self) -> int:
        stat = os.statvfs(self._other)
        return stat[0] * stat[3]

    def flash_bytes(self, size: int) -> int:
        """What `size` bytes take of the flash."""
        return (size + _FLASH_BLOCK - 1) // _FLASH_BLOCK * _FLASH_BLOCK

    def part_size(self, path: str) -> int:
        """Bytes of a file that are there already."""
        return max(_size(self._top + "/" + path + _PART), 0)

    def open_part(self, path: str) -> "IO[bytes]":
        """A file to append to, which is made with its folders."""
        at = 0
        full = self._top + "/" + path
        while True:
            at = full.find("/", max(at + 1, len(self._top)))
            if at < 0:
                break
            try:
                os.mkdir(full[:at])
            except OSError:
                # It is there; else the file cannot be opened, either.
                pass
        return open(full + _PART, "ab")

    def finish(self, path: str) -> None:
        """The part is whole."""
        os.rename(self._top + "/" + path + _PART, self._top + "/" + path)

    def drop(self, path: str) -> None:
        """Forget a part."""
        _remove(self._top + "/" + path + _PART)

    def remove(self, path: str) -> None:
        """Remove a whole file."""
        _remove(self._top + "/" + path)

    async def part_digest(self, path: str) -> bytes | None:
        """SHA-256 of a part, as bytes; None for none."""
        return await _digest(self._top + "/" + path + _PART)

    async def is_here(self, path: str, size: int, digest: bytes) -> bool:
        """Whether the idle tree has the file already."""
        full = self._top + "/" + path
        return _size(full) == size and await _digest(full) == digest

    async def is_running(self, path: str, size: int, digest: bytes) -> bool:
        """Whether the running tree has it."""
        full = self._other + "/" + path
        return _size(full) == size and await _digest(full) == digest

    async def copy(self, path: str) -> None:
        """Take a file over from the running tree."""
        self.drop(path)
        block = bytearray(_BLOCK_BYTES)
        view = memoryview(block)
        target = self.open_part(path)
        try:
            with open(self._other + "/" + path, "rb") as source:
                while True:
                    n = source.readinto(block)
                    if not n:
                        break
                    target.write(view[:n])
                    await asyncio.sleep_ms(0)
        finally:
            target.close()
        self.finish(path)

    async def tidy(self, is_wanted: "Callable[[str], bool]") -> None:
        """Remove what `is_wanted(path)` does not want, and folders that are empty then."""
        await _tidy(self._top, "", is_wanted, _DEPTH_MAX)

    # The manifest: a file of its own, as it may be longer than a piece of heap should be.

    def manifest_size(self) -> int:
        return max(_size(self._top + "/" + _MANIFEST), 0)

    def open_manifest(self, mode: str) -> "IO[bytes]":
        """The manifest as a file, "rb" or "ab"."""
        if mode == "ab":
            return self.open_part(_MANIFEST[: -len(_PART)])
        return open(self._top + "/" + _MANIFEST, mode)

    def drop_manifest(self) -> None:
        _remove(self._top + "/" + _MANIFEST)


async def _digest(path):
    digest = hashlib.sha256()
    block = bytearray(_BLOCK_BYTES)
    view = memoryview(block)
    try:
        file = open(path, "rb")
    except OSError:
        return None
    try:
        while True:
            n = file.readinto(block)
            if not n:
                return digest.digest()
            digest.update(view[:n])
            await asyncio.sleep_ms(0)
    finally:
        file.close()


async def _tidy(top, below, is_wanted, depth):
    """Returns whether something is left."""
    is_left = False
    try:
        names = os.listdir(top + "/" + below if below else top)
    except OSError:
        return False
    for name in names:
        path = below + "/" + name if below else name
        full = top + "/" + path
        await asyncio.sleep_ms(0)
        if os.stat(full)[0] & _FOLDER:
            if depth and not await _tidy(top, path, is_wanted, depth - 1):
                os.rmdir(full)
            else:
                is_left = True
        elif is_wanted(path):
            is_left = True
        else:
            os.remove(full)
    return is_left


def _size(path):
    """Bytes of a file, -1 without one."""
    try:
        stat = os.stat(path)
    except OSError:
        return -1
    return -1 if stat[0] & _FOLDER else stat[6]


def _remove(path):
    try:
        os.remove(path)
    except OSError:
        # There is none.
        pass
