"""A car that sends in bursts: the hint of which frames matter most, on every CAN driver, and what
the MCP2515 makes of it."""

from host_tests.drivers.mcp2515_bench import MCP2515Bench
from host_tests.drivers.twai_bench import TWAIBench
from host_tests.shims.expect import raises
from ovms.drivers.mcp2515_filters import acceptance_filters

ROADSTER = (0x100, 0x102, 0x344, 0x402)
FIRST_ROADSTER = ROADSTER + (0x400,)
SUB_TYPES = ((0x100, 0x95), (0x100, 0x96))
# What is sent in one go, in this order (car facts 1.2.1).
BURST = (0x88, 0x89, 0x8D, 0x95)
PAYLOADS = (b"", b"\x00", b"\x95", b"\x96\x01", b"\x95\x95\x95", b"\xff" * 8)


def burst(bench, numbers):
    """Frames of id 0x100 that nobody can drain meanwhile; the first data bytes of what arrives."""
    bench.set_deaf(True)
    for number in numbers:
        bench.frame(0x100, bytes([number, 1, 2, 3, 4, 5, 6, 7]))
    bench.set_deaf(False)
    bench.bus.service()
    return [data[0] for _, data in bench.received()]


def test_the_hint_changes_nothing_of_what_arrives():
    """Every id with every first data byte that may matter, and with none."""
    for make in (MCP2515Bench, TWAIBench):
        for ids in (ROADSTER, FIRST_ROADSTER, (0x100,), None):
            bench = make()
            for hint in (SUB_TYPES, SUB_TYPES[:1], ((0x100, 0), (0x344, 0xFF), (0x777, 1))):
                bench.open(ids, (), True, (), hint)
                for arbitration_id in FIRST_ROADSTER + (0x101, 0x110, 0x777):
                    for data in PAYLOADS:
                        bench.frame(arbitration_id, data)
                        bench.bus.service()
                    is_wanted = ids is None or arbitration_id in ids
                    frames = [(arbitration_id, data) for data in PAYLOADS] if is_wanted else []
                    assert bench.received() == frames


def test_a_burst_that_nobody_drains():
    """Two frames of it are kept; with the hint the one that matters is among them."""
    bench = MCP2515Bench(bus_bitrate=1_000_000)
    bench.open(ROADSTER, (), True, ())
    assert burst(bench, BURST) == [0x88, 0x89]
    for ids in (ROADSTER, FIRST_ROADSTER):
        bench.open(ids, (), True, (), SUB_TYPES)
        for numbers in (BURST, (0x96,) + BURST[:3], BURST[:3] + (0x96,), BURST[1:]):
            lost = bench.count("chip_overflow")
            got = burst(bench, numbers)
            assert len(got) == 2 and (0x95 in got or 0x96 in got), numbers
            assert bench.count("chip_overflow") == lost + 1
        # Nothing else came: they have both buffers.
        assert sorted(burst(bench, (0x95, 0x96))) == [0x95, 0x96]
        assert burst(bench, (0x96, 0x96, 0x96)) == [0x96, 0x96]


def test_what_the_chip_is_told():
    bench = MCP2515Bench(bus_bitrate=1_000_000).open(ROADSTER, (), True, (), SUB_TYPES)
    registers = bench.model.registers
    # Masks and filters: SIDH, SIDL, EID8 (the first data byte), EID0 (hardware facts 2.2, 2.3).
    assert bytes(registers[0x20:0x24]) == b"\xff\xe0\xff\x00"
    assert bytes(registers[0x00:0x08]) == b"\x20\x00\x95\x00\x20\x00\x96\x00"
    assert bytes(registers[0x24:0x28]) == b"\xff\xe0\x00\x00"
    assert sorted(bytes(registers[at : at + 4]) for at in (0x08, 0x10, 0x14, 0x18)) == [
        b"\x20\x00\x00\x00",
        b"\x20\x40\x00\x00",
        b"\x68\x80\x00\x00",
        b"\x80\x40\x00\x00",
    ]


def passes(filters, key):
    mask_0, filters_0, mask_1, filters_1 = filters
    return key & mask_0 in filters_0, key & mask_1 in filters_1


def test_filters_of_more_than_there_is_room_for():
    sub_types = ((0x100, 0x80), (0x100, 0x81), (0x100, 0x95), (0x102, 0x95))
    ids = FIRST_ROADSTER + (0x101, 0x280)
    filters = acceptance_filters(ids, (0x103, 0x281), sub_types)
    for arbitration_id, byte in sub_types:
        assert passes(filters, byte << 11 | arbitration_id)[0]
    for arbitration_id in ids:
        for byte in (0x00, 0x80, 0x95, 0xFF):
            assert passes(filters, byte << 11 | arbitration_id)[1]
    # Of both the first buffer takes little else.
    others = [key for key in range(0x80000) if passes(filters, key)[0]]
    assert len(others) <= 8
    # The second lets in what it must, and not what is known to be foreign.
    assert not passes(filters, 0x103)[1] or not passes(filters, 0x281)[1]


def test_the_hint_for_an_id_that_is_not_wanted_is_none():
    ids = (0x155, 0x424)
    assert acceptance_filters(ids, (), SUB_TYPES) == acceptance_filters(ids)


def test_ids_are_looked_at_as_ever():
    bench = MCP2515Bench()
    assert "0x7FF" in str(raises(ValueError, bench.open, (0x800,), (), True, (), SUB_TYPES))


def test_sub_types_are_part_of_what_filters_are_computed_from():
    bench = MCP2515Bench().open(ROADSTER)
    before = bench.bus.asked[4]
    assert bench.open(ROADSTER, sub_types=SUB_TYPES).bus.asked[4] is not before
    kept = bench.bus.asked[4]
    assert bench.open(ROADSTER, sub_types=SUB_TYPES).bus.asked[4] is kept
