"""What the broker hears, and what is kept until it arrived. Commands: `test_commands.py`."""

from host_tests.services.mqtt.module import SETTINGS, Module, demo, play
from ovms.parameters import MQTT_PASSWORD, SERVER


def test_a_full_set_at_login_then_only_changes():
    async def scenario(module):
        told = module.take()
        assert told["metric/v/type"] == "DEMO"
        assert told["metric/v/b/soc"] == "80.0"
        assert told["metric/v/e/locked"] in ("yes", "no")
        assert len(told) > 50
        # Nothing that nobody knows.
        assert "metric/v/b/12v/current" not in told
        assert "" not in told.values()
        await module.time.advance(200)
        assert module.take() == {}
        module.state.soc_pct100 = 7912
        module.state.touch()
        await module.time.advance(3)
        assert module.take() == {"metric/v/b/soc": "79.1"}
        module.state.is_charging = True
        await module.time.advance(3)
        assert module.take()["metric/v/c/charging"] == "yes"

    play(demo(), scenario)


def test_what_becomes_known_is_told_at_once():
    async def scenario(module):
        assert "metric/v/p/latitude" not in module.take()
        module.state.latitude_udeg, module.state.longitude_udeg = 52_516_270, -13_377_700
        await module.time.advance(4)
        told = module.take()
        assert told["metric/v/p/latitude"] == "52.516270"
        assert told["metric/v/p/longitude"] == "-13.377700"

    play(Module(), scenario)


def test_intervals():
    """Idle an hour, awake 5 minutes, on a minute, watched 10 seconds."""

    async def wait_of(module, prepare):
        prepare(module)
        await module.time.advance(5)
        module.take()
        waited = 0
        while True:
            module.state.battery_mv = (module.state.battery_mv or 0) + 1000
            await module.time.advance(5)
            waited += 5
            if "metric/v/b/voltage" in module.take():
                return waited

    async def scenario(module):
        state = module.state
        waits = []

        def set_state(is_on, is_awake):
            def prepare(module):
                state.is_on, state.is_awake = is_on, is_awake
                state.is_charging = False

            return prepare

        for flags in ((False, False), (False, True), (True, True)):
            waits.append(await wait_of(module, set_state(*flags)))
        waits.append(await wait_of(module, lambda module: module.say("client/app/active", "1")))
        assert 3590 <= waits[0] <= 3610, waits
        assert 290 <= waits[1] <= 305 and 55 <= waits[2] <= 65 and waits[3] <= 15, waits

    play(demo(), scenario)


def test_who_looks_is_believed_for_two_minutes():
    async def scenario(module):
        module.say("client/app/active", "1")
        await module.time.advance(2)
        assert module.talk._watchers
        await module.time.advance(121)
        assert not module.talk._watchers
        for i in range(30):
            module.say("client/app%d/active" % i, "1")
        await module.time.advance(2)
        assert len(module.talk._watchers) <= 8
        for i in range(30):
            module.say("client/app%d/active" % i, "0" if i & 1 else "")
        await module.time.advance(2)
        assert not module.talk._watchers

    play(demo(), scenario)


def test_everything_again_every_four_hours_and_withdrawn_when_gone():
    async def scenario(module):
        await module.time.advance(4 * 3600 + 3700, 20_000)
        assert module.take()["metric/v/b/soc"] == "80.0"
        module.state.soh_pct = 90
        module.state.touch()
        await module.time.advance(3)
        assert module.take() == {"metric/v/b/soh": "90"}
        module.state.soh_pct = None
        module.state.touch()
        await module.time.advance(3)
        assert module.take() == {"metric/v/b/soh": ""}
        assert "ovms/me/CAR7/metric/v/b/soh" not in module.broker.retained
        await module.time.advance(10)
        assert module.take() == {}

    play(demo(), scenario)


def test_what_the_car_has_not_told_for_a_day_is_withdrawn():
    """Nobody takes yesterday's SOC for today's. Where the car stands remains."""

    async def scenario(module):
        module.take()
        module.state.told_age_s = 86_399
        module.state.touch()
        await module.time.advance(4)
        assert "metric/v/b/soc" not in module.take()
        module.state.told_age_s = 86_400
        module.state.touch()
        await module.time.advance(4)
        told = module.take()
        assert told["metric/v/b/soc"] == told["metric/v/e/locked"] == ""
        retained = module.broker.retained
        assert "ovms/me/CAR7/metric/v/b/soc" not in retained
        assert "ovms/me/CAR7/metric/v/p/latitude" in retained
        assert "ovms/me/CAR7/metric/v/type" in retained
        module.state.told_age_s = 0
        module.state.touch()
        await module.time.advance(4)
        assert module.take()["metric/v/b/soc"] == "80.0"

    play(demo(), scenario)


def test_metrics_on_request():
    async def scenario(module):
        module.take()
        module.say("client/app/request/metric", "v.b.soc, v.p.*")
        await module.time.advance(2)
        told = module.take()
        assert "metric/v/b/soc" in told and "metric/v/p/speed" in told
        assert not [topic for topic in told if "/v/e/" in topic]
        module.say("client/app/request/metric", "*")
        await module.time.advance(3)
        assert len(module.take()) > 40

    play(demo(), scenario)


def test_settings_on_request_without_secrets():
    async def scenario(module):
        module.take()
        for text in ("vehicle/id", "9", "1", "39", "-1", "999", "x", "server/password", "+/#"):
            module.say("client/app/request/config", text)
            await module.time.advance(2)
        told = module.take()
        assert told == {
            "client/app/config/vehicle/id": "CAR7",
            "client/app/config/9": "****",
            "client/app/config/1": "****",
        }

    play(demo(), scenario)


def test_no_secret_is_ever_published():
    async def scenario(module):
        module.config.apply({SERVER: "s.example"})
        for text in ("PASS?", "PARAMS?", "SERVER?", "MQTT?", "GPRS?", "HELP", "echo Br0kerPass"):
            await module.ask(text)
        module.talk.notify("A", "hello")
        await module.time.advance(3)
        for message in module.broker.last.messages:
            for secret in ("M0dulePass", "N3tPass99", "Br0kerPass"):
                assert secret not in message.payload.decode(), message.topic

    play(demo(), scenario)


def test_odd_topics_and_payloads_change_nothing():
    async def scenario(module):
        for topic in (
            "client",
            "client/",
            "client//command/1",
            "client/app/command",
            "client/app/command/",
            "client/app/command/1/2",
            "client/app/respond/1",
            "client/%s/command/1" % ("x" * 65),
            "metric/v/b/soc",
            "",
        ):
            module.say(topic, "lock 1234")
            await module.time.advance(2)
        module.broker.last.say(b"\x30\x06\x00\x01xabc")
        module.say("client/app/command/1", "lock 1234" + " " * 5000)
        await module.time.advance(2)
        assert not module.state.is_locked
        assert module.link_status.is_server_connected
        assert module.take().get("client/app/response/1") == "Error: Unknown command."

    play(demo(), scenario)


def test_a_flood_costs_little():
    async def scenario(module):
        module.take()
        before = sum(module.broker.last.writes)
        for i in range(400):
            module.say("client/app/command/%d" % i, "HELP")
            module.say("client/app/request/metric", "*")
        await module.time.advance(3)
        for i in range(100):
            module.say("client/app%d/active" % i, "1")
            module.say("client/app%d/active" % i, "0")
        await module.time.advance(60)
        assert sum(module.broker.last.writes) - before < 30_000
        assert module.count("mqtt_refused") > 700
        assert module.link_status.is_server_connected
        # And who comes a minute later is served.
        assert "SOC" in await module.ask("stat")

    play(demo(), scenario)


def test_a_notification_is_told_until_the_broker_has_it():
    async def scenario(module):
        module.take()
        module.talk.notify("A", "Charging Stopped\rSOC: 80%")
        await module.time.advance(2)
        message = module.broker.last.messages[0]
        assert message.topic == "ovms/me/CAR7/notify/alert/vehicle" and message.qos == 1
        assert message.payload == b"Charging Stopped\nSOC: 80%" and not message.is_retained
        await module.time.advance(300)
        assert len(module.take()) == 1
        module.broker.acknowledges = False
        module.talk.notify("I", "Trip")
        await module.time.advance(400)
        sent = [m for m in module.broker.last.messages if m.topic.endswith("notify/info/vehicle")]
        assert [m.is_dup for m in sent] == [False, True, True]
        # The rest goes on, and another connection begins anew.
        module.state.touch()
        module.broker.last.hang_up()
        await module.time.advance(10)
        sent = [m for m in module.broker.last.messages if m.topic.endswith("notify/info/vehicle")]
        assert [m.is_dup for m in sent] == [False]
        assert "metric/v/type" in module.take()

    play(demo(), scenario)


def test_what_waits_is_bounded_and_survives_the_absence_of_the_broker():
    async def scenario(module):
        module.broker.refusals = 20
        module.broker.last.hang_up()
        await module.time.advance(2)
        for i in range(20):
            module.talk.notify("A", "Alert %d" % i)
        module.broker.refusals = 0
        await module.time.advance(60)
        sent = [m.payload for m in module.broker.last.messages if "/notify/" in m.topic]
        assert sent == [b"Alert %d" % i for i in range(12, 20)]
        assert module.count("mqtt_dropped") == 12

    play(demo(), scenario)


def test_stray_acknowledgements_are_counted():
    async def scenario(module):
        module.broker.last.say(b"\x40\x02\xff\xfe" * 3)
        await module.time.advance(1)
        assert module.count("mqtt_stray_acks") == 3

    play(demo(), scenario)


def test_history_without_a_server_goes_to_the_broker():
    async def scenario(module):
        module.history.waiting = [
            ("h", b"12,-600,RT-PWR-Log,1,86400,data,more"),
            ("H", b"RT-X,1,60,once"),
        ]
        module.take()
        await module.time.advance(2)
        messages = module.broker.last.messages
        assert [m.topic for m in messages] == [
            "ovms/me/CAR7/notify/data/RT-PWR-Log/12/-600",
            "ovms/me/CAR7/notify/data/RT-X/0/0",
        ]
        assert messages[0].payload == b"RT-PWR-Log,1,86400,data,more" and messages[0].qos == 1
        assert messages[1].qos == 0
        assert module.history.acked == [b"12"]

    play(demo(), scenario)


def test_history_with_a_server_is_the_servers():
    async def scenario(module):
        module.history.waiting = [("h", b"12,-600,RT-PWR-Log,1,86400,data")]
        await module.time.advance(5)
        assert module.history.waiting and not module.history.acked

    settings = {n: SETTINGS[n] for n in SETTINGS}
    settings[SERVER] = "s.example"
    play(demo(settings), scenario)


def test_the_password_of_the_broker_is_one():
    module = demo()
    assert module.config.get(MQTT_PASSWORD) == "Br0kerPass"
    from ovms.masking import masked

    assert masked(module.config, "x Br0kerPass y") == "x **** y"
