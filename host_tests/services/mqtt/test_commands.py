"""Who may command through a broker, in which words, and what is answered."""

from host_tests.services.mqtt.module import ANONYMOUS, PLAIN, SETTINGS, Module, demo, play
from ovms.parameters import MQTT_SERVER


def test_commands_of_v3():
    async def scenario(module):
        ask = module.ask
        assert await ask("lock 1234") == "Vehicle locked"
        assert module.state.is_locked
        assert await ask("unlock 1234") == "Vehicle unlocked"
        assert (await ask("lock 9999")).startswith("Error: ")
        assert (await ask("lock nopin")).startswith("Error: ")
        assert not module.state.is_locked
        assert await ask("valet 1234") == "Vehicle valet mode activated"
        assert await ask("unvalet 1234") == "Vehicle valet mode deactivated"
        assert await ask("climatecontrol on") == "Climate Control on"
        assert module.state.is_hvac_on
        assert await ask("charge mode range") == "Charge mode set to range"
        assert await ask("charge current 13") == "Charge current limit set to 13A"
        assert module.state.charge_limit_a == 13
        assert await ask("charge limit 80") == "Charge limit set to 80%"
        assert (module.state.soc_limit_pct, module.state.charge_limit_a) == (80, 13)
        assert await ask("charge timer 23:30") == "Charge timer set to 23:30"
        assert (module.state.timer_mode, module.state.timer_start_min) == (1, 23 * 60 + 29)
        assert await ask("charge timer OFF") == "Charge timer set to OFF"
        assert module.state.timer_mode == 0
        assert await ask("homelink 2") == "Homelink #2 activated"
        assert await ask("wakeup") == "Vehicle has been woken"
        assert "SOC: 80" in await ask("stat")
        assert "Firmware version" in await ask("VERSION")
        assert (await ask("charge mode fast")).startswith("Error: Charge modes are")
        for bad in (
            "",
            " ",
            "nonsense",
            "charge",
            "charge mode",
            "charge limit",
            "charge limit 49",
            "charge limit 101",
            "charge limit 3,16",
            "charge limit -80",
            "charge timer",
            "charge timer 24:00",
            "charge timer 9:60",
            "charge timer 9:5",
            "charge timer 930",
            "charge timer x:30",
            "charge timer -1:30",
            "climatecontrol maybe",
            "homelink x",
            "homelink 7",
            "lock 1 2 3",
            "config set auto mqtt yes",
            "\u2603",
        ):
            assert (await ask(bad)).startswith("Error: "), bad
        assert (module.state.soc_limit_pct, module.state.timer_mode) == (80, 0)

    play(demo(), scenario)


def test_no_pin_is_wanted_where_the_owner_said_so():
    """Home Assistant's lock and switches send `nopin`, or nothing, when nobody typed a PIN."""

    async def scenario(module):
        for text in ("lock nopin", "lock", "valet nopin"):
            assert await module.ask(text) == "Error: PIN missing", text
        assert not (module.state.is_locked or module.state.is_valet)
        await module.ask("FEATURE 10 2")
        assert await module.ask("lock nopin") == "Vehicle locked" and module.state.is_locked
        assert await module.ask("unlock") == "Vehicle unlocked" and not module.state.is_locked
        assert await module.ask("valet nopin") == "Vehicle valet mode activated"
        assert module.state.is_valet
        assert await module.ask("unvalet nopin") == "Vehicle valet mode deactivated"
        assert not module.state.is_valet
        # A PIN that is told has to be right nevertheless.
        assert await module.ask("lock 4321") == "Error: Wrong PIN"
        await module.ask("FEATURE 10 0")
        assert await module.ask("lock nopin") == "Error: PIN missing"
        assert not module.state.is_locked

    play(demo(), scenario)


def test_the_car_that_cannot():
    async def scenario(module):
        for text in ("lock 1", "charge start", "climatecontrol on", "wakeup", "homelink 1"):
            assert await module.ask(text) == "Error: This car has no such command.", text

    play(Module(SETTINGS), scenario)


def test_only_a_known_broker_over_tls_has_the_owners_authority():
    async def scenario(module):
        for text in ("lock 1234", "charge start", "PARAMS?", "PASS x", "RESET", "MQTT x.example"):
            answer = await module.ask(text)
            assert answer == "Error: Commands need a broker with tls:// and with user and " + (
                "password (MQTT)."
            ), text
        assert not module.state.is_locked
        assert module.config.get(MQTT_SERVER) in ("b.example", "tls://b.example")
        assert "SOC: 80" in await module.ask("stat")
        assert "Firmware" in await module.ask("version")
        module.say("client/app/request/config", "vehicle/id")
        await module.time.advance(2)
        assert not [topic for topic in module.take() if "/config/" in topic]

    play(demo(ANONYMOUS), scenario)
    nobody = {n: SETTINGS[n] for n in SETTINGS}
    nobody[38] = nobody[39] = ""
    play(demo(nobody), scenario)
    play(demo(PLAIN), scenario)


def test_retained_and_repeated_commands_are_none():
    async def scenario(module):
        assert await module.ask("lock 1234", retain=1) is None
        assert await module.ask("lock 1234", qos=1, number=7, retain=1) is None
        assert not module.state.is_locked
        assert module.broker.last.acks == [7]
        assert await module.ask("lock 1234", qos=1, number=8) == "Vehicle locked"
        module.state.is_locked = False
        assert await module.ask("lock 1234", qos=1, number=8, dup=1) is None
        assert not module.state.is_locked
        assert module.broker.last.acks == [7, 8, 8]

    play(demo(), scenario)


def test_an_error_in_a_command_is_told_and_kept():
    async def scenario(module):
        async def bad(code, arguments):
            raise TypeError("a bug")

        module.vehicle.command = bad
        assert await module.ask("lock 1234") == "Error: Internal error."
        assert isinstance(module.errors.pop(), TypeError)
        assert "SOC" in await module.ask("stat")

    play(demo(), scenario)
