"""A parked module with a modem and a CAN controller that are models, in a time that jumps.

CPython only. Its board's light sleep is as an ESP32's: nothing of the firmware runs, RAM is kept,
bytes that come to a UART are lost, and only RI, INT and the timer end it. The modem is the desk's
SIM800 with its slow clock, the controller the register model of the MCP2515; neither shares code
with the firmware.
"""

import asyncio

from host_tests.app_life import Life
from ovms.drivers.mcp2515 import MCP2515
from tools.desk.modem.engine import Modem
from tools.desk.modem.profile import Profile
from tools.desk.modem.rig import FakeDialler
from tools.desk.modem.scheduler import VirtualScheduler
from tools.simulated_board.models.mcp2515 import MCP2515Model
from tools.simulated_board.models.mcp2515_spi import ChipSelectPin, InterruptPin, ModelSPI

OWNER = "+4512345678"
# Hardware facts 4.1: RI of an SMS; while a call rings it is low all the time.
_RI_SMS_MS = 120
_BY_RI, _BY_INT, _BY_TIME = 2, 3, 4
_RUNNING = object()


class Dtr:
    """The pin that keeps the modem awake."""

    def __init__(self, world):
        self.world = world

    def value(self, level=None):
        self.world.advance_modem()
        self.world.modem.dtr_high = bool(level)


class ModemUart:
    """The firmware's end of the modem's UART."""

    def __init__(self, world):
        self.world = world
        self.received = b""
        self.lost = 0
        self.has_more = asyncio.Event()

    def arrive(self, data):
        if self.world.is_asleep:
            self.lost += len(data)
            return
        self.received += bytes(data)
        self.has_more.set()

    async def readinto(self, view):
        while not self.received:
            self.has_more.clear()
            await self.has_more.wait()
        count = min(len(view), len(self.received))
        view[:count] = self.received[:count]
        self.received = self.received[count:]
        return count

    async def write(self, data):
        self.world.advance_modem()
        self.world.modem.feed(bytes(data))

    async def close(self):
        """A UART stays open."""


class World(Life):
    """options: of Life.

    texts: SMS that the module sent, with the second. frames: (second, data) of what the car got.
    sleeps: (begin, end, reason) of each light sleep, in seconds. Without a wire to RI, RI never
    falls.
    """

    def __init__(self, monkeypatch, folder, has_ri_wire=True, presets=(), **options):
        super().__init__(monkeypatch, folder, presets=presets, **options)
        self.scheduler = VirtualScheduler()
        self.is_asleep = False
        self.has_ri_wire = has_ri_wire
        self.ri_until_ms = -1
        self.texts = []
        self.frames = []
        self.sleeps = []
        self.mhz = []
        self.uart = ModemUart(self)
        profile = Profile(has_boot_noise=False)
        self.modem = Modem(self.scheduler, self.uart.arrive, FakeDialler(), profile, self._on_text)
        urc = self.modem.urc

        def heard(text):
            if text.startswith("+CMTI"):
                self._ring(_RI_SMS_MS)
            urc(text)

        self.modem.urc = heard
        incoming = self.modem.calls.incoming

        def call(number):
            # Until the caller gives up, or the module does.
            self._ring(20_000)
            incoming(number)

        self.modem.calls.incoming = call
        self.modem.power_on()
        app = self.app
        app.modem.port.uart = self.uart
        app.modem.power.dtr = Dtr(self)
        app.modem.power.pwrkey.value = lambda level: None
        self.chip = MCP2515Model(8_000_000)
        self.pin = InterruptPin(self.chip)
        app.bus = app.can._bus = MCP2515(
            ModelSPI(self.chip), ChipSelectPin(self.chip), self.pin, 8_000_000
        )
        self.board.RI_GPIO = 33
        self.board.light_sleep = self.light_sleep
        self.board.set_cpu_mhz = self.mhz.append
        app.car.on_frame = self._on_frame
        select = self.loop._selector.select
        before = self.loop.now_s

        def jump(timeout=None):
            """Time goes on to the next thing that the firmware or a model has to do."""
            due_s = self.loop.now_s + (1 if timeout is None else timeout)
            while self.scheduler.now_ms() < due_s * 1000 and not self.loop._ready:
                self.scheduler.advance_to_event(due_s * 1000 - self.scheduler.now_ms())
                self.chip.tick_us(1000)
                self.loop.now_s = max(self.loop.now_s, self.scheduler.now_ms() / 1000)
            return select(0)

        assert before == 0
        self.loop._selector.select = jump

    @property
    def now_s(self):
        return self.loop.now_s

    def advance_modem(self):
        """The models' time is the loop's."""
        self.scheduler.advance(self.loop.now_s * 1000 - self.scheduler.now_ms())

    def _ring(self, low_ms):
        self.ri_until_ms = max(self.ri_until_ms, self.scheduler.now_ms() + low_ms)

    def _on_text(self, sms):
        self.texts.append((self.scheduler.now_ms() / 1000, sms.text))

    def _on_frame(self, arbitration_id, data, dlc):
        self.frames.append((self.now_s, bytes(data[:dlc])))

    def is_ri_low(self):
        return self.has_ri_wire and self.scheduler.now_ms() < self.ri_until_ms

    def light_sleep(self, limit_ms):
        """As `ESP32Board.light_sleep`."""
        self.advance_modem()
        begin_ms = now_ms = self.scheduler.now_ms()
        self.is_asleep = True
        reason = _BY_TIME
        while now_ms < begin_ms + limit_ms:
            if self.is_ri_low():
                reason = _BY_RI
                break
            if self.chip.line_level() == 0:
                reason = _BY_INT
                break
            self.scheduler.advance_to_event(begin_ms + limit_ms - now_ms)
            now_ms = self.scheduler.now_ms()
        self.is_asleep = False
        self.loop.now_s = now_ms / 1000
        self.sleeps.append((begin_ms / 1000, self.loop.now_s, reason))
        return reason

    def at(self, seconds, function):
        """Call `function` at that time, whether the module sleeps or not."""
        self.scheduler.call_later(seconds * 1000 - self.scheduler.now_ms(), function)

    def sms(self, seconds, text, number=OWNER):
        self.at(seconds, lambda: self.modem.sms.submit(number, text))

    def slept_s(self):
        """Seconds slept so far."""
        return sum(end - begin for begin, end, _ in self.sleeps)
