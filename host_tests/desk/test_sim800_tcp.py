"""TCP through the modem engine: states, push, pull, prompts, exact payload (CPython only)."""

import random

import pytest

from tools.desk.modem.profile import Profile
from tools.desk.modem.rig import Rig

AWKWARD = b'\r\nOK\r\n+IPD,5:\x1a\x1b\x08> \r\n+CMTI: "SM",1\r\n\x00\xff' + bytes(range(256))
OK = b"\r\nOK\r\n"


def pull_all(rig):
    """Read with AT+CIPRXGET=2 by counting, as a careful host does."""
    received = b""
    while True:
        answer = rig.command("AT+CIPRXGET=2,100")
        header, _, rest = answer[2:].partition(b"\r\n")
        mode, length, left = header.removeprefix(b"+CIPRXGET: ").split(b",")
        assert mode == b"2" and rest[int(length) :] == OK
        received += rest[: int(length)]
        if left == b"0":
            return received


def unpack_pushed(data):
    """Payload of +IPD segments, by counting."""
    received = b""
    while data:
        data = data.removeprefix(b"\r\n")
        assert data.startswith(b"+IPD,")
        length, _, rest = data[5:].partition(b":")
        received += rest[: int(length)]
        data = rest[int(length) :]
    return received


def test_pulled_payload_is_exact():
    rig = Rig()
    peer = rig.connect("AT+CIPRXGET=1")
    peer.events.on_data(AWKWARD)
    peer.events.on_data(AWKWARD[::-1])
    rig.advance(1000)
    assert rig.take() == b"\r\n+CIPRXGET: 1\r\n"
    assert rig.command("AT+CIPRXGET=4") == b"\r\n+CIPRXGET: 4,%d\r\n" % (2 * len(AWKWARD)) + OK
    assert pull_all(rig) == AWKWARD + AWKWARD[::-1]
    peer.events.on_data(b"more")
    rig.advance(1000)
    assert rig.take() == b"\r\n+CIPRXGET: 1\r\n"
    hex_answer = rig.command("AT+CIPRXGET=3,730")
    assert hex_answer == b"\r\n+CIPRXGET: 3,4,0\r\n6D6F7265" + OK


def test_pushed_payload_is_exact_and_segmented():
    rig = Rig()
    peer = rig.connect("AT+CIPHEAD=1")
    data = random.Random(7).randbytes(5000)
    peer.events.on_data(data)
    rig.advance(1000)
    output = rig.take()
    assert output.startswith(b"\r\n+IPD,1460:")
    assert unpack_pushed(output) == data


def test_push_without_header_is_raw_and_sender_line_is_optional():
    rig = Rig()
    peer = rig.connect()
    peer.events.on_data(b"raw")
    rig.advance(1000)
    assert rig.take() == b"raw"
    rig.command("AT+CIPHEAD=1;+CIPSRIP=1;+CIPSHOWTP=1")
    peer.events.on_data(b"x")
    rig.advance(1000)
    assert rig.take() == b"\r\nRECV FROM:192.0.2.1:6867\r\n+IPD,1,TCP:x"


def test_counted_send_takes_any_byte_and_ctrl_z_send_does_not():
    rig = Rig()
    peer = rig.connect()
    assert rig.command(f"AT+CIPSEND={len(AWKWARD)}") == b"\r\n> "
    for byte in AWKWARD:
        rig.modem.feed(bytes([byte]))
    rig.advance(2000)
    assert rig.take() == b"\r\nSEND OK\r\n"
    assert bytes(peer.sent) == AWKWARD
    peer.sent.clear()
    rig.command("AT+CIPSEND")
    rig.modem.feed(b"typo\x08\x08e\r\nOK\r\n\x1a")
    rig.advance(2000)
    assert bytes(peer.sent) == b"tye\r\nOK\r\n"
    rig.take()
    rig.command("AT+CIPSEND")
    rig.modem.feed(b"no\x1b")
    rig.advance(2000)
    assert rig.take() == OK and bytes(peer.sent) == b"tye\r\nOK\r\n"


def test_echo_includes_the_payload():
    rig = Rig()
    rig.connect()
    rig.command("ATE1")
    rig.modem.feed(b"AT+CIPSEND=3\r")
    rig.advance(100)
    rig.modem.feed(b"abc")
    rig.advance(2000)
    assert rig.take() == b"AT+CIPSEND=3\r\r\n> abc\r\nSEND OK\r\n"


def test_quick_send_acknowledgement_and_limits():
    rig = Rig(ack_ms=3000)
    rig.connect("AT+CIPQSEND=1")
    assert rig.command("AT+CIPSEND?") == b"\r\n+CIPSEND: 1460\r\n" + OK
    rig.command("AT+CIPSEND=4")
    rig.modem.feed(b"data")
    rig.advance(100)
    assert rig.take() == b"\r\nDATA ACCEPT:4\r\n"
    assert rig.command("AT+CIPACK") == b"\r\n+CIPACK: 4,0,4\r\n" + OK
    rig.advance(3000)
    assert rig.command("AT+CIPACK") == b"\r\n+CIPACK: 4,4,0\r\n" + OK
    for length in ("0", "1461", "x"):
        assert rig.command(f"AT+CIPSEND={length}") == b"\r\nERROR\r\n"


@pytest.mark.parametrize(
    ("mode", "prompt", "final"),
    [(0, b"", b"\r\nSEND OK\r\n"), (2, b"", b""), (1, b"\r\n> ", b"\r\nSEND OK\r\n")],
)
def test_prompt_modes(mode, prompt, final):
    rig = Rig()
    peer = rig.connect(f"AT+CIPSPRT={mode}")
    assert rig.command("AT+CIPSEND=2", 200) == prompt
    rig.modem.feed(b"hi")
    rig.advance(2000)
    assert (rig.take(), bytes(peer.sent)) == (final, b"hi")


def test_state_machine_refuses_wrong_order():
    rig = Rig().boot()
    start = 'AT+CIPSTART="TCP","server.test","6867"'
    error = b"\r\nERROR\r\n"
    states = []

    def state():
        states.append(rig.command("AT+CIPSTATUS", 500).split(b"STATE: ")[1].strip().decode())

    state()
    rig.command('AT+CSTT="internet"')
    state()
    assert rig.command(start) == error
    assert rig.command('AT+CSTT="internet"') == error
    assert rig.command("AT+CIPMUX=1") == error
    rig.command("AT+CIICR")
    state()
    assert rig.command(start) == error
    rig.command("AT+CIFSR", 500)
    state()
    assert rig.command(start) == OK
    state()
    assert rig.command(start) == error
    rig.advance(2000)
    assert rig.take() == b"\r\nCONNECT OK\r\n"
    state()
    assert rig.command("AT+CIPRXGET=1") == error
    assert rig.command("AT+CIPCLOSE", 1000) == b"\r\nCLOSE OK\r\n"
    assert rig.dialler.connections[0].is_closed
    state()
    assert rig.command("AT+CIPCLOSE") == error
    assert rig.command(start) == OK
    rig.advance(2000)
    rig.command("AT+CIPSHUT")
    state()
    assert states == [
        "IP INITIAL",
        "IP START",
        "IP GPRSACT",
        "IP STATUS",
        "TCP CONNECTING",
        "CONNECT OK",
        "TCP CLOSED",
        "IP INITIAL",
    ]


def test_errors_can_be_cme_errors():
    profile = Profile()
    profile.quirks.cip_errors_are_cme = True
    rig = Rig(profile).boot("AT+CMEE=2")
    assert rig.command("AT+CIPSEND=5") == b"\r\n+CME ERROR: operation not allowed\r\n"


def test_peer_is_stopped_while_the_window_is_full():
    rig = Rig()
    peer = rig.connect("AT+CIPRXGET=1")
    peer.events.on_data(bytes(6000))
    rig.advance(1000)
    assert peer.is_paused
    rig.command("AT+CIPRXGET=2,1460")
    assert not peer.is_paused


def test_an_early_banner_and_close_come_behind_connect_ok():
    rig = Rig(connect_ms=2000)
    rig.boot("AT+CIPHEAD=1", 'AT+CSTT="internet"', "AT+CIICR")
    rig.command("AT+CIFSR", 500)
    rig.command('AT+CIPSTART="TCP","server.test",6867')
    peer = rig.dialler.connections[0]
    peer.events.on_data(b"hello")
    peer.events.on_closed()
    rig.advance(5000)
    assert rig.take() == b"\r\nCONNECT OK\r\n\r\n+IPD,5:hello\r\nCLOSED\r\n"


def test_multi_mode():
    rig = Rig().boot("AT+CIPMUX=1;+CIPRXGET=1", 'AT+CSTT="internet"', "AT+CIICR")
    rig.command("AT+CIFSR", 500)
    assert rig.command('AT+CIPSTART=2,"TCP","server.test",6867') == OK
    rig.advance(2000)
    assert rig.take() == b"\r\n2,CONNECT OK\r\n"
    peer = rig.dialler.connections[0]
    rig.command("AT+CIPSEND=2,3")
    rig.modem.feed(b"abc")
    rig.advance(2000)
    assert (rig.take(), bytes(peer.sent)) == (b"\r\n2, SEND OK\r\n", b"abc")
    peer.events.on_data(b"xyz")
    rig.advance(1000)
    assert rig.take() == b"\r\n+CIPRXGET: 1,2\r\n"
    assert rig.command("AT+CIPRXGET=2,2,9") == b"\r\n+CIPRXGET: 2,2,3,0\r\nxyz" + OK
    status = rig.command("AT+CIPSTATUS", 500)
    assert b"\r\nSTATE: IP PROCESSING\r\n" in status
    assert b'\r\nC: 2,0,"TCP","192.0.2.1","6867","CONNECTED"\r\n' in status
    peer.events.on_closed()
    rig.advance(1000)
    assert rig.take() == b"\r\n2, CLOSED\r\n"


def test_transparent_mode():
    rig = Rig().boot("AT+CIPMODE=1", 'AT+CSTT="internet"', "AT+CIICR")
    rig.command("AT+CIFSR", 500)
    rig.command('AT+CIPSTART="TCP","server.test",6867')
    rig.advance(2000)
    assert rig.take() == b"\r\nCONNECT\r\n"
    peer = rig.dialler.connections[0]
    rig.modem.feed(b"AT+CSQ\r+++")
    peer.events.on_data(AWKWARD)
    rig.advance(1500)
    assert (rig.take(), bytes(peer.sent)) == (AWKWARD, b"AT+CSQ\r+++")
    for _ in range(3):
        rig.modem.feed(b"+")
    rig.advance(1500)
    assert rig.take() == OK
    assert rig.command("AT+CSQ") == b"\r\n+CSQ: 17,0\r\n" + OK
    rig.command("ATO", 500)
    peer.events.on_closed()
    rig.advance(1000)
    assert rig.take() == b"\r\nCLOSED\r\n"
    assert rig.command("AT") == OK


def test_name_lookup():
    rig = Rig(failures={"nosuch.example": "dns"})
    rig.connect()
    rig.command('AT+CDNSGIP="server.test"')
    rig.advance(1000)
    assert rig.take() == b'\r\n+CDNSGIP: 1,"server.test","192.0.2.1"\r\n'
    rig.command('AT+CDNSGIP="nosuch.example"')
    rig.advance(9000)
    assert rig.take() == b"\r\n+CDNSGIP: 0,8\r\n"


def test_fixed_local_port_is_held_after_a_close():
    profile = Profile()
    profile.quirks.local_port_hold_ms = 60000
    rig = Rig(profile)
    rig.connect('AT+CLPORT="TCP","6867"')
    rig.command("AT+CIPCLOSE", 1000)
    start = 'AT+CIPSTART="TCP","server.test",6867'
    rig.command(start)
    rig.advance(3000)
    assert rig.take() == b"\r\nCONNECT FAIL\r\n"
    rig.advance(60000)
    rig.command(start)
    rig.advance(3000)
    assert rig.take() == b"\r\nCONNECT OK\r\n"


def test_losing_packet_service_drops_the_context():
    rig = Rig(bearer_loss_ms=5000)
    peer = rig.connect()
    rig.modem.network.set_coverage(2)
    rig.advance(4000)
    rig.modem.network.set_coverage(1)
    rig.advance(4000)
    assert rig.take() == b""
    rig.modem.network.set_coverage(2)
    rig.advance(6000)
    assert rig.take() == b"\r\n+PDP: DEACT\r\n"
    assert peer.is_abandoned
    assert rig.command("AT+CIFSR") == b"\r\nERROR\r\n"


def test_revisions_that_cannot_read_after_a_close_and_end_pushed_lines():
    profile = Profile()
    profile.quirks.read_after_close_fails = True
    profile.quirks.ipd_follows_payload_directly = False
    rig = Rig(profile)
    peer = rig.connect("AT+CIPHEAD=1")
    peer.events.on_data(bytes(1461))
    rig.advance(1000)
    assert rig.take().endswith(b"\x00\r\n+IPD,1:\x00")
    rig.command("AT+CIPSHUT")
    peer = rig.connect("AT+CIPRXGET=1")
    peer.events.on_data(b"bye")
    peer.events.on_closed()
    rig.advance(1000)
    assert rig.command("AT+CIPRXGET=2,9") == b"\r\nERROR\r\n"
