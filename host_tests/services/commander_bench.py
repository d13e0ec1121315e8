"""A commander with a car, an SMS service and a modem whose answers a test can foresee."""

import asyncio

from host_tests.shims import expect
from ovms.config import Config
from ovms.services.commander import Commander
from ovms.status import Status
from ovms.vehicle.base import Vehicle
from ovms.vehicle.state import VehicleState
from tools.simulated_board.fakes.memory_store import MemoryStore


class Car(Vehicle):
    """Knows 11, 12, 201 and 205; 11 waits until it is let go."""

    def __init__(self, state, config):
        super().__init__(state, config)
        self.calls = []
        self.go = asyncio.Event()

    async def command(self, code, arguments):
        self.calls.append((code, arguments))
        if code == 11:
            await self.go.wait()
            return 0, ""
        if code == 12:
            if self.state.is_charging:
                return 0, ""
            return 1, "Cannot stop charge (charge not in progress)"
        if code == 201:
            return 0, "80,4"
        if code == 206:
            return 0, "", "Battery OK, 52V"
        if code == 205:
            return 0, "", "Volts: OK\rTemps: OK, too"
        if code == 210:
            raise KeyError("a bug")
        return None


class SMSService:
    def __init__(self):
        self.calls = []
        self.pushes = []

    def push(self, kind, text):
        self.pushes.append((kind, text))

    async def execute_as_owner(self, text):
        self.calls.append(text)
        await asyncio.sleep_ms(0)
        if text == "STAT":
            return True, "Not charging\rSOC: 80%, ok"
        if text == "MODULE?":
            return True, "Module:\r\n VehicleID:A,B\n Units:K"
        if text == "RESET":
            return True, ""
        return False, "Permission denied, really" if text == "AP x" else None


class Modem:
    """`*9#` is answered when a test lets it go."""

    def __init__(self):
        self.calls = []
        self.levels = []
        self.go = asyncio.Event()

    async def send_sms(self, number, text):
        self.calls.append((number, text))
        return number != "+0"

    async def ussd(self, code):
        if code == "*0#":
            raise OSError("The network did not answer.")
        if code == "*9#":
            await self.go.wait()
            if self.calls:
                raise OSError("The network did not answer, after all.")
            return "1,50 EUR, until June"
        return "Balance: 4,20\r\n"

    async def command(self, at_command, level):
        self.calls.append(at_command)
        self.levels.append(level)
        if at_command == "AT+CSTT?":
            return '+CSTT: "internet","user","apnsecret"\r\nOK'
        return "+CSQ: 18,0\r\nOK"


class Clock:
    """Its waits last until somebody sets `is_over`; `limits_ms`: of those that began."""

    def __init__(self):
        self.is_over = asyncio.Event()
        self.limits_ms = []

    async def wait_for_ms(self, awaitable, timeout_ms):
        self.limits_ms.append(timeout_ms)
        if timeout_ms > 9000:
            return await awaitable
        task = asyncio.create_task(awaitable)
        while not (task.done() or self.is_over.is_set()):
            await asyncio.sleep_ms(0)
        if not task.done():
            task.cancel()
            raise asyncio.TimeoutError
        return await task


class Module:
    def __init__(self, has_modem=True):
        self.config = Config(MemoryStore())
        self.status = Status("BOARD")
        self.car = Car(VehicleState(), self.config)
        self.sms = SMSService()
        self.modem = Modem() if has_modem else None
        self.clock = Clock()
        self.commander = Commander(
            self.car, self.config, self.status, self.sms, self.modem, self.clock
        )

    def drain(self):
        """What is ready, taken and reported as sent."""
        sent = []
        message = self.commander.poll()
        while message is not None:
            sent.append(message[0] + message[1].decode())
            self.commander.on_sent()
            message = self.commander.poll()
        return sent

    async def talk(self, *commands):
        """Hand in commands together; everything said in answer."""
        task = asyncio.create_task(self.commander.run())
        for command in commands:
            self.commander.accept(memoryview(command.encode()))
        sent = []
        for _ in range(20 * len(commands)):
            await asyncio.sleep_ms(0)
            sent += self.drain()
        task.cancel()
        await asyncio.sleep_ms(0)
        return sent


async def settle():
    """Let every task run as far as it can."""
    for _ in range(20):
        await asyncio.sleep_ms(0)


def answers(*commands):
    """What a fresh module says to `commands`, handed in together."""
    return expect.run(Module().talk(*commands))
