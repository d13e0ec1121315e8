"""TCP through the SIM800 driver: the stream, its ends, and SMS at the same time."""

import asyncio

from host_tests.links.modem.modem_bench import APN, DNS, fails, joined, on_bench, read_all
from tools.simulated_board.fakes.at_peer import info

_START = 'AT+CIPSTART="TCP","server.example.org",6867'
_BRING_UP = [
    "AT+CIPSHUT",
    "AT+CIPMUX=0;+CIPRXGET=1",
    "AT+CGATT?",
    'AT+CSTT="internet","",""',
    "AT+CIICR",
    "AT+CIFSR",
    _START,
]
_AWKWARD = b"\r\nOK\r\n> +IPD,4:\r\nCLOSED\r\n\x1a\x1b\x08\x00\xff\r\nRDY\r\n"


def connect(bench):
    return bench.modem.open_tcp("server.example.org", 6867)


async def reads(bench, stream):
    return await bench.wait(stream.readinto(memoryview(bytearray(64))), 400000)


def test_a_modem_that_takes_eight_seconds_for_every_answer():
    async def scenario(bench):
        await bench.up()
        deliver = bench.fake.wire.deliver

        async def late(data):
            await bench.clock.sleep_ms(8000)
            deliver(data)

        bench.fake.wire.deliver = lambda data: asyncio.create_task(late(data))
        assert await bench.wait(bench.modem.open_tcp("server.example.org", 6867), 200000)
        assert bench.status.counts == {}

    on_bench(scenario, (4096,))


def test_connect_write_read_close():
    async def scenario(bench):
        await bench.up()
        start = len(bench.fake.sent)
        stream = await bench.wait(connect(bench))
        assert bench.fake.sent[start:] == _BRING_UP
        assert bench.modem.profile.bearer
        await bench.wait(stream.write(b"HELLO\r\n"))
        assert bench.fake.payloads == [b"HELLO\r\n"]
        bench.fake.receive(b"WORLD 42\n")
        assert await read_all(bench, stream, 9) == b"WORLD 42\n"
        await bench.wait(stream.close())
        assert bench.fake.sent[-1] == "AT+CIPCLOSE"
        assert await reads(bench, stream) == 0
        await fails(bench, stream.write(b"x"))

    on_bench(scenario)


def test_optional_steps():
    async def scenario(bench):
        bench.config.values[DNS] = "8.8.8.8"
        bench.fake.answers["AT+CGATT?"] = info("+CGATT: 0")
        bench.fake.answers['AT+CDNSCFG="8.8.8.8"'] = b"\r\nERROR\r\n"
        await bench.connect()
        assert bench.fake.count("AT+CGATT=1") == 1
        assert bench.fake.count('AT+CDNSCFG="8.8.8.8"') == 1

    on_bench(scenario, (4096,))


def test_any_bytes_pass_both_ways():
    async def scenario(bench):
        stream = await bench.connect()
        everything = bytes(range(256)) + _AWKWARD
        await bench.wait(stream.write(everything))
        assert bench.fake.payloads == [everything]
        bench.fake.receive(everything)
        assert await read_all(bench, stream, len(everything)) == everything

    on_bench(scenario)


def test_long_writes_go_in_segments_and_long_reads_arrive_whole():
    async def scenario(bench):
        stream = await bench.connect()
        data = bytes([n % 251 for n in range(3000)])
        await bench.wait(stream.write(data))
        assert [len(payload) for payload in bench.fake.payloads] == [1024, 1024, 952]
        assert b"".join(bench.fake.payloads) == data
        bench.fake.receive(data)
        await bench.idle(10000)
        assert await read_all(bench, stream, 3000) == data
        assert bench.status.counts == {}

    on_bench(scenario)


def test_data_is_found_without_its_announcement():
    async def scenario(bench):
        stream = await bench.connect()
        bench.fake.urc = lambda *lines: None
        bench.fake.receive(b"hello")
        start_ms = bench.clock.now_ms
        assert await read_all(bench, stream, 5) == b"hello"
        assert bench.clock.now_ms - start_ms < 12000

    on_bench(scenario, (4096,))


def test_an_idle_connection_is_polled_rarely():
    async def scenario(bench):
        stream = await bench.connect()
        reader = asyncio.create_task(stream.readinto(memoryview(bytearray(64))))
        await bench.idle(60000)
        polls = len([text for text in bench.fake.sent if text.startswith("AT+CIPRXGET=2")])
        assert 5 < polls < 14
        reader.cancel()

    on_bench(scenario, (4096,))


def test_the_peer_closes():
    async def scenario(bench):
        stream = await bench.connect()
        bench.fake.urc("CLOSED")
        assert await reads(bench, stream) == 0
        await fails(bench, stream.write(b"x"))
        await bench.wait(stream.close())
        assert bench.fake.count("AT+CIPCLOSE") == 0
        # The bearer is still up.
        start = len(bench.fake.sent)
        await bench.wait(connect(bench))
        assert bench.fake.sent[start:] == [_START]

    on_bench(scenario)


def test_what_the_peer_sent_before_it_closed_is_read():
    async def scenario(bench):
        stream = await bench.connect()
        bench.fake.receive(b"bye\n")
        bench.fake.urc("CLOSED")
        assert await read_all(bench, stream, 9) == b"bye\n"

    async def more_than_one_read(bench):
        stream = await bench.connect()
        bench.fake.receive(b"y" * 1500)
        bench.fake.urc("CLOSED")
        assert await read_all(bench, stream, 2000) == b"y" * 1500

    on_bench(scenario)
    on_bench(more_than_one_read)


def test_a_modem_that_refuses_to_read_a_closed_socket():
    async def scenario(bench):
        stream = await bench.connect()
        bench.fake.answers["AT+CIPRXGET=2,64"] = b"\r\nERROR\r\n"
        bench.fake.urc("CLOSED")
        assert await reads(bench, stream) == 0

    on_bench(scenario, (4096,))


def test_failing_sends_break_the_connection():
    for answer in (
        b"\r\nCLOSED\r\n",
        b"\r\nSEND FAIL\r\n",
        b"\r\nERROR\r\n",
        b"\r\n+CME ERROR: operation not allowed\r\n",
        b"\r\n+PDP: DEACT\r\n",
        b"",
    ):

        async def scenario(bench, answer=answer):
            stream = await bench.connect()
            bench.fake.send_answer = answer
            await fails(bench, stream.write(b"hello"))
            await bench.wait(stream.close())
            bench.fake.send_answer = b"\r\nSEND OK\r\n"
            stream = await bench.wait(connect(bench))
            await bench.wait(stream.write(b"again"))
            assert bench.fake.payloads[-1] == b"again"

        on_bench(scenario)


def test_the_bearer_is_lost():
    async def scenario(bench):
        stream = await bench.connect()
        bench.fake.urc("+PDP: DEACT")
        await fails(bench, stream.readinto(memoryview(bytearray(9))))
        assert bench.modem.profile.bearer is None
        start = len(bench.fake.sent)
        await bench.wait(connect(bench))
        assert bench.fake.sent[start:] == _BRING_UP

    on_bench(scenario)


def test_failing_connections():
    for command, answer in (
        (_START, b"\r\nOK\r\n\r\nSTATE: IP STATUS\r\n\r\nCONNECT FAIL\r\n"),
        (_START, b"\r\nERROR\r\n\r\nALREADY CONNECT\r\n"),
        (_START, b"\r\nALREADY CONNECT\r\n"),
        (_START, b"\r\nOK\r\n"),
        (_START, b"\r\n+CME ERROR: operation not allowed\r\n"),
        ("AT+CIICR", b"\r\n+CME ERROR: requested service option not subscribed\r\n"),
        ("AT+CIICR", b"\r\n+PDP: DEACT\r\n\r\nERROR\r\n"),
        ("AT+CIICR", b"\r\n+PDP: DEACT\r\n"),
        ("AT+CIFSR", b"\r\nERROR\r\n"),
        ('AT+CSTT="internet","",""', b"\r\nERROR\r\n"),
    ):

        async def scenario(bench, command=command, answer=answer):
            bench.fake.answers[command] = answer
            await bench.up()
            await fails(bench, connect(bench))
            await fails(bench, connect(bench))
            assert bench.status.counts["tcp_failed"] == 2
            del bench.fake.answers[command]
            if command == "AT+CIFSR":
                bench.fake.answers[command] = b"\r\n10.178.45.9\r\n"
            start = len(bench.fake.sent)
            await bench.wait(connect(bench))
            assert bench.fake.sent[start:] == _BRING_UP, bench.fake.sent[start:]
            assert bench.is_up()

        on_bench(scenario, (4096,))


def test_a_connection_that_fails_once_does_not_cost_the_bearer():
    async def scenario(bench):
        await bench.up()
        bench.fake.answers[_START] = b"\r\nOK\r\n\r\nCONNECT FAIL\r\n"
        await fails(bench, connect(bench))
        del bench.fake.answers[_START]
        start = len(bench.fake.sent)
        await bench.wait(connect(bench))
        assert bench.fake.sent[start:] == [_START]

    on_bench(scenario, (4096,))


def test_connections_that_never_work_restart_the_modem():
    async def scenario(bench):
        await bench.up()
        bench.fake.answers["AT+CIICR"] = b"\r\nERROR\r\n"
        for _ in range(6):
            await fails(bench, connect(bench))
        assert await bench.until(lambda: bench.fake.count("AT+CFUN=1,1") == 1, 90000)
        assert bench.status.counts["gprs_useless"] == 1

    on_bench(scenario, (4096,))


def test_no_apn_and_no_network_are_told():
    async def scenario(bench):
        bench.start()
        error = await fails(bench, connect(bench))
        assert str(error) == "The modem has no network."
        await bench.up()
        bench.config.values[APN] = ""
        error = await fails(bench, connect(bench))
        assert str(error) == "No APN is set."
        bench.config.values[APN] = 'x",'
        await fails(bench, connect(bench))
        assert not any("CSTT" in text for text in bench.fake.sent)

    on_bench(scenario, (4096,))


def test_a_changed_apn_makes_a_new_bearer():
    async def scenario(bench):
        await bench.connect()
        bench.config.values[APN] = "other"
        await bench.wait(connect(bench))
        assert bench.fake.count('AT+CSTT="other","",""') == 1

    on_bench(scenario, (4096,))


def test_a_close_that_was_not_heard_is_found():
    async def scenario(bench):
        stream = await bench.connect()
        bench.fake.answers["AT+CIPSTATUS"] = b"\r\nOK\r\n\r\nSTATE: TCP CLOSED\r\n"
        assert await reads(bench, stream) == 0
        assert bench.status.counts["tcp_close_missed"] == 1

    on_bench(scenario, (4096,))


def test_lost_payload_breaks_the_connection():
    async def scenario(bench):
        stream = await bench.connect()
        torn = b"\r\n+CIPRXGET: 2,100,0\r\nonly this\r\nOK\r\n"
        bench.fake.answers["AT+CIPRXGET=2,64"] = torn
        error = await fails(bench, stream.readinto(memoryview(bytearray(64))))
        assert str(error) == "The modem lost the connection."
        del bench.fake.answers["AT+CIPRXGET=2,64"]
        stream = await bench.wait(connect(bench))
        bench.fake.receive(b"fine")
        assert await read_all(bench, stream, 4) == b"fine"

    on_bench(scenario, (4096,))


def test_a_reader_that_is_cancelled_between_two_bytes_loses_the_connection():
    async def scenario(bench):
        stream = await bench.connect()
        bench.fake.answers["AT+CIPRXGET=2,64"] = b"\r\n+CIPRXGET: 2,9,0\r\nlost"
        reader = asyncio.create_task(stream.readinto(memoryview(bytearray(64))))
        assert await bench.until(lambda: bench.fake.count("AT+CIPRXGET=2,64") == 1)
        await bench.idle(200)
        reader.cancel()
        await bench.idle(200)
        bench.fake.wire.deliver(b" data\r\nOK\r\n")
        await fails(bench, stream.readinto(memoryview(bytearray(64))))
        await fails(bench, stream.write(b"x"))

    async def quiet(bench):
        stream = await bench.connect()
        reader = asyncio.create_task(stream.readinto(memoryview(bytearray(64))))
        await bench.idle(200)
        reader.cancel()
        bench.fake.receive(b"fine")
        assert await read_all(bench, stream, 4) == b"fine"

    on_bench(scenario)
    on_bench(quiet)


def test_bytes_lost_in_an_exhausted_heap_break_the_connection():
    async def scenario(bench):
        stream = await bench.connect()
        keep = bench.modem.port.on_data

        def exhausted(data):
            bench.modem.port.on_data = keep
            raise MemoryError

        bench.modem.port.on_data = exhausted
        bench.fake.receive(b"one\r\nOK\r\n")
        await fails(bench, stream.readinto(memoryview(bytearray(64))))
        stream = await bench.wait(connect(bench))
        bench.fake.receive(b"fine")
        assert await read_all(bench, stream, 4) == b"fine"

    on_bench(scenario, (4096, 3))


def test_unread_data_stays_in_the_modem():
    async def scenario(bench):
        stream = await bench.connect()
        bench.fake.receive(b"x" * 1000)
        await bench.idle(30000)
        assert not any(text.startswith("AT+CIPRXGET=2") for text in bench.fake.sent)
        assert await reads(bench, stream) == 64

    on_bench(scenario, (4096,))


def test_a_new_connection_ends_the_one_before():
    async def scenario(bench):
        first = await bench.connect()
        second = await bench.wait(connect(bench))
        await fails(bench, first.readinto(memoryview(bytearray(9))))
        await fails(bench, first.write(b"x"))
        await bench.wait(first.close())
        assert bench.fake.count("AT+CIPCLOSE") == 0
        await bench.wait(second.write(b"y"))

    on_bench(scenario, (4096,))


def test_a_cancelled_connection_attempt_leaves_the_modem_usable():
    async def scenario(bench):
        await bench.up()
        bench.fake.answers[_START] = b"\r\nOK\r\n"
        task = asyncio.create_task(connect(bench))
        assert await bench.until(lambda: bench.fake.count(_START) == 1)
        await bench.idle(500)
        task.cancel()
        await bench.idle(500)
        del bench.fake.answers[_START]
        await bench.wait(connect(bench))

    on_bench(scenario)


def test_sms_between_the_steps_of_a_send():
    # D7, while data waits too.
    async def scenario(bench):
        stream = await bench.connect()
        for index in (3, 4):
            text = (
                b"\r\n+CMGR: "
                + b'"REC UNREAD","+4915112345678","","26/08/24,10:20:30+08"\r\nSTAT%d'
            )
            bench.fake.answers["AT+CMGR=%d" % index] = text % index + b"\r\n\r\nOK\r\n"
        bench.fake.prompt = b'\r\n+CMTI: "SM",3\r\n\r\n> '
        bench.fake.send_answer = b'\r\n+CMTI: "SM",4\r\n\r\n+CIPRXGET: 1\r\n\r\nSEND OK\r\n'
        await bench.wait(stream.write(b"MP-0 ping\r\n"))
        assert bench.fake.payloads == [b"MP-0 ping\r\n"]
        bench.fake.prompt = b"\r\n> "
        assert await bench.wait(bench.modem.next_sms()) == ("+4915112345678", "STAT3")
        assert await bench.wait(bench.modem.next_sms()) == ("+4915112345678", "STAT4")
        bench.fake.receive(b"pong")
        sms = asyncio.create_task(bench.modem.send_sms("+4915112345678", "SOC: 79%"))
        assert await read_all(bench, stream, 4) == b"pong"
        assert await bench.wait(joined(sms))

    on_bench(scenario)


def test_a_message_is_received_while_the_connection_is_being_made():
    async def scenario(bench):
        await bench.up()
        bench.fake.answers[_START] = b"\r\nOK\r\n"
        task = asyncio.create_task(connect(bench))
        assert await bench.until(lambda: bench.fake.count(_START) == 1)
        bench.fake.answers["AT+CMGR=3"] = (
            b'\r\n+CMGR: "REC UNREAD","+4915112345678","","26/08/24,10:20:30+08"\r\n'
            b"STAT\r\n\r\nOK\r\n"
        )
        bench.fake.urc('+CMTI: "SM",3')
        assert await bench.wait(bench.modem.next_sms(), 5000) == ("+4915112345678", "STAT")
        bench.fake.urc("CONNECT OK")
        stream = await bench.wait(joined(task), 5000)
        await bench.wait(stream.write(b"x"))

    on_bench(scenario)
