"""Feature 15, which lets the module write to the car: when, on whose word, and who is told."""

from host_tests.services.notifier_bench import OWNER, Module
from host_tests.services.sms_bench import Bench as SMSBench
from host_tests.shims.expect import raises
from ovms import parameters
from ovms.config import Config
from ovms.parameters import (
    CAN_WRITE_FROM,
    FROM_CABLE,
    FROM_OWNER,
    FROM_PASSWORD,
    FROM_SERVER,
)
from ovms.services.commander import Commander

STRANGER = "+447700900999"


class Consent:
    """What the composition root connects: notes, and refuses while `sentence` is set."""

    def __init__(self, config):
        self.asked = []
        self.sentence = ""
        config.on_can_write = self._on

    def _on(self, origin, is_done):
        self.asked.append((origin, is_done))
        if self.sentence:
            raise ValueError(self.sentence)


def test_by_whom_is_kept_and_a_repetition_of_others_is_no_news():
    bench = SMSBench()
    config = bench.config
    consent = Consent(config)
    config.set_feature(15, 1)
    assert config.get(CAN_WRITE_FROM) == ""
    assert consent.asked == [(FROM_SERVER, False), (FROM_SERVER, True)]
    del consent.asked[:]
    config.set_feature(15, "1", FROM_OWNER)
    assert config.get(CAN_WRITE_FROM) == "SMS" and not consent.asked
    assert Config(config.store).get(CAN_WRITE_FROM) == "SMS", "after a restart, too"
    config.set_feature(15, 1)
    assert config.get(CAN_WRITE_FROM) == "SMS" and not consent.asked
    config.set_feature(15, 3)
    assert config.get(CAN_WRITE_FROM) == "", "something else, and not on the owner's word"
    config.set_feature(15, 3, FROM_CABLE)
    assert config.get(CAN_WRITE_FROM) == "CABLE"
    del consent.asked[:]
    for off in (0, "", -1, -128, "-3"):
        config.set_feature(15, 2, FROM_OWNER)
        config.set_feature(15, off, FROM_OWNER)
        assert config.get(CAN_WRITE_FROM) == ""
    assert [is_done for _, is_done in consent.asked] == [False, True] * 5
    assert Config(config.store).get(CAN_WRITE_FROM) == ""


def test_every_way_to_set_it_is_asked_for():
    """By the feature, as a parameter among others, by AP, by the server's record."""
    ways = (
        lambda config: config.set_feature(15, 1),
        lambda config: config.apply({31: "1"}),
        lambda config: config.apply({parameters.PHONE: STRANGER, 31: "2.5"}, False),
    )
    for way in ways:
        bench = SMSBench()
        config = bench.config
        consent = Consent(config)
        consent.sentence = "Not now."
        before = list(config.values)
        saves = config.store.saves if hasattr(config.store, "saves") else 0
        assert str(raises(ValueError, way, config)) == "Not now."
        assert config.values == before and config.feature(15) == 0
        assert getattr(config.store, "saves", 0) == saves
        config.set_feature(15, 0)
        config.set_feature(15, -1)
        config.apply({parameters.PHONE: STRANGER})
        assert consent.asked == [(FROM_SERVER, False)], "off is always possible"


def test_by_sms():
    bench = SMSBench()
    consent = Consent(bench.config)
    assert bench.send("FEATURE 15 1") == "Feature has been set."
    assert consent.asked == [(FROM_OWNER, False), (FROM_OWNER, True)]
    assert bench.config.get(CAN_WRITE_FROM) == "SMS"
    consent.sentence = "Feature 15 can be switched on at a standstill only."
    assert bench.send("FEATURE 15 3") == consent.sentence
    assert bench.config.feature(15) == 1
    assert bench.send("FEATURE 15 0") == "Feature has been set."
    consent.sentence = ""
    del consent.asked[:]
    # AP takes the module password and all parameters.
    bench.send("AP %s" % bench.config.get(1) + " -" * 31 + " 1", STRANGER)
    assert consent.asked == [(FROM_PASSWORD, False), (FROM_PASSWORD, True)]
    assert bench.config.feature(15) == 1 and bench.config.get(CAN_WRITE_FROM) == ""


def test_by_an_sms_that_an_app_sends():
    from host_tests.shims.expect import run

    bench = SMSBench()
    consent = Consent(bench.config)
    commander = Commander(None, bench.config, bench.status, bench.sms, None)
    assert run(commander.execute(7, "FEATURE 15 1")) == ["c7,0,Feature has been set."]
    assert consent.asked[0][0] == FROM_SERVER
    assert run(commander.execute(2, "15,2")) == ["c2,0"]
    assert consent.asked[2][0] == FROM_CABLE, "who types at the console"


def told(origin, features=(), notify="IP"):
    """(SMS, pushes) of a module in which feature 15 was switched on."""
    from ovms import can_consent

    module = Module(notify)
    for n, value in features:
        module.config.set_feature(n, value)
    module.config.set_feature(15, 5, origin)
    app = type("App", (), {})()
    app.notifier, app.config = module.notifier, module.config
    can_consent.ask(app, origin, True)
    module.run(3)
    return module.modem.sent, module.conversation.pushes


def test_the_owner_is_told_whatever_he_wants_to_hear_of():
    for features in ((), ((14, 0x7E),), ((14, 4),)):
        for notify in ("", "IP", "SMS"):
            sent, pushes = told(FROM_SERVER, features, notify)
            assert len(sent) == 2 or len(sent) == 1
            assert {number for number, _ in sent} == {OWNER}
            text = " ".join(part for _, part in sent)
            assert "15 was set to 5 by the server or an app" in text and "FEATURE 15 0" in text
            assert pushes[0][0] == "A"
    assert "by the cable" in told(FROM_CABLE)[1][0][1]
    assert "module password" in told(FROM_PASSWORD)[1][0][1]
    assert told(FROM_OWNER) == ([], []), "he has the answer to his SMS"


def test_refused_while_the_car_or_the_receiver_says_that_it_moves():
    from ovms import can_consent

    module = Module()
    app = type("App", (), {})()
    app.state = module.state
    app.current_car = lambda: module.car
    can_consent.ask(app, FROM_OWNER, False)
    module.state.has_gps_lock = True
    module.state.gps_age_s = 1
    module.state.gps_speed_kmh10 = 437
    assert "standstill" in str(raises(ValueError, can_consent.ask, app, FROM_OWNER, False))
    module.state.gps_age_s = 30
    can_consent.ask(app, FROM_OWNER, False)
    # Above 10 km/h, heard within the last five seconds.
    for age_s, kmh10, is_refused in ((4, 101, 1), (5, 437, 0), (4, 100, 0), (1, 30, 0)):
        module.state.gps_age_s = age_s
        module.state.gps_speed_kmh10 = kmh10
        try:
            can_consent.ask(app, FROM_OWNER, False)
            assert not is_refused, (age_s, kmh10)
        except ValueError:
            assert is_refused, (age_s, kmh10)
    module.car.write_refusal = lambda: "The car says no."
    assert str(raises(ValueError, can_consent.ask, app, FROM_OWNER, False)) == "The car says no."
