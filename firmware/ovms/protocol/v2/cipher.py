"""The ciphers of protocol v2: RC4 with the first 1024 bytes of the key stream dropped.

RC4 and HMAC-MD5 are here because the protocol demands them; both directions even share one key
stream (module-behaviour 4.1 and 10.1). They keep a passer-by out; only TLS keeps more out.
"""

from micropython import const

from ovms_crypto import b64_encode, rc4_crypt, rc4_skip, rc4_start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer

_DROPPED = const(1024)


def start(state: bytearray, key: bytes) -> None:
    """Set the STATE_SIZE bytes of `state` up for `key` (16 bytes). Does not allocate."""
    rc4_start(state, key)
    rc4_skip(state, _DROPPED)


def sealed(
    state: bytearray, clear: bytes, head: bytes, payload: "Buffer", tail: bytes
) -> bytearray:
    """clear + base64(RC4(head + payload)) + tail as one new bytearray, all bytes-like.

    `state` advances by the length of head and payload.
    """
    length = len(head) + len(payload)
    size = len(clear) + (length + 2) // 3 * 4 + len(tail)
    line = bytearray(size)
    # The plain text lies at the end, far enough behind the base64 that overwrites it.
    at = size - length
    line[at : at + len(head)] = head
    line[at + len(head) :] = payload
    rc4_crypt(state, line, at, size)
    line[: len(clear)] = clear
    at = b64_encode(line, at, size, line, len(clear))
    line[at:] = tail
    return line
