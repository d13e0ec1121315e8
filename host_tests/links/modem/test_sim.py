"""The SIM as the driver treats it: locked, missing, vague, abroad; and GPRS only where wanted."""

from host_tests.links.modem.modem_bench import (
    NOTIFY,
    ROAMING,
    SERVER,
    SERVER_PASSWORD,
    SIM_PIN,
    VEHICLE_ID,
    fails,
    on_bench,
)
from ovms.status import NET_PIN, NET_SIM
from tools.simulated_board.fakes.at_peer import info

_SHUT = "AT+CIPSHUT"


class Card:
    """A SIM with a PIN. tries: what AT+SPIC tells, None where the modem does not know it."""

    def __init__(self, bench, pin="1234", tries=3, counts=True):
        self.bench = bench
        self.pin = pin
        self.left = tries
        self.counts = counts
        self.is_open = False
        self.entered = []
        answers = bench.fake.answers
        answers["AT+CPIN?"] = self._state
        answers["AT+SPIC"] = self._tries
        for pin in ("1234", "9999", "8888"):
            answers['AT+CPIN="%s"' % pin] = lambda pin=pin: self._enter(pin)

    def restart(self):
        self.is_open = False

    def _state(self):
        state = "READY" if self.is_open else "SIM PIN" if self.left else "SIM PUK"
        return info("+CPIN: " + state)

    def _tries(self):
        return info("+SPIC: %d,10,0,0" % self.left) if self.counts else b"\r\nERROR\r\n"

    def _enter(self, pin):
        self.entered.append(pin)
        self.is_open = pin == self.pin
        self.left = 3 if self.is_open else self.left - 1
        return b"\r\nOK\r\n" if self.is_open else b"\r\n+CME ERROR: incorrect password\r\n"


async def starts(bench, count):
    """Let the modem be started `count` times more."""
    for _ in range(count):
        seen = bench.fake.count("AT+CMEE=2")
        bench.modem.restart()
        assert await bench.until(lambda seen=seen: bench.fake.count("AT+CMEE=2") > seen, 4000000)
        await bench.idle(90000)


def test_a_good_pin_unlocks_at_every_start():
    async def scenario(bench):
        card = Card(bench)
        bench.config.values[SIM_PIN] = "1234"
        await bench.up()
        assert bench.config.values[SIM_PIN] == "1234+"
        assert bench.status.modem_error == "" and card.entered == ["1234"]
        card.restart()
        await starts(bench, 1)
        await bench.up()
        assert card.entered == ["1234", "1234"]

    on_bench(scenario, (4096,))


def test_a_wrong_pin_is_tried_once_and_never_again():
    async def scenario(bench):
        card = Card(bench)
        bench.config.values[SIM_PIN] = "9999"
        bench.start()
        bench.clock.step_ms = 50
        await bench.idle(300000)
        assert card.entered == ["9999"] and card.left == 2
        assert bench.status.net_state == NET_PIN
        assert bench.status.modem_error == "The SIM refused the PIN: see command SIM."
        await starts(bench, 4)
        assert card.entered == ["9999"]
        assert bench.config.values[SIM_PIN] == "9999!"
        assert bench.status.counts["sim_wrong_pin"] == 1

    on_bench(scenario, (4096,))


def test_the_last_try_is_left_to_the_owner():
    async def scenario(bench):
        card = Card(bench, tries=2)
        for pin in ("9999", "8888", "1234"):
            bench.config.values[SIM_PIN] = pin
            if bench._tasks:
                await starts(bench, 1)
            else:
                bench.start()
                await bench.idle(60000)
        assert card.entered == ["9999"] and card.left == 1
        assert bench.status.modem_error == "The SIM has one try left: unlock it in a phone."

    on_bench(scenario, (4096,))


def test_a_sim_that_does_not_count_gets_one_wrong_pin():
    async def scenario(bench):
        card = Card(bench, counts=False)
        bench.config.values[SIM_PIN] = "9999"
        bench.start()
        await bench.idle(60000)
        await starts(bench, 1)
        assert card.entered == ["9999"] and bench.config.values[SIM_PIN] == "9999x"

    on_bench(scenario, (4096,))


def test_a_pin_whose_answer_was_lost_is_judged_by_the_tries_left():
    for cost, expected in ((0, ["1234", "1234"]), (1, ["1234"])):

        async def scenario(bench, cost=cost, expected=expected):
            card = Card(bench)
            enter = bench.fake.answers['AT+CPIN="1234"']

            def unheard():
                card.entered.append("1234")
                card.left -= cost
                bench.fake.answers['AT+CPIN="1234"'] = enter
                return b""

            bench.fake.answers['AT+CPIN="1234"'] = unheard
            bench.config.values[SIM_PIN] = "1234"
            bench.start()
            await bench.idle(60000)
            await starts(bench, 1)
            assert card.entered == expected
            assert bench.config.values[SIM_PIN] == ("1234!" if cost else "1234+")

        on_bench(scenario, (4096,))


def test_a_busy_sim_costs_no_pin():
    async def scenario(bench):
        card = Card(bench)
        enter = bench.fake.answers['AT+CPIN="1234"']
        bench.fake.answers['AT+CPIN="1234"'] = b"\r\n+CME ERROR: SIM busy\r\n"
        bench.config.values[SIM_PIN] = "1234"
        bench.start()
        await bench.idle(60000)
        assert bench.config.values[SIM_PIN] == "1234d"
        bench.fake.answers['AT+CPIN="1234"'] = enter
        await starts(bench, 1)
        assert card.entered == ["1234"] and bench.config.values[SIM_PIN] == "1234+"

    on_bench(scenario, (4096,))


def test_a_puk_is_left_to_the_owner():
    async def scenario(bench):
        card = Card(bench, tries=0)
        bench.config.values[SIM_PIN] = "1234"
        bench.start()
        await bench.idle(100000)
        assert card.entered == []
        assert bench.status.modem_error == "The SIM wants its PUK: unlock it in a phone."

    on_bench(scenario, (4096,))


def test_other_locks_get_no_pin():
    for answer in (
        info("+CPIN: PH_SIM PIN"),
        info("+CPIN: SIM PIN2"),
        b"\r\n+CME ERROR: 12\r\n",
        b"\r\n+CME ERROR: SIM PUK required\r\n",
    ):

        async def scenario(bench, answer=answer):
            card = Card(bench)
            bench.config.values[SIM_PIN] = "1234"
            bench.fake.answers["AT+CPIN?"] = answer
            bench.start()
            await bench.idle(60000)
            assert card.entered == [] and "lock" in bench.status.modem_error

        on_bench(scenario, (4096,))


def test_a_lock_that_is_told_as_an_error():
    for answer in (b"\r\n+CME ERROR: SIM PIN required\r\n", b"\r\n+CME ERROR: 11\r\n"):

        async def scenario(bench, answer=answer):
            card = Card(bench)
            bench.config.values[SIM_PIN] = "1234"
            bench.fake.answers["AT+CPIN?"] = lambda: (
                info("+CPIN: READY") if card.is_open else answer
            )
            await bench.up()
            assert card.entered == ["1234"]

        on_bench(scenario, (4096,))


def test_no_pin_without_a_flash_that_remembers_it():
    async def scenario(bench):
        card = Card(bench)
        bench.config.values[SIM_PIN] = "1234"

        def full(changes):
            raise OSError(28)

        bench.config.apply = full
        bench.start()
        await bench.idle(60000)
        assert card.entered == []
        assert bench.status.modem_error.startswith("The PIN is not tried")

    on_bench(scenario, (4096,))


def test_a_missing_sim_is_told():
    for answer, sentence in (
        (b"\r\n+CME ERROR: SIM not inserted\r\n", "There is no SIM."),
        (b"\r\n+CME ERROR: 10\r\n", "There is no SIM."),
        (b"\r\n+CME ERROR: SIM failure\r\n", "The SIM does not work."),
    ):

        async def scenario(bench, answer=answer, sentence=sentence):
            bench.fake.answers["AT+CPIN?"] = answer
            bench.start()
            await bench.idle(30000)
            assert (bench.status.net_state, bench.status.modem_error) == (NET_SIM, sentence)
            bench.fake.answers["AT+CPIN?"] = info("+CPIN: READY")
            await bench.up()
            assert bench.status.modem_error == ""

        on_bench(scenario, (4096,))


def test_a_modem_that_cannot_tell_of_its_sim_but_has_a_network():
    async def scenario(bench):
        bench.fake.answers["AT+CPIN?"] = b"\r\nERROR\r\n"
        await bench.up()

    on_bench(scenario, (4096,))


def test_a_network_that_refuses_the_sim_is_told():
    async def scenario(bench):
        bench.fake.answers["AT+CREG?"] = info("+CREG: 1,3")
        bench.start()
        await bench.idle(60000)
        assert bench.status.modem_error == "The network refuses the SIM."
        error = await fails(bench, bench.modem.open_tcp("server.example.org", 6867))
        assert str(error) == "The network refuses the SIM."
        bench.fake.answers["AT+CREG?"] = info("+CREG: 1,1")
        await bench.up()
        assert bench.status.modem_error == ""

    on_bench(scenario, (4096,))


def test_no_gprs_abroad_for_who_forbids_it():
    async def scenario(bench):
        await bench.connect()
        bench.config.values[ROAMING] = "HOME"
        bench.fake.answers["AT+CREG?"] = info("+CREG: 1,5")
        assert await bench.until(lambda: "gprs_unwanted" in bench.status.counts, 70000)
        error = await fails(bench, bench.modem.open_tcp("server.example.org", 6867))
        assert str(error) == "Roaming is not allowed (SIM), so there is no GPRS."
        assert await bench.wait(bench.modem.send_sms("+49151", "hi"))
        bench.fake.answers["AT+CREG?"] = info("+CREG: 1,1")
        assert await bench.until(lambda: not bench.status.is_roaming, 70000)
        await bench.wait(bench.modem.open_tcp("server.example.org", 6867))

    on_bench(scenario, (4096,))


def test_gprs_is_kept_only_while_it_is_asked_for():
    async def scenario(bench):
        values = bench.config.values
        values.update({VEHICLE_ID: "CAR", SERVER_PASSWORD: "PW"})
        stream = await bench.connect()
        shuts = bench.fake.count(_SHUT)
        values[NOTIFY] = "SMS"
        await fails(bench, stream.readinto(memoryview(bytearray(9))))
        assert bench.fake.count(_SHUT) == shuts + 1
        sent = len(bench.fake.sent)
        error = await fails(bench, bench.modem.open_tcp("server.example.org", 6867))
        assert str(error) == "Notifications (MODULE) do not ask for IP, so there is no GPRS."
        await bench.idle(100000)
        assert not any("+CI" in text for text in bench.fake.sent[sent:])
        values[NOTIFY] = "SMS,IP"
        await bench.wait(bench.modem.open_tcp("server.example.org", 6867))

    async def provisioning(bench):
        bench.config.values[NOTIFY] = ""
        await bench.connect()

    async def no_server(bench):
        bench.config.values[SERVER] = ""
        await bench.up()
        # What the module before its restart may have left open.
        assert bench.fake.count(_SHUT) == 1
        error = await fails(bench, bench.modem.open_tcp("server.example.org", 6867))
        assert str(error) == "No server is set."

    on_bench(scenario, (4096,))
    on_bench(provisioning, (4096,))
    on_bench(no_server, (4096,))
