"""Paranoid mode: V6 and V7, what is never wrapped, the life of the token."""

from host_tests.fixtures.v2 import vectors
from host_tests.protocol.v2.test_session import events, urandom_for, welcomed_session
from ovms.protocol.v2.paranoid import Paranoid


def enabled():
    paranoid = Paranoid(urandom_for(vectors.PARANOID_TOKEN))
    payload = paranoid.enable(vectors.MODULE_PASSWORD)
    assert payload == b"T" + vectors.PARANOID_TOKEN
    return paranoid


def test_vectors_to_the_server():
    session = welcomed_session()
    paranoid = enabled()
    token = paranoid.enable(vectors.MODULE_PASSWORD)
    assert session.send("E", token) == vectors.PARANOID_TOKEN_WIRE + b"\r\n"
    for code, payload, inner, wire in vectors.PARANOID_SENDS:
        wrapped = paranoid.wrap(code, payload)
        assert wrapped == ("E", inner)
        assert session.send(*wrapped) == wire + b"\r\n"


def test_vectors_from_the_server():
    session = welcomed_session()
    paranoid = enabled()
    for code, payload, inner, wire in vectors.PARANOID_COMMANDS:
        assert events(session, wire + b"\r\n") == [("E", inner)]
        assert paranoid.unwrap(session.payload) == (code, payload)


def test_wrapping_goes_by_length():
    paranoid = enabled()
    for payload in (b"", b"\x00", b"a\x00b", bytes(range(256)), memoryview(b"view")):
        code, wrapped = paranoid.wrap("S", payload)
        assert code == "E"
        assert paranoid.unwrap(wrapped) == ("S", bytes(payload))


def test_missing_padding():
    assert enabled().unwrap(b"MCAA") == ("C", b"1")


def test_never_wrapped():
    paranoid = enabled()
    for code in "AaPHhgE":
        assert paranoid.wrap(code, b"text") == (code, b"text")
        assert paranoid.unwrap(b"M" + code.encode() + b"AA==") is None
    for code in "SDLWFVcCTXY":
        assert paranoid.wrap(code, b"text")[0] == "E"


def test_what_cannot_be_unwrapped():
    paranoid = enabled()
    for payload in (b"", b"M", b"T" + vectors.PARANOID_TOKEN, b"XCAA==", b"MC!A==", b"MCA"):
        assert paranoid.unwrap(payload) is None, payload


def test_token_and_digest():
    number = [0]

    def urandom(n):
        number[0] += 1
        return bytes([number[0]] * n)

    paranoid = Paranoid(urandom)
    first = paranoid.enable("one")
    wrapped = bytes(paranoid.wrap("S", b"secret")[1])
    # A further login keeps the token, for the server has messages stored under it.
    assert paranoid.enable("one") == first
    assert paranoid.unwrap(wrapped) == ("S", b"secret")
    # Nobody could read those with a new password, so that makes a new one.
    second = paranoid.enable("two")
    assert second != first
    assert paranoid.unwrap(wrapped) != ("S", b"secret")
