"""Frames of fast time: few, and the battery monitor is not deceived. Runs on CPython only."""

import collections

import pytest

from ovms.vehicle.base import EVENT_BATTERY
from ovms.vehicle.state import VehicleState
from ovms.vehicle.twizy.car import Twizy
from tools.desk.thinning import Thinning
from tools.desk.twizy_sim import TwizySimulator


class Settings:
    is_miles = is_paranoid = False
    revision = 0

    def feature(self, n):
        return 0


def listen(scenario, from_s, to_s):
    """(car, events) of a firmware that joins the thinned bus at `from_s`."""
    simulator = TwizySimulator(scenario)
    thinning = Thinning()
    car = Twizy(VehicleState(), Settings())
    events = []
    car.on_event = events.append
    buffer = bytearray(8)
    for tenth in range(0, to_s * 10, 2):
        for _, arbitration_id, data in thinning.thin(simulator.timed_step(200)):
            if tenth >= from_s * 10:
                buffer[: len(data)] = data
                car.on_frame(arbitration_id, buffer, len(data))
        if tenth % 10 == 0:
            car.poll(1000)
    return car, events


@pytest.mark.parametrize("from_s", [0, 40.0, 40.1, 40.2, 40.3, 40.9])
def test_a_healthy_pack_stays_healthy(from_s):
    """Whenever it joins, also in the middle of a set of frames."""
    car, events = listen("healthy", from_s, 110)
    assert car.battery.sets > 30
    assert EVENT_BATTERY not in events
    assert car.battery.cells.deviation <= 2, "10 mV"


def test_cells_stand_still_within_a_second():
    """A frame of the first cells that overtakes the others must not be of another moment."""
    frames = [(100_000 * n + 250, 0x556, bytes([n] * 8)) for n in range(30)]
    kept = Thinning().thin(frames)
    assert [data[0] for _, _, data in kept] == [0] + [1] * 4 + [11] * 4 + [21] * 4


def test_a_drifting_cell_is_the_only_one_found():
    car, events = listen("drifting_cell", 20, 240)
    assert EVENT_BATTERY in events
    assert car.battery.cells.alerts & 0x7FFF == 1 << 4


def test_few_frames():
    thinning = Thinning()
    frames = thinning.thin(TwizySimulator("drive").timed_step(30_000))
    counts = collections.Counter(arbitration_id for _, arbitration_id, _ in frames)
    seconds = counts[0x155]
    assert 25 <= seconds <= 28, "the car sleeps first"
    assert 3.5 * seconds < counts.pop(0x556) <= 4 * seconds
    assert max(counts.values()) <= seconds + 1
