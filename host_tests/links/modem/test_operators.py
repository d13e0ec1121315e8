"""Which network the modem takes when one is chosen."""

from host_tests.links.modem.modem_bench import GSM_LOCK, on_bench, on_each
from host_tests.links.modem.test_start import _IN_REACH, _NO_NETWORK
from tools.simulated_board.fakes.at_peer import info


def test_operator_lock():
    async def scenario(bench):
        bench.config.values[GSM_LOCK] = "T-Mobile D"
        await bench.up()
        assert bench.fake.count('AT+COPS=1,1,"T-Mobile D"') == 1

    async def unlocked(bench):
        bench.fake.answers["AT+COPS?"] = info('+COPS: 1,0,"o2"')
        await bench.up()
        assert bench.fake.count("AT+COPS=0") == 1

    on_bench(scenario, (4096,))
    on_bench(unlocked, (4096,))


def test_a_lock_is_found_by_any_of_its_names():
    async def scenario(bench, lock):
        bench.config.values[GSM_LOCK] = lock
        for style in (1, 2):
            bench.fake.answers['AT+COPS=1,%d,"%s"' % (style, lock)] = _NO_NETWORK
        bench.fake.answers["AT+COPS=?"] = info(_IN_REACH)
        await bench.up()
        assert bench.fake.count('AT+COPS=1,2,"26203"') == 1
        assert bench.fake.count("AT+COPS=0") == 0 and bench.status.networks == ""

    on_each((("o2 - de",), ("O2-DE",), ("o2",), ("o2-de",)), scenario)


def test_a_lock_that_no_network_has_keeps_the_module_in_reach():
    async def scenario(bench, lock):
        bench.config.values[GSM_LOCK] = lock
        for style in (1, 2):
            bench.fake.answers['AT+COPS=1,%d,"%s"' % (style, lock)] = _NO_NETWORK
        bench.fake.answers["AT+COPS=?"] = info(_IN_REACH)
        await bench.up()
        assert bench.fake.count("AT+COPS=0") == 1
        assert bench.status.networks == "Telekom.de, o2 - de, 26299"
        assert bench.status.counts["gsm_lock_failed"] == 1
        assert await bench.wait(bench.modem.send_sms("+49151", "here"))

    on_each((("Nobody",), ("T-Mobile D",), ("26207",), ('a"b',), ("\x7f",)), scenario)


def test_a_locked_network_that_does_not_take_the_sim_is_given_up():
    async def scenario(bench):
        bench.config.values[GSM_LOCK] = "o2"
        bench.fake.answers["AT+CREG?"] = info("+CREG: 1,2")

        def take_any():
            bench.fake.answers["AT+CREG?"] = info("+CREG: 1,1")
            return b"\r\nOK\r\n"

        bench.fake.answers["AT+COPS=0"] = take_any
        await bench.up(120000)
        assert bench.fake.count("AT+COPS=0") == 1
        assert bench.status.counts["gsm_lock_failed"] == 1
        assert "network_missing" not in bench.status.counts

    on_bench(scenario, (4096,))
