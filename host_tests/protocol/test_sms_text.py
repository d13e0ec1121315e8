"""Numbers and texts of SMS as a modem in text mode takes and gives them."""

import gc

from ovms.protocol import sms_pdu, sms_sender, sms_text
from ovms.protocol.phone import normal_phone
from ovms.services.sms import access

# Source: hardware facts 4.4, `AT+CSCS="UCS2"` example of the PDU fixtures and of D14.
_NUMBER = "+4915112345678"
_NUMBER_UCS2 = "002B0034003900310035003100310032003300340035003600370038"


def test_numbers():
    assert sms_text.clean_number("+49 151-123 45678") == "+4915112345678"
    assert sms_text.clean_number("0049(151)123.45/678") == "004915112345678"
    for bad in (
        "",
        "+",
        "12",
        "Telekom",
        '+49151";+CFUN=0',
        "+4915\r",
        "1" * 21,
        "++49151",
        "4+9151",
    ):
        assert sms_text.clean_number(bad) is None, bad
    # Digits of other scripts are digits to Python.
    assert sms_text.clean_number("\u0664\u0669\u0661\u0665") is None


def test_texts_cannot_end_an_sms():
    assert sms_text.clean_text("SOC: 79%") == "SOC: 79%"
    assert sms_text.clean_text("a\x1ab\x1bc\x00d\x7fe") == "a b c d e"
    assert sms_text.clean_text("a\r\nb\rc\nd") == "a\r\nb\nc\nd"
    assert sms_text.clean_text("\r\n\r\r\n") == "\r\n\n\r\n"


def test_plain_is_what_ascii_and_gsm_share():
    plain = "SOC: 79% @home $5 under_score\nline 2"
    assert sms_text.to_plain(plain) == plain
    for char in "[\\]^`{|}~\u00e4\u20ac\u0416":
        assert sms_text.to_plain("a" + char) == "a?", char
    assert sms_text.to_plain("L\u00e4dt [1]") == "L?dt ?1?"


def lengths(text, has_ucs2=True):
    return [len(part) for _, part, _ in sms_text.outgoing("+49151", text, has_ucs2)]


def test_outgoing():
    assert sms_text.outgoing("+49 151", "SOC: 79%\r\nok", True) == [
        (b"+49151", b"SOC: 79%\r\nok", False)
    ]
    assert sms_text.outgoing("+49151", "L\u00e4dt", True) == [
        (b"002B00340039003100350031", b"004C00E400640074", True)
    ]
    assert sms_text.outgoing("+49151", "L\u00e4dt", False) == [(b"+49151", b"L?dt", False)]
    assert sms_text.outgoing("Telekom", "x", True) == []
    assert lengths("") == [0]
    assert lengths("a" * 160) == [160]
    assert lengths("a" * 161) == [160, 1]
    assert lengths("\u00e4" * 141) == [280, 280, 4]
    assert lengths("\u00e4" * 141, False) == [141]


def test_incoming():
    long = b'+CMGR: "REC UNREAD","%s","","26/08/24,10:20:30+08",145,4,0,%d,"+491710760000",145,4'
    incoming = sms_text.incoming
    assert incoming(long % (b"+49151", 0), b"STAT") == ("+49151", "STAT")
    assert incoming(long % (_NUMBER_UCS2.encode(), 8), b"00530054") == (_NUMBER, "ST")
    assert incoming(long % (b"+49151", 0), b"4711471147114711") == ("+49151", "4711471147114711")
    assert incoming(b'+CMT: "+49151","","26/08/24,10:20:30+08"', b"STAT") == ('"+49151"', "STAT")
    assert incoming(b'+CMT: "+49151",,"26/08/24,10:20:30+08",145,4,0,8', b"0416") == (
        "+49151",
        "\u0416",
    )
    assert incoming(b'+CMT: "Tele\xffkom","",""', b"x") == ("Tele?kom", "x")
    assert incoming(b'+CMGR: "REC UNREAD"', b"x") is None


def test_any_damage_raises_nothing():
    header = b'+CMGR: "REC UNREAD","+49","","26/08/24,10:20:30+08",145,4,0,8,"+49",145,4'
    for at in range(len(header)):
        for damaged in (header[:at], header[:at] + b"\xff" + header[at + 1 :], header[at:]):
            for text in (b"", b"\xff", b"0053", b"00\xc3\xa4"):
                sms_text.incoming(damaged, text)


def from_ucs2(raw):
    codes = sms_text.codes_of(raw)
    return codes and sms_text.text_of(codes)


def test_ucs2():
    assert sms_text.to_ucs2(_NUMBER) == _NUMBER_UCS2
    assert sms_text.to_ucs2("STAT?") == "0053005400410054003F"
    # User data of the PDU fixtures "Größe 5€" and "Lädt: 79%" of hardware facts 4.4.
    assert sms_text.to_ucs2("Gr\u00f6\u00dfe 5\u20ac") == "0047007200F600DF00650020003520AC"
    assert from_ucs2(b"004C00E400640074003A0020003700390025") == "L\u00e4dt: 79%"
    assert sms_text.to_ucs2("a\U0001f600") == "0061D83DDE00"
    assert from_ucs2(b"0061D83DDE00") == "a\U0001f600"
    # MicroPython takes the two with blanks for one digit pair; found by random messages.
    for bad in (b"", b"0", b"00", b"004", b"00G0", b"0x41", b"+041", b" 041", b"12  ", b"\n 14"):
        assert from_ucs2(bad) is None, bad


def test_senders():
    decoded = sms_sender.decoded
    for charset in (b"UCS2", b"IRA", None):
        assert decoded(_NUMBER_UCS2, 145, charset) == _NUMBER
        for number in (_NUMBER, "00491511234", "1234567890123456"):
            assert decoded(number, 145 if number[0] == "+" else 129, charset) == number
    for number in ("0151", "12 345", "*100#"):
        assert decoded(number, 129, b"IRA") == number.replace(" ", "")


def test_the_type_of_address_decides_what_a_sender_is():
    # Names in UCS2, of letters and of digits; and as they are.
    for name in ("Test", "Play", "T-Mobile.pl", "O2", "4711", "+4512345678", "0800 12345"):
        is_number = normal_phone(name) != ""
        shown = '"%s"' % name if is_number else name
        for kind in (208, 0x50, 0xD5):
            assert sms_sender.decoded(sms_text.to_ucs2(name), kind, b"UCS2") == shown, name
            assert sms_sender.decoded(sms_text.to_ucs2(name), kind, None) == shown, name
            assert sms_sender.decoded(name, kind, b"IRA") == shown, name
            assert normal_phone(shown) == "" and sms_text.clean_number(shown) is None
    # Subscriber's, network's own, short and reserved numbers are nobody's telephone.
    for kind in (0xB1, 0xC1, 0xE1, 0xF1):
        assert sms_sender.decoded("4915112345678", kind, b"IRA") == '"4915112345678"'
    assert sms_sender.decoded("+4915112345678", 129, b"IRA") == '"+4915112345678"'
    # Without a type: what has no room in a name is a number.
    assert sms_sender.decoded(_NUMBER, None, b"IRA") == _NUMBER
    assert sms_sender.decoded("+4512345678", None, b"IRA") == '"+4512345678"'
    assert sms_sender.decoded("0054006500730074", None, b"UCS2") == "Test"
    assert sms_sender.decoded("Telekom", None, None) == "Telekom"


def test_a_name_cannot_move_the_fields_behind_it():
    tail = ',"","26/08/24,10:20:30+08",208,4,0,0,"+491710760000",145,4'
    for name in ('+49151","",1', '","+49151', '",145,4,0,0', 'a"b', '"', ",,,,,,,,,", '""'):
        for head in ('+CMGR: "REC UNREAD",', "+CMT: "):
            header = (head + '"%s"' % name + tail).encode()
            sender, text = sms_text.incoming(header, b"STAT", b"IRA")
            assert text == "STAT" and normal_phone(sender) == "", (name, sender)
            assert sms_text.fields_of(header)[1:] == (208, 4, 0, b"26/08/24,10:20:30+08")


def test_decode_text():
    decode = sms_text.decode_text
    assert decode(b"STAT?") == "STAT?"
    assert decode(b"0053005400410054003F") == "STAT?"
    assert decode(b"0053005400410054003F", 8) == "STAT?"
    assert decode(b"0416043C0443", 8) == "\u0416\u043c\u0443"
    assert decode(b"Gr\xc3\xb6\xc3\x9fe") == "Gr\u00f6\u00dfe"
    assert decode(b"Gr\xf6\xdfe") == "Gr\u00f6\u00dfe"
    # Digits and words that happen to be hexadecimal stay what they are.
    for text in (b"12345678", b"DEAD", b"4711", b"FEED4ACE", b"00491701234567"):
        assert decode(text) == text.decode(), text
    assert decode(b"a\x1ab\x00") == "a b "
    assert decode(b"") == ""


def _read_and_answer(first):
    """70 characters of a stranger on every way through the module."""
    text = sms_text.text_of(range(first, first + 70))
    words = sms_text.to_ucs2(text)
    header = b'+CMGR: "REC UNREAD","+49151","","26/08/24,10:20:30+08",145,4,0,8,"+49",145,280'
    assert sms_text.incoming(header, words.encode()) == ("+49151", text)
    assert sms_text.clean_number(text) is None
    sms_text.outgoing("+49151", text, False)
    assert not access.is_same(text, "secret")
    line = "0791947101760000440D91945111325476F800086280420102038092050003010201" + words
    assert sms_pdu.message(line.encode()) is not None


def test_the_characters_of_a_text_do_not_stay_in_memory():
    # MicroPython keeps for ever what `chr`, a loop over a text or an index into it makes.
    _read_and_answer(0x4E00)
    gc.collect()
    before = gc.mem_alloc()
    for first in range(0x5000, 0x7000, 70):
        _read_and_answer(first)
    gc.collect()
    assert gc.mem_alloc() - before < 2000
