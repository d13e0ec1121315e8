"""The first line of each side of a connection, and the proof that the peer knows our secret.

Protocol guide 2.6.2, "Welcome"; module-behaviour 4.1; server facts 1.3 and 1.4.
"""

from micropython import const

from ovms.protocol.errors import RemoteProtocolError
from ovms_crypto import ALPHABET, b64_decode, hmac_md5, is_equal, session_key, welcome_digest

_TOKEN_SIZE = const(22)
_DIGEST_SIZE = const(16)


def new_token(urandom):
    """22 random characters of the base64 alphabet (bytes). urandom(n) -> n random bytes."""
    token = bytearray(urandom(_TOKEN_SIZE))
    for i in range(_TOKEN_SIZE):
        token[i] = ALPHABET[token[i] & 63]
    return bytes(token)


def line_of(*words):
    """The words (bytes) as one line with CRLF; ValueError when one is empty or has blanks."""
    for word in words:
        if word.split() != [word]:
            raise ValueError("The vehicle id, the owner and the password must be single words.")
    return b" ".join(words) + b"\r\n"


def welcome_line(token, shared_secret, vehicle_id):
    """`MP-C` line of scheme 0; all bytes. The secret itself may hold blanks, it stays here."""
    return line_of(b"MP-C", b"0", token, welcome_digest(shared_secret, token), vehicle_id)


def open_welcome_line(owner, password, vehicle_id):
    """`MP-C` line of scheme 1; all bytes. The line shows the password: only inside TLS."""
    return line_of(b"MP-C", b"1", owner, password, vehicle_id)


def is_digest(text, key, token):
    """Whether `text` is the base64 of HMAC-MD5(key, token); all bytes.

    Decoded before it is compared: some generators leave the padding out (server facts 1.3).
    """
    digest = bytearray(len(text))
    size = b64_decode(text, 0, len(text), digest, 0)
    return size == _DIGEST_SIZE and is_equal(digest[:size], hmac_md5(key, token))


def check_welcome(words, token, shared_secret):
    """Session key from the words (bytes) of the server's `MP-S` line, scheme 0.

    RemoteProtocolError wrong_scheme, bad_welcome, echoed_token (somebody without the secret
    plays our own proof back) or wrong_digest.
    """
    _check_scheme(words, b"0")
    if words[2] == token:
        raise RemoteProtocolError("echoed_token")
    if not is_digest(words[3], shared_secret, words[2]):
        raise RemoteProtocolError("wrong_digest")
    return session_key(shared_secret, words[2], token)


def check_open_welcome(words):
    """Check the `MP-S` line of scheme 1; it proves nothing, TLS has done that."""
    _check_scheme(words, b"1")


def _check_scheme(words, scheme):
    if len(words) < 4:
        raise RemoteProtocolError("bad_welcome")
    if words[1] != scheme:
        raise RemoteProtocolError("wrong_scheme")
