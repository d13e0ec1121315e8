"""ACC by SMS: the dialogues of module-behaviour 7.2, who may, and what changes nothing."""

from host_tests.services.sms_bench import PASSWORD, STRANGER, Bench, run
from host_tests.shims.expect import raises
from ovms.parameters import FIRST_ACC, FROM_SERVER, LAST_ACC, PARAMETERS, REMOTE
from ovms.vehicle.demo.car import Demo
from ovms.vehicle.roadster.car import Roadster
from ovms.vehicle.twizy.car import Twizy

USE = "Invalid command\n Use: ACC "


class User(Bench):
    def __init__(self, car_class=Demo):
        super().__init__(car_class=car_class)
        self.at(52520008, 13404954)

    def at(self, latitude_udeg, longitude_udeg, has_fix=True):
        self.state.latitude_udeg = latitude_udeg
        self.state.longitude_udeg = longitude_udeg
        self.state.has_gps_lock = has_fix
        self.state.gps_age_s = 0 if has_fix else 1000

    def places(self):
        return [self.config.get(n) for n in range(FIRST_ACC, LAST_ACC + 1)]


def test_a_place_from_its_beginning_to_its_end():
    user = User()
    assert user.send("ACC HERE") == "ACC #1 set"
    assert user.send("acc here") == "ACC #1 already here"
    assert user.send("ACC PARAMS?") == (
        "ACC #1\r\n 52.520008, 13.404954\r\n Enabled\r\n Mode: Standard (32A)\r\n Radius 100m"
    )
    listed = user.send(
        "ACC PARAMS COOLDOWN HOMELINK 1 CHARGEAT 01:30 LIMIT 13 MODE RAN STOPSOC 80"
    )
    assert listed == (
        "ACC #1\r\n 52.520008, 13.404954\r\n Enabled\r\n Cooldown\r\n Homelink #1"
        "\r\n Charge at time 01:30:00\r\n Mode: Range (13A)\r\n Stop at SOC 80%\r\n Radius 100m"
    )
    for text in ("ACC PARAMS?", "ACC PARAMS", "ACC PARAMS ? 1", "ACC? PARAMS 1", "ACC PARAMS 1?"):
        assert user.send(text) == listed, text
    assert user.send("ACC DISABLE") == "ACC disabled"
    assert user.places()[0] == (
        "52.520008 13.404954 100 OFF COOLDOWN AT=01:30 HOMELINK=1 MODE=3 A=13 SOC=80"
    )
    assert user.send("ACC ENABLE 1") == "ACC enabled"
    assert user.send("ACC NOTHERE") == "ACC cleared #1"
    assert user.send("ACC NOTHERE") == "ACC not at this location"
    assert user.places() == [""] * 4


def test_four_places():
    user = User()
    for n in range(4):
        user.at(52520008 + n * 10_000, 13404954)
        assert user.send("ACC HERE") == "ACC #%d set" % (n + 1)
    user.at(53_000_000, 13404954)
    assert user.send("ACC HERE") == "ACC could not be set - no free space"
    for text in ("ACC ENABLE", "ACC DISABLE", "ACC PARAMS", "ACC PARAMS?", "ACC PARAMS NOCHARGE"):
        assert user.send(text) == "ACC not at this location", text
    assert user.send("ACC PARAMS 3 STOPSOC 70").endswith("Stop at SOC 70%\r\n Radius 100m")
    assert user.send("ACC CLEAR 2") == "ACC configuration cleared"
    assert [bool(text) for text in user.places()] == [True, False, True, True]
    assert user.send("ACC PARAMS? 2") == "ACC #2 - No ACC defined here"
    assert user.send("ACC PARAMS 2 NOCHARGE") == "ACC #2 - No ACC defined here"
    assert user.send("ACC ENABLE 2") == "ACC #2 - No ACC defined here"
    assert user.send("ACC HERE") == "ACC #2 set"
    assert user.send("ACC CLEAR") == "ACC configuration cleared"
    assert user.places() == [""] * 4


def test_the_users_units():
    user = User()
    user.send("ACC HERE")
    user.config.apply({2: "M"})
    assert user.send("ACC PARAMS STOPRANGE 150 RADIUS 600").endswith(
        "\r\n Stop at range 150miles\r\n Radius 600'"
    )
    user.config.apply({2: "K"})
    assert user.send("ACC PARAMS?").endswith("\r\n Stop at range 241km\r\n Radius 200m")


def test_before_anything_was_set():
    user = User()
    assert user.send("ACC?") == user.send("ACC STAT") == "ACC Status #0\r\n State: Free"
    user.send("ACC HERE")
    assert user.send("ACC?") == "ACC Status #0\r\n State: First run"
    user.send("ACC CLEAR")
    assert user.send("ACC DIAG") == (
        "ACC DIAG last:\r\n  chgmod: 0\r\n  wAvail: 0\r\n  ixEnd: 0\r\n  pctEnd: 0"
        "\r\n  idealRange: 0\r\n  CAC: 0.00\r\n  location: 0\r\n  estimate: -1"
    )


def test_what_is_refused_changes_nothing():
    user = User()
    user.send("ACC HERE")
    before = list(user.config.values)
    for text, reply in (
        ("ACC", USE),
        ("ACC WHAT", "ACC command not recognised"),
        ("ACC PARAMS STOPSOC 300", "STOPSOC takes 1 to 100 (%), or 0 for none."),
        ("ACC PARAMS STOPSOC 50 WHAT", "ACC PARAMS takes COOLDOWN"),
        ("ACC PARAMS 7 STOPSOC 50", "Places of ACC are numbered 1 to 4."),
        ("ACC CLEAR 9", "Places of ACC are numbered 1 to 4."),
        ("ACC ENABLE 0", "Places of ACC are numbered 1 to 4."),
        ("ACC HERE?", USE),
        ("ACC ? HERE", USE),
        ("ACC? CLEAR", USE),
        ("ACC CLEAR ?", USE),
        ("ACC NOTHERE?", USE),
        ("ACC DISABLE 1?", USE),
        ("ACC PARAMS? NOCHARGE STOPSOC 5", "ACC #1\r\n 52.5"),
    ):
        assert user.send(text).startswith(reply), (text, user.send(text))
        assert user.config.values == before, text


def test_without_a_fix():
    user = User()
    user.at(52520008, 13404954, False)
    user.state.is_on = True
    for text in ("ACC HERE", "ACC NOTHERE", "ACC PARAMS?", "ACC ENABLE"):
        assert user.send(text).startswith("There is no GPS fix now."), text
    # One that stands is where it was parked.
    user.state.is_on = False
    user.state.parked_s = 950
    assert user.send("ACC HERE") == "ACC #1 set"


def test_for_the_owner_alone():
    user = User()
    user.send("ACC HERE")
    before = list(user.config.values)
    for text in ("ACC CLEAR", "ACC?", "ACC STAT", "ACC PARAMS?", "ACC HERE"):
        word, _, rest = text.partition(" ")
        for sent in (text, "%s %s %s" % (word, PASSWORD, rest), text + " " + PASSWORD):
            reply = run(user.sms.execute(STRANGER, sent))[1]
            assert reply in ("Permission denied", None), sent
    assert user.config.values == before


def test_no_server_under_remote_safe():
    user = User()
    user.send("ACC HERE")
    assert run(user.sms.execute_as_owner("ACC PARAMS CHARGEPLUGIN"))[0]
    assert user.send("REMOTE SAFE") == "REMOTE: SAFE"
    before = list(user.config.values)
    for text in ("ACC PARAMS NOCHARGE", "ACC CLEAR", "ACC DISABLE", "ACC NOTHERE"):
        is_done, reply = run(user.sms.execute_as_owner(text))
        assert not is_done and reply == "REMOTE SAFE: only the owner's phone may change this."
        assert user.config.values == before
    assert run(user.sms.execute_as_owner("ACC PARAMS?"))[0]
    # As a parameter neither.
    error = raises(ValueError, user.config.apply, {FIRST_ACC: ""}, True, FROM_SERVER)
    assert "REMOTE SAFE" in str(error)
    assert user.send("ACC CLEAR") == "ACC configuration cleared"
    assert user.config.get(REMOTE) == "SAFE"


def test_it_is_in_no_list():
    user = User()
    user.send("ACC HERE")
    assert FIRST_ACC >= PARAMETERS
    for text in ("PARAMS?", "SUMMARY", "DIAG"):
        assert "52.52" not in user.send(text)


def test_cars_that_cannot():
    user = User(Twizy)
    for text in ("ACC HERE", "ACC ENABLE 1", "ACC PARAMS 1 NOCHARGE"):
        assert user.send(text) == "ACC is not supported by this car."
    # What is left of another car can be looked at, and cleared.
    user.config.apply({FIRST_ACC: "52.520008 13.404954 100 ON PLUGIN"})
    assert user.send("ACC PARAMS? 1").startswith("ACC #1")
    assert user.send("ACC CLEAR") == "ACC configuration cleared"
    assert user.places() == [""] * 4


def test_a_car_that_may_not_be_written_to():
    user = User(Roadster)
    hint = "\r\nThe module may not write to the car: ACC needs FEATURE 15 1."
    assert user.send("ACC HERE") == "ACC #1 set" + hint
    assert user.send("ACC PARAMS CHARGEPLUGIN").endswith(hint)
    assert user.send("ACC ENABLE") == "ACC enabled" + hint
    assert user.send("ACC PARAMS?").endswith("Radius 100m")
    user.config.set_feature(15, 1, 1)
    assert user.send("ACC ENABLE") == "ACC enabled"
