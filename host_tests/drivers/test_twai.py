"""The TWAI driver on the register model: what is its own beside the contract."""

from host_tests.drivers.twai_bench import IDS, SDO, TWAIBench
from host_tests.shims.expect import raises
from ovms.drivers.can_bus import ACTIVE, BUS_OFF, PASSIVE, WARNING
from ovms.drivers.twai_setup import bit_timing
from tools.simulated_board.models.twai import BTR0, BTR1, CLKDIV, MODE, REC, RMC

DATA = b"\x11\x22\x33\x44\x55\x66\x77\x88"
RATES = (125_000, 250_000, 500_000, 1_000_000)
GARBAGE = 0xA5


def opened(**options):
    is_silent = options.pop("is_silent", True)
    return TWAIBench(**options).open(IDS, SDO, is_silent, ())


def test_bit_timing():
    """Values of hardware facts 3.3."""
    assert bit_timing(500_000) == (0x44, 0x9C)
    assert bit_timing(250_000) == (0x49, 0x9C)
    assert bit_timing(125_000) == (0x53, 0x9C)
    assert bit_timing(1_000_000) == (0x81, 0x3E)
    for rate in (3_000_000, 333_333, 10_000, 20_000):
        assert str(rate) in str(raises(ValueError, bit_timing, rate))


def test_every_rate_is_made():
    for rate in RATES:
        bench = opened(bitrate=rate, bus_bitrate=rate)
        assert bench.model.bit_rate() == rate
        assert 75 <= bench.model.samples_at() <= 88
        bench.frame(0x155, DATA)
        bench.bus.service()
        assert bench.received() == [(0x155, DATA)]


def test_wrong_rate_disturbs_nothing():
    """Not one dominant bit, whatever the chip makes of its error counter meanwhile."""
    for rate in RATES:
        for other in RATES:
            if other == rate:
                continue
            bench = opened(bitrate=rate, bus_bitrate=other)
            for n in range(300):
                bench.frame(0x155 + n % 3, DATA)
                bench.bus.service()
                if n % 7 == 0:
                    bench.model._rec = 0
                if n % 50 == 0:
                    assert bench.bus.check()
            assert bench.model.dominant_bits == 0
            assert bench.received() == []
            assert bench.count("message_errors") > 100


def test_silent_means_error_passive_and_off_the_pad():
    bench = opened()
    assert bench.model.read(REC) == 128
    assert not bench.model.is_attached
    assert bench.model.read(MODE) & 2
    bench.bus.close()
    assert not bench.model.is_attached


def test_pad_is_connected_only_where_it_may_send():
    bench = opened(is_silent=False)
    assert bench.model.is_attached and not bench.model.read(MODE) & 2
    bench.open(IDS, SDO, True, ())
    assert not bench.model.is_attached
    bench.open(IDS, SDO, False, ())
    bench.go_bus_off(0x601, DATA)
    bench.bus.service()
    assert bench.bus.state() == BUS_OFF and not bench.model.is_attached
    bench.pass_us(20_000)
    bench.bus.restart()
    assert bench.model.is_attached
    bench.bus.close()
    assert not bench.model.is_attached


def test_check_wants_the_pad_as_it_was_left():
    for is_silent in (True, False):
        bench = opened(is_silent=is_silent)
        assert bench.bus.check()
        bench.bus.port.attach(is_silent)
        assert not bench.bus.check()


def test_check_compares_the_registers():
    bench = opened()
    for register, name in ((BTR0, "_btr0"), (BTR1, "_btr1"), (CLKDIV, "_clkdiv"), (MODE, "_mode")):
        kept = bench.model.read(register)
        setattr(bench.model, name, kept ^ 4)
        assert not bench.bus.check()
        setattr(bench.model, name, kept)
        assert bench.bus.check()


def test_frame_behind_a_receive_error_is_not_handed_on():
    """Errata 3.13: its data may be damaged. Segments of ECC: 8 checksum, 10 data."""
    for segment in (8, 10):
        for has_timer in (True, False):
            bench = opened(has_timer=has_timer)
            bench.set_deaf(True)
            bench.model.damage(segment)
            bench.frame(0x155, DATA)
            bench.set_deaf(False)
            bench.bus.service()
            bench.frame(0x424, DATA)
            bench.bus.service()
            assert bench.received() == [(0x424, DATA)]
            assert bench.count("message_errors") == 1 and bench.count("resets") == 1
            assert bench.bus.check() and bench.bus.state() == ACTIVE


def test_other_bus_errors_cost_no_frame():
    bench = opened()
    for n in range(5):
        bench.set_deaf(True)
        bench.frame(0x155, bytes([n]))
        bench.model.damage(0x02)
        bench.set_deaf(False)
        bench.bus.service()
    assert bench.received() == [(0x155, bytes([n])) for n in range(5)]
    assert bench.count("message_errors") == 5 and bench.count("resets") == 0


def test_frames_before_an_overrun_are_kept_those_behind_are_not():
    for dlc in range(9):
        for count in (6, 12, 20, 25, 60):
            bench = opened()
            bench.set_deaf(True)
            for n in range(count):
                bench.frame(0x155, bytes([n]) * dlc)
            bench.set_deaf(False)
            bench.bus.service()
            frames = bench.received()
            kept = [(0x155, bytes([n]) * dlc) for n in range(len(frames))]
            assert frames == kept
            if count * (3 + dlc) > 64:
                assert bench.count("chip_overflow") == 1
                # 6 ms are long enough for the controller's counter to wrap.
                if bench.model.now_us < 6000:
                    assert 51 // (3 + dlc) <= len(frames) <= 64 // (3 + dlc)
            else:
                assert len(frames) == count
            bench.frame(0x155, DATA)
            bench.bus.service()
            assert bench.received() == [(0x155, DATA)]
            assert bench.model.read(RMC) == 0


def test_no_damaged_frame_ever():
    """Bursts, errors and pauses in any order; each frame says which one it is."""
    seed = 7
    bench = opened(has_timer=False)
    number = 0
    last = -1
    for _ in range(400):
        seed = seed * 1103515245 + 12345 & 0x7FFFFFFF
        kind = seed >> 16 & 7
        if kind == 7:
            bench.model.damage((8, 10, 2)[seed >> 8 & 1])
        elif kind == 6:
            bench.pass_us(10_000)
        for _ in range((1, 2, 5, 9, 40, 70, 130, 1)[kind]):
            bench.frame(0x155, bytes([number >> 8, number & 0xFF, 1, 2, 3, 4, 5, 6]))
            number += 1
        bench.bus.service()
        for arbitration_id, data in bench.received():
            assert arbitration_id == 0x155 and data[2:] == b"\x01\x02\x03\x04\x05\x06"
            this = data[0] << 8 | data[1]
            assert this > last
            last = this
    assert bench.count("frames") > 500 and bench.count("resets") > 10
    assert bench.count("chip_overflow") > 10


def test_counter_of_frames_that_may_have_wrapped_is_not_trusted():
    bench = opened()
    bench.set_deaf(True)
    for n in range(70):
        bench.frame(0x155, bytes([n]))
    bench.set_deaf(False)
    bench.bus.service()
    assert bench.received() == [] and bench.count("resets") == 1
    bench.frame(0x155, DATA)
    bench.bus.service()
    assert bench.received() == [(0x155, DATA)]


def test_reset_keeps_what_bus_off_counts():
    """Errors of others may not make the errors of our own forgotten."""
    bench = opened(is_silent=False)
    bench.model.is_tx_corrupted = True
    assert bench.bus.send(0x601, DATA)
    bench.model.tick_us(222 * 15)
    errors = bench.model._tec
    assert 96 < errors < 128
    bench.model.damage()
    bench.bus.service()
    assert bench.model._tec == errors
    assert bench.count("resets") == 1 and bench.count("tx_aborted") == 1
    assert bench.bus.state() == WARNING
    assert bench.bus.send(0x601, DATA)
    bench.model.tick_us(222 * 3)
    assert bench.bus.state() == PASSIVE


def test_reset_between_two_registers_of_a_frame_sends_nothing_else():
    """The timer's look comes in the middle of `send`."""
    bench = opened(is_silent=False)
    looks = []

    class Port:
        """Lets the timer look at each write."""

        def __init__(self, port):
            self._write = port.write
            self.read = port.read
            self.start = port.start
            self.attach = port.attach
            self.configure = port.configure

        def write(self, index, value):
            self._write(index, value)
            if not looks:
                bench.model.damage()
            looks.append(index)
            bench.timer.callback(None)

    port = bench.bus.port
    bench.bus.port = Port(port)
    assert bench.bus.send(0x601, DATA)
    bench.bus.port = port
    assert looks[:12] == list(range(16, 27)) + [1]
    bench.bus.service()
    bench.pass_us(20_000)
    for frame in bench.sent:
        assert frame[:2] == (0x601, DATA)


def test_timer_looks_less_often_at_a_silent_bus():
    bench = opened()
    assert bench.timer.period == 1
    bench.frame(0x155, DATA)
    assert bench.bus.check() and bench.timer.period == 1
    assert bench.bus.check() and bench.timer.period == 5
    bench.frame(0x155, DATA)
    assert bench.bus.check() and bench.timer.period == 1
    bench.bus.close()
    assert bench.timer.callback is None
    bench.bus.close()


def test_peripheral_gets_its_clock_and_input():
    bench = TWAIBench()
    assert not bench.model.is_clocked
    bench.open()
    assert bench.model.is_clocked and not bench.model.is_in_reset
    assert bench.model.rx_gpio == 4
