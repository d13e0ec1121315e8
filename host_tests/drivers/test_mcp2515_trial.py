"""A bus that is silent until somebody asks, as at the port of a car behind a gateway: what the
word of a board that knows its crystal is worth there, on the register model."""

from host_tests.drivers.mcp2515_bench import ATTEMPT_US, DATA, IDS, SDO
from host_tests.drivers.test_mcp2515_crystal import LISTEN_ONLY, NORMAL, bench_of, speak
from tools.simulated_board.fakes.memory_store import MemoryStore

LONG_US = 20_000


def silent(crystal_hz=8_000_000, crystals=8_000_000, **options):
    """Opened, silent for one period of checks."""
    bench = bench_of(crystal_hz, crystals, is_silent=False, **options)
    assert not bench.bus.send(0x601, DATA), "it has not listened yet"
    return quiet(bench)


def quiet(bench):
    bench.pass_us(LONG_US)
    assert bench.bus.check()
    return bench


def keeps_quiet(bench):
    """Nothing leaves, whatever is asked and however long the bus stays silent."""
    seen, sent = bench.seen(), len(bench.sent)
    for _ in range(20):
        refused = bench.count("refused")
        assert not bench.bus.send(0x601, DATA)
        assert bench.count("refused") == refused + 1
        quiet(bench)
        assert bench.model.mode == LISTEN_ONLY
    for is_silent in (True, False):
        bench.open(is_silent=is_silent)
        quiet(bench)
        assert not bench.bus.send(0x601, DATA)
    bench.pass_us(LONG_US)
    assert (bench.seen(), len(bench.sent)) == (seen, sent)


def test_the_right_crystal_asks_and_an_acknowledge_proves_it():
    for crystal_hz in (8_000_000, 16_000_000, 20_000_000):
        bench = silent(crystal_hz, crystal_hz)
        assert bench.model.mode == LISTEN_ONLY and bench.seen() == 0
        assert bench.bus.send(0x601, DATA)
        assert bench.sent == [(0x601, DATA, False, False)]
        assert bench.model.transmissions == 1 and bench.model.disturbances == 0
        # From here on it is as on a bus that was heard: at once, with the filters of the car.
        assert bench.model.mode == NORMAL and bench.count("sent") == 1
        assert bench.frame(0x581, DATA) == "accepted" and bench.received() == [(0x581, DATA)]
        for n in range(5):
            assert bench.bus.send(0x601, bytes(8))
            bench.pass_us(LONG_US)
            assert bench.bus.check() and len(bench.sent) == 2 + n
        assert "can_crystal_khz" not in bench.bus.counts()


def test_nothing_but_the_list_of_the_car_leaves():
    bench = silent()
    for arbitration_id in range(0x800):
        if arbitration_id != SDO[0][0]:
            assert not bench.bus.send(arbitration_id, DATA)
    assert not bench.bus.send(0x601, DATA[:7])
    assert bench.seen() == 0
    silent_one = bench_of(8_000_000, 8_000_000, is_silent=True)
    quiet(silent_one)
    assert not silent_one.bus.send(0x601, DATA) and silent_one.seen() == 0
    # Feature 15 is switched on: what was silent before counts.
    silent_one.open(is_silent=False)
    assert silent_one.bus.send(0x601, DATA) and len(silent_one.sent) == 1


def test_the_wrong_crystal_sends_one_frame_once():
    bench = silent(16_000_000, 8_000_000)
    assert bench.bus.send(0x601, DATA)
    assert bench.model.transmissions == 1 and bench.sent == []
    assert bench.model.mode == LISTEN_ONLY
    keeps_quiet(bench)
    assert bench.model.transmissions == 1
    # And when the bus speaks after all, the crystal is found.
    while bench.model.mode == LISTEN_ONLY:
        speak(bench)
    assert bench.bus.crystal_hz == 16_000_000
    assert bench.bus.send(0x601, DATA)
    bench.pass_us(ATTEMPT_US * 4)
    assert len(bench.sent) == 1 and bench.model.transmissions == 2


def test_what_nobody_acknowledges_is_sent_once_too():
    bench = silent()
    bench.set_alone(True)
    assert bench.bus.send(0x601, DATA)
    assert bench.model.transmissions == 1 and bench.bus.crystal_hz == 8_000_000
    bench.set_alone(False)
    keeps_quiet(bench)
    bench.bus.open(250_000, IDS, SDO, False)
    quiet(bench)
    assert not bench.bus.send(0x601, DATA), "another bit rate is no other crystal"
    bench.open(is_silent=False)
    assert not bench.bus.send(0x601, DATA)
    speak(bench)
    assert bench.bus.send(0x601, DATA)
    bench.pass_us(LONG_US)
    assert len(bench.sent) == 1


def test_a_damaged_frame_of_ours_is_not_repeated():
    bench = silent()
    bench.model.is_tx_corrupted = True
    assert bench.bus.send(0x601, DATA)
    bench.model.is_tx_corrupted = False
    assert bench.model.transmissions == 1
    keeps_quiet(bench)


def test_a_lost_arbitration_is_no_proof():
    bench = silent()
    bench.model.arbitrations_to_lose = 1
    assert bench.bus.send(0x601, DATA)
    assert bench.model.transmissions == 0
    keeps_quiet(bench)


def test_a_board_that_is_not_sure_asks_nobody():
    for crystals in (None, (8_000_000,), (8_000_000, 16_000_000)):
        bench = silent(8_000_000, crystals)
        keeps_quiet(bench)
        assert bench.seen() == 0
    # It was another one before.
    store = MemoryStore()
    store.save(b"16000000")
    bench = silent(8_000_000, 8_000_000, store=store)
    assert bench.bus.crystal_hz == 16_000_000
    keeps_quiet(bench)
    assert bench.seen() == 0


def test_an_error_on_the_bus_ends_it():
    """Before or after the check that found silence; also one that is met at the last moment."""
    bench = bench_of(8_000_000, 8_000_000, is_silent=False)
    bench.damaged_frame()
    quiet(bench)
    keeps_quiet(bench)
    bench = silent()
    bench.damaged_frame()
    quiet(bench)
    keeps_quiet(bench)
    assert bench.seen() == 0
    bench = silent()
    bench.damaged_frame()
    assert not bench.bus.send(0x601, DATA)
    bench.open(is_silent=False)
    assert not bench.bus.send(0x601, DATA) and bench.seen() == 0


def test_a_frame_that_is_heard_comes_first():
    bench = silent()
    bench.frame(0x155, DATA)
    refused = bench.count("refused")
    assert not bench.bus.send(0x601, DATA) and bench.seen() == 0
    assert bench.count("refused") == refused + 1
    quiet(bench)
    assert bench.model.mode == NORMAL and bench.bus.send(0x601, DATA)


def test_another_bit_rate_is_listened_to_anew():
    bench = silent()
    bench.model.bus_bitrate = 250_000
    bench.bus.open(250_000, IDS, SDO, False)
    assert not bench.bus.send(0x601, DATA)
    quiet(bench)
    assert bench.bus.send(0x601, DATA) and len(bench.sent) == 1


def test_other_ids_go_on_from_there():
    """As of a car that begins to ask: it is opened for the answers alone."""
    bench = silent()
    bench.bus.open(500_000, (0x7E8,), SDO, False)
    assert bench.bus.send(0x601, DATA) and len(bench.sent) == 1


def test_a_sleep_in_silence_changes_nothing_and_one_that_is_ended_by_the_bus_does():
    bench = silent()
    assert bench.bus.sleep() and not bench.bus.send(0x601, DATA)
    bench.bus.wake()
    assert bench.bus.send(0x601, DATA) and len(bench.sent) == 1
    for is_opened in (False, True):
        bench = silent()
        assert bench.bus.sleep()
        bench.frame(0x155, DATA)
        if is_opened:
            bench.open(is_silent=False)
        else:
            bench.bus.wake()
        assert not bench.bus.send(0x601, DATA) and bench.seen() == 0
        quiet(bench)
        assert bench.bus.send(0x601, DATA) and len(bench.sent) == 1


def test_a_blocked_bus_gets_nothing_later():
    bench = silent()
    bench.set_blocked(True)
    assert not bench.bus.send(0x601, DATA)
    bench.set_blocked(False)
    bench.pass_us(LONG_US)
    assert bench.model.mode == LISTEN_ONLY and bench.model.transmissions == 0
    keeps_quiet(bench)


def test_a_chip_that_lost_its_supply_is_listened_to_anew():
    bench = silent()
    bench.reset()
    assert not bench.bus.check()
    bench.open(is_silent=False)
    quiet(bench)
    assert bench.bus.send(0x601, DATA) and len(bench.sent) == 1
