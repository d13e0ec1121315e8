"""The log in front of the car, on both CAN controllers: from the bus into files, no bit back."""

import asyncio

from host_tests.drivers.can_log_bench import KB, LogFlash
from host_tests.drivers.mcp2515_bench import MCP2515Bench
from host_tests.drivers.twai_bench import TWAIBench
from host_tests.links.can_link_bench import Car, Config, LinkBench
from ovms.drivers import can_log_files as files
from ovms.drivers.can_log import LogWriter
from ovms.links import can_log
from ovms.links.can_link import CANLink
from ovms.status import Status
from ovms.vehicle.base import Vehicle
from ovms.vehicle.state import VehicleState

BENCHES = (MCP2515Bench, TWAIBench)


class Module(LinkBench):
    """A CANLink on a controller's model, with a log on a flash of its own."""

    def __init__(self, make_bench, ids=None, seconds=60, car=None, fs=None):
        self.bench = make_bench()
        self.fs = fs or LogFlash()
        self.car = Car() if car is None else car
        self.status = Status("TEST")
        self.link = CANLink(self.bench.bus, self.car, self.status, Config(1), poll_ms=1)
        self.log = LogWriter(self.fs, 2, 0)
        self.logged = can_log.LoggedCar(
            self.car, self.log, ids, self.car.BITRATE or 500_000, seconds, lambda: 7
        )
        self.is_ended = False

    def run(self, scenario):
        """The link and the log beside `scenario`, a coroutine, once the bus is open."""
        self.link.set_car(self.logged)
        super().run(self._once_open(scenario), self._log())

    async def _once_open(self, scenario):
        await self.until(lambda: self.bench.bus.state() == 1)
        await scenario

    async def _log(self):
        await can_log.run(self.link, self.logged, self.status)
        self.is_ended = True

    async def hear(self, frames):
        """Put `frames` onto the bus, as fast as the link takes them."""
        for n in range(len(frames)):
            self.bench.frame(*frames[n])
            if n % 16 == 15:
                await asyncio.sleep_ms(4)
        await asyncio.sleep_ms(20)

    async def end(self, why):
        self.logged.why = why
        await self.until(lambda: self.is_ended)

    def read(self):
        return [(number, bytes(data)) for _, _, number, data in files.frames(self.fs)]


def traffic(count):
    """Frames of many ids, also of those that no car asks for."""
    return [((n * 37) & 0x7FF, bytes((n & 0xFF, n >> 8)) * (n % 5)) for n in range(count)]


def test_all_ids_and_the_car_goes_on():
    for make in BENCHES:
        module = Module(make)
        frames = traffic(300)

        async def scenario():
            await module.hear(frames)  # noqa: B023 - run at once
            await module.end(can_log.BY_OWNER)  # noqa: B023

        module.run(scenario())
        assert module.read() == frames
        assert module.car.frames == [frame for frame in frames if frame[0] in Car.RX_IDS]
        assert module.link.car is module.car
        count, _, _, is_cut, lost, why = files.summary(module.fs)
        # Seven: what the controller is said to have lost.
        assert (count, is_cut, lost, why) == (300, False, 7, can_log.BY_OWNER)


def test_chosen_ids_only():
    for make in BENCHES:
        module = Module(make, (0x025, 0x155))
        frames = traffic(200)

        async def scenario():
            await module.hear(frames)  # noqa: B023
            await module.end(can_log.BY_OWNER)  # noqa: B023

        module.run(scenario())
        assert module.read() == [frame for frame in frames if frame[0] in (0x025, 0x155)]
        assert module.car.frames == [frame for frame in frames if frame[0] in Car.RX_IDS]


def test_the_car_of_a_log_can_send_nothing():
    """Feature 15 is on, and this car may write: before and after, but not meanwhile."""
    for make in BENCHES:
        module = Module(make)
        bus = module.bench.bus
        data = bytes(8)

        async def scenario():
            await module.hear(traffic(20))  # noqa: B023
            assert not bus.send(0x601, data)  # noqa: B023
            assert module.bench.seen() == 0 and module.bench.sent == []  # noqa: B023
            await module.end(can_log.BY_OWNER)  # noqa: B023
            await module.until(lambda: bus.send(0x601, data))  # noqa: B023

        module.run(scenario())
        assert bus.refused


def test_a_bus_without_a_car():
    for make in BENCHES:
        module = Module(make, car=Vehicle(VehicleState(), None))

        async def scenario():
            await module.hear(traffic(50))  # noqa: B023
            await module.end(can_log.BY_OWNER)  # noqa: B023

        module.run(scenario())
        assert module.read() == traffic(50)
        assert module.bench.seen() == 0


def test_it_ends_by_itself():
    module = Module(MCP2515Bench, seconds=5)

    async def time():
        await module.hear(traffic(30))
        module.status.uptime_s = 4
        await asyncio.sleep_ms(30)
        assert not module.is_ended
        module.status.uptime_s = 5
        await module.until(lambda: module.is_ended)

    module.run(time())
    assert files.summary(module.fs)[0] == 30 and files.summary(module.fs)[5] == can_log.BY_TIME
    assert module.link.car is module.car

    changed = Module(MCP2515Bench)
    other = Car()

    async def change():
        await changed.hear(traffic(30))
        changed.link.set_car(other)
        await changed.until(lambda: changed.is_ended)

    changed.run(change())
    assert files.summary(changed.fs)[5] == can_log.BY_CAR
    assert changed.link.car is other


def test_a_flash_that_is_short_or_fails_ends_it():
    for fs, is_short in ((LogFlash(180 * KB), True), (LogFlash(), False)):
        module = Module(MCP2515Bench, fs=fs)

        async def scenario():
            if is_short:  # noqa: B023
                module.fs.files["other"] = bytearray(10 * KB)  # noqa: B023
            else:
                module.fs.fail_after(700, OSError)  # noqa: B023
            await module.hear(traffic(300))  # noqa: B023
            await module.until(lambda: module.is_ended)  # noqa: B023
            await module.hear([(0x597, b"1")])  # noqa: B023

        module.run(scenario())
        assert module.logged.why == can_log.BY_FLASH
        assert module.status.counts["can_log_flash"] == 1
        # The car is served on.
        assert module.link.car is module.car and module.car.frames[-1] == (0x597, b"1")


def test_what_is_too_much_for_flash_is_lost_and_the_car_has_all():
    """Flash takes 40 ms for a block, and 2,000 frames come in a second."""
    module = Module(MCP2515Bench)
    write = module.log.write

    def write_slowly(is_sure=False):
        write(is_sure)
        module.log.write_ms = 40

    module.log.write = write_slowly
    frames = [(0x155, bytes((n & 0xFF, n >> 8))) for n in range(2000)]

    async def scenario():
        await module.hear(frames)
        await module.end(can_log.BY_OWNER)

    module.run(scenario())
    assert module.car.frames == frames
    found = module.read()
    lost = files.summary(module.fs)[4] - 7
    assert lost == module.log.lost - 7 > 500
    assert len(found) == 2000 - lost
    # In order, each once.
    numbers = [data[0] | data[1] << 8 for _, data in found]
    assert numbers == sorted(numbers) and len(set(numbers)) == len(numbers)


def test_the_esp32_stays_awake_while_the_bus_is():
    module = Module(MCP2515Bench)

    async def scenario():
        module.status.uptime_s = 20
        await module.hear(traffic(5))
        assert module.status.awake_until_s == 30
        module.link.quiet_ms = 10
        module.link.may_sleep = True
        await module.until(lambda: module.link.is_asleep)
        module.status.uptime_s = 25
        await asyncio.sleep_ms(30)
        assert module.status.awake_until_s == 30
        await module.end(can_log.BY_OWNER)

    module.run(scenario())
