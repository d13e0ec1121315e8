"""RC4, HMAC-MD5 and base64 for the OVMS protocol v2, the hot loops as native code.

The same source runs on CPython, on a VM as it is, and compiled by mpy-cross to a native .mpy.
Why it exists, how it is built, what it costs: README.md beside this file.

Positional arguments only, all of them: viper knows no defaults. The RC4 and base64 calls allocate
nothing; `buffer` is any bytes-like object, one that is written to must be writable. Ranges are
checked (ValueError), since a viper pointer is not.

RC4 state: STATE_SIZE bytes of the caller's: the permutation, then the indices i and j.
"""

import hashlib

import micropython

STATE_SIZE = 258

# The base64 digits by value.
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_MD5_BLOCK = 64


@micropython.viper
def rc4_start(state, key):
    """Key set-up of `state`. key: 1 to 256 bytes."""
    size = int(len(key))
    if int(len(state)) != 258 or size < 1 or size > 256:
        raise ValueError("RC4 takes 258 bytes of state and a key of 1 to 256")
    s = ptr8(state)
    k = ptr8(key)
    i = 0
    while i < 256:
        s[i] = i
        i += 1
    i = 0
    j = 0
    at = 0
    while i < 256:
        x = s[i]
        j = (j + x + k[at]) & 0xFF
        s[i] = s[j]
        s[j] = x
        i += 1
        at += 1
        if at == size:
            at = 0
    s[256] = 0
    s[257] = 0


@micropython.viper
def rc4_skip(state, count: int):
    """Throw `count` bytes of the key stream away."""
    if int(len(state)) != 258:
        raise ValueError("RC4 takes 258 bytes of state")
    s = ptr8(state)
    # Not s[256], which some compilers get wrong: README.md, "Which mpy-cross".
    at = 256
    i = s[at]
    j = s[at + 1]
    while count > 0:
        i = (i + 1) & 0xFF
        x = s[i]
        j = (j + x) & 0xFF
        s[i] = s[j]
        s[j] = x
        count -= 1
    s[256] = i
    s[257] = j


@micropython.viper
def rc4_crypt(state, buffer, start: int, end: int):
    """Encrypt or decrypt buffer[start:end] in place; the key stream runs on."""
    if int(len(state)) != 258 or start < 0 or end > int(len(buffer)):
        raise ValueError("RC4 range outside the buffer")
    _crypt(state, buffer, start, end)


@micropython.viper
def _crypt(s: ptr8, b: ptr8, start: int, end: int):
    # The first three locals of native code live in registers: pointers as arguments, not made
    # from objects here, are half as fast again.
    i = s[256]
    j = s[257]
    while start < end:
        i = (i + 1) & 0xFF
        x = s[i]
        j = (j + x) & 0xFF
        y = s[j]
        s[i] = y
        s[j] = x
        b[start] = b[start] ^ s[(x + y) & 0xFF]
        start += 1
    s[256] = i
    s[257] = j


@micropython.viper
def find_byte(buffer, start: int, end: int, value: int) -> int:
    """Index of the first byte `value` in buffer[start:end], `end` when there is none."""
    if start < 0 or end > int(len(buffer)):
        raise ValueError("range outside the buffer")
    b = ptr8(buffer)
    while start < end and b[start] != value:
        start += 1
    return start


@micropython.viper
def b64_encode(source, start: int, end: int, target, at: int) -> int:
    """Write the padded base64 of source[start:end] to target[at:]; returns where it ends.

    Both may be one buffer when the source lies at least a third of its length behind `at`.
    """
    if start < 0 or start > end or end > int(len(source)) or at < 0:
        raise ValueError("base64 range outside the buffer")
    if at + (end - start + 2) // 3 * 4 > int(len(target)):
        raise ValueError("base64 target too short")
    s = ptr8(source)
    t = ptr8(target)
    alphabet = ptr8(ALPHABET)
    while start < end:
        left = end - start
        word = s[start] << 16
        if left > 1:
            word |= s[start + 1] << 8
        if left > 2:
            word |= s[start + 2]
        t[at] = alphabet[(word >> 18) & 63]
        t[at + 1] = alphabet[(word >> 12) & 63]
        t[at + 2] = alphabet[(word >> 6) & 63] if left > 1 else 61
        t[at + 3] = alphabet[word & 63] if left > 2 else 61
        start += 3
        at += 4
    return at


@micropython.viper
def b64_decode(source, start: int, end: int, target, at: int) -> int:
    """Write the bytes of the base64 text source[start:end] to target[at:]; returns where they end.

    Returns -1, with target[at:] spoiled, when the text is none: a foreign character, a single
    last character, something after `=`. A foreign character means a damaged line, and skipping it
    would put the cipher out of step unnoticed. Padding may be missing. Both may be one buffer
    when `at` is not behind `start`.
    """
    if start < 0 or start > end or end > int(len(source)) or at < 0:
        raise ValueError("base64 range outside the buffer")
    s = ptr8(source)
    t = ptr8(target)
    size = int(len(target))
    while start < end and s[end - 1] == 61:
        end -= 1
    word = 0
    bits = 0
    while start < end:
        c = s[start]
        if c >= 97 and c <= 122:
            c -= 71
        elif c >= 65 and c <= 90:
            c -= 65
        elif c >= 48 and c <= 57:
            c += 4
        elif c == 43:
            c = 62
        elif c == 47:
            c = 63
        else:
            return -1
        word = (word << 6 | c) & 0xFFFF
        bits += 6
        if bits >= 8:
            bits -= 8
            if at >= size:
                raise ValueError("base64 target too short")
            t[at] = (word >> bits) & 0xFF
            at += 1
        start += 1
    return -1 if bits == 6 else at


@micropython.viper
def _differences(a, b, size: int) -> int:
    p = ptr8(a)
    q = ptr8(b)
    found = 0
    i = 0
    while i < size:
        found |= p[i] ^ q[i]
        i += 1
    return found


def is_equal(a, b):
    """Whether two bytes-like objects hold the same, in a time that depends on the length only."""
    return len(a) == len(b) and _differences(a, b, len(a)) == 0


def hmac_md5(key, message):
    """HMAC-MD5 as 16 bytes (RFC 2104). key, message: bytes-like, of any length."""
    if len(key) > _MD5_BLOCK:
        key = hashlib.md5(key).digest()
    pad = bytearray(_MD5_BLOCK)
    for i in range(_MD5_BLOCK):
        pad[i] = (key[i] if i < len(key) else 0) ^ 0x36
    inner = hashlib.md5(pad)
    inner.update(message)
    for i in range(_MD5_BLOCK):
        pad[i] ^= 0x36 ^ 0x5C
    outer = hashlib.md5(pad)
    outer.update(inner.digest())
    return outer.digest()


def welcome_digest(shared_secret, token):
    """Digest of a welcome line: padded base64 of HMAC-MD5(shared_secret, token), 24 bytes."""
    text = bytearray(24)
    b64_encode(hmac_md5(shared_secret, token), 0, 16, text, 0)
    return bytes(text)


def session_key(shared_secret, server_token, own_token):
    """RC4 key of both directions, 16 bytes.

    The server's token comes first: module-behaviour 4.1 and V3; the guide leaves the order open.
    """
    return hmac_md5(shared_secret, bytes(server_token) + bytes(own_token))
