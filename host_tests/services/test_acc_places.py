"""ACC: where the car is, what it refuses, a module that starts; the demonstration car's day."""

from host_tests.services.acc_bench import HOME, Garage, Plugged, home
from host_tests.services.notifier_bench import Module
from ovms.parameters import FIRST_ACC, TIMEZONE
from ovms.services import acc_states as states
from ovms.vehicle.demo.car import DRIVING, PLUGGED_IN, Demo
from ovms.vehicle.state import (
    CHARGE_DONE,
    CHARGE_STOPPED,
    CHARGING,
    MODE_RANGE,
    SUBSTATE_ON_REQUEST,
    SUBSTATE_POWER_WAIT,
)


def test_homelink_on_the_way_in_only():
    garage = Garage("HOMELINK=2 PLUGIN")
    assert garage.now() == states.FREE
    garage.arrive()
    assert garage.asked() == ["24,1"] and garage.now() == states.PARKED_IN
    garage.plug()
    garage.seconds(12)
    garage.car.end()
    garage.minutes(2)
    garage.unplug()
    garage.asked()
    # Not on the way out, whatever was before.
    garage.state.is_on = True
    garage.state.touch()
    garage.seconds(15)
    assert garage.now() == states.DRIVING_IN
    garage.fix(160)
    garage.seconds(15)
    assert garage.now() == states.DRIVING_IN
    garage.fix(200)
    garage.seconds(15)
    assert garage.now() == states.FREE and garage.asked() == []
    garage.fix()
    garage.seconds(15)
    assert garage.asked() == ["24,1"]
    # Nor when the module starts at home, or a setting is changed there.
    garage = Garage("HOMELINK=2")
    garage.fix()
    garage.rule("HOMELINK=3")
    garage.seconds(15)
    assert garage.now() == states.DRIVING_IN and garage.asked() == []


def test_a_button_that_fails_is_told():
    garage = Garage("HOMELINK=2")
    garage.car.refusal = "No write access to CAN"
    garage.arrive()
    assert garage.asked() == ["24,1"]
    assert garage.told() == ["AACC #1: Homelink: No write access to CAN"]


def test_a_car_that_refuses_is_told_once():
    garage = home("PLUGIN")
    garage.car.refusal = "No write access to CAN"
    garage.plug()
    garage.minutes(10)
    assert garage.asked() == ["18", "11", "11", "11"] and garage.now() == states.DONE
    assert garage.told() == ["AACC #1: the charge was not started: No write access to CAN"]
    garage.minutes(600)
    assert garage.asked() == [] and garage.told() == []
    garage = home("AT=14:00")
    garage.car.refusal = "No write access to CAN"
    garage.plug()
    garage.car.charge()
    garage.minutes(10)
    assert garage.asked() == ["12", "12", "12"] and garage.now() == states.WAIT
    assert garage.told() == ["AACC #1: the charge was not stopped: No write access to CAN"]


def test_a_car_that_says_yes_and_does_nothing():
    garage = home("PLUGIN")
    garage.car.is_deaf = True
    garage.plug()
    garage.minutes(10)
    assert garage.asked() == ["18", "11"] and garage.now() == states.DONE
    assert garage.told() == ["AACC #1: the car was told to charge, and does not"]


def test_no_cable_is_no_plug():
    garage = home("PLUGIN")
    garage.state.is_charge_port_open = True
    garage.state.charge_substate = SUBSTATE_POWER_WAIT
    garage.state.touch()
    garage.minutes(5)
    assert garage.now() == states.PARKED_IN and garage.asked() == []
    garage.state.charge_substate = 0
    garage.state.touch()
    garage.seconds(2)
    assert garage.asked() == ["18"]


def test_elsewhere_nothing_is_done():
    garage = Garage("PLUGIN HOMELINK=1")
    garage.fix(160)
    garage.seconds(12)
    garage.state.is_on = False
    garage.plug()
    garage.minutes(5)
    assert garage.now() == states.FREE and garage.asked() == []
    # Disabled, home is nowhere.
    garage = Garage("PLUGIN")
    garage.rule("PLUGIN", HOME.replace("ON", "OFF"))
    garage.arrive()
    garage.plug()
    garage.minutes(5)
    assert garage.asked() == []


def test_a_module_that_starts_at_home():
    for is_charging, charge_state, substate, rules, number, asked in (
        # In the midst of a charge: it goes on, with its limit.
        (True, CHARGING, 0, "PLUGIN SOC=80", states.CHARGING, []),
        (True, CHARGING, 0, "AT=14:00", states.WAIT, ["12"]),
        # Which was over, or was ended by somebody.
        (False, CHARGE_DONE, 0, "PLUGIN", states.DONE, []),
        (False, CHARGE_STOPPED, SUBSTATE_ON_REQUEST, "PLUGIN", states.DONE, []),
        # Which waits.
        (False, CHARGE_STOPPED, SUBSTATE_ON_REQUEST, "AT=14:00", states.WAIT, []),
    ):
        garage = Garage(is_home=True)
        state = garage.state
        state.is_charge_port_open = True
        state.is_charging = is_charging
        state.charge_state = charge_state
        state.charge_substate = substate
        garage.status.acc = None
        garage.rule(rules)
        garage.seconds(4)
        assert (garage.now(), garage.asked()) == (number, asked), rules
        assert state.soc_limit_pct == (80 if "SOC" in rules else 0)


def test_a_charge_in_its_time_goes_on_with_other_settings():
    for rules, more in (("AT=10:22", "AT=10:22 SOC=90"), ("BY=11:00", "BY=11:00 SOC=90 A=16")):
        garage = home(rules)
        garage.plug()
        garage.minutes(4)
        assert garage.now() == states.CHARGING and garage.state.is_charging
        garage.asked()
        garage.rule(more)
        garage.minutes(3)
        assert garage.now() == states.CHARGING and garage.asked() == [], rules
        assert garage.state.soc_limit_pct == 90
        # A restart knows it, too, but not at once whether the car still charges.
        garage.status.acc = None
        garage.notifier.watched.acc_s = 0
        garage.state.is_charging = False
        garage.minutes(1)
        assert garage.now() == states.FIRST_RUN
        garage.car.charge()
        garage.minutes(3)
        assert garage.now() == states.CHARGING and garage.asked() == []
        # Another time is one to wait for.
        garage.rule("AT=14:00 SOC=90")
        garage.minutes(3)
        assert garage.now() == states.WAIT and garage.asked() == ["12"]
        # What begins then is none that was let go on.
        garage.car.charge()
        garage.status.acc = None
        garage.notifier.watched.acc_s = 0
        garage.minutes(1)
        assert garage.now() == states.WAIT and garage.asked() == ["12"]


def test_a_cooldown_goes_on_with_other_settings():
    garage = home("PLUGIN COOLDOWN")
    garage.plug()
    garage.car.charge()
    garage.minutes(1)
    assert garage.now() == states.COOLDOWN and garage.asked() == ["25"]
    garage.rule("PLUGIN COOLDOWN SOC=90")
    garage.minutes(1)
    assert garage.now() == states.COOLDOWN and garage.asked() == []
    # It ends with its charge, and the one that is wanted begins.
    garage.state.is_cooling = False
    garage.car.end(CHARGE_STOPPED, SUBSTATE_ON_REQUEST)
    garage.minutes(1)
    assert garage.now() == states.CHARGING and garage.asked() == ["18", "11"]


def test_more_than_the_limit_goes_on_with_other_settings():
    garage = home("PLUGIN SOC=80")
    garage.state.soc_pct100 = 8100
    garage.plug()
    garage.car.charge()
    garage.notifier.on_charge_request(True)
    garage.minutes(1)
    assert garage.now() == states.OVERRIDE
    # Another place, and a restart.
    garage.config.apply({FIRST_ACC + 1: "10.000000 10.000000 100 ON"})
    garage.minutes(1)
    assert garage.now() == states.OVERRIDE and garage.asked() == []
    garage.status.acc = None
    garage.notifier.watched.acc_s = 0
    garage.minutes(2)
    assert garage.now() == states.OVERRIDE and garage.asked() == []
    # A limit that is still to come is one.
    garage.rule("AT=14:00 SOC=90")
    garage.minutes(1)
    assert garage.now() == states.CHARGING and garage.asked() == []
    garage.state.soc_pct100 = 9000
    garage.minutes(1)
    assert garage.now() == states.DONE and garage.asked() == ["12"]


def test_who_wants_the_charge_during_the_cooldown_does_not_wait():
    for limit, number in ("", states.CHARGING), (" SOC=40", states.OVERRIDE):
        garage = home("AT=14:00 COOLDOWN" + limit)
        garage.plug()
        assert garage.now() == states.COOLDOWN and garage.asked() == ["25"]
        garage.car.charge()
        garage.notifier.on_charge_request(True)
        garage.minutes(2)
        assert garage.now() == states.COOLDOWN
        garage.state.is_cooling = False
        garage.state.touch()
        garage.minutes(2)
        assert garage.now() == number and garage.asked() == [] and garage.state.is_charging
    # Who stops it then waits.
    garage = home("AT=14:00 COOLDOWN")
    garage.plug()
    garage.notifier.on_charge_request(True)
    garage.notifier.on_charge_request(False)
    garage.seconds(11)
    garage.state.is_cooling = False
    garage.minutes(1)
    assert garage.now() == states.WAIT


class Short(Plugged):
    """Who finds no memory for some starts of a charge, and looks meanwhile whether ACC waits."""

    lacks = 0

    async def command(self, code, arguments):
        self.was_busy = self.status.acc[states.IS_BUSY]
        if code == 11 and self.lacks:
            self.lacks -= 1
            raise MemoryError
        return await Plugged.command(self, code, arguments)


class ShortGarage(Garage):
    def spawn(self, function):
        """As `app.py` does it: once more, with all the room there is."""

        async def twice():
            try:
                await function()
            except MemoryError:
                await function()

        async def once():
            try:
                await twice()
            except MemoryError:
                self.unfinished += 1

        Garage.spawn(self, once)


def test_a_command_for_which_there_was_no_memory_is_given_again():
    for lacks in 1, 2, 3:
        garage = ShortGarage("PLUGIN", car_class=Short)
        garage.unfinished = 0
        garage.car.status = garage.status
        garage.arrive()
        garage.car.lacks = lacks
        garage.plug()
        garage.minutes(2)
        assert garage.asked() == ["18", "11"] and garage.car.was_busy
        assert garage.unfinished == lacks // 2
        assert garage.now() == states.CHARGING and garage.told() == []


def test_it_does_not_know_where_it_is():
    garage = Garage("PLUGIN", is_home=True)
    garage.state.has_gps_lock = False
    garage.state.gps_age_s = None
    garage.rule("PLUGIN A=13")
    garage.plug()
    garage.minutes(3)
    assert garage.now() == states.FIRST_RUN and garage.asked() == []
    garage.fix()
    garage.seconds(12)
    assert garage.now() != states.FIRST_RUN


def test_a_place_that_is_cleared_leaves_no_trace():
    garage = home("PLUGIN SOC=80")
    garage.state.soc_limit_pct = 95
    garage.plug()
    garage.seconds(12)
    assert garage.state.soc_limit_pct == 80
    garage.config.apply({FIRST_ACC: ""})
    garage.seconds(2)
    assert garage.status.acc is None and garage.state.soc_limit_pct == 95
    assert garage.state.charge_estimate_min is None
    # What charges goes on.
    assert garage.asked() == ["18", "11"] and garage.state.is_charging


def looks_of(garage):
    """The uptimes in seconds at which ACC looks, from now on."""
    looks = []
    look = garage.notifier._look_at_acc

    def counted():
        looks.append(garage.time.now_ms // 1000)
        look()

    garage.notifier._look_at_acc = counted
    return looks


def test_how_often_it_looks():
    garage = Garage("PLUGIN SOC=80")
    looks = looks_of(garage)
    # On the road as often as the nearest place may be reached.
    garage.fix(24_000)
    garage.seconds(600)
    assert len(looks) <= 6
    garage = Garage("PLUGIN SOC=80")
    garage.fix(500)
    garage.seconds(3)
    looks = looks_of(garage)
    garage.seconds(60)
    assert 4 <= len(looks) <= 6
    garage.arrive()
    looks.clear()
    # Parked, hardly ever.
    garage.minutes(60)
    assert len(looks) <= 7
    garage.plug()
    garage.seconds(15)
    assert garage.now() == states.CHARGING
    # A charge that goes on for hours once a minute, else every ten seconds.
    for limit_min, most in ((120, 6), (None, 31), (2, 31)):
        garage.state.soc_limit_min = limit_min
        garage.seconds(30)
        looks.clear()
        garage.seconds(300)
        assert most - 2 <= len(looks) <= most, limit_min


def test_without_a_place_nothing_is_looked_at():
    garage = Garage()
    garage.config.apply({FIRST_ACC: ""})
    garage.seconds(2)
    looks = looks_of(garage)
    for _ in range(600):
        garage.state.touch()
        garage.run(10, 1)
    garage.notifier.on_charge_request(True)
    garage.minutes(10)
    assert looks == []
    # Another setting is one look.
    garage.config.apply({TIMEZONE: "01:00"})
    garage.minutes(10)
    assert len(looks) == 1


def test_a_car_without_commands():
    garage = Garage("PLUGIN")
    garage.car.CAPABILITIES = "C6,C200-210"
    garage.rule("PLUGIN A=13")
    garage.arrive()
    garage.plug()
    garage.minutes(2)
    assert garage.status.acc is None and garage.asked() == []


class DemoHome(Garage):
    """The demonstration car, whose home is where it was once parked; its seconds pass."""

    def __init__(self):
        Module.__init__(self, "IP", Demo)
        self.car.spawn = self.spawn
        self.car.utc_s = self.notifier.clock.utc_s
        self.tasks = []

    def until(self, condition, limit_s=8000):
        for second in range(limit_s):
            if condition():
                return second
            self.state.tick(1)
            self.car.poll(1000)
            self.run(1)
        raise AssertionError("never")


def test_the_demonstration_car_comes_home():
    """The whole chain: it drives home, is plugged in, waits, charges to its limit, drives on."""
    module = DemoHome()
    state = module.state
    # Its square has 2.5 km: home is all of it.
    radius = "%d.%06d %d.%06d 5000 ON"
    where = radius % (
        state.latitude_udeg // 1_000_000,
        state.latitude_udeg % 1_000_000,
        state.longitude_udeg // 1_000_000,
        state.longitude_udeg % 1_000_000,
    )
    module.config.apply({FIRST_ACC: where + " AT=10:45 MODE=3 A=16 RANGE=118"})
    module.until(lambda: module.car.phase == DRIVING)
    module.until(lambda: module.status.acc[states.STATE] == states.DRIVING_IN)
    module.until(lambda: module.car.phase == PLUGGED_IN)
    module.until(lambda: module.status.acc[states.STATE] == states.WAIT, 5)
    module.until(lambda: not state.is_charging, 5)
    assert state.charge_estimate_min > 0
    began_s = module.until(lambda: state.is_charging)
    minutes = (module.notifier.clock.utc_s() // 60) % 1440
    assert began_s > 300 and minutes in (10 * 60 + 45, 10 * 60 + 46)
    assert (state.charge_mode, state.charge_limit_a) == (MODE_RANGE, 16)
    assert state.range_limit_km == 118 and state.ideal_range_km < 118
    module.until(lambda: not state.is_charging)
    assert state.ideal_range_km == 118 and state.charge_substate == SUBSTATE_ON_REQUEST
    module.until(lambda: module.status.acc[states.STATE] == states.DONE, 3)
    assert module.told()[-1].startswith("IACC #1: charge ended at its limit (8")
    # Nobody waits for it any more.
    module.until(lambda: module.car.phase != PLUGGED_IN, 200)
    module.until(lambda: module.car.phase == DRIVING)
    assert state.range_limit_km == 0
