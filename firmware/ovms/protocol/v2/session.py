"""One connection of the module to an OVMS server, protocol v2: bytes in, events and lines out.

Life of a connection: `reset`, write what `welcome` returned, then for each piece of the stream
`receive` it and call `next_event` until it says NEED_DATA. After WELCOMED `send` may be used.
The peer's breach of a rule raises RemoteProtocolError from `next_event` and from every later
call of it: close the stream, `reset`, connect again. One Session serves all connections.

Rules (protocol guide 2.6.2; module-behaviour 4.1, 4.2; server facts 1.3, 1.4):
- Lines end with LF, a CR before it is dropped. An empty line says nothing and is skipped.
- Up to 8 lines that are no `MP-S` may come before the welcome.
- A line is base64 of the ciphered `MP-0 ` + code + payload; scheme 1 sends code + payload as is.
- A line holds at most LINE_MAX characters, CR included: 768 bytes of plain text. The longest
  thing a server relays is a command with an SMS text or a parameter, wrapped twice.

Reasons of RemoteProtocolError: line_too_long, no_welcome, wrong_scheme, bad_welcome,
echoed_token, wrong_digest, not_base64, not_a_message.
"""

from micropython import const

from ovms.protocol.errors import LocalProtocolError, RemoteProtocolError
from ovms.protocol.v2 import handshake
from ovms.protocol.v2.cipher import CipherPair, sealed
from ovms.protocol.v2.lines import LineReader
from ovms_crypto import b64_decode, find_byte, rc4_crypt

# What `next_event` returns.
NEED_DATA = const(0)
WELCOMED = const(1)
MESSAGE = const(2)

LINE_MAX = const(1024)

_FOREIGN_LINES_MAX = const(8)
_MAGIC = b"MP-0 "

_FRESH = const(0)
_GREETING = const(1)
_TALKING = const(2)
_FAILED = const(3)


class Session:
    """Makes its buffers once; `reset` makes it ready for the next connection.

    urandom(n) -> n random bytes, for the token.
    code: one character, the code of the current message.
    payload: memoryview of what follows the code, borrowed until the next `receive`,
        `next_event` or `reset`; `send` leaves it alone.
    """

    def __init__(self, urandom):
        self._urandom = urandom
        self._lines = LineReader(LINE_MAX)
        self._view = memoryview(self._lines.buffer)
        self._ciphers = CipherPair()
        self.reset()

    def reset(self):
        """Forget the connection and its keys."""
        self._lines.clear()
        self._ciphers.clear()
        self._state = _FRESH
        self._is_open = False
        self._token = self._secret = b""
        self._foreign_lines = 0
        self._reason = ""
        self.code = ""
        self.payload = b""

    @property
    def is_welcomed(self):
        """Whether `send` is allowed."""
        return self._state == _TALKING

    def welcome(self, vehicle_id, shared_secret, owner=""):
        """The first line to send, CRLF included (bytes).

        vehicle_id, shared_secret: str (parameters 8 and 9). With an `owner` (str) the line is one
        of scheme 1, which shows the secret and sends plain text: only inside TLS; the secret is
        the owner's password or API token.
        ValueError with a sentence when a word is empty or has blanks. LocalProtocolError unless
        fresh or after `reset`.
        """
        if self._state != _FRESH:
            raise LocalProtocolError("welcome comes once, after reset")
        secret = shared_secret.encode()
        if owner:
            line = handshake.open_welcome_line(owner.encode(), secret, vehicle_id.encode())
        else:
            self._token = handshake.new_token(self._urandom)
            self._secret = secret
            line = handshake.welcome_line(self._token, secret, vehicle_id.encode())
        self._is_open = bool(owner)
        self._state = _GREETING
        return line

    def receive(self, view, n):
        """Take view[:n] (bytes-like). It is borrowed until `next_event` returned NEED_DATA.

        LocalProtocolError when the piece before was not used up. Before `welcome` and after an
        error the bytes are dropped.
        """
        if self._state in (_GREETING, _TALKING):
            self._lines.receive(view, n)

    def next_event(self):
        """NEED_DATA, WELCOMED (once, the peer is proved) or MESSAGE (see `code`, `payload`).

        RemoteProtocolError when the peer broke a rule.
        """
        if self._state == _FAILED:
            raise RemoteProtocolError(self._reason)
        try:
            return self._next_event()
        except RemoteProtocolError as error:
            self._state = _FAILED
            self._reason = error.reason
            raise

    def send(self, code, payload):
        """One line for the wire, CRLF included (bytearray, the caller's). Write lines in order.

        code: one ASCII character. payload: bytes-like; an LF in it leaves as CR, the protocol's
        line break. LocalProtocolError before WELCOMED and after an error.
        """
        if self._state != _TALKING:
            raise LocalProtocolError("send comes after the welcome")
        head = code.encode()
        if len(head) != 1:
            raise LocalProtocolError("a message code is one ASCII character")
        if find_byte(payload, 0, len(payload), 10) < len(payload):
            payload = bytes(payload).replace(b"\n", b"\r")
        if self._is_open:
            return bytearray(head + bytes(payload) + b"\r\n")
        return sealed(self._ciphers.sent, b"", _MAGIC + head, payload, b"\r\n")

    def _next_event(self):
        while True:
            length = self._lines.next_line()
            if length < 0:
                return NEED_DATA
            if not length:
                continue
            if self._state == _TALKING:
                self._open_message(length)
                return MESSAGE
            if self._is_welcome(length):
                return WELCOMED

    def _is_welcome(self, length):
        words = bytes(self._view[:length]).split()
        if not words or words[0] != b"MP-S":
            self._foreign_lines += 1
            if self._foreign_lines > _FOREIGN_LINES_MAX:
                raise RemoteProtocolError("no_welcome")
            return False
        if self._is_open:
            handshake.check_open_welcome(words)
        else:
            self._ciphers.start(handshake.check_welcome(words, self._token, self._secret))
        self._secret = b""
        self._state = _TALKING
        return True

    def _open_message(self, length):
        line = self._lines.buffer
        start = 0
        if not self._is_open:
            length = b64_decode(line, 0, length, line, 0)
            if length < 0:
                raise RemoteProtocolError("not_base64")
            rc4_crypt(self._ciphers.received, line, 0, length)
            start = len(_MAGIC)
            if length <= start or line[:start] != _MAGIC:
                raise RemoteProtocolError("not_a_message")
        self.code = chr(line[start])
        self.payload = self._view[start + 1 : length]
