"""Welcome lines of both sides: V1, V2, the recorded logins, and all that must be refused."""

from host_tests.fixtures.v2 import vectors
from host_tests.protocol.v2.test_session import urandom_for
from host_tests.shims.expect import raises
from ovms.protocol.errors import RemoteProtocolError
from ovms.protocol.v2 import handshake

SECRET = vectors.CAR_SECRET.encode()


def refused(line, token=vectors.CAR_TOKEN):
    error = raises(RemoteProtocolError, handshake.checked, line.split(), token, SECRET, False)
    return error.reason


def test_token_comes_from_the_random_source():
    asked = []

    def urandom(n):
        asked.append(n)
        return bytes(range(n))

    assert handshake.new_token(urandom) == b"ABCDEFGHIJKLMNOPQRSTUV"
    assert asked == [22]
    assert handshake.new_token(lambda n: bytes([255] * n)) == b"/" * 22
    # Bits beyond the sixth do not matter, so every character is equally likely.
    assert handshake.new_token(lambda n: bytes([64 + 26] * n)) == b"a" * 22


def welcome(token, secret, vehicle_id):
    """The line of scheme 0 that a source of `token` leads to."""
    made, line = handshake.welcome(urandom_for(token), vehicle_id, secret, "")
    assert made == token
    return line


def test_welcome_lines():
    line = welcome(vectors.CAR_TOKEN, vectors.CAR_SECRET, "TESTCAR")
    assert line == vectors.CAR_WELCOME + b"\r\n"
    line = welcome(vectors.REAL_CAR_TOKEN, vectors.REAL_SECRET, "TESTCAR")
    assert line == vectors.REAL_CAR_WELCOME + b"\r\n"


def test_open_welcome_line():
    token, line = handshake.welcome(None, "*", vectors.REAL_OPEN_PASSWORD, vectors.REAL_OPEN_OWNER)
    assert token == b""
    assert line == vectors.REAL_OPEN_CLIENT_WELCOME.replace(b"MP-A", b"MP-C") + b"\r\n"


def test_words_that_would_break_the_line_are_refused():
    for vehicle_id in ("", "MY CAR", " CAR", "CAR\r\nMP-C", "\t"):
        error = raises(ValueError, welcome, vectors.CAR_TOKEN, vectors.CAR_SECRET, vehicle_id)
        assert str(error).endswith(".")


def test_good_welcome_gives_the_session_key():
    for line in (vectors.SERVER_WELCOME, vectors.SERVER_WELCOME.replace(b"=", b"")):
        key = handshake.checked(line.split(), vectors.CAR_TOKEN, SECRET, False)
        assert key == bytes.fromhex(vectors.SESSION_KEY_HEX)
    words = vectors.REAL_SERVER_WELCOME.split()
    secret = vectors.REAL_SECRET.encode()
    key = handshake.checked(words, vectors.REAL_CAR_TOKEN, secret, False)
    assert key == bytes.fromhex(vectors.REAL_SESSION_KEY_HEX)


def test_wrong_digest():
    start = b"MP-S 0 zyxwvutsrqponmlkjihgfe "
    for digest in (
        b"Rs+re4X4yGpsRb2AtNzIlA==",
        b"Rs+re4X4yGpsRb2AtNzI",
        b"Rs+re4X4yGpsRb2AtNzIlgAA",
        b"rs+re4X4yGpsRb2AtNzIlg==",
        b"Rs+re4X4yGpsRb2AtNzIlg==!",
        b"====",
        b"A" * 900,
        vectors.CAR_DIGEST,
    ):
        assert refused(start + digest) == "wrong_digest", digest


def test_echoed_token():
    # Without the check anybody could play our own proof back.
    line = b"MP-S 0 " + vectors.CAR_TOKEN + b" " + vectors.CAR_DIGEST
    assert refused(line) == "echoed_token"


def test_wrong_scheme():
    assert refused(vectors.SERVER_WELCOME.replace(b" 0 ", b" 1 ")) == "wrong_scheme"
    assert refused(vectors.REAL_OPEN_SERVER_WELCOME) == "wrong_scheme"
    words = vectors.SERVER_WELCOME.split()
    error = raises(RemoteProtocolError, handshake.checked, words, b"", b"", True)
    assert error.reason == "wrong_scheme"


def test_short_welcome():
    assert refused(b"MP-S") == "bad_welcome"
    assert refused(b"MP-S 0 " + vectors.SERVER_TOKEN) == "bad_welcome"


def test_open_welcome():
    words = vectors.REAL_OPEN_SERVER_WELCOME.split()
    assert handshake.checked(words, b"", b"", True) is None
