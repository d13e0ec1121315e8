"""Command lines, errors, settings and power of the modem engine (CPython only)."""

import pytest

from tools.desk.modem.at_line import EXECUTE, READ, TEST, WRITE, parse_line
from tools.desk.modem.profile import Profile
from tools.desk.modem.rig import NUMBER, Rig


def test_a_line_is_split_at_the_right_places():
    calls = parse_line('E0V1+CUSD=1,"*1;2,3#",15;+CREG?;&W+CSQ=?;S0=2')
    assert [(call.name, call.kind, call.args) for call in calls] == [
        ("E", EXECUTE, ("0",)),
        ("V", EXECUTE, ("1",)),
        ("+CUSD", WRITE, ("1", "*1;2,3#", "15")),
        ("+CREG", READ, ()),
        ("&W", EXECUTE, (None,)),
        ("+CSQ", TEST, ()),
        ("S", WRITE, ("0", "2")),
    ]
    assert [call.is_last for call in calls] == [False] * 6 + [True]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("AT", b"\r\nOK\r\n"),
        ("at+csq", b"\r\n+CSQ: 17,0\r\n\r\nOK\r\n"),
        ("noise\x00AT+GSN", b"\r\n869988012345678\r\n\r\nOK\r\n"),
        ("hello", b""),
        ("AT+NOSUCH", b"\r\nERROR\r\n"),
        ("AT+CSQ=1", b"\r\nERROR\r\n"),
        ("AT+CREG=?", b"\r\nOK\r\n"),
        ("AT+CREG=9", b"\r\nERROR\r\n"),
        ("AT+CMEE=x", b"\r\nERROR\r\n"),
        ('AT+CSCS="GSM', b"\r\nERROR\r\n"),
        ("AT+CSQ;+NOSUCH;+GSN", b"\r\n+CSQ: 17,0\r\n\r\nERROR\r\n"),
        ("AT" + "+CSQ;" * 40, b"\r\nERROR\r\n"),
        ("ATI", b"\r\nSIM800 R14.18\r\n\r\nOK\r\n"),
        ("AT+CSMINS?", b"\r\n+CSMINS: 0,1\r\n\r\nOK\r\n"),
        ("AT+CBC", b"\r\n+CBC: 0,75,4000\r\n\r\nOK\r\n"),
        ("AT+CIPMUX=1;+CIPMUX?", b"\r\n+CIPMUX: 1\r\n\r\nOK\r\n"),
        ("AT+CIPSSL=1", b"\r\nERROR\r\n"),
        ("AT+CGATT?", b"\r\n+CGATT: 1\r\n\r\nOK\r\n"),
        ("AT+COPS=0,1;+COPS?", b'\r\n+COPS: 0,1,"T-Mobile D"\r\n\r\nOK\r\n'),
        ('AT+COPS=1,0,"Other"', b"\r\nERROR\r\n"),
        ("AT+CREG=2;+CREG?", b'\r\n+CREG: 2,1,"3AA1","12F4"\r\n\r\nOK\r\n'),
        ("AT+CIPSEND=5", b"\r\nERROR\r\n"),
        ("AT+CIFSR", b"\r\nERROR\r\n"),
        ("AT+CIICR", b"\r\nERROR\r\n"),
        ("AT+CIPSTATUS", b"\r\nOK\r\n\r\nSTATE: IP INITIAL\r\n"),
        ('AT+CPBF="O-"', b'\r\n+CPBF: 2,"7",129,"O-4-1.2.3.4"\r\n\r\nOK\r\n'),
        ('AT+CCLK="26/08/24,10:00:00+08";+CCLK?', None),
        ("A/", b"\r\nOK\r\n"),
    ],
)
def test_answers(line, answer):
    rig = Rig(Profile(phonebook=[(NUMBER, "Home"), ("7", "O-4-1.2.3.4")])).boot()
    got = rig.command(line, 5000)
    if answer is None:
        answer = b'\r\n+CCLK: "26/08/24,10:00:00+08"\r\n\r\nOK\r\n'
    assert got == answer


@pytest.mark.parametrize(
    ("mode", "answer"),
    [
        (0, b"\r\nERROR\r\n"),
        (1, b"\r\n+CME ERROR: 10\r\n"),
        (2, b"\r\n+CME ERROR: SIM not inserted\r\n"),
    ],
)
def test_error_modes(mode, answer):
    rig = Rig(Profile(has_sim=False)).boot(f"AT+CMEE={mode}")
    assert rig.command("AT+CIMI") == answer


def test_the_longest_line_is_556_characters():
    rig = Rig().boot()
    allowed = "+CSQ;" + " " * 551
    assert rig.command("AT" + allowed) == b"\r\n+CSQ: 17,0\r\n\r\nOK\r\n"
    assert rig.command("AT" + allowed + " ") == b"\r\nERROR\r\n"


def test_echo_backspace_and_line_feed():
    rig = Rig().boot(echo=1)
    rig.modem.feed(b"AT+CSX\x08Q\r\n")
    rig.advance(100)
    assert rig.take() == b"AT+CSX\x08Q\r\r\n+CSQ: 17,0\r\n\r\nOK\r\n"


def test_a_command_sent_too_early_is_lost():
    rig = Rig().boot()
    rig.modem.feed(b"AT+CSQ\rAT+GSN\r")
    rig.advance(500)
    assert rig.take() == b"\r\n+CSQ: 17,0\r\n\r\nOK\r\n"
    assert rig.modem.input_dropped == 7


def test_a_command_sent_too_early_can_merge():
    profile = Profile()
    profile.quirks.input_while_busy_merges = True
    rig = Rig(profile).boot()
    rig.modem.feed(b"AT+CSQ\rAT+GS")
    rig.advance(500)
    rig.take()
    assert rig.command("N") == b"\r\n869988012345678\r\n\r\nOK\r\n"


def test_saved_settings_come_back_others_do_not():
    rig = Rig().boot("AT+CREG=1;+CMEE=2;&W", "AT+CLIP=1;+CMGF=1;+CIPHEAD=1")
    rig.modem.power_off()
    rig.boot()
    assert rig.command("AT+CREG?;+CMEE?;+CLIP?;+CMGF?;+CIPHEAD?") == (
        b"\r\n+CREG: 1,1\r\n\r\n+CMEE: 2\r\n\r\n+CLIP: 0,1\r\n\r\n+CMGF: 0\r\n"
        b"\r\n+CIPHEAD: 0\r\n\r\nOK\r\n"
    )


def test_flight_mode_survives_a_power_cycle():
    rig = Rig().boot("AT+CFUN=4")
    rig.modem.power_off()
    rig.boot()
    assert rig.command("AT+CFUN?;+CREG?") == b"\r\n+CFUN: 4\r\n\r\n+CREG: 0,0\r\n\r\nOK\r\n"


def test_power_key_is_a_toggle_and_cpowd_has_no_ok():
    rig = Rig().boot()
    assert rig.command("AT+CPOWD=1", 3000) == b"\r\nNORMAL POWER DOWN\r\n"
    assert rig.command("AT", 3000) == b""
    rig.modem.pwrkey_pulse()
    rig.advance(3000)
    assert rig.take().startswith(b"\x00IIII\xff\xff\xff\xff\r\nRDY\r\n")
    rig.modem.pwrkey_pulse()
    assert rig.take() == b"\r\nNORMAL POWER DOWN\r\n"


def test_reboot_by_command():
    rig = Rig().boot()
    assert rig.command("AT+CFUN=1,1") == b"\r\nOK\r\n"
    rig.advance(3000)
    assert b"\r\nRDY\r\n" in rig.take()


def test_network_time_needs_a_restart_after_clts():
    rig = Rig().boot("AT+CLTS=1;&W")
    rig.modem.power_off()
    rig.modem.power_on()
    rig.advance(20000)
    output = rig.take()
    assert b"\r\n*PSUTTZ: 2026,8,24,8,20," in output and b"\r\nDST: 1\r\n" in output
    assert rig.command("AT+CCLK?").startswith(b'\r\n+CCLK: "26/08/24,10:20:')


def test_another_rate_is_garbled_both_ways():
    rig = Rig()
    rig.modem.line.host_baud = 9600
    rig.modem.saved.echo = 0
    rig.modem.power_on()
    rig.advance(20000)
    assert b"RDY" not in rig.take()
    assert b"OK" not in rig.command("AT", 1000)
    rig.modem.line.host_baud = 115200
    rig.command("AT", 1000)
    assert rig.command("AT+IPR=9600", 1000) == b"\r\nOK\r\n"
    assert b"OK" not in rig.command("AT", 1000)
    rig.modem.line.host_baud = 9600
    rig.command("AT", 1000)
    assert rig.command("AT", 1000) == b"\r\nOK\r\n"


def test_ntp_sets_the_clock_only_with_its_bearer():
    rig = Rig().boot('AT+CNTP="pool.ntp.org",8')
    assert rig.command("AT+CNTP") == b"\r\nOK\r\n"
    rig.advance(5000)
    assert rig.take() == b"\r\n+CNTP: 61\r\n"
    rig.command("AT+SAPBR=1,1")
    rig.command("AT+CNTP")
    rig.advance(5000)
    assert rig.take() == b"\r\n+CNTP: 1\r\n"
    assert rig.command("AT+CCLK?").startswith(b'\r\n+CCLK: "26/08/24,10:20:')


def test_ussd_of_an_unknown_code_and_in_ucs2():
    rig = Rig().boot()
    rig.command('AT+CUSD=1,"*999#"')
    rig.advance(5000)
    assert rig.take() == b"\r\n+CUSD: 4\r\n"
    rig.command('AT+CSCS="UCS2"')
    rig.command('AT+CUSD=1,"' + "*100#".encode("utf-16-be").hex() + '"')
    rig.advance(5000)
    expected = "Ihr Guthaben: 4,20 EUR".encode("utf-16-be").hex().upper().encode()
    assert rig.take() == b'\r\n+CUSD: 0,"' + expected + b'",15\r\n'


def test_a_withheld_number_rings():
    rig = Rig().boot("AT+CLIP=1")
    rig.modem.calls.incoming("")
    assert rig.take() == b'\r\nRING\r\n\r\n+CLIP: "",128,"",0,"",0\r\n'
    rig.advance(60000)
    assert rig.take().endswith(b"\r\nNO CARRIER\r\n")
