"""Who sent an SMS: the type of its address travels with it on every way into the module."""

from host_tests.fakes.sms_pdus import address, gsm_part, name_address
from host_tests.links.modem.modem_bench import on_bench, on_each
from host_tests.links.modem.sms_stores import EMPTY, LongMessages, part, stored
from ovms.protocol.phone import normal_phone
from ovms.services.sms.forward import is_service
from tools.simulated_board.fakes.at_peer import info

# As an address tells it, its type, and what it is to the module.
_SENDERS = (
    ("+4512345678", 145, "+4512345678"),
    ("+4512345678", 208, '"+4512345678"'),
    ("0612345678", 161, "0612345678"),
    ("0612345678", 208, '"0612345678"'),
    ("4711", 208, '"4711"'),
    ("Play", 208, "Play"),
    ("Bank 24/7", 208, "Bank 24/7"),
    ("Elf Zeichen", 208, "Elf Zeichen"),
    ("0054006500", 208, '"0054006500"'),
    ("4512345678", 177, '"4512345678"'),
    ("22922", 193, '"22922"'),
)


def ucs2(text):
    return "".join(["%04X" % ord(char) for char in text])


def check(sender, kind, expected):
    is_owner = normal_phone(sender) != ""
    assert is_owner == (kind in (145, 161)), sender
    assert sender == expected, sender
    assert is_owner or is_service(sender)


def test_stored_in_text_mode():
    async def scenario(bench, number, kind, expected, has_ucs2):
        if not has_ucs2:
            bench.fake.answers['AT+CSCS="UCS2"'] = b"\r\nERROR\r\n"
        await bench.up()
        written = ucs2(number) if has_ucs2 else number
        text = b"005300540041" if has_ucs2 else b"STA"
        bench.fake.answers["AT+CMGR=3"] = stored(text, written, 0, kind)
        bench.fake.urc('+CMTI: "SM",3')
        sender, text = await bench.wait(bench.modem.next_sms())
        assert text == "STA"
        check(sender, kind, expected)
        # A name is never answered.
        is_sent = await bench.wait(bench.modem.send_sms(sender, "SOC: 79%"))
        assert is_sent == (kind in (145, 161)) and len(bench.fake.payloads) == is_sent

    on_each([sender + (True,) for sender in _SENDERS], scenario)
    on_each([sender + (False,) for sender in _SENDERS], scenario)


def test_delivered_directly():
    async def scenario(bench, number, kind, expected, charset):
        await bench.up()
        bench.modem.charset = charset.encode()
        written = ucs2(number) if charset == "UCS2" else number
        text = ucs2("STA") if charset == "UCS2" else "STA"
        header = '+CMT: "%s","","26/08/24,10:20:30+08",%d,4,0,0,"+49",145,3'
        bench.fake.urc(header % (written, kind) + "\r\n" + text)
        sender, text = await bench.wait(bench.modem.next_sms())
        assert text == "STA"
        check(sender, kind, expected)

    for charset in ("IRA", "UCS2"):
        on_each([sender + (charset,) for sender in _SENDERS], scenario, (4096, 1))


def told_as(number, kind):
    """The sender in a PDU."""
    return name_address(number) if kind == 208 else address(number.lstrip("+"), kind)


def test_delivered_directly_in_pdu_mode():
    async def scenario(bench, number, kind, expected):
        await bench.up()
        told = told_as(number, kind)
        for text in ("STAT", "Guten Tag"):
            line = gsm_part(text, b"", told).decode()
            bench.fake.urc("+CMT: ,%d\r\n%s" % (len(line) // 2 - 8, line))
            sender, got = await bench.wait(bench.modem.next_sms())
            assert got == text
            check(sender, kind, expected)
        for place in (2, 1):
            line = gsm_part("part%d " % place, bytes([5, 0, 3, 9, 2, place]), told).decode()
            bench.fake.urc('+CMT: "",%d\r\n%s' % (len(line) // 2 - 8, line))
        sender, got = await bench.wait(bench.modem.next_sms())
        assert got == "part1 part2 "
        check(sender, kind, expected)

    on_each(_SENDERS, scenario)


def test_in_parts():
    async def scenario(bench, number, kind, expected):
        bench.fake.answers['AT+CSCS="UCS2"'] = b"\r\nERROR\r\n"
        await bench.up()
        parts = {n + 2: part("%d " % n, 9, 2, n, number, kind) for n in (1, 2)}
        LongMessages(bench, parts)
        bench.fake.urc('+CMTI: "SM",3', '+CMTI: "SM",4')
        sender, text = await bench.wait(bench.modem.next_sms())
        assert text == "1 2 "
        check(sender, kind, expected)

    on_each(_SENDERS, scenario)


def test_a_modem_that_hides_the_type_is_asked_in_pdu_mode():
    header = b'\r\n+CMGR: "REC UNREAD","%s","","26/08/24,10:20:30+08"\r\nSTAT\r\n\r\nOK\r\n'

    async def scenario(bench, number, kind, expected):
        bench.fake.answers['AT+CSCS="UCS2"'] = b"\r\nERROR\r\n"
        bench.fake.answers["AT+CSDH=1"] = b"\r\nERROR\r\n"
        await bench.up()
        answers = bench.fake.answers
        text_answer = header % number.encode()

        def set_mode(answer):
            answers["AT+CMGR=3"] = answer
            return EMPTY

        answers["AT+CMGR=3"] = text_answer
        line = '+CMGR: 0,"",40\r\n' + gsm_part("STAT", b"", told_as(number, kind)).decode()
        answers["AT+CMGF=0"] = lambda: set_mode(info(line))
        answers["AT+CMGF=1"] = lambda: set_mode(text_answer)
        bench.fake.urc('+CMTI: "SM",3')
        sender, text = await bench.wait(bench.modem.next_sms())
        assert text == "STAT"
        check(sender, kind, expected)

    on_each(_SENDERS, scenario)


def test_without_a_type_only_what_no_name_holds_is_a_number():
    async def scenario(bench):
        await bench.up()
        for number, is_number in (("+4512345678", False), ("+45123456789", True)):
            bench.fake.urc('+CMT: "%s","","26/08/24,10:20:30+08"\r\nSTAT' % number)
            sender, _ = await bench.wait(bench.modem.next_sms())
            assert normal_phone(sender) == (number if is_number else ""), sender

    on_bench(scenario, (4096,))
