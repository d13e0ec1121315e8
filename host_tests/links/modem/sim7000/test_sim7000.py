"""The SIM7000's driver from its start to TCP, its ends and SMS. Hardware facts 4.10, D21, D22."""

import asyncio

from host_tests.fakes import at_feed
from host_tests.fakes.sim7000_peer import FakeSIM7000
from host_tests.links.modem.modem_bench import (
    APN,
    APN_PASSWORD,
    APN_USER,
    fails,
    joined,
    on_bench,
    read_all,
)
from host_tests.shims.expect import raises
from ovms.links.modem.sim7000.details import SIM7000Details
from ovms.links.modem.sim7000.profile import SIM7000
from ovms.links.modem.terminal import raw_line
from ovms.parameters import AT_OWN
from tools.simulated_board.fakes.at_peer import info

_OPEN = 'AT+CAOPEN=0,"server.example.org",6867'
_SOCKET = ["AT+CACID=0", 'AT+CASSLCFG=0,"ssl",0', _OPEN]
_BRING_UP = [
    "AT+CNACT?",
    "AT+CGDCONT?",
    "AT+CGATT?",
    'AT+CNCFG=1,"internet"',
    'AT+CNACT=1,"internet"',
]
_AWKWARD = b"\r\nOK\r\n> +CARECV: 4,\r\n+CASTATE: 0,0\r\n\x1a\x1b\x08\x00\xff\r\nRDY\r\n"


def on_sim7000(scenario, pieces=(4096, 1)):
    on_bench(scenario, pieces, profile=SIM7000, fake=FakeSIM7000)


def connect(bench):
    return bench.modem.open_tcp("server.example.org", 6867)


async def reads(bench, stream):
    return await bench.wait(stream.readinto(memoryview(bytearray(64))), 400000)


def events_of(data, command, pieces):
    digester = at_feed.new_digester(profile=SIM7000)
    if command:
        digester.expect(command)
    events = []
    at_feed.feed(digester, data, pieces, events)
    return events, digester


def test_its_lines_in_every_cutting():
    for pieces in ((4096,), (1,), (2,), (7,), (13,)):
        lines = b"\r\n+CARECV: %d," % len(_AWKWARD) + _AWKWARD + b"\r\n\r\nOK\r\n"
        events, digester = events_of(lines, b"AT+CARECV=0,100", pieces)
        assert events[0][0] == "info" and digester.dropped == 0
        assert events[1:] == [("data", _AWKWARD), ("result", b"OK")], events
        # How much it holds looks like data of no length.
        lines = b"\r\n+CADATAIND: 0\r\n\r\n+CARECV: 0,6\r\n\r\nOK\r\n"
        events, _ = events_of(lines, b"AT+CARECV?", pieces)
        assert events == [
            ("urc", b"+CADATAIND: 0"),
            ("info", b"+CARECV: 0,6"),
            ("result", b"OK"),
        ], events
        lines = b"\r\n+CAOPEN: 0,0\r\n\r\nOK\r\n\r\n+CASEND: 0,0,5\r\n\r\n+APP PDP: DEACTIVE\r\n"
        events, digester = events_of(lines, _OPEN.encode(), pieces)
        assert events == [
            ("urc", b"+CAOPEN: 0,0"),
            ("result", b"OK"),
            ("urc", b"+CASEND: 0,0,5"),
            ("urc", b"+APP PDP: DEACTIVE"),
        ], events
        assert digester.dropped == 0
        # A URC of a registration beside the answer that looks like it.
        lines = b"\r\n+CEREG: 2\r\n\r\n+CEREG: 1,5\r\n\r\nOK\r\n"
        events, _ = events_of(lines, b"AT+CEREG?", pieces)
        assert events == [("urc", b"+CEREG: 2"), ("info", b"+CEREG: 1,5"), ("result", b"OK")]


def test_start_and_registration_by_lte_alone():
    async def scenario(bench):
        await bench.up()
        sent = bench.fake.sent
        for text in ("AT+CEREG=1", "AT+CGREG=1", "AT+CREG=1", "AT+CEREG?", "AT+CMGF=1", "AT+CCID"):
            assert text in sent, text
        # The best one is enough, and nothing of a SIM800 is asked for.
        assert "AT+CREG?" not in sent
        assert not [text for text in sent if "CIP" in text or "SPIC" in text]
        assert bench.status.operator == "Telekom.de" and bench.status.modem_note == ""
        assert not bench.status.counts, bench.status.counts

    on_sim7000(scenario)


def test_gsm_alone_and_a_refusal_that_is_none():
    async def scenario(bench):
        bench.fake.answers["AT+CEREG?"] = info("+CEREG: 1,4")
        bench.fake.answers["AT+CGREG?"] = info("+CGREG: 1,3")
        bench.fake.answers["AT+CREG?"] = info("+CREG: 1,5")
        await bench.up()
        assert bench.status.is_roaming and not bench.status.modem_error
        # A registration that ends is seen at the next look at all of them.
        bench.fake.urc("+CREG: 0")
        await bench.idle(2000)
        assert bench.status.is_registered
        bench.fake.answers["AT+CREG?"] = info("+CREG: 1,0")
        assert await bench.until(lambda: not bench.status.is_registered, 70000)
        assert bench.status.modem_error == "The network refuses the SIM."

    on_sim7000(scenario, (4096,))


def test_connect_write_read_close():
    async def scenario(bench):
        await bench.up()
        start = len(bench.fake.sent)
        stream = await bench.wait(connect(bench))
        assert bench.fake.sent[start:] == _BRING_UP + _SOCKET
        await bench.wait(stream.write(b"HELLO\r\n"))
        assert bench.fake.payloads == [b"HELLO\r\n"]
        bench.fake.receive(b"WORLD 42\n")
        assert await read_all(bench, stream, 9) == b"WORLD 42\n"
        await bench.wait(stream.close())
        assert bench.fake.sent[-1] == "AT+CACLOSE=0"
        assert await reads(bench, stream) == 0
        await fails(bench, stream.write(b"x"))
        # The network stays up for the next.
        start = len(bench.fake.sent)
        await bench.wait(connect(bench))
        assert bench.fake.sent[start:] == _SOCKET
        assert not bench.status.counts, bench.status.counts

    on_sim7000(scenario)


def test_user_password_and_another_apn():
    async def scenario(bench):
        bench.config.values[APN] = "iot.1nce.net"
        bench.config.values[APN_USER] = "me"
        bench.config.values[APN_PASSWORD] = "secret"
        bench.fake.answers["AT+CGATT?"] = info("+CGATT: 0")
        bench.fake.is_active = True
        await bench.connect()
        for text in (
            "AT+CNACT=0",
            'AT+CGDCONT=1,"IP","iot.1nce.net"',
            "AT+CGATT=1",
            'AT+CNCFG=1,"iot.1nce.net","me","secret",3',
            'AT+CNACT=1,"iot.1nce.net"',
        ):
            assert bench.fake.count(text) == 1, text

    on_sim7000(scenario, (4096,))


def test_any_bytes_pass_both_ways_in_any_length():
    async def scenario(bench):
        stream = await bench.connect()
        everything = bytes(range(256)) + _AWKWARD
        await bench.wait(stream.write(everything))
        assert bench.fake.payloads == [everything]
        bench.fake.receive(everything)
        assert await read_all(bench, stream, len(everything)) == everything
        data = bytes([n % 251 for n in range(3000)])
        await bench.wait(stream.write(data))
        assert [len(payload) for payload in bench.fake.payloads[1:]] == [1024, 1024, 952]
        bench.fake.receive(data)
        assert await read_all(bench, stream, 3000) == data
        assert not bench.fake.is_deaf and not bench.status.counts, bench.status.counts

    on_sim7000(scenario)


def test_an_opening_that_is_answered_in_the_other_order():
    async def scenario(bench):
        bench.fake.open_answer = b"\r\nOK\r\n\r\n+CAOPEN: 0,0\r\n"
        stream = await bench.connect()
        await bench.wait(stream.write(b"x"))

    on_sim7000(scenario)


def test_data_is_found_without_its_announcement():
    async def scenario(bench):
        stream = await bench.connect()
        bench.fake.received = b"hello"
        start_ms = bench.clock.now_ms
        assert await read_all(bench, stream, 5) == b"hello"
        assert bench.clock.now_ms - start_ms < 12000

    on_sim7000(scenario, (4096,))


def test_a_closed_connection_is_never_asked_for_data():
    async def heard(bench):
        stream = await bench.connect()
        bench.fake.peer_closes()
        assert await reads(bench, stream) == 0
        assert bench.status.counts["tcp_closed"] == 1
        await bench.wait(connect(bench))
        assert bench.fake.count("AT+CACLOSE=0") == 1 and not bench.fake.is_deaf

    async def missed(bench):
        stream = await bench.connect()
        bench.fake.is_open = False
        assert await reads(bench, stream) == 0
        assert bench.status.counts["tcp_close_missed"] == 1
        assert not bench.fake.is_deaf

    async def with_data(bench):
        # What it announced is gone with the connection, and that is no good end.
        stream = await bench.connect()
        bench.fake.receive(b"bye\n")
        bench.fake.peer_closes()
        await bench.idle(100)
        await fails(bench, stream.readinto(memoryview(bytearray(64))))
        assert not bench.fake.is_deaf

    on_sim7000(heard)
    on_sim7000(missed, (4096,))
    on_sim7000(with_data, (4096,))


def test_failing_sends_break_the_connection():
    for taken in (b"0,1,0", b"0,0,3", b"x"):

        async def scenario(bench, taken=taken):
            stream = await bench.connect()
            bench.fake.taken = taken
            await fails(bench, stream.write(b"hello"))
            bench.fake.taken = None
            stream = await bench.wait(connect(bench))
            await bench.wait(stream.write(b"again"))
            assert bench.fake.payloads[-1] == b"again"
            assert bench.status.counts["tcp_send_failed"] == 1

        on_sim7000(scenario, (4096,))


def test_the_bearer_is_lost():
    async def scenario(bench):
        stream = await bench.connect()
        bench.fake.lose_bearer()
        await fails(bench, stream.readinto(memoryview(bytearray(9))))
        assert bench.status.counts["gprs_lost"] == 1
        start = len(bench.fake.sent)
        await bench.wait(connect(bench))
        assert bench.fake.sent[start:] == _BRING_UP + _SOCKET

    on_sim7000(scenario)


def test_failing_connections():
    for name, answer in (
        ("open_answer", b"\r\n+CAOPEN: 0,27\r\n\r\nOK\r\n"),
        ("open_answer", b"\r\n+CAOPEN: 0,4\r\n\r\nERROR\r\n"),
        ("open_answer", b"\r\nERROR\r\n"),
        ("open_answer", b"\r\nOK\r\n"),
        ("active_urc", "+APP PDP: DEACTIVE"),
    ):

        async def scenario(bench, name=name, answer=answer):
            good = getattr(bench.fake, name)
            setattr(bench.fake, name, answer)
            await bench.up()
            await fails(bench, connect(bench))
            await fails(bench, connect(bench))
            assert bench.status.counts["tcp_failed"] == 2
            setattr(bench.fake, name, good)
            stream = await bench.wait(connect(bench))
            await bench.wait(stream.write(b"x"))
            assert bench.modem.profile.failures == 0

        on_sim7000(scenario, (4096,))


def test_an_absent_peer_costs_no_bearer_at_first():
    async def scenario(bench):
        bench.fake.open_answer = b"\r\n+CAOPEN: 0,23\r\n\r\nOK\r\n"
        await bench.up()
        for actives in (1, 1, 2):
            await fails(bench, connect(bench))
            assert bench.fake.count('AT+CNACT=1,"internet"') == actives

    on_sim7000(scenario, (4096,))


def test_its_restart_is_noticed():
    for lines in (
        b"\r\nRDY\r\n",
        b"\xff\x00RDY\xff\r\n",
        b"\r\n+CPIN: NOT READY\r\n",
        b"\r\nNORMAL POWER DOWN\r\n",
        b"\r\nSMS Ready\r\n\r\nSMS Ready\r\n",
    ):

        async def scenario(bench, lines=lines):
            stream = await bench.connect()
            starts = bench.fake.count("AT+CMEE=2")
            bench.fake.wire.deliver(lines)
            await fails(bench, stream.readinto(memoryview(bytearray(9))))
            assert await bench.until(lambda: bench.fake.count("AT+CMEE=2") > starts, 20000)
            await bench.up()
            assert bench.status.counts["modem_restarted"] == 1
            await bench.wait(connect(bench))

        on_sim7000(scenario, (4096,))


def test_gprs_that_is_not_wanted_any_more():
    async def scenario(bench):
        await bench.connect()
        bench.config.values[APN] = ""
        assert await bench.until(lambda: bench.fake.count("AT+CNACT=0") == 1, 70000)
        assert bench.status.counts["gprs_unwanted"] == 1

    on_sim7000(scenario, (4096,))


def test_sms_beside_a_connection():
    async def scenario(bench):
        stream = await bench.connect()
        bench.fake.answers["AT+CMGR=3"] = (
            b'\r\n+CMGR: "REC UNREAD","+4915112345678","","26/08/24,10:20:30+08"\r\n'
            b"STAT?\r\n\r\nOK\r\n"
        )
        bench.fake.urc('+CMTI: "SM",3')
        assert await bench.wait(bench.modem.next_sms()) == ("+4915112345678", "STAT?")
        bench.fake.receive(b"pong")
        sms = asyncio.create_task(bench.modem.send_sms("+4915112345678", "SOC: 79%"))
        assert await read_all(bench, stream, 4) == b"pong"
        assert await bench.wait(joined(sms))

    on_sim7000(scenario)


def test_the_driver_keeps_its_commands_for_itself():
    reserved = SIM7000Details.reserved
    for text in ("AT+CAOPEN?", "AT+CNACT=0", "AT+CIPSHUT", "AT+CNMP=38", "AT+SMCONN"):
        raises(ValueError, raw_line, text, reserved, AT_OWN)
    for text in ("AT+CNMP?", "AT+CPSI?", "AT+CEREG?"):
        assert raw_line(text, reserved, AT_OWN) == text.encode()


def test_its_clock():
    details = SIM7000Details(None)
    assert details.utc_s(b'+CCLK: "26/08/24,10:53:21+08"') == 1787561601
    assert details.utc_s(b'*PSUTTZ: 23/03/12,22:09:23","+04",0') is None
