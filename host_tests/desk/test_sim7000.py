"""The simulated SIM7000, by the dialogues of hardware facts 4.10, and the real driver on it.

The driver runs in virtual time, as in `test_driver_recovery.py`. CPython only.
"""

import pytest

from host_tests import needs_vm
from tools.desk.driver_bench import CPYTHON, MICROPYTHON
from tools.desk.driver_faults import FAULTS, faults_of
from tools.desk.driver_recovery import recover
from tools.desk.modem.profile import Profile, as_modem
from tools.desk.modem.rig import Rig

SIM7000_FAULTS = faults_of("SIM7000")
RUNTIMES = (MICROPYTHON, CPYTHON)
# Some of each kind; `python -m tools.desk.recovery --part driver --modem sim7000` has all.
TRIED = (
    "SIM with a PIN that is known",
    "no packet service for 60 s",
    "dark at the start",
    "brown-out at AT+CAOPEN of the start",
    "brown-out at AT+CARECV",
    "PDP context lost",
    "closed by the server",
    "data thrown away by a close",
    "half a segment received",
    "SEND FAIL",
    "+CAOPEN: 0,27 for 60 s",
    "hangs until its power is cut",
    "OK before +CAOPEN",
    "every byte alone",
)


def rig(**fields):
    """A running SIM7000 without echo."""
    return Rig(as_modem(Profile(**fields), "SIM7000")).boot()


def connected():
    """A SIM7000 with a connection, and its peer."""
    bench = rig()
    bench.command('AT+CNACT=1,"internet"')
    bench.advance(2000)
    assert bench.take().endswith(b"+APP PDP: ACTIVE\r\n")
    bench.command("AT+CACID=0")
    answer = bench.command('AT+CAOPEN=0,"server.test",6867')
    assert answer == b"\r\n+CAOPEN: 0,0\r\n\r\nOK\r\n"
    return bench, bench.dialler.connections[-1]


def test_it_starts_like_a_sim7000():
    bench = Rig(as_modem(Profile(), "SIM7000"))
    bench.modem.power_on()
    bench.advance(30000)
    said = bench.take()
    assert said.startswith(b"\r\nRDY\r\n") and said.endswith(b"\r\nSMS Ready\r\n")
    assert b"IIII" not in said and b"Call Ready" not in said
    bench.command("ATE0")
    assert b"SIMCOM_SIM7000G" in bench.command("AT+GMM")
    assert bench.command("AT+CIPSHUT").endswith(b"ERROR\r\n")


@pytest.mark.parametrize(
    ("has_lte", "stats"),
    [(True, b"100"), (False, b"411")],
    ids=["LTE-M", "GSM"],
)
def test_registrations_disagree(has_lte, stats):
    bench = rig()
    bench.profile.has_lte = has_lte
    bench.modem.network.set_coverage(1)
    for name, stat in zip(("CEREG", "CGREG", "CREG"), stats.decode(), strict=True):
        assert f"+{name}: 0,{stat}\r\n".encode() in bench.command(f"AT+{name}?")


def test_send_and_receive():
    bench, peer = connected()
    assert bench.command("AT+CASEND=0,5") == b"\r\n>"
    bench.modem.feed(b"hello")
    bench.advance(3000)
    assert bench.take() == b"\r\nOK\r\n\r\n+CASEND: 0,0,5\r\n"
    assert peer.sent == b"hello"
    peer.events.on_data(b"one\r\nOK\r\n")
    bench.advance(1000)
    assert bench.take() == b"\r\n+CADATAIND: 0\r\n"
    assert bench.command("AT+CARECV?") == b"\r\n+CARECV: 0,9\r\n\r\nOK\r\n"
    assert bench.command("AT+CARECV=0,9") == b"\r\n+CARECV: 9,one\r\nOK\r\n\r\n\r\nOK\r\n"
    assert bench.command("AT+CARECV?") == b"\r\nOK\r\n"


def test_a_connection_has_to_be_closed_before_the_next():
    bench, peer = connected()
    peer.events.on_data(b"lost")
    peer.events.on_closed()
    bench.advance(1000)
    assert bench.take().endswith(b"+CASTATE: 0,0\r\n")
    assert bench.command("AT+CASTATE?") == b"\r\nOK\r\n"
    refused = bench.command('AT+CAOPEN=0,"server.test",6867')
    assert refused == b"\r\n+CAOPEN: 0,4\r\n\r\nOK\r\n"
    assert bench.command("AT+CACLOSE=0") == b"\r\nOK\r\n"
    assert b"+CAOPEN: 0,0" in bench.command('AT+CAOPEN=0,"server.test",6867')


@pytest.mark.parametrize("command", ["AT+CARECV?", "AT+CARECV=0,100"])
@pytest.mark.parametrize("is_connected", [False, True])
def test_a_wrong_question_hangs_it_until_its_power_is_cut(command, is_connected):
    bench = connected()[0] if is_connected else rig()
    answer = bench.command(command, 2000)
    if is_connected and command.endswith("?"):
        assert answer == b"\r\nOK\r\n"
        return
    assert bench.command("AT", 2000) == b""
    bench.modem.power_off()
    bench.boot()
    assert bench.command("AT") == b"\r\nOK\r\n"


def test_every_fault_has_its_own_words():
    assert len(SIM7000_FAULTS) == len(FAULTS)
    assert {*TRIED} <= {fault.name for fault in SIM7000_FAULTS}
    told = " ".join(f"{fault.name} {fault.strike}" for fault in SIM7000_FAULTS)
    assert "+CI" not in told.replace("+CIMI", "")


@pytest.mark.parametrize("name", TRIED)
def test_the_driver_gets_over_it(name):
    runtime = RUNTIMES[TRIED.index(name) % 2]
    if runtime == MICROPYTHON:
        needs_vm.require(32)
    fault = next(fault for fault in SIM7000_FAULTS if fault.name == name)
    result = recover(fault, runtime)
    assert result.is_good, result
