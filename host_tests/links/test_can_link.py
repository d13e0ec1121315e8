"""CANLink with the real driver on the register model: from the bus into the car."""

import asyncio

from micropython import heap_lock, heap_unlock

from host_tests.drivers.mcp2515_bench import MCP2515Bench
from host_tests.links.can_link_bench import Car, Config, LinkBench
from ovms.links.can_link import CANLink
from ovms.status import Status
from ovms.vehicle.base import Vehicle
from ovms.vehicle.state import VehicleState


class OtherCar(Car):
    RX_IDS = (0x424,)
    TX_FRAMES = ()


class FrugalCar(Car):
    """Locks the heap between its 2nd and its 20th frame: an allocation there raises."""

    def __init__(self):
        super().__init__()
        self.seen = 0

    def on_frame(self, arbitration_id, data, dlc):
        self.seen += 1
        if self.seen == 2:
            heap_lock()
        elif self.seen == 20:
            heap_unlock()


class Module(LinkBench):
    def __init__(self, car=None, retry_ms=5):
        bench = MCP2515Bench()
        self.model, self.pin, self.bus = bench.model, bench.pin, bench.bus
        self.car = car or Car()
        self.status = Status("TEST")
        self.config = Config()
        self.link = CANLink(
            self.bus, self.car, self.status, self.config, poll_ms=1, check_ms=20, retry_ms=retry_ms
        )

    async def until_mode(self, mode):
        await self.until(lambda: self.model.mode == mode)


def test_frames_reach_the_car():
    module = Module()

    async def scenario():
        await module.until_mode(0x60)
        for n in range(40):
            module.model.bus_frame(0x155, bytes([n]))
        module.model.bus_frame(0x424, b"\x01")
        await module.until(lambda: len(module.car.frames) == 40)

    module.run(scenario())
    assert module.car.frames == [(0x155, bytes([n])) for n in range(40)]
    assert module.status.can_error == ""
    # Ended: asleep and silent.
    module.model.tick_us(100)
    assert module.model.mode == 0x20 and module.model.acks == 0


def test_backstop_finds_what_the_interrupt_missed():
    module = Module()

    async def scenario():
        await module.until_mode(0x60)
        module.pin.is_deaf = True
        module.model.bus_frame(0x155, b"\x01")
        await module.until(lambda: module.car.frames)

    module.run(scenario())


def test_missing_controller_is_looked_for_again():
    module = Module()
    module.model.port.miso_stuck = 0xFF

    async def scenario():
        await module.until(lambda: module.status.counts.get("can_open_failed", 0) >= 2)
        assert module.status.can_error == (
            "no CAN controller answers on SPI: check its supply and its wires"
        )
        module.model.port.miso_stuck = None
        await module.until_mode(0x60)
        await module.until(lambda: not module.status.can_error)

    module.run(scenario())


def test_brown_out_is_noticed_and_mended():
    module = Module()

    async def scenario():
        await module.until_mode(0x60)
        await module.until(lambda: not module.status.can_error)
        module.model.power_on()
        await module.until_mode(0x60)
        module.model.bus_frame(0x155, b"\x01")
        await module.until(lambda: module.car.frames)

    module.run(scenario())
    assert module.status.counts["can_reopened"] == 1


def test_feature_15_opens_the_bus_for_writing_and_back():
    module = Module()

    async def scenario():
        await module.until_mode(0x60)
        assert not module.bus.send(0x601, bytes(8))
        module.config.can_write = 1
        await module.until_mode(0x00)
        await module.until(lambda: module.bus.send(0x601, bytes(8)))
        module.config.can_write = 0
        await module.until_mode(0x60)
        assert not module.bus.send(0x601, bytes(8))

    module.run(scenario())


def test_a_feature_15_below_zero_permits_nothing():
    module = Module()
    module.config.can_write = -1

    async def scenario():
        await module.until_mode(0x60)
        await asyncio.sleep_ms(50)
        assert module.model.mode == 0x60
        assert not module.bus.send(0x601, bytes(8))

    module.run(scenario())


def test_a_car_that_sends_nothing_stays_silent():
    module = Module(OtherCar())
    module.config.can_write = 1

    async def scenario():
        await module.until_mode(0x60)

    module.run(scenario())


def test_another_car():
    module = Module()

    async def scenario():
        await module.until_mode(0x60)
        other = OtherCar()
        module.link.set_car(other)
        await module.until(lambda: module.status.counts.get("can_reopened"))
        await module.until_mode(0x60)
        module.model.bus_frame(0x155, b"\x01")
        module.model.bus_frame(0x424, b"\x02")
        await module.until(lambda: other.frames)
        assert other.frames == [(0x424, b"\x02")] and module.car.frames == []
        module.link.set_car(Vehicle(VehicleState(), None))
        await module.until(lambda: module.status.counts["can_reopened"] == 2)

    module.run(scenario())


def test_another_car_does_not_wait():
    """Neither behind a car without a bus, nor in the pause after a failed open."""
    module = Module(Vehicle(VehicleState(), None), retry_ms=600_000)

    async def scenario():
        await asyncio.sleep_ms(20)
        assert module.bus.state() == 0
        module.model.port.miso_stuck = 0xFF
        module.link.set_car(Car())
        await module.until(lambda: module.status.counts.get("can_open_failed"))
        module.model.port.miso_stuck = None
        await asyncio.sleep_ms(20)
        assert module.bus.state() == 0, "the pause is long"
        other = OtherCar()
        module.link.set_car(other)
        await module.until_mode(0x60)
        module.model.bus_frame(0x424, b"\x02")
        await module.until(lambda: other.frames)

    module.run(scenario())
    assert module.status.counts["can_open_failed"] == 1


def test_bus_off_pauses_and_returns():
    # Long enough for a slow machine to see the pause.
    module = Module(retry_ms=100)
    module.config.can_write = 1

    async def scenario():
        await module.until_mode(0x00)
        await module.until(lambda: module.bus.state() == 1)
        module.model.is_tx_corrupted = True
        module.pin.is_broken = True
        module.bus.send(0x601, bytes(8))
        module.model.tick_us(222 * 32)
        module.pin.is_broken = False
        await module.until(lambda: module.status.can_error)
        assert "only listens" in module.status.can_error
        module.model.is_tx_corrupted = False
        # 128 times 11 recessive bits, which end the controller's own bus-off: it listens.
        module.model.tick_us(3000)
        assert module.model.mode == 0x60 and not module.bus.send(0x601, bytes(8))
        await module.until(lambda: not module.status.can_error)
        assert module.model.mode == 0x00 and module.bus.state() == 1
        assert module.bus.send(0x601, bytes(8))

    module.run(scenario())
    assert module.bus.counts()["can_bus_off"] == 1
    assert "can_reopened" not in module.status.counts, "restarted, not set up anew"


def test_frames_to_the_car_do_not_allocate():
    module = Module(FrugalCar())

    async def scenario():
        await module.until_mode(0x60)
        for n in range(25):
            module.model.bus_frame(0x155, bytes([n]))
        await module.until(lambda: module.car.seen == 25)

    try:
        module.run(scenario())
    finally:
        if 2 <= module.car.seen < 20:
            heap_unlock()


def test_a_silent_bus_sleeps_and_wakes_within_a_look():
    """Only the frame that wakes it is lost."""
    module = Module()
    link = module.link
    link.quiet_ms = 20

    async def scenario():
        await module.until_mode(0x60)
        await asyncio.sleep_ms(60)
        # Nobody has allowed it yet.
        assert module.model.mode == 0x60 and not link.is_asleep
        link.may_sleep = True
        await module.until_mode(0x20)
        assert link.is_asleep
        # Longer than it takes to see that the chip is as it should be.
        await asyncio.sleep_ms(60)
        assert module.model.mode == 0x20 and not module.status.counts.get("can_reopened")
        module.model.bus_frame(0x155, b"\x01")
        await module.until(lambda: not link.is_asleep)
        module.model.bus_frame(0x155, b"\x02")
        await module.until(lambda: module.car.frames)
        link.quiet_ms = 20
        await module.until_mode(0x20)
        link.may_sleep = False
        await module.until_mode(0x60)

    module.run(scenario())
    assert module.car.frames == [(0x155, b"\x02")]


def test_a_bus_that_never_sleeps_long_is_left_alone():
    module = Module()
    link = module.link
    link.quiet_ms = 4
    link.may_sleep = True

    async def scenario():
        for n in range(4):
            await module.until(lambda: link.is_asleep)
            module.model.bus_frame(0x424, b"\x01")
            await module.until(lambda: not link.is_asleep)
            assert link.quiet_ms == 8 << n

    module.run(scenario())


def test_a_controller_that_is_lost_while_asleep_is_opened_anew():
    module = Module()
    link = module.link
    link.quiet_ms = 4
    link.may_sleep = True

    async def scenario():
        await module.until(lambda: link.is_asleep)
        link.may_sleep = False
        module.model.power_on()
        await module.until_mode(0x60)
        module.model.bus_frame(0x155, b"\x01")
        await module.until(lambda: module.car.frames)

    module.run(scenario())


def test_a_driver_that_cannot_sleep_is_asked_less_and_less():
    module = Module()
    link = module.link
    module.bus.interrupt = None
    link.quiet_ms = 4
    link.may_sleep = True

    async def scenario():
        await module.until(lambda: link.quiet_ms >= 32)
        assert not link.is_asleep
        module.model.bus_frame(0x155, b"\x01")
        await module.until(lambda: module.car.frames)

    module.run(scenario())
