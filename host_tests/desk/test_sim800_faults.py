"""Every fault switch of the modem engine, and the desk's text commands (CPython only)."""

import pytest

from tools.desk.modem.console import Console, ConsoleError
from tools.desk.modem.fault_switches import SWITCHES, FaultError, apply_fault, usage
from tools.desk.modem.rig import NUMBER, Rig

OK = b"\r\nOK\r\n"
CSQ = b"\r\n+CSQ: 17,0\r\n"


def rig_with(name, *values):
    rig = Rig().boot("AT+CMGF=1")
    apply_fault(rig.modem, name, *values)
    return rig


def send_bytes(rig, data, wait_ms=3000):
    rig.command(f"AT+CIPSEND={len(data)}", 500)
    rig.modem.feed(data)
    rig.advance(wait_ms)
    return rig.take()


@pytest.mark.parametrize("gap_ms", [0, 2])
def test_every_byte_alone(gap_ms):
    rig = rig_with("bytes", gap_ms)
    rig.modem.feed(b"AT+CSQ\r")
    rig.advance(1000)
    assert b"".join(rig.chunks) == CSQ + OK
    assert {len(chunk) for chunk in rig.chunks} == {1}


def test_bursts_with_a_urc_between_lines():
    rig = Rig()
    peer = rig.connect("AT+CIPRXGET=1")
    apply_fault(rig.modem, "bursts", 300, "+CREG: 1")
    peer.events.on_data(bytes(range(200)) * 5)
    rig.advance(1000)
    rig.take()
    rig.modem.feed(b"AT+CIPRXGET=2,1000\r")
    rig.advance(1000)
    assert [len(chunk) for chunk in rig.chunks[:-1]] == [300, 300, 300]
    payload = b"\r\n+CIPRXGET: 2,1000,0\r\n" + bytes(range(200)) * 5
    assert rig.take() == payload + b"\r\n+CREG: 1\r\n" + OK


def test_slow_answers():
    rig = rig_with("slow", "20")
    rig.modem.feed(b"AT\r")
    rig.advance(190)
    assert rig.take() == b""
    rig.advance(20)
    assert rig.take() == OK


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        ("answer", b"\r\nX\r\n" + CSQ + OK),
        ("ok", CSQ + b"\r\nX\r\n" + OK),
    ],
)
def test_urc_inside_an_answer(point, expected):
    rig = rig_with("urc", point, "X")
    assert rig.command("AT+CSQ") == expected
    assert rig.command("AT+CSQ") == CSQ + OK


def test_urc_before_prompt_and_send_ok():
    rig = Rig()
    rig.connect()
    apply_fault(rig.modem, "urc", "prompt", "A")
    apply_fault(rig.modem, "urc", "send_ok", "B")
    assert rig.command("AT+CIPSEND=1") == b"\r\nA\r\n\r\n> "
    rig.modem.feed(b"x")
    rig.advance(2000)
    assert rig.take() == b"\r\nB\r\n\r\nSEND OK\r\n"


def test_urcs_wait_while_data_is_entered():
    rig = Rig()
    rig.connect()
    rig.command("AT+CIPSEND=2")
    rig.modem.feed(b"a")
    apply_fault(rig.modem, "urc", "now", "X")
    rig.advance(100)
    assert rig.take() == b""
    rig.modem.feed(b"b")
    rig.advance(2000)
    assert rig.take() == b"\r\nX\r\n\r\nSEND OK\r\n"
    rig.modem.quirks.urc_during_prompt = True
    rig.command("AT+CIPSEND=2")
    apply_fault(rig.modem, "urc", "now", "X")
    assert rig.take() == b"\r\nX\r\n"


def test_brown_out_now_loses_the_session():
    rig = Rig()
    peer = rig.connect("AT+CLIP=1")
    apply_fault(rig.modem, "brownout")
    rig.advance(20000)
    output = rig.take()
    assert output.startswith(b"\xff\x00\x00IIII\xff\xff\xff\xff\r\nRDY\r\n")
    assert output.endswith(b"SMS Ready\r\n")
    assert peer.is_abandoned
    assert rig.command("AT+CLIP?") == b"\r\n+CLIP: 0,1\r\n" + OK
    assert rig.command("AT+CIPSTATUS", 500).endswith(b"IP INITIAL\r\n")


def test_hang_ends_by_itself():
    rig = rig_with("hang", "30")
    assert rig.command("AT", 5000) == b""
    rig.advance(26000)
    assert rig.command("AT") == OK


def test_lost_prompt_still_takes_the_data():
    rig = Rig()
    peer = rig.connect()
    apply_fault(rig.modem, "lost_prompt")
    assert rig.command("AT+CIPSEND", 1000) == b""
    rig.modem.feed(b"\x1b")
    rig.advance(1000)
    assert rig.take() == OK and not peer.sent
    assert rig.command("AT+CIPSEND", 1000) == b"\r\n> "


def test_byte_loss_is_repeatable():
    outputs = []
    for _ in range(2):
        rig = rig_with("loss", "0.2", "5")
        outputs.append([rig.command("AT+CSQ", 300) for _ in range(20)])
        assert rig.modem.line.bytes_lost > 0
    assert outputs[0] == outputs[1]
    assert any(answer != CSQ + OK for answer in outputs[0])
    assert all(set(answer) <= set(CSQ + OK) for answer in outputs[0])


def test_garbage_and_noise():
    rig = rig_with("garbage", 0.3, 1)
    answer = rig.command("AT+CSQ", 300)
    assert len(answer) > len(CSQ + OK)
    apply_fault(rig.modem, "clear")
    apply_fault(rig.modem, "noise", 12)
    assert len(rig.take()) == 12
    assert rig.command("AT+CSQ") == CSQ + OK


def test_power_off_until_the_key():
    rig = rig_with("power_off")
    assert rig.command("AT", 3000) == b""
    rig.modem.pwrkey_pulse()
    rig.advance(20000)
    assert rig.take().endswith(b"SMS Ready\r\n")


def test_sim_taken_out_and_put_back():
    rig = rig_with("no_sim")
    assert rig.take() == b"\r\n+CPIN: NOT READY\r\n"
    assert rig.command("AT+CREG?;+CSMINS?") == (b"\r\n+CREG: 0,0\r\n\r\n+CSMINS: 0,0\r\n" + OK)
    apply_fault(rig.modem, "no_sim", 0)
    rig.advance(10000)
    assert rig.take() == b"\r\n+CPIN: READY\r\n"
    assert rig.command("AT+CREG?") == b"\r\n+CREG: 0,1\r\n" + OK


def test_sim_pin_and_puk():
    rig = rig_with("sim_pin", "4321")
    rig.modem.brown_out()
    rig.advance(20000)
    assert b"\r\n+CPIN: SIM PIN\r\n" in rig.take()
    rig.command("AT+CMEE=2")
    for _ in range(3):
        assert rig.command('AT+CPIN="0000"') == b"\r\n+CME ERROR: incorrect password\r\n"
    assert rig.command('AT+CPIN="4321"') == b"\r\n+CME ERROR: operation not allowed\r\n"
    assert rig.command('AT+CPIN="12345678","1111"') == OK
    rig.advance(20000)
    assert b"\r\n+CPIN: READY\r\n" in rig.take()
    assert rig.command("AT+CREG?") == b"\r\n+CREG: 0,1\r\n" + OK


@pytest.mark.parametrize("stat", [0, 2, 3, 5])
def test_registration(stat):
    rig = Rig().boot("AT+CREG=1;+CGREG=1")
    apply_fault(rig.modem, "reg", str(stat))
    assert rig.take() == b"\r\n+CREG: %d\r\n\r\n+CGREG: %d\r\n" % (stat, stat)
    assert (rig.command("AT+CGATT?") == b"\r\n+CGATT: 1\r\n" + OK) == (stat == 5)


def test_signal():
    rig = rig_with("csq")
    assert rig.command("AT+CSQ") == b"\r\n+CSQ: 99,99\r\n" + OK


def test_apn_refused():
    rig = rig_with("apn_refused")
    rig.command('AT+CMEE=1;+CSTT="internet"')
    assert rig.command("AT+CIICR", 60000) == b"\r\n+CME ERROR: 133\r\n"
    assert rig.command("AT+CIPSTATUS", 500).endswith(b"PDP DEACT\r\n")


def test_pdp_deact():
    rig = Rig()
    rig.connect()
    apply_fault(rig.modem, "pdp_deact")
    assert rig.take() == b"\r\n+PDP: DEACT\r\n"
    with pytest.raises(FaultError):
        apply_fault(rig.modem, "pdp_deact")


@pytest.mark.parametrize(("mode", "wait_ms"), [("fail", 2000), ("hang", 76000)])
def test_connect_faults(mode, wait_ms):
    rig = rig_with("connect", mode)
    rig.command('AT+CSTT="internet"')
    rig.command("AT+CIICR")
    rig.command("AT+CIFSR", 500)
    rig.command('AT+CIPSTART="TCP","server.test",6867')
    rig.advance(wait_ms)
    assert rig.take() == b"\r\nCONNECT FAIL\r\n"


def test_dead_tcp_that_seems_alive():
    rig = Rig()
    peer = rig.connect()
    apply_fault(rig.modem, "tcp_dead")
    assert send_bytes(rig, b"lost") == b"\r\nSEND OK\r\n"
    peer.events.on_data(b"never seen")
    peer.events.on_closed()
    rig.advance(700000)
    assert rig.take() == b"" and not peer.sent


def test_dead_tcp_without_acknowledgement():
    rig = Rig()
    rig.connect()
    apply_fault(rig.modem, "tcp_dead", "unacked")
    assert send_bytes(rig, b"lost", 600000) == b""
    rig.advance(60000)
    assert rig.take() == b"\r\nCLOSED\r\n"


def test_server_close_and_send_fail():
    rig = Rig()
    peer = rig.connect()
    apply_fault(rig.modem, "send_fail")
    assert send_bytes(rig, b"a") == b"\r\nSEND FAIL\r\n"
    assert send_bytes(rig, b"b") == b"\r\nSEND OK\r\n"
    apply_fault(rig.modem, "server_close")
    rig.advance(1000)
    assert rig.take() == b"\r\nCLOSED\r\n"
    assert peer.is_closed and bytes(peer.sent) == b"b"


def test_sms_failure():
    rig = rig_with("sms_fail", 21, 2)
    for expected in (b"\r\n+CMS ERROR: 21\r\n",) * 2 + (b"\r\n+CMGS: 1\r\n" + OK,):
        rig.command(f'AT+CMGS="{NUMBER}"')
        rig.modem.feed(b"x\x1a")
        rig.advance(10000)
        assert rig.take() == expected


def test_an_answer_in_the_place_of_the_modems_own():
    rig = Rig().boot("AT+CMEE=2")
    apply_fault(rig.modem, "answer", "+csq", "ERROR|ALREADY_CONNECT", 2)
    for _ in range(2):
        assert rig.command("AT+CSQ", 500) == b"\r\nERROR\r\n\r\nALREADY CONNECT\r\n"
        rig.advance(50)
    assert b"+CSQ: 17,0" in rig.command("AT+CSQ")
    apply_fault(rig.modem, "answer", "+CSQ", "-")
    assert rig.command("AT+CSQ", 3000) == b""
    assert b"+CSQ: 17,0" in rig.command("AT+CSQ")


def test_a_late_result_is_one_result():
    rig = Rig().boot()
    apply_fault(rig.modem, "late", 8)
    assert rig.command("AT+CSQ", 7000) == b"\r\n+CSQ: 17,0\r\n"
    rig.advance(1500)
    assert rig.take() == b"\r\nOK\r\n"
    assert rig.command("AT", 500) == b"\r\nOK\r\n"


def test_brown_out_at_a_command():
    rig = Rig().boot()
    apply_fault(rig.modem, "brownout_at", "+CSQ")
    assert b"OK" in rig.command("AT")
    assert b"OK" not in rig.command("AT+CSQ", 300)
    rig.advance(4000)
    assert b"RDY" in rig.take()


def test_data_that_does_not_arrive_whole():
    rig = Rig()
    peer = rig.connect("AT+CIPRXGET=1")
    apply_fault(rig.modem, "eat_input", 3)
    rig.command("AT+CIPSEND=5", 500)
    rig.modem.feed(b"12345")
    rig.advance(3000)
    assert bytes(peer.sent) == b"" and rig.take() == b""
    rig.modem.feed(b"abc")
    rig.advance(3000)
    assert bytes(peer.sent) == b"45abc"
    peer.events.on_data(b"abcdef")
    rig.advance(1000)
    apply_fault(rig.modem, "cut_data")
    assert b"2,6,0\r\nabc\r\nOK" in rig.command("AT+CIPRXGET=2,100")


def test_closed_while_the_host_enters_data():
    rig = Rig()
    peer = rig.connect()
    apply_fault(rig.modem, "close_sending")
    rig.command("AT+CIPSEND=5", 500)
    rig.modem.feed(b"12345")
    rig.advance(3000)
    assert bytes(peer.sent) == b"" and rig.take() == b"\r\nCLOSED\r\n"


def test_a_message_of_yesterday_and_a_call():
    rig = Rig().boot("AT+CMGF=1", "AT+CLIP=1")
    apply_fault(rig.modem, "stored", "+4930123456", "good_old_days")
    assert rig.take() == b"" and rig.modem.sms.store.used == 1
    assert b"good old days" in rig.command("AT+CMGR=1")
    apply_fault(rig.modem, "call")
    assert b"RING" in rig.take()
    with pytest.raises(FaultError):
        apply_fault(rig.modem, "call")


def test_dtr_wakes_within_50_ms():
    rig = Rig().boot("AT+CSCLK=1")
    rig.modem.dtr_high = True
    rig.advance(6000)
    assert rig.command("AT", 500) == b""
    rig.modem.dtr_high = False
    rig.advance(40)
    assert rig.command("AT", 500) == b""
    assert rig.command("AT", 500) == b"\r\nOK\r\n"


def test_clear_takes_everything_back():
    rig = Rig().boot()
    for name, values in (("slow", (50,)), ("bytes", ()), ("urc", ("answer",)), ("hang", (9,))):
        apply_fault(rig.modem, name, *values)
    apply_fault(rig.modem, "clear")
    rig.modem.feed(b"AT+CSQ\r")
    rig.advance(50)
    assert rig.take() == CSQ + OK


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("JUMP", "Unknown command"),
        ("SMS", "phone number"),
        ("SMS hello there", "phone number"),
        ("SMS +49123", "text"),
        ("CALL abc", "phone number"),
        ("HANGUP", "no call"),
        ("POWER maybe", "on, off or key"),
        ("SIGNAL 55", "between 0 and 31"),
        ("SIGNAL x", "Usage"),
        ("SIGNAL", "needs"),
        ("REG 9", "between 0 and 5"),
        ("REG", "Usage"),
        ("SUPPLY lots", "mV"),
        ("FAULT", "needs a name"),
        ("FAULT nosuch", "Unknown fault"),
        ("FAULT loss", "Usage: FAULT loss rate [seed]"),
        ("FAULT loss 2", "between 0 and 1"),
        ("FAULT slow 1 2 3", "Usage"),
        ("FAULT urc nowhere X", "one of"),
        ("FAULT sim_pin 12", "PIN"),
        ("FAULT server_close", "No TCP connection"),
    ],
)
def test_bad_desk_lines_get_one_sentence(line, word):
    console = Console(Rig().boot().modem)
    with pytest.raises(ConsoleError) as caught:
        console.execute(line)
    sentence = str(caught.value)
    assert word in sentence and sentence.endswith(".") and "\n" not in sentence


def test_desk_lines():
    rig = Rig().boot("AT+CMGF=1;+CNMI=2,2")
    console = Console(rig.modem)
    assert console.execute("") is None
    console.execute("sms +49301 two\\nlines \\\\n")
    assert rig.take().endswith(b"\r\ntwo\nlines \\n\r\n")
    console.execute("CALL +49301")
    assert rig.take() == b"\r\nRING\r\n"
    console.execute("HANGUP")
    assert rig.take() == b"\r\nNO CARRIER\r\n"
    console.execute("SIGNAL 5")
    assert rig.command("AT+CSQ") == b"\r\n+CSQ: 5,0\r\n" + OK
    console.execute("SUPPLY 3450")
    assert rig.take() == b"\r\nUNDER-VOLTAGE WARNNING\r\n"
    console.execute('FAULT urc now +CREG: 1, "a b"')
    assert rig.take() == b'\r\n+CREG: 1, "a b"\r\n'
    console.execute("POWER off")
    assert not rig.modem.is_on
    console.execute("POWER key")
    assert rig.modem.is_on
    text = console.execute("HELP")
    assert all(usage(name) in text for name in SWITCHES)
