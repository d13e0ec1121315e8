"""What the SIM800 driver does when the modem restarts, falls silent or loses the network."""

import asyncio

from host_tests.links.modem.modem_bench import fails, on_bench
from ovms.status import NET_SEARCHING
from tools.simulated_board.fakes.at_peer import info


def test_a_restart_in_mid_session_is_noticed():
    for lines in (
        b"\r\nRDY\r\n\r\n+CFUN: 1\r\n\r\n+CPIN: READY\r\n",
        b"\xff\x00\x00IIII\xff\xff\xff\xff\r\nRDY\r\n",
        b"\r\n+CPIN: NOT READY\r\n",
        b"\r\nNORMAL POWER DOWN\r\n",
        b"\r\nUNDER-VOLTAGE POWER DOWN\r\n",
        b"\r\nCall Ready\r\n\r\nCall Ready\r\n",
    ):

        async def scenario(bench, lines=lines):
            stream = await bench.connect()
            starts = bench.fake.count("AT+CMEE=2")
            bench.fake.wire.deliver(lines)
            await fails(bench, stream.readinto(memoryview(bytearray(9))))
            assert bench.modem.profile.bearer is None
            assert await bench.until(lambda: bench.fake.count("AT+CMEE=2") > starts, 20000)
            await bench.up()
            assert bench.status.counts["modem_restarted"] >= 1
            assert bench.power.log == []
            await bench.wait(bench.modem.open_tcp("server.example.org", 6867))

        on_bench(scenario)


def test_a_modem_that_echoes_again_has_lost_its_settings():
    async def scenario(bench):
        await bench.up()
        bench.fake.has_echo = True
        assert await bench.until(lambda: not bench.fake.has_echo, 90000)
        assert bench.status.counts["modem_forgetful"] == 1
        await bench.up()

    on_bench(scenario, (4096,))


def test_a_modem_that_started_anew_while_nobody_listened_has_lost_its_settings():
    """Its first words came while the ESP32 slept, and `&W` once kept that it does not echo."""

    async def scenario(bench):
        bench.fake.answers["AT+CUSD?"] = info("+CUSD: 1")
        await bench.up()
        await bench.idle(200000)
        assert "modem_forgetful" not in bench.status.counts
        starts = bench.fake.count("AT+CMEE=2")
        bench.fake.answers["AT+CUSD?"] = info("+CUSD: 0")
        assert await bench.until(lambda: bench.fake.count("AT+CMEE=2") > starts, 90000)
        assert bench.status.counts["modem_forgetful"] == 1
        bench.fake.answers["AT+CUSD?"] = info("+CUSD: 1")
        await bench.up()
        await bench.idle(200000)
        assert bench.status.counts["modem_forgetful"] == 1
        assert bench.power.log == []

    on_bench(scenario, (4096,))


def test_a_modem_that_cannot_be_marked_is_lived_with():
    for answer in (info("+CUSD: 0"), b"\r\nERROR\r\n"):

        async def scenario(bench, answer=answer):
            bench.fake.answers["AT+CUSD?"] = answer
            await bench.up()
            await bench.idle(200000)
            assert "modem_forgetful" not in bench.status.counts
            assert bench.is_up()

        on_bench(scenario, (4096,))


def test_a_modem_that_always_echoes_is_lived_with():
    async def scenario(bench):
        bench.fake.answers["ATE0"] = b"\r\nERROR\r\n"
        bench.fake.has_echo = True
        original = bench.fake._answer

        def answer(text):
            original(text)
            bench.fake.has_echo = True

        bench.fake._answer = answer
        await bench.up()
        await bench.idle(200000)
        assert "modem_forgetful" not in bench.status.counts
        assert bench.is_up()

    on_bench(scenario, (4096,))


def test_total_silence_is_noticed_and_ends_with_the_power_key():
    async def scenario(bench):
        stream = await bench.connect()
        bench.fake.is_deaf = True

        def boot():
            bench.fake.is_deaf = False

        bench.power.on_pulse = boot
        await fails(bench, stream.readinto(memoryview(bytearray(9))))
        assert await bench.until(lambda: bench.power.log == ["reset"], 150000)
        await bench.up()
        assert bench.status.counts["modem_silent"] >= 1

    on_bench(scenario, (4096,))


def test_the_ladder_climbs_and_slows_down():
    async def scenario(bench):
        bench.fake.answers["AT+CREG?"] = info("+CREG: 1,2")
        bench.start()
        bench.clock.step_ms = 100
        searches = []

        def is_searching():
            found = bench.fake.count("AT+CMEE=2")
            if found > len(searches):
                searches.append(bench.clock.now_ms)
            return found >= 9

        assert await bench.until(is_searching, 12 * 3600 * 1000)
        gaps = [later - earlier for earlier, later in zip(searches, searches[1:])]
        assert all(later > earlier for earlier, later in zip(gaps, gaps[1:]))
        # Five minutes of searching each, then a pause that doubles.
        assert 300000 < gaps[0] < 340000
        assert gaps[-1] > 900000
        assert bench.fake.count("AT+CFUN=1,1") == 2
        assert bench.power.log == ["reset"] * 6

    async def found(bench):
        bench.fake.answers["AT+CREG?"] = info("+CREG: 1,2")
        bench.clock.step_ms = 100
        bench.start()
        assert await bench.until(lambda: bench.fake.count("AT+CFUN=1,1") == 2, 3600000)
        await bench.idle(320000)
        bench.fake.answers["AT+CREG?"] = info("+CREG: 1,1")
        bench.fake.urc("+CREG: 1")
        await bench.up(15000)

    on_bench(scenario, (4096,))
    on_bench(found, (4096,))


def test_lost_coverage_restarts_the_modem_after_minutes():
    async def scenario(bench):
        await bench.up()
        bench.fake.answers["AT+CREG?"] = info("+CREG: 1,2")
        bench.fake.urc("+CREG: 2")
        await bench.idle(100000)
        assert bench.status.net_state == NET_SEARCHING
        assert bench.fake.count("AT+CFUN=1,1") == 0
        assert await bench.until(lambda: bench.fake.count("AT+CFUN=1,1") == 1, 400000)

    on_bench(scenario, (4096,))


def test_a_modem_that_takes_no_sms_is_restarted_more_and_more_rarely():
    async def scenario(bench):
        bench.fake.answers["AT+CMGF=1"] = b"\r\n+CMS ERROR: 302\r\n"
        bench.clock.step_ms = 50
        bench.start()
        assert await bench.until(lambda: bench.fake.count("AT+CFUN=1,1") == 1, 120000)
        assert bench.status.counts["sms_useless"] == 1
        await bench.idle(7200000)
        assert 5 < bench.status.counts["sms_useless"] < 25

    async def cured(bench):
        refused = b"\r\n+CMS ERROR: 302\r\n"
        bench.fake.answers["AT+CMGF=1"] = [refused] * 13 + [b"\r\nOK\r\n"]
        bench.start()
        assert await bench.until(lambda: bench.fake.count("AT+CSDH=1") == 1, 200000)
        await bench.up()
        assert await bench.wait(bench.modem.send_sms("+49151", "hi"))

    on_bench(scenario, (4096,))
    on_bench(cured, (4096,))


def test_restart_on_request():
    async def scenario(bench):
        await bench.up()
        bench.modem.restart()
        assert await bench.until(lambda: bench.fake.count("AT+CFUN=1,1") == 1, 10000)
        await bench.up()

    on_bench(scenario, (4096,))


def test_a_stream_that_breaks_comes_back():
    async def scenario(bench):
        await bench.up()
        original = bench.fake.wire.readinto
        state = {"broken": 2}

        async def readinto(view):
            if state["broken"]:
                state["broken"] -= 1
                if state["broken"]:
                    raise OSError("gone")
                return 0
            return await original(view)

        bench.fake.wire.readinto = readinto
        bench.fake.urc("+CREG: 1")
        assert await bench.until(lambda: bench.status.counts.get("uart_lost") == 2, 10000)
        bench.fake.urc("+CREG: 5")
        assert await bench.until(lambda: bench.status.is_roaming, 10000)

    on_bench(scenario, (4096,))


def test_a_restart_ends_the_running_command_at_once():
    async def scenario(bench):
        stream = await bench.connect()
        bench.fake.send_answer = b"\xff\x00\r\nRDY\r\n"
        start_ms = bench.clock.now_ms
        await fails(bench, stream.write(b"hello"))
        assert bench.clock.now_ms - start_ms < 5000
        await bench.up()

    on_bench(scenario)


def test_a_modem_that_waits_for_lost_bytes_gets_them():
    async def scenario(bench):
        stream = await bench.connect()
        original = bench.fake.wire.deliver
        state = {"lost": False}

        def deliver(data):
            if data == b"\r\n> " and not state["lost"]:
                state["lost"] = True
                return
            original(data)

        bench.fake.wire.deliver = deliver
        await fails(bench, stream.write(b"x" * 500))
        stream = await bench.wait(bench.modem.open_tcp("server.example.org", 6867))
        await bench.wait(stream.write(b"again"))
        assert bench.fake.payloads[-1] == b"again"
        assert bench.power.log == []
        assert bench.status.counts["at_no_prompt"] == 1

    on_bench(scenario)


def test_noise_that_announces_data_cannot_swallow_the_answers_to_all_probes():
    # 1460 bytes are the answers to 240 probes; found by random streams.
    async def scenario(bench):
        await bench.up()
        bench.fake.wire.deliver(b"\r\nRDY\r\n+IPD,1460:")
        assert await bench.until(lambda: not bench.is_up(), 120000)
        assert await bench.until(bench.is_up, 60000)

    on_bench(scenario)


def test_a_modem_that_waits_for_a_text_is_found_again():
    # The prompt was lost, and noise looked like a restart; found by random streams.
    async def scenario(bench):
        await bench.up()
        bench.modem.power = None
        bench.fake.prompt = [b"\r\nRDY\r\n\x82\x7b> ", b"\r\n> "]
        task = asyncio.create_task(bench.modem.send_sms("+49151", "text"))
        assert await bench.until(lambda: not bench.is_up(), 120000)
        assert await bench.until(bench.is_up, 60000)
        assert bench.fake.payloads == []
        task.cancel()

    on_bench(scenario)
