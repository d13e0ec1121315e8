"""A module with a broker and time of its own, for the tests of all that is MQTT."""

import asyncio
import time

from host_tests.fakes.virtual_time import VirtualTime
from host_tests.shims import expect
from ovms.config import Config
from ovms.links.mqtt_link import LinkStatus, MQTTLink
from ovms.parameters import (
    MQTT_PASSWORD,
    MQTT_SERVER,
    MQTT_USER,
    PASSWORD,
    PHONE,
    SERVER_PASSWORD,
    VEHICLE_ID,
)
from ovms.protocol.mqtt.session import Session
from ovms.services.commander import Commander
from ovms.services.mqtt.conversation import Conversation
from ovms.services.sms.service import SMSService
from ovms.status import Status
from ovms.vehicle.base import Vehicle
from ovms.vehicle.demo.car import Demo
from ovms.vehicle.state import VehicleState
from tools.simulated_board.fakes.memory_store import MemoryStore
from tools.simulated_board.fakes.mqtt_broker import Broker, publish

PLAIN = {MQTT_SERVER: "b.example", VEHICLE_ID: "CAR7"}
KNOWN = {
    MQTT_SERVER: "tls://b.example",
    MQTT_USER: "me",
    MQTT_PASSWORD: "Br0kerPass",
    VEHICLE_ID: "CAR7",
}
# A set up module that trusts its broker, and one that does not.
SETTINGS = dict(KNOWN)
SETTINGS.update({PASSWORD: "M0dulePass", PHONE: "+491701234567", SERVER_PASSWORD: "N3tPass99"})
ANONYMOUS = dict(SETTINGS)
ANONYMOUS[MQTT_SERVER] = "b.example"
START_UTC_S = 1_790_000_000


class History:
    """Gives what a test puts into `waiting`."""

    def __init__(self):
        self.waiting = []
        self.acked = []

    def poll(self):
        return self.waiting.pop(0) if self.waiting else None

    def on_ack(self, payload):
        self.acked.append(bytes(payload))

    def on_closed(self):
        self.acked.append("closed")


class Module:
    """settings: what the link is set up with. prefix: of its topics."""

    def __init__(self, settings=KNOWN, car_class=Vehicle):
        self.config = Config(MemoryStore())
        self.config.apply(settings)
        self.status = Status("BOARD")
        self.status.is_registered = True
        self.time = VirtualTime()
        self.broker = Broker()
        self.state = VehicleState()
        self.vehicle = car_class(self.state, self.config)
        self.link_status = LinkStatus(self.status)
        self.status.mqtt = self.link_status
        session = Session()
        sms = SMSService(self.config, self.state, self.car, self.status, self.time)
        self.talk = Conversation(
            self.config, self.status, self.link_status, self.state, self.car, session
        )
        self.talk.commander = sms.commander = Commander(
            self.vehicle, self.config, self.status, sms, None
        )
        self.talk.sms_service = sms
        self.talk.history = self.history = History()
        self.talk.utc_s = self.utc_s
        self.errors = []
        self.talk.on_error = self.on_error
        self.link_status.talk = self.talk
        self.link = MQTTLink(
            self.broker.open_stream,
            session,
            self.talk,
            self.config,
            self.link_status,
            self.time,
            bytes,
            self.time.sleep_ms,
        )
        self.tasks = ()
        self.prefix = "ovms/%s/CAR7/" % (settings.get(MQTT_USER) or "client")

    def car(self):
        return self.vehicle

    def on_error(self, where, error):
        self.errors.append(error)

    def utc_s(self):
        return START_UTC_S + self.time.uptime_s()

    def set_car(self, car_class):
        self.vehicle = car_class(self.state, self.config)
        self.talk.commander.car = self.vehicle

    async def start(self, seconds=3):
        self.tasks = asyncio.create_task(self.link.run()), asyncio.create_task(self.talk.run())
        await self.time.settle()
        await self.time.advance(seconds)

    async def stop(self):
        for task in self.tasks:
            task.cancel()
        await self.time.settle()
        await self.time.advance(1)
        assert self.tasks[0].done() and self.tasks[1].done()
        assert not self.errors, self.errors

    def count(self, name):
        return self.link_status.counts.get(name, 0)

    def take(self):
        """What was published since the last call below the prefix, {topic: text}."""
        found = {}
        for topic, text in self.broker.last.take().items():
            if topic.startswith(self.prefix):
                topic = topic[len(self.prefix) :]
            found[topic] = text
        return found

    def say(self, topic, text, **flags):
        """A message for the module."""
        self.broker.last.say(publish(self.prefix + topic, text.encode(), **flags))

    async def ask(self, command, seconds=3, **flags):
        """The answer to a command, None without one."""
        self.take()
        self.say("client/app/command/1", command, **flags)
        await self.time.advance(seconds)
        return self.take().get("client/app/response/1")


class Watch:
    """The longest time between two turns of a task that always wants one."""

    def __init__(self):
        self.longest_us = 0

    async def run(self):
        last_us = time.ticks_us()
        while True:
            await asyncio.sleep_ms(0)
            now_us = time.ticks_us()
            self.longest_us = max(self.longest_us, time.ticks_diff(now_us, last_us))
            last_us = now_us


def demo(settings=SETTINGS):
    """A Module with the demonstration car, unlocked."""
    module = Module(settings, Demo)
    module.state.is_locked = False
    return module


def play(module, scenario):
    """Run `scenario(module)` while the link runs."""

    async def whole():
        await module.start()
        try:
            await scenario(module)
        finally:
            await module.stop()

    expect.run(whole(), 60_000)
