"""ALERT and HOME by SMS: who may, what is shown, what is refused and changes nothing."""

from host_tests.services.sms_bench import OWNER, PASSWORD, STRANGER, Bench, run
from ovms.parameters import ALERTS, HOME, PARAMETERS

USUAL = "ALERT: MOVED ON, HOME OFF, DOORS OFF, SOC OFF, CHARGE OFF, VALET OFF"


class User(Bench):
    def say(self, text, caller=OWNER):
        return run(self.sms.execute(caller, text))[1]

    def at(self, latitude_udeg, longitude_udeg, is_now=True):
        self.state.latitude_udeg = latitude_udeg
        self.state.longitude_udeg = longitude_udeg
        self.state.has_gps_lock = is_now


def test_alert():
    user = User()
    assert user.say("ALERT?") == USUAL
    assert user.say("ALERT ? " + PASSWORD, STRANGER) == USUAL
    assert user.say("alert soc 80%") == USUAL.replace("SOC OFF", "SOC 80")
    assert user.say("ALERT moved off").startswith("ALERT: MOVED OFF,")
    assert user.config.get(ALERTS) == "MOVED=OFF SOC=80"
    assert user.say("ALERT SOC OFF") == USUAL.replace("MOVED ON", "MOVED OFF")
    assert user.say("ALERT HOME ON").endswith(
        "\r\nHOME is not set: send HOME when the car is there."
    )


def test_what_is_refused_changes_nothing():
    user = User()
    user.say("ALERT SOC 80")
    user.say("HOME 52.5 13.4")
    before = list(user.config.values)
    for text in (
        "ALERT",
        "ALERT SOC",
        "ALERT SOC 0",
        "ALERT EVERYTHING ON",
        "ALERT CHARGE 25:00",
        "HOME",
        "HOME 20",
        "HOME 300",
        "HOME here",
        "HOME 0 0",
        "HOME 91 0",
        "HOME 52.5 13.4 9999",
        "HOME 52.5,13.4,9",
    ):
        reply = user.say(text)
        assert reply.endswith(".") or "Use: ALERT <" in reply, (text, reply)
        assert user.config.values == before, text
    for text in ("ALERT SOC 90 " + PASSWORD, "ALERT %s SOC 90" % PASSWORD, "HOME %s -" % PASSWORD):
        user.say(text, STRANGER)
        assert user.config.values == before, text


def test_home():
    user = User()
    assert user.say("HOME?") == "HOME: (none)"
    user.at(52520008, 13404954)
    assert user.say("HOME") == (
        "HOME: 52.520008,13.404954 within 200 m\r\nThe car is 0 m from it."
    )
    assert user.say("home 500").startswith("HOME: 52.520008,13.404954 within 500 m")
    user.at(52530008, 13404954)
    assert user.say("HOME?").endswith("\r\nThe car is 1.1 km from it.")
    user.at(52530008, 13404954, False)
    assert user.say("HOME?").endswith("\r\nThe car was last seen 1.1 km from it.")
    user.state.latitude_udeg = None
    assert user.say("HOME -33.9, 151.2 1000") == (
        "HOME: -33.900000,151.200000 within 1000 m\r\nNo position of the car is known."
    )
    assert user.say("HOME -33.9,151.2").startswith("HOME: -33.900000,151.200000 within 200 m")
    assert user.say("HOME -") == "HOME: (none)"
    assert user.config.get(HOME) == ""


def test_it_is_in_no_list():
    user = User()
    user.say("HOME 52.5 13.4")
    assert HOME >= PARAMETERS
    for text in ("PARAMS?", "SUMMARY", "DIAG"):
        assert "52.5" not in user.say(text)
