"""The record queue in flash: order, bounds, restarts."""

import os
import time

from host_tests.drivers.ring_bench import SEGMENT_BYTES, SEGMENTS, deliver, made, put, span, text
from host_tests.fakes.fake_flash import FakeFlash
from host_tests.shims import expect
from ovms.drivers.ring_store import RingStore
from ovms.drivers.store import Flash


def test_empty():
    fs = FakeFlash()
    ring = made(fs)
    ring.fill()
    assert ring.is_empty and not ring.is_marked and not ring.window
    assert fs.files == {}


def test_records_come_out_in_order_over_restarts():
    fs = FakeFlash()
    put(made(fs), 1, 7)
    put(made(fs), 8, 12)
    ring = made(fs)
    ring.append(text(13), 5)
    assert deliver(ring) == span(1, 13)
    assert ring.is_empty and ring.damaged == ring.dropped == 0


def test_what_was_released_stays_released():
    fs = FakeFlash()
    ring = made(fs)
    put(ring, 1, 10)
    assert deliver(ring, 6) == span(1, 6)
    assert ring.is_marked
    ring.flush()
    assert not ring.is_marked
    assert deliver(made(fs)) == span(7, 10)


def test_not_flushed_means_delivered_again():
    fs = FakeFlash()
    ring = made(fs)
    put(ring, 1, 4)
    deliver(ring)
    assert deliver(made(fs)) == span(1, 4)


def test_delivered_before_the_flush_never_touches_flash():
    fs = FakeFlash()
    ring = made(fs)
    for n in range(1, 20):
        ring.append(text(n), n)
        assert deliver(ring) == [n]
    assert not ring.is_marked and ring.fresh_bytes == 0
    assert fs.files == {}


def test_a_flush_in_the_middle_of_a_delivery():
    fs = FakeFlash()
    ring = made(fs)
    for n in range(1, 9):
        ring.append(text(n), n)
    ring.fill()
    assert len(ring.window) == 5
    ring.release()
    ring.flush()
    # Five are in the window still or read from flash now; none twice, none missing.
    ring.append(text(9), 9)
    assert deliver(ring, 3) == [2, 3, 4]
    ring.flush()
    assert deliver(made(fs)) == span(5, 9)
    assert deliver(ring) == span(5, 9)
    ring.flush()
    assert deliver(made(fs)) == []


def test_emptied_files_when_all_is_delivered():
    fs = FakeFlash()
    ring = made(fs)
    put(ring, 1, 20)
    assert deliver(ring) == span(1, 20)
    ring.flush()
    assert [len(data) for data in fs.files.values()] == [0] * len(fs.files)
    put(ring, 21, 23)
    assert deliver(made(fs)) == span(21, 23)


def test_delivered_segments_are_emptied_early():
    fs = FakeFlash()
    ring = made(fs)
    put(ring, 1, 20)
    assert deliver(ring, 15) == span(1, 15)
    ring.flush()
    kept = sum([len(data) for data in fs.files.values()])
    assert kept < 2 * SEGMENT_BYTES
    assert deliver(made(fs)) == span(16, 20)


def test_the_oldest_are_overwritten_and_counted():
    fs = FakeFlash()
    ring = made(fs)
    put(ring, 1, 100)
    assert max([len(data) for data in fs.files.values()]) <= SEGMENT_BYTES
    assert len(fs.files) == SEGMENTS
    left = deliver(made(fs))
    assert left == span(101 - len(left), 100)
    assert len(left) >= 7 * (SEGMENTS - 1)
    assert ring.dropped == 100 - len(left)
    assert deliver(ring) == left


def test_what_is_in_the_window_survives_being_overwritten():
    fs = FakeFlash()
    ring = made(fs)
    put(ring, 1, 6)
    ring.fill()
    put(ring, 7, 60)
    numbers = deliver(ring)
    assert numbers[:5] == span(1, 5)
    assert numbers[5:] == span(61 - len(numbers[5:]), 60)
    assert ring.dropped + len(numbers) == 60


def test_many_rounds_through_the_ring():
    fs = FakeFlash()
    ring = made(fs)
    number = 0
    expected = 1
    for turn in range(60):
        for _ in range(turn % 9):
            number += 1
            ring.append(text(number), number)
        if turn % 3 == 0:
            ring.flush()
        if turn % 7 == 0:
            ring.flush()
            ring = made(fs)
        for n in deliver(ring, turn % 11):
            # After a restart some come once more.
            assert n <= expected
            expected = max(expected, n + 1)
        if turn % 5 == 0:
            ring.flush()
    assert deliver(ring)[-1] == number
    assert ring.dropped == 0


def test_start_of_runs():
    fs = FakeFlash()
    ring = made(fs)
    put(ring, 1, 1)
    ring.set_start(1_700_000_000, True)
    assert ring.is_marked
    ring.flush()
    put(ring, 2, 2)
    # Two runs that never knew the time, and this one.
    put(made(fs), 3, 4, 50)
    put(made(fs), 5, 5, 10)
    ring = made(fs)
    ring.fill()
    boots = [record.boot for record in ring.window]
    assert boots == [1, 1, 2, 2, 3]
    assert [ring.starts[n] for n in (1, 2, 3)] == [1_700_000_000, -54 - 15, -15]
    assert [record.uptime_s for record in ring.window] == [101, 102, 53, 54, 15]
    ring.set_start(1_700_001_000, True)
    # A correction moves the runs that knew no time with this one.
    assert [ring.starts[n] for n in (2, 3, 4)] == [-54 - 15, -15, 1_700_001_000]
    # A second more or less is no news.
    ring.flush()
    ring.set_start(1_700_001_002, True)
    assert not ring.is_marked
    ring = made(fs)
    assert [ring.starts[n] for n in (1, 2, 3, 4)] == [
        1_700_000_000,
        1_700_000_931,
        1_700_000_985,
        1_700_001_000,
    ]
    assert ring.boot == 5


def test_a_start_is_unsure_until_it_is_confirmed():
    fs = FakeFlash()
    ring = made(fs)
    put(ring, 1, 1)
    ring.set_start(1_700_000_000, False)
    ring.flush()
    # Of a run without a time of its own the start is as sure as that of the run that found one.
    put(made(fs), 2, 2)
    ring = made(fs)
    assert ring.starts[1] == 1_700_000_000 and ring.unsure == [1]
    ring.set_start(1_700_009_000, False)
    ring.flush()
    ring = made(fs)
    assert sorted(ring.unsure) == [1, 2, 3] and ring.starts[3] == 1_700_009_000
    ring.set_start(1_700_010_000, False)
    ring.set_start(1_700_010_000, True)
    assert ring.is_marked
    ring.flush()
    assert not ring.is_marked
    ring = made(fs)
    assert ring.starts[4] == 1_700_010_000 and sorted(ring.unsure) == [1, 2, 3]


def test_a_start_is_known_in_every_segment():
    fs = FakeFlash()
    ring = made(fs)
    ring.set_start(1_700_000_000, True)
    put(ring, 1, 100)
    ring = made(fs)
    assert ring.starts == {1: 1_700_000_000}
    assert len(deliver(ring)) > 15


def test_a_start_is_known_after_the_files_were_emptied():
    fs = FakeFlash()
    ring = made(fs)
    ring.set_start(1_700_000_000, True)
    put(ring, 1, 3)
    deliver(ring)
    ring.flush()
    assert fs.files["ring.1"] == b""
    put(ring, 4, 4)
    assert made(fs).starts == {1: 1_700_000_000}


def test_many_restarts_stay_bounded():
    fs = FakeFlash()
    for n in range(1, 41):
        put(made(fs, segment_bytes=2000), n, n)
    ring = made(fs, segment_bytes=2000)
    assert len(ring.starts) <= 17
    assert ring.boot == 41
    assert deliver(ring) == span(1, 40)


def test_a_record_like_an_entry():
    fs = FakeFlash()
    ring = made(fs, segment_bytes=4000)
    ring.append(b"\xa5\x01" + bytes(range(200)), 1)
    ring.append(b"", 2)
    ring.append(b"\xa5" * 480, 3)
    ring.flush()
    ring = made(fs, segment_bytes=4000)
    ring.fill()
    assert [record.data for record in ring.window] == [
        b"\xa5\x01" + bytes(range(200)),
        b"",
        b"\xa5" * 480,
    ]


def test_idle_fill_takes_no_heap():
    ring = made(FakeFlash())
    assert not expect.allocates(ring.fill)
    ring.append(text(1), 1)
    ring.fill()
    assert not expect.allocates(ring.fill)


def test_real_files():
    name = "/tmp/ovms_ring_%d_%d" % (time.ticks_us(), id(FakeFlash))
    fs = Flash()
    try:
        for n in range(1, 31):
            ring = RingStore(name, fs, 3, 300)
            ring.load()
            put(ring, n, n)
        ring = RingStore(name, fs, 3, 300)
        ring.load()
        numbers = deliver(ring)
        assert numbers == span(31 - len(numbers), 30) and len(numbers) > 15
        ring.flush()
        ring = RingStore(name, fs, 3, 300)
        ring.load()
        assert deliver(ring) == []
    finally:
        for slot in range(3):
            os.remove("%s.%d" % (name, slot))
