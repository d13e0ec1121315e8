"""A second modem is a profile: digester and driver work with it as they are."""

from host_tests.fakes import at_feed
from host_tests.links.modem.modem_bench import on_bench
from host_tests.links.modem.other_modem import OtherDetails, OtherModem
from host_tests.shims.expect import raises
from ovms.links.modem.terminal import raw_line
from ovms.parameters import AT_OWN
from tools.simulated_board.fakes.at_peer import info

_DATA = b"\r\nOK\r\n+CARECV: 3,\r\n> "


def events_of(data, command, pieces):
    digester = at_feed.new_digester(profile=OtherModem)
    if command:
        digester.expect(command)
    events = []
    at_feed.feed(digester, data, pieces, events)
    return events, digester


def test_data_in_the_line_that_announces_them():
    command = b"AT+CARECV=0,100"
    for pieces in ((4096,), (1,), (5,), (13,)):
        lines = b"\r\n+CARECV: 5,hello\r\n\r\nOK\r\n"
        events, digester = events_of(lines, command, pieces)
        assert events == [("info", b"+CARECV: 5"), ("data", b"hello"), ("result", b"OK")], events
        assert digester.dropped == 0
        lines = b"\r\n+CARECV: %d," % len(_DATA) + _DATA + b"\r\n\r\nOK\r\n"
        events, _ = events_of(lines, command, pieces)
        assert events[1:] == [("data", _DATA), ("result", b"OK")], events
        # Nothing to read, and a length that makes no sense, have no data behind them.
        events, _ = events_of(b"\r\n+CARECV: 0\r\n\r\nOK\r\n", command, pieces)
        assert events == [("info", b"+CARECV: 0"), ("result", b"OK")], events
        events, _ = events_of(b"\r\n+CARECV: 99999,x\r\n\r\nOK\r\n", command, pieces)
        assert events[-1] == ("result", b"OK"), events


def test_data_that_nobody_asked_for_and_urcs_of_its_own():
    lines = (
        b'\r\n*ATREADY: 1\r\n\r\n+CARECV: 5,hello\r\n\r\n+CADATAIND: 0\r\n\r\n+CMTI: "SM",3\r\n'
    )
    expected = [("urc", b"*ATREADY: 1"), ("data", b"hello"), ("urc", b"+CADATAIND: 0")]
    for pieces in ((4096,), (1,), (7,)):
        events, _ = events_of(lines, None, pieces)
        assert events == expected + [("urc", b'+CMTI: "SM",3')], events
    # What is a SIM800's alone is noise here.
    events, digester = events_of(b"\r\n+IPD,5:hello\r\n\r\nSMS Ready\r\n", None, (4096,))
    assert events == [] and digester.dropped == 2


def prepare(bench):
    bench.fake.answers["AT+CICCID"] = info("+ICCID: 8949020000012345678F")


def test_the_driver_brings_it_up_and_talks_over_its_tcp():
    async def scenario(bench):
        prepare(bench)
        await bench.up()
        assert bench.status.iccid == "8949020000012345678F"
        for command in ("AT+CNACT=0,1", "AT+CMGF=1", "AT+CREG?", "AT+COPS?"):
            assert bench.fake.count(command), command
        for text in ("AT+CCID", "AT+SPIC", "AT+CLTS?", "AT+CIPSTATUS", "AT+IPR?"):
            assert not bench.fake.count(text), text
        connected = 'AT+CAOPEN=0,0,"TCP","server.example.org",6867'
        bench.fake.answers[connected] = info("+CAOPEN: 0,0")
        bench.fake.answers["AT+CARECV=0,100"] = b"\r\n+CARECV: 5,hello\r\n\r\nOK\r\n"
        stream = await bench.wait(bench.modem.open_tcp("server.example.org", 6867))
        bench.fake.urc("+CADATAIND: 0")
        buffer = bytearray(100)
        assert await bench.wait(stream.readinto(memoryview(buffer))) == 5
        assert buffer[:5] == b"hello"
        assert not bench.status.counts, bench.status.counts

    on_bench(scenario, profile=OtherModem)


def test_its_power_key_wants_its_own_times():
    async def scenario(bench):
        prepare(bench)
        bench.fake.is_deaf = True
        presses = []
        words = []
        hear = bench.fake.wire._on_write

        def heard(data):
            words.append(bench.clock.now_ms)
            hear(data)

        def pressed():
            presses.append(bench.clock.now_ms)
            bench.fake.is_deaf = False

        bench.fake.wire._on_write = heard
        bench.power.on_pulse = pressed
        await bench.up()
        assert bench.power.log == ["on"] and isinstance(bench.power.times, OtherDetails)
        # It gets the time to start that it needs before it is spoken to.
        later = [at_ms for at_ms in words if at_ms > presses[0]]
        assert 9000 <= later[0] - presses[0] < 9100

    on_bench(scenario, profile=OtherModem)


def test_its_restart_is_noticed_by_its_own_line():
    async def scenario(bench):
        prepare(bench)
        await bench.up()
        starts = bench.fake.count("AT+CNACT=0,1")
        bench.fake.urc("*ATREADY: 1")
        assert await bench.until(lambda: bench.fake.count("AT+CNACT=0,1") > starts, 20000)
        assert bench.status.counts["modem_restarted"] == 1
        assert await bench.until(bench.is_up)

    on_bench(scenario, profile=OtherModem)


def test_a_locked_sim_that_cannot_be_asked_for_its_tries():
    async def scenario(bench):
        prepare(bench)
        bench.fake.answers["AT+CPIN?"] = info("+CPIN: SIM PIN")
        bench.config.values[32] = "1234"
        bench.fake.answers['AT+CPIN="1234"'] = b"\r\nERROR\r\n"
        bench.start()
        assert await bench.until(lambda: bench.status.counts.get("sim_wrong_pin"), 60000)
        assert bench.config.values[32] == "1234x"

    on_bench(scenario, (4096,), profile=OtherModem)


def test_the_driver_keeps_its_commands_for_itself():
    reserved = OtherDetails.reserved
    raises(ValueError, raw_line, 'AT+CAOPEN=0,0,"TCP","a",1', reserved, AT_OWN)
    assert raw_line("AT+CIPSHUT", reserved, AT_OWN) == b"AT+CIPSHUT"
