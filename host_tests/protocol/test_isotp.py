"""ISO-TP: messages of several frames; the frames are those of car facts 2.2 and 2.8."""

from binascii import unhexlify

from host_tests.shims.expect import allocates
from ovms.protocol.isotp import DONE, GAP_MS, IGNORED, REPLY, Receiver, single_frame

VIN = ("10 14 49 02 01 53 46 5A", "21 52 45 38 42 31 35 42", "22 33 39 39 39 39 39 39")
VIN_MESSAGE = b"\x49\x02\x01SFZRE8B15B3999999"


def feed(receiver, *frames):
    """What `receive` says of each."""
    found = []
    for text in frames:
        payload = unhexlify(text.replace(" ", ""))
        # What an earlier frame left behind the DLC is no part of this one.
        data = bytearray(b"\xee" * 8)
        data[: len(payload)] = payload
        found.append(receiver.receive(data, len(payload)))
    return found


def message(receiver):
    return bytes(receiver.content[: receiver.length])


def test_single_frames():
    receiver = Receiver(64)
    assert feed(receiver, "04 41 0C 1A F8") == [DONE] and message(receiver) == b"\x41\x0c\x1a\xf8"
    assert feed(receiver, "01 7E 55 55 55 55 55 55") == [DONE] and message(receiver) == b"\x7e"
    assert feed(receiver, "07 01 02 03 04 05 06 07") == [DONE] and receiver.length == 7


def test_single_frames_that_are_none():
    receiver = Receiver(64)
    for text in ("", "00 01 02", "08 01 02 03 04 05 06 07", "0F 01", "03 41 0D", "01"):
        assert feed(receiver, text) == [IGNORED], text
    assert feed(receiver, "07 01 02 03 04 05 06") == [IGNORED], "cut"
    assert receiver.length == 0


def test_a_message_of_three_frames():
    receiver = Receiver(64)
    assert feed(receiver, VIN[0]) == [REPLY]
    assert bytes(receiver.reply) == b"\x30\x00\x14\0\0\0\0\0"
    assert feed(receiver, *VIN[1:]) == [IGNORED, DONE]
    assert message(receiver) == VIN_MESSAGE
    assert feed(receiver, VIN[2]) == [IGNORED], "it is over"


def test_the_last_frame_may_be_as_long_as_it_has_to():
    receiver = Receiver(64)
    assert feed(receiver, "10 08 01 02 03 04 05 06", "21 07 08") == [REPLY, DONE]
    assert message(receiver) == bytes(range(1, 9))
    assert feed(receiver, "10 08 01 02 03 04 05 06", "21 07") == [REPLY, IGNORED]
    assert not receiver.is_receiving(), "cut, so of no use"


def test_a_wrong_number_ends_it():
    for second in ("23", "21", "20", "2F"):
        receiver = Receiver(64)
        feed(receiver, VIN[0], VIN[1], second + VIN[2][2:])
        assert not receiver.length and not receiver.is_receiving(), second
        assert feed(receiver, VIN[2]) == [IGNORED]
        assert feed(receiver, *VIN) == [REPLY, IGNORED, DONE], "the next one can be had"


def test_numbers_start_again_behind_15():
    receiver = Receiver(128)
    frames = ["10 7D" + " 00" * 6]
    frames += ["2%X" % (n & 15) + " %02X" % n * 7 for n in range(1, 18)]
    assert feed(receiver, *frames) == [REPLY] + [IGNORED] * 16 + [DONE]
    assert message(receiver)[-7:] == b"\x11" * 7 and receiver.length == 125


def test_what_is_too_long_is_refused():
    receiver = Receiver(64)
    for text in ("10 41 01 02 03 04 05 06", "1F FF 01 02 03 04 05 06", "10 00 00 01 00 00 05 06"):
        assert feed(receiver, text) == [REPLY], text
        assert receiver.reply[0] == 0x32 and not receiver.is_receiving()
        assert feed(receiver, "21 01 02 03 04 05 06 07") == [IGNORED]
    assert len(receiver.content) == 64
    assert feed(receiver, "10 40 01 02 03 04 05 06") == [REPLY] and receiver.reply[0] == 0x30


def test_first_frames_that_are_none():
    receiver = Receiver(64)
    short = ("10 14 49 02 01 53 46", "10")
    for text in ("10 07 01 02 03 04 05 06", "10 01 00 00 00 00 00 00") + short:
        assert feed(receiver, text) == [IGNORED], text
        assert not receiver.is_receiving()


def test_a_new_message_ends_the_one_under_way():
    receiver = Receiver(64)
    feed(receiver, VIN[0], VIN[1])
    assert feed(receiver, "03 41 0D 32") == [DONE] and message(receiver) == b"\x41\x0d\x32"
    assert feed(receiver, VIN[2]) == [IGNORED]
    feed(receiver, VIN[0], VIN[1])
    assert feed(receiver, *VIN) == [REPLY, IGNORED, DONE] and message(receiver) == VIN_MESSAGE


def test_flow_control_and_what_nobody_knows_is_ignored():
    receiver = Receiver(64)
    feed(receiver, VIN[0])
    for first in ("30 00 00", "31", "32", "40 01 02", "F0", "FF FF FF FF FF FF FF FF"):
        assert feed(receiver, first) == [IGNORED]
    assert feed(receiver, *VIN[1:]) == [IGNORED, DONE]


def test_what_stops_is_given_up():
    receiver = Receiver(64)
    feed(receiver, VIN[0])
    receiver.poll(10)
    receiver.poll(GAP_MS)
    assert receiver.is_receiving()
    receiver.poll(1)
    assert not receiver.is_receiving()
    assert feed(receiver, *VIN[1:]) == [IGNORED, IGNORED] and receiver.length == 0


def test_a_frame_that_came_just_now_has_its_time_before_it():
    receiver = Receiver(64)
    feed(receiver, VIN[0])
    receiver.poll(1000)
    feed(receiver, VIN[1])
    receiver.poll(1000)
    assert feed(receiver, VIN[2]) == [DONE]


def test_requests_are_padded():
    frame = bytearray(b"\xff" * 8)
    single_frame(frame, b"\x01\x0d")
    assert frame == b"\x02\x01\x0d\0\0\0\0\0"
    single_frame(frame, b"\x22\xf1\x90\x01\x02\x03\x04")
    assert frame == b"\x07\x22\xf1\x90\x01\x02\x03\x04"


def test_nothing_is_allocated():
    receiver = Receiver(64)
    frames = [bytearray(unhexlify(text.replace(" ", ""))) for text in VIN]

    def play():
        for data in frames:
            receiver.receive(data, 8)
        receiver.poll(10)

    assert not allocates(play)
    assert receiver.length == 20
