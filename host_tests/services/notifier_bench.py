"""A module with a notifier, whose phone and server write down what they get."""

import asyncio

from host_tests.fakes.turn_clock import TurnClock
from host_tests.shims import expect
from ovms.config import Config
from ovms.parameters import NOTIFY, PHONE, VEHICLE_TYPE
from ovms.services.notifier import Notifier
from ovms.status import Status
from ovms.vehicle import base
from ovms.vehicle.base import Vehicle
from ovms.vehicle.state import VehicleState
from tools.simulated_board.fakes.memory_store import MemoryStore

OWNER = "+491701234567"
# 2026-08-24 10:20:30.
UTC_S = 1787566830


class Car(Vehicle):
    TYPE = "XX"

    def __init__(self, state, config):
        super().__init__(state, config)
        self.texts = {}

    def stat_text(self):
        return "Charging\r SOC: %d%%" % (self.state.soc_pct100 // 100)

    def event_text(self, event):
        if event in self.texts:
            return self.texts[event]
        return ("A", "") if event <= base.EVENT_CHARGE_SUFFICIENT else None


class Conversation:
    def __init__(self):
        self.pushes = []

    def push(self, kind, text):
        self.pushes.append((kind, text))


class Modem:
    def __init__(self):
        self.sent = []
        self.failures = 0

    async def send_sms(self, number, text):
        if self.failures:
            self.failures -= 1
            return False
        self.sent.append((number, text))
        return True


class UptimeClock:
    def __init__(self, clock):
        self._clock = clock

    def uptime_s(self):
        return self._clock.now_ms // 1000

    def utc_s(self):
        return UTC_S + self.uptime_s()


class Module:
    def __init__(self, notify="SMSIP", car_class=Car):
        self.config = Config(MemoryStore())
        self.config.apply({PHONE: OWNER, NOTIFY: notify, VEHICLE_TYPE: "RT"})
        self.state = VehicleState()
        self.state.soc_pct100 = 5000
        self.status = Status("BOARD")
        self.status.is_server_connected = True
        self.status.is_registered = True
        self.car = car_class(self.state, self.config)
        self.modem = Modem()
        self.conversation = Conversation()
        self.time = TurnClock()
        self.notifier = Notifier(
            self.config,
            self.state,
            self.current_car,
            self.modem,
            self.conversation,
            self.status,
            UptimeClock(self.time),
            self.time.sleep_ms,
        )
        self.car.on_event = self.notifier.on_event

    def current_car(self):
        return self.car

    def run(self, seconds, step_s=1):
        """Let time pass with the notifier's task running, until all of it is over."""

        async def session():
            task = asyncio.create_task(self.notifier.run())
            until_ms = self.time.now_ms + seconds * 1000
            while self.time.now_ms < until_ms:
                self.time.now_ms += step_s * 1000
                self.notifier.tick()
                self.notifier.hand_over()
                # More turns than an SMS takes: others have theirs between its parts.
                for _ in range(12):
                    await asyncio.sleep_ms(0)
            task.cancel()
            await asyncio.sleep_ms(0)

        expect.run(session(), 60000)

    def take(self):
        """(pushes, SMS texts) since the last call."""
        pushes = [kind + text for kind, text in self.conversation.pushes]
        texts = [text for _, text in self.modem.sent]
        self.conversation.pushes.clear()
        self.modem.sent.clear()
        return pushes, texts
