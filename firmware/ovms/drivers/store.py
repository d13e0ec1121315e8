"""One record in flash that survives a power cut at any byte: see `store_files.py`."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO

    from ovms.contracts import Buffer


class Flash:
    """The file system of the board: what `Store` needs of one. Tests hand in a failing one."""

    def open(self, path: str, mode: str) -> "IO[bytes]":
        return open(path, mode)

    def rename(self, old: str, new: str) -> None:
        os.rename(old, new)


class Store:
    """The record `name`; at most `limit` bytes, so that a runaway file cannot eat the heap.

    load_error: after `load`, "" or one sentence on what was wrong and what is used instead.
    """

    def __init__(self, name: str, fs: "Flash | None" = None, limit: int = 4096) -> None:
        self.name = name
        self.fs = fs or Flash()
        self.limit = limit
        self.load_error = ""

    def load(self) -> bytes | None:
        """The newest whole content as bytes, or None when there is none. Writes nothing."""
        from ovms.drivers import store_files

        return store_files.load(self)

    def shared_lines(self) -> bytes:
        """When no generation is whole: the lines (bytes) that two of them have in common."""
        from ovms.drivers import store_files

        return store_files.shared_lines(self)

    def open_newest(self) -> "IO[bytes] | None":
        """The newest whole content as an open file, behind it a trailer; None when there is none.

        For what is longer than a piece of heap should be. Sets `load_error` as `load`.
        """
        from ovms.drivers import store_files

        return store_files.open_newest(self)

    def save_in_steps(self, pieces: "Iterable[Buffer]") -> "Iterator[None]":
        """As `save`, of what the iterable `pieces` gives (bytes each): a generator.

        Between two of its steps others may have their turn. Closed or forgotten before its end it
        leaves what was there before. One at a time, and no `save` meanwhile.
        """
        from ovms.drivers import store_files

        return store_files.save_in_steps(self, pieces)

    def save(self, data: "Buffer") -> None:
        """Make `data` (bytes) the current generation. Returns only when it is in flash.

        OSError when it could not be written: then `load` still gives the old content, or the new
        one when only the last step failed, and `save` may be called again. ValueError when `data`
        is too long.
        """
        from ovms.drivers import store_files

        store_files.save(self, data)
