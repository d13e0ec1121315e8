"""The simulated Roadster comes home to ACC, and is cooled: all of it by frames on its bus.

Simulator and firmware share the facts (car facts 1) and nothing else.
"""

import asyncio

from host_tests.services.notifier_bench import UTC_S, Module
from ovms.parameters import COOLDOWN_LIMITS, FIRST_ACC, FROM_OWNER
from ovms.services import acc_states as states
from ovms.services.sms.acc_status import status
from ovms.services.sms.service import SMSService
from ovms.vehicle.roadster.car import Roadster
from tools.desk.dbc_sim import DBCSimulator

HOME_UDEG = (52_520_008, 13_404_954)
HOME = "52.520008 13.404954 100 ON"
START = b"\x05\x03\x00\x00\x01\x00\x00\x00"
STOP = b"\x05\x03\x00\x00\x00\x00\x00\x00"


class Home(Module):
    """A module in a simulated car that drives."""

    def __init__(self, rules, can_write=1):
        super().__init__("IP", Roadster)
        self.config.set_feature(15, can_write, FROM_OWNER)
        self.config.apply({FIRST_ACC: f"{HOME} {rules}"})
        self.simulator = DBCSimulator("TR", "drive")
        self.bus = self.simulator.roadster
        self.car.send = self._send
        self.car.sleep_ms = self._sleep_ms
        self.car.spawn = self._spawn
        self.tasks = []
        self.sent = []
        self._ticked_ms = 0
        # A receiver of the module's own.
        self.state.satellites = 9
        self.fix(400)
        self.sms = SMSService(
            self.config, self.state, self.current_car, self.status, self.notifier.clock
        )

    def fix(self, north_m=0):
        state = self.state
        state.latitude_udeg = HOME_UDEG[0] + north_m * 1000 // 111
        state.longitude_udeg = HOME_UDEG[1]
        state.has_gps_lock = True
        state.gps_age_s = 0

    def _send(self, arbitration_id, data):
        assert (arbitration_id, len(data)) in Roadster.TX_FRAMES
        self.sent.append(bytes(data))
        self._hear(self.simulator.receive(arbitration_id, bytes(data)))
        return True

    def _hear(self, frames):
        for arbitration_id, data in frames:
            self.car.on_frame(arbitration_id, bytearray(data.ljust(8, b"\xa5")), len(data))

    def _spawn(self, function):
        self.tasks.append(asyncio.get_running_loop().create_task(function()))

    async def _sleep_ms(self, ms):
        self._hear(self.simulator.step(ms))
        self.time.now_ms += ms
        await asyncio.sleep(0)

    async def _live(self, seconds):
        for _ in range(seconds):
            await self._sleep_ms(1000)
            self.state.tick(1)
            self.car.poll(1000)
            self.notifier.tick()
            while self.tasks:
                await self.tasks.pop(0)

    def lasts(self, seconds):
        asyncio.run(self._live(seconds))

    def park(self):
        self.simulator.is_key_on = self.simulator.is_on = False
        self.simulator.scenario = "park"
        self.lasts(15)

    def now(self):
        return self.status.acc[states.STATE]

    def told(self):
        return [text[1:] for text in self.notifier.ip]


def at_home(rules, **more):
    home = Home(rules, **more)
    home.lasts(15)
    assert home.now() == states.FREE and home.state.is_on
    home.fix()
    home.lasts(15)
    assert home.now() == states.DRIVING_IN
    home.park()
    assert home.now() == states.PARKED_IN and not home.state.is_on
    return home


def test_from_the_road_to_the_limit():
    home = at_home("HOMELINK=2 AT=10:25 MODE=3 A=13 SOC=80")
    assert home.bus.pressed == [1]
    # Of whatever was sent before: the capacity, after the key.
    home.sent.clear()
    home.simulator.set_soc(60)
    home.simulator.scenario = "charge"
    home.lasts(30)
    # The car has begun by itself, and was stopped.
    assert home.now() == states.WAIT and home.sent.count(STOP) == 1
    assert not home.simulator.is_charging and START not in home.sent
    shown = status(home.sms)
    assert shown.startswith("ACC Status #1\r\n 52.520008, 13.404954\r\n Enabled")
    assert "State: Wait Charge\r\n Wake at: 10:25:00\r\n Charge: 2860W\r\n Estimate: " in shown
    seconds = UTC_S % 86400 + home.time.now_ms // 1000
    home.lasts(10 * 3600 + 25 * 60 - seconds - 2)
    assert START not in home.sent
    home.lasts(90)
    assert home.sent.count(START) == 1 and home.simulator.is_charging and home.state.is_charging
    assert (home.bus.parameters[0x02], home.bus.parameters[0x19]) == (13, 3)
    assert home.now() == states.CHARGING and "Charging In\r\n Range 218V/" in status(home.sms)
    home.lasts(70)
    assert home.state.soc_limit_min > 0 and home.state.full_min > home.state.soc_limit_min
    assert home.sent.count(STOP) == 1
    # Of a charge that goes on for hours it is looked after once a minute.
    home.simulator.set_soc(80)
    home.lasts(70)
    assert home.sent.count(STOP) == 2 and not home.simulator.is_charging
    assert home.now() == states.DONE
    # The report of it, and no alert of an interruption.
    assert home.told() == ["ACC #1: charge ended at its limit (80% SOC)"]
    home.lasts(60)
    assert home.sent.count(START) == 1


def test_without_consent_nothing_leaves():
    home = at_home("HOMELINK=1 PLUGIN", can_write=0)
    home.simulator.scenario = "charge"
    home.simulator.is_held = True
    home.lasts(120)
    assert home.sent == [] and home.now() == states.DONE
    assert home.told() == [
        "ACC #1: Homelink: No write access to CAN",
        "ACC #1: the charge was not started: No write access to CAN",
    ]


def test_cooled_first_then_charged():
    home = at_home("COOLDOWN PLUGIN")
    home.config.apply({COOLDOWN_LIMITS: "25:3"})
    home.simulator.battery_c = 40.0
    home.lasts(15)
    home.simulator.scenario = "charge"
    home.lasts(15)
    assert home.now() == states.COOLDOWN and home.state.is_cooling and home.state.is_charging
    assert (home.bus.parameters[0x02], home.bus.parameters[0x19]) == (13, 3)
    assert "State: Cooldown\r\n 40C/25C (0cycles, 3mins remain)" in status(home.sms)
    home.simulator.battery_c = 20.0
    home.lasts(90)
    assert not home.state.is_cooling
    assert (home.bus.parameters[0x02], home.bus.parameters[0x19]) == (32, 0)
    assert home.now() == states.CHARGING and home.simulator.is_charging
    assert home.told() == []
