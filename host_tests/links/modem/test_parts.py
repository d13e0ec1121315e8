"""Small parts of the modem driver: registration lines, users' commands, identities."""

import sys

from host_tests.links.modem.modem_bench import on_bench
from host_tests.shims.expect import raises
from ovms.links.modem.network import note_registration
from ovms.links.modem.sim800.details import SIM800Details
from ovms.links.modem.terminal import raw_line
from ovms.parameters import AT_ASKS, AT_OWN, AT_SETS
from ovms.status import Status
from tools.simulated_board.fakes.at_peer import info


class FakeDetails:
    def __init__(self, registrations):
        self.registrations = registrations


class FakeProfile:
    def __init__(self, details):
        self._details = details

    def details(self):
        return self._details


class FakeModem:
    """What `note_registration` needs of a Modem."""

    def __init__(self, registrations=(b"+CREG",)):
        self.status = Status("X")
        self.is_found = False
        self.profile = FakeProfile(FakeDetails(registrations))


def test_registration():
    for line, is_registered, is_roaming in (
        (b"+CREG: 1", True, False),
        (b"+CREG: 1,2", False, False),
        (b'+CREG: 5,"3AA1","12F4"', True, True),
        (b'+CREG: 2,1,"3AA1","12F4"', True, False),
        (b"+CREG: 0,0", False, False),
        (b"+CREG: 3", False, False),
        # LTE: for SMS only, at home and abroad; without voice. 8 is for emergencies.
        (b"+CREG: 6", True, False),
        (b"+CREG: 1,7", True, True),
        (b"+CREG: 1,9", True, False),
        (b"+CREG: 0,10", True, True),
        (b"+CREG: 8", False, False),
    ):
        modem = FakeModem()
        note_registration(modem, line)
        assert modem.status.is_registered == is_registered == modem.is_found, line
        assert modem.status.is_roaming == is_roaming, line
        assert not modem.status.counts


def test_damaged_registration_changes_nothing():
    for line in (b"+CREG:", b"+CREG: x", b"+CREG: 1,11", b"+CREG: 1,\xff", b"+CREG: -1"):
        modem = FakeModem()
        modem.status.is_registered = True
        note_registration(modem, line)
        assert modem.status.is_registered and modem.status.counts == {"at_damaged": 1}, line


def test_a_urc_of_one_of_several_registrations():
    names = (b"+CEREG", b"+CGREG", b"+CREG")
    modem = FakeModem(names)
    note_registration(modem, b"+CREG: 0")
    note_registration(modem, b"+CGREG: 3")
    assert not modem.status.is_registered and not modem.status.modem_error
    note_registration(modem, b"+CEREG: 5")
    assert modem.status.is_registered and modem.status.is_roaming
    # A no is left to the next look at all of them.
    note_registration(modem, b"+CEREG: 2")
    assert modem.status.is_registered and not modem.status.counts
    # What is nobody's is not heard.
    modem = FakeModem()
    note_registration(modem, b"+CGREG: 1")
    assert not modem.status.is_registered and not modem.status.counts


RESERVED = SIM800Details.reserved


def test_raw_lines_stay_single_commands():
    for level in (AT_SETS, AT_OWN):
        assert raw_line(" AT+CSQ ", RESERVED, level) == b"AT+CSQ"
        assert raw_line("+CPMS=100%", RESERVED, level) == b"AT+CPMS=100%"
    assert raw_line('AT+CUSD=1,"*1#"', RESERVED, AT_OWN) == b'AT+CUSD=1,"*1#"'
    for level in (AT_ASKS, AT_SETS, AT_OWN):
        for taken in ('AT+CMGS="1"', "at+cipsend=3", "AT+CSQ;+CIPSHUT", "ATD*99#", "AT+CMUX=0"):
            raises(ValueError, raw_line, taken, RESERVED, level)
        for bad in ("a\rAT", "a\nb", "\x1ab", "\x1bb", "\x00b", "\x7fb", "\u00e4b", "\u201cb"):
            raises(ValueError, raw_line, "AT+X=" + bad, (), level)


# They call, answer, hang up, end the session, or change how the modem answers.
_ENDING = """ATA;A;at a;ATE0A;ATH;ATZ;AT&F;AT&W;A/;a/;ATS3=10;ATS0=1;ATV0;ATQ1;ATX4D112;ATL0M0DL
+++;ATE0D09001234567;ATE0 D 09001234567;AT E0X1 d *21*123#;ATI D1;ATDL;ATD>1;ATI0&W0;ATE&F;AT%C0
AT\\Q3;AT$QCPWRDN;AT*PSUTTZ=1;AT^SMSO;ATE=1;ATT;ATP;ATO;ATO0;ATN;ATC1;ATB0;AT/;AT,;AT=;AT?;AT1
AT+CPOWD=1;AT + CPOWD = 0;AT+CFUN=1,1;AT+CFUN=0;at+cops=2;AT+COPS=0?;AT+CGATT=0;AT+CGATT=0?
AT+CGACT=0,1;AT+IPR=9600;AT+IFC=2,2;AT+CSCLK=1;AT+HTTPDATA=100,10000;AT+FSWRITE=x,0,9,9"""

# They dial, divert, lock, speak to the SIM itself, send, store, or read what may hold a password.
_NEVER = """AT+CCFC=0,3,"+4912345";AT+CLCK="SC",1,"1234";AT+CLCK="SC",2;AT+CLCK="SC",2?
at+clck="AO",1
AT+CPWD="SC","1234","4321";AT+CPIN="1234";AT+CPIN="12345678","1234";AT+CPIN2="1";AT+CLIR=1
AT+CSIM=14,"A0A40000023F00";AT+CRSM=220,28476,1,4,28;AT+CCWA=1,1;AT+CHLD=1;AT+VTS="1"
AT+CUSD=1,"**21*12345#";AT+CUSD=1;AT+CSCA="+4917012345";AT+CSAS;AT+CSAS=0;AT+CGDCONT=1,"IP","evil"
AT+CSTT="evil";AT+SAPBR=3,1,"APN","evil";AT+CMGD=1,4;AT+CMGDA="DEL ALL";AT+CMGR=1;AT+CMGL="ALL"
AT+CMGL;AT+CPBR=1,250;AT+CPBF="O-";AT+CPBW=1,"1";AT+CPBS="SM";AT+SIMEI="1";AT+EGMR=1,7,"1"
AT+CALA="26/01/01,00:00:00";AT+CCLK="26/01/01,00:00:00+00";AT+CLTS=1;AT+FTPGET=1;AT+SMTPSEND
AT+CMGSEX="1";AT+BTPOWER=1;AT+CNTP;AT+CDNSGIP="evil.example";AT+CMGW;AT+CNMA;AT+CIICR"""

# Settings that a supporter may want, with the owner's consent.
_SETTINGS = """ATE1;ATE0+CSQ;ATL0M0;ATX4;AT+CMGF=0;AT+CLIP=0;AT+CMEE=2;AT+CREG=2;AT+CENG=1,1
AT+CSCS="GSM";AT+CNMI=0,0;AT+CPMS="ME";AT+CSQ=1;AT+CREG;AT+X;AT+CNETLIGHT=0;AT+COPN"""

_QUESTIONS = """AT;ATI;ATI0I1;at i;+CSQ;AT+CSQ;AT+COPS?;AT+CFUN?;AT+CGATT?;AT+IPR?;AT+CREG?
AT+CGREG?
AT+CLCK=?;AT+CSCA?;AT+CPIN?;AT+CCID;AT+CGMR;AT+GSN;AT+CIMI;AT+CBC;AT+CPAS;AT+CEER;AT+SPIC;AT+CENG?
AT + CSQ ;ATI+CSQ;AT+CBAND?;AT+CMEE=?"""


def lines(text):
    return [line for row in text.split("\n") for line in row.split(";")]


def refused(line, level):
    sentence = str(raises(ValueError, raw_line, line, RESERVED, level))
    assert sentence.endswith("."), line
    return sentence


def accepted(line, level):
    return raw_line(line, RESERVED, level).decode() in (line.strip(), "AT" + line.strip())


def test_what_ends_the_session_is_refused_to_all():
    for line in lines(_ENDING):
        for level in (AT_ASKS, AT_SETS):
            refused(line, level)
        if line not in ("AT+COPS=0?", "AT+CGATT=0?"):
            refused(line, AT_OWN)
    for line in ("AT+CSQ;+CPOWD=1", "AT+CSQ;A", 'AT+CUSD=1,"*1#";H', "AT+CSQ;D09001234567;"):
        for level in (AT_ASKS, AT_SETS, AT_OWN):
            refused(line, level)


def test_what_dials_locks_sends_or_stores_is_refused_with_consent_as_well():
    for line in lines(_NEVER):
        for level in (AT_ASKS, AT_SETS):
            refused(line, level)
            # However it is joined to what is good.
            bare = line[2:]
            for joined in ("AT+CSQ;" + bare, "ATI" + bare, "ATE0;" + bare, "AT;;" + bare + ";"):
                refused(joined, level)
            refused("AT+CSQ; " + bare.lower(), level)


def test_settings_need_consent_and_questions_do_not():
    for line in lines(_SETTINGS):
        assert accepted(line, AT_SETS) and accepted(line, AT_OWN), line
        sentence = refused(line, AT_ASKS)
        assert line.startswith(("ATE", "ATL", "ATX")) or "SUPPORT ON" in sentence
    for line in lines(_QUESTIONS):
        for level in (AT_ASKS, AT_SETS, AT_OWN):
            assert accepted(line, level), line
    assert accepted("AT+CSQ;+CREG?;I", AT_ASKS)
    assert accepted('AT+CSCS="GSM";+CSQ', AT_SETS)
    # It takes minutes; the module itself does it for GSMLOCK.
    for level in (AT_ASKS, AT_SETS):
        assert "minutes" in refused("AT+COPS=?", level)
    assert accepted("AT+COPS=?", AT_OWN)


def test_quotes_hide_no_command():
    for line in (
        'AT+CSCS="GSM;D09001234567',
        'AT+CSCS="GSM;D09001234567"',
        'AT+CSCS="GSM"";D0900"',
        'AT+CSCS="GSM;+CLCK="SC",1',
        'AT+CSQ"',
        '"AT+CSQ',
        'AT+X="',
    ):
        for level in (AT_ASKS, AT_SETS, AT_OWN):
            refused(line, level)


def test_no_accepted_line_has_a_command_that_was_not_looked_at():
    # Pieces joined at random: what passes is made of pieces that pass alone.
    pieces = ["I", "E0", "D1", "A", "H", "&W", ";", " ", "+CSQ", "?", "=?", "=1", '"', "S0=1"]
    pieces += ["+CLCK", "+CMEE", "+CPIN?", "d112;", "+CPBR=1", "X", "/", "Z", ",", "+", "+COPS"]
    state = 7
    passed = 0
    for _ in range(2000 if sys.implementation.name != "cpython" else 20000):
        text = ""
        for _ in range(3):
            state = (state * 1103515245 + 12345) & 0x3FFFFFFF
            text += pieces[(state >> 8) % len(pieces)]
        try:
            line = raw_line("AT" + text, RESERVED, AT_ASKS).decode().upper().replace(" ", "")
        except ValueError:
            continue
        passed += 1
        for command in line[2:].split(";"):
            basic, mark, extended = command.partition("+")
            assert not basic.strip("I0123456789"), line
            # Questions, of whatever name.
            for part in extended.split("+") if mark else ():
                assert part == "CSQ" or part.endswith("?"), line
    assert passed > 20, passed


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
