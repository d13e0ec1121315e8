"""A module's worth of small objects around an SMSService, for tests on both runtimes."""

import asyncio

from host_tests.shims.expect import run
from ovms.config import Config
from ovms.services.commander import Commander
from ovms.services.sms.service import SMSService
from ovms.status import Status
from ovms.vehicle.base import Vehicle
from ovms.vehicle.state import VehicleState

OWNER = "+491701234567"
STRANGER = "+33612345678"
PASSWORD = "S3cret"


class RAMStore:
    """What Config needs of a store."""

    def __init__(self):
        self.data = None
        self.load_error = ""
        self.error = None

    def load(self):
        return self.data

    def save(self, data):
        if self.error:
            raise self.error
        self.data = data


class FakeClock:
    def __init__(self):
        self.now_s = 100
        self.utc = self.refused_utc_s = None
        self.source = "modem"
        self.is_sure = True

    def is_confirmed(self):
        return self.is_sure

    def uptime_s(self):
        return self.now_s

    def utc_s(self):
        return self.utc


class FakeModem:
    """Delivers `incoming`, then waits for ever; keeps what it was told to send."""

    taken = ()

    def __init__(self, incoming):
        self.incoming = list(incoming)
        self.sent = []
        self.is_working = True
        self.is_drained = asyncio.Event()

    async def next_sms(self):
        if not self.incoming:
            self.is_drained.set()
            await asyncio.Event().wait()
        return self.incoming.pop(0)

    async def send_sms(self, number, text):
        self.sent.append((number, text))
        return self.is_working


async def can_log(words):
    """What the composition root carries out: the words that reach it."""
    return "CAN log: %s" % (" ".join(words) or "none")


class Bench:
    """Registered owner and an own password unless `is_new`."""

    def __init__(self, is_new=False, car_class=Vehicle):
        self.store = RAMStore()
        self.config = Config(self.store)
        if not is_new:
            self.config.apply({0: OWNER, 1: PASSWORD})
        self.state = VehicleState()
        self.status = Status("TESTBOARD")
        self.clock = FakeClock()
        self.car = car_class(self.state, self.config)
        self.sms = SMSService(self.config, self.state, lambda: self.car, self.status, self.clock)

        self.commander = Commander(self.car, self.config, self.status, self.sms, None)
        self.sms.commander = self.commander
        self.pushes = []
        self.sms.push = lambda kind, text: self.pushes.append((kind, text))
        self.sms.can_log = can_log

    def send(self, text, caller=OWNER):
        """One SMS; returns the reply."""
        return run(self.sms.execute(caller, text))[1]
