"""Packets of MQTT 3.1.1 as a module sends them (OASIS standard, sections 2 and 3). Loaded with the
session, when there is a broker.

micropython-lib's `umqtt.simple` is not used: it writes a packet in pieces to a blocking socket,
reads what answers it inside `publish` and `connect`, and knows no publish in parts, no duplicate
flag and no PUBACK of ours. A socket that stands in for all that would be longer than this file.
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# Of `publish`.
RETAIN = const(0x01)
ACKNOWLEDGED = const(0x02)
DUPLICATE = const(0x08)

PING = b"\xc0\x00"

_CONNECT = const(0x10)
_PUBLISH = const(0x30)
_PUBACK = const(0x40)
_SUBSCRIBE = const(0x82)
# Of CONNECT: a clean session, a will that is retained, a user, a password. Version 3.1.1 is 4.
_CLEAN = const(0x02)
_WILL = const(0x24)
_USER = const(0x80)
_PASSWORD = const(0x40)
_VERSION = const(4)


def prefix(user: str, vehicle_id: str) -> str:
    """`ovms/<user>/<vehicle id>/` (server-and-clients 7.1), without a user `ovms/client/...`.

    What would end a level of the topic, or match others, becomes `_`.
    """
    return "ovms/%s/%s/" % (_level(user or "client"), _level(vehicle_id))


def _level(text):
    for mark in "/+#":
        text = text.replace(mark, "_")
    return text


def connect(
    client_id: str, user: str, password: str, keep_alive_s: int, will_topic: str, will: str
) -> bytes:
    """CONNECT (bytes) of a clean session. Texts are str; a user or password of "" is left out."""
    flags = _CLEAN | _WILL
    rest = _text(client_id) + _text(will_topic) + _text(will)
    if user:
        flags |= _USER
        rest += _text(user)
        if password:
            flags |= _PASSWORD
            rest += _text(password)
    head = b"\x00\x04MQTT" + bytes((_VERSION, flags)) + _number(keep_alive_s)
    return _head(_CONNECT, len(head) + len(rest)) + head + rest


def publish(
    topic: str, payload: bytes, flags: int = 0, packet_id: int = 0, size: int | None = None
) -> bytes:
    """PUBLISH (bytes). topic: str; payload: bytes; flags: RETAIN and so on.

    packet_id: counts with ACKNOWLEDGED. size: of the whole payload, when `payload` is but its
    start; the rest has to follow.
    """
    head = _text(topic)
    if flags & ACKNOWLEDGED:
        head += _number(packet_id)
    if size is None:
        size = len(payload)
    return _head(_PUBLISH | flags, len(head) + size) + head + payload


def subscribe(packet_id: int, filters: "Sequence[str]") -> bytes:
    """SUBSCRIBE (bytes) to topic filters (str), each with at most quality of service 1."""
    body = _number(packet_id)
    for text in filters:
        body += _text(text) + b"\x01"
    return _head(_SUBSCRIBE, len(body)) + body


def acknowledge(packet_id: int) -> bytes:
    """PUBACK (bytes)."""
    return bytes((_PUBACK, 2)) + _number(packet_id)


def _head(kind, size):
    """Fixed header; the size in 7 bits a byte, lowest first."""
    head = bytes((kind,))
    while size > 127:
        head += bytes((size & 127 | 128,))
        size >>= 7
    return head + bytes((size,))


def _number(value):
    return bytes((value >> 8, value & 255))


def _text(text):
    data = text.encode()
    return _number(len(data)) + data
