"""Texts of USSD answers: the coding decides, and the character set of the modem."""

from ovms.protocol import ussd

_ARABIC = "\u0631\u0635\u064a\u062f\u0643: 7,65"


def words(text):
    return "".join(["%04X" % ord(text[i : i + 1]) for i in range(len(text))]).encode()


def octets(text):
    return "".join(["%02X" % byte for byte in text.encode()]).encode()


def parsed(text, coding, charset=b"IRA"):
    return ussd.parsed(b'+CUSD: 0,"' + text + b'"' + coding, charset)[1]


def test_ucs2_by_its_coding():
    for coding in (b",72", b",24", b",17", b",88", b",152", b", 72", b",72,"):
        if coding == b",24":
            # A language of the 7-bit alphabet, whatever an SMS would mean by it.
            assert parsed(words(_ARABIC), coding) == words(_ARABIC).decode()
        else:
            assert parsed(words(_ARABIC), coding) == _ARABIC, coding
            assert parsed(words("Guthaben 5 \u20ac"), coding) == "Guthaben 5 \u20ac"


def test_a_text_that_looks_like_hexadecimal_stays_one():
    for text in (b"00410042", b"4711471147114711", b"DEAD", b"0045"):
        for coding in (b",15", b",0", b",1", b",64", b",240", b",-16"):
            assert parsed(text, coding) == text.decode(), coding
            assert parsed(text, coding, b"GSM") == text.decode(), coding


def test_the_modems_character_set_may_be_ucs2():
    for coding in (b",15", b",0", b"", b",72", b",240"):
        for text in ("Ihr Guthaben: 4,20 EUR", "00410042", "\u0416"):
            assert parsed(words(text), coding, b"UCS2") == text
    # Not known, as while it is changed: as it looks.
    assert parsed(words("Guthaben"), b",15", None) == "Guthaben"
    assert parsed(b"Guthaben", b",15", None) == "Guthaben"
    # Damaged, or from a modem that converts nothing: what there is.
    assert parsed(b"Guthaben", b",15", b"UCS2") == "Guthaben"


def test_octets_and_languages_in_front():
    for coding in (b",68", b",244", b",-12", b",84"):
        assert parsed(octets("Guthaben 5"), coding) == "Guthaben 5"
        assert parsed(b"Guthaben 5", coding) == "Guthaben 5"
    # "ar" in septets, then UCS2; "de" and a line end, then the 7-bit alphabet.
    assert parsed(b"6139" + words(_ARABIC), b",17") == _ARABIC
    assert parsed(b"de\rGuthaben", b",16") == "Guthaben"


def test_quotes_inside_are_text():
    for text in (b'Bildschirm 5" gross', b'"Hallo"', b'a ""b"" c', b'",15 ist nichts', b'"'):
        for coding in (b",15", b""):
            assert parsed(text, coding) == text.decode()


def test_modes_and_answers_without_a_text():
    for line, mode in ((b"+CUSD: 2", 2), (b"+CUSD: 4", 4), (b"+CUSD:", None), (b'+CUSD: 1,""', 1)):
        assert ussd.parsed(line, b"IRA") == (mode, "")
    assert ussd.parsed(b'+CUSD:1,"1 Menu",15', b"IRA") == (1, "1 Menu")


def test_any_damage_raises_nothing():
    line = b'+CUSD: 0,"0047007500740068",72'
    for at in range(len(line) + 1):
        for damaged in (line[:at], line[at:], line[:at] + b"\xff" + line[at + 1 :]):
            for charset in (b"IRA", b"UCS2", None):
                assert isinstance(ussd.parsed(damaged, charset)[1], str)
