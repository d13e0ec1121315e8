"""Cuts a byte stream into lines of bounded length."""

from ovms.protocol.errors import LocalProtocolError, RemoteProtocolError
from ovms_crypto import find_byte

_LF = 10
_CR = 13


class LineReader:
    """Collects one line at a time in `buffer`, made once.

    limit: characters of the longest line, CRs included. A longer one raises RemoteProtocolError
    `line_too_long`; nothing behind it makes sense then.
    """

    def __init__(self, limit):
        self.buffer = bytearray(limit)
        self.clear()

    def clear(self):
        """Forget what was received."""
        self._piece = b""
        self._at = self._end = self._used = 0

    def receive(self, view, n):
        """Take view[:n] (bytes-like), borrowed until `next_line` returned -1."""
        if self._at < self._end:
            raise LocalProtocolError("the piece before is not used up")
        self._piece = view
        self._at = 0
        self._end = n

    def next_line(self):
        """Length of the line now in `buffer`, without CRs at its end, or -1: more data is needed.

        The line is valid until the next call.
        """
        if self._at >= self._end:
            return -1
        start = self._at
        stop = find_byte(self._piece, start, self._end, _LF)
        used = self._used + stop - start
        if used > len(self.buffer):
            raise RemoteProtocolError("line_too_long")
        self.buffer[self._used : used] = self._piece[start:stop]
        self._at = stop + 1
        if stop == self._end:
            self._used = used
            return -1
        self._used = 0
        while used and self.buffer[used - 1] == _CR:
            used -= 1
        return used
