"""The first line of each side of a connection, and the proof that the peer knows our secret.

In RAM while the module logs in.
Protocol guide 2.6.2, "Welcome"; module-behaviour 4.1; server-and-clients 1.3 and 1.4.
"""

from micropython import const

from ovms.protocol.errors import LocalProtocolError, RemoteProtocolError
from ovms.protocol.v2 import cipher
from ovms.protocol.v2.session import FRESH, GREETING
from ovms_crypto import ALPHABET, b64_decode, hmac_md5, is_equal, session_key, welcome_digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer, Random
    from ovms.protocol.v2.session import Session

_TOKEN_SIZE = const(22)
_DIGEST_SIZE = const(16)
_FOREIGN_LINES_MAX = const(8)


def greet(session: "Session", vehicle_id: str, shared_secret: str, owner: str) -> bytes:
    """`Session.welcome`."""
    if session.state != FRESH:
        raise LocalProtocolError("welcome comes once, after reset")
    session.token, line = welcome(session.urandom, vehicle_id, shared_secret, owner)
    session.secret = shared_secret.encode()
    session.is_open = bool(owner)
    session.state = GREETING
    return line


def is_welcome(session: "Session", line: "Buffer") -> bool:
    """Whether `line` (bytearray) is the server's welcome, which then has set the ciphers up.

    RemoteProtocolError no_welcome after too many others, and those of `checked`.
    """
    words = bytes(line).split()
    if not words or words[0] != b"MP-S":
        session.foreign_lines += 1
        if session.foreign_lines > _FOREIGN_LINES_MAX:
            raise RemoteProtocolError("no_welcome")
        return False
    key = checked(words, session.token, session.secret, session.is_open)
    if key:
        cipher.start(session.received, key)
        session.sent[:] = session.received
    session.secret = b""
    return True


def new_token(urandom: "Random") -> bytes:
    """22 random characters of the base64 alphabet (bytes). urandom(n) -> n random bytes."""
    token = bytearray(urandom(_TOKEN_SIZE))
    for i in range(_TOKEN_SIZE):
        token[i] = ALPHABET[token[i] & 63]
    return bytes(token)


def line_of(*words: bytes) -> bytes:
    """The words (bytes) as one line with CRLF; ValueError when one is empty or has blanks."""
    for word in words:
        if word.split() != [word]:
            raise ValueError("The vehicle id, the owner and the password must be single words.")
    return b" ".join(words) + b"\r\n"


def welcome(urandom: "Random", vehicle_id: str, secret: str, owner: str) -> tuple[bytes, bytes]:
    """(token, `MP-C` line), bytes; the others are str. ValueError when a word is none.

    Without an owner scheme 0: the secret may hold blanks, it stays here. With one scheme 1, which
    shows the password: only inside TLS.
    """
    if owner:
        words = b"1", owner.encode(), secret.encode(), vehicle_id.encode()
        return b"", line_of(b"MP-C", *words)
    token = new_token(urandom)
    digest = welcome_digest(secret.encode(), token)
    return token, line_of(b"MP-C", b"0", token, digest, vehicle_id.encode())


def is_digest(text: bytes, key: bytes, token: bytes) -> bool:
    """Whether `text` is the base64 of HMAC-MD5(key, token); all bytes.

    Decoded before it is compared: some generators leave the padding out (server-and-clients 1.3).
    """
    digest = bytearray(len(text))
    size = b64_decode(text, 0, len(text), digest, 0)
    return size == _DIGEST_SIZE and is_equal(digest[:size], hmac_md5(key, token))


def checked(words: list[bytes], token: bytes, shared_secret: bytes, is_open: bool) -> bytes | None:
    """Session key from the words (bytes) of the server's `MP-S` line; None in scheme 1.

    is_open: scheme 1, whose line proves nothing; TLS has done that.
    RemoteProtocolError wrong_scheme, bad_welcome, echoed_token (somebody without the secret
    plays our own proof back) or wrong_digest.
    """
    if len(words) < 4:
        raise RemoteProtocolError("bad_welcome")
    if words[1] != (b"1" if is_open else b"0"):
        raise RemoteProtocolError("wrong_scheme")
    if is_open:
        return None
    if words[2] == token:
        raise RemoteProtocolError("echoed_token")
    if not is_digest(words[3], shared_secret, words[2]):
        raise RemoteProtocolError("wrong_digest")
    return session_key(shared_secret, words[2], token)
