"""What every CAN driver must do, as functions on a maker of benches; `test_can_contract.py` runs
them on all drivers. Source: the contract "CAN bus" of firmware/README.md.

`make()` returns a fresh bench: a driver on the model of its controller, on a bus with other nodes.

    bus                             the driver, not opened
    open(ids, tx_frames, is_silent, foreign_ids, sub_types) -> bench   bus.open, at a rate heard
    frame(arbitration_id, data, is_extended=False, is_remote=False)   another node's frame
    damaged_frame()                 one that every receiver counts as an error
    pass_us(us)                     time passes on the bus
    sent                            frames of ours that got through: (id, data, extended, remote)
    seen()                          what the others saw of us: dominant bits, as some count
    reset()                         the controller forgets everything, as in a brown-out
    set_plugged(bool), set_blocked(bool), set_alone(bool), set_deaf(bool)
                                    the controller answers; the bus is stuck dominant; nobody
                                    acknowledges; edges of an interrupt line are lost
    go_bus_off(arbitration_id, data)   sends that frame, damaged until the controller is bus-off
    count(name), received()         one of bus.counts(); everything that recv gives, (id, data)
"""

from host_tests.shims.expect import allocates, raises
from ovms.drivers.can_bus import ACTIVE, BUS_OFF, STOPPED, CANBus

STANDARD_IDS = 0x800
DATA = b"\x11\x22\x33\x44\x55\x66\x77\x88"
IDS = (0x000, 0x081, 0x155, 0x196, 0x424, 0x425, 0x554, 0x581, 0x597, 0x599, 0x69F, 0x7FF)
FOREIGN_IDS = (0x080, 0x19F, 0x423, 0x426)
WANTED, OTHER = 0x155, 0x424
TX_FRAMES = ((0x601, 8), (0x000, 2))
TX_ID = 0x601
# Longer than any frame at any rate, shorter than a test's patience.
LONG_US = 20_000


def opened(make, is_silent=True):
    return make().open(IDS, TX_FRAMES, is_silent, FOREIGN_IDS)


def deliver(bench, *frame):
    """A frame, and the look that a driver without an interrupt needs."""
    bench.frame(*frame)
    bench.bus.service()


def elapse(bench, us=LONG_US):
    """Time in which the link looks now and then."""
    while us > 0:
        bench.pass_us(200)
        bench.bus.service()
        us -= 200


def is_closed(bench):
    bus = bench.bus
    assert bus.state() == STOPPED and not bus.check()
    bench.frame(WANTED, DATA)
    assert bus.service() == 0 and bench.received() == []
    refused = bench.count("refused")
    assert not bus.send(TX_ID, DATA)
    assert bench.count("refused") == refused + 1
    before = bench.seen()
    bench.frame(WANTED, DATA)
    bench.pass_us(LONG_US)
    assert bench.seen() == before, "a closed bus is silent"


def has_the_gate_of_all(make):
    bus = make().bus
    assert isinstance(bus, CANBus)
    assert type(bus).send is CANBus.send, "a driver has no send of its own"


def is_closed_until_opened(make):
    bench = make()
    bench.bus.close()
    bench.bus.restart()
    is_closed(bench)
    assert bench.open(IDS, (), True, ()).bus.state() == ACTIVE
    assert bench.bus.check()


def silent_is_silent(make):
    bench = opened(make)
    for arbitration_id in range(STANDARD_IDS):
        deliver(bench, arbitration_id, DATA)
        bench.pass_us(250)
    for n in range(20):
        bench.damaged_frame()
        assert not bench.bus.send(TX_ID, DATA)
        elapse(bench, 1000)
        assert bench.bus.check()
        assert bench.count("refused") == n + 1
    bench.bus.restart()
    elapse(bench)
    assert bench.seen() == 0 and bench.sent == []


def wanted_ids_arrive_alone(make):
    """Of all standard ids, whatever the controller's filters can do; without a list all do."""
    scattered = tuple([n * 97 % STANDARD_IDS for n in range(40)])
    bench = make()
    for ids in (IDS, (0x155,), (), scattered, tuple(range(0x100, 0x140)), None):
        for foreign_ids in ((), FOREIGN_IDS):
            bench.open(ids, (), True, foreign_ids)
            seen = []
            for arbitration_id in range(STANDARD_IDS):
                deliver(bench, arbitration_id, DATA)
                seen += bench.received()
            named = range(STANDARD_IDS) if ids is None else sorted(ids)
            assert seen == [(arbitration_id, DATA) for arbitration_id in named]


def every_length_arrives(make):
    bench = opened(make)
    for dlc in range(9):
        deliver(bench, WANTED, DATA[:dlc])
    assert bench.received() == [(WANTED, DATA[:dlc]) for dlc in range(9)]


def extended_and_remote_frames_do_not(make):
    bench = make()
    for arbitration_id in IDS:
        bench.open(IDS if arbitration_id & 1 else None, TX_FRAMES, True, FOREIGN_IDS)
        deliver(bench, arbitration_id, DATA, True)
        deliver(bench, arbitration_id << 18, DATA, True)
        deliver(bench, arbitration_id << 18 | 0x3FFFF, b"", True, True)
        deliver(bench, arbitration_id, b"", False, True)
    assert bench.received() == []
    deliver(bench, WANTED, DATA)
    assert bench.received() == [(WANTED, DATA)]


def order_is_kept(make):
    bench = opened(make)
    frames = [((WANTED, OTHER)[n % 3 == 0], bytes([n])) for n in range(30)]
    for frame in frames:
        deliver(bench, *frame)
    assert bench.received() == frames


def service_finds_what_no_interrupt_told(make):
    bench = opened(make)
    bench.set_deaf(True)
    bench.frame(WANTED, DATA)
    assert bench.received() == []
    assert bench.bus.service() == 1 and bench.bus.service() == 0
    assert bench.received() == [(WANTED, DATA)]


def full_ring_loses_the_oldest(make):
    """The ring holds a tenth of a second of a busy bus; what is lost is counted."""
    bench = opened(make)
    for n in range(100):
        deliver(bench, WANTED, bytes([n]))
    frames = bench.received()
    assert len(frames) >= 40
    assert frames == [(WANTED, bytes([n])) for n in range(100 - len(frames), 100)]
    assert bench.count("ring_dropped") == 100 - len(frames)
    assert bench.count("frames") == 100
    for n in range(5):
        deliver(bench, WANTED, bytes([n]))
        assert bench.received() == [(WANTED, bytes([n]))]


def overrun_is_counted(make):
    """More frames than the controller holds: some are lost, none is damaged or out of order."""
    bench = opened(make)
    for turn in range(3):
        bench.set_deaf(True)
        for n in range(100):
            bench.frame(WANTED, bytes([turn, n]))
        bench.set_deaf(False)
        for _ in range(4):
            bench.bus.service()
        numbers = [data[1] for _, data in bench.received()]
        assert len(numbers) < 100 and numbers == sorted(set(numbers))
        assert bench.count("chip_overflow") > turn
        deliver(bench, WANTED, DATA)
        assert bench.received() == [(WANTED, DATA)]
    assert bench.bus.check()


def only_the_list_leaves(make):
    """All standard ids in all lengths, and ids that are none."""
    bench = opened(make, is_silent=False)
    refused = 0
    for arbitration_id in range(STANDARD_IDS):
        for dlc in range(9):
            if (arbitration_id, dlc) not in TX_FRAMES:
                assert not bench.bus.send(arbitration_id, DATA[:dlc])
                refused += 1
    for arbitration_id in (
        -1,
        0x800,
        0x601 << 18,
        0x601 | 1 << 11,
        0x601 | 1 << 29,
        0x601 | 1 << 31,
    ):
        assert not bench.bus.send(arbitration_id, DATA)
        refused += 1
    assert not bench.bus.send(TX_ID, DATA + b"\x99")
    elapse(bench)
    assert bench.count("refused") == refused + 1
    assert bench.sent == [] and bench.count("sent") == 0
    for arbitration_id, dlc in TX_FRAMES:
        assert bench.bus.send(arbitration_id, DATA[:dlc])
        elapse(bench)
    assert bench.sent == [(n, DATA[:dlc], False, False) for n, dlc in TX_FRAMES]
    assert bench.count("sent") == len(TX_FRAMES)


def the_list_is_of_standard_frames(make):
    for frame in ((0x800, 8), (-1, 0), (0x601, 9)):
        for is_silent in (True, False):
            bench = make()
            error = raises(ValueError, bench.open, IDS, (frame,), is_silent, ())
            assert "standard" in str(error)
            is_closed(bench)
    # NMT has id 0, and a frame without data is one.
    frames = ((0x000, 2), (0x000, 0), (0x7FF, 0), (0x7FF, 8))
    bench = make().open(IDS, frames, False, ())
    assert [bench.bus.send(n, DATA[:dlc]) and elapse(bench) for n, dlc in frames] == [None] * 4
    assert [(frame[0], len(frame[1])) for frame in bench.sent] == list(frames)


def ids_are_standard(make):
    for ids in ((0x800,), (-1, 0x155), (0x18DAF110,)):
        bench = make()
        assert "0x7FF" in str(raises(ValueError, bench.open, ids, (), True, ()))
        is_closed(bench)


def the_list_is_a_copy(make):
    bench = make()
    frames = [(TX_ID, 8)]
    bench.open(IDS, frames, False, ())
    frames.append((0x123, 8))
    assert not bench.bus.send(0x123, DATA)


def one_frame_waits_at_a_time(make):
    bench = opened(make, is_silent=False)
    assert bench.bus.send(TX_ID, DATA)
    assert not bench.bus.send(TX_ID, bytes(8))
    assert bench.count("tx_busy") == 1 and bench.count("sent") == 1
    elapse(bench)
    assert bench.bus.send(TX_ID, bytes(8))
    elapse(bench)
    assert [data for _, data, _, _ in bench.sent] == [DATA, bytes(8)]


def nobody_listens(make):
    """A frame without an acknowledge repeats by itself; it is given up, and the next may try."""
    bench = opened(make, is_silent=False)
    bench.set_alone(True)
    assert bench.bus.send(TX_ID, DATA)
    elapse(bench)
    attempts = bench.seen()
    assert bench.count("tx_aborted") == 1 and attempts > 0
    elapse(bench, 100_000)
    assert bench.seen() == attempts
    bench.set_alone(False)
    assert bench.bus.send(TX_ID, DATA)
    elapse(bench)
    assert bench.sent == [(TX_ID, DATA, False, False)]


def bus_off_is_silent_until_restart(make):
    bench = opened(make, is_silent=False)
    bench.go_bus_off(TX_ID, DATA)
    bench.bus.service()
    assert bench.bus.state() == BUS_OFF and bench.count("bus_off") == 1
    before = bench.seen()
    elapse(bench, 100_000)
    for _ in range(5):
        deliver(bench, WANTED, DATA)
        assert bench.bus.check(), "off, and as it was set"
    assert not bench.bus.send(TX_ID, DATA) and bench.count("refused") == 1
    elapse(bench)
    assert bench.seen() == before and bench.sent == []
    assert bench.received() == [(WANTED, DATA)] * 5
    bench.bus.restart()
    elapse(bench)
    assert bench.bus.state() == ACTIVE and bench.bus.check()
    assert bench.bus.send(TX_ID, DATA)
    elapse(bench)
    assert bench.sent == [(TX_ID, DATA, False, False)]
    assert bench.count("bus_off") == 1


def restart_on_a_blocked_bus(make):
    for free_us in (0, LONG_US):
        _restart_on_a_blocked_bus(opened(make, is_silent=False), free_us)


def _restart_on_a_blocked_bus(bench, free_us):
    bench.go_bus_off(TX_ID, DATA)
    bench.bus.service()
    elapse(bench, free_us)
    bench.set_blocked(True)
    before = bench.seen()
    assert "never idle" in str(raises(OSError, bench.bus.restart))
    assert bench.bus.state() == BUS_OFF and not bench.bus.send(TX_ID, DATA)
    bench.set_blocked(False)
    elapse(bench)
    deliver(bench, WANTED, DATA)
    assert bench.seen() == before, "it may not come back by itself"
    assert bench.bus.check()
    bench.bus.restart()
    assert bench.bus.state() == ACTIVE and bench.bus.send(TX_ID, DATA)


def restart_of_a_sound_bus_changes_nothing(make):
    for is_silent in (True, False):
        bench = opened(make, is_silent)
        deliver(bench, WANTED, DATA)
        bench.bus.restart()
        elapse(bench)
        assert bench.bus.state() == ACTIVE and bench.bus.check()
        assert bench.received() == [(WANTED, DATA)]
        assert bench.bus.send(TX_ID, DATA) == (not is_silent)


def check_finds_a_reset(make):
    for is_silent in (True, False):
        bench = opened(make, is_silent)
        for _ in range(3):
            assert bench.bus.check()
        bench.reset()
        assert not bench.bus.check()
        bench.open(IDS, TX_FRAMES, is_silent, ())
        assert bench.bus.check()
        deliver(bench, WANTED, DATA)
        assert bench.received() == [(WANTED, DATA)]


def check_finds_a_loose_wire(make):
    bench = opened(make)
    bench.set_plugged(False)
    assert bench.bus.service() == 0 and bench.received() == []
    assert not bench.bus.check()
    bench.set_plugged(True)
    bench.open(IDS, (), True, ())
    assert bench.bus.check()


def without_a_controller(make):
    bench = make()
    bench.set_plugged(False)
    for _ in range(2):
        error = raises(OSError, bench.open, IDS, TX_FRAMES, False, ())
        assert "no CAN controller" in str(error)
        assert bench.bus.state() == STOPPED and not bench.bus.check()
        assert bench.bus.service() == 0 and bench.received() == []
        assert not bench.bus.send(TX_ID, DATA)
    bench.set_plugged(True)
    is_closed(bench)
    bench.open(IDS, TX_FRAMES, False, ())
    assert bench.bus.state() == ACTIVE and bench.bus.send(TX_ID, DATA)


def on_a_blocked_bus(make):
    bench = make()
    bench.set_blocked(True)
    assert "never idle" in str(raises(OSError, bench.open, IDS, TX_FRAMES, False, ()))
    bench.set_blocked(False)
    bench.pass_us(LONG_US)
    is_closed(bench)


def open_forgets_all_but_the_counts(make):
    bench = opened(make, is_silent=False)
    deliver(bench, WANTED, DATA)
    assert bench.bus.send(TX_ID, DATA)
    elapse(bench)
    before = bench.seen()
    bench.open((OTHER,), TX_FRAMES, True, ())
    deliver(bench, WANTED, DATA)
    deliver(bench, OTHER, DATA)
    assert bench.received() == [(OTHER, DATA)]
    assert not bench.bus.send(TX_ID, DATA)
    elapse(bench)
    assert bench.seen() == before, "silent from now on"
    counts = bench.bus.counts()
    assert (counts["can_frames"], counts["can_sent"], counts["can_refused"]) == (2, 1, 1)
    bench.open((OTHER,), ((0x123, 1),), False, ())
    assert not bench.bus.send(TX_ID, DATA) and bench.bus.send(0x123, b"\x00")


def close_and_open_again(make):
    bench = opened(make, is_silent=False)
    for _ in range(3):
        deliver(bench, WANTED, DATA)
        assert bench.bus.send(TX_ID, DATA)
        bench.bus.close()
        # What was under way may end.
        bench.pass_us(LONG_US)
        is_closed(bench)
        bench.bus.close()
        bench.bus.restart()
        is_closed(bench)
        bench.open(IDS, TX_FRAMES, False, ())
        assert bench.bus.state() == ACTIVE
        deliver(bench, WANTED, DATA)
        assert bench.received() == [(WANTED, DATA)]
    bench.go_bus_off(TX_ID, DATA)
    bench.bus.service()
    bench.open(IDS, TX_FRAMES, False, ())
    assert bench.bus.state() == ACTIVE and bench.bus.send(TX_ID, DATA)


def counts_are_above_0(make):
    bench = opened(make, is_silent=False)
    assert bench.bus.counts() == {}
    deliver(bench, WANTED, DATA)
    assert bench.bus.counts() == {"can_frames": 1}
    bench.bus.send(0x123, DATA)
    bench.bus.send(TX_ID, DATA)
    assert bench.bus.counts() == {"can_frames": 1, "can_refused": 1, "can_sent": 1}


def never_allocates(make):
    """`service` and `recv`, one by one, idle, busy and overrun, under a locked heap."""
    bench = opened(make)
    bench.set_deaf(True)
    frame = [0, bytearray(8), 0, 0]
    service = bench.bus.service
    recv = bench.bus.recv

    def take():
        while recv(frame):
            pass

    # Code that is loaded for the first time may allocate.
    bench.frame(WANTED, DATA)
    service()
    take()
    for count in (0, 1, 2, 100):
        for arbitration_id in (WANTED, OTHER, 0x156, 0x7FE):
            for _ in range(count):
                bench.frame(arbitration_id, DATA)
            assert not allocates(service)
            assert not allocates(take)
    # Overwriting the oldest frame is as free.
    for _ in range(80):
        bench.frame(WANTED, DATA)
        assert not allocates(service)
    assert not allocates(take)
    assert bench.count("ring_dropped") > 0 and bench.count("chip_overflow") > 0
