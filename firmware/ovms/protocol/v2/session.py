"""One connection of the module to an OVMS server, protocol v2: bytes in, events and lines out.

Life of a connection: `reset`, write what `welcome` returned, then for each piece of the stream
`receive` it and call `next_event` until it says NEED_DATA. After WELCOMED `send` may be used.
The peer's breach of a rule raises RemoteProtocolError from `next_event` and from every later
call of it: close the stream, `reset`, connect again. One Session serves all connections.

Rules (protocol guide 2.6.2; module-behaviour 4.1, 4.2; server-and-clients 1.3, 1.4):
- Lines end with LF, a CR before it is dropped. An empty line says nothing and is skipped.
- Up to 8 lines that are no `MP-S` may come before the welcome.
- A line is base64 of the ciphered `MP-0 ` + code + payload; scheme 1 sends code + payload as is.
- A line holds at most LINE_MAX characters, CR included: 768 bytes of plain text. The longest
  thing a server relays is a command with an SMS text or a parameter, wrapped twice. Most are
  short, so each line gets the room it needs.

Reasons of RemoteProtocolError: line_too_long, no_welcome, wrong_scheme, bad_welcome,
echoed_token, wrong_digest, not_base64, not_a_message.
"""

from micropython import const

from ovms.protocol.errors import LocalProtocolError, RemoteProtocolError
from ovms.protocol.v2 import cipher
from ovms_crypto import STATE_SIZE, b64_decode, find_byte, rc4_crypt, rc4_start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer, Random

# What `next_event` returns.
NEED_DATA = const(0)
WELCOMED = const(1)
MESSAGE = const(2)

LINE_MAX = const(1024)

_MAGIC = b"MP-0 "
_LF = const(10)
_CR = const(13)

# What `state` is.
FRESH = const(0)
GREETING = const(1)
TALKING = const(2)
FAILED = const(3)


class Session:
    """Makes its cipher states once; `reset` makes it ready for the next connection.

    urandom(n) -> n random bytes, for the token.
    code: one character, the code of the current message.
    payload: memoryview of what follows the code, or b"".
    state: FRESH, GREETING (waits for the welcome), TALKING (`send` is allowed) or FAILED.

    For `handshake.py`. received, sent: cipher states, of one key, each at its own place in the key
    stream. is_open: scheme 1. token, secret: ours (bytes), until the peer is proved.
    foreign_lines: how many came before the welcome.
    """

    def __init__(self, urandom: "Random") -> None:
        self.urandom = urandom
        self.received = bytearray(STATE_SIZE)
        self.sent = bytearray(STATE_SIZE)
        self.reset()

    def reset(self) -> None:
        """Forget the connection and its keys."""
        rc4_start(self.received, b"\x00")
        rc4_start(self.sent, b"\x00")
        self.state = FRESH
        self.is_open = False
        self.token = self.secret = b""
        self.foreign_lines = 0
        self._reason = ""
        self._piece: "Buffer" = b""
        self._at = self._end = 0
        self._line = bytearray()
        self.code = ""
        self.payload: "Buffer" = b""

    def welcome(self, vehicle_id: str, shared_secret: str, owner: str = "") -> bytes:
        """The first line to send, CRLF included (bytes).

        vehicle_id, shared_secret: str (parameters 8 and 9). With an `owner` (str) the line is one
        of scheme 1, which shows the secret and sends plain text: only inside TLS; the secret is
        the owner's password or API token.
        ValueError with a sentence when a word is empty or has blanks. LocalProtocolError unless
        fresh or after `reset`.
        """
        from ovms.protocol.v2 import handshake

        return handshake.greet(self, vehicle_id, shared_secret, owner)

    def receive(self, view: "Buffer", n: int) -> None:
        """Take view[:n] (bytes-like). It is borrowed until `next_event` returned NEED_DATA.

        LocalProtocolError when the piece before was not used up. Before `welcome` and after an
        error the bytes are dropped.
        """
        if self.state in (GREETING, TALKING):
            if self._at < self._end:
                raise LocalProtocolError("too early")
            self._piece = view
            self._at = 0
            self._end = n

    def next_event(self) -> int:
        """NEED_DATA, WELCOMED (once, the peer is proved) or MESSAGE (see `code`, `payload`).

        RemoteProtocolError when the peer broke a rule.
        """
        if self.state == FAILED:
            raise RemoteProtocolError(self._reason)
        try:
            while self._at < self._end:
                line = self._next_line()
                if line:
                    if self.state == TALKING:
                        start = 0
                        size = len(line)
                        if not self.is_open:
                            size = b64_decode(line, 0, size, line, 0)
                            if size < 0:
                                raise RemoteProtocolError("not_base64")
                            rc4_crypt(self.received, line, 0, size)
                            start = len(_MAGIC)
                            if size <= start or line[:start] != _MAGIC:
                                raise RemoteProtocolError("not_a_message")
                        self.code = chr(line[start])
                        self.payload = memoryview(line)[start + 1 : size]
                        return MESSAGE
                    from ovms.protocol.v2 import handshake

                    if handshake.is_welcome(self, line):
                        self.state = TALKING
                        return WELCOMED
        except RemoteProtocolError as error:
            self.state = FAILED
            self._reason = error.reason
            raise
        return NEED_DATA

    def send(self, code: str, payload: "Buffer") -> bytearray:
        """One line for the wire, CRLF included (bytearray, the caller's). Write lines in order.

        code: one ASCII character. payload: bytes-like; an LF in it leaves as CR, the protocol's
        line break. LocalProtocolError before WELCOMED and after an error.
        """
        if self.state != TALKING:
            raise LocalProtocolError("too early")
        head = code.encode()
        if len(head) != 1:
            raise LocalProtocolError("no code")
        if find_byte(payload, 0, len(payload), _LF) < len(payload):
            payload = bytes(payload).replace(b"\n", b"\r")
        if self.is_open:
            return bytearray(head + bytes(payload) + b"\r\n")
        return cipher.sealed(self.sent, b"", _MAGIC + head, payload, b"\r\n")

    def _next_line(self):
        """The next line (bytearray) without CRs at its end, empty as long as it is not whole."""
        at = self._at
        stop = find_byte(self._piece, at, self._end, _LF)
        line = self._line
        if len(line) + stop - at > LINE_MAX:
            raise RemoteProtocolError("line_too_long")
        line += self._piece[at:stop]
        self._at = stop + 1
        if stop == self._end:
            return b""
        self._line = bytearray()
        size = len(line)
        while size and line[size - 1] == _CR:
            size -= 1
        return line[:size]
