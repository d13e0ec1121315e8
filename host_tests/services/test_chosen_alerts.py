"""Alerts that the owner chooses: what each tells, when, and what keeps it quiet."""

import sys

from host_tests.services.notifier_bench import UTC_S, Module
from host_tests.shims import expect
from ovms.parameters import ALERTS, HOME, POWER_SAVE, TIMEZONE

# 0.001 degrees north are 111 m.
NORTH_111M_UDEG = 1000
BERLIN = (52520008, 13404954)
HOME_TEXT = "52.520008 13.404954 200"


class Guarded(Module):
    """A module with a fix, in a car that is switched on."""

    def __init__(self, chosen="", **more):
        super().__init__("IP", **more)
        self.config.apply({ALERTS: chosen})
        self.fix()
        self.state.is_on = True
        self.minutes(2)

    def fix(self, north_m=0):
        state = self.state
        state.latitude_udeg = BERLIN[0] + north_m * NORTH_111M_UDEG // 111
        state.longitude_udeg = BERLIN[1]
        state.has_gps_lock = True
        state.gps_age_s = 0

    def minutes(self, count):
        for _ in range(count * 6):
            # The state ages by itself in the module; a fix comes every second while there is one.
            self.state.parked_s = 0 if self.state.is_on else self.state.parked_s + 10
            self.run(10, 10)

    def park(self, minutes=5):
        self.state.is_on = False
        self.minutes(minutes)

    def told(self):
        return [text[1:] for text in self.take()[0]]


def loads_optional(chosen):
    """Whether the alerts that are off until somebody wants them are loaded in five minutes."""
    name = "ovms.services.optional_alerts"
    expect.forget()
    if sys.modules.pop(name, None):
        # `from package import module` looks there first.
        package, _, last = name.rpartition(".")
        delattr(sys.modules[package], last)
    Guarded(chosen).park()
    return name in expect.loaded()


def test_what_nobody_chose_takes_no_room():
    assert not loads_optional("")
    assert loads_optional("SOC=80")
    assert not loads_optional("")


def test_a_car_on_a_truck():
    module = Guarded()
    module.park()
    module.fix(150)
    module.minutes(5)
    assert module.told() == []
    module.fix(350)
    module.minutes(3)
    assert module.told() == [
        "Vehicle moves although it is switched off: 349 m from where it stood\r"
        "https://maps.google.com/maps?q=52.523161+13.404954"
    ]
    # It stands there.
    module.minutes(60)
    assert module.told() == []
    # On and on: once in a while, and not for ever.
    for n in range(120):
        module.fix(1000 + n * 800)
        module.minutes(1)
    texts = module.told()
    assert len(texts) == 3 and "km from where it stood" in texts[2]
    # The key arms it again.
    module.state.is_on = True
    module.minutes(2)
    module.park()
    module.fix(0)
    module.minutes(3)
    assert len(module.told()) == 1


def test_one_wild_fix_is_no_truck():
    module = Guarded()
    module.park()
    for _ in range(5):
        module.fix(5000)
        module.minutes(1)
        module.fix(10)
        module.minutes(1)
    assert module.told() == []


def test_not_moved():
    # Switched off by the owner.
    module = Guarded()
    module.park()
    module.config.apply({ALERTS: "MOVED=OFF"})
    module.fix(3000)
    module.minutes(9)
    # Nothing is left that `power.py` would wake the receiver for.
    assert module.told() == [] and module.notifier.watched.left_at is None
    module = Guarded("MOVED=OFF")
    module.park()
    module.fix(3000)
    module.minutes(9)
    assert module.told() == []
    # Being shipped.
    module = Guarded()
    module.config.apply({POWER_SAVE: "TRANSPORT"})
    module.park()
    module.fix(3000)
    module.minutes(9)
    assert module.told() == []
    # Driven by its key.
    module = Guarded()
    for n in range(10):
        module.fix(n * 800)
        module.minutes(1)
    assert module.told() == []
    # No fix of now: the last place is as old as the parking.
    module = Guarded()
    module.park()
    module.fix(3000)
    module.state.has_gps_lock = False
    module.minutes(9)
    assert module.told() == []
    # A car that never told of a key.
    module = Module("IP")
    Guarded.fix(module)
    module.state.parked_s = 500
    module.run(300, 10)
    Guarded.fix(module, 3000)
    module.run(300, 10)
    assert module.take() == ([], [])


def test_home():
    module = Guarded("HOME=ON")
    module.config.apply({HOME: HOME_TEXT})
    module.minutes(2)
    assert module.told() == []
    # 250 m is within the larger circle.
    module.fix(250)
    module.minutes(2)
    assert module.told() == []
    module.fix(310)
    module.minutes(2)
    assert module.told() == ["Vehicle has left home: 309 m away"]
    module.fix(230)
    module.minutes(2)
    module.fix(5000)
    module.minutes(2)
    assert module.told() == []
    module.fix(100)
    module.minutes(2)
    assert module.told() == ["Vehicle is at home."]
    # Another home is no way driven.
    module.config.apply({HOME: "48.1 11.5 200"})
    module.minutes(2)
    assert module.told() == []
    module.config.apply({HOME: ""})
    module.fix(9000)
    module.minutes(2)
    assert module.told() == []


def test_home_found_out_between_the_circles():
    module = Guarded("HOME=ON")
    module.config.apply({HOME: HOME_TEXT})
    module.fix(250)
    module.minutes(2)
    module.fix(0)
    module.minutes(2)
    assert module.told() == ["Vehicle is at home."]


def open_door(module, place, is_open=True):
    module.state.open_doors[place] = is_open
    module.state.touch()
    module.minutes(1)


def test_doors():
    module = Guarded("DOORS=ON")
    # Who gets out opens one.
    open_door(module, 0)
    module.park(0)
    open_door(module, 0, False)
    module.park()
    assert module.told() == []
    open_door(module, 5)
    assert module.told() == ["Opened while parked: trunk"]
    # Once until the key is used.
    open_door(module, 5, False)
    open_door(module, 1)
    open_door(module, 1, False)
    assert module.told() == []
    module.state.is_on = True
    module.state.touch()
    module.minutes(1)
    module.park()
    module.state.is_charge_port_open = True
    open_door(module, 1)
    assert module.told() == ["Opened while parked: front right, charge port"]


def test_doors_are_quiet_by_themselves():
    for chosen in ("", "SOC=80"):
        module = Guarded(chosen)
        open_door(module, 0, False)
        module.park()
        open_door(module, 0)
        assert module.told() == []


def charge(module, *socs):
    module.state.is_charging = True
    for soc_pct in socs:
        module.state.soc_pct100 = soc_pct * 100
        module.minutes(1)
    texts = module.told()
    module.state.is_charging = False
    module.minutes(1)
    return texts


def test_soc_reached():
    module = Guarded("SOC=80")
    assert charge(module, 50, 79, 80, 81, 79, 82) == ["Battery has reached 80% (80% SOC)"]
    assert charge(module, 50, 79) == []
    assert charge(module, 85, 90) == []
    assert charge(module, 70, 95) == ["Battery has reached 80% (95% SOC)"]


def test_valet():
    module = Guarded("VALET=5")
    module.state.odometer_m = 1000000
    module.minutes(2)
    module.state.odometer_m += 9000
    module.minutes(2)
    assert module.told() == []
    module.state.is_valet = True
    module.minutes(2)
    module.state.odometer_m += 5000
    module.minutes(2)
    assert module.told() == []
    module.state.odometer_m += 1
    module.minutes(2)
    assert module.told() == ["Valet mode: driven 5 km of 5"]
    module.state.odometer_m += 50000
    module.minutes(5)
    assert module.told() == []
    module.state.is_valet = False
    module.minutes(2)
    module.state.is_valet = True
    module.minutes(2)
    module.state.odometer_m += 6000
    module.minutes(2)
    assert module.told() == ["Valet mode: driven 6 km of 5"]


def test_no_charge_by_a_time():
    # It is 10:20:30 UTC, 12:20 for the user.
    assert UTC_S % 86400 == 10 * 3600 + 20 * 60 + 30
    module = Guarded("CHARGE=12:30")
    module.config.apply({TIMEZONE: "02:00"})
    module.park(5)
    assert module.told() == []
    module.minutes(10)
    assert module.told() == ["No charge at 12:30 (50% SOC)"]
    module.minutes(23 * 60)
    assert module.told() == []
    module.minutes(60)
    assert module.told() == ["No charge at 12:30 (50% SOC)"]


def test_no_need_to_charge():
    for change in (
        {"is_charging": True},
        {"soc_pct100": 9500},
        {"soc_pct100": None},
        {"is_on": True},
    ):
        module = Guarded("CHARGE=10:25")
        module.park(1)
        for name, value in change.items():
            setattr(module.state, name, value)
        module.minutes(20)
        assert module.told() == [], change
        # The charge that began in time is over early: that is another alert's business.
        module.state.is_charging = False
        module.minutes(60)
        assert module.told() == [], change


def test_started_too_late_to_say_so():
    # An hour after the time, a module that starts says nothing.
    module = Guarded("CHARGE=09:00")
    module.park(30)
    assert module.told() == []
    module = Guarded("CHARGE=09:40")
    assert module.told() == []
    module.park(10)
    assert module.told() == ["No charge at 09:40 (50% SOC)"]
