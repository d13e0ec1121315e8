"""The ring of a CAN driver outlasts the event loop's longest stall. CPython only.

The frames are those of a driving Twizy at 500 kbit/s, in the densest piece of 20 seconds. The
loop takes none meanwhile; what keeps the controller empty is the driver's interrupt or timer.
"""

import pytest

from host_tests.drivers.mcp2515_bench import MCP2515Bench
from host_tests.drivers.twai_bench import TWAIBench
from ovms.vehicle.twizy.car import Twizy
from tools.desk.twizy_sim import TwizySimulator

# The longest stall that the firmware may have, and the link's pause before its next look.
STALL_MS = 100 + 10
_START_MS = 12_000
_SECONDS = 20


@pytest.fixture(scope="module")
def bus():
    """What is on the bus in each millisecond of driving: lists of (arbitration_id, data)."""
    car = TwizySimulator("drive")
    car.step(_START_MS)
    return [car.step(1) for _ in range(_SECONDS * 1000)]


def wanted(milliseconds):
    return [frame for now in milliseconds for frame in now if frame[0] in Twizy.RX_IDS]


def densest(bus, ms):
    """The piece of so many milliseconds with the most frames that the car decodes."""
    pieces = [bus[at : at + ms] for at in range(0, len(bus) - ms, 5)]
    return max(pieces, key=lambda piece: len(wanted(piece)))


@pytest.mark.parametrize("make_bench", [MCP2515Bench, TWAIBench])
def test_no_frame_is_lost_in_the_longest_stall(make_bench, bus):
    bench = make_bench().open(Twizy.RX_IDS, Twizy.TX_FRAMES, True, Twizy.FOREIGN_IDS)
    piece = densest(bus, STALL_MS)
    for frames in piece:
        for arbitration_id, data in frames:
            bench.frame(arbitration_id, data)
        bench.pass_us(1000)
    assert len(wanted(piece)) > 30
    assert bench.received() == wanted(piece)
    assert bench.count("ring_dropped") == bench.count("chip_overflow") == 0


@pytest.mark.parametrize("make_bench", [MCP2515Bench, TWAIBench])
def test_what_a_longer_one_costs_is_counted(make_bench, bus):
    """The newest frames are kept."""
    bench = make_bench().open(Twizy.RX_IDS, Twizy.TX_FRAMES, True, Twizy.FOREIGN_IDS)
    piece = densest(bus, 3 * STALL_MS)
    for frames in piece:
        for arbitration_id, data in frames:
            bench.frame(arbitration_id, data)
        bench.pass_us(1000)
    kept = bench.received()
    assert kept == wanted(piece)[-len(kept) :]
    assert bench.count("ring_dropped") == len(wanted(piece)) - len(kept) > 0
