"""The SIM800 driver from power-up to recovery: start-up, polls, URCs, the ladder."""

import asyncio

from host_tests.links.modem.modem_bench import GSM_LOCK, fails, on_bench, on_each
from host_tests.shims.expect import run
from ovms.links.modem.modem import Modem
from ovms.links.modem.sim800.profile import SIM800
from ovms.status import NET_PIN, NET_SEARCHING, Status
from tools.simulated_board.fakes.at_peer import info

_CONFIGURATION = (
    "ATE0",
    "AT+CFUN?",
    "AT+CMEE=2",
    "AT+IFC=0,0",
    "AT+CREG=1",
    "AT+CLIP=1",
    "AT+CLTS?",
    "AT+GSN",
    "AT+CCID",
    "AT+CSDH=1",
    "AT+CNMI=2,1,0,0,0",
    'AT+CSCS="IRA"',
    "AT+COPS?",
    "AT+CSQ",
    "AT+CCLK?",
    "AT+CPMS?",
)


def test_the_first_at_goes_out_at_once():
    async def scenario():
        sent = []

        class Wire:
            async def readinto(self, view):
                await asyncio.Event().wait()

            async def write(self, data):
                sent.append(bytes(data))

        class Config:
            def get(self, n):
                return ""

        task = asyncio.create_task(Modem(SIM800, Wire(), None, Status("X"), Config()).run())
        for _ in range(5):
            await asyncio.sleep_ms(0)
        assert sent == [b"AT\r"]
        task.cancel()
        await asyncio.sleep_ms(0)

    run(scenario())


def test_start_of_a_running_modem():
    async def scenario(bench):
        bench.fake.has_echo = True
        await bench.up()
        status = bench.status
        assert bench.power.log == []
        assert (status.imei, status.iccid) == ("869988012345678", "8949020000012345678F")
        assert (status.csq, status.operator, status.is_roaming) == (17, "Telekom.de", False)
        # D18: 10:53:21 at +2 h.
        assert bench.times == [1787561601]
        assert status.counts == {}
        assert not any(text.startswith("AT+CPIN=") for text in bench.fake.sent)

    on_bench(scenario)


def test_no_refused_setting_stops_the_start():
    for refused in _CONFIGURATION:
        for answer in (b"\r\nERROR\r\n", b"\r\n+CME ERROR: operation not supported\r\n"):

            async def scenario(bench, refused=refused, answer=answer):
                bench.fake.answers[refused] = answer
                await bench.up()
                assert refused in bench.fake.sent
                bench.fake.urc('+CMT: "+4915112345678","","26/08/24,10:20:30+08"\r\nSTAT')
                assert (await bench.wait(bench.modem.next_sms()))[1] == "STAT"
                assert await bench.wait(bench.modem.send_sms("+49151", "SOC: 79%"))

            on_bench(scenario, (4096,))


def test_a_dark_modem_gets_the_power_key_after_three_probes():
    async def scenario(bench):
        fake = bench.fake
        fake.is_deaf = True

        def boot():
            assert len(fake.sent) == 0
            fake.is_deaf = False
            fake.wire.deliver(b"\x00IIII\xff\xff\xff\xff\r\nRDY\r\n\r\n+CFUN: 1\r\n")
            fake.urc("+CPIN: READY")

        bench.power.on_pulse = boot
        await bench.up()
        fake.urc("Call Ready", "SMS Ready")
        await bench.idle(5000)
        assert bench.is_up()
        assert bench.power.log == ["on"]
        assert bench.status.counts == {"modem_power_key": 1}

    on_bench(scenario)


def test_a_modem_that_stays_dark_is_tried_softly_and_hard():
    async def scenario(bench):
        bench.fake.is_deaf = True
        bench.start()
        await bench.idle(150000)
        assert bench.power.log[:4] == ["on", "reset", "on", "reset"]
        assert len(bench.power.log) < 8
        bench.fake.is_deaf = False
        await bench.up(100000)

    on_bench(scenario, (4096,))


def test_a_wrong_rate_is_found_before_the_power_key_is_pressed():
    async def scenario(bench, stored):
        rates = []

        def set_baudrate(rate):
            rates.append(rate)
            if rate == stored and bench.fake.is_deaf:
                # What it heard so far was noise, and the next line is the end of it.
                bench.fake.hear_noise()
            bench.fake.is_deaf = rate != stored and "AT+IPR=115200;&W" not in bench.fake.sent

        bench.fake.is_deaf = True
        bench.fake.answers["AT+IPR?"] = info("+IPR: %d" % stored)
        bench.fake.wire.set_baudrate = set_baudrate
        bench.modem = Modem(
            SIM800, bench.fake.wire, bench.power, bench.status, bench.config, None, bench.clock
        )
        await bench.up()
        assert bench.power.log == []
        assert rates[-2:] == [stored, 115200]
        assert bench.fake.count("AT+IPR=115200;&W") == 1

    # All that the manual knows.
    rates = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 230400, 460800)
    on_each([(rate,) for rate in rates], scenario)


def test_a_right_rate_is_not_written_again():
    async def scenario(bench):
        bench.fake.wire.set_baudrate = lambda rate: None
        bench.fake.answers["AT+IPR?"] = info("+IPR: 115200")
        bench.modem = Modem(
            SIM800, bench.fake.wire, None, bench.status, bench.config, None, bench.clock
        )
        await bench.up()
        assert not any("+IPR=" in text for text in bench.fake.sent)

    on_bench(scenario, (4096,))


def test_flight_mode_is_left():
    async def scenario(bench):
        bench.fake.answers["AT+CFUN?"] = info("+CFUN: 4")
        await bench.up()
        assert bench.fake.count("AT+CFUN=1") == 1

    on_bench(scenario, (4096,))


def test_network_time_is_switched_on_once():
    async def scenario(bench):
        bench.fake.answers["AT+CLTS?"] = info("+CLTS: 0")
        await bench.up()
        assert bench.fake.count("AT+CLTS=1;&W") == 1

    on_bench(scenario, (4096,))


def test_a_busy_sim_is_waited_for():
    async def scenario(bench):
        busy = b"\r\n+CME ERROR: SIM busy\r\n"
        bench.fake.answers["AT+CPIN?"] = [busy, busy, info("+CPIN: READY")]
        await bench.up()
        assert bench.fake.count("AT+CPIN?") == 3

    on_bench(scenario, (4096,))


def test_no_pin_is_ever_guessed():
    async def scenario(bench):
        bench.fake.answers["AT+CPIN?"] = info("+CPIN: SIM PIN")
        bench.start()
        await bench.idle(900000)
        assert bench.status.net_state == NET_PIN
        assert bench.status.counts["sim_locked"] == 1
        assert not any("CPIN=" in text or "CFUN=" in text for text in bench.fake.sent)
        bench.fake.answers["AT+CPIN?"] = info("+CPIN: READY")
        await bench.up()

    on_bench(scenario, (4096,))


def test_a_missing_sim_is_looked_for_with_restarts():
    async def scenario(bench):
        bench.fake.answers["AT+CPIN?"] = b"\r\n+CME ERROR: SIM not inserted\r\n"
        bench.start()
        assert await bench.until(lambda: bench.fake.count("AT+CFUN=1,1") == 1, 200000)
        assert bench.status.counts["sim_missing"] == 1
        bench.fake.answers["AT+CPIN?"] = info("+CPIN: READY")
        await bench.up()

    on_bench(scenario, (4096,))


def test_sms_settings_wait_for_a_ready_sim():
    async def scenario(bench):
        busy = b"\r\n+CMS ERROR: 314\r\n"
        bench.fake.answers["AT+CMGF=1"] = [busy, busy, b"\r\nOK\r\n"]
        await bench.up()
        assert bench.fake.count("AT+CMGF=1") == 3
        assert bench.fake.count("AT+CNMI=2,1,0,0,0") == 1

    on_bench(scenario, (4096,))


def test_registration_by_urc_and_roaming():
    async def scenario(bench):
        bench.fake.answers["AT+CREG?"] = info("+CREG: 1,2")
        bench.start()
        await bench.idle(60000)
        assert bench.status.net_state == NET_SEARCHING
        bench.fake.answers["AT+CREG?"] = info("+CREG: 1,5")
        bench.fake.urc("+CREG: 5")
        await bench.up(5000)
        assert bench.status.is_roaming

    on_bench(scenario)


_IN_REACH = '+COPS: (1,"Telekom.de","TDG","26201"),(2,"o2 - de","o2","26203"),(1,,,"26299"),'
_IN_REACH += '(3,"Vodafone.de","Voda","26202"),,(0-4),(0-2)'
_NO_NETWORK = b"\r\n+CME ERROR: no network service\r\n"


def test_a_search_that_tells_nothing_does_not_stop_the_start():
    async def scenario(bench, answer):
        bench.config.values[GSM_LOCK] = "o2"
        bench.fake.answers['AT+COPS=1,1,"o2"'] = _NO_NETWORK
        bench.fake.answers["AT+COPS=?"] = answer
        await bench.up(400000)
        assert bench.fake.count("AT+COPS=0") >= 1 and bench.status.networks == ""

    answers = (b"\r\nOK\r\n", b"\r\nERROR\r\n", info("+COPS: ,,(0-4),(0-2)"), info("+COPS: (("))
    on_each([(answer,) for answer in answers], scenario)


def test_polls_come_every_minute():
    async def scenario(bench):
        await bench.up()
        polls = bench.fake.count("AT+CSQ")
        bench.fake.answers["AT+CSQ"] = info("+CSQ: 99,99")
        await bench.idle(300000)
        assert bench.fake.count("AT+CSQ") == polls + 5
        assert bench.status.csq == 99
        assert bench.status.counts == {}

    on_bench(scenario, (4096,))


def test_network_time_by_urc():
    async def scenario(bench):
        await bench.up()
        bench.times.clear()
        bench.fake.urc('*PSUTTZ: 2026,8,24,8,53,20,"+8",1', "+CTZV: +8,1", "DST: 1")
        await bench.idle(500)
        assert bench.times == [1787561600]

    on_bench(scenario)


def test_a_call_is_rejected():
    async def scenario(bench):
        await bench.up()
        bench.fake.urc("RING", '+CLIP: "+4915112345678",145,"",0,"",0')
        await bench.idle(1000)
        assert bench.fake.count("ATH") == 1
        assert bench.status.counts["call_rejected"] == 1

    on_bench(scenario)


def test_ussd():
    async def scenario(bench):
        await bench.up()

        def answer():
            bench.fake.wire.deliver(b'\r\n+CUSD: 0,"Ihr Guthaben:\r\n4,20 EUR",15\r\n')
            return b"\r\nOK\r\n"

        bench.fake.answers['AT+CUSD=1,"*100#"'] = answer
        text = await bench.wait(bench.modem.ussd("*100#"))
        assert text == "Ihr Guthaben:\n4,20 EUR"
        bench.fake.answers['AT+CUSD=1,"*1#"'] = b"\r\nERROR\r\n"
        await fails(bench, bench.modem.ussd("*1#"))
        await fails(bench, bench.modem.ussd("*2#"))
        await fails(bench, bench.modem.ussd('*2#"'), ValueError)

    on_bench(scenario)


def test_ussd_menu():
    async def scenario(bench):
        await bench.up()
        fake = bench.fake

        def answering(line):
            def answer():
                fake.wire.deliver(b"\r\n" + line + b"\r\n")
                return b"\r\nOK\r\n"

            return answer

        fake.answers['AT+CUSD=1,"*111#"'] = answering(b'+CUSD: 1,"1 Balance\n2 Data",15')
        fake.answers['AT+CUSD=1,"2"'] = answering(b'+CUSD: 1,"1 Day\n2 Week",15')
        fake.answers['AT+CUSD=1,"1"'] = answering(b'+CUSD: 0,"1 GB left",15')
        ussd = bench.modem.ussd
        assert await bench.wait(ussd("*111#")) == "1 Balance\n2 Data"
        assert await bench.wait(ussd("2")) == "1 Day\n2 Week"
        assert not fake.count("AT+CUSD=2")
        assert await bench.wait(ussd("1")) == "1 GB left"
        # A new code leaves a menu that is open, and none that is not.
        assert await bench.wait(ussd("*111#")) == "1 Balance\n2 Data"
        assert not fake.count("AT+CUSD=2")
        assert await bench.wait(ussd("*111#")) == "1 Balance\n2 Data"
        assert fake.count("AT+CUSD=2") == 1
        fake.urc("+CUSD: 2")
        await bench.idle(1000)
        assert await bench.wait(ussd("*111#")) == "1 Balance\n2 Data"
        assert fake.count("AT+CUSD=2") == 1

    on_bench(scenario)


def test_the_drivers_settings_are_made_again_behind_a_users_line():
    async def scenario(bench):
        await bench.up()
        fake = bench.fake
        for line in ("AT+CMGF=0", 'AT+CSCS="HEX"', "AT+CNMI=0,0", "ATE1", "AT+CREG=0"):
            fake.sent = []
            assert await bench.wait(bench.modem.command(line)) == "OK"
            await bench.idle(3000)
            for setting in (
                "ATE0",
                "AT+CREG=1",
                "AT+CLIP=1",
                "AT+CMGF=1",
                "AT+CNMI=2,1,0,0,0",
                'AT+CSCS="IRA"',
            ):
                assert fake.count(setting), (line, setting, fake.sent)
        fake.sent = []
        await bench.wait(bench.modem.command('AT+CPMS="ME"'))
        assert fake.sent[:3] == ["AT+CPMS?", 'AT+CPMS="ME"', 'AT+CPMS="SM","SM","SM"']
        # A question changes nothing.
        await bench.idle(3000)
        fake.sent = []
        await bench.wait(bench.modem.command("AT+CMGF?"))
        assert fake.sent[0] == "AT+CMGF?" and not fake.count("ATE0")

    on_bench(scenario)


def test_a_line_without_an_answer_is_told_within_half_a_minute():
    async def scenario(bench):
        await bench.up()
        bench.fake.answers["AT+CMGL"] = b""
        began_ms = bench.clock.now_ms
        sentence = str(await fails(bench, bench.modem.command("AT+CMGL")))
        assert sentence == "The modem did not answer."
        assert bench.clock.now_ms - began_ms < 30000
        # The driver goes on.
        await bench.idle(70000)
        assert bench.is_up() and await bench.modem.send_sms("+491511234567", "Hi")

    on_bench(scenario)


def test_a_search_for_networks_may_take_its_time():
    async def scenario(bench):
        await bench.up()
        bench.fake.answers["AT+COPS=?"] = info('+COPS: (2,"o2 - de","o2","26203")')
        assert "26203" in await bench.wait(bench.modem.command("AT+COPS=?"))
        bench.fake.answers["AT+COPS=?"] = b""
        began_ms = bench.clock.now_ms
        await fails(bench, bench.modem.command("AT+COPS=?"))
        assert 119000 < bench.clock.now_ms - began_ms < 130000

    on_bench(scenario)


def test_raw_commands():
    async def scenario(bench):
        bench.start()
        await fails(bench, _call(bench, "AT+CSQ"))
        await bench.up()
        assert await _call(bench, "AT+CSQ") == "+CSQ: 17,0\nOK"
        bench.fake.answers["AT+CBC"] = b"\r\n+CME ERROR: 3\r\n"
        assert await _call(bench, "AT+CBC") == "+CME ERROR: 3"
        await fails(bench, _call(bench, 'AT+CMGS="+49151"'), ValueError)
        await fails(bench, _call(bench, "AT+CSQ\rAT+CFUN=0"), ValueError)
        assert await _call(bench, "AT+CREG?") == "+CREG: 1,1\nOK"

    async def _call(bench, text):
        return await bench.wait(bench.modem.command(text))

    on_bench(scenario)
