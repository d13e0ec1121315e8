"""Random cross-checks of the native core and of the session engine.

CPython only: the oracles are `cryptography`'s ARC4 and CPython's hmac and base64, and hypothesis
chooses the cases (it prints the failing one, and how to repeat it).
"""

import base64
import hashlib
import hmac
from contextlib import suppress

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher
from hypothesis import given, settings
from hypothesis import strategies as st

import ovms_crypto
from ovms.protocol.errors import RemoteProtocolError
from ovms.protocol.v2 import cipher
from ovms.protocol.v2 import session as v2
from ovms.protocol.v2.paranoid import Paranoid
from ovms.protocol.v2.provision import parse_reply

QUICK = settings(max_examples=100, deadline=None)

SECRET = "a shared secret"
OWN_TOKEN = "A" * 22
SERVER_TOKEN = "theServersOwnToken0001"


def digest_of(key, text):
    return hmac.new(key.encode(), text.encode(), hashlib.md5).digest()


class OracleServer:
    """The far end of a session, built of nothing of ours."""

    def __init__(self):
        proof = base64.b64encode(digest_of(SECRET, SERVER_TOKEN)).decode()
        self.welcome = f"MP-S 0 {SERVER_TOKEN} {proof}\r\n".encode()
        key = digest_of(SECRET, SERVER_TOKEN + OWN_TOKEN)
        self._sent, self._received = (Cipher(ARC4(key), mode=None).encryptor() for _ in range(2))
        self._sent.update(bytes(1024))
        self._received.update(bytes(1024))

    def line(self, code, payload):
        return base64.b64encode(self._sent.update(b"MP-0 " + code.encode() + payload)) + b"\r\n"

    def plain(self, line):
        return self._received.update(base64.b64decode(line, validate=True))


def fresh_session():
    session = v2.Session(bytes)
    session.welcome("CAR", SECRET)
    return session


def welcomed_session(server):
    session = fresh_session()
    session.receive(server.welcome, len(server.welcome))
    assert session.next_event() == v2.WELCOMED
    return session


def pieces_of(stream, cuts):
    edges = [0, *sorted({cut % (len(stream) + 1) for cut in cuts}), len(stream)]
    return [stream[a:b] for a, b in zip(edges, edges[1:], strict=False)]


def messages_in(session, pieces):
    for piece in pieces:
        session.receive(memoryview(piece), len(piece))
        while (event := session.next_event()) != v2.NEED_DATA:
            if event == v2.MESSAGE:
                yield session.code, bytes(session.payload)


CODES = st.characters(min_codepoint=33, max_codepoint=126)
MESSAGES = st.lists(st.tuples(CODES, st.binary(max_size=300)), max_size=6)
CUTS = st.lists(st.integers(0, 10**6), max_size=12)


@QUICK
@given(st.binary(min_size=16, max_size=16), st.binary(max_size=600), CUTS)
def test_cipher_is_arc4_with_1024_bytes_dropped(key, plain, cuts):
    oracle = Cipher(ARC4(key), mode=None).encryptor()
    oracle.update(bytes(1024))
    state = bytearray(ovms_crypto.STATE_SIZE)
    cipher.start(state, key)
    wire = b""
    for piece in pieces_of(plain, cuts):
        buffer = bytearray(piece)
        ovms_crypto.rc4_crypt(state, buffer, 0, len(buffer))
        wire += buffer
    assert wire == oracle.update(plain)


@QUICK
@given(st.binary(max_size=200), st.binary(max_size=300))
def test_hmac(key, message):
    assert ovms_crypto.hmac_md5(key, message) == hmac.new(key, message, hashlib.md5).digest()


@QUICK
@given(st.binary(max_size=300), st.integers(0, 5), st.integers(0, 5))
def test_base64(data, start, at):
    text = base64.b64encode(data[start:])
    target = bytearray(at + len(text))
    end = len(data)
    start = min(start, end)
    assert ovms_crypto.b64_encode(data, start, end, target, at) == len(target)
    assert target[at:] == text
    back = bytearray(len(data))
    size = ovms_crypto.b64_decode(target, at, len(target), back, 0)
    assert back[:size] == data[start:]


@QUICK
@given(st.text(alphabet="ABCxyz019+/=", max_size=12).map(str.encode))
def test_base64_decodes_what_the_strict_oracle_decodes(text):
    target = bytearray(len(text))
    size = ovms_crypto.b64_decode(text, 0, len(text), target, 0)
    try:
        expected = base64.b64decode(text, validate=True)
    except ValueError:
        return
    assert target[:size] == expected


@QUICK
@given(st.binary(max_size=60), st.binary(max_size=60))
def test_is_equal(one, other):
    assert ovms_crypto.is_equal(one, other) == (one == other)
    assert ovms_crypto.is_equal(one, bytearray(one))


@QUICK
@given(MESSAGES, CUTS)
def test_any_split_loses_nothing(messages, cuts):
    server = OracleServer()
    stream = server.welcome + b"".join(server.line(*message) for message in messages)
    assert list(messages_in(fresh_session(), pieces_of(stream, cuts))) == messages


@QUICK
@given(MESSAGES)
def test_what_we_send_arrives(messages):
    server = OracleServer()
    session = welcomed_session(server)
    for code, payload in messages:
        line = session.send(code, payload)
        assert line.endswith(b"\r\n")
        expected = b"MP-0 " + code.encode() + payload.replace(b"\n", b"\r")
        assert server.plain(line[:-2]) == expected


GARBAGE = st.lists(
    st.one_of(
        st.binary(max_size=80),
        st.sampled_from(
            [b"\r\n", b"\n", b"MP-S 0 ", b"MP-S 0 x y\r\n", b"MP-0 A\r\n", b"=", b"A" * 700]
        ),
        st.text(alphabet="ABCxyz019+/=\r\n ", max_size=60).map(str.encode),
    ),
    max_size=8,
).map(b"".join)


@QUICK
@given(GARBAGE, CUTS, st.booleans())
def test_garbage_raises_nothing_but_remote_protocol_errors(garbage, cuts, is_welcomed):
    session = welcomed_session(OracleServer()) if is_welcomed else fresh_session()
    try:
        list(messages_in(session, pieces_of(garbage, cuts)))
    except RemoteProtocolError as error:
        assert error.reason.replace("_", "").isalnum()
        assert session.state != v2.TALKING
    # One session lives for ever: after a reset it talks again.
    session.reset()
    session.welcome("CAR", SECRET)
    server = OracleServer()
    stream = server.welcome + server.line("Z", b"1")
    assert list(messages_in(session, [stream])) == [("Z", b"1")]


@QUICK
@given(MESSAGES, st.integers(0, 10**6), st.integers(1, 255))
def test_one_damaged_byte_never_raises_anything_else(messages, at, flip):
    server = OracleServer()
    stream = bytearray(server.welcome + b"".join(server.line(*message) for message in messages))
    stream[at % len(stream)] ^= flip
    with suppress(RemoteProtocolError):
        list(messages_in(fresh_session(), [bytes(stream)]))


@QUICK
@given(CODES, st.binary(max_size=300), st.text(max_size=31).filter(str.strip))
def test_paranoid_messages(code, payload, password):
    paranoid = Paranoid(bytes)
    token = paranoid.enable(password)[1:]
    sent_code, sent = paranoid.wrap(code, payload)
    if code in "AaPHhgE":
        assert (sent_code, sent) == (code, payload)
        return
    key = hmac.new(password.encode(), token, hashlib.md5).digest()
    oracle = Cipher(ARC4(key), mode=None).encryptor()
    oracle.update(bytes(1024))
    assert sent == b"M" + code.encode() + base64.b64encode(oracle.update(payload))
    assert paranoid.unwrap(memoryview(sent)) == (code, payload)


@QUICK
@given(st.one_of(st.binary(max_size=200), GARBAGE.map(lambda tail: b"AP-S 0 " + tail)))
def test_garbage_in_replies_and_wrapped_messages(line):
    with suppress(RemoteProtocolError):
        assert parse_reply(line, "8949") is None
    paranoid = Paranoid(bytes)
    paranoid.enable("OVMS")
    assert paranoid.unwrap(b"MA" + line) is None
    paranoid.unwrap(b"MC" + line)
