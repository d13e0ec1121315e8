"""One connection of the module to an MQTT broker, version 3.1.1: bytes in, events out.

The same life and calls as of `protocol/v2/session.py`, so that one link serves both: `reset`,
write what `welcome` returned, then for each piece of the stream `receive` it and call `next_event`
until it says NEED_DATA. After WELCOMED what `packets.py` makes may be written. A breach of the
rules raises RemoteProtocolError from `next_event` and from every later call of it.

Rules (OASIS standard 3.1.1):
- The broker's first packet is CONNACK. The session is a clean one: a broker that kept commands for
  a module that was away would unlock a car hours after somebody asked.
- A packet is cut to BODY_MAX bytes, the rest is skipped: anybody can retain a megabyte on a topic.
- What a client sends only, reserved flags, quality of service 2 (none was asked for) and a length
  of more than four bytes are breaches.
- A message that comes again (DUP) with a number that was had is acknowledged, not told.

Reasons of RemoteProtocolError: refused_login, refused_client, refused_version, refused_for_now,
no_connack, not_mqtt.
"""

from micropython import const

from ovms.protocol.errors import LocalProtocolError, RemoteProtocolError
from ovms.protocol.mqtt import packets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer

# What `next_event` returns; the first three as of the v2 session.
NEED_DATA = const(0)
WELCOMED = const(1)
MESSAGE = const(2)
ACKED = const(3)

# A command is as long as some SMS.
BODY_MAX = const(512)
# Longer than the silence after which the link asks for a sign of life.
KEEP_ALIVE_S = const(600)

_FRESH = const(0)
_GREETING = const(1)
_TALKING = const(2)
_FAILED = const(3)

_CONNACK = const(2)
_PUBLISH = const(3)
_PUBACK = const(4)
_SUBACK = const(9)
_UNSUBACK = const(11)
_PINGRESP = const(13)
_LENGTH_MAX = const(4)
_REMEMBERED = const(8)
_REFUSALS = (
    "",
    "refused_version",
    "refused_client",
    "refused_for_now",
    "refused_login",
    "refused_login",
)


class Session:
    """One for all connections.

    code, payload: topic (str) and memoryview of the text of a MESSAGE; of ACKED the payload is the
    number of the packet. packet_id: of a MESSAGE that wants an acknowledgement, else 0.
    is_retained: it is old. is_cut: it was longer than there is room for. is_repeated: it was told.
    strays: packets that nobody asked for.
    """

    def __init__(self) -> None:
        self.strays = 0
        self.reset()

    def reset(self) -> None:
        """Forget the connection."""
        self.state = _FRESH
        self._reason = ""
        self._piece: "Buffer" = b""
        self._at = self._end = 0
        self._kind = self._size = self._shift = self._skip = 0
        # The packet that is being received: None while its header is.
        self._body = None
        self._filled = 0
        self._had: list[int] = []
        self.code = ""
        self.payload = b""
        self.packet_id = 0
        self.is_retained = self.is_cut = self.is_repeated = False

    def welcome(self, vehicle_id: str, access: tuple[str, str], owner: str = "") -> bytes:
        """CONNECT (bytes). vehicle_id: str, the client id. access: (user, password), str.

        LocalProtocolError unless fresh or after `reset`.
        """
        if self.state != _FRESH:
            raise LocalProtocolError("not fresh")
        self.state = _GREETING
        user, password = access
        will = packets.prefix(user, vehicle_id) + "metric/s/v3/connected"
        return packets.connect(vehicle_id, user, password, KEEP_ALIVE_S, will, "no")

    def receive(self, view: "Buffer", n: int) -> None:
        """Take view[:n] (bytes-like). It is borrowed until `next_event` returned NEED_DATA."""
        if self.state in (_GREETING, _TALKING):
            if self._at < self._end:
                raise LocalProtocolError("too early")
            self._piece = view
            self._at = 0
            self._end = n

    def next_event(self) -> int:
        """NEED_DATA, WELCOMED (once), MESSAGE or ACKED. RemoteProtocolError: see above."""
        if self.state == _FAILED:
            raise RemoteProtocolError(self._reason)
        try:
            while self._at < self._end:
                if self._take():
                    event = self._event()
                    if event:
                        return event
        except RemoteProtocolError as error:
            self.state = _FAILED
            self._reason = error.reason
            raise
        return NEED_DATA

    def send(self, code: str, payload: "Buffer") -> "Buffer":
        """What goes out for a message of the outbox: a packet as it is, for code "A" a ping."""
        if self.state != _TALKING:
            raise LocalProtocolError("too early")
        return packets.PING if code == "A" else payload

    def _take(self):
        """Take bytes of the piece; whether a packet is whole."""
        if self._body is None:
            byte = self._piece[self._at]
            self._at += 1
            if not self._kind:
                if self.state == _GREETING and byte >> 4 != _CONNACK:
                    raise RemoteProtocolError("no_connack")
                if not byte & 0xF0:
                    raise RemoteProtocolError("not_mqtt")
                self._kind = byte
                self._size = self._shift = 0
                return False
            self._size |= (byte & 127) << self._shift
            self._shift += 7
            if byte & 128:
                if self._shift >= 7 * _LENGTH_MAX:
                    raise RemoteProtocolError("not_mqtt")
                return False
            self._check()
            kept = min(self._size, BODY_MAX)
            self._skip = self._size - kept
            self._body = bytearray(kept)
            self._filled = 0
        body = self._body
        n = min(len(body) - self._filled, self._end - self._at)
        body[self._filled : self._filled + n] = self._piece[self._at : self._at + n]
        self._filled += n
        self._at += n
        n = min(self._skip, self._end - self._at)
        self._skip -= n
        self._at += n
        return self._filled == len(body) and not self._skip

    def _check(self):
        """What a header alone tells."""
        kind = self._kind >> 4
        if kind == _PUBLISH:
            is_good = self._size > 2 and self._kind & 6 < 4
        elif kind in (_CONNACK, _PUBACK, _UNSUBACK):
            is_good = self._size == 2 and not self._kind & 15
        elif kind == _SUBACK:
            is_good = self._size > 2 and not self._kind & 15
        else:
            is_good = kind == _PINGRESP and not self._size and not self._kind & 15
        if not is_good or (kind == _CONNACK and self.state == _TALKING):
            raise RemoteProtocolError("not_mqtt")

    def _event(self):
        """What the packet that is whole tells, NEED_DATA for nothing."""
        kind = self._kind
        body = self._body
        self._kind = 0
        self._body = None
        if kind >> 4 == _PUBLISH:
            return self._message(kind, body)
        if kind >> 4 == _CONNACK:
            if body[1]:
                known = body[1] < len(_REFUSALS)
                raise RemoteProtocolError(_REFUSALS[body[1]] if known else "not_mqtt")
            self.state = _TALKING
            return WELCOMED
        if kind >> 4 == _PUBACK:
            self.code = ""
            self.payload = body[0] << 8 | body[1]
            return ACKED
        if kind >> 4 == _UNSUBACK:
            self.strays += 1
        return NEED_DATA

    def _message(self, kind, body):
        at = 2 + (body[0] << 8 | body[1])
        self.packet_id = 0
        if at > self._size - (2 if kind & 6 else 0):
            raise RemoteProtocolError("not_mqtt")
        if at + 2 > len(body) < self._size:
            # A topic so long is none of ours.
            self.strays += 1
            return NEED_DATA
        try:
            self.code = bytes(body[2:at]).decode()
        except UnicodeError:
            raise RemoteProtocolError("not_mqtt")
        self.is_repeated = False
        if kind & 6:
            number = body[at] << 8 | body[at + 1]
            at += 2
            if not number:
                raise RemoteProtocolError("not_mqtt")
            self.packet_id = number
            self.is_repeated = kind & packets.DUPLICATE and number in self._had
            if not self.is_repeated:
                self._had.append(number)
                if len(self._had) > _REMEMBERED:
                    self._had.pop(0)
        self.is_retained = kind & packets.RETAIN
        self.is_cut = len(body) < self._size
        self.payload = memoryview(body)[at:]
        return MESSAGE
