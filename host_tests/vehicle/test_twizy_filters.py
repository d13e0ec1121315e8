"""The Twizy's bus on the controller: all it wants passes, of the rest hardly a frame."""

from host_tests.drivers.mcp2515_bench import MCP2515Bench
from ovms.vehicle.twizy.car import Twizy
from tools.simulated_board.models.mcp2515 import OVERFLOW

# Every id the Twizy's bus is known to carry, with milliseconds between two frames, 0 for an event
# (Twizy facts 1.2).
BUS = (
    (0x080, 20),
    (0x081, 0),
    (0x155, 10),
    (0x196, 10),
    (0x19F, 10),
    (0x423, 100),
    (0x424, 100),
    (0x425, 100),
    (0x426, 100),
    (0x436, 100),
    (0x554, 1000),
    (0x556, 100),
    (0x557, 1000),
    (0x55E, 1000),
    (0x55F, 1000),
    (0x581, 0),
    (0x597, 100),
    (0x599, 100),
    (0x59B, 100),
    (0x59E, 100),
    (0x5D7, 100),
    (0x601, 0),
    (0x627, 100),
    (0x628, 100),
    (0x629, 100),
    (0x659, 3000),
    (0x69F, 1000),
    (0x700, 1000),
    (0x701, 500),
)


def passed_foreign(foreign_ids):
    """(id, milliseconds) of the bus that the controller hands on though the car wants it not."""
    bench = MCP2515Bench().open(Twizy.RX_IDS, (), True, foreign_ids)
    foreign = []
    for arbitration_id, period_ms in BUS:
        before = bench.count("foreign")
        assert bench.frame(arbitration_id, bytes(8)) != OVERFLOW
        if bench.count("foreign") > before:
            foreign.append((arbitration_id, period_ms))
    ids = [arbitration_id for arbitration_id, _ in bench.received()]
    assert sorted(ids) == sorted([n for n, _ in BUS if n in Twizy.RX_IDS])
    return foreign


def frames_per_s(ids):
    return sum([1000 / period_ms for _, period_ms in ids if period_ms])


def test_hardly_a_foreign_frame_passes_the_controller():
    passed = passed_foreign(Twizy.FOREIGN_IDS)
    # No six filters tell 080 from 081, and 629 from 628, and let 700 pass, too.
    assert [n for n, period_ms in passed if 0 < period_ms <= 100] == [0x080, 0x629]
    assert frames_per_s(passed) < 62
    # The hint pays.
    assert frames_per_s(passed_foreign(())) > frames_per_s(passed) + 5


def test_the_hint_is_true():
    """What the bus carries ten times a second and nobody decodes, and no more."""
    often = [n for n, period_ms in BUS if 0 < period_ms <= 100 and n not in Twizy.RX_IDS]
    assert sorted(Twizy.FOREIGN_IDS) == sorted(often)
