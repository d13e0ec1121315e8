"""Parts of long SMS in PDU mode."""

from host_tests.fakes.sms_pdus import gsm_part, pdu
from ovms.protocol import sms_pdu


def part(line):
    """(sender, text, reference, how many parts, which one of them) of a part, else None."""
    found = sms_pdu.message(line)
    return found[:2] + found[2] if found and found[2] else None


def test_the_example_is_no_part():
    stat = b"0791947101670000040D91945111325476F800006280420102038004536A900A"
    assert part(stat) is None


def test_parts_in_the_7_bit_alphabet():
    for length in (1, 2, 6, 7, 8, 9, 100, 153):
        text = ("PARAMS 0123456789abcdefghijklmnopqrstuvwxyz" * 4)[:length]
        assert part(gsm_part(text)) == ("+4915112345678", text, 42, 2, 1), length


def test_parts_in_ucs2():
    user_data = "0500032A0302" + "0047007200F600DF00650020003520AC" + "D83DDE00"
    found = part(pdu("44", "08", "1A", user_data))
    assert found == ("+4915112345678", "Gr\u00f6\u00dfe 5\u20ac\U0001f600", 42, 3, 2)


def test_long_references_and_other_header_fields():
    header = b"\x0c\x05\x04\x0b\x84\x23\xf0\x08\x04\x12\x34\x02\x02"
    assert part(gsm_part("STAT", header))[1:] == ("STAT", 0x1234, 2, 2)
    # Port numbers alone make no part, and neither do senseless places.
    assert part(gsm_part("STAT", b"\x06\x05\x04\x0b\x84\x23\xf0")) is None
    for place in (b"\x02\x00", b"\x02\x03", b"\x00\x00"):
        assert part(gsm_part("STAT", b"\x05\x00\x03\x2a" + place)) is None


def test_escaped_characters():
    codes = "\x1b\x14\x1b\x28\x1b\x29\x1b\x2f\x1b\x3c\x1b\x3d\x1b\x3e\x1b\x40\x1b\x65\x1bA\x00\x02"
    assert part(gsm_part(codes))[1] == "^{}\\[~]|\u20acA@$"


def test_senders_that_are_no_international_numbers():
    header = "0500032A0201" + "00530054"
    national = pdu("44", "08", "0A", header, "04815110" + "00")
    assert part(national)[0] == "1501"
    # "Telekom" in septets, 13 half octets.
    name = pdu("44", "08", "0A", header, "0DD0D432BBBC7EB701" + "00")
    assert part(name)[0] == "Telekom"


def test_damage_is_no_part():
    whole = gsm_part("PARAMS 5 internet")
    for at in range(len(whole)):
        part(whole[:at])
        part(whole[:at] + b"F" + whole[at + 1 :])
        assert part(whole[:at] + b"x" + whole[at + 1 :]) is None
    for bad in (b"", b"0", b"00", b"FF", b"0044"):
        assert part(bad) is None
