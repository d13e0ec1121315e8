"""A file system in RAM that fails or loses power after a given number of steps.

A step is a byte written, a file created or emptied. Files append byte by byte, as the worst flash
file system would; nothing written before a failure is taken back.
"""


class PowerCutError(Exception):
    """The module is without power: not an OSError, nothing may handle it."""


class FakeFile:
    def __init__(self, fs, path, mode):
        self._fs = fs
        self._path = path
        self._at = 0
        self._is_writing = mode != "rb"

    def seek(self, offset, whence=0):
        self._at = offset + (len(self._fs.files[self._path]) if whence == 2 else 0)
        return self._at

    def read(self, size):
        data = bytes(self._fs.files[self._path][self._at : self._at + size])
        self._at += len(data)
        return data

    def write(self, data):
        assert self._is_writing
        for value in bytes(data):
            self._fs.step()
            self._fs.files[self._path].append(value)
        self._fs.written += len(data)
        return len(data)

    def flush(self):
        """Every byte is there as soon as it was written."""

    def close(self):
        self._is_writing = False


class FakeFlash:
    """files: {path: bytearray}. written: bytes written in all."""

    def __init__(self):
        self.files = {}
        self.failure = None
        self.budget = -1
        self.written = 0

    def fail_after(self, budget, failure=PowerCutError):
        """Raise `failure` from the step after `budget` steps on; a budget of -1: never."""
        self.budget = budget
        self.failure = failure

    def step(self):
        if self.budget == 0:
            raise self.failure(5, "EIO")
        self.budget -= 1

    def rename(self, old, new):
        if old not in self.files:
            raise OSError(2, "ENOENT")
        self.step()
        self.files[new] = self.files.pop(old)

    def open(self, path, mode):
        if mode == "rb" and path not in self.files:
            raise OSError(2, "ENOENT")
        if mode == "wb" or path not in self.files:
            self.step()
            self.files[path] = bytearray()
        return FakeFile(self, path, mode)
