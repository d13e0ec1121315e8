"""ISO-TP (ISO 15765-2), sans-IO: messages longer than a CAN frame. Frames in, messages out.

Rules of this file: the data bytes of frames alone count, so addresses are the caller's, of 11 or
29 bits; one `Receiver` hears one peer at a time. Nothing is allocated for a frame, memory never
grows, and a message of up to 16 frames is whole, dropped or given up after `GAP_MS`, whatever is
lost, comes twice or out of order. What is sent are single frames and flow control: a request has
7 bytes at most.

Layout and rules of the frames, and times: car facts 2.2.
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer

# What `receive` says of a frame.
IGNORED = const(0)
# The message is in `content`, up to `length`.
DONE = const(1)
# It is longer than a frame: the flow control in `reply` has to be sent now.
REPLY = const(2)

# Of a single frame, and in the one that begins a longer message.
SINGLE_MAX = const(7)
_IN_FIRST = const(6)
# Between two frames of one message (N_Cr, generously).
GAP_MS = const(250)
# Milliseconds that the peer leaves between two frames: ours are read every 10.
_SEPARATION_MS = const(20)

_KIND = const(0xF0)
_SINGLE = const(0x00)
_FIRST = const(0x10)
_CONSECUTIVE = const(0x20)
_GO = const(0x30)
_OVERFLOW = const(0x32)


def single_frame(frame: bytearray, payload: bytes) -> None:
    """Write `payload`, 1 to 7 bytes, as a single frame into `frame`, 8 bytes, padded with 0."""
    frame[0] = len(payload)
    for n in range(SINGLE_MAX):
        frame[n + 1] = payload[n] if n < len(payload) else 0


class Receiver:
    """Puts the messages of one peer together.

    content: room for `size` bytes; a longer message is refused as the standard says. length: of
    the message in it, 0 while there is none. reply: 8 bytes to send after REPLY.
    """

    def __init__(self, size: int) -> None:
        self.content = bytearray(size)
        self.reply = bytearray(8)
        self.length = 0
        # Of a message under way: its length or 0, bytes there are, the next number, time left.
        self._size = self._filled = self._number = self._left_ms = 0
        # Whether a frame of it came since the last `poll`.
        self._is_heard = False

    def forget(self) -> None:
        """Begin anew: what is under way or complete counts no more."""
        self.length = self._size = 0

    def is_receiving(self) -> bool:
        """Whether a message has begun and lacks something."""
        return self._size > 0

    def receive(self, data: "Buffer", dlc: int) -> int:
        """One frame of the peer: IGNORED, DONE or REPLY. data: 8 bytes, borrowed."""
        if not dlc:
            return IGNORED
        kind = data[0] & _KIND
        if kind == _CONSECUTIVE:
            return self._go_on(data, dlc)
        if kind == _SINGLE:
            length = data[0]
            if not 0 < length <= SINGLE_MAX or length >= dlc or length > len(self.content):
                return IGNORED
            # It ends one that was under way: the peer has given that up.
            self._size = self._filled = 0
            self._fill(data, length)
            self.length = length
            return DONE
        return self._begin(data, dlc) if kind == _FIRST else IGNORED

    def _begin(self, data, dlc):
        length = (data[0] & 0x0F) << 8 | data[1]
        if dlc < 8 or 0 < length <= SINGLE_MAX:
            return IGNORED
        self.length = self._size = self._filled = 0
        reply = self.reply
        reply[1] = 0
        reply[2] = _SEPARATION_MS
        # Length 0: of more than 4095 bytes, which stands behind it.
        if not length or length > len(self.content):
            reply[0] = _OVERFLOW
            return REPLY
        reply[0] = _GO
        self._size = length
        self._number = 1
        self._is_heard = True
        for n in range(_IN_FIRST):
            self.content[n] = data[n + 2]
        self._filled = _IN_FIRST
        return REPLY

    def _go_on(self, data, dlc):
        count = self._size - self._filled
        if not self._size:
            return IGNORED
        if count > SINGLE_MAX:
            count = SINGLE_MAX
        if data[0] & 0x0F != self._number or count >= dlc:
            # Lost, twice, out of order or cut: what is left of it is of no use.
            self._size = 0
            return IGNORED
        self._number = (self._number + 1) & 0x0F
        self._is_heard = True
        self._fill(data, count)
        if self._filled < self._size:
            return IGNORED
        self.length = self._size
        self._size = 0
        return DONE

    def _fill(self, data, count):
        content = self.content
        got = self._filled
        for n in range(1, count + 1):
            content[got] = data[n]
            got += 1
        self._filled = got

    def poll(self, elapsed_ms: int) -> None:
        """Time passes: a message that nothing more comes of is given up.

        When in this time its last frame came is not known, so the time begins with the next one.
        """
        if self._is_heard:
            self._is_heard = False
            self._left_ms = GAP_MS
        elif self._size:
            self._left_ms -= elapsed_ms
            if self._left_ms < 0:
                self._size = 0
