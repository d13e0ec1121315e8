"""Small parts of the modem driver: registration lines, users' commands, identities."""

from host_tests.fakes.at_peer import info
from host_tests.links.modem.modem_bench import on_bench
from host_tests.shims.expect import raises
from ovms.links.modem.network import note_registration
from ovms.links.modem.sim800.details import SIM800Details
from ovms.links.modem.terminal import raw_line
from ovms.status import Status


class FakeModem:
    """What `note_registration` needs of a Modem."""

    def __init__(self):
        self.status = Status("X")
        self.is_found = False


def test_registration():
    for line, is_registered, is_roaming in (
        (b"+CREG: 1", True, False),
        (b"+CREG: 1,2", False, False),
        (b'+CREG: 5,"3AA1","12F4"', True, True),
        (b'+CREG: 2,1,"3AA1","12F4"', True, False),
        (b"+CREG: 0,0", False, False),
        (b"+CREG: 3", False, False),
    ):
        modem = FakeModem()
        note_registration(modem, line)
        assert modem.status.is_registered == is_registered == modem.is_found, line
        assert modem.status.is_roaming == is_roaming, line
        assert not modem.status.counts


def test_damaged_registration_changes_nothing():
    for line in (b"+CREG:", b"+CREG: x", b"+CREG: 1,9", b"+CREG: 1,\xff", b"+CREG: -1"):
        modem = FakeModem()
        modem.status.is_registered = True
        note_registration(modem, line)
        assert modem.status.is_registered and modem.status.counts == {"at_damaged": 1}, line


def test_raw_lines_stay_single_commands():
    assert raw_line(" AT+CSQ ", SIM800Details.reserved) == b"AT+CSQ"
    assert raw_line("+CPMS=100%", SIM800Details.reserved) == b"AT+CPMS=100%"
    assert raw_line('AT+CUSD=1,"*1#"', SIM800Details.reserved) == b'AT+CUSD=1,"*1#"'
    for taken in ('AT+CMGS="1"', "at+cipsend=3", "AT+CSQ;+CIPSHUT", "ATD*99#", "AT+CMUX=0"):
        raises(ValueError, raw_line, taken, SIM800Details.reserved)
    for bad in ("a\rAT", "a\nb", "\x1ab", "\x1bb", "\x00b", "\x7fb", "\u00e4b", "\u201cb"):
        raises(ValueError, raw_line, "AT+X=" + bad, ())


def test_lines_that_would_end_the_session_are_refused():
    reserved = SIM800Details.reserved
    for line in (
        "ATA",
        "A",
        "at a",
        "ATE0A",
        "ATH",
        "ATZ",
        "AT&F",
        "AT&W",
        "A/",
        "ATS3=10",
        "ATV0",
        "ATQ1",
        "ATD112;",
        "+++",
        "AT+CPOWD=1",
        "AT + CPOWD = 0",
        "AT+CSQ;+CPOWD=1",
        "AT+CSQ;A",
        'AT+CUSD=1,"*1#";H',
        "AT+CFUN=1,1",
        "AT+CFUN=0",
        "at+cops=2",
        "AT+COPS=?",
        "AT+CGATT=0",
        "AT+CGACT=0,1",
        "AT+IPR=9600",
        "AT+IFC=2,2",
        "AT+CSCLK=1",
        "AT+HTTPDATA=100,10000",
        "AT+FSWRITE=x,0,9,9",
    ):
        sentence = str(raises(ValueError, raw_line, line, reserved))
        assert sentence.endswith("."), line
    for line in (
        "AT",
        "ATI",
        "ATE1",
        "ATE0+CSQ",
        "AT+CMGF=0",
        "AT+COPS?",
        "AT+CFUN?",
        "AT+CGATT?",
        "AT+IPR?",
        'AT+CSCS="GSM";+CSQ',
        'AT+CPBF="A;ATH"',
        "+CSQ",
        "AT+CLIP=0",
    ):
        assert raw_line(line, reserved)


def test_signal():
    for line, csq in (
        ("+CSQ: 31,99", 31),
        ("+CSQ: 0,0", 0),
        ("+CSQ: 99,99", 99),
        ("+CSQ: 45,0", 99),
        ("+CSQ: -3,0", 99),
        ("+CSQ:", 99),
    ):

        async def scenario(bench, line=line, csq=csq):
            bench.fake.answers["AT+CSQ"] = info(line)
            await bench.up()
            assert bench.status.csq == csq, line

        on_bench(scenario, (4096,))


def test_operator_names():
    for line, name in (
        ('+COPS: 0,0,"A, B"', "A, B"),
        ("+COPS: 0", ""),
        ('+COPS: 0,0,"', ""),
        ('+COPS: 0,0,"00540065006C0065"', "Tele"),
    ):

        async def scenario(bench, line=line, name=name):
            bench.fake.answers["AT+COPS?"] = info(line)
            await bench.up()
            assert bench.status.operator == name, line

        on_bench(scenario, (4096,))


def test_identities():
    for line, iccid in (
        ("+CCID: 8949020000012345678F", "8949020000012345678F"),
        ('"8949020000012345678"', "8949020000012345678"),
        ("SIM800 R14.18", ""),
    ):

        async def scenario(bench, line=line, iccid=iccid):
            bench.fake.answers["AT+CCID"] = info(line)
            await bench.up()
            assert bench.status.iccid == iccid, line

        on_bench(scenario, (4096,))


def test_urcs_survive_an_exhausted_heap():
    class Exhausted:
        def __len__(self):
            raise MemoryError

    async def scenario(bench):
        await bench.up()
        announced = bench.modem.announced
        bench.modem.announced = Exhausted()
        bench.fake.urc('+CMTI: "SM",3')
        await bench.until(lambda: bench.status.counts)
        bench.modem.announced = announced
        assert bench.status.counts == {"urc_missed": 1}
        bench.fake.urc("+CREG: 5")
        await bench.idle(50)
        assert bench.status.is_roaming

    on_bench(scenario, (4096,))
