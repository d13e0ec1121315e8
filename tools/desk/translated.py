"""What a module prints, passed on with its tracebacks in the names of the sources."""

from __future__ import annotations

from typing import BinaryIO

from tools.shrink.explain import Translator


class TranslatedOutput:
    """Bytes in, whole lines out to `target`; a line without a short name leaves as it came."""

    def __init__(self, target: BinaryIO):
        self._target = target
        self._translator = Translator()
        self._rest = b""

    def write(self, data: bytes) -> None:
        """Take what came; the last line is kept until its end comes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._target.write(self._translated(line) + b"\n")
        self._target.flush()

    def close(self) -> None:
        """Pass on a last line without an end."""
        self._target.write(self._translated(self._rest))
        self._target.flush()
        self._rest = b""

    def _translated(self, line: bytes) -> bytes:
        text = line.decode("utf-8", "replace")
        new = self._translator.line(text)
        return line if new == text else new.encode()
