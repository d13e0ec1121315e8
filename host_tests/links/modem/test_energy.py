"""What the radio costs where there is no network: attempts of a whole day, in virtual time."""

from host_tests.links.modem.modem_bench import APN, fails, on_bench
from tools.simulated_board.fakes.at_peer import info
from tools.simulated_board.fakes.jump_clock import JumpClock

_MINUTE_MS = 60 * 1000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS


async def without_coverage(bench, hours):
    """Times of the searches for a network, each behind a start of the modem."""
    bench.fake.answers["AT+CREG?"] = info("+CREG: 1,2")
    times = []
    bench.start()
    end_ms = bench.clock.now_ms + hours * _HOUR_MS
    while bench.clock.now_ms < end_ms:
        await bench.idle(_MINUTE_MS)
        if bench.fake.count("AT+CMEE=2") > len(times):
            times.append(bench.clock.now_ms)
    return times


def test_a_parked_car_without_coverage_searches_once_an_hour():
    async def scenario(bench):
        times = await without_coverage(bench, 24)
        assert 26 < len(times) < 36, len(times)
        late = [at for at in times if at > 4 * _HOUR_MS]
        gaps = [later - earlier for earlier, later in zip(late, late[1:])]
        assert min(gaps) >= _HOUR_MS and max(gaps) < 70 * _MINUTE_MS, gaps
        # A search takes five minutes; the rest of the hour the radio is off.
        assert bench.fake.count("AT+CFUN=0") >= len(late)
        assert "board_restart" not in bench.status.counts

    on_bench(scenario, (4096,), JumpClock)


def test_a_driving_car_without_coverage_searches_all_the_time():
    async def scenario(bench):
        await without_coverage(bench, 5)
        bench.status.is_car_on = True
        starts = bench.fake.count("AT+CMEE=2")
        quiet = bench.fake.count("AT+CFUN=0")
        await bench.idle(_HOUR_MS)
        assert bench.fake.count("AT+CMEE=2") - starts >= 8
        assert bench.fake.count("AT+CFUN=0") == quiet
        bench.fake.answers["AT+CREG?"] = info("+CREG: 1,1")
        assert await bench.until(bench.is_up, 100000)

    on_bench(scenario, (4096,), JumpClock)


def test_a_network_without_gprs_is_asked_once_an_hour():
    async def scenario(bench):
        await bench.up()
        bench.fake.answers["AT+CIICR"] = b"\r\n+PDP: DEACT\r\n\r\nERROR\r\n"
        attempts = []
        for minute in range(24 * 60):
            await bench.modem.profile.details().check_gprs()
            # What a server link does that finds no way.
            if not minute % 4:
                tried = bench.fake.count("AT+CIICR")
                await fails(bench, bench.modem.open_tcp("server.example.org", 6867))
                if bench.fake.count("AT+CIICR") > tried:
                    attempts.append(minute)
        assert len(attempts) < 40, attempts
        late = [at for at in attempts if at > 240]
        assert min([later - earlier for earlier, later in zip(late, late[1:])]) >= 60
        error = await fails(bench, bench.modem.open_tcp("server.example.org", 6867))
        assert str(error) == "GPRS failed too often and is left alone for some minutes."
        bench.status.is_car_on = True
        await fails(bench, bench.modem.open_tcp("server.example.org", 6867))
        assert bench.fake.count("AT+CIICR") == len(attempts) + 1
        bench.status.is_car_on = False
        # Other settings are another chance.
        bench.config.values[APN] = "other"
        await fails(bench, bench.modem.open_tcp("server.example.org", 6867))
        assert bench.fake.count("AT+CIICR") == len(attempts) + 2

    on_bench(scenario, (4096,))


def test_a_modem_that_dies_restarts_the_board_once():
    async def scenario(bench):
        await bench.up()
        bench.fake.is_deaf = True
        bench.clock.step_ms = 100
        bench.status.take_requests()
        assert await bench.until(lambda: "board_restart" in bench.status.counts, 2 * _HOUR_MS)
        assert bench.status.take_requests() == 1
        assert bench.status.counts["modem_power_cycle"] >= 9
        await bench.idle(2 * _HOUR_MS)
        assert bench.status.counts["board_restart"] == 1

    async def never_there(bench):
        bench.fake.is_deaf = True
        bench.clock.step_ms = 100
        bench.start()
        await bench.idle(2 * _HOUR_MS)
        assert bench.status.counts["modem_power_cycle"] >= 9
        assert "board_restart" not in bench.status.counts

    on_bench(scenario, (4096,))
    on_bench(never_there, (4096,))
