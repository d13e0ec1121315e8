"""TCP through a SIM800 that cannot hold data and pushes it."""

from host_tests.links.modem.modem_bench import fails, on_bench, read_all


def test_push_mode_where_the_modem_cannot_hold_data():
    async def scenario(bench):
        bench.fake.answers["AT+CIPMUX=0;+CIPRXGET=1"] = b"\r\nERROR\r\n"
        bench.fake.answers["AT+CIPRXGET=1"] = b"\r\nERROR\r\n"
        stream = await bench.connect()
        assert bench.fake.count("AT+CIPHEAD=1") == 1
        # D12: the second header follows the payload without a line end.
        bench.fake.wire.deliver(b"\r\n+IPD,11:A\r\nOK\r\nB> \x1a+IPD,3:xyz\r\n+CSQN: 12,0\r\n")
        assert await read_all(bench, stream, 14) == b"A\r\nOK\r\nB> \x1axyz"
        bench.fake.urc("CLOSED")
        assert await bench.wait(stream.readinto(memoryview(bytearray(9)))) == 0
        assert not any(text.startswith("AT+CIPRXGET=2") for text in bench.fake.sent)

    on_bench(scenario)


def test_push_mode_overrun_breaks_instead_of_losing():
    async def scenario(bench):
        bench.fake.answers["AT+CIPMUX=0;+CIPRXGET=1"] = b"\r\nERROR\r\n"
        bench.fake.answers["AT+CIPRXGET=1"] = b"\r\nERROR\r\n"
        stream = await bench.connect()
        for _ in range(3):
            bench.fake.wire.deliver(b"\r\n+IPD,1000:" + b"x" * 1000)
        await bench.idle(2000)
        assert bench.status.counts["tcp_overrun"] == 1
        assert await read_all(bench, stream, 2000) == b"x" * 2000
        await fails(bench, read_all(bench, stream, 1000))

    on_bench(scenario, (4096,))
