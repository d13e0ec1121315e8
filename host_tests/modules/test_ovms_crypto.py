"""Known answers and edges of the native core; no allocation in its hot calls (V1 to V3, V9)."""

from binascii import hexlify

import ovms_crypto
from host_tests.fixtures.v2 import vectors
from host_tests.shims.expect import allocates, raises


def key_stream(key_hex, first, size):
    state = bytearray(ovms_crypto.STATE_SIZE)
    ovms_crypto.rc4_start(state, bytes.fromhex(key_hex))
    ovms_crypto.rc4_skip(state, first)
    stream = bytearray(size)
    ovms_crypto.rc4_crypt(state, stream, 0, size)
    return hexlify(stream).decode()


def encoded(data):
    text = bytearray((len(data) + 2) // 3 * 4)
    assert ovms_crypto.b64_encode(data, 0, len(data), text, 0) == len(text)
    return bytes(text)


def decoded(text):
    data = bytearray(len(text))
    size = ovms_crypto.b64_decode(text, 0, len(text), data, 0)
    return None if size < 0 else bytes(data[:size])


def test_key_streams():
    assert key_stream(vectors.SESSION_KEY_HEX, 0, 16) == vectors.KEY_STREAM_0_HEX
    assert key_stream(vectors.SESSION_KEY_HEX, 1024, 16) == vectors.KEY_STREAM_1024_HEX
    assert key_stream(vectors.PARANOID_DIGEST_HEX, 1024, 16) == vectors.PARANOID_STREAM_1024_HEX
    assert key_stream(vectors.REAL_SESSION_KEY_HEX, 0, 16) == vectors.REAL_STREAM_0_HEX
    assert key_stream(vectors.REAL_SESSION_KEY_HEX, 1024, 32) == vectors.REAL_STREAM_1024_HEX


def test_key_stream_runs_on_over_calls():
    state = bytearray(ovms_crypto.STATE_SIZE)
    ovms_crypto.rc4_start(state, bytes.fromhex(vectors.SESSION_KEY_HEX))
    stream = bytearray(16)
    for start, end in ((0, 1), (1, 1), (1, 7), (7, 16)):
        ovms_crypto.rc4_crypt(state, stream, start, end)
    assert hexlify(stream).decode() == vectors.KEY_STREAM_0_HEX


def test_crypt_touches_its_range_only():
    state = bytearray(ovms_crypto.STATE_SIZE)
    ovms_crypto.rc4_start(state, b"k")
    buffer = bytearray(8)
    ovms_crypto.rc4_crypt(state, buffer, 2, 5)
    assert buffer[:2] == bytes(2)
    assert buffer[5:] == bytes(3)
    assert buffer[2:5] != bytes(3)


def test_rc4_ranges_are_checked():
    state = bytearray(ovms_crypto.STATE_SIZE)
    ovms_crypto.rc4_start(state, bytes(256))
    raises(ValueError, ovms_crypto.rc4_start, state, b"")
    raises(ValueError, ovms_crypto.rc4_start, state, bytes(257))
    raises(ValueError, ovms_crypto.rc4_start, bytearray(257), b"k")
    raises(ValueError, ovms_crypto.rc4_skip, bytearray(257), 1)
    raises(ValueError, ovms_crypto.rc4_crypt, bytearray(257), bytearray(4), 0, 4)
    raises(ValueError, ovms_crypto.rc4_crypt, state, bytearray(4), 0, 5)
    raises(ValueError, ovms_crypto.rc4_crypt, state, bytearray(4), -1, 4)


def test_hmac_vectors():
    secret = vectors.CAR_SECRET.encode()
    digest = ovms_crypto.hmac_md5(secret, vectors.CAR_TOKEN)
    assert hexlify(digest).decode() == vectors.CAR_DIGEST_HEX
    digest = ovms_crypto.hmac_md5(secret, vectors.SERVER_TOKEN)
    assert hexlify(digest).decode() == vectors.SERVER_DIGEST_HEX
    for key, message, digest_hex, digest_text in vectors.EDGE_HMACS:
        assert hexlify(ovms_crypto.hmac_md5(key, message)).decode() == digest_hex
        assert ovms_crypto.welcome_digest(key, message) == digest_text


def test_hmac_of_rfc_2202():
    # RFC 2202, section 2, test cases 1, 6 and 7 (keys longer than a block).
    for key, message, digest_hex in (
        (b"\x0b" * 16, b"Hi There", "9294727a3638bb1c13f48ef8158bfc9d"),
        (
            b"\xaa" * 80,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd",
        ),
        (
            b"\xaa" * 80,
            b"Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data",
            "6f630fad67cda0ee1fb1f562db3aa53e",
        ),
    ):
        assert hexlify(ovms_crypto.hmac_md5(key, message)).decode() == digest_hex


def test_session_key_takes_the_server_token_first():
    secret = vectors.CAR_SECRET.encode()
    key = ovms_crypto.session_key(secret, vectors.SERVER_TOKEN, vectors.CAR_TOKEN)
    assert hexlify(key).decode() == vectors.SESSION_KEY_HEX
    key = ovms_crypto.session_key(secret, vectors.CAR_TOKEN, vectors.SERVER_TOKEN)
    assert hexlify(key).decode() == vectors.WRONG_ORDER_KEY_HEX


def test_is_equal():
    assert ovms_crypto.is_equal(b"", b"")
    assert ovms_crypto.is_equal(b"abc", bytearray(b"abc"))
    assert not ovms_crypto.is_equal(b"abc", b"abd")
    assert not ovms_crypto.is_equal(b"abc", b"\xe1bc")
    assert not ovms_crypto.is_equal(b"abc", b"ab")
    assert not ovms_crypto.is_equal(b"", b"a")


def test_find_byte():
    assert ovms_crypto.find_byte(b"a\nb\n", 0, 4, 10) == 1
    assert ovms_crypto.find_byte(b"a\nb\n", 2, 4, 10) == 3
    assert ovms_crypto.find_byte(b"a\nb\n", 2, 3, 10) == 3
    assert ovms_crypto.find_byte(b"", 0, 0, 10) == 0
    raises(ValueError, ovms_crypto.find_byte, b"abc", 0, 4, 10)


def test_base64_of_rfc_4648():
    # RFC 4648, section 10.
    for data, text in (
        (b"", b""),
        (b"f", b"Zg=="),
        (b"fo", b"Zm8="),
        (b"foo", b"Zm9v"),
        (b"foob", b"Zm9vYg=="),
        (b"fooba", b"Zm9vYmE="),
        (b"foobar", b"Zm9vYmFy"),
    ):
        assert encoded(data) == text
        assert decoded(text) == data
        assert decoded(text.replace(b"=", b"")) == data


def test_base64_alphabet():
    assert encoded(decoded(ovms_crypto.ALPHABET)) == ovms_crypto.ALPHABET
    for c in range(256):
        is_digit = ovms_crypto.ALPHABET.find(bytes((c,))) >= 0
        assert (decoded(bytes((c, 65, 65, 65))) is not None) == is_digit, c


def test_base64_in_place():
    data = bytes(range(200))
    for size in range(len(data)):
        text = encoded(data[:size])
        buffer = bytearray(text)
        assert ovms_crypto.b64_decode(buffer, 0, len(text), buffer, 0) == size
        assert buffer[:size] == data[:size]
        start = len(text) - size
        buffer[start:] = data[:size]
        assert ovms_crypto.b64_encode(buffer, start, len(text), buffer, 0) == len(text)
        assert buffer == text


def test_base64_refuses_what_is_none():
    for text in (b"Z", b"Zm9vY", b"Z===", b"Zm=v", b"Zm9 v", b"Zm9v\r", b"\x00m9v", b"Zm9\xff"):
        assert decoded(text) is None, text


def test_base64_ranges_are_checked():
    raises(ValueError, ovms_crypto.b64_encode, b"abc", 0, 4, bytearray(8), 0)
    raises(ValueError, ovms_crypto.b64_encode, b"abc", 2, 1, bytearray(8), 0)
    raises(ValueError, ovms_crypto.b64_encode, b"abcd", 0, 4, bytearray(7), 0)
    raises(ValueError, ovms_crypto.b64_encode, b"abc", 0, 3, bytearray(8), 5)
    raises(ValueError, ovms_crypto.b64_decode, b"YWJj", 0, 5, bytearray(8), 0)
    raises(ValueError, ovms_crypto.b64_decode, b"YWJj", 0, 4, bytearray(2), 0)
    raises(ValueError, ovms_crypto.b64_decode, b"YWJj", 0, 4, bytearray(4), -1)


def test_hot_calls_do_not_allocate():
    state = bytearray(ovms_crypto.STATE_SIZE)
    key = bytes.fromhex(vectors.SESSION_KEY_HEX)
    plain = bytearray(300)
    text = bytearray(400)

    def hot():
        ovms_crypto.rc4_start(state, key)
        ovms_crypto.rc4_skip(state, 1024)
        ovms_crypto.rc4_crypt(state, plain, 0, 300)
        ovms_crypto.b64_encode(plain, 0, 300, text, 0)
        ovms_crypto.b64_decode(text, 0, 400, plain, 0)
        ovms_crypto.find_byte(text, 0, 400, 10)
        ovms_crypto.is_equal(plain, text)

    assert not allocates(hot)
