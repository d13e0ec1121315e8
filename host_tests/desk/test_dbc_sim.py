"""The simulated cars of the tables against the cars that read them: the truth on both sides.

Simulator and firmware share the DBC file and nothing else; the frames are encoded by cantools.
"""

import pytest

from host_tests.vehicle.contract import build
from host_tests.vehicle.table_cars import TABLE_CARS
from ovms.vehicle.base import (
    EVENT_CHARGE_DONE,
    EVENT_CHARGE_INTERRUPTED,
    EVENT_CHARGE_STARTED,
    EVENT_FAULT,
    EVENT_TRIP_END,
)
from ovms.vehicle.types import TYPES
from tools.desk.dbc_cars import CARS
from tools.desk.dbc_sim import DBCSimulator
from tools.desk.phone_script import SET_UP, car_steps

CLASSES = dict(
    zip(("NL", "NL1", "NL3", "NLC", "MI", "TC", "KS", "VA", "OBD"), (c for c, _ in TABLE_CARS))
)
# By themselves.
# Of a Roadster: test_roadster_bus.py.
TELLING = [code for code in CARS if not (CARS[code].chatter or CARS[code].is_roadster)]
CHARGING = [code for code in TELLING if CARS[code].does_charge]


class Ride:
    """A simulated car and the firmware's, second by second."""

    def __init__(self, code, scenario):
        self.simulator = DBCSimulator(code, scenario)
        self.car = build(CLASSES[code], {15: 1})
        self.car.send = self._ask
        self.sent = []
        self.state = self.car.state
        self.events = []
        self.car.on_event = self.events.append

    def _ask(self, arbitration_id, data):
        self.sent.append((arbitration_id, bytes(data)))
        return True

    def _hear(self, frames):
        for arbitration_id, data in frames:
            whole = bytearray(8)
            whole[: len(data)] = data
            self.car.on_frame(arbitration_id, whole, len(data))

    def lasts(self, seconds):
        for _ in range(seconds):
            self._hear(self.simulator.step(1000))
            while self.sent:
                self._hear(self.simulator.receive(*self.sent.pop(0)))
            self.state.tick(1)
            self.car.poll(1000)


def test_every_type_of_car_has_a_simulator():
    assert set(CARS) == {"TR", *CLASSES} <= set(TYPES.split())
    for code, car_class in CLASSES.items():
        assert code.startswith(car_class.TYPE) or (code, car_class.TYPE) == ("OBD", "O2")


def test_a_drive_of_a_car_that_is_asked():
    ride = Ride("OBD", "drive")
    ride.lasts(120)
    state, simulator = ride.state, ride.simulator
    assert state.is_on and state.vin == simulator.data.vin
    assert abs(state.soc_pct100 / 100 - simulator.soc_pct) <= 2
    assert abs(state.odometer_m / 1000 - simulator.odometer_km) <= 2
    assert state.motor_temp_c is not None and state.ambient_temp_c == 16
    # P0301 since the 40th second.
    assert ride.events == [EVENT_FAULT] and ride.car.news == "P0301"
    simulator.is_key_on = simulator.is_on = False
    simulator.scenario = "park"
    ride.lasts(100)
    assert not (state.is_on or state.is_awake) and state.speed_kmh10 == 0
    assert ride.events == [EVENT_FAULT, EVENT_TRIP_END]
    ride.sent.clear()
    ride.lasts(600)
    assert not ride.sent, "it sleeps"


@pytest.mark.parametrize("code", TELLING)
def test_a_drive(code):
    ride = Ride(code, "drive")
    ride.lasts(50)
    state, simulator = ride.state, ride.simulator
    assert state.is_on and state.is_awake and not state.is_charging
    # What was read is up to a second old, in which the car gets 5 km/h faster.
    assert abs(state.speed_kmh10 / 10 - simulator.speed_kmh) < 6 and state.speed_kmh10 > 100
    if simulator.data.tells_soc:
        assert abs(state.soc_pct100 / 100 - simulator.soc_pct) <= 1
    if state.odometer_m is not None:
        assert abs(state.odometer_m / 1000 - simulator.odometer_km) <= 1
    if state.battery_w is not None:
        assert state.energy_used_wh > 0
    if state.vin:
        assert state.vin == simulator.data.vin
    assert ride.events == []
    simulator.is_key_on = simulator.is_on = False
    simulator.scenario = "park"
    ride.lasts(70)
    assert not (state.is_on or state.is_awake) and state.speed_kmh10 == 0
    assert ride.events == [EVENT_TRIP_END]


@pytest.mark.parametrize("code", CHARGING)
def test_a_charge_that_gets_full(code):
    ride = Ride(code, "charge")
    ride.simulator.soc_pct = 98.5
    ride.lasts(30)
    state = ride.state
    assert state.is_charging and state.charge_state == 1 and not state.is_on
    seconds = 30
    while state.is_charging and seconds < 2000:
        ride.lasts(10)
        seconds += 10
    assert state.charge_state == 4 and state.charge_substate == 3
    assert abs(state.soc_pct100 - 10_000) <= 100
    assert ride.events == [EVENT_CHARGE_STARTED, EVENT_CHARGE_DONE]
    wanted_wh = 0.015 * ride.simulator.data.battery_wh
    # Current by the second in steps of half an ampere, or measured at the plug.
    assert 0.8 * wanted_wh < state.charge_wh < 1.35 * wanted_wh
    ride.lasts(200)
    assert not state.has_pilot and not state.is_awake


@pytest.mark.parametrize("code", CHARGING)
def test_a_charge_that_is_interrupted(code):
    ride = Ride(code, "charge")
    ride.lasts(90)
    ride.simulator.interrupt_charge()
    ride.lasts(90)
    state = ride.state
    assert not state.is_charging and (state.charge_state, state.charge_substate) == (21, 14)
    assert ride.events == [EVENT_CHARGE_STARTED, EVENT_CHARGE_INTERRUPTED]
    assert 7000 < state.soc_pct100 < 9000, "it stays"


def test_what_a_car_cannot_tell_is_a_sentence():
    for arguments, sentence in (
        (("VA", "charge"), "nothing is heard of a charge."),
        (("NL", "trip"), "knows park, drive, charge, and not trip."),
        (("ZZ", "drive"), "There is no simulated car ZZ: choose NL"),
    ):
        with pytest.raises(ValueError, match=sentence.replace(".", r"\.")):
            DBCSimulator(*arguments)


def test_the_phone_sets_up_the_car_and_asks_it_what_it_knows():
    """Of a Volt a range was expected, which is not known without a SOC."""
    asked = [step.text for step in car_steps("OBD", True)]
    assert asked.index("FEATURE 15 1") == asked.index("MODULE TWIZY42 K SMSIP OBD") + 1
    assert asked[-1] == "DTC?"
    for tells_soc, expected in ((True, None), (False, "SOC: unknown")):
        steps = {step.text: step.expected for step in car_steps("VA", tells_soc)}
        usual = {step.text: step.expected for step in SET_UP}
        assert [text for text in steps if text.startswith("MODULE ")][0].endswith(" SMSIP VA")
        assert steps["STAT?"] == (expected or usual["STAT?"])
        assert len(steps) == len(SET_UP)
