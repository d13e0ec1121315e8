"""A module's server link with its server and its time, for the tests of the link."""

import asyncio

from host_tests.fakes.known_car import make_known
from host_tests.fakes.virtual_time import VirtualTime
from host_tests.shims import expect
from ovms.config import Config
from ovms.links.server_link import ServerLink
from ovms.parameters import NOTIFY, SERVER, SERVER_PASSWORD, VEHICLE_ID
from ovms.protocol.v2.session import Session
from ovms.services.commander import Commander
from ovms.services.conversation import Conversation
from ovms.services.reporter import Reporter
from ovms.status import Status
from ovms.vehicle.base import Vehicle
from ovms.vehicle.state import VehicleState
from tools.simulated_board.fakes.memory_store import MemoryStore
from tools.simulated_board.fakes.v2_server import Server

SETTINGS = {SERVER: "ovms.example", VEHICLE_ID: "TESTCAR", SERVER_PASSWORD: "NETPASS"}
TOKEN = b"QWERTYuiopASDFGHjkl012"
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def urandom(n):
    """The bytes that make the car token of module-behaviour 11; 0, so full delays, else."""
    if n == len(TOKEN):
        return bytes([ALPHABET.find(bytes([letter])) for letter in TOKEN])
    return bytes(n)


class Outbox:
    """Sends what a test puts into `waiting`, remembers what it is told."""

    def __init__(self):
        self.waiting = []
        self.told = []

    def poll(self, elapsed_ms):
        return self.waiting.pop(0) if self.waiting else None

    def is_answering(self):
        return False

    def on_login(self):
        self.told.append("login")

    def on_closed(self):
        self.told.append("closed")

    def on_message(self, code, payload):
        self.told.append(code + bytes(payload).decode())

    def on_sent(self, code):
        self.told.append("sent " + code)


class Module:
    """A link, its server and its time; `outbox` None for an Outbox."""

    def __init__(self, settings=SETTINGS, server=None):
        self.config = Config(MemoryStore())
        self.config.apply(settings)
        self.status = Status("BOARD")
        self.status.is_registered = True
        self.time = VirtualTime()
        self.server = server or Server()
        self.outbox = self.make_outbox()
        self.link = ServerLink(
            self.server.open_stream,
            Session(urandom),
            self.outbox,
            self.config,
            self.status,
            self.time,
            urandom,
            self.time.sleep_ms,
        )
        self.task = None

    def make_outbox(self):
        return Outbox()

    async def start(self, seconds=3):
        self.task = asyncio.create_task(self.link.run())
        await self.time.settle()
        await self.time.advance(seconds)

    async def stop(self):
        self.task.cancel()
        await self.time.settle()
        await self.time.advance(1)
        assert self.task.done()

    def count(self, name):
        return self.status.counts.get(name, 0)


class CompleteModule(Module):
    """With the real services behind the link."""

    def make_outbox(self):
        self.config.set(NOTIFY, "IP")
        self.state = VehicleState()
        make_known(self.state)
        car = Vehicle(self.state, self.config)
        self.commander = Commander(car, self.config, self.status, SMSService(), None)
        reporter = Reporter(self.state, self.config, self.status, car)
        return Conversation(self.config, self.status, reporter, self.commander, urandom)

    async def start(self, seconds=3):
        self.worker = asyncio.create_task(self.commander.run())
        await super().start(seconds)

    async def stop(self):
        self.worker.cancel()
        await super().stop()


class SMSService:
    async def execute_as_owner(self, text):
        return text == "STAT", "Not charging\nSOC: 80%, 70 km" if text == "STAT" else None


def play(module, scenario):
    """Run `scenario(module)` while the link runs."""

    async def whole():
        await module.start()
        try:
            await scenario(module)
        finally:
            await module.stop()

    expect.run(whole(), 60000)
