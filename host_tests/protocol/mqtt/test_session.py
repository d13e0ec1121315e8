"""The MQTT engine against packets written by hand and by another codec, in every cut."""

from host_tests.fuzz.rng import Rng
from host_tests.shims.expect import raises
from ovms.protocol.errors import LocalProtocolError, RemoteProtocolError
from ovms.protocol.mqtt import address, packets
from ovms.protocol.mqtt.session import ACKED, BODY_MAX, MESSAGE, NEED_DATA, WELCOMED, Session
from tools.simulated_board.fakes import mqtt_broker as broker

CONNACK = b"\x20\x02\x00\x00"
_NAMES = {WELCOMED: "welcomed", ACKED: "acked"}


def talk(pieces, session=None):
    """What the engine tells of pieces: a list."""
    session = session or started()
    told = []
    for piece in pieces:
        session.receive(piece, len(piece))
        event = session.next_event()
        while event != NEED_DATA:
            if event == MESSAGE:
                told.append((session.code, bytes(session.payload), session.packet_id))
            elif event == ACKED:
                told.append(session.payload)
            else:
                told.append(_NAMES[event])
            event = session.next_event()
    return told


def started(is_in=False):
    session = Session()
    session.welcome("CAR", ("me", "secret"))
    if is_in:
        assert talk([CONNACK], session) == ["welcomed"]
    return session


def refused(data, session=None):
    session = session or started()
    error = raises(RemoteProtocolError, talk, [data], session)
    # For ever.
    assert raises(RemoteProtocolError, session.next_event).reason == error.reason
    return error.reason


def test_connect_as_in_the_standard():
    head, body = broker.Packets().feed(Session().welcome("CAR", ("me", "secret")))[0]
    assert head == 0x10
    assert body == (
        b"\x00\x04MQTT\x04\xe6\x02\x58"
        + broker.text("CAR")
        + broker.text("ovms/me/CAR/metric/s/v3/connected")
        + broker.text("no")
        + broker.text("me")
        + broker.text("secret")
    )
    head, body = broker.Packets().feed(Session().welcome("CAR", ("", "")))[0]
    assert body[7] == 0x26 and b"ovms/client/CAR/" in body


def test_prefix_has_no_wildcards_and_no_levels_of_others():
    assert packets.prefix("a/b+#", "C/#") == "ovms/a_b__/C__/"


def test_lengths_of_packets():
    for size in (0, 1, 100, 121, 122, 127, 128, 16_000, 16_383, 16_384, 70_000):
        data = packets.publish("a/b", bytes(size), packets.ACKNOWLEDGED, 7)
        assert data == broker.publish("a/b", bytes(size), 1, 7)
    start = packets.publish("a/b", b"12", packets.RETAIN, 0, 5)
    assert start + b"345" == broker.publish("a/b", b"12345", retain=1)


def test_subscribe_acknowledge_and_ping():
    assert packets.subscribe(10, ("a/+", "b")) == broker.packet(
        0x82, b"\x00\x0a" + broker.text("a/+") + b"\x01" + broker.text("b") + b"\x01"
    )
    assert packets.acknowledge(0x1234) == b"\x40\x02\x12\x34"
    session = started(True)
    assert session.send("A", b"") == b"\xc0\x00"
    assert session.send("", b"xyz") == b"xyz"
    raises(LocalProtocolError, started().send, "A", b"")
    raises(LocalProtocolError, session.welcome, "CAR", ("", ""))


def test_messages_in_every_cut():
    stream = (
        CONNACK
        + broker.publish("x/client/a/active", b"1")
        + broker.packet(0xD0)
        + broker.publish("x/client/a/command/1", b"stat", 1, 0x1234)
        + broker.packet(0x40, b"\x12\x35")
        + broker.packet(0x90, b"\x00\x01\x01\x00\x80")
        + broker.publish("t", b"")
    )
    expected = [
        "welcomed",
        ("x/client/a/active", b"1", 0),
        ("x/client/a/command/1", b"stat", 0x1234),
        0x1235,
        ("t", b"", 0),
    ]
    for at in range(len(stream) + 1):
        assert talk([stream[:at], stream[at:]]) == expected, at
    assert talk([stream[i : i + 1] for i in range(len(stream))]) == expected


def test_random_streams_in_random_cuts():
    for seed in range(150):
        rng = Rng(seed)
        stream = CONNACK
        expected = ["welcomed"]
        for _ in range(rng.below(12)):
            kind = rng.below(4)
            if kind == 0:
                number = 1 + rng.below(65_535)
                stream += broker.packet(0x40, bytes([number >> 8, number & 255]))
                expected.append(number)
            elif kind == 1:
                stream += broker.packet(0xD0)
            else:
                topic = "t" * (1 + rng.below(20))
                payload = rng.data(300)
                number = 1 + rng.below(65_535) if kind == 2 else 0
                stream += broker.publish(topic, payload, min(number, 1), number)
                expected.append((topic, payload, number))
        cuts = []
        at = 0
        while at < len(stream):
            n = 1 + rng.below(60)
            cuts.append(stream[at : at + n])
            at += n
        assert talk(cuts) == expected, seed


def test_damaged_streams_end_in_a_breach_or_not_at_all():
    """Whatever comes: events or one RemoteProtocolError, and no more memory than one packet's."""
    stream = CONNACK
    for i in range(6):
        stream += broker.publish("a/%d" % i, b"x" * 40 * i, i & 1, i + 1)
    for seed in range(300):
        rng = Rng(seed)
        data = rng.damaged(stream) if rng.chance(70) else rng.data(200)
        session = started()
        try:
            talk([data[:9], data[9:]], session)
        except RemoteProtocolError as error:
            assert error.reason, seed
        assert session._body is None or len(session._body) <= BODY_MAX


def test_refusals_of_the_broker():
    for code, reason in (
        (1, "refused_version"),
        (2, "refused_client"),
        (3, "refused_for_now"),
        (4, "refused_login"),
        (5, "refused_login"),
        (6, "not_mqtt"),
        (255, "not_mqtt"),
    ):
        assert refused(broker.packet(0x20, bytes([0, code]))) == reason


def test_what_is_no_mqtt():
    for data in (b"HTTP/1.1 400", b"MP-S 0 x", b"\x00\x00", b"SSH-2.0-x", b"\xff\xff"):
        assert refused(data) in ("not_mqtt", "no_connack"), data
    assert refused(broker.publish("a", b"")) == "no_connack"


def test_breaches():
    for data in (
        CONNACK,
        # Reserved flags, quality of service 2 and 3, and lengths that cannot be.
        b"\x21\x02\x00\x00",
        b"\x34\x05\x00\x01a\x00\x01",
        b"\x36\x05\x00\x01a\x00\x01",
        b"\x40\x03\x00\x01\x00",
        b"\xd0\x01\x00",
        b"\x30\xff\xff\xff\xff\x01",
        b"\x30\x01\x00",
        # A topic longer than its packet, no room for a number, the number 0, no UTF-8.
        b"\x30\x03\x00\x05a",
        b"\x32\x03\x00\x01a",
        b"\x32\x05\x00\x01a\x00\x00",
        b"\x30\x03\x00\x01\xff",
        # What a client sends.
        b"\x10\x00",
        b"\x82\x00",
        b"\xc0\x00",
        b"\xe0\x00",
        b"\x50\x02\x00\x01",
    ):
        assert refused(data, started(True)) == "not_mqtt", data


def test_a_message_too_long_is_cut_and_the_next_is_whole():
    session = started(True)
    long = broker.publish("a/b", b"x" * 100_000, 1, 77) + broker.publish("a/c", b"y")
    told = talk([long[i : i + 251] for i in range(0, len(long), 251)], session)
    assert [entry[0] for entry in told] == ["a/b", "a/c"]
    assert told[0][2] == 77 and len(told[0][1]) < BODY_MAX
    assert not session.is_cut
    # A topic that fills all the room, with its number beyond.
    assert talk([broker.publish("a" * 600, b"x", 1, 78) + broker.publish("c", b"")], session) == [
        ("c", b"", 0)
    ]
    assert session.strays == 1


def test_flags_of_a_message():
    session = started(True)
    talk([broker.publish("a", b"1", 1, 5, retain=1)], session)
    assert session.is_retained and not session.is_repeated
    talk([broker.publish("a", b"1", 1, 5, dup=1)], session)
    assert session.is_repeated and session.packet_id == 5
    # One that never came before is none again, and numbers are used anew.
    talk([broker.publish("a", b"1", 1, 6, dup=1)], session)
    assert not session.is_repeated
    talk([broker.publish("a", b"1", 1, 5)], session)
    assert not session.is_repeated
    session.reset()
    session.welcome("CAR", ("", ""))
    talk([CONNACK + broker.publish("a", b"1", 1, 6, dup=1)], session)
    assert not session.is_repeated


def test_addresses():
    assert address.parse("b.example") == ("b.example", 1883, False, "")
    assert address.parse("b.example:77") == ("b.example", 77, False, "")
    assert address.parse("tls://b.example") == ("b.example", 8883, True, "")
    assert address.parse("TLS://b.example:77") == ("b.example", 77, True, "")
    assert address.checked("") == ""
    for bad in ("tls://me@b", "b:0", "b:99999", "b:x", "a b", "", "tls://", "mqtt://b", "b/c"):
        assert str(raises(ValueError, address.parse, bad))[:2] == "A ", bad
    raises(ValueError, address.checked, "b" * 64)
