"""Auto-provisioning: asking a server for our parameters with what the car and the SIM know.

Protocol guide 2.6.2, "Auto Provisioning"; module-behaviour 5.3; server-and-clients 2.9.
The request is the first line of a connection of its own; a server may never answer. A reply is one
line of at most REPLY_MAX characters.

The guide's record ends at parameter 31. Ours may go on to the MQTT broker's, 37 to 40; what is
between has `-`, because a server has no business with it.
"""

from micropython import const

from ovms.parameters import MQTT_HA, MQTT_SERVER, PARAMETERS
from ovms.protocol.errors import RemoteProtocolError
from ovms.protocol.v2 import cipher
from ovms_crypto import STATE_SIZE, b64_decode, hmac_md5, rc4_crypt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer

# 32 parameters of 31 characters, three of 63 and ON, blanks between them, in base64, and the words
# before them.
REPLY_MAX = const(1792)


def request_line(key: str) -> bytes:
    """`AP-C` line, CRLF included (bytes). key: str, normally the VIN; ValueError unless a word."""
    from ovms.protocol.v2 import handshake

    return handshake.line_of(b"AP-C", b"0", key.encode())


def parse_reply(line: "Buffer", secret: str) -> dict[int, str] | None:
    """Parameters of the server's reply: {index: text}, "" to clear; None when it has none for us.

    line: bytes without the line end; secret: str, normally the ICCID of the SIM. Indices that
    are missing stay as they are. RemoteProtocolError bad_reply, wrong_scheme, wrong_digest,
    not_base64 or bad_record.
    """
    words = bytes(line).split()
    if words and words[0] == b"AP-X":
        return None
    if len(words) != 5 or words[0] != b"AP-S":
        raise RemoteProtocolError("bad_reply")
    if words[1] != b"0":
        raise RemoteProtocolError("wrong_scheme")
    key = secret.encode()
    from ovms.protocol.v2 import handshake

    if not handshake.is_digest(words[3], key, words[2]):
        raise RemoteProtocolError("wrong_digest")
    return _parameters(_record(words[4], hmac_md5(key, words[2])))


def _record(text, digest):
    record = bytearray(len(text))
    size = b64_decode(text, 0, len(text), record, 0)
    if size < 0:
        raise RemoteProtocolError("not_base64")
    state = bytearray(STATE_SIZE)
    cipher.start(state, digest)
    rc4_crypt(state, record, 0, size)
    return record[:size]


def _parameters(record):
    try:
        values = bytes(record).decode().strip().split(" ")
    except UnicodeError:
        raise RemoteProtocolError("bad_record")
    if len(values) > MQTT_HA + 1:
        raise RemoteProtocolError("bad_record")
    found = {}
    for n, value in enumerate(values):
        if n < PARAMETERS or n >= MQTT_SERVER:
            found[n] = "" if value == "-" else value
        elif value != "-":
            raise RemoteProtocolError("bad_record")
    return found
