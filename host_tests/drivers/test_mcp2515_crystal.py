"""The search for the crystal on the register model: what is found, kept and told, and that the
other nodes of the bus see nothing of it."""

from host_tests.drivers.mcp2515_bench import ATTEMPT_US, DATA, IDS, SDO, MCP2515Bench
from host_tests.shims.expect import raises
from ovms.drivers.mcp2515_setup import bit_timing
from tools.simulated_board.fakes.memory_store import MemoryStore

CRYSTALS = (8_000_000, 16_000_000, 20_000_000)
RATES = (125_000, 250_000, 500_000)
LISTEN_ONLY, NORMAL = 0x60, 0x00
# Between two checks of the link pass 5 s, a thousand frames and more; here a few will do.
FRAMES = 5


def makes(crystal_hz, bitrate):
    try:
        return bool(bit_timing(crystal_hz, bitrate))
    except ValueError:
        return False


def bench_of(crystal_hz, crystals, bitrate=500_000, is_silent=True, store=None):
    bench = MCP2515Bench(
        crystals=crystals,
        is_sure=False,
        store=store,
        crystal_hz=crystal_hz,
        bus_bitrate=bitrate,
    )
    # 20 looks for a mode are 3 ms, as by the sleep between them.
    bench.model.port.us_per_byte = 50
    return bench.open(is_silent=is_silent)


def speak(bench, frames=FRAMES):
    """What the car says between two checks of the link, and a check."""
    for n in range(frames):
        bench.frame(IDS[n % len(IDS)], DATA)
        bench.pass_us(250)
        bench.bus.service()
    return bench.bus.check()


def checks_until_heard(bench, most=10):
    for n in range(1, most):
        assert speak(bench)
        if bench.received():
            return n
    raise AssertionError("no crystal was found")


def test_every_crystal_at_every_rate_whatever_the_board_says():
    tried = 0
    for crystal_hz in CRYSTALS:
        for bitrate in RATES + (1_000_000,):
            if not makes(crystal_hz, bitrate):
                continue
            for said in CRYSTALS + (None, (20_000_000, 8_000_000), 12_000_000):
                bench = bench_of(crystal_hz, said, bitrate, is_silent=False)
                # At the latest by the fourth, as four may come in question.
                assert checks_until_heard(bench) <= 4
                assert bench.seen() == 0 or bench.model.mode == NORMAL
                speak(bench)
                assert bench.bus.crystal_hz == crystal_hz
                assert bench.model.disturbances == 0
                tried += 1
    assert tried == 11 * 6


def test_the_right_one_is_not_looked_for():
    for said in (16_000_000, (16_000_000, 8_000_000)):
        bench = bench_of(16_000_000, said)
        assert checks_until_heard(bench) == 1
        assert bench.store.data == b""
    assert "can_crystal_khz" not in bench_of(16_000_000, 16_000_000).bus.counts()


def test_a_silent_bus_decides_nothing_and_the_search_goes_on_when_it_speaks():
    bench = bench_of(16_000_000, (8_000_000, 16_000_000), is_silent=False)
    for _ in range(100):
        bench.pass_us(20_000)
        assert bench.bus.check()
        assert not bench.bus.send(0x601, DATA)
    assert bench.bus.crystal_hz == 8_000_000
    assert bench.model.mode == LISTEN_ONLY and bench.seen() == 0
    # One frame that cannot be read, and silence again: the next one waits for a word, too.
    bench.frame(0x155, DATA)
    for _ in range(100):
        assert bench.bus.check()
    assert bench.bus.crystal_hz == 16_000_000 and bench.seen() == 0
    assert bench.model.mode == LISTEN_ONLY
    bench.frame(0x155, DATA)
    assert bench.received() == [(0x155, DATA)]
    assert bench.bus.check() and bench.model.mode == NORMAL


def test_nothing_leaves_before_a_frame_was_heard_at_this_setting():
    """Whatever the board says, and whatever was kept: the module with the chip may be another."""
    for crystal_hz in CRYSTALS:
        for said in CRYSTALS:
            for kept in (b"", b"8000000", b"16000000", b"rubbish"):
                store = MemoryStore()
                store.save(kept)
                bench = bench_of(crystal_hz, said, is_silent=False, store=store)
                refused = 0
                while not bench.received():
                    assert not bench.bus.send(0x601, DATA)
                    refused += 1
                    bench.pass_us(ATTEMPT_US * 4)
                    assert bench.seen() == 0 and bench.model.mode == LISTEN_ONLY
                    assert bench.count("refused") == refused
                    speak(bench)
                assert bench.bus.send(0x601, DATA)
                bench.pass_us(ATTEMPT_US * 4)
                assert bench.sent == [(0x601, DATA, False, False)]
                assert bench.model.disturbances == 0


def test_a_frame_of_somebody_else_will_do():
    """Then the filters are open; once it is sure they are those of the car."""
    bench = bench_of(8_000_000, 16_000_000, is_silent=False)
    for _ in range(4):
        for n in range(0x700, 0x720):
            bench.frame(n, DATA)
            bench.bus.service()
        bench.bus.check()
    assert bench.model.mode == NORMAL and bench.received() == []
    foreign = bench.count("foreign")
    assert foreign > 0
    for n in range(0x700, 0x720):
        bench.frame(n, DATA)
    assert bench.count("foreign") < foreign + 8


def test_frames_are_kept_when_the_filters_close():
    """Two lie in the chip while they do."""
    bench = bench_of(16_000_000, 16_000_000)
    bench.set_deaf(True)
    bench.frame(0x155, b"\x01")
    bench.bus.service()
    bench.frame(0x155, b"\x02")
    bench.frame(0x424, b"\x03")
    assert bench.bus.check()
    assert bench.received() == [(0x155, b"\x01"), (0x155, b"\x02"), (0x424, b"\x03")]
    assert bench.count("chip_overflow") == 0


def test_what_was_found_is_tried_first_after_the_next_start():
    store = MemoryStore()
    bench = bench_of(20_000_000, 8_000_000, store=store)
    assert checks_until_heard(bench) == 3
    speak(bench)
    assert store.data == b"20000000"
    bench = bench_of(20_000_000, 8_000_000, store=store)
    assert checks_until_heard(bench) == 1
    # The module with the chip was changed.
    bench = bench_of(8_000_000, 8_000_000, store=store)
    assert checks_until_heard(bench) == 2
    speak(bench)
    assert store.data == b"8000000"


def test_flash_that_cannot_be_written_hinders_nothing():
    class FullStore:
        def load(self):
            return None

        def save(self, data):
            raise OSError(28)

    bench = bench_of(16_000_000, 8_000_000, store=FullStore())
    checks_until_heard(bench)
    assert speak(bench) and bench.received()


def test_it_is_told_where_the_board_says_something_else_or_nothing():
    for said, board_khz in ((8_000_000, 8000), (None, 0), ((8_000_000, 16_000_000), 0)):
        bench = bench_of(16_000_000, said)
        assert "can_crystal_khz" not in bench.bus.counts()
        checks_until_heard(bench)
        speak(bench)
        counts = bench.bus.counts()
        assert counts["can_crystal_khz"] == 16_000
        assert counts.get("can_board_crystal_khz", 0) == board_khz


def test_another_rate_has_to_be_heard_anew():
    """16 MHz at 1 Mbit/s look like 8 MHz at 500 kbit/s: a car of the wrong type may be heard."""
    bench = bench_of(16_000_000, 8_000_000, bitrate=1_000_000)
    bench.bus.open(500_000, IDS, SDO, False)
    speak(bench)
    assert bench.received() and bench.bus.crystal_hz == 8_000_000
    bench.bus.open(1_000_000, IDS, SDO, False)
    assert not bench.bus.send(0x601, DATA)
    speak(bench)
    assert bench.bus.crystal_hz == 16_000_000 and bench.model.mode == NORMAL
    assert bench.bus.send(0x601, DATA) and bench.model.disturbances == 0


def test_opened_again_before_the_next_check():
    """What was heard until then counts: the owner has just switched feature 15 on."""
    bench = bench_of(16_000_000, 16_000_000)
    bench.frame(0x155, DATA)
    bench.bus.service()
    bench.open(is_silent=False)
    assert bench.model.mode == NORMAL
    assert bench.bus.send(0x601, DATA)
    # But not what was heard at another rate.
    bench = bench_of(16_000_000, 16_000_000)
    bench.frame(0x155, DATA)
    bench.bus.service()
    bench.bus.open(250_000, IDS, SDO, False)
    assert bench.model.mode == LISTEN_ONLY and not bench.bus.send(0x601, DATA)
    assert bench.bus.check() and bench.model.mode == LISTEN_ONLY


def test_what_is_sure_is_doubted_after_three_checks_of_errors_alone():
    bench = MCP2515Bench().open(is_silent=False)
    for _ in range(2):
        bench.damaged_frame()
        assert bench.bus.check() and bench.model.mode == NORMAL
    speak(bench)
    for _ in range(2):
        bench.damaged_frame()
        assert bench.bus.check() and bench.model.mode == NORMAL
    bench.damaged_frame()
    assert bench.bus.check() and bench.model.mode == LISTEN_ONLY
    assert bench.bus.crystal_hz == 16_000_000
    # It was a bad hour of the bus: sure again by the first frame.
    speak(bench)
    assert bench.model.mode == NORMAL


def test_a_bus_where_nobody_acknowledges_says_nothing_of_the_crystal():
    bench = MCP2515Bench().open(is_silent=False)
    bench.set_alone(True)
    for _ in range(10):
        assert bench.bus.send(0x601, DATA)
        for _ in range(30):
            bench.pass_us(ATTEMPT_US)
            bench.bus.service()
        bench.bus._sent_ms -= 60
        assert bench.bus.check()
    assert bench.count("message_errors") > 0
    assert bench.model.mode == NORMAL


def test_a_full_bus_that_is_never_idle_for_long_bits():
    """Set for more than there is, the chip never finds 11 bits: the next is tried, by `open`."""
    bench = MCP2515Bench(crystals=16_000_000, is_sure=False, crystal_hz=8_000_000)
    bench.spi.on_transaction = lambda _: bench.frame(0x155, DATA)
    assert "never idle" in str(raises(OSError, bench.open))
    for _ in range(5):
        try:
            bench.open()
        except OSError:
            continue
        if bench.bus.crystal_hz == 8_000_000:
            break
    assert bench.bus.crystal_hz == 8_000_000
    speak(bench)
    assert bench.received() and bench.seen() == 0


def test_rates_that_no_crystal_makes():
    bench = bench_of(8_000_000, 8_000_000)
    assert "cannot make 83333" in str(raises(ValueError, bench.bus.open, 83_333, IDS))
    assert bench.bus.state() == 0
    bench.open()
    assert bench.bus.state() == 1
    # A board that says 8 MHz and has 16: 1 Mbit/s is tried with what makes it.
    bench = bench_of(16_000_000, 8_000_000, bitrate=1_000_000)
    assert checks_until_heard(bench) == 1
