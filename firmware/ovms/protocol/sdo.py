"""CANopen SDO client, sans-IO: frames and time in, frames to send and values out.

Rules of this file: one transfer at a time, started with `read` or `write`. A reply counts only
when its direction and, where it carries them, index and subindex are those of the request:
process frames and answers that come too late look like replies, too. What a client sends after a
timeout is an abort, then the request again; a transfer of several segments starts anew.

Frame layout: CiA 301, "SDO protocol"; what the SEVCON Gen4 does with it: Twizy facts 7.1.
"""

from micropython import const

from ovms.protocol.errors import SDOAbort

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer

# What `receive` says of a frame.
IGNORED = const(0)
DONE = const(1)
MORE = const(2)

TIMED_OUT = const(0x05040000)
TOO_LONG = const(0x05040005)
TOGGLE_MISMATCH = const(0x05030000)
GENERAL_ERROR = const(0x08000000)

_READ = const(0x40)
# Expedited without a size: the server takes the bytes its object has.
_WRITE = const(0x22)
_WRITTEN = const(0x60)
_SEGMENT = const(0x60)
_ABORT = const(0x80)
_COMMAND = const(0xE0)
_EXPEDITED = const(0x02)
_SIZE_GIVEN = const(0x01)
_TOGGLE = const(0x10)
_LAST = const(0x01)


def frame(control: int, index: int, subindex: int, value: int) -> bytes:
    """The 8 data bytes of one SDO frame. value: unsigned 32 bit."""
    return bytes((control, index & 0xFF, index >> 8, subindex)) + bytes(
        (value & 0xFF, value >> 8 & 0xFF, value >> 16 & 0xFF, value >> 24 & 0xFF)
    )


class SDOClient:
    """One client of one server.

    timeout_ms: time the server has for each answer. tries: requests sent before giving up.
    pause_ms: quiet time behind the abort that follows a timeout.
    request: the frame to send next. value: result of a read as unsigned integer, or the number of
    bytes of a long one, whose content is in `content` (bytearray).
    """

    def __init__(self, timeout_ms: int = 200, tries: int = 3, pause_ms: int = 10) -> None:
        self._timeout_ms = timeout_ms
        self._tries = tries
        self._pause_ms = pause_ms
        self.index = self.subindex = self.value = 0
        self.request = b""
        self.content: bytearray | None = None
        self._first = b""
        self._limit = 0
        self._toggle = 0
        self._in_segments = False
        self._left = 0
        self._left_ms = 0
        self._is_pausing = False

    def read(self, index: int, subindex: int, limit: int = 0) -> bytes:
        """Start reading an object of up to 4 or `limit` bytes; returns `request`."""
        return self._start(_READ, index, subindex, 0, limit)

    def write(self, index: int, subindex: int, value: int) -> bytes:
        """Start writing an object of up to 4 bytes; returns `request`. value: 0 to 2**32 - 1."""
        return self._start(_WRITE, index, subindex, value, 0)

    def _start(self, control, index, subindex, value, limit):
        self.index = index
        self.subindex = subindex
        self._first = frame(control, index, subindex, value)
        self._limit = limit
        self._left = self._tries
        self._begin()
        return self.request

    def _begin(self):
        self.request = self._first
        self.content = None
        self._in_segments = False
        self._is_pausing = False
        self._left -= 1
        self._left_ms = self._timeout_ms

    def abort(self, code: int) -> bytes:
        """The frame that tells the server to give up."""
        return frame(_ABORT, self.index, self.subindex, code)

    def receive(self, data: "Buffer") -> int:
        """One frame of the server: IGNORED, DONE, or MORE when the new `request` has to be sent.

        data: 8 bytes, borrowed. SDOAbort when the server refuses, or when the answer is longer
        than the limit (TOO_LONG) or out of step (TOGGLE_MISMATCH); then the server waits for
        `abort(code)`.
        """
        if not self._first or self._is_pausing:
            return IGNORED
        command = data[0] & _COMMAND
        is_mine = (
            data[1] == self._first[1] and data[2] == self._first[2] and data[3] == self._first[3]
        )
        if command == _ABORT:
            if not is_mine:
                return IGNORED
            self._end()
            raise SDOAbort(_number(data, 4))
        if self._in_segments:
            return self._receive_segment(data) if not command else IGNORED
        if not is_mine:
            return IGNORED
        if self._first[0] == _WRITE:
            if command != _WRITTEN:
                return IGNORED
            self.value = _number(data, 4)
            self._end()
            return DONE
        if command != _READ:
            return IGNORED
        if data[0] & _EXPEDITED:
            size = 4 - (data[0] >> 2 & 3) if data[0] & _SIZE_GIVEN else 4
            self.value = _number(data, size)
            self._end()
            return DONE
        self.value = _number(data, 4) if data[0] & _SIZE_GIVEN else 0
        if self.value > self._limit or not self._limit:
            self._end()
            raise SDOAbort(TOO_LONG)
        self.content = bytearray()
        self._in_segments = True
        self._toggle = 0
        return self._next_segment()

    def _next_segment(self):
        self.request = bytes((_SEGMENT | self._toggle, 0, 0, 0, 0, 0, 0, 0))
        self._left_ms = self._timeout_ms
        return MORE

    def _receive_segment(self, data):
        if data[0] & _TOGGLE != self._toggle:
            self._end()
            raise SDOAbort(TOGGLE_MISMATCH)
        self._toggle ^= _TOGGLE
        self.content += bytes(data)[1 : 8 - (data[0] >> 1 & 7)]
        if len(self.content) > self._limit:
            self._end()
            raise SDOAbort(TOO_LONG)
        if not data[0] & _LAST:
            return self._next_segment()
        self.value = len(self.content)
        self._end()
        return DONE

    def _end(self):
        self._first = b""

    def poll(self, elapsed_ms: int) -> bytes | None:
        """A frame that has become due (an abort, later the request again), or None.

        SDOAbort(TIMED_OUT) when the last try was in vain, its abort sent.
        """
        if not self._first:
            return None
        self._left_ms -= elapsed_ms
        if self._left_ms > 0:
            return None
        if not self._is_pausing:
            self._is_pausing = True
            self._left_ms = self._pause_ms
            return self.abort(TIMED_OUT)
        if not self._left:
            self._end()
            raise SDOAbort(TIMED_OUT)
        self._begin()
        return self.request


def _number(data, size):
    value = 0
    for position in range(3 + size, 3, -1):
        value = value << 8 | data[position]
    return value
