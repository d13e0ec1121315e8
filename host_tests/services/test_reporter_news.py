"""What is not known is not told, what becomes known is news, what is old goes out when asked for.

And what never changes is repeated, so that a client sees that the module lives.
"""

from host_tests.services.test_reporter import EVERYTHING, D, F, L, Module, S, V, W
from ovms.parameters import GROUP1
from ovms.vehicle.state import VehicleState


class Unknown(Module):
    """Just started, logged in, nothing sent yet; `forgotten`: attributes that are unknown."""

    def __init__(self, *forgotten):
        super().__init__(is_started=False)
        fresh = VehicleState()
        for name in forgotten or fresh.__dict__:
            setattr(self.state, name, getattr(fresh, name))
        self.reporter.on_login()

    def tick(self, seconds=1):
        """Codes that leave while time goes by for the module, too."""
        codes = []
        for _ in range(seconds):
            self.status.uptime_s += 1
            self.state.tick(1)
            codes += self.send(1000)
        return codes


def test_nothing_known_is_nothing_told():
    module = Unknown()
    # The 12 V battery's voltage alone is no D.
    module.state.supply_mv = 12600
    assert module.tick(30) == [F, V]
    module.config.set(GROUP1, "FRIENDS")
    module.status.peers = 1
    module.reporter.send_all()
    assert module.tick(3700) == [F, V]


def test_each_message_waits_for_what_it_is_about():
    for forgotten, missing in (
        (("soc_pct100",), S),
        (("told_age_s",), S + D + W),
        (("latitude_udeg",), L),
        (("tyres_age_s",), W),
    ):
        module = Unknown(*forgotten)
        assert module.tick(40) == [code for code in EVERYTHING if code not in missing], forgotten
    # The first frame is enough for a D.
    assert D in Unknown("odometer_m", "soc_pct100").tick()


def test_a_group_is_told_a_place_and_a_charge_that_are_known():
    for forgotten in ("latitude_udeg", "soc_pct100", "told_age_s"):
        module = Unknown(forgotten)
        module.config.set(GROUP1, "FRIENDS")
        module.reporter.send_all()
        assert "g" not in module.tick(40), forgotten
    module = Unknown("latitude_udeg")
    module.config.set(GROUP1, "FRIENDS")
    module.tick()
    module.state.latitude_udeg = 1
    module.state.has_gps_lock = True
    module.state.gps_age_s = 0
    assert module.tick() == [L, "g"]


def test_the_first_fix_is_news_and_the_next_ones_are_not():
    module = Unknown("latitude_udeg", "longitude_udeg", "gps_age_s")
    assert L not in module.tick(100)
    state = module.state
    state.latitude_udeg = state.longitude_udeg = 7_000_000
    state.gps_age_s = 0
    state.has_gps_lock = True
    assert module.tick() == [L]
    for _ in range(5):
        state.has_gps_lock = False
        state.latitude_udeg += 10
        assert module.tick() == []
        state.has_gps_lock = True
        assert module.tick() == []


def test_a_car_that_starts_to_talk_is_told_when_it_has_said_all():
    """No S that the next second corrects: "done" before "topoff", a range of 0."""
    module = Unknown()
    module.tick(100)
    state = module.state
    state.soc_pct100 = 9600
    state.odometer_m = 0
    assert module.tick() == [], "the car has drawn no conclusions yet"
    state.told_age_s = 0
    state.charge_state = 2
    assert module.tick() == []
    state.estimated_range_km = state.ideal_range_km = 51
    assert module.tick(2) == []
    code, payload = module.reporter.poll(1000)
    assert code == S and payload.split(b",")[4:8] == [b"topoff", b"standard", b"51", b"51"]


def test_every_value_that_becomes_known_is_news():
    for name, value, code in (
        ("estimated_range_km", 51, S),
        ("ideal_range_km", 51, S),
        ("soh_pct", 97, S),
        ("odometer_m", 1000, D),
        ("battery_temp_c", -5, D),
        ("ambient_temp_c", -5, D),
        ("vin", "VF1ACVYB012345678", F),
    ):
        module = Unknown(name)
        module.tick(10)
        setattr(module.state, name, value)
        assert code in module.tick(), name
        # Its next value is not.
        if name != "vin":
            setattr(module.state, name, value + 10000)
            assert module.tick() == [], name


def restarted():
    """A module beside a sleeping car, a day after it was told everything."""
    module = Unknown("vin")
    state = module.state
    state.told_age_s = state.gps_age_s = state.tyres_age_s = 86_400
    module.reporter.on_login()
    return module


def test_what_is_from_before_a_restart_waits_until_it_is_asked_for():
    module = restarted()
    assert module.tick(3590) == [F, V]
    assert sorted(module.tick(10)) == sorted([S, D, L, W])
    module = restarted()
    module.tick(60)
    module.status.peers = 1
    module.reporter.send_all()
    assert sorted(module.tick()) == sorted(EVERYTHING)


def test_a_car_may_need_a_moment_before_it_is_heard_after_a_restart():
    module = restarted()
    module.tick(5)
    module.status.peers = 1
    module.reporter.send_all()
    assert module.tick(19) == [L, F, V]
    assert module.tick() == [S, D, W]


def test_a_car_that_is_heard_after_a_restart_is_news():
    module = restarted()
    module.tick(5)
    module.state.told_age_s = 0
    module.state.soc_pct100 = 5900
    assert module.tick() == []
    codes = module.tick(3)
    assert codes == [S, D, W]
    assert module.tick(100) == []
    # From then on a new connection is told all of it.
    module.reporter.on_login()
    assert module.tick() == [S, D, W, F, V]


def test_s_and_d_are_repeated_while_an_app_watches():
    module = Module()
    module.state.is_on = True
    module.send(0)
    module.status.peers = 1
    assert module.wait(240)[1:] == [(n, [S, D]) for n in (120, 180, 240)]


def test_s_and_d_are_repeated_once_an_hour_for_the_server():
    for is_on in (False, True):
        module = Module()
        module.state.is_on = is_on
        module.state.touch()
        module.send(0)
        sent = [second for second, codes in module.wait(3 * 3600) if codes == [S, D]]
        assert sent == [3600, 7200, 10800], is_on
