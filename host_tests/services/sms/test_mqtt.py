"""MQTT by SMS: what it sets, shows and refuses; no secret, no leftover."""

from host_tests.services.sms_bench import OWNER, PASSWORD, STRANGER, Bench, run
from ovms import parameters
from ovms.links.mqtt_link import LinkStatus

BROKER = "MQTT tls://b.example me Br0kerPass"


class User(Bench):
    def say(self, text, caller=OWNER):
        return run(self.sms.execute(caller, text))[1]

    def broker(self):
        return [self.config.get(n) for n in range(37, 40)]


def test_set_and_shown():
    user = User()
    expected = (
        "MQTT:\r\n Broker:tls://b.example\r\n User:me\r\n Password:****\r\n Home Assistant:OFF"
        "\r\n State: Not connected\r\n No vehicle id is set: send MODULE <id>."
    )
    assert user.say(BROKER) == expected
    assert user.broker() == ["tls://b.example", "me", "Br0kerPass"]
    user.config.set(parameters.VEHICLE_ID, "CAR7")
    user.status.mqtt = LinkStatus(user.status)
    user.status.mqtt.server_error = "The broker fell silent."
    assert user.say("mqtt?").endswith(" State: Not connected\r\n The broker fell silent.")
    user.status.mqtt.is_server_connected = True
    assert user.say("MQTT?").endswith(" State: Connected OK")
    # Friends with the module password may ask, and nothing else.
    assert "Br0kerPass" not in user.say("MQTT? " + PASSWORD, STRANGER)
    user.say("MQTT x.example " + PASSWORD, STRANGER)
    assert user.broker()[0] == "tls://b.example"


def test_another_broker_never_gets_the_password_of_the_last():
    user = User()
    user.say(BROKER)
    user.say("MQTT other.example")
    assert user.broker() == ["other.example", "", ""]
    user.say(BROKER)
    user.say("MQTT -")
    assert user.broker() == ["", "", ""]
    assert user.say("MQTT?") == (
        "MQTT:\r\n Broker:\r\n User:\r\n Password:\r\n Home Assistant:OFF"
    )


def test_home_assistant():
    user = User()
    user.say(BROKER)
    assert " Home Assistant:ON" in user.say("MQTT ha on")
    assert user.config.get(parameters.MQTT_HA) == "ON"
    assert " Home Assistant:OFF" in user.say("MQTT HA OFF")
    assert user.broker()[0] == "tls://b.example"


def test_refusals_change_nothing():
    user = User()
    user.say(BROKER)
    before = list(user.config.values)
    for text in (
        "MQTT a b",
        "MQTT a b c d",
        "MQTT HA",
        "MQTT HA MAYBE",
        "MQTT HA ON OFF",
        "MQTT tls://me@b x y",
        "MQTT b:0",
        "MQTT mqtt://b",
        "MQTT b:x u p",
        "MQTT " + "b" * 64,
        "MQTT b %s p" % ("u" * 64),
        "MQTT b u \u00e4\u00f6",
    ):
        reply = user.say(text)
        assert reply.endswith(".") and "Br0kerPass" not in reply, text
        assert user.config.values == before, text


def test_guarded_as_what_makes_somebody_the_owner():
    user = User()
    user.say(BROKER)
    user.say("REMOTE SAFE")
    reply = run(user.sms.execute_as_owner("MQTT evil.example"))[1]
    assert "REMOTE SAFE" in reply
    assert user.broker()[0] == "tls://b.example"
    # Whoever did it, the owner can take it back for a day.
    user.say("REMOTE OPEN")
    run(user.sms.execute_as_owner("MQTT evil.example"))
    assert user.broker()[0] == "evil.example"
    user.say("UNDO")
    assert user.broker() == ["tls://b.example", "me", "Br0kerPass"]


def test_the_factory_has_no_broker():
    user = User()
    user.say(BROKER)
    user.say("MQTT HA ON")
    assert "factory" in user.say("FACTORY %s %s" % (PASSWORD, PASSWORD))
    assert user.broker() == ["", "", ""] and not user.config.get(parameters.MQTT_HA)


def test_its_password_is_masked_everywhere_and_never_forwarded():
    user = User()
    user.say(BROKER)
    from ovms.masking import masked
    from ovms.services.sms.forward import _has_secret

    assert masked(user.config, "a Br0kerPass b") == "a **** b"
    assert _has_secret(user.config, "psst: BR0KERPASS")
    for text in ("PARAMS?", "DIAG", "SUMMARY", "MQTT?", "SERVER?"):
        assert "Br0kerPass" not in user.say(text), text
