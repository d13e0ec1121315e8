"""Bytes of the OVMS protocol v2 on the wire, written for the desk alone.

Scheme 0 is HMAC-MD5 welcomes and two RC4 streams over base64 lines; scheme 1 is plain text for use
inside TLS. The ciphers come from `cryptography` and CPython's `hmac`, never from the firmware, so
that the same mistake cannot sit at both ends of a desk run.

Text is carried as `str` holding one character per byte (Latin-1): what a peer sent is relayed
unchanged, whatever its encoding. Source: protocol guide 2.6.2, "Encryption Protection Scheme
0x30"; server-and-clients 1.3 and 1.4.
"""

import base64
import binascii
import hmac
import re
import secrets

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher

MAGIC = "MP-0 "
TOKEN_CHARS = 22
_DISCARD_BYTES = 1024
_BASE64_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


class UndecodableLineError(ValueError):
    """A line that is no message; the text says why, in words for the log."""


def new_token() -> str:
    """22 random characters of the base64 alphabet (132 bits)."""
    return "".join(secrets.choice(_BASE64_ALPHABET) for _ in range(TOKEN_CHARS))


def hmac_md5(secret: str, text: str) -> bytes:
    """16 raw bytes; the key is `secret` in UTF-8, as a person typed it."""
    return hmac.new(secret.encode(), _octets(text), "md5").digest()


def digest(secret: str, token: str) -> str:
    """Padded base64 of the token's HMAC, as a welcome line carries it."""
    return base64.b64encode(hmac_md5(secret, token)).decode()


def digest_matches(secret: str, token: str, received: str) -> bool:
    """Whether `received` (base64, padded or not) proves knowledge of `secret`; constant time."""
    try:
        raw = _lenient_base64(_octets(received))
    except (binascii.Error, UnicodeEncodeError):
        return False
    return hmac.compare_digest(raw, hmac_md5(secret, token))


def same_secret(expected: str, given: str) -> bool:
    """Whether `given`, from the wire, is the typed `expected`; constant time."""
    return hmac.compare_digest(expected.encode(), _octets(given))


def session_key(secret: str, server_token: str, client_token: str) -> bytes:
    """Key of both session ciphers: server token first (server-and-clients 1.3)."""
    return hmac_md5(secret, server_token + client_token)


class EncryptedLines:
    """Scheme 0 after the welcome: one cipher per direction, each running on over all lines."""

    def __init__(self, key: bytes) -> None:
        self._transmit = _rc4(key)
        self._receive = _rc4(key)

    def encode(self, message: str) -> bytes:
        """Wire line of code + payload, CRLF included."""
        cipher_text = self._transmit.update(_octets(MAGIC + message))
        return base64.b64encode(cipher_text) + b"\r\n"

    def decode(self, line: bytes) -> str:
        """Code + payload of a line without its line end; UndecodableLineError when it has none."""
        text = line.strip(b"\r\n")
        if not text.strip():
            raise UndecodableLineError("empty line")
        try:
            plain = self._receive.update(_lenient_base64(text))
        except binascii.Error:
            raise UndecodableLineError(f"not base64: {text[:24]!r}") from None
        if not plain.startswith(b"MP-0 "):
            raise UndecodableLineError(
                f"decrypts to {plain[:12].hex(' ')}, not to 'MP-0 ' and a code "
                "(wrong key, cipher out of step or another protocol)"
            )
        return _first_line(plain[len(MAGIC) :])


class PlainLines:
    """Scheme 1 after the welcome: code and payload as they are, without the magic."""

    def encode(self, message: str) -> bytes:
        return _octets(message) + b"\r\n"

    def decode(self, line: bytes) -> str:
        return _first_line(line.strip(b"\r\n"))


def paranoid_encrypt(module_password: str, ptoken: str, text: str) -> str:
    """Base64 of one paranoid payload; the cipher starts anew for each (guide, "E" message)."""
    cipher_text = _rc4(hmac_md5(module_password, ptoken)).update(_octets(text))
    return base64.b64encode(cipher_text).decode()


def paranoid_decrypt(module_password: str, ptoken: str, text: str) -> str:
    """Payload of one paranoid message; UndecodableLineError when `text` is not base64."""
    try:
        cipher_text = _lenient_base64(_octets(text))
    except binascii.Error:
        raise UndecodableLineError(f"paranoid data is not base64: {text[:24]!r}") from None
    return _rc4(hmac_md5(module_password, ptoken)).update(cipher_text).decode("latin-1")


def provisioning_reply(secret: str, token: str, record: str) -> str:
    """The `AP-S` line for a record; its digest goes out without padding, as the stock generator
    writes it (server-and-clients 2.9)."""
    key = hmac_md5(secret, token)
    unpadded_digest = base64.b64encode(key).decode().rstrip("=")
    cipher_text = base64.b64encode(_rc4(key).update(record.encode())).decode()
    return f"AP-S 0 {token} {unpadded_digest} {cipher_text}"


def _rc4(key: bytes):
    context = Cipher(ARC4(key), mode=None).encryptor()
    context.update(bytes(_DISCARD_BYTES))
    return context


def _octets(text: str) -> bytes:
    return text.encode("latin-1")


def _first_line(plain: bytes) -> str:
    """The server's pattern stops at a line feed, so what follows one is lost (2.1)."""
    text = plain.split(b"\n", 1)[0]
    if not text or text[:1].isspace():
        raise UndecodableLineError("no message code")
    return text.decode("latin-1")


def _lenient_base64(text: bytes) -> bytes:
    """Foreign characters skipped, the end at the first '=', padding optional."""
    body = _NOT_BASE64.sub(b"", text.split(b"=", 1)[0])
    return base64.b64decode(body + b"=" * (-len(body) % 4))
