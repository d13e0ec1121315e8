"""What Home Assistant is told: one device message of what the car has, ages, and its removal."""

import json

from host_tests.services.mqtt.module import KNOWN, START_UTC_S, Module, play
from ovms.parameters import MQTT_HA, MQTT_SERVER
from ovms.services.mqtt.ages import iso
from ovms.vehicle.base import Vehicle
from ovms.vehicle.demo.car import Demo

TOPIC = "homeassistant/device/ovms_CAR7/config"
ON = dict(KNOWN)
ON[MQTT_HA] = "ON"


def device(module):
    """The device message that the broker keeps, None for none."""
    payload = module.broker.retained.get(TOPIC)
    return payload and json.loads(payload.decode())


def has(config, key):
    """Whether a component is more than its removal."""
    return len(config["cmps"][key]) > 1


def test_device_message_of_the_demo_car():
    async def scenario(module):
        await module.time.advance(30)
        config = device(module)
        assert config["dev"]["ids"] == ["ovms_CAR7"] and config["dev"]["mdl"] == "DEMO"
        assert config["o"]["name"]
        assert config["avty_t"] == "ovms/me/CAR7/metric/s/v3/connected"
        told = module.take()
        soc = config["cmps"]["v_b_soc"]
        assert soc["p"] == "sensor" and soc["unit_of_meas"] == "%"
        assert soc["dev_cla"] == "battery" and soc["exp_aft"] == 18_000
        assert soc["stat_t"] == "ovms/me/CAR7/metric/v/b/soc"
        assert soc["json_attr_t"] == "ovms/me/CAR7/ha/car"
        assert json.loads(told["ha/car"])["last_seen"][:4] == "2026"
        lock = config["cmps"]["lock"]
        assert lock["p"] == "lock" and lock["cmd_t"] == "ovms/me/CAR7/client/ha/command/20"
        assert lock["stat_t"] == "ovms/me/CAR7/metric/v/e/locked"
        assert lock["code_format"] == "^\\d*$"
        assert config["cmps"]["charge"]["pl_on"] == "charge start"
        assert config["cmps"]["place"]["json_attr_t"] == "ovms/me/CAR7/ha/place"
        place = json.loads(told["ha/place"])
        assert place["gps_accuracy"] >= 5 and "latitude" in place
        # Identities are unique, every topic is told, nothing is unknown to Home Assistant.
        ids = [c["uniq_id"] for c in config["cmps"].values() if len(c) > 1]
        assert len(set(ids)) == len(ids) > 30
        topics = [message.topic for message in module.broker.connections[0].messages]
        for component in config["cmps"].values():
            if len(component) > 1:
                start = "ovms/me/CAR7/"
                assert component.get("stat_t", start).startswith(start)
        assert TOPIC not in topics

    play(Module(ON, Demo), scenario)


def test_state_topics_of_the_device_message_are_those_that_are_published():
    async def scenario(module):
        await module.time.advance(30)
        config = device(module)
        # Of a limit that nobody has set there is nothing to tell.
        limit = config["cmps"]["set_charge_limit"]["stat_t"]
        assert limit not in module.broker.retained
        await module.ask("charge limit 80")
        assert module.broker.retained[limit] == b"80"
        for key, component in config["cmps"].items():
            for name in ("stat_t", "json_attr_t"):
                if name in component:
                    assert component[name] in module.broker.retained, (key, name)

    play(Module(ON, Demo), scenario)


def test_the_commands_of_the_device_message_work():
    async def scenario(module):
        await module.time.advance(30)
        module.state.is_locked = False
        cmps = device(module)["cmps"]
        lock = cmps["lock"]["pl_lock"]
        for text in (
            lock + " 1234",
            cmps["lock"]["pl_unlk"] + " 1234",
            cmps["climate"]["pl_on"],
            cmps["climate"]["pl_off"],
            cmps["wake_up"]["pl_prs"],
            cmps["homelink_3"]["pl_prs"],
            cmps["set_charge_current"]["cmd_tpl"].replace("{{value}}", "16"),
            cmps["set_charge_limit"]["cmd_tpl"].replace("{{value}}", "85"),
            cmps["set_charge_mode"]["cmd_tpl"].replace("{{value}}", "range"),
        ):
            answer = await module.ask(text)
            assert answer and not answer.startswith("Error"), (text, answer)
        assert (module.state.charge_limit_a, module.state.soc_limit_pct) == (16, 85)
        limit = cmps["set_charge_limit"]
        assert (limit["min"], limit["max"], limit["unit_of_meas"]) == (50, 100, "%")

    play(Module(ON, Demo), scenario)


def test_without_authority_there_is_nothing_to_press():
    async def scenario(module):
        await module.time.advance(30)
        cmps = device(module)["cmps"]
        assert not has({"cmps": cmps}, "lock") and not has({"cmps": cmps}, "wake_up")
        assert has({"cmps": cmps}, "v_b_soc")

    settings = dict(ON)
    settings[MQTT_SERVER] = "b.example"
    play(Module(settings, Demo), scenario)


def test_off_is_off_and_removes_the_device():
    async def scenario(module):
        await module.time.advance(30)
        assert device(module) is None and "ha/car" not in module.take()
        module.config.apply({MQTT_HA: "ON"})
        await module.time.advance(30)
        assert device(module) is not None
        module.config.apply({MQTT_HA: ""})
        await module.time.advance(30)
        assert device(module) is None

    play(Module(KNOWN, Demo), scenario)


def test_another_car_removes_what_it_does_not_have_and_withdraws_its_values():
    async def scenario(module):
        await module.time.advance(30)
        assert has(device(module), "v_t_pressure") and has(device(module), "lock")
        # What `car_setup` does with another type: an unknown state.
        module.state.__init__()
        module.set_car(Vehicle)
        module.state.revision = 7
        await module.time.advance(30)
        config = device(module)
        assert config["dev"]["mdl"] == "NONE"
        assert config["cmps"]["v_t_pressure"] == {"p": "sensor"}
        assert config["cmps"]["lock"] == {"p": "lock"}
        assert config["cmps"]["place"] == {"p": "device_tracker"}
        assert "ovms/me/CAR7/metric/v/b/soc" not in module.broker.retained

    play(Module(ON, Demo), scenario)


def test_what_was_seen_once_stays_over_a_restart():
    """A module that starts beside a sleeping car knows no SOC, and its entity must not go."""
    kept = []

    async def scenario(module):
        await module.time.advance(30)
        kept.append(module.config.get(MQTT_HA))

    play(Module(ON, Demo), scenario)
    assert kept[0].startswith("ON DEMO ") and len(kept[0]) <= 63

    class Sleeping(Vehicle):
        TYPE = "DEMO"

    async def asleep(module):
        await module.time.advance(30)
        config = device(module)
        assert has(config, "v_b_soc") and has(config, "v_t_pressure")
        # The device is another one, as its car has another version.
        assert module.config.get(MQTT_HA).split()[:3] == kept[0].split()[:3]
        # Of another type it counts nothing, and what is damaged neither.
        for text in (kept[0].replace("DEMO", "RT"), "ON DEMO zz 1", "ON x", "ON   "):
            module.config.apply({MQTT_HA: ""})
            await module.time.advance(8)
            module.config.apply({MQTT_HA: text})
            await module.time.advance(30)
            assert not has(device(module), "v_b_soc"), text

    settings = dict(ON)
    settings[MQTT_HA] = kept[0]
    play(Module(settings, Sleeping), asleep)


def test_what_a_car_does_not_tell_is_no_entity():
    """The state of a Twizy has closed doors and no charge limit, which the car never told."""
    kept = []

    async def scenario(module):
        state = module.state
        state.soc_pct100 = 8130
        state.told_age_s = 0
        await module.time.advance(30)
        never = ("v_d_fl", "v_d_hood", "v_e_alarm", "v_e_headlights", "v_c_voltage", "v_c_climit")
        later = ("v_e_on", "v_p_speed", "v_c_state", "v_c_mode", "v_d_cp")
        config = device(module)
        assert has(config, "v_b_soc")
        assert [key for key in never + later if has(config, key)] == []
        # As it is told to whoever reads metrics.
        assert module.broker.retained[module.prefix + "metric/v/d/fl"] == b"no"
        # It drives off, and is charged.
        state.is_on = state.is_charge_port_open = True
        state.speed_kmh10 = 421
        state.charge_state = 1
        state.charge_mode = 3
        state.touch()
        await module.time.advance(200)
        config = device(module)
        assert [key for key in later if not has(config, key)] == []
        assert [key for key in never if has(config, key)] == []
        # And has all of it from then on.
        state.is_on = state.is_charge_port_open = False
        state.speed_kmh10 = state.charge_mode = 0
        state.charge_state = 4
        state.touch()
        await module.time.advance(200)
        assert device(module) == config
        kept.append(module.config.get(MQTT_HA))

    play(Module(ON), scenario)

    async def after_a_restart(module):
        await module.time.advance(30)
        assert has(device(module), "v_p_speed") and not has(device(module), "v_d_fl")

    settings = dict(ON)
    settings[MQTT_HA] = kept[0]
    play(Module(settings), after_a_restart)


def test_the_message_is_told_once_and_again_after_a_cut_in_its_middle():
    async def scenario(module):
        await module.time.advance(30)
        count = len([m for m in module.broker.last.messages if m.topic == TOPIC])
        assert count == 1
        module.broker.last.hang_up()
        await module.time.advance(30)
        assert not [m for m in module.broker.last.messages if m.topic == TOPIC]
        # Cut while it is under way.
        module.broker.retained.clear()
        module.config.apply({MQTT_HA: ""})
        await module.time.advance(8)
        module.config.apply({MQTT_HA: "ON"})
        while module.talk.pieces is None and not module.talk.announcer._is_told:
            module.broker.last.is_stuck = module.talk.announcer._measuring is not None
            await module.time.advance(1, 250)
        module.broker.last.is_stuck = False
        module.broker.last.error = OSError("cut")
        module.broker.last.hang_up()
        await module.time.advance(30)
        assert device(module) is not None

    play(Module(ON, Demo), scenario)


def rendered(template, text):
    """What Home Assistant makes of a text: Python has the expressions of these templates, too."""

    def whole(default):
        return int(text) if text.isdigit() else default

    expression = template.replace("value|int", "whole").strip("{}")
    return eval(expression, {"value": text, "whole": whole})


def test_what_is_taken_away_is_unknown_to_home_assistant():
    """An empty text alone is ignored there: yesterday's SOC stayed, and as if it were new."""

    async def scenario(module):
        await module.time.advance(30)
        cmps = device(module)["cmps"]
        count = 0
        for key, component in cmps.items():
            if "stat_t" in component and key != "seen":
                assert rendered(component["val_tpl"], "") == "None", key
                count += 1
        assert count > 25
        for key, text in (
            ("v_b_soc", "81.3"),
            ("v_b_soh", "0"),
            ("v_e_handbrake", "no"),
            ("lock", "yes"),
            ("climate", "no"),
            ("set_charge_mode", "range"),
        ):
            assert rendered(cmps[key]["val_tpl"], text) == text, key
        # A number outside of what can be set is an error there; a Twizy's limit may be 2 %.
        for key, text, shown in (
            ("set_charge_limit", "2", "None"),
            ("set_charge_limit", "50", "50"),
            ("set_charge_limit", "100", "100"),
            ("set_charge_limit", "101", "None"),
            ("set_charge_current", "0", "0"),
            ("set_charge_current", "80", "80"),
            ("set_charge_current", "81", "None"),
        ):
            assert rendered(cmps[key]["val_tpl"], text) == shown, (key, text)

    play(Module(ON, Demo), scenario)


def test_all_values_follow_when_the_device_is_another():
    """As after an update: what expires is unavailable there until it is told once more."""
    kept = []

    def after_it(module):
        """How often the SOC was told since the newest device message of this connection."""
        messages = module.broker.last.messages
        newest = max(i for i, message in enumerate(messages) if message.topic == TOPIC)
        soc = module.prefix + "metric/v/b/soc"
        return len([message for message in messages[newest:] if message.topic == soc])

    async def scenario(module):
        await module.time.advance(30)
        assert after_it(module) == 1
        await module.time.advance(60)
        assert after_it(module) == 1
        kept.append(module.config.get(MQTT_HA))

    play(Module(ON, Demo), scenario)
    settings = dict(ON)
    settings[MQTT_HA] = kept[0]

    async def restarted(module):
        await module.time.advance(30)
        assert device(module) is not None and after_it(module) == 0

    play(Module(settings, Demo), restarted)

    class Updated(Demo):
        VERSION = "1.1"

    async def updated(module):
        # A cut in the middle of the message makes it no old one.
        while module.talk.pieces is None:
            await module.time.advance(1, 250)
        module.broker.last.error = OSError("cut")
        module.broker.last.hang_up()
        await module.time.advance(40)
        assert "DEMO1.1" in device(module)["dev"]["sw"]
        assert after_it(module) == 1

    play(Module(settings, Updated), updated)


def test_ages_are_told_when_they_are_news():
    async def scenario(module):
        module.state.gps_age_s = 0
        await module.time.advance(400)
        module.take()
        module.state.touch()
        await module.time.advance(4)
        told = module.take()
        seen = json.loads(told["ha/gps"])["last_seen"]
        assert iso(START_UTC_S + 395) <= seen <= iso(START_UTC_S + 410)
        module.state.touch()
        await module.time.advance(4)
        assert "ha/gps" not in module.take()
        # What was not seen since is not told again, however long that is.
        for _ in range(5):
            module.state.gps_age_s += 1000
            await module.time.advance(1000, 20_000)
            module.state.touch()
            await module.time.advance(4)
        assert "ha/gps" not in module.take()

    play(Module(ON, Demo), scenario)


def test_dates():
    for utc_s, text in (
        (0, "1970-01-01T00:00:00+00:00"),
        (951_782_400, "2000-02-29T00:00:00+00:00"),
        (1_709_164_799, "2024-02-28T23:59:59+00:00"),
        (1_709_164_800, "2024-02-29T00:00:00+00:00"),
        (1_767_225_599, "2025-12-31T23:59:59+00:00"),
        (1_796_000_000, "2026-11-30T00:53:20+00:00"),
        (4_107_542_400, "2100-03-01T00:00:00+00:00"),
    ):
        assert iso(utc_s) == text, utc_s


def test_odd_vehicle_ids():
    async def scenario(module):
        await module.time.advance(30)
        topic = "homeassistant/device/ovms_A_B_c-9/config"
        config = json.loads(module.broker.retained[topic].decode())
        assert config["dev"]["name"] == 'A/B"c-9'
        assert config["avty_t"] == 'ovms/me/A_B"c-9/metric/s/v3/connected'

    settings = dict(ON)
    settings[8] = 'A/B"c-9'
    play(Module(settings, Demo), scenario)
