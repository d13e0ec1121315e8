"""ACC: when a car is charged at its place, and up to what."""

from host_tests.services.acc_bench import NOON_MIN, home
from ovms.parameters import FIRST_ACC, TIMEZONE
from ovms.services import acc_states as states
from ovms.vehicle.state import (
    MODE_RANGE,
)


def test_without_a_place_nobody_looks():
    garage = home("PLUGIN")
    assert garage.notifier.watched.acc_s < 1000 and garage.status.acc is not None
    garage.config.apply({FIRST_ACC: ""})
    garage.minutes(2)
    assert garage.status.acc is None and garage.notifier.watched.acc_s > 1 << 28
    # Another setting: somebody looks whether there is a place, and that is all.
    garage.config.apply({TIMEZONE: "01:00"})
    garage.seconds(2)
    assert garage.status.acc is None and garage.notifier.watched.acc_s > 1 << 28


def test_a_charge_at_plug_in_up_to_its_limit():
    garage = home("PLUGIN MODE=3 A=13 SOC=80")
    garage.plug()
    assert garage.now() == states.WAKE_TO_CHARGE and garage.asked() == ["18"]
    garage.seconds(10)
    assert garage.asked() == ["10,3", "15,13", "11"] and garage.now() == states.CHARGING
    state = garage.state
    assert (state.soc_limit_pct, state.charge_estimate_min) == (80, 90)
    assert garage.car.predicted == [(5000, 8000, 220 * 13, MODE_RANGE)]
    state.soc_pct100 = 7999
    garage.minutes(30)
    assert garage.asked() == [] and garage.told() == []
    state.soc_pct100 = 8000
    garage.seconds(12)
    assert garage.asked() == ["12"] and garage.now() == states.DONE
    assert garage.told() == ["IACC #1: charge ended at its limit (80% SOC)"]
    assert state.soc_limit_pct == 0 and state.charge_estimate_min is None
    # It stays so, and the next time all of it begins again.
    garage.minutes(60)
    assert garage.asked() == []
    garage.unplug()
    state.soc_pct100 = 5000
    garage.plug()
    assert garage.asked() == ["18"]


def test_the_limit_is_a_range():
    garage = home("PLUGIN RANGE=100M")
    state = garage.state
    state.ideal_range_km = 80
    garage.plug()
    garage.seconds(11)
    assert garage.now() == states.CHARGING and state.range_limit_km == 160
    # 50 % are 80 km.
    assert garage.car.predicted == [(5000, 10000, 220 * 32, 0)]
    state.ideal_range_km = 159
    garage.minutes(2)
    assert garage.asked() == ["18", "11"]
    state.ideal_range_km = 160
    garage.minutes(1)
    assert garage.asked() == ["12"] and state.range_limit_km == 0


def test_what_has_reached_its_limit_is_not_charged():
    garage = home("PLUGIN SOC=50")
    garage.plug()
    garage.minutes(5)
    assert garage.now() == states.DONE and garage.asked() == [] and garage.told() == []
    # And where the car has begun by itself, it is stopped.
    garage.unplug()
    garage.state.is_charge_port_open = True
    garage.car.charge()
    garage.seconds(3)
    assert garage.now() == states.DONE and garage.asked() == ["12"]


def test_a_charge_that_has_begun_by_itself():
    garage = home("PLUGIN MODE=3")
    garage.state.is_charge_port_open = True
    garage.car.charge()
    garage.seconds(13)
    assert garage.asked() == ["18", "10,3"] and garage.now() == states.CHARGING
    garage.car.end()
    garage.minutes(2)
    assert garage.now() == states.DONE and garage.asked() == []


def test_a_charge_at_a_time():
    garage = home("AT=14:00")
    garage.config.apply({TIMEZONE: "02:00"})
    garage.plug()
    assert garage.now() == states.WAIT and garage.asked() == []
    # 10:20 UTC is 12:20 here.
    assert garage.status.acc[states.START_MIN] == NOON_MIN + 100
    # What begins meanwhile is stopped.
    garage.car.charge()
    garage.seconds(3)
    assert garage.asked() == ["12"] and not garage.state.is_charging
    garage.minutes(98)
    assert garage.asked() == [] and garage.now() == states.WAIT
    garage.minutes(3)
    assert garage.asked() == ["18", "11"] and garage.now() == states.CHARGING
    assert garage.told() == []


def test_the_hour_may_be_over():
    garage = home("AT=10:00")
    garage.plug()
    assert garage.status.acc[states.START_MIN] == NOON_MIN + 23 * 60 + 40
    garage = home("AT=10:21")
    garage.minutes(2)
    garage.plug()
    assert garage.status.acc[states.START_MIN] == NOON_MIN + 24 * 60 + 1


def test_a_charge_by_a_time():
    garage = home("BY=13:00 A=16")
    garage.plug()
    assert garage.status.acc[states.START_MIN] == NOON_MIN + 160 - 90
    assert garage.state.charge_estimate_min == 90
    garage.minutes(68)
    assert garage.asked() == []
    garage.minutes(4)
    assert garage.asked() == ["18", "15,16", "11"] and garage.told() == []


def test_by_a_time_that_cannot_be_met():
    garage = home("BY=11:00")
    garage.plug()
    garage.seconds(12)
    assert garage.asked() == ["18", "11"]
    assert garage.told() == [
        "AACC #1: the charge takes 1:30 and will not be done by 11:00: it begins now"
    ]
    garage = home("BY=11:00")
    garage.car.minutes = None
    garage.plug()
    garage.seconds(12)
    assert garage.asked() == ["18", "11"]
    assert garage.told() == ["AACC #1: how long a charge takes is not known: it begins now"]
    # Nothing to do is no alert.
    garage = home("BY=11:00")
    garage.car.minutes = 0
    garage.plug()
    garage.minutes(2)
    assert garage.asked() == [] and garage.told() == [] and garage.now() == states.DONE


def test_without_the_time():
    garage = home("AT=10:30")
    clock = garage.notifier.clock

    class NoTime:
        uptime_s = clock.uptime_s

        def utc_s(self):
            return None

    garage.notifier.clock = NoTime()
    garage.plug()
    garage.minutes(30)
    assert garage.asked() == [] and garage.now() == states.WAIT
    garage.notifier.clock = clock
    garage.minutes(1)
    assert garage.status.acc[states.START_MIN] == NOON_MIN + 24 * 60 + 10


def test_a_user_who_does_not_wait():
    garage = home("AT=14:00 SOC=80")
    garage.plug()
    garage.car.charge()
    garage.notifier.on_charge_request(True)
    garage.minutes(1)
    assert garage.now() == states.CHARGING and garage.asked() == []
    garage.state.soc_pct100 = 8100
    garage.minutes(1)
    assert garage.asked() == ["12"]
    # More than the limit he gets, too.
    garage.car.charge()
    garage.notifier.on_charge_request(True)
    garage.minutes(5)
    assert garage.now() == states.OVERRIDE and garage.asked() == []
    garage.car.end()
    garage.minutes(2)
    assert garage.now() == states.DONE and garage.asked() == []


def test_a_charge_that_goes_on_by_itself_has_the_limit():
    garage = home("PLUGIN SOC=80")
    garage.plug()
    garage.seconds(12)
    garage.car.end()
    garage.minutes(2)
    assert garage.now() == states.DONE
    garage.asked()
    garage.car.charge()
    garage.minutes(1)
    assert garage.now() == states.CHARGING and garage.state.soc_limit_pct == 80
    garage.state.soc_pct100 = 8000
    garage.minutes(1)
    assert garage.asked() == ["12"]


def test_a_rule_without_a_charge():
    garage = home("SOC=80")
    garage.plug()
    garage.minutes(3)
    assert garage.asked() == [] and garage.now() == states.DONE
    garage.car.charge()
    garage.state.soc_pct100 = 8000
    garage.minutes(1)
    # Somebody wanted more than that.
    assert garage.now() == states.OVERRIDE and garage.asked() == []


def test_cooldown_first():
    garage = home("COOLDOWN PLUGIN")
    garage.plug()
    assert garage.asked() == ["25"] and garage.now() == states.COOLDOWN
    garage.minutes(5)
    assert garage.asked() == []
    garage.state.is_cooling = False
    garage.seconds(25)
    assert garage.asked() == ["18", "11"]
    # One that is cool enough goes on at once.
    garage = home("COOLDOWN AT=14:00")
    garage.car.cooldown = "The battery is at 20 C."
    garage.plug()
    garage.seconds(12)
    assert garage.asked() == ["25"] and garage.now() == states.WAIT
    assert garage.told() == []
    # And the user's own cooldown, while it waits, is waited for.
    garage.state.is_cooling = True
    garage.minutes(2)
    assert garage.now() == states.COOLDOWN
    garage.state.is_cooling = False
    garage.minutes(1)
    assert garage.asked() == ["18"] and garage.now() == states.WAIT
    assert garage.status.acc[states.START_MIN] == NOON_MIN + 220


def test_cooldown_alone():
    garage = home("COOLDOWN")
    garage.plug()
    garage.state.is_cooling = True
    garage.car.charge()
    garage.minutes(1)
    garage.state.is_cooling = False
    garage.minutes(1)
    # The charge was the cooldown's.
    assert garage.asked() == ["25", "12"] and garage.now() == states.DONE
