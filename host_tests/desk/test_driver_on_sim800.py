"""The SIM800 driver against the desk's modem simulator, fault by fault (CPython only).

Both run on one clock: the driver's turns move the simulator's time.
"""

import asyncio
import contextlib

import pytest

from host_tests.fakes.turn_clock import TurnClock
from ovms.links.modem.modem import Modem
from ovms.links.modem.sim800.profile import SIM800
from ovms.status import NET_PIN, NET_READY, Status
from tools.desk.modem.fault_switches import apply_fault
from tools.desk.modem.profile import Profile
from tools.desk.modem.rig import Rig
from tools.simulated_board.fakes.at_peer import Wire

NUMBER = "+4915112345678"
# The promise for any single fault (design 5, recovery).
RECOVERY_MS = 300_000


class Config:
    def __init__(self):
        self.values = {3: "SMSIP", 4: "server.test", 5: "internet"}

    def get(self, n):
        return self.values.get(n, "")

    def apply(self, changes):
        self.values.update(changes)


class Power:
    """The board's lines: PWRKEY toggles the module, reset is the same here; DTR if wired."""

    def __init__(self, bench, has_dtr):
        self.pulses = 0
        self.dtr = self if has_dtr else None
        self._bench = bench

    def value(self, level):
        """The level of DTR."""
        self._bench.rig.modem.dtr_high = bool(level)

    async def start(self, times):
        self.pulses += 1
        modem = self._bench.rig.modem
        if modem.is_on:
            modem.power_off()
        else:
            modem.power_on()

    restart = start


class Bench:
    """is_running: the module is on and ready when the driver starts, else it is dark."""

    def __init__(self, profile=None, is_running=False, echo=1, has_dtr=False):
        self.rig = Rig(profile)
        if is_running:
            self.rig.boot(echo=echo)
        self.sent = []
        self.wire = Wire(self._on_write)
        self.clock = TurnClock(10, self._on_step)
        self.status = Status("DESK")
        self.power = Power(self, has_dtr)
        self.config = Config()
        self.times = []
        self.modem = Modem(
            SIM800,
            self.wire,
            self.power,
            self.status,
            self.config,
            self.times.append,
            self.clock,
        )
        self._tasks = []

    async def __aenter__(self):
        self._tasks = [
            asyncio.create_task(self.clock.run()),
            asyncio.create_task(self.modem.run()),
        ]
        return self

    async def __aexit__(self, *error):
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _on_write(self, data):
        self.sent.append(data)
        self.rig.modem.feed(data)

    def _on_step(self, step_ms):
        self.rig.advance(step_ms)
        data = self.rig.take()
        if data:
            self.wire.deliver(data)

    def fault(self, name, *values, **named):
        apply_fault(self.rig.modem, name, *values, **named)

    async def up(self, timeout_ms=RECOVERY_MS):
        assert await self.clock.until(self.is_up, timeout_ms), self.status.__dict__

    def is_up(self):
        return self.status.net_state == NET_READY and self.status.is_registered

    async def wait(self, awaitable, timeout_ms=RECOVERY_MS):
        return await self.clock.wait_for_ms(awaitable, timeout_ms)

    async def connect(self):
        return await self.wait(self.modem.open_tcp("server.test", 6867))

    async def connect_in_time(self):
        """Try like a server link does, until there is a connection that carries data."""
        end_ms = self.clock.now_ms + RECOVERY_MS
        while self.clock.now_ms < end_ms:
            try:
                stream = await self.connect()
                await self.exchange(stream)
                return stream
            except OSError:
                await self.clock.sleep_ms(5000)
        raise AssertionError(self.status.counts)

    async def exchange(self, stream, up=b"MP-C 0 x\r\n", down=b"MP-S 0 y\r\n"):
        """Both directions carry data."""
        peer = self.rig.dialler.connections[-1]
        before = len(peer.sent)
        await self.wait(stream.write(up), 60000)
        assert await self.clock.until(lambda: bytes(peer.sent[before:]) == up, 10000)
        peer.events.on_data(down)
        got = b""
        buffer = bytearray(64)
        while len(got) < len(down):
            n = await self.wait(stream.readinto(memoryview(buffer)), 30000)
            if n == 0:
                raise OSError("closed")
            got += buffer[:n]
        if got != down:
            # What a session sees by itself: its lines are encrypted.
            raise OSError("damaged")

    async def receive_sms(self, text="STAT"):
        self.rig.modem.sms.submit(NUMBER, text)
        while True:
            message = await self.wait(self.modem.next_sms(), 120000)
            if message == (NUMBER, text):
                return


def play(scenario, *options, **named_options):
    async def limited():
        async with Bench(*options, **named_options) as bench:
            await asyncio.wait_for(scenario(bench), 300)

    asyncio.run(limited())


def test_from_dark_to_sms_and_tcp():
    async def scenario(bench):
        await bench.up()
        assert bench.power.pulses == 1
        stream = await bench.connect()
        await bench.exchange(stream)
        await bench.receive_sms("STAT? \u00e4\u00f6\u00fc{}_@$\u20ac")
        assert await bench.wait(bench.modem.send_sms(NUMBER, "SOC: 79% @_$"))
        assert await bench.wait(bench.modem.send_sms(NUMBER, "L\u00e4dt [1]"))
        texts = [message.text for message in bench.rig.messages]
        assert texts == ["SOC: 79% @_$", "L\u00e4dt [1]"]
        await bench.exchange(stream)
        assert await bench.wait(bench.modem.ussd("*100#")) == "Ihr Guthaben: 4,20 EUR"

    play(scenario)


@pytest.mark.parametrize("echo", [0, 1])
def test_a_running_modem_is_not_switched_off(echo):
    async def scenario(bench):
        await bench.up()
        assert bench.power.pulses == 0
        await bench.exchange(await bench.connect())

    play(scenario, is_running=True, echo=echo)


@pytest.mark.parametrize("rate", [1200, 2400, 4800, 19200, 38400, 57600, 230400, 460800])
def test_a_running_modem_at_any_rate(rate):
    async def scenario(bench):
        await bench.up()
        assert bench.power.pulses == 0
        assert bench.rig.modem.saved.baud == 115200
        await bench.receive_sms("STAT?")

    async def limited():
        bench = Bench(Profile(baud=rate), is_running=True)
        bench.rig.modem.line.host_baud = 115200
        bench.wire.set_baudrate = lambda rate: setattr(bench.rig.modem.line, "host_baud", rate)
        async with bench:
            await asyncio.wait_for(scenario(bench), 300)

    asyncio.run(limited())


def test_autobaud():
    async def scenario(bench):
        await bench.up()
        await bench.exchange(await bench.connect())

    play(scenario, Profile(is_autobaud=True, has_boot_noise=True))


def test_pin_is_never_guessed():
    async def scenario(bench):
        await bench.clock.sleep_ms(200_000)
        assert bench.status.net_state == NET_PIN
        assert bench.status.counts["sim_locked"] == 1

    play(scenario, Profile(sim_pin="1234"))


@pytest.mark.parametrize(
    "shape",
    [("bytes", 1.0), ("bursts", 300), ("bursts", 7), ("slow", 5.0)],
    ids=lambda shape: "-".join(map(str, shape)),
)
def test_any_delivery_changes_nothing(shape):
    async def scenario(bench):
        bench.fault(*shape)
        await bench.up()
        stream = await bench.connect()
        peer = bench.rig.dialler.connections[-1]
        data = bytes(range(256)) * 8
        await bench.wait(stream.write(data))
        assert bytes(peer.sent) == data
        peer.events.on_data(data)
        got = b""
        buffer = bytearray(200)
        while len(got) < len(data):
            n = await bench.wait(stream.readinto(memoryview(buffer)), 60000)
            assert n
            got += buffer[:n]
        assert got == data
        await bench.receive_sms()

    play(scenario)


@pytest.mark.parametrize("mode", ["hang", "fail"])
def test_a_connection_that_cannot_be_had(mode):
    async def scenario(bench):
        await bench.up()
        bench.fault("connect", mode)
        with pytest.raises(OSError):
            await bench.connect()
        await bench.receive_sms()
        bench.fault("clear")
        await bench.connect_in_time()

    play(scenario)


def test_a_refused_apn():
    async def scenario(bench):
        await bench.up()
        bench.fault("apn_refused")
        with pytest.raises(OSError):
            await bench.connect()
        await bench.receive_sms()
        bench.fault("apn_refused", 0)
        await bench.connect_in_time()

    play(scenario)


@pytest.mark.parametrize(
    "text",
    ["PARAMS " + "abc[]{}@_\u20ac1 " * 40, "\u0416\u043c\u0443 " * 60, "x" * 161],
    ids=["7-bit", "UCS2", "two"],
)
def test_long_messages_arrive_joined(text):
    async def scenario(bench):
        await bench.up()
        await bench.receive_sms(text)
        await bench.receive_sms()
        # The last one stays until it was answered: who asks for the next says so.
        assert bench.rig.modem.sms.store.used == 1
        with contextlib.suppress(TimeoutError):
            await bench.wait(bench.modem.next_sms(), 20000)
        assert bench.rig.modem.sms.store.used == 0
        assert "sms_incomplete" not in bench.status.counts

    play(scenario)


def test_an_idle_modem_sleeps_where_dtr_can_wake_it():
    async def scenario(bench):
        await bench.up()
        modem = bench.rig.modem
        stream = await bench.connect()
        await bench.exchange(stream)
        await bench.clock.sleep_ms(9000)
        assert modem.settings.csclk == 1 and modem.dtr_high
        commands = len(bench.sent)
        await bench.receive_sms()
        await bench.clock.sleep_ms(9000)
        await bench.exchange(stream)
        bench.fault("brownout")
        await bench.clock.sleep_ms(30000)
        await bench.up()
        await bench.exchange(await bench.connect_in_time())
        assert len(bench.sent) > commands
        assert "at_timeout" not in bench.status.counts

    play(scenario, has_dtr=True)


def test_a_full_store():
    async def scenario(bench):
        await bench.up()
        bench.fault("store_full")
        got = 0
        while got < 30:
            number, text = await bench.wait(bench.modem.next_sms())
            got += text == "full"
        await bench.receive_sms()

    play(scenario)


def test_sms_errors_are_retried():
    async def scenario(bench):
        await bench.up()
        bench.fault("sms_fail", 38, 2)
        assert await bench.wait(bench.modem.send_sms(NUMBER, "ok"))
        assert [message.text for message in bench.rig.messages] == ["ok"]

    play(scenario)


def test_a_lost_sms_prompt():
    async def scenario(bench):
        await bench.up()
        bench.fault("lost_prompt")
        assert await bench.wait(bench.modem.send_sms(NUMBER, "ok"))
        assert [message.text for message in bench.rig.messages] == ["ok"]

    play(scenario)
