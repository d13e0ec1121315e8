"""A car that may be charged by ACC, on its way home, in a module with a notifier."""

import asyncio

from host_tests.services.notifier_bench import UTC_S, Module
from ovms.parameters import FIRST_ACC
from ovms.services import acc_states as states
from ovms.vehicle.base import FAILED, OK, Vehicle
from ovms.vehicle.state import CHARGE_DONE, CHARGE_STOPPED, CHARGING, SUBSTATE_ON_REQUEST

HOME = "52.520008 13.404954 100 ON"
HOME_UDEG = (52520008, 13404954)
# 10:20:30 UTC, of the module's first second.
NOON_MIN = UTC_S // 60


class Plugged(Vehicle):
    """A car that does what it is told and writes it down, or refuses it all."""

    TYPE = "XX"
    CAPABILITIES = "C10-12,C15,C18,C24-25"

    def __init__(self, state, config):
        super().__init__(state, config)
        self.asked = []
        self.refusal = ""
        self.cooldown = ""
        self.minutes = 90
        self.predicted = []
        self.is_deaf = False

    async def command(self, code, arguments):
        state = self.state
        self.asked.append("%d,%s" % (code, arguments) if arguments else "%d" % code)
        if self.refusal:
            return FAILED, self.refusal
        if code == 25:
            if self.cooldown:
                return FAILED, self.cooldown
            state.is_cooling = True
        elif code == 10:
            state.charge_mode = int(arguments)
        elif code == 15:
            state.charge_limit_a = int(arguments)
        elif code == 11 and not self.is_deaf:
            self.charge()
        elif code == 12:
            self.end(CHARGE_STOPPED, SUBSTATE_ON_REQUEST)
        return OK, ""

    def charge(self):
        state = self.state
        state.is_charging = True
        state.charge_state = CHARGING
        state.charge_substate = 0
        state.touch()

    def end(self, charge_state=CHARGE_DONE, substate=0):
        state = self.state
        state.is_charging = False
        state.charge_state = charge_state
        state.charge_substate = substate
        state.touch()

    def charge_prediction(self):
        return self.predict

    def predict(self, car, start_pct100, end_pct100, watts, mode):
        assert car is self
        self.predicted.append((start_pct100, end_pct100, watts, mode))
        return end_pct100, self.minutes


class Garage(Module):
    """A module in a car on its way home; `rules` are what is wanted there."""

    def __init__(self, rules="", is_home=False, car_class=Plugged):
        super().__init__("IP", car_class)
        self.car.spawn = self.spawn
        self.tasks = []
        self.state.charge_limit_a = 32
        self.rule(rules)
        if is_home:
            self.state.parked_s = 600
            self.fix()
        else:
            self.state.is_on = True
            self.fix(5000)
        self.seconds(1)

    def rule(self, rules, where=HOME):
        self.config.apply({FIRST_ACC: "%s %s" % (where, rules)})

    def spawn(self, function):
        self.tasks.append(asyncio.create_task(function()))

    def fix(self, north_m=0):
        state = self.state
        state.latitude_udeg = HOME_UDEG[0] + north_m * 1000 // 111
        state.longitude_udeg = HOME_UDEG[1]
        state.has_gps_lock = True
        state.gps_age_s = 0

    def seconds(self, count):
        for _ in range(count):
            self.state.parked_s = 0 if self.state.is_on else self.state.parked_s + 1
            self.run(1)

    def minutes(self, count):
        for _ in range(count):
            self.state.parked_s += 60
            self.run(60, 5)

    def arrive(self):
        self.fix()
        self.seconds(12)
        self.state.is_on = False
        self.state.touch()
        self.seconds(2)

    def plug(self):
        self.state.is_charge_port_open = True
        self.state.charge_state = CHARGE_STOPPED
        self.state.touch()
        self.seconds(4)

    def unplug(self):
        self.state.is_charge_port_open = False
        self.car.end()
        self.seconds(2)

    def now(self):
        return self.status.acc[states.STATE]

    def asked(self):
        asked = list(self.car.asked)
        self.car.asked.clear()
        return asked

    def told(self):
        return self.take()[0]


def home(rules):
    """A car that has arrived."""
    garage = Garage(rules)
    garage.arrive()
    assert garage.now() == states.PARKED_IN and garage.asked() == []
    return garage
