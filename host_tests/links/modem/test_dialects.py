"""Modems that write otherwise than the manual: the driver expects as little as it can."""

import asyncio

from host_tests.links.modem.modem_bench import DNS, fails, joined, on_bench, read_all
from host_tests.links.modem.sms_stores import answered
from tools.simulated_board.fakes.at_peer import info

_REFUSED = b"\r\nERROR\r\n"
# What no SIM800 refuses, but another modem, or this one on another day, may.
_OPTIONAL = (
    "ATE0",
    "AT+CFUN?",
    "AT+CMEE=2",
    "AT+IFC=0,0",
    "AT+CREG=1",
    "AT+CLIP=1",
    "AT+CLTS?",
    "AT+CLTS=1;&W",
    "AT+CSCLK=1",
    "AT+GSN",
    "AT+CCID",
    "AT+CSDH=1",
    "AT+CNMI=2,1,0,0,0",
    "AT+CNMI=2,1",
    'AT+CSCS="UCS2"',
    'AT+CSCS="IRA"',
    "AT+COPS?",
    "AT+CSQ",
    "AT+CCLK?",
    "AT+CPMS?",
    "AT+CIPSTATUS",
    "AT+CIPMUX=0;+CIPRXGET=1",
    "AT+CIPMUX=0",
    "AT+CGATT?",
    'AT+CDNSCFG="8.8.8.8"',
)


async def works(bench, stream=None):
    """SMS and TCP, both ways."""
    if stream is None:
        stream = await bench.wait(bench.modem.open_tcp("server.example.org", 6867), 200000)
    await bench.wait(stream.write(b"MP-C 0\r\n"))
    assert bench.fake.payloads[-1] == b"MP-C 0\r\n"
    bench.fake.receive(b"MP-S 0\r\n")
    assert await read_all(bench, stream, 8) == b"MP-S 0\r\n"
    bench.fake.urc('+CMT: "+4915112345678","","26/08/24,10:20:30+08"\r\nSTAT')
    assert await bench.wait(bench.modem.next_sms()) == ("+4915112345678", "STAT")
    assert await bench.wait(bench.modem.send_sms("+49151", "SOC: 79%"))
    assert bench.fake.payloads[-1] == b"SOC: 79%\x1a"
    return stream


def rewriting(bench, change):
    """From now on `change(bytes)` passes over all that the modem says, but not over its data."""
    deliver = bench.fake.wire.deliver

    def changed(data):
        is_data = data.startswith(b"\r\n+CIPRXGET: 2") or b"+CMT:" in data
        deliver(data if is_data else change(data))

    bench.fake.wire.deliver = changed


def test_nothing_optional_stops_anything():
    async def scenario(bench):
        bench.config.values[DNS] = "8.8.8.8"
        for command in _OPTIONAL:
            bench.fake.answers[command] = _REFUSED
        bench.start()
        assert await bench.until(bench.is_up, 60000), bench.fake.sent
        stream = await works(bench)
        await bench.idle(130000)
        await works(bench, stream)

    on_bench(scenario)


def test_questions_that_are_answered_by_a_bare_ok():
    async def scenario(bench):
        for command in ("AT+CFUN?", "AT+CLTS?", "AT+COPS?", "AT+CPMS?", "AT+CCLK?", "AT+CGATT?"):
            bench.fake.answers[command] = b"\r\nOK\r\n"
        bench.fake.answers["AT+CIPSTATUS"] = b"\r\nOK\r\n"
        bench.start()
        assert await bench.until(bench.is_up, 60000), bench.fake.sent
        stream = await works(bench)
        await bench.idle(130000)
        await works(bench, stream)
        assert "at_timeout" not in bench.status.counts

    on_bench(scenario)


def test_blanks_capitals_and_line_ends():
    for change in (
        lambda data: data.replace(b": ", b":"),
        lambda data: data.replace(b": ", b":  ").replace(b"OK", b"OK "),
        lambda data: data.replace(b"\r\n\r\n", b"\r\n"),
        lambda data: data.replace(b"\r\n", b"\r\n\r\n"),
        lambda data: data.replace(b"\r\n", b"\r\r\n"),
        lambda data: data.replace(b"\r\n", b"\n"),
        lambda data: data if b"> " in data else data.lower(),
        lambda data: b"\xfe\x80" + data + b"\xff",
        lambda data: b"\r\n\x00\xfe" + data[2:] if data[:2] == b"\r\n" else data,
    ):

        async def scenario(bench, change=change):
            bench.fake.answers["AT+CCID"] = info("+CCID: 8949020000012345678F")
            rewriting(bench, change)
            bench.start()
            assert await bench.until(bench.is_up, 60000), bench.fake.sent
            await works(bench)
            assert bench.status.iccid.upper() == "8949020000012345678F"

        on_bench(scenario)


def test_registration_in_every_shape():
    for answer in (
        "+CREG: 1",
        "+CREG: 0,1",
        "+CREG: 2,5",
        '+CREG: 2,1,"3AA1","12F4"',
        '+CREG: 2,1,"3AA1","12F4",7',
        "+CREG: 2,1,3AA1,12F4",
        "+CREG:1 , 1",
    ):

        async def scenario(bench, answer=answer):
            bench.fake.answers["AT+CREG?"] = info(answer)
            await bench.up()

        on_bench(scenario, (4096,))
    for line in ("+CREG: 5", '+CREG: 5,"3AA1","12F4"', "+CREG: 5,3AA1,12F4"):

        async def unasked(bench, line=line):
            await bench.up()
            bench.fake.urc(line)
            assert await bench.until(lambda: bench.status.is_roaming, 1000)

        on_bench(unasked, (4096,))


def test_the_steps_of_a_connection_in_other_shapes():
    start = 'AT+CIPSTART="TCP","server.example.org",6867'
    for command, answer in (
        ("AT+CIPSHUT", b"\r\nOK\r\n"),
        ("AT+CIPSHUT", b"\r\nSHUT OK\r\n\r\nOK\r\n"),
        ("AT+CIFSR", b"\r\n10.0.0.7\r\n\r\nOK\r\n"),
        ("AT+CIFSR", b"\r\nOK\r\n"),
        ("AT+CIFSR", b"10.0.0.7\r\n"),
        (start, b"\r\nCONNECT OK\r\n"),
        (start, b"\r\nCONNECT OK\r\n\r\nOK\r\n"),
        (start, b"\r\nOK\r\n\r\nSTATE: TCP CONNECTING\r\n\r\nCONNECT OK\r\n"),
        ("AT+CIPSTATUS", b"\r\nSTATE: CONNECT OK\r\n\r\nOK\r\n"),
        ("AT+CIPSTATUS", b"\r\nSTATE: CONNECT OK\r\n"),
        ("AT+CIPCLOSE", b"\r\nOK\r\n"),
        ("AT+CIPCLOSE", b"\r\nCLOSED\r\n\r\nCLOSE OK\r\n"),
    ):

        async def scenario(bench, command=command, answer=answer):
            bench.fake.answers[command] = answer
            await bench.up()
            stream = await works(bench)
            if command == "AT+CIPSTATUS":
                await bench.idle(70000)
                await works(bench, stream)
            await bench.wait(stream.close())
            await works(bench)
            assert bench.status.counts.get("tcp_failed", 0) == 0

        on_bench(scenario, (4096, 3))


def test_a_late_ok_is_no_answer_to_a_question():
    async def scenario(bench):
        await bench.up()
        bench.fake.answers["AT+CSQ"] = b""
        bench.fake.answers["AT+CREG?"] = b""
        question = asyncio.create_task(bench.modem.command("AT+CGMM?"))
        bench.fake.answers["AT+CGMM?"] = b""
        assert await bench.until(lambda: bench.fake.count("AT+CGMM?") == 1)
        # It belongs to a command that was given up, and the answer is still to come.
        bench.fake.wire.deliver(b"\r\nOK\r\n")
        await bench.idle(300)
        bench.fake.wire.deliver(b"\r\n+CGMM: SIM800\r\n\r\nOK\r\n")
        assert await bench.wait(joined(question)) == "+CGMM: SIM800\nOK"

    on_bench(scenario)


def test_a_late_ok_is_no_prompt_and_no_confirmation():
    async def scenario(bench):
        await bench.up()
        bench.fake.prompt = b"\r\nOK\r\n\r\n> "
        await works(bench)

    on_bench(scenario)


def test_a_prompt_behind_an_echo_or_noise():
    for prompt in (b"AT+CIPSEND=8\r> ", b"\xff\x80> ", b"> ", b"\r\n>", b"\r\n> \r\n"):

        async def scenario(bench, prompt=prompt):
            stream = await bench.connect()
            bench.fake.prompt = prompt if prompt.endswith(b"> ") else b"\r\n> "
            await works(bench, stream)
            assert bench.status.counts.get("at_no_prompt", 0) == 0

        on_bench(scenario, (4096,))


def test_a_refusal_before_the_prompt_is_tried_again():
    async def scenario(bench):
        stream = await bench.connect()
        bench.fake.prompt = [_REFUSED, b"\r\n> "]
        await bench.wait(stream.write(b"hello"))
        assert bench.fake.payloads == [b"hello"]
        assert bench.status.counts["tcp_resend"] == 1
        bench.fake.prompt = _REFUSED
        await fails(bench, stream.write(b"hello"))

    on_bench(scenario)


def test_a_second_closed_changes_nothing():
    async def scenario(bench):
        stream = await bench.connect()
        bench.fake.urc("CLOSED", "CLOSED")
        assert await bench.wait(stream.readinto(memoryview(bytearray(9)))) == 0
        stream = await works(bench)
        bench.fake.urc("CLOSED")
        bench.fake.send_answer = b"\r\nCLOSED\r\n\r\nSEND FAIL\r\n\r\nCLOSED\r\n"
        await fails(bench, stream.write(b"x"))
        bench.fake.send_answer = b"\r\nSEND OK\r\n"
        await works(bench)

    on_bench(scenario)


def test_ready_lines_that_never_come_or_come_late():
    async def scenario(bench):
        await bench.up()
        assert bench.status.counts == {}
        bench.fake.urc("+CPIN: READY", "Call Ready", "SMS Ready", "+CFUN: 1")
        await bench.idle(3000)
        await bench.up()
        await works(bench)

    on_bench(scenario, (4096,))


def test_messages_in_other_shapes():
    for header in (
        b'+CMT: "+4915112345678"',
        b'+CMT: "+4915112345678",,"26/08/24,10:20:30+08"',
        b'+CMT: "+4915112345678","26/08/24,10:20:30+08"',
        b'+CMT:"+4915112345678","Doe, John","26/08/24,10:20:30+08",145,4,0,0,"+49",145,4',
        b'+CMT: "+4915112345678","","26/08/24,10:20:30+08",145,4,0,0,"+49",145, 4',
    ):

        async def scenario(bench, header=header):
            await bench.up()
            bench.fake.wire.deliver(b"\r\n" + header + b"\r\nSTAT\r\n")
            assert await bench.wait(bench.modem.next_sms(), 5000) == ("+4915112345678", "STAT")

        on_bench(scenario)


def test_a_full_store_that_is_told():
    async def scenario(bench):
        await bench.up()
        await bench.idle(2000)
        bench.fake.answers["AT+CPMS?"] = info('+CPMS: "SM",1,30,"SM",1,30,"SM",1,30')
        bench.fake.answers["AT+CMGR=1"] = [
            b'\r\n+CMGR: "REC READ","+4915112345678","","26/08/24,10:20:30+08"\r\n'
            b"OLD\r\n\r\nOK\r\n",
            b"\r\nOK\r\n",
        ]
        bench.fake.urc("SMS FULL")
        assert await bench.wait(bench.modem.next_sms(), 5000) == ("+4915112345678", "OLD")
        assert bench.fake.count("AT+CMGD=1") == 0
        await answered(bench)
        assert bench.fake.count("AT+CMGD=1") == 1

    on_bench(scenario)
