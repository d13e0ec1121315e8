"""`overlay.py` as `tools/shrink` puts it into the package that lies packed in one folder.

MicroPython keeps the path of every module it ever read as a name, 25 bytes for each overlay. So
all of them are read from the same path here, in a file system that hands out the one wanted.
"""

import os
import sys

_FOLDER = "/o"
_MODULE = "ov"
_FILE = "/ov.mpy"
_ENOENT = 2
# What `stat` says of a file; the import looks at the first value only.
_FILE_STAT = (0x8000, 0, 0, 0, 0, 0, 0, 0, 0, 0)

_shelf = None


class _Shelf:
    """A file system with one file: the module `name` of those in `folder`."""

    def __init__(self, folder):
        self.name = ""
        self._folder = folder

    def mount(self, readonly, mkfs):
        """`os.mount` calls it."""

    def stat(self, path):
        """Shape as of `os.stat`; OSError for any other file."""
        if path != _FILE:
            raise OSError(_ENOENT)
        return _FILE_STAT

    def open(self, path, mode):
        """The file, opened."""
        return open("%s/%s.mpy" % (self._folder, self.name), mode)


def load(name):
    """Import the module `name` and return it; it is gone when nothing refers to it."""
    global _shelf
    if _shelf is None:
        # The package has put its own folder there.
        _shelf = _Shelf(sys.path[0])
        os.mount(_shelf, _FOLDER)
        sys.path.insert(0, _FOLDER)
    _shelf.name = name
    try:
        return __import__(_MODULE)
    finally:
        sys.modules.pop(_MODULE, None)


def drop(name):
    """Nothing is left to do."""


def call(name, function, *arguments):
    """See `overlay.call`."""
    return getattr(load(name), function)(*arguments)


def call_async(name, function, *arguments):
    """The coroutine of `overlay.call_async`."""
    return getattr(load(name), function)(*arguments)
