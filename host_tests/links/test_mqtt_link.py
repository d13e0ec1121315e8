"""The link to a broker: what begins a connection, what ends it, and how it comes back."""

from host_tests.services.mqtt.module import KNOWN, PLAIN, Module, play
from ovms.parameters import MQTT_PASSWORD, MQTT_SERVER, MQTT_USER, VEHICLE_ID
from ovms.services.sms.mqtt import _shown
from tools.simulated_board.fakes.mqtt_broker import packet


def test_a_connection_begins():
    async def scenario(module):
        last = module.broker.last
        assert module.broker.attempts == [("b.example", 8883, True)]
        assert b"me" in last.connect and b"Br0kerPass" in last.connect
        assert last.filters == [
            ("ovms/me/CAR7/client/+/active", 1),
            ("ovms/me/CAR7/client/+/command/+", 1),
            ("ovms/me/CAR7/client/+/request/metric", 1),
            ("ovms/me/CAR7/client/+/request/config", 1),
        ]
        assert module.take()["metric/s/v3/connected"] == "yes"
        assert all(message.is_retained for message in last.messages)
        assert module.link_status.is_server_connected
        assert not module.status.is_server_connected
        assert max(last.writes) <= 512

    play(Module(), scenario)


def test_without_user_and_tls():
    async def scenario(module):
        assert module.broker.attempts == [("b.example", 1883, False)]
        assert module.take()["metric/s/v3/connected"] == "yes"
        assert not module.talk.is_trusted

    play(Module(PLAIN), scenario)


def test_without_a_vehicle_id_nothing_is_tried():
    async def scenario(module):
        await module.time.advance(60)
        assert not module.broker.attempts
        assert "No vehicle id is set" in _shown(module.talk.sms_service)
        module.config.apply({VEHICLE_ID: "CAR7"})
        await module.time.advance(5)
        assert module.link_status.is_server_connected

    play(Module({MQTT_SERVER: "b.example"}), scenario)


def test_silence_is_asked_about_and_ends():
    async def scenario(module):
        last = module.broker.last
        await module.time.advance(205)
        assert last.pings == 1
        await module.time.advance(205)
        assert last.pings == 2 and not last.is_closed
        module.broker.answers_pings = False
        await module.time.advance(260)
        assert last.is_closed and module.count("server_silences") == 1
        assert "fell silent" in module.link_status.server_error or len(module.broker.connections)

    play(Module(), scenario)


def test_a_broker_that_only_talks_is_told_that_we_live():
    """Its keep-alive counts what comes from us: 600 s, and half of it again."""

    async def scenario(module):
        last = module.broker.last
        last_s = 0
        for _ in range(20):
            await module.time.advance(100)
            module.say("client/app/active", "0")
            if last.pings or last.take():
                last.pings = last_s = 0
            else:
                last_s += 100
            assert last_s < 600
        assert not last.is_closed

    play(Module(), scenario)


def attempts_while(connack, words, seconds):
    """How often a broker that answers so is asked in so many seconds, and then let in."""
    counts = []

    async def scenario(module):
        assert words in module.link_status.server_error, module.link_status.server_error
        await module.time.advance(seconds)
        counts.append(len(module.broker.attempts))
        module.broker.connack = packet(0x20, b"\0\0")
        await module.time.advance(245)
        assert module.link_status.is_server_connected

    module = Module()
    module.broker.connack = connack
    play(module, scenario)
    return counts[0]


def test_refused_credentials_wait_long():
    assert attempts_while(packet(0x20, b"\0\5"), "check user and password", 110) == 1
    assert attempts_while(packet(0x20, b"\0\4"), "check user and password", 110) == 1


def test_a_broker_that_is_not_ready_is_asked_soon():
    assert attempts_while(packet(0x20, b"\0\3"), "not available", 110) > 3


def test_what_is_no_broker():
    async def scenario(module):
        await module.time.advance(2)
        assert "no MQTT broker" in module.link_status.server_error
        assert "Not connected" in _shown(module.talk.sms_service)

    module = Module()
    module.broker.connack = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    play(module, scenario)


def test_a_close_before_the_login_is_no_refusal():
    async def scenario(module):
        module.broker.last.hang_up()
        await module.time.advance(3)
        assert module.count("server_closes") == 1
        assert "closed the connection" in module.link_status.server_error
        module.broker.connack = packet(0x20, b"\0\0")
        await module.time.advance(10)
        assert module.link_status.is_server_connected

    module = Module()
    module.broker.connack = b""
    play(module, scenario)


def test_other_settings_connect_anew():
    async def scenario(module):
        module.config.apply({MQTT_SERVER: "c.example", MQTT_USER: "you", MQTT_PASSWORD: "x"})
        await module.time.advance(10)
        assert module.broker.attempts[-1] == ("c.example", 1883, False)
        assert module.talk.prefix == "ovms/you/CAR7/"
        count = len(module.broker.attempts)
        # What is no business of the link does not disturb it.
        module.config.apply({23: "01:00"})
        await module.time.advance(10)
        assert len(module.broker.attempts) == count

    play(Module(), scenario)


def test_an_answer_leaves_before_the_broker_is_changed():
    """As a server's: ten seconds more for it, and no error of the link."""

    async def scenario(module):
        module.talk.is_answering = lambda: True
        module.config.apply({MQTT_SERVER: "c.example"})
        await module.time.advance(10)
        assert module.broker.attempts[-1][0] == "b.example"
        module.talk.is_answering = lambda: False
        await module.time.advance(5)
        assert module.broker.attempts[-1][0] == "c.example"

    play(Module(), scenario)


def test_known_settings_are_the_ones_that_are_tested():
    assert set(KNOWN) == {MQTT_SERVER, MQTT_USER, MQTT_PASSWORD, VEHICLE_ID}
