"""The SDO client against frames written by hand: CiA 301, "SDO protocol", and Twizy facts 9.6."""

from binascii import hexlify, unhexlify

from host_tests.shims.expect import raises
from ovms.protocol import sdo

# Writes of a CFG SPEED of later firmware, Twizy facts 9.6: index, subindex, value, data bytes.
WRITES = (
    (0x3813, 0x34, 9949, "22 13 38 34 DD 26 00 00"),
    (0x3813, 0x3C, 9399, "22 13 38 3C B7 24 00 00"),
    (0x2920, 0x05, 9062, "22 20 29 05 66 23 00 00"),
    (0x2920, 0x06, 900, "22 20 29 06 84 03 00 00"),
    (0x3813, 0x33, 9462, "22 13 38 33 F6 24 00 00"),
    (0x3813, 0x35, 9862, "22 13 38 35 86 26 00 00"),
    (0x3813, 0x3B, 10312, "22 13 38 3B 48 28 00 00"),
    (0x3813, 0x2D, 11812, "22 13 38 2D 24 2E 00 00"),
    (0x4624, 0x00, 12812, "22 24 46 00 0C 32 00 00"),
    (0x4611, 0x01, 880, "22 11 46 01 70 03 00 00"),
    (0x4611, 0x02, 0, "22 11 46 02 00 00 00 00"),
    (0x4611, 0x03, 880, "22 11 46 03 70 03 00 00"),
    (0x4611, 0x04, 2115, "22 11 46 04 43 08 00 00"),
    (0x4610, 0x0F, 964, "22 10 46 0F C4 03 00 00"),
    (0x4610, 0x10, 9728, "22 10 46 10 00 26 00 00"),
    (0x4610, 0x11, 1122, "22 10 46 11 62 04 00 00"),
    (0x4610, 0x12, 9984, "22 10 46 12 00 27 00 00"),
    (0x4611, 0x05, 765, "22 11 46 05 FD 02 00 00"),
    (0x4611, 0x06, 2446, "22 11 46 06 8E 09 00 00"),
    (0x4611, 0x07, 677, "22 11 46 07 A5 02 00 00"),
    (0x4611, 0x08, 2777, "22 11 46 08 D9 0A 00 00"),
    (0x4611, 0x09, 608, "22 11 46 09 60 02 00 00"),
    (0x4611, 0x0A, 3108, "22 11 46 0A 24 0C 00 00"),
    (0x4611, 0x0B, 506, "22 11 46 0B FA 01 00 00"),
    (0x4611, 0x0C, 3770, "22 11 46 0C BA 0E 00 00"),
    (0x4611, 0x0D, 407, "22 11 46 0D 97 01 00 00"),
    (0x4611, 0x0E, 4763, "22 11 46 0E 9B 12 00 00"),
    (0x4611, 0x0F, 309, "22 11 46 0F 35 01 00 00"),
    (0x4611, 0x10, 6418, "22 11 46 10 12 19 00 00"),
    (0x4611, 0x11, 219, "22 11 46 11 DB 00 00 00"),
    (0x4611, 0x12, 9062, "22 11 46 12 66 23 00 00"),
    (0x4641, 0x01, 1, "22 41 46 01 01 00 00 00"),
)


def data(text):
    return unhexlify(text.replace(" ", ""))


def shown(frame):
    return hexlify(frame, " ").decode().upper()


def test_requests():
    client = sdo.SDOClient()
    for index, subindex, value, text in WRITES:
        assert shown(client.write(index, subindex, value)) == text
        assert client.receive(data("60" + text[2:12] + "00 00 00 00")) == sdo.DONE
    assert shown(client.read(0x1018, 2)) == "40 18 10 02 00 00 00 00"
    assert shown(client.write(0x1234, 5, 0xFFFFFFFF)) == "22 34 12 05 FF FF FF FF"


def test_value_is_cut_to_the_size_of_the_reply():
    client = sdo.SDOClient()
    for control, value in (("4F", 0x11), ("4B", 0x2211), ("47", 0x332211), ("43", 0x44332211)):
        client.read(0x2920, 1)
        assert client.receive(data(control + " 20 29 01 11 22 33 44")) == sdo.DONE
        assert client.value == value
    client.read(0x2920, 1)
    assert client.receive(data("42 20 29 01 11 22 33 44")) == sdo.DONE
    assert client.value == 0x44332211


def test_foreign_frames_are_ignored():
    client = sdo.SDOClient()
    right = data("4B 20 29 01 E8 03 00 00")
    assert client.receive(right) == sdo.IGNORED, "nothing was asked"
    client.read(0x2920, 1)
    for text in (
        "4B 20 29 02 E8 03 00 00",
        "4B 20 28 01 E8 03 00 00",
        "4B 21 29 01 E8 03 00 00",
        "60 20 29 01 00 00 00 00",
        "80 20 29 02 00 00 00 08",
        "00 20 29 01 00 00 00 00",
        "A0 20 29 01 00 00 00 00",
        "FF FF FF FF FF FF FF FF",
    ):
        assert client.receive(data(text)) == sdo.IGNORED, text
    assert client.receive(right) == sdo.DONE
    assert client.value == 1000
    assert client.receive(right) == sdo.IGNORED, "the second answer of one question"
    client.write(0x2920, 1, 5)
    assert client.receive(right) == sdo.IGNORED, "the answer to a read"
    assert client.receive(data("60 20 29 01 00 00 00 00")) == sdo.DONE


def test_every_first_byte():
    """Of all 256 control bytes only those of the direction count, and none raises but 80."""
    for control in range(256):
        frame = bytes((control,)) + data("20 29 01 07 00 00 00")
        reader = sdo.SDOClient()
        reader.read(0x2920, 1)
        if control & 0xE0 == 0x80:
            assert raises(sdo.SDOAbort, reader.receive, frame).code == 7
        elif control & 0xE2 == 0x42:
            assert reader.receive(frame) == sdo.DONE
        elif control & 0xE0 == 0x40:
            assert raises(sdo.SDOAbort, reader.receive, frame).code == sdo.TOO_LONG
        else:
            assert reader.receive(frame) == sdo.IGNORED
        writer = sdo.SDOClient()
        writer.write(0x2920, 1, 7)
        if control & 0xE0 == 0x80:
            raises(sdo.SDOAbort, writer.receive, frame)
        else:
            expected = sdo.DONE if control & 0xE0 == 0x60 else sdo.IGNORED
            assert writer.receive(frame) == expected


def test_abort():
    client = sdo.SDOClient()
    client.write(0x2920, 5, 65000)
    error = raises(sdo.SDOAbort, client.receive, data("80 20 29 05 00 00 00 08"))
    assert error.code == sdo.GENERAL_ERROR
    assert client.poll(10000) is None, "it is over"


def test_timeout_aborts_pauses_and_asks_again():
    client = sdo.SDOClient(timeout_ms=100, tries=3, pause_ms=10)
    request = client.read(0x2920, 5)
    for _ in range(2):
        assert client.poll(99) is None
        assert shown(client.poll(1)) == "80 20 29 05 00 00 04 05"
        assert client.receive(data("4B 20 29 05 01 00 00 00")) == sdo.IGNORED, "too late"
        assert client.poll(9) is None
        assert client.poll(1) == request
    assert shown(client.poll(100)) == "80 20 29 05 00 00 04 05"
    assert raises(sdo.SDOAbort, client.poll, 10).code == sdo.TIMED_OUT
    assert client.poll(1000) is None


def test_the_last_try_may_succeed():
    client = sdo.SDOClient(timeout_ms=100, tries=2, pause_ms=10)
    client.read(0x2920, 5)
    client.poll(100)
    client.poll(10)
    assert client.receive(data("4B 20 29 05 66 23 00 00")) == sdo.DONE
    assert client.value == 9062


# CFG READS 1008 0 of Twizy facts 9.6.
LONG_TEXT = b"Gen4 (Renault Twizy)11 November 2011 12"


def segments(content):
    """What a server sends for `content`, in frames of its own making."""
    frames = [b"\x41\x08\x10\x00" + len(content).to_bytes(4, "little")]
    toggle = 0
    for start in range(0, len(content), 7):
        piece = content[start : start + 7]
        unused = 7 - len(piece)
        is_last = start + 7 >= len(content)
        frames.append(bytes((toggle | unused << 1 | is_last,)) + piece + bytes(unused))
        toggle ^= 0x10
    return frames


def test_long_read():
    frames = segments(LONG_TEXT)
    assert shown(frames[0]) == "41 08 10 00 27 00 00 00"
    assert shown(frames[1]) == "00 47 65 6E 34 20 28 52"
    assert shown(frames[-1]) == "17 31 20 31 32 00 00 00"
    client = sdo.SDOClient()
    client.read(0x1008, 0, 50)
    expected = 0x60
    for frame in frames[:-1]:
        assert client.receive(data("4B 20 29 01 E8 03 00 00")) == sdo.IGNORED
        assert client.receive(frame) == sdo.MORE
        assert client.request == bytes((expected, 0, 0, 0, 0, 0, 0, 0))
        expected ^= 0x10
    assert client.receive(frames[-1]) == sdo.DONE
    assert bytes(client.content) == LONG_TEXT
    assert client.value == 39


def test_long_read_is_bounded():
    client = sdo.SDOClient()
    client.read(0x1008, 0)
    frames = segments(LONG_TEXT)
    assert raises(sdo.SDOAbort, client.receive, frames[0]).code == sdo.TOO_LONG
    client.read(0x1008, 0, 38)
    assert raises(sdo.SDOAbort, client.receive, frames[0]).code == sdo.TOO_LONG
    client.read(0x1008, 0, 10)
    client.receive(b"\x40\x08\x10\x00\x00\x00\x00\x00")
    client.receive(frames[1])
    assert raises(sdo.SDOAbort, client.receive, frames[2]).code == sdo.TOO_LONG
    assert shown(client.abort(sdo.TOO_LONG)) == "80 08 10 00 05 00 04 05"


def test_long_read_out_of_step():
    client = sdo.SDOClient()
    frames = segments(LONG_TEXT)
    client.read(0x1008, 0, 50)
    client.receive(frames[0])
    client.receive(frames[1])
    assert raises(sdo.SDOAbort, client.receive, frames[1]).code == sdo.TOGGLE_MISMATCH


def test_long_read_starts_anew_after_a_timeout():
    client = sdo.SDOClient(timeout_ms=100, tries=2, pause_ms=10)
    frames = segments(LONG_TEXT)
    first = client.read(0x1008, 0, 50)
    client.receive(frames[0])
    client.receive(frames[1])
    client.poll(100)
    assert client.poll(10) == first
    for frame in frames:
        client.receive(frame)
    assert bytes(client.content) == LONG_TEXT
