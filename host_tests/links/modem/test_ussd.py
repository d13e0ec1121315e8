"""USSD codes through the driver: lines with quotes, several lines, and every character set."""

from host_tests.links.modem.modem_bench import fails, on_bench, on_each
from tools.simulated_board.fakes.at_peer import info


def answering(bench, line, code="*100#"):
    """The network answers `code` with `line` (bytes) once."""

    def answer():
        bench.fake.wire.deliver(b"\r\n" + line + b"\r\n")
        return b"\r\nOK\r\n"

    bench.fake.answers['AT+CUSD=1,"%s"' % code] = answer


def words(text):
    return "".join(["%04X" % ord(text[i : i + 1]) for i in range(len(text))]).encode()


def test_quotes_line_ends_and_codings():
    async def scenario(bench, line, text):
        await bench.up()
        answering(bench, line)
        assert await bench.wait(bench.modem.ussd("*100#"), 5000) == text
        # Nothing was swallowed, and nothing is counted as lost.
        assert await bench.wait(bench.modem.command("AT+CSQ"), 5000) == "+CSQ: 17,0\nOK"
        assert bench.status.counts == {}

    on_each(
        (
            (b'+CUSD: 0,"Bildschirm 5" gross",15', 'Bildschirm 5" gross'),
            (b'+CUSD: 0,"5" gross\r\nund rot\r\nist er",15', '5" gross\nund rot\nist er'),
            (b'+CUSD: 1,"1 "Eco"\r\n2 "Max"",15', '1 "Eco"\n2 "Max"'),
            (b'+CUSD: 0,"Sag "Hallo"",15', 'Sag "Hallo"'),
            (b'+CUSD: 0,"19" Rack""', '19" Rack"'),
            (b'+CUSD: 0,"Sag "Hallo""', 'Sag "Hallo"'),
            (b'+CUSD: 0,"one\r\ntwo"', "one\ntwo"),
            (b'+CUSD: 0,"00470075007400680061",72', "Gutha"),
            (b'+CUSD: 0,"00470075",15', "00470075"),
        ),
        scenario,
        (4096, 1),
    )


def test_an_answer_while_the_modem_writes_ucs2():
    async def scenario(bench):
        await bench.up()
        text = "Guthaben " * 20
        for code in ("*100#", "*101#"):

            def answer():
                # Meanwhile somebody else has chosen it.
                bench.modem.charset = b"UCS2"
                bench.fake.wire.deliver(b'\r\n+CUSD: 0,"' + words(text[:182]) + b'",15\r\n')
                return b"\r\nOK\r\n"

            bench.fake.answers['AT+CUSD=1,"%s"' % code] = answer
            assert await bench.wait(bench.modem.ussd(code)) == text.rstrip(" ") + " "

    on_bench(scenario, (4096, 64))


def test_an_answer_that_breaks_off_is_no_answer():
    async def scenario(bench):
        await bench.up()
        answering(bench, b'+CUSD: 0,"Bildschirm 5" gro')
        await fails(bench, bench.modem.ussd("*100#"))
        assert await bench.wait(bench.modem.command("AT+CSQ"), 5000) == "+CSQ: 17,0\nOK"

    on_bench(scenario, (4096,))


def test_names_of_operators_in_odd_dress():
    async def scenario(bench, line, name):
        bench.fake.answers["AT+COPS?"] = info(line)
        await bench.up()
        assert bench.status.operator == name
        assert bench.is_up() and "at_noise" not in bench.status.counts

    on_each(
        (
            ('+COPS: 0,0,"Tele\r\nkom.de"', "Tele kom.de"),
            ('+COPS: 0,0,"\r\nTelekom\r\n"', "Telekom"),
            ('+COPS: 0,0,"Telekom.de",7', "Telekom.de"),
            ('+COPS: 0,2,"26201"', "26201"),
            ('+COPS: 0,0,"T-Mobile\tD  \r"', "T-Mobile D"),
            ('+COPS: 0,0,"00540065006C0065"', "Tele"),
            ("+COPS: 0,0,Telekom", "Telekom"),
            ("+COPS: 0", ""),
            ('+COPS: 0,0,""', ""),
            ('+COPS: 0,0,"%s"' % ("x" * 60), "x" * 32),
        ),
        scenario,
    )


def test_identities_in_odd_dress():
    async def scenario(bench, lines, iccid):
        bench.fake.answers["AT+CCID"] = info(lines)
        await bench.up()
        assert bench.status.iccid == iccid

    on_each(
        (
            ("8949020000012345678F", "8949020000012345678F"),
            ("894902000001234567FF", "894902000001234567FF"),
            ("89490200000123456789", "89490200000123456789"),
            ('+CCID: "8949020000012345678F"', "8949020000012345678F"),
            ("+ICCID:8949020000012345678", "8949020000012345678"),
            ('+CCID: 0,"8949020000012345678"', "8949020000012345678"),
            ("8949 0200 0001 2345 678F", "8949020000012345678F"),
            ("8949020000012345678F ,", "8949020000012345678F"),
            ("8949020000012345678f", "8949020000012345678f"),
            ("894902000001234567890FFF", "894902000001234567890FFF"),
            ("FFFFFFFFFFFFFFFFFFFF", ""),
            ("no card", ""),
            ("89490200A0012345678F", ""),
        ),
        scenario,
    )
