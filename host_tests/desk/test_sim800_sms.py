"""SMS through the modem engine: text and PDU mode, all character sets, store (CPython only)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.desk.modem import gsm_text, pdu
from tools.desk.modem.fault_switches import apply_fault
from tools.desk.modem.profile import Profile
from tools.desk.modem.rig import NUMBER, Rig

OK = b"\r\nOK\r\n"
UTC_S = 1787559630  # 2026-08-24 08:20:30
STAMP = b'"26/08/24,10:20:30+08"'
# Hardware facts 4.4, "PDU fixtures".
STAT_PDU = b"0791947101670000040D91945111325476F800006280420102038004536A900A"
GROESSE_PDU = (
    b"0791947101670000040D91945111325476F8000862804201020380100047007200F600DF00650020003520AC"
)
NUMBER_UCS2 = b"002B0034003900310035003100310032003300340035003600370038"


def receive(rig, text, use_ucs2=False):
    rig.take()
    rig.set_utc(UTC_S)
    rig.modem.sms.submit(NUMBER, text, use_ucs2)
    rig.advance(5000)
    return rig.take()


def send(rig, command, data, wait_ms=6000):
    assert rig.command(command) == b"\r\n> "
    rig.modem.feed(data)
    rig.advance(wait_ms)
    return rig.take()


@pytest.mark.parametrize(
    ("text", "use_ucs2", "length", "expected"),
    [("STAT", False, 24, STAT_PDU), ("Größe 5€", True, 36, GROESSE_PDU)],
)
def test_received_pdus_are_the_published_ones(text, use_ucs2, length, expected):
    rig = Rig().boot("AT+CNMI=2,2")
    line = b'\r\n+CMT: "",%d\r\n%s\r\n' % (length, expected)
    assert receive(rig, text, use_ucs2) == line
    rig.command("AT+CNMI=2,1")
    assert receive(rig, text, use_ucs2) == b'\r\n+CMTI: "SM",1\r\n'
    stored = b'\r\n+CMGR: %d,"",%d\r\n%s\r\n' + OK
    assert rig.command("AT+CMGR=1") == stored % (0, length, expected)
    assert rig.command("AT+CMGR=1") == stored % (1, length, expected)


@pytest.mark.parametrize(
    ("length", "data", "text"),
    [
        (22, b"0011000D91945111325476F80000A708D3E75007BAE54A", "SOC: 79%"),
        (
            33,
            b"0011000D91945111325476F80008A712004C00E400640074003A0020003700390025",
            "Lädt: 79%",
        ),
    ],
)
def test_published_pdus_are_sent(length, data, text):
    rig = Rig().boot()
    assert send(rig, f"AT+CMGS={length}", data + b"\x1a") == b"\r\n+CMGS: 1\r\n" + OK
    assert [(m.number, m.text) for m in rig.messages] == [(NUMBER, text)]


@pytest.mark.parametrize(
    ("length", "data"),
    [
        (21, b"0011000D91945111325476F80000A708D3E75007BAE54A"),
        (22, b"0011000D91945111325476F80000A708D3E75007BAE5"),
        (22, b"0011000D91945111325476F80000A709D3E75007BAE54A"),
        (10, b"00000102030405060708AA"),
        (10, b"0011zz"),
        (10, b""),
    ],
)
def test_broken_pdus_are_refused(length, data):
    rig = Rig().boot()
    answer = send(rig, f"AT+CMGS={length}", data + b"\x1a")
    assert (answer, rig.messages) == (b"\r\n+CMS ERROR: 304\r\n", [])


@pytest.mark.parametrize(
    ("charset", "text", "body", "length"),
    [
        ("GSM", "STAT @€", b"STAT \x00\x1be", 8),
        ("IRA", "STAT @\n", b"STAT @\n", 7),
        ("IRA", "5 €", b"5 ?", 3),
        ("HEX", "STAT", b"53544154", 8),
        ("UCS2", "STAT?", b"0053005400410054003F", 5),
        ("GSM", "жук", b"04360443043A", 12),
    ],
)
def test_text_mode_character_sets(charset, text, body, length):
    rig = Rig().boot(f'AT+CMGF=1;+CSDH=1;+CNMI=2,2;+CSCS="{charset}"')
    number = NUMBER_UCS2 if charset == "UCS2" else NUMBER.encode()
    dcs = 0 if gsm_text.is_gsm7(text) else 8
    assert receive(rig, text) == (
        b'\r\n+CMT: "%s","",%s,145,4,0,%d,"+491710760000",145,%d\r\n%s\r\n'
        % (number, STAMP, dcs, length, body)
    )


def test_ucs2_length_can_count_octets():
    profile = Profile()
    profile.quirks.ucs2_length_counts_octets = True
    rig = Rig(profile).boot('AT+CMGF=1;+CSDH=1;+CNMI=2,2;+CSCS="UCS2"')
    assert b",145,10\r\n0053" in receive(rig, "STAT?")


def test_short_header_without_csdh():
    rig = Rig().boot("AT+CMGF=1;+CNMI=2,2")
    assert receive(rig, "hi") == b'\r\n+CMT: "+4915112345678","",' + STAMP + b"\r\nhi\r\n"


@pytest.mark.parametrize(
    ("settings_line", "number", "data", "text", "coding"),
    [
        ('AT+CMGF=1;+CSCS="GSM"', NUMBER, b"a\x00b\r\nc", "a@b\r\nc", "gsm7"),
        ('AT+CMGF=1;+CSCS="IRA"', NUMBER, b"[1]_@", "[1]_@", "gsm7"),
        ('AT+CMGF=1;+CSCS="HEX"', NUMBER, b"5354", "ST", "gsm7"),
        (
            'AT+CMGF=1;+CSCS="UCS2";+CSMP=17,167,0,8',
            NUMBER_UCS2.decode(),
            b"004C00E40436",
            "Läж",
            "ucs2",
        ),
        ("AT+CMGF=1;+CSMP=17,167,0,8", NUMBER, b"0436", "ж", "ucs2"),
        ("AT+CMGF=1;+CSMP=17,167,0,4", NUMBER, b"00ff", "00ff", "8bit"),
    ],
)
def test_text_mode_sending(settings_line, number, data, text, coding):
    rig = Rig().boot(settings_line)
    answer = send(rig, f'AT+CMGS="{number}"', data + b"\x1a")
    assert answer.endswith(b"\r\n+CMGS: 1\r\n" + OK)
    assert [(m.number, m.text, m.coding) for m in rig.messages] == [(NUMBER, text, coding)]


@pytest.mark.parametrize(
    ("settings_line", "data"),
    [
        ("AT+CMGF=1", b"x" * 161),
        ("AT+CMGF=1", b"{" * 81),
        ('AT+CMGF=1;+CSCS="UCS2";+CSMP=17,167,0,8', b"0041" * 71),
        ('AT+CMGF=1;+CSCS="UCS2"', b"004"),
        ("AT+CMGF=1;+CSMP=17,167,0,4", b"00" * 141),
    ],
)
def test_text_that_does_not_fit_is_refused(settings_line, data):
    rig = Rig().boot(settings_line)
    number = NUMBER_UCS2.decode() if "UCS2" in settings_line else NUMBER
    answer = send(rig, f'AT+CMGS="{number}"', data + b"\x1a")
    assert (answer, rig.messages) == (b"\r\n+CMS ERROR: 305\r\n", [])


def test_each_line_of_the_text_brings_a_prompt():
    rig = Rig().boot("AT+CMGF=1")
    rig.command(f'AT+CMGS="{NUMBER}"')
    rig.modem.feed(b"one\rtwo\n")
    assert rig.take() == b"\r\n> "
    rig.modem.feed(b"\x1a")
    rig.advance(5000)
    assert rig.messages[0].text == "one\rtwo\n"


@pytest.mark.parametrize("number", ["", "abc", '12"34', "1" * 25])
def test_numbers_that_cannot_be_dialled(number):
    rig = Rig().boot("AT+CMGF=1")
    assert b"ERROR" in rig.command(f'AT+CMGS="{number}"')


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=400))
def test_any_text_reaches_the_module_by_pdu(text):
    parts = pdu.split_text(NUMBER, text, UTC_S, -8, 7)
    assert "".join(pdu.part_content(part) for part in parts) == text
    for part in parts:
        length, hex_text = pdu.encode_deliver(part, "+491710760000")
        octets = bytes.fromhex(hex_text)
        assert len(octets) - octets[0] - 1 == length <= 160


def test_a_long_message_arrives_in_parts_with_header():
    rig = Rig(sms_part_ms=100).boot("AT+CMGF=1;+CSDH=1")
    text = "".join(f"{index:04d}" for index in range(75))
    assert receive(rig, text) == b'\r\n+CMTI: "SM",1\r\n\r\n+CMTI: "SM",2\r\n'
    first = rig.command("AT+CMGR=1")
    second = rig.command("AT+CMGR=2")
    assert b",145,68,0,0," in first and b",145,153\r\n" in first
    bodies = [answer.split(b"\r\n")[2].decode() for answer in (first, second)]
    assert "".join(bodies) == text
    rig.command("AT+CMGF=0")
    assert b"0791947101670000440D91945111325476F8000062804201020380A0050003010201" in (
        rig.command("AT+CMGR=1")
    )


def test_a_long_message_of_the_module_is_joined():
    rig = Rig().boot()
    parts = pdu.split_text(NUMBER, "x" * 200 + "€", UTC_S, 8, 9)
    for part in parts:
        address = pdu.encode_originator(NUMBER)
        tpdu = (
            bytes([0x41, 0])
            + address
            + bytes([0, part.dcs, part.user_data_length])
            + part.user_data
        )
        send(rig, f"AT+CMGS={len(tpdu)}", b"00" + tpdu.hex().encode() + b"\x1a")
    assert [(m.text, m.part_count) for m in rig.messages] == [("x" * 200 + "€", 2)]


def test_list_and_delete():
    rig = Rig().boot("AT+CMGF=1")
    for text in ("one", "two", "three"):
        receive(rig, text)
    rig.command("AT+CMGR=2")
    head = b'\r\n+CMGL: %d,"REC %s","+4915112345678","",' + STAMP + b"\r\n%s\r\n"
    assert rig.command('AT+CMGL="REC READ"') == head % (2, b"READ", b"two") + OK
    assert rig.command('AT+CMGL="ALL",1') == (
        head % (1, b"UNREAD", b"one")
        + head % (2, b"READ", b"two")
        + head % (3, b"UNREAD", b"three")
        + OK
    )
    assert rig.command("AT+CMGD=1,1") == OK
    assert rig.command("AT+CMGR=2") == OK
    assert rig.command('AT+CPMS="SM"') == b"\r\n+CPMS: 2,30,2,30,2,30\r\n" + OK
    assert rig.command("AT+CMGR=31") == b"\r\n+CMS ERROR: 321\r\n"
    assert rig.command('AT+CMGL="SOME"') == b"\r\n+CMS ERROR: 302\r\n"
    assert rig.command('AT+CMGDA="DEL ALL"') == OK
    assert rig.modem.sms.store.used == 0
    receive(rig, "four")
    rig.command("AT+CMGF=0")
    assert rig.command("AT+CMGL=4").startswith(b'\r\n+CMGL: 1,0,"",24\r\n0791')
    assert rig.command("AT+CMGDA=6") == OK
    assert rig.modem.sms.store.used == 0


def test_full_store_is_silent_until_something_is_deleted():
    rig = Rig(Profile(store_capacity=2)).boot("AT+CMGF=1")
    apply_fault(rig.modem, "store_full")
    assert receive(rig, "waits") == b""
    rig.command("AT+CMGD=1")
    rig.advance(5000)
    assert rig.take() == b'\r\n+CMTI: "SM",1\r\n'
    assert b"\r\nwaits\r\n" in rig.command("AT+CMGR=1")


def test_messages_wait_for_power_registration_and_readiness():
    rig = Rig(Profile(registered_stat=2))
    rig.modem.sms.submit(NUMBER, "early")
    rig.boot("AT+CMGF=1")
    assert rig.modem.sms.waiting_count == 1
    rig.modem.network.set_coverage(1)
    assert rig.take() == b'\r\n+CMTI: "SM",1\r\n'
    rig.modem.power_off()
    rig.modem.sms.submit(NUMBER, "later")
    rig.modem.power_on()
    rig.advance(3000)
    rig.take()
    assert rig.command("AT+CMGF=1").endswith(b"\r\n+CMS ERROR: 314\r\n")
    rig.advance(10000)
    assert b'\r\nSMS Ready\r\n\r\n+CMTI: "SM",2\r\n' in rig.take()


def test_status_report():
    rig = Rig().boot("AT+CMGF=1;+CNMI=2,1,0,1,0;+CSMP=49,167,0,0")
    rig.set_utc(UTC_S)
    rig.command(f'AT+CMGS="{NUMBER}"')
    rig.modem.feed(b"hi\x1a")
    rig.advance(10000)
    output = rig.take()
    assert output.startswith(b"\r\n+CMGS: 1\r\n" + OK)
    assert b'\r\n+CDS: 6,1,"+4915112345678",145,"26/08/24,10:20:3' in output


@pytest.mark.parametrize(
    ("profile", "error"), [(Profile(has_sim=False), 310), (Profile(sim_pin="1111"), 311)]
)
def test_without_a_usable_sim(profile, error):
    rig = Rig(profile).boot()
    assert rig.command("AT+CMGF=1") == b"\r\n+CMS ERROR: %d\r\n" % error


def test_without_network():
    rig = Rig(Profile(registered_stat=2)).boot("AT+CMGF=1")
    assert send(rig, f'AT+CMGS="{NUMBER}"', b"hi\x1a") == b"\r\n+CMS ERROR: 331\r\n"
