"""candump lines (CPython only)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.desk.canbus import Frame, format_line, parse_line


def test_standard_frame():
    frame = parse_line("(1700000000.123456) can0 155#0797D0AF54FFFFFF\n")
    assert frame == Frame(
        0x155, bytes.fromhex("0797D0AF54FFFFFF"), timestamp_s=1700000000.123456, channel="can0"
    )
    assert frame.dlc == 8
    assert format_line(frame) == "(1700000000.123456) can0 155#0797D0AF54FFFFFF"


def test_extended_and_remote_frames():
    for text in (
        "(1.500000) vcan1 18DAF110#0210C0",
        "(1.500000) can0 00000001#",
        "(1.500000) can0 601#R",
        "(1.500000) can0 601#R8",
        "(1.500000) can0 1FFFFFFF#R3",
    ):
        assert format_line(parse_line(text)) == text
    assert parse_line("(1.5) can0 00000001#").is_extended_id
    assert parse_line("(1.5) can0 601#R8").dlc == 8
    assert parse_line("(1.5) can0 601#R8").data == b""


def test_variants_other_tools_write():
    assert parse_line("(1.5) can0 080#11.22.33").data == b"\x11\x22\x33"
    assert parse_line("(1.5) can0 080#aabb T").data == b"\xaa\xbb"
    assert parse_line("(1) can0 080#").data == b""


def test_time_of_writing():
    before = time.time() - 0.001
    stamp = float(format_line(Frame(0x80)).partition(")")[0][1:])
    assert before <= stamp <= time.time() + 0.001


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not a line"),
        ("155#07", "is not a line"),
        ("(1.5) can0 155 [1] 07", "is not a line"),
        ("(1.5) can0 155#07 junk", "is not a line"),
        ("(x) can0 155#07", "is not a line"),
        ("(1.5) can0 15#07", "3 digits"),
        ("(1.5) can0 0155#07", "3 digits"),
        ("(1.5) can0 800#07", "no CAN identifier"),
        ("(1.5) can0 20000080#07", "no CAN identifier"),
        ("(1.5) can0 xyz#07", "not a hexadecimal"),
        ("(1.5) can0 155#7", "row of hexadecimal bytes"),
        ("(1.5) can0 155#0g", "row of hexadecimal bytes"),
        ("(1.5) can0 155#000102030405060708", "9 data bytes"),
        ("(1.5) can0 155##300", "CAN FD"),
        ("(1.5) can0 155#R9", "R and a length"),
        ("(1.5) can0 155#" + "0g" * 500, "..."),
    ],
)
def test_bad_line_is_one_sentence(text, says):
    with pytest.raises(ValueError, match=says.replace("...", r"\.\.\.")) as caught:
        parse_line(text)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 140


@given(st.integers(0, 0x7FF), st.binary(max_size=8), st.integers(0, 4_000_000_000))
def test_round_trip(arbitration_id, data, microseconds):
    frame = Frame(arbitration_id, data, timestamp_s=microseconds / 1e6)
    assert parse_line(format_line(frame)) == frame


@given(st.text(max_size=40))
def test_any_text_is_a_frame_or_a_sentence(text):
    try:
        assert isinstance(parse_line(text), Frame)
    except ValueError as error:
        assert "'" in str(error) or "data bytes" in str(error)
