"""The simulated Roadster against the firmware's: drive, charge, and commands that it answers.

They share the facts (car facts 1) and nothing else: the simulator's frames are cantools' encoding
of its own DBC file.
"""

import argparse
import asyncio

import pytest
from cantools.database import load_file

from host_tests.vehicle.contract import build
from ovms.vehicle.base import (
    EVENT_CHARGE_DONE,
    EVENT_CHARGE_INTERRUPTED,
    EVENT_CHARGE_STARTED,
)
from ovms.vehicle.roadster.car import Roadster
from tools.desk import module, run
from tools.desk.dbc_cars import CARS, ROADSTER_DBC
from tools.desk.dbc_sim import DBCSimulator
from tools.desk.phone_script import car_steps


class Ride:
    """A simulated car and the firmware's, which hear each other."""

    def __init__(self, scenario):
        self.simulator = DBCSimulator("TR", scenario)
        self.bus = self.simulator.roadster
        self.car = build(Roadster, {15: 1})
        self.car.send = self._send
        self.car.sleep_ms = self._sleep_ms
        self.state = self.car.state
        self.events = []
        self.car.on_event = self.events.append
        self.sent = []
        self._rest_ms = 0

    def _send(self, arbitration_id, data):
        assert (arbitration_id, len(data)) in Roadster.TX_FRAMES
        self.sent.append(bytes(data))
        self._hear(self.simulator.receive(arbitration_id, bytes(data)))
        return True

    def _hear(self, frames):
        for arbitration_id, data in frames:
            self.car.on_frame(arbitration_id, bytearray(data.ljust(8, b"\xa5")), len(data))

    async def _sleep_ms(self, ms):
        self._rest_ms += ms
        self._hear(self.simulator.step(ms))
        while self._rest_ms >= 1000:
            self._rest_ms -= 1000
            self.state.tick(1)
            self.car.poll(1000)

    def lasts(self, seconds):
        asyncio.run(self._lasts(seconds))

    async def _lasts(self, seconds):
        for _ in range(seconds):
            await self._sleep_ms(1000)

    def ask(self, code, arguments=""):
        return asyncio.run(self.car.command(code, arguments))


def test_a_drive():
    ride = Ride("drive")
    ride.lasts(60)
    state, simulator = ride.state, ride.simulator
    assert state.is_on and state.is_awake and not state.is_charging and not state.is_locked
    # Whole miles an hour, and up to a second old.
    assert abs(state.speed_kmh10 / 10 - simulator.speed_kmh) < 7 and state.speed_kmh10 > 100
    assert abs(state.soc_pct100 / 100 - simulator.soc_pct) <= 1.5
    assert abs(state.odometer_m / 1000 - simulator.odometer_km) < 0.3
    assert state.vin == "SFZRE8B15B3999999" and ride.car.type_text() == "TR2N"
    assert state.tyre_kpa == [205, 200, 275, 277] and state.cac_ah100 == 15_700
    assert state.drive_mode == 4 and abs(state.battery_mv - 400_000) < 30_000
    assert (state.ambient_temp_c, state.battery_temp_c) == (16, 18)
    assert state.battery_w != 0 and ride.events == []
    simulator.is_key_on = simulator.is_on = False
    simulator.scenario = "park"
    ride.lasts(20)
    assert not state.is_on and state.is_awake and state.is_locked
    ride.lasts(300)
    assert not state.is_awake and state.told_age_s <= 1, "it sleeps and is heard"
    assert state.parked_s >= 310


def test_a_charge_that_gets_full():
    ride = Ride("charge")
    ride.simulator.soc_pct = 98.5
    ride.lasts(15)
    state = ride.state
    assert state.is_charging and state.charge_state == 1 and state.has_pilot
    assert (state.line_v, state.charge_a10, state.charge_limit_a) == (218, 320, 32)
    assert state.charge_input_w == 218 * 32 and state.battery_ma < -10_000
    for _ in range(60):
        ride.lasts(10)
    assert not state.is_charging and state.charge_state == 4
    assert ride.events == [EVENT_CHARGE_STARTED, EVENT_CHARGE_DONE]
    assert state.soc_pct100 == 10_000


def test_stop_and_start_by_command():
    ride = Ride("charge")
    ride.lasts(20)
    state = ride.state
    assert ride.ask(12) == (0, "")
    ride.lasts(3)
    assert not state.is_charging and (state.charge_state, state.charge_substate) == (21, 13)
    assert not ride.simulator.is_charging and state.has_pilot
    assert ride.ask(12) == (1, "Cannot stop charge (charge not in progress)")
    assert ride.ask(11) == (0, "")
    ride.lasts(20)
    assert state.is_charging and ride.simulator.is_charging
    assert ride.events == [EVENT_CHARGE_STARTED, EVENT_CHARGE_INTERRUPTED, EVENT_CHARGE_STARTED]
    assert ride.sent.count(b"\x05\x03\x00\x00\x01\x00\x00\x00") == 1
    ride.simulator.interrupt_charge()
    # Without a cable the state is told every ten seconds.
    ride.lasts(12)
    assert (state.charge_state, state.charge_substate) == (21, 14) and not state.has_pilot


def test_mode_current_and_timer():
    ride = Ride("charge")
    ride.lasts(20)
    state = ride.state
    assert ride.ask(16, "3,13") == (0, "")
    assert ride.ask(17, "1,23,30") == (0, "")
    ride.lasts(2)
    assert (state.charge_mode, state.charge_limit_a) == (3, 13)
    assert (state.timer_mode, state.timer_start_min) == (1, 1410)
    assert ride.bus.parameters[0x1A] == 23 | 30 << 8


@pytest.mark.parametrize(("code", "name", "is_set"), [(22, "locked", False), (21, "valet", True)])
def test_locks_of_a_sleeping_car(code, name, is_set):
    """It is woken first; a wrong PIN has no answer."""
    ride = Ride("park")
    ride.lasts(20)
    assert not ride.state.is_awake and ride.state.is_locked
    assert ride.ask(code, "1235") == (1, "The car did not do it: is the PIN right?")
    assert ride.ask(code, "1234") == (0, "")
    assert getattr(ride.bus, "is_" + name) == getattr(ride.state, "is_" + name) == is_set
    assert ride.ask(code + 1 if code == 21 else 20, "") == (1, "PIN missing")
    assert ride.ask(20, "1234") == (0, "") and ride.state.is_locked


def test_homelink_and_waking():
    ride = Ride("park")
    ride.lasts(20)
    assert ride.ask(24, "2") == (0, "") and ride.bus.pressed == [2]
    assert ride.ask(19) == (0, "")
    ride.lasts(2)
    assert ride.state.is_awake


def test_frames_come_in_bursts_and_in_order():
    simulator = DBCSimulator("TR", "charge")
    simulator.timed_step(10_000)
    frames = simulator.timed_step(20_000)
    bursts = [[]]
    for before, frame in zip(frames, frames[1:], strict=False):
        bursts[-1].append(before)
        assert frame[0] > before[0]
        if frame[0] - before[0] > 1000:
            bursts.append([])
        else:
            assert frame[0] - before[0] == 300
    assert max(len(burst) for burst in bursts) >= 15
    for burst in bursts:
        numbers = [data[0] for _, arbitration_id, data in burst if arbitration_id == 0x100]
        if 0x95 in numbers:
            start = numbers.index(0x88)
            assert numbers[start : start + 4] == [0x88, 0x89, 0x8D, 0x95]
    # 14 a second while it charges (facts 1.2), and what nobody reads besides.
    count = sum(arbitration_id == 0x100 for _, arbitration_id, _ in frames)
    assert 7 * 20 < count < 16 * 20


def test_the_dbc_file_is_strict_and_decodes_a_recorded_frame():
    database = load_file(ROADSTER_DBC, strict=True)
    values = database.decode_message(0x100, bytes.fromhex("8060BA007900A700"))
    assert (values["Soc"], values["IdealRange"], values["EstRange"]) == (96, 186, 167)
    assert CARS["TR"].dbc == ROADSTER_DBC


def test_the_phone_lets_it_be_written_to():
    """Where it stands; while it moves the module would refuse."""
    assert "FEATURE 15 1" not in [step.text for step in car_steps("TR", True, False)]
    asked = [step.text for step in car_steps("TR", True)]
    assert asked.index("FEATURE 15 1") == asked.index("MODULE TWIZY42 K SMSIP TR") + 1
    assert asked[-1] == "CHARGEMODE RANGE 16"


def test_the_desk_takes_a_board_that_reaches_the_bit_rate():
    """An MCP2515 with 8 MHz does not; who names a board gets it all the same."""
    for vehicle, named, board in (
        ("TR", module.USUAL_BOARD, "LILYGO_TCALL_SIM800_TWAI"),
        ("NL", module.USUAL_BOARD, module.USUAL_BOARD),
        ("TR", "LILYGO_TSIM7000G", "LILYGO_TSIM7000G"),
    ):
        options = argparse.Namespace(vehicle=vehicle, board=named, modem=None)
        assert run._choose_board(options) == "" and options.board == board
