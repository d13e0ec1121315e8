"""The bundle of an update: its manifest, and whether the owner's key has signed it. On demand.

A manifest, an empty line, then the files one behind the other. The manifest's lines, in this order
(ASCII, each ending in one line feed):

    ovms-bundle 1
    board TCALL                     NAME of the board's file
    form small
    version 4.0.0
    build 1a2b3c4d 20454            id, and day since 1970-01-01
    file SHA256 SIZE PATH           one or more, in ascending order of PATH
    signature HEX                   RSA-2048 of all lines before

Signature: RSASSA-PKCS1-v1_5 with SHA-256 and exponent 65537 (RFC 8017, 8.2.2), compared as the
whole encoded message, so that nothing of it is parsed.
"""

import hashlib
from binascii import unhexlify

from micropython import const

# Of a manifest, of a line of it, of the number of files, of one file and of all: what a module
# may keep in RAM, and what its flash may hold.
MANIFEST_MAX = const(32768)
LINE_MAX = const(600)
FILES_MAX = const(400)
FILE_MAX = const(1048576)
TOTAL_MAX = const(3145728)
_PATH_MAX = const(80)
_TEXT_MAX = const(32)
_KEY_BYTES = const(256)
# DER of the AlgorithmIdentifier of SHA-256 in a DigestInfo: RFC 8017, 9.2, note 1.
_SHA256 = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
_NAMES = (b"ovms-bundle", b"board", b"form", b"version", b"build")
_DAMAGED = "That is no bundle, or it is damaged."


class Manifest:
    """Takes the lines one by one.

    board, form, version, build_id: str. build_day: days since 1970. files: (path, size in bytes,
    SHA-256 as bytes) of each, as list. length: bytes up to the first file. size: bytes of all
    files. signature: hexadecimal digits as bytes; None before all lines were there.
    """

    def __init__(self) -> None:
        self.board = self.form = self.version = self.build_id = ""
        self.build_day = self.length = self.size = 0
        self.files: list[tuple[str, int, bytes]] = []
        self.signature: bytes | None = None
        self._step = 0
        self._sum = hashlib.sha256()

    def add(self, line: bytes) -> bool:
        """Take one line (bytes without its end). Returns whether it was the last one.

        ValueError with a sentence when there cannot be such a line.
        """
        self.length += len(line) + 1
        if self.length > MANIFEST_MAX or len(line) > LINE_MAX:
            raise ValueError(_DAMAGED)
        if self.signature is not None:
            if line:
                raise ValueError(_DAMAGED)
            return True
        name, _, value = line.partition(b" ")
        if name == b"signature" and self.files:
            if not _is_hex(value, 2 * _KEY_BYTES):
                raise ValueError(_DAMAGED)
            self.signature = value
            return False
        self._sum.update(line)
        self._sum.update(b"\n")
        if self._step < len(_NAMES):
            if name != _NAMES[self._step]:
                raise ValueError(_DAMAGED)
            self._head(value)
            self._step += 1
        elif name == b"file":
            self._file(value)
        else:
            raise ValueError(_DAMAGED)
        return False

    def digest(self) -> bytes:
        """SHA-256 of all that is signed; once."""
        return self._sum.digest()

    def _head(self, value):
        text = _plain(value, _TEXT_MAX)
        if self._step == 0:
            if text != "1":
                raise ValueError("The bundle is of a kind that this firmware does not know.")
        elif self._step == 1:
            self.board = text
        elif self._step == 2:
            self.form = text
        elif self._step == 3:
            self.version = text
        else:
            self.build_id, _, day = text.partition(" ")
            self.build_day = _number(day, 100_000)

    def _file(self, value):
        words = value.split(b" ")
        if len(words) != 3 or not _is_hex(words[0], 64) or len(self.files) >= FILES_MAX:
            raise ValueError(_DAMAGED)
        size = _number(_plain(words[1], 8), FILE_MAX)
        path = _plain(words[2], _PATH_MAX)
        parts = path.split("/")
        # No way out of the folder, nothing hidden, and no file of the module's own.
        if not all(parts) or [part for part in parts if part[0] == "."] or path[-5:] == ".part":
            raise ValueError(_DAMAGED)
        if self.files and path <= self.files[-1][0]:
            raise ValueError(_DAMAGED)
        self.size += size
        if self.size > TOTAL_MAX:
            raise ValueError(_DAMAGED)
        self.files.append((path, size, unhexlify(words[0])))


def is_signed(digest: bytes, signature: bytes, modulus: bytes) -> bool:
    """Whether `signature` is one of `digest` (32 bytes) by the key with `modulus`.

    signature, modulus: 512 hexadecimal digits as bytes.
    """
    if not (_is_hex(signature, 2 * _KEY_BYTES) and _is_hex(modulus, 2 * _KEY_BYTES)):
        return False
    n = int.from_bytes(unhexlify(modulus), "big")
    s = int.from_bytes(unhexlify(signature), "big")
    if not n >> 8 * _KEY_BYTES - 1 or s >= n:
        return False
    power = s
    for _ in range(16):
        power = power * power % n
    power = power * s % n
    filler = b"\xff" * (_KEY_BYTES - 3 - len(_SHA256) - len(digest))
    wanted = b"\x00\x01" + filler + b"\x00" + _SHA256 + digest
    return power == int.from_bytes(wanted, "big")


def is_key(modulus: bytes) -> bool:
    """Whether `modulus` (bytes) is that of a key, as the file `update.pub` has it."""
    return _is_hex(modulus, 2 * _KEY_BYTES) and modulus[:1] in b"89abcdef"


def _is_hex(digits, count):
    return len(digits) == count and not digits.strip(b"0123456789abcdef")


def _plain(data, limit):
    """ASCII letters, digits and a few marks as str; ValueError for anything else."""
    if not 0 < len(data) <= limit:
        raise ValueError(_DAMAGED)
    for byte in data:
        is_letter = 65 <= byte & 0xDF <= 90 and byte < 128
        if not (is_letter or 48 <= byte <= 57 or byte in b"-._/ "):
            raise ValueError(_DAMAGED)
    return bytes(data).decode()


def _number(text, limit):
    # No other form of the same number: it is compared as text elsewhere.
    if not text.isdigit() or text != str(int(text)) or int(text) > limit:
        raise ValueError(_DAMAGED)
    return int(text)
