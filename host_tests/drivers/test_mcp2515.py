"""The MCP2515 driver on the register model: what reaches the chip, the bus and the ring."""

from host_tests.models.mcp2515 import ACCEPTED, MCP2515Model
from host_tests.models.mcp2515_spi import ChipSelectPin, InterruptPin, ModelSPI
from host_tests.shims.expect import allocates, raises
from ovms.drivers import mcp2515
from ovms.drivers.mcp2515 import MCP2515
from ovms.drivers.mcp2515_setup import bit_timing
from ovms.protocol.can import acceptance_filters

DATA = b"\x01\x02\x03\x04\x05\x06\x07\x08"
IDS = (0x081, 0x155, 0x196, 0x424, 0x554, 0x55E, 0x581, 0x597, 0x599, 0x69F)
SDO = ((0x601, 8),)


class Bench:
    """A driver on a model. options: those of MCP2515Model."""

    def __init__(self, has_interrupt=True, filters=None, **options):
        self.model = MCP2515Model(**options)
        self.spi = ModelSPI(self.model)
        self.pin = InterruptPin(self.model) if has_interrupt else None
        self.sent = []
        self.model.on_transmit = lambda *frame: self.sent.append(frame)
        self.bus = MCP2515(
            self.spi, ChipSelectPin(self.model), self.pin, self.model.crystal_hz, filters
        )

    def count(self, name):
        return self.bus.counts().get("can_" + name, 0)

    def open(self, ids=IDS, tx_frames=SDO, is_silent=True):
        self.bus.open(500_000, ids, tx_frames, is_silent)
        return self

    def received(self):
        frame = [0, bytearray(8), 0, 0]
        frames = []
        while self.bus.recv(frame):
            frames.append((frame[0], bytes(frame[1][: frame[2]])))
        return frames


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
    bench = Bench().open()
    registers = bench.model.registers
    assert bench.model.mode == 0x60
    assert bytes(registers[0x28:0x2C]) == b"\x01\xb5\x00\x23"
    assert registers[0x60] & 0x64 == 0x64 and registers[0x70] & 0x60 == 0x60
    assert bench.model.bit_rate() == 500_000
    assert bench.bus.state() == mcp2515.ACTIVE


def test_filters_reach_the_chip():
    bench = Bench(filters=acceptance_filters).open()
    for arbitration_id in range(0x800):
        if bench.model.bus_frame(arbitration_id, b"\x55") == ACCEPTED:
            bench.bus.service()
    assert [frame[0] for frame in bench.received()] == sorted(IDS)
    # The filters let some others into the chip, but far from all 2038.
    assert 0 < bench.count("foreign") < 100
    assert bench.model.registers[0x60] & 0x64 == 0x04


def test_no_chip_is_one_sentence():
    for level in (0x00, 0xFF):
        bench = Bench()
        bench.model.port.miso_stuck = level
        error = raises(OSError, bench.open)
        assert str(error) == "no CAN controller answers on SPI"
        assert bench.bus.state() == mcp2515.STOPPED
        assert bench.bus.service() == 0 and not bench.bus.check()
        bench.model.port.miso_stuck = None
        bench.open()
        assert bench.bus.state() == mcp2515.ACTIVE


def test_stuck_bus_is_one_sentence():
    bench = Bench()
    bench.model.is_stuck_dominant = True
    assert "never idle" in str(raises(OSError, bench.open))


def test_interrupt_delivers_frames_in_order():
    bench = Bench().open()
    for n in range(20):
        bench.model.bus_frame(0x155, bytes([n]))
    bench.model.bus_frame(0x554, b"")
    assert bench.received() == [(0x155, bytes([n])) for n in range(20)] + [(0x554, b"")]
    assert not bench.model.is_interrupt_low


def test_backstop_without_an_interrupt_pin():
    bench = Bench(has_interrupt=False).open()
    bench.model.bus_frame(0x155, b"\x01")
    bench.model.bus_frame(0x155, b"\x02")
    assert bench.received() == []
    assert bench.bus.service() == 2
    assert bench.received() == [(0x155, b"\x01"), (0x155, b"\x02")]
    assert bench.bus.service() == 0


def test_lost_edge_is_found_by_the_backstop():
    bench = Bench().open()
    bench.pin.is_deaf = True
    bench.model.bus_frame(0x155, b"\x01")
    assert bench.received() == []
    bench.bus.service()
    assert bench.received() == [(0x155, b"\x01")]


def test_broken_interrupt_line_is_noticed():
    bench = Bench().open()
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
            bench = Bench(has_interrupt).open()
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
    bench = Bench().open()
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
    bench = Bench().open()
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
    bench = Bench().open()
    bench.model.bus_frame(0x156, DATA)
    bench.model.bus_frame(0x155, DATA, is_extended=True)
    bench.model.bus_frame(0x155, b"", is_remote=True)
    assert bench.received() == []
    assert bench.count("foreign") == 3


def test_dlc_above_8_means_8():
    bench = Bench().open()
    bench.pin.is_deaf = True
    bench.model.bus_frame(0x155, DATA)
    bench.model.registers[0x65] = 0x0F
    bench.bus.service()
    frame = [0, bytearray(8), 0, 0]
    assert bench.bus.recv(frame)
    assert frame == [0x155, bytearray(DATA), 8, 0]


def test_chip_overflow_is_counted_and_cleared():
    bench = Bench().open()
    bench.pin.is_deaf = True
    for n in range(3):
        bench.model.bus_frame(0x155, bytes([n]))
    bench.pin.is_deaf = False
    bench.bus.service()
    assert bench.received() == [(0x155, b"\x00"), (0x155, b"\x01")]
    assert bench.count("chip_overflow") == 1
    assert bench.model.registers[0x2D] == 0 and not bench.model.is_interrupt_low


def test_full_ring_drops_the_oldest():
    bench = Bench().open()
    for n in range(100):
        bench.model.bus_frame(0x155, bytes([n]))
    frames = bench.received()
    assert frames == [(0x155, bytes([n])) for n in range(53, 100)]
    assert bench.count("ring_dropped") == 53 and bench.count("frames") == 100


def test_one_service_call_is_bounded():
    bench = Bench(has_interrupt=False).open()
    endless = [0]

    def arrive(_):
        if bench.model.can_accept(0x155):
            endless[0] += 1
            bench.model.bus_frame(0x155, b"")

    bench.spi.on_transaction = arrive
    assert bench.bus.service() <= 64


def test_silent_bus_is_silent():
    bench = Bench(filters=acceptance_filters).open()
    for arbitration_id in range(0x800):
        bench.model.bus_frame(arbitration_id, DATA)
        bench.model.tick_us(250)
    for _ in range(5):
        bench.model.bus_error()
        assert not bench.bus.send(0x601, DATA)
        bench.bus.check()
    model = bench.model
    assert (model.acks, model.transmissions, model.disturbances) == (0, 0, 0)
    assert bench.count("refused") == 5
    assert bench.count("message_errors") == 5


def test_send_only_what_the_list_allows():
    bench = Bench().open(is_silent=False)
    for arbitration_id in range(0x800):
        for dlc in (0, 1, 7, 8):
            if (arbitration_id, dlc) != (0x601, 8):
                assert not bench.bus.send(arbitration_id, DATA[:dlc])
    assert not bench.bus.send(0x601, DATA + b"\x09")
    assert not bench.bus.send(0x601 | 1 << 18, DATA)
    bench.model.tick_us(10_000)
    assert bench.sent == [] and bench.count("refused") == 0x800 * 4 + 1
    assert bench.bus.send(0x601, DATA)
    bench.model.tick_us(10_000)
    assert bench.sent == [(0x601, DATA, False, False)]
    bench.bus.close()
    assert not bench.bus.send(0x601, DATA)


def test_second_frame_waits_for_the_first():
    bench = Bench().open(is_silent=False)
    assert bench.bus.send(0x601, DATA)
    assert not bench.bus.send(0x601, DATA)
    assert bench.count("tx_busy") == 1
    bench.model.tick_us(300)
    assert bench.bus.send(0x601, bytes(8))
    bench.model.tick_us(300)
    assert [frame[1] for frame in bench.sent] == [DATA, bytes(8)]


def test_without_a_listener_the_frame_is_given_up():
    bench = Bench().open(is_silent=False)
    bench.model.has_listener = False
    bench.bus.send(0x601, DATA)
    for _ in range(30):
        bench.model.tick_us(222)
        bench.bus.service()
    assert bench.count("tx_aborted") == 1 and bench.bus.state() == mcp2515.PASSIVE
    attempts = bench.model.transmissions
    assert 16 <= attempts <= 18
    bench.model.tick_us(100_000)
    assert bench.model.transmissions == attempts
    # The second one brings no new error state: the next check gives it up.
    assert bench.bus.send(0x601, DATA)
    bench.bus._sent_ms -= 60
    assert bench.bus.check()
    assert bench.count("tx_aborted") == 2
    bench.model.has_listener = True
    assert bench.bus.send(0x601, DATA)
    bench.model.tick_us(300)
    assert len(bench.sent) == 1


def test_bus_off_goes_silent_until_restart():
    bench = Bench().open(is_silent=False)
    bench.model.is_tx_corrupted = True
    # An interrupt line that fails lets the counter climb to the end.
    bench.pin.is_broken = True
    bench.bus.send(0x601, DATA)
    bench.model.tick_us(222 * 32)
    bench.pin.is_broken = False
    bench.bus.service()
    assert bench.bus.state() == mcp2515.BUS_OFF and bench.count("bus_off") == 1
    attempts = bench.model.transmissions
    bench.model.tick_us(1_000_000)
    assert bench.model.mode == 0x60 and bench.model.transmissions == attempts
    assert not bench.bus.send(0x601, DATA)
    assert bench.bus.check()
    bench.model.bus_frame(0x155, b"\x07")
    assert bench.received() == [(0x155, b"\x07")] and bench.model.acks == 0
    bench.model.is_tx_corrupted = False
    bench.bus.restart()
    assert bench.bus.state() == mcp2515.ACTIVE and bench.model.mode == 0x00
    assert bench.bus.send(0x601, DATA)
    bench.model.tick_us(300)
    assert len(bench.sent) == 1


def test_check_notices_a_brown_out():
    bench = Bench().open()
    assert bench.bus.check()
    bench.model.power_on()
    assert not bench.bus.check()
    bench.open()
    assert bench.bus.check()
    bench.model.port.miso_stuck = 0xFF
    assert not bench.bus.check()


def test_miso_stuck_while_running_is_no_frame():
    bench = Bench(has_interrupt=False).open(is_silent=False)
    bench.model.port.miso_stuck = 0xFF
    assert bench.bus.service() == 0
    assert bench.received() == [] and bench.count("spi_errors") == 1
    assert bench.bus.state() == mcp2515.ACTIVE


def test_close_puts_the_chip_to_sleep():
    bench = Bench().open(is_silent=False)
    bench.bus.close()
    bench.model.tick_us(10)
    assert bench.model.mode == 0x20 and bench.bus.state() == mcp2515.STOPPED
    bench.open()
    assert bench.model.mode == 0x60
    bench.model.bus_frame(0x155, b"\x01")
    assert bench.received() == [(0x155, b"\x01")]


def test_reopen_forgets_old_frames_and_ids():
    bench = Bench().open()
    bench.model.bus_frame(0x155, b"")
    bench.open(ids=(0x424,))
    bench.model.bus_frame(0x155, b"")
    bench.model.bus_frame(0x424, b"")
    assert bench.received() == [(0x424, b"")]


def test_no_allocation_per_frame():
    bench = Bench(filters=acceptance_filters).open()
    bench.pin.is_deaf = True
    frame = [0, bytearray(8), 0, 0]

    def turn():
        bench.bus.service()
        while bench.bus.recv(frame):
            pass

    turn()
    for arbitration_id in (0x155, 0x424, 0x424):
        bench.model.bus_frame(arbitration_id, DATA)
    assert not allocates(turn)
    assert bench.count("frames") == 2 and bench.count("chip_overflow") == 1
    for _ in range(40):
        bench.model.bus_frame(0x155, DATA)
        assert not allocates(turn)
    # Overwriting the oldest frame is as free.
    for _ in range(80):
        bench.model.bus_frame(0x155, DATA)
        assert not allocates(bench.bus.service)
    assert bench.count("ring_dropped") > 0
