"""A CANLink beside a scenario, with a car that keeps what it hears, for tests on all runtimes."""

import asyncio

from host_tests.shims.expect import run
from ovms.vehicle.base import Vehicle
from ovms.vehicle.state import VehicleState


class Config:
    """Feature 15 alone. can_write: 1 for a module that may write to its car."""

    def __init__(self, can_write=0):
        self.can_write = can_write

    def feature(self, number):
        return self.can_write if number == 15 else 0


class Car(Vehicle):
    BITRATE = 500_000
    RX_IDS = (0x155, 0x597)
    TX_FRAMES = ((0x601, 8),)

    def __init__(self):
        super().__init__(VehicleState(), None)
        self.frames = []

    def on_frame(self, arbitration_id, data, dlc):
        self.frames.append((arbitration_id, bytes(data[:dlc])))


class LinkBench:
    """Extended by who makes `link`, a CANLink."""

    link = None

    def run(self, scenario, *beside):
        """Run the link and `beside`, coroutines that may end, until `scenario` has."""

        async def all_of_them():
            tasks = [asyncio.create_task(work) for work in (self.link.run(),) + beside]
            try:
                await scenario
            finally:
                for task in tasks:
                    task.cancel()
                    if not await _was_cancelled(task) and task is tasks[0]:
                        raise AssertionError("the link ended by itself")

        run(all_of_them())

    async def until(self, condition):
        """Wait until `condition()`."""
        for _ in range(1000):
            if condition():
                return
            await asyncio.sleep_ms(2)
        raise AssertionError("it never happened")


async def _was_cancelled(task):
    try:
        await task
    except asyncio.CancelledError:
        return True
    return False
