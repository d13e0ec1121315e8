"""The simulation of lost frames against what can be counted by hand. CPython only."""

from dataclasses import replace

import pytest

from tools.benchmarks.frame_budget import (
    MCP2515,
    TWAI,
    Frame,
    Module,
    Pause,
    full_bus,
    in_banks,
    lost,
    measure,
    on_bus,
    sustained,
)

# Without the time on the wire.
PLAIN = replace(MCP2515, wire_us=0)
BURST = (0x88, 0x89, 0x8D, 0x95)
QUICK = Module(drain_us=80, decode_us=60)


def every(us, seconds=2, **more):
    return [Frame(n * us, **more) for n in range(1, int(seconds * 1e6 / us))]


def test_nothing_is_lost_of_what_can_be_served():
    for controller in (MCP2515, TWAI):
        result = lost(every(1000), controller, QUICK)
        assert (result.passed, result.in_controller, result.in_ring) == (1999, 0, 0)


def test_half_is_lost_of_twice_what_can_be_served():
    slow = Module(drain_us=500, decode_us=1)
    for controller in (PLAIN, TWAI):
        result = lost(every(250), controller, slow)
        assert result.in_controller == pytest.approx(result.passed / 2, abs=20)
        # Interrupt upon interrupt: the link hardly has a turn.
        assert result.in_ring > 0.4 * result.passed


def test_a_ring_that_fills_loses_what_the_controller_does_not():
    slow = Module(drain_us=50, decode_us=1000)
    result = lost(every(500, 10), PLAIN, slow)
    assert result.in_controller == 0
    # While 20 come, the interrupts leave the time for 9.
    assert result.per_thousand == pytest.approx(550, abs=5)


def test_a_collection_is_longer_than_the_buffers_last():
    # One of 10 ms in 2 s, at a frame every millisecond.
    module = Module(80, 60, no_interrupts=(Pause(2e6, 1e6 + 500, 10_000),))
    # Ten come meanwhile: the MCP2515 keeps two, the TWAI five of eight bytes, or 21 of none.
    for controller, dlc, kept in ((MCP2515, 8, 2), (TWAI, 8, 5), (TWAI, 2, 10), (MCP2515, 0, 2)):
        result = lost(every(1000, dlc=dlc), controller, module)
        assert result.in_controller == 10 - kept, (controller.name, dlc)


def test_a_long_turn_of_another_task_fills_the_ring():
    module = Module(80, 60, no_link=(Pause(2e6, 1e6 + 500, 100_000),))
    result = lost(every(1000), MCP2515, module)
    # 100 ms, less than 10 since the last look, and the ring keeps 47.
    assert result.in_controller == 0
    assert 100 - 47 <= result.in_ring <= 110 - 47
    assert lost(every(1000, wanted=False), MCP2515, module).in_ring == 0


def test_what_does_not_pass_the_filter_costs_nothing():
    slow = Module(drain_us=5000, decode_us=5000)
    assert lost(every(1000, passes=False), MCP2515, slow).per_thousand == 0


def test_a_timer_looks_at_its_own_time():
    # Six frames of 8 bytes within its millisecond: one has no room.
    frames = [Frame(1001 + n) for n in range(6)]
    assert lost([*frames, Frame(9000)], TWAI, QUICK).in_controller == 1


def test_sustained():
    module = Module(drain_us=400, decode_us=100)
    rate = sustained(TWAI, module, 4000)
    assert 1900 <= rate <= 2010
    assert sustained(MCP2515, QUICK, 1000) == 1000


def test_a_bus_carries_one_frame_at_a_time():
    sent = [(0, 5, bytes(8)), (0, 6, b""), (1_000_000, 7, bytes(8))]
    frames = on_bus(sent, 500_000, lambda number: number != 6, (5,))
    assert [frame.end_us for frame in frames] == [222, 222 + 94, 1_000_222]
    assert [(frame.passes, frame.wanted, frame.dlc) for frame in frames] == [
        (True, True, 8),
        (False, False, 0),
        (True, False, 8),
    ]
    # Hardware facts 2.8.
    assert len(full_bus(500_000)) / 20 == pytest.approx(4505, abs=2)


def test_a_burst_by_the_buffers_it_may_use():
    """Four frames within a pause; the last one matters (car facts 1.2.1)."""
    module = Module(80, 60, no_interrupts=(Pause(2e6, 500, 10_000),))
    sent = [(1000 + 300 * n, 0x100, bytes((number, 0))) for n, number in enumerate(BURST)]
    by_ids = (0x7FF, (0x100, 0x102), 0x7FF, (0x344, 0x402, 0x344, 0x344))
    by_bytes = (
        0x7FFFF,
        (0x95 << 11 | 0x100, 0x96 << 11 | 0x100),
        0x7FF,
        (0x100, 0x102, 0x344, 0x402),
    )
    for filters, mattered_lost in ((by_ids, 1), (by_bytes, 0)):
        frames = in_banks(sent, 1_000_000, filters, ((0x100, 0x95),))
        assert [frame.matters for frame in frames] == [False, False, False, True]
        result = lost(frames, PLAIN, module)
        assert (result.passed, result.in_controller) == (4, 2)
        assert (result.mattered, result.mattered_lost) == (1, mattered_lost)
    # Two of them: the second one spills over, unless another is there.
    twice = [(0, 0x100, b"\x95"), (300, 0x100, b"\x96"), (600, 0x100, b"\x88")]
    frames = in_banks([(t + 1000, n, d) for t, n, d in twice], 1_000_000, by_bytes, ())
    assert lost(frames, PLAIN, module).in_controller == 1
    assert [frame.bank for frame in frames] == [0, 0, 1]


def test_the_rows_of_the_bench():
    rows = measure(9_000, 16_800)
    assert len(rows) == 2 * (1 + 3 * 3) + 4
    values = {row.what: row.value for row in rows}
    for controller in ("MCP2515", "TWAI"):
        full = [
            values[f"{controller}, full bus, all wanted, {rate} kbit/s: lost of a thousand"]
            for rate in (125, 250, 500)
        ]
        assert full == sorted(full) and 5 < full[0] < full[2]
        # A Twizy is lost in pauses only: at most what comes in 6 ms of each second.
        assert values[f"{controller}, Twizy, 500 kbit/s: lost of a thousand"] < 20
