"""The session engine against known sessions, cut anywhere, and against peers that misbehave."""

import ovms_crypto
from host_tests.fixtures.v2 import vectors
from host_tests.shims.expect import allocates, raises
from ovms.protocol.errors import LocalProtocolError, RemoteProtocolError
from ovms.protocol.v2 import session as v2


def urandom_for(token):
    """A random source that makes `token` the next token."""
    return lambda n: bytes(ovms_crypto.ALPHABET.find(bytes((c,))) for c in token)


def new_session():
    session = v2.Session(urandom_for(vectors.CAR_TOKEN))
    session.welcome(vectors.CAR_ID, vectors.CAR_SECRET)
    return session


def events(session, *pieces):
    """What the session says about the pieces: WELCOMED or (code, payload)."""
    found = []
    for piece in pieces:
        session.receive(memoryview(piece), len(piece))
        while True:
            event = session.next_event()
            if event == v2.NEED_DATA:
                break
            if event == v2.MESSAGE:
                found.append((session.code, bytes(session.payload)))
            else:
                found.append(event)
    return found


def welcomed_session():
    session = new_session()
    assert events(session, vectors.SERVER_WELCOME + b"\r\n") == [v2.WELCOMED]
    return session


def failure(session, piece):
    """Reason of the error that `piece` causes; the session must stay in it until reset."""
    reason = raises(RemoteProtocolError, events, session, piece).reason
    assert session.state != v2.TALKING
    assert raises(RemoteProtocolError, session.next_event).reason == reason
    session.receive(b"more\r\n", 6)
    assert raises(RemoteProtocolError, session.next_event).reason == reason
    raises(LocalProtocolError, session.send, "A", b"")
    raises(LocalProtocolError, session.welcome, "ID", "secret")
    session.reset()
    line = session.welcome(vectors.CAR_ID, vectors.CAR_SECRET)
    assert line == vectors.CAR_WELCOME + b"\r\n"
    assert events(session, vectors.SERVER_WELCOME + b"\r\n") == [v2.WELCOMED]
    return reason


def stream_of(welcome, sends):
    return b"".join(line + b"\r\n" for line in [welcome] + [wire for _, _, wire in sends])


STREAM = stream_of(vectors.SERVER_WELCOME, vectors.SERVER_SENDS)
EXPECTED = [v2.WELCOMED] + [(code, payload) for code, payload, _ in vectors.SERVER_SENDS]


def test_login_and_messages_of_the_vectors():
    session = v2.Session(urandom_for(vectors.CAR_TOKEN))
    line = session.welcome(vectors.CAR_ID, vectors.CAR_SECRET)
    assert line == vectors.CAR_WELCOME + b"\r\n"
    assert session.state != v2.TALKING
    assert events(session, STREAM) == EXPECTED
    assert session.state == v2.TALKING
    for code, payload, wire in vectors.CAR_SENDS:
        assert session.send(code, payload) == wire + b"\r\n"


def test_session_recorded_with_the_real_server():
    session = v2.Session(urandom_for(vectors.REAL_CAR_TOKEN))
    line = session.welcome("TESTCAR", vectors.REAL_SECRET)
    assert line == vectors.REAL_CAR_WELCOME + b"\r\n"
    stream = stream_of(vectors.REAL_SERVER_WELCOME, vectors.REAL_SERVER_SENDS)
    wanted = [(code, payload) for code, payload, _ in vectors.REAL_SERVER_SENDS]
    assert events(session, stream) == [v2.WELCOMED] + wanted
    for code, payload, wire in vectors.REAL_CAR_SENDS:
        assert session.send(code, payload) == wire + b"\r\n"


def test_every_split_point():
    session = new_session()
    for at in range(len(STREAM) + 1):
        assert events(session, STREAM[:at], STREAM[at:]) == EXPECTED, at
        session.reset()
        session.welcome(vectors.CAR_ID, vectors.CAR_SECRET)


def test_one_byte_at_a_time():
    session = new_session()
    assert events(session, *(STREAM[i : i + 1] for i in range(len(STREAM)))) == EXPECTED


def test_only_the_first_n_bytes_of_the_view_count():
    session = new_session()
    view = memoryview(STREAM + b"garbage\r\n")
    session.receive(view, len(STREAM))
    assert session.next_event() == v2.WELCOMED
    for _ in vectors.SERVER_SENDS:
        assert session.next_event() == v2.MESSAGE
    assert session.next_event() == v2.NEED_DATA
    assert session.next_event() == v2.NEED_DATA


def test_lf_alone_and_several_crs_end_a_line():
    assert events(new_session(), STREAM.replace(b"\r\n", b"\n")) == EXPECTED
    assert events(new_session(), STREAM.replace(b"\r\n", b"\r\r\n")) == EXPECTED


def test_missing_padding():
    assert events(new_session(), STREAM.replace(b"=", b"")) == EXPECTED


def test_empty_lines_are_skipped():
    stream = b"\r\n\n" + STREAM.replace(b"\r\n", b"\r\n\r\n")
    assert events(new_session(), stream) == EXPECTED


def test_payload_survives_send():
    session = welcomed_session()
    wire = vectors.SERVER_SENDS[0][2] + b"\r\n"
    session.receive(wire, len(wire))
    assert session.next_event() == v2.MESSAGE
    session.send(*vectors.CAR_SENDS[0][:2])
    assert bytes(session.payload) == b"1"


def test_lines_before_the_welcome_are_ignored_up_to_a_limit():
    stream = b"hello\r\n\x00\xff\r\n" + STREAM
    assert events(new_session(), stream) == EXPECTED
    assert events(new_session(), b"hello\r\n" * 8 + STREAM) == EXPECTED
    assert failure(new_session(), b"hello\r\n" * 9) == "no_welcome"


def test_bad_welcomes():
    echo = b"MP-S 0 " + vectors.CAR_TOKEN + b" " + vectors.CAR_DIGEST
    wrong = vectors.SERVER_WELCOME.replace(b"Rs+", b"Rs/")
    for line, reason in (
        (echo, "echoed_token"),
        (wrong, "wrong_digest"),
        (vectors.SERVER_WELCOME.replace(b" 0 ", b" 2 "), "wrong_scheme"),
        (b"MP-S 0", "bad_welcome"),
    ):
        assert failure(new_session(), line + b"\r\n") == reason


def test_garbage_after_the_welcome():
    for line, reason in (
        (b"hello, world", "not_base64"),
        (b" ", "not_base64"),
        (b"jbmh+", "not_base64"),
        (b"jbmh+Zj\xff", "not_base64"),
        # Good base64 of `MP-0 ` without a code, of `MP-1 Z1`, and of the second message first.
        (b"jbmh+Zg=", "not_a_message"),
        (b"jbmh+JjU8g==", "not_a_message"),
        (vectors.SERVER_SENDS[1][2], "not_a_message"),
        (b"====", "not_a_message"),
        (vectors.SERVER_WELCOME, "not_base64"),
    ):
        assert failure(welcomed_session(), line + b"\r\n") == reason, line


def test_messages_before_the_error_arrive():
    session = new_session()
    session.receive(STREAM + b"!\r\n" + STREAM, 2 * len(STREAM) + 3)
    for _ in EXPECTED:
        assert session.next_event() != v2.NEED_DATA
    assert raises(RemoteProtocolError, session.next_event).reason == "not_base64"


def test_line_length():
    session = welcomed_session()
    peer = welcomed_session()
    # 762 bytes and `MP-0 C` are 768, so 1024 characters: too long by its CR, just right without.
    payload = bytes(33 + i % 90 for i in range(762))
    line = bytes(peer.send("C", payload))
    assert len(line) == v2.LINE_MAX + 2
    assert failure(welcomed_session(), line) == "line_too_long"
    assert events(session, line[:1000], line[1000:1024], b"\n") == [("C", payload)]
    assert failure(welcomed_session(), b"A" * (v2.LINE_MAX + 1)) == "line_too_long"
    assert failure(new_session(), b"A" * 5000) == "line_too_long"


def test_line_too_long_in_pieces():
    session = welcomed_session()
    for _ in range(v2.LINE_MAX):
        assert events(session, b"A") == []
    assert failure(session, b"A") == "line_too_long"


def test_scheme_1_sends_and_receives_plain_lines():
    session = v2.Session(urandom_for(vectors.CAR_TOKEN))
    line = session.welcome("*", vectors.REAL_OPEN_PASSWORD, vectors.REAL_OPEN_OWNER)
    assert line == vectors.REAL_OPEN_CLIENT_WELCOME.replace(b"MP-A", b"MP-C") + b"\r\n"
    stream = stream_of(vectors.REAL_OPEN_SERVER_WELCOME, vectors.REAL_OPEN_SERVER_SENDS)
    wanted = [(code, payload) for code, payload, _ in vectors.REAL_OPEN_SERVER_SENDS]
    assert events(session, stream) == [v2.WELCOMED] + wanted
    assert session.send("S", memoryview(b"80,K")) == b"S80,K\r\n"
    assert session.send("F", b"one\ntwo") == b"Fone\rtwo\r\n"


def test_schemes_do_not_mix():
    assert failure(new_session(), vectors.REAL_OPEN_SERVER_WELCOME + b"\r\n") == "wrong_scheme"
    session = v2.Session(urandom_for(vectors.CAR_TOKEN))
    session.welcome("*", "password", "owner")
    assert failure(session, vectors.SERVER_WELCOME + b"\r\n") == "wrong_scheme"


def test_send_takes_any_bytes_and_keeps_a_message_on_one_line():
    session = welcomed_session()
    peer = welcomed_session()
    for payload, arrives in (
        (b"", b""),
        (b"\x00\xff=", b"\x00\xff="),
        (bytearray(b"one"), b"one"),
        (memoryview(b"one\r\ntwo\n"), b"one\r\rtwo\r"),
        (bytes(range(256)) * 2, (bytes(range(256)) * 2).replace(b"\n", b"\r")),
    ):
        assert events(session, bytes(peer.send("c", payload))) == [("c", arrives)]


def test_misuse():
    session = v2.Session(urandom_for(vectors.CAR_TOKEN))
    raises(LocalProtocolError, session.send, "A", b"")
    session.receive(STREAM, len(STREAM))
    assert session.next_event() == v2.NEED_DATA
    raises(ValueError, session.welcome, "MY CAR", "secret")
    raises(ValueError, session.welcome, "", "secret")
    raises(ValueError, session.welcome, "ID", "two words", "owner")
    session.welcome(vectors.CAR_ID, vectors.CAR_SECRET)
    raises(LocalProtocolError, session.welcome, vectors.CAR_ID, vectors.CAR_SECRET)
    raises(LocalProtocolError, session.send, "A", b"")
    session.receive(STREAM, len(STREAM))
    raises(LocalProtocolError, session.receive, STREAM, len(STREAM))
    assert session.next_event() == v2.WELCOMED
    raises(LocalProtocolError, session.send, "", b"")
    raises(LocalProtocolError, session.send, "Ab", b"")
    raises(LocalProtocolError, session.send, "\xe4", b"")


def test_reset_forgets_half_a_line_and_the_place_in_the_key_stream():
    session = welcomed_session()
    events(session, vectors.SERVER_SENDS[0][2] + b"\r\nhalf a li")
    session.send("S", b"80")
    session.reset()
    assert session.state != v2.TALKING
    session.welcome(vectors.CAR_ID, vectors.CAR_SECRET)
    assert events(session, STREAM) == EXPECTED
    for code, payload, wire in vectors.CAR_SENDS:
        assert session.send(code, payload) == wire + b"\r\n"


def test_waiting_for_data_does_not_allocate():
    session = welcomed_session()
    nothing = memoryview(b"")

    def hot():
        session.receive(nothing, 0)
        session.next_event()

    assert not allocates(hot)


def test_reset_leaves_nothing_of_the_connection_and_the_secret_goes_with_the_welcome():
    fresh = v2.Session(urandom_for(vectors.CAR_TOKEN))
    assert fresh.is_open is False
    session = v2.Session(urandom_for(vectors.CAR_TOKEN))
    line = session.welcome(vectors.CAR_ID, vectors.CAR_SECRET)
    assert session.secret == vectors.CAR_SECRET.encode() and session.token and line
    assert events(session, vectors.SERVER_WELCOME + b"\r\n") == [v2.WELCOMED]
    assert session.secret == b""
    assert len(events(session, STREAM[len(vectors.SERVER_WELCOME) + 2 :])) == len(EXPECTED) - 1
    session.send("A", b"")
    raises(RemoteProtocolError, events, session, b"!\r\n")
    opened = v2.Session(urandom_for(vectors.CAR_TOKEN))
    opened.welcome(vectors.CAR_ID, "secret", "owner")
    for used in (session, opened):
        used.reset()
        names = "state is_open token secret foreign_lines code received sent payload"
        for name in (names + " _reason _piece").split():
            assert getattr(used, name) == getattr(fresh, name), name


def opened_session():
    """One of scheme 1, which shows what is sent."""
    session = v2.Session(urandom_for(vectors.CAR_TOKEN))
    session.welcome("CAR7", "secret", "owner")
    assert events(session, b"MP-S 1 owner CAR7\r\n") == [v2.WELCOMED]
    return session


def test_a_line_break_anywhere_in_a_payload_leaves_as_cr():
    for payload, sent in ((b"\nab", b"\rab"), (b"a\nb", b"a\rb"), (b"ab\n", b"ab\r"), (b"", b"")):
        assert bytes(opened_session().send("A", payload)) == b"A" + sent + b"\r\n"


def test_many_lines_in_one_piece_may_be_longer_than_one_line():
    line = b"A" + bytes(b"x" * 700)
    assert events(opened_session(), (line + b"\r\n") * 4) == [("A", line[1:])] * 4
