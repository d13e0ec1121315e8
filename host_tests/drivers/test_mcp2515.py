"""The MCP2515 driver on the register model: what reaches the chip, the bus and the ring."""

from host_tests.drivers.mcp2515_bench import ATTEMPT_US, DATA, IDS, MCP2515Bench
from host_tests.shims.expect import raises
from ovms.drivers import mcp2515
from ovms.drivers.mcp2515_setup import bit_timing
from tools.simulated_board.models.mcp2515 import ACCEPTED

RECEIVE_ALL = 0x60


def test_bit_timings_sample_between_75_and_87_percent():
    for crystal_hz, rates in (
        (8_000_000, (125_000, 250_000, 500_000)),
        (16_000_000, (100_000, 125_000, 250_000, 500_000, 1_000_000)),
        (20_000_000, (125_000, 250_000, 500_000)),
    ):
        for bitrate in rates:
            cnf3, cnf2, cnf1 = bit_timing(crystal_hz, bitrate)
            before = 1 + (cnf2 & 7) + 1 + (cnf2 >> 3 & 7) + 1
            quanta = before + (cnf3 & 7) + 1
            assert crystal_hz == 2 * ((cnf1 & 0x3F) + 1) * quanta * bitrate
            assert 750 <= before * 1000 // quanta <= 875
            # BTLMODE on, one sample, SJW 1, phase 2 longer than SJW.
            assert cnf2 & 0xC0 == 0x80 and cnf1 >> 6 == 0 and 1 <= cnf3 <= 7


def test_bit_timings_of_the_tables():
    # Hardware facts 2.4; 20 MHz: 1 + 8 + 8 + 3 quanta as the OVMS v2 module in the Twizy.
    assert bit_timing(16_000_000, 500_000) == b"\x01\xb5\x00"
    assert bit_timing(8_000_000, 500_000) == b"\x01\x91\x00"
    assert bit_timing(20_000_000, 500_000) == b"\x02\xbf\x00"
    assert "8000000" in str(raises(ValueError, bit_timing, 8_000_000, 1_000_000))


def test_open_sets_the_chip_up():
    bench = MCP2515Bench().open()
    registers = bench.model.registers
    assert bench.model.mode == 0x60
    assert bytes(registers[0x28:0x2C]) == b"\x01\xb5\x00\x23"
    # Filters on, rollover from RXB0 to RXB1.
    assert registers[0x60] & 0x64 == 0x04 and registers[0x70] & 0x60 == 0x00
    assert bench.model.bit_rate() == 500_000
    assert bench.bus.state() == mcp2515.ACTIVE


def test_filters_reach_the_chip():
    bench = MCP2515Bench().open()
    passed = []
    for arbitration_id in range(0x800):
        if bench.model.bus_frame(arbitration_id, b"\x55") == ACCEPTED:
            passed.append(arbitration_id)
    # They let some others into the chip, but far from all 2038.
    assert 0 < bench.count("foreign") == len(passed) - len(IDS) < 100
    foreign = [n for n in passed if n not in IDS]
    bench.open(foreign_ids=foreign)
    assert ACCEPTED not in [bench.model.bus_frame(n, b"\x55") for n in foreign[:3]]


def test_filters_are_computed_once():
    bench = MCP2515Bench().open()
    filters = bench.bus.asked[4]
    bench.open(ids=list(IDS), is_silent=False)
    assert bench.bus.asked[4] is filters
    # Whoever wants all for a while, too.
    bench.open(ids=None)
    assert bench.model.bus_frame(0x7A5, b"") == ACCEPTED
    bench.open(ids=IDS)
    assert bench.bus.asked[4] is filters
    assert bench.model.bus_frame(0x7A5, b"") != ACCEPTED
    bench.open(ids=IDS[:6])
    assert bench.bus.asked[4] is not filters


def test_no_chip_is_one_sentence():
    for level in (0x00, 0xFF):
        bench = MCP2515Bench()
        bench.model.port.miso_stuck = level
        error = raises(OSError, bench.open)
        assert str(error) == ("no CAN controller answers on SPI: check its supply and its wires")
        assert bench.bus.state() == mcp2515.STOPPED
        assert bench.bus.service() == 0 and not bench.bus.check()
        bench.model.port.miso_stuck = None
        bench.open()
        assert bench.bus.state() == mcp2515.ACTIVE


def test_interrupt_delivers_frames_in_order():
    bench = MCP2515Bench().open()
    for n in range(20):
        bench.model.bus_frame(0x155, bytes([n]))
    bench.model.bus_frame(0x554, b"")
    assert bench.received() == [(0x155, bytes([n])) for n in range(20)] + [(0x554, b"")]
    assert not bench.model.is_interrupt_low


def test_broken_interrupt_line_is_noticed():
    bench = MCP2515Bench().open()
    bench.pin.is_broken = True
    bench.model.bus_frame(0x155, b"\x01")
    assert bench.bus.service() == 0
    assert bench.bus.check()
    assert bench.received() == [(0x155, b"\x01")]
    bench.model.bus_frame(0x155, b"\x02")
    assert bench.bus.service() == 1


def test_frames_arriving_at_any_transaction_keep_their_order():
    for has_interrupt in (True, False):
        for first in range(1, 9):
            bench = MCP2515Bench(has_interrupt).open()
            bench.bus.service()
            start = bench.spi.transactions
            pending = [1, 2, 3]

            def arrive(n, bench=bench, pending=pending, first=first, start=start):
                if pending and n - start >= first and bench.model.can_accept(0x155):
                    bench.model.bus_frame(0x155, bytes([pending.pop(0)]))

            bench.spi.on_transaction = arrive
            bench.model.bus_frame(0x155, b"\x00")
            for _ in range(10):
                bench.bus.service()
                bench.bus.check()
            assert not pending
            assert bench.received() == [(0x155, bytes([n])) for n in range(4)], first


def test_interrupt_during_recv_is_not_lost():
    bench = MCP2515Bench().open()
    bench.model.bus_frame(0x155, b"\x01")

    class Frame:
        """Lets a frame arrive while the driver copies another."""

        def __getitem__(self, index):
            return bytearray(8)

        def __setitem__(self, index, value):
            if index == 2:
                bench.model.bus_frame(0x155, b"\x02")

    assert bench.bus.recv(Frame())
    assert bench.received() == [(0x155, b"\x02")]


def test_edge_between_the_last_look_and_the_end_is_not_lost():
    bench = MCP2515Bench().open()
    pending = [b"\x02"]
    level = bench.pin.value

    class LatePin:
        """High when looked at; right after the look a frame arrives."""

        def value(self):
            seen = level()
            if seen and pending and bench.count("frames"):
                bench.model.bus_frame(0x155, pending.pop())
            return seen

    bench.bus._receiver.is_line_high = LatePin().value
    bench.model.bus_frame(0x155, b"\x01")
    # Both were in the ring before anybody asked for one.
    assert not pending and bench.count("frames") == 2
    assert bench.received() == [(0x155, b"\x01"), (0x155, b"\x02")]


def test_foreign_extended_and_remote_frames_are_dropped():
    bench = MCP2515Bench().open()
    bench.model.registers[0x60] |= RECEIVE_ALL
    bench.model.bus_frame(0x156, DATA)
    bench.model.bus_frame(0x155, DATA, is_extended=True)
    bench.model.bus_frame(0x155, b"", is_remote=True)
    assert bench.received() == []
    assert bench.count("foreign") == 3


def test_dlc_above_8_means_8():
    bench = MCP2515Bench().open()
    bench.pin.is_deaf = True
    bench.model.bus_frame(0x155, DATA)
    bench.model.registers[0x65] = 0x0F
    bench.bus.service()
    frame = [0, bytearray(8), 0, 0]
    assert bench.bus.recv(frame)
    assert frame == [0x155, bytearray(DATA), 8, 0]


def test_chip_overflow_is_counted_and_cleared():
    bench = MCP2515Bench().open()
    bench.pin.is_deaf = True
    for n in range(3):
        bench.model.bus_frame(0x155, bytes([n]))
    bench.pin.is_deaf = False
    bench.bus.service()
    assert bench.received() == [(0x155, b"\x00"), (0x155, b"\x01")]
    assert bench.count("chip_overflow") == 1
    assert bench.model.registers[0x2D] == 0 and not bench.model.is_interrupt_low


def test_one_service_call_is_bounded():
    bench = MCP2515Bench(has_interrupt=False).open()
    endless = [0]

    def arrive(_):
        if bench.model.can_accept(0x155):
            endless[0] += 1
            bench.model.bus_frame(0x155, b"")

    bench.spi.on_transaction = arrive
    assert bench.bus.service() <= 64


def test_damaged_frames_are_counted_by_checks():
    bench = MCP2515Bench().open()
    for _ in range(5):
        bench.model.bus_error()
        assert bench.bus.check()
    assert bench.bus.check()
    assert bench.count("message_errors") == 5


def test_without_a_listener_the_frame_is_given_up():
    bench = MCP2515Bench().open(is_silent=False)
    bench.model.has_listener = False
    bench.bus.send(0x601, DATA)
    for _ in range(30):
        bench.model.tick_us(ATTEMPT_US)
        bench.bus.service()
    assert bench.count("tx_aborted") == 1 and bench.bus.state() == mcp2515.PASSIVE
    assert 16 <= bench.model.transmissions <= 18
    # The second one brings no new error state: the next check gives it up.
    assert bench.bus.send(0x601, DATA)
    bench.bus._sent_ms -= 60
    assert bench.bus.check()
    assert bench.count("tx_aborted") == 2


def test_bus_off_is_listen_only():
    bench = MCP2515Bench().open(is_silent=False)
    bench.go_bus_off(0x601, DATA)
    bench.bus.service()
    # It would be back after 128 times 11 recessive bits.
    bench.model.tick_us(1_000_000)
    assert bench.model.mode == 0x60 and not bench.model.registers[0x30] & 0x08
    bench.bus.restart()
    assert bench.model.mode == 0x00


def test_restart_where_the_bus_was_blocked_ever_since():
    """The chip could not even enter listen-only: it must not be taken for recovered."""
    bench = MCP2515Bench().open(is_silent=False)
    bench.go_bus_off(0x601, DATA)
    bench.model.is_stuck_dominant = True
    bench.bus.service()
    assert bench.model.mode == 0x00
    assert "never idle" in str(raises(OSError, bench.bus.restart))
    assert bench.bus.state() == mcp2515.BUS_OFF
    bench.model.is_stuck_dominant = False
    bench.model.tick_us(1_000_000)
    assert bench.model.mode == 0x60 and bench.model.acks == 0


def test_check_reads_timing_interrupts_and_mode():
    for address in (0x28, 0x29, 0x2A, 0x2B):
        bench = MCP2515Bench().open()
        bench.model.registers[address] ^= 0x01
        assert not bench.bus.check() and bench.count("spi_errors") == 1
    for mode in (0x00, 0x20, 0x40, 0x80):
        bench = MCP2515Bench().open()
        bench.model.mode = mode
        assert not bench.bus.check()


def test_miso_stuck_while_running_is_no_frame():
    bench = MCP2515Bench(has_interrupt=False).open(is_silent=False)
    bench.model.port.miso_stuck = 0xFF
    assert bench.bus.service() == 0
    assert bench.received() == [] and bench.count("spi_errors") == 1
    assert bench.bus.state() == mcp2515.ACTIVE


def test_close_puts_the_chip_to_sleep():
    bench = MCP2515Bench().open(is_silent=False)
    bench.bus.close()
    bench.model.tick_us(10)
    assert bench.model.mode == 0x20
