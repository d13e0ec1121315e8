"""When WiFi is looked for, held, rested and lost; and that no record is lost on the way."""

import asyncio
import sys

from host_tests.fakes.virtual_time import VirtualTime
from host_tests.links.server_module import CompleteModule, urandom
from host_tests.services.history_bench import DAY_S, UTC_S, FakeFlash
from host_tests.shims.expect import run
from tools.simulated_board.board import network

# What is flashed may load the link together with its driver.
sys.modules["network"] = network

from ovms.config import Config  # noqa: E402
from ovms.drivers.ring_store import RingStore  # noqa: E402
from ovms.links.wifi_link import WiFiLink  # noqa: E402
from ovms.services.conversation import Conversation  # noqa: E402
from ovms.services.history import History  # noqa: E402
from ovms.services.reporter import Reporter  # noqa: E402
from ovms.status import Status  # noqa: E402
from tools.simulated_board.fakes.memory_store import MemoryStore  # noqa: E402

HOME = {44: "My Home", 45: "12345678"}
BOTH = {44: "My Home", 45: "12345678", 46: "Work", 47: "abcdefgh"}


class Station:
    """A radio in the middle of `air`, {name: key}. tried: the joins, (uptime, name)."""

    def __init__(self, time, **air):
        self.time = time
        self.air = air
        self.tried = []
        self.joined = None
        self.is_on = self.is_refused = False

    def is_joined(self):
        return self.joined is not None and self.joined in self.air.items()

    async def join(self, name, key):
        self.is_on = True
        self.tried.append((self.time.uptime_s(), name))
        await self.time.sleep_ms(2000)
        self.is_refused = self.air.get(name, key) != key
        self.joined = (name, key) if self.air.get(name) == key else None
        return self.joined is not None

    def off(self):
        self.is_on = False
        self.joined = None


class Module:
    """A WiFiLink with its surroundings. changes: uptimes of on_change."""

    def __init__(self, settings=None, is_only=False, **air):
        self.time = VirtualTime()
        self.config = Config(MemoryStore())
        self.config.apply(HOME if settings is None else settings)
        self.status = Status("BOARD")
        self.station = Station(self.time, **air)
        self.changes = []
        self.link = WiFiLink(
            self.station,
            self.config,
            self.status,
            self.time,
            lambda: self.changes.append(self.time.uptime_s()),
            is_only,
            self.time.sleep_ms,
        )

    def play(self, scenario):
        async def whole():
            task = asyncio.create_task(self.link.run())
            await self.time.advance(5)
            await scenario(self)
            task.cancel()
            await self.time.settle()

        run(whole(), 60000)

    def wait(self, seconds):
        """For long times: as coroutine, in coarse steps."""
        return self.time.advance(seconds, 10_000)

    def come(self):
        self.station.air["My Home"] = "12345678"


def test_joins_what_is_in_reach():
    module = Module(BOTH, Work="abcdefgh")

    async def scenario(module):
        assert module.link.ssid == "Work" and module.link.is_usable()
        assert [name for _, name in module.station.tried] == ["My Home", "Work"]
        assert len(module.changes) == 1 and module.station.is_on
        await module.wait(3600)
        # Nothing is looked for while one is held.
        assert len(module.station.tried) == 2 and len(module.changes) == 1

    module.play(scenario)


def test_pauses_double_and_a_stop_looks_at_once():
    module = Module()

    async def scenario(module):
        assert not module.station.is_on and not module.link.is_usable()
        await module.wait(2 * 3600)
        tried = [s for s, _ in module.station.tried]
        pauses = [b - a for a, b in zip(tried, tried[1:])]
        assert all(0 <= pause - wanted < 30 for pause, wanted in zip(pauses, (60, 120, 240, 480)))
        assert max(pauses) < 1830 and len(tried) < 10
        # A drive.
        module.status.is_car_on = True
        module.come()
        await module.wait(3600)
        assert len(module.station.tried) == len(tried) and not module.station.is_on
        module.status.is_car_on = False
        await module.time.advance(5)
        assert module.link.ssid == "My Home"

    module.play(scenario)


def test_driving_away_and_no_look_on_the_road():
    module = Module(**{"My Home": "12345678"})

    async def scenario(module):
        module.status.link_name = "WiFi"
        module.status.is_server_connected = True
        await module.wait(1000)
        # In the garage, the car on: it is held as long as it is there.
        module.status.is_car_on = True
        await module.time.advance(60)
        assert module.link.ssid == "My Home" and len(module.changes) == 1
        module.station.air.clear()
        await module.time.advance(3)
        assert module.link.ssid == "" and len(module.changes) == 2
        assert module.status.link_name == "" and not module.station.is_on
        module.come()
        await module.wait(3600)
        assert len(module.station.tried) == 1 and not module.station.is_on
        module.status.is_car_on = False
        await module.time.advance(5)
        assert module.link.is_usable() and len(module.changes) == 3

    module.play(scenario)


def test_a_car_that_starts_ends_the_look():
    module = Module(BOTH)

    async def scenario(module):
        count = len(module.station.tried)
        while len(module.station.tried) == count:
            await module.time.advance(1)
        module.status.is_car_on = True
        await module.time.advance(100)
        assert len(module.station.tried) == count + 1 and not module.station.is_on

    module.play(scenario)


def test_without_a_modem_it_looks_always():
    module = Module(is_only=True)

    async def scenario(module):
        module.status.is_car_on = True
        await module.wait(3600)
        tried = [s for s, _ in module.station.tried]
        assert max([b - a for a, b in zip(tried, tried[1:])]) < 150
        module.come()
        await module.wait(150)
        module.status.link_name = "WiFi"
        # And does not leave it for a modem that is not there.
        await module.wait(3600)
        assert module.link.is_usable()

    module.play(scenario)


def test_at_the_edge_of_its_reach():
    """It comes and goes each minute: looks grow rare instead of logging in sixty times an hour."""
    module = Module()

    async def scenario(module):
        for _ in range(60):
            module.come()
            await module.wait(30)
            module.station.air.clear()
            await module.wait(30)
        assert 3 <= module.status.counts["wifi_losses"] < 8

    module.play(scenario)


def test_another_key_is_told():
    module = Module(**{"My Home": "another key"})

    async def scenario(module):
        assert module.link.refused == "My Home" and module.link.ssid == ""
        module.config.set(45, "another key")
        module.link.on_settings()
        assert module.link.is_looking
        await module.time.advance(5)
        assert module.link.ssid == "My Home" and module.link.refused == ""

    module.play(scenario)


def test_settings_that_change():
    module = Module(BOTH, **{"My Home": "12345678", "Work": "abcdefgh"})

    async def scenario(module):
        # What is held is not given up for another's sake.
        module.config.apply({46: "", 47: ""})
        module.link.on_settings()
        await module.time.advance(10)
        assert module.link.ssid == "My Home" and len(module.changes) == 1
        module.config.apply({44: "Work", 45: "abcdefgh"})
        module.link.on_settings()
        await module.time.advance(100)
        assert module.link.ssid == "Work"
        module.link.close()
        assert not module.station.is_on and not module.link.is_usable()

    module.play(scenario)


def test_a_network_that_leads_nowhere_rests():
    module = Module(**{"My Home": "12345678"})

    async def scenario(module):
        status = module.status
        link = module.link
        rests = []
        for _ in range(4 * 3600 // 20):
            status.link_name = "WiFi" if link.is_usable() else "GPRS"
            status.is_server_connected = not link.is_usable()
            if link.is_usable() and (not rests or rests[-1][1]):
                rests.append([module.time.uptime_s(), 0])
            elif not link.is_usable() and rests and not rests[-1][1]:
                rests[-1][1] = module.time.uptime_s()
            await module.time.advance(20, 20_000)
        # Three minutes by WiFi, then GPRS for ever longer.
        assert all(end - start < 230 for start, end in rests if end)
        starts = [start for start, _ in rests]
        assert [b - a > 600 << i for i, (a, b) in enumerate(zip(starts, starts[1:]))] == [True] * (
            len(starts) - 1
        )
        assert len(starts) in (4, 5) and link.ssid == "My Home"

    module.play(scenario)


class Car(CompleteModule):
    """A whole link with records; its connections are named by what they went over."""

    def make_outbox(self):
        super().make_outbox()
        self.ways = []
        self.time.utc_s = lambda: UTC_S + self.time.uptime_s()
        self.time.is_confirmed = lambda: True
        fs = FakeFlash()
        rings = (RingStore("lasting", fs, 2, 1000), RingStore("routine", fs, 9, 1000))
        self.records = History(rings, self.config, self.time, self.status)
        for _ in rings:
            self.records.tick()
        reporter = Reporter(self.state, self.config, self.status, self.commander.car)
        return Conversation(
            self.config, self.status, reporter, self.commander, urandom, self.records
        )

    def connect_wifi(self):
        self.config.apply(HOME)
        self.station = Station(self.time)
        self.wifi = WiFiLink(
            self.station,
            self.config,
            self.status,
            self.time,
            lambda: self.link.reconnect(0),
            False,
            self.time.sleep_ms,
        )
        self.link.open_stream = self.open_stream

    async def open_stream(self, host, port, is_tls):
        """As `App.open_stream`."""
        is_wifi = self.wifi.is_usable()
        self.status.link_name = "WiFi" if is_wifi else "GPRS"
        self.ways.append(self.status.link_name)
        return await self.server.open_stream(host, port, is_tls)


def test_no_record_is_lost_between_wifi_and_gprs():
    """Eight minutes of a record every 5 s, in and out of reach, the last answers always lost."""
    module = Car()
    module.connect_wifi()
    stored = []

    def serve(is_answering):
        """What the server does with what has come."""
        for connection in module.server.connections:
            for line in connection.take_lines():
                if line[0] == "h":
                    code, _, _, number, _ = line[1:].split(",", 4)
                    stored.append(int(number))
                    if is_answering and not connection.is_closed:
                        connection.say("h" + code)

    async def whole():
        await module.start()
        wifi = asyncio.create_task(module.wifi.run())
        number = 0
        for minute in range(6):
            is_home = minute % 4 < 2
            if is_home:
                module.station.air["My Home"] = "12345678"
            else:
                module.station.air.clear()
            module.status.is_car_on = not is_home
            for step in range(12):
                module.records.add("RT-GPS-Log", number, DAY_S, "52.5,13.4", 1)
                number += 1
                module.records.tick()
                await module.time.advance(5)
                # In the last seconds before each way ends the server's answers do not arrive.
                serve(not (minute % 2 == 1 and step > 9))
        for _ in range(20):
            module.records.tick()
            await module.time.advance(5)
            serve(True)
        wifi.cancel()
        await module.stop()
        assert sorted(set(stored)) == list(range(number)), set(range(number)) - set(stored)

    run(whole(), 60000)
    assert module.ways.count("WiFi") == 2 and module.ways.count("GPRS") >= 2
    assert module.status.counts["wifi_joins"] == 2
