"""The record queue at its bounds: what is collected, when a start is news, what costs a look."""

from host_tests.drivers.ring_bench import deliver, made, put, span, text
from host_tests.fakes.fake_flash import FakeFlash
from ovms.drivers.ring_store import RingStore


class CountingFlash(FakeFlash):
    """opened: paths, in order."""

    def __init__(self):
        super().__init__()
        self.opened = []

    def open(self, path, mode):
        self.opened.append(path)
        return super().open(path, mode)


def test_full_by_bytes_or_by_count():
    ring = made(FakeFlash())
    ring.append(bytes(480), 1)
    ring.append(bytes(480), 1)
    ring.append(bytes(64), 1)
    assert ring.fresh_bytes == 1024 and not ring.is_full
    ring.append(b"x", 1)
    assert ring.is_full
    ring = made(FakeFlash())
    for count in range(1, 17):
        ring.append(b"x", 1)
        assert ring.is_full == (count == 16)
    assert ring.dropped == 0
    ring.append(b"y", 1)
    assert ring.dropped == 1 and len(ring.fresh) == 16 and ring.fresh_bytes == 16


def test_of_too_many_in_ram_the_oldest_that_nobody_delivers_goes():
    ring = made(FakeFlash())
    for n in range(1, 17):
        ring.append(text(n), n)
    ring.fill()
    assert [record.data for record in ring.window] == [text(n) for n in span(1, 5)]
    ring.append(text(17), 17)
    assert ring.dropped == 1
    assert deliver(ring) == span(1, 5) + span(7, 17)
    assert ring.fresh_bytes == 0 and ring.taken == 0 and ring.is_empty


def test_who_made_a_record_and_when():
    fs = FakeFlash()
    ring = made(fs)
    ring.append(b"a", 17)
    ring.fill()
    record = ring.window[0]
    assert (record.boot, record.uptime_s, record.end) == (-1, 17, 0)
    assert (record.code, record.sent_s, record.tries) == (0, 0, 0)
    ring.append(b"b", 18)
    ring.flush()
    assert ring.window[0].end == 1 << 16 | 17, "its place in flash"
    # Of this run when it is read again, too; later the number of the run.
    ring.release()
    ring.fill()
    assert [(r.data, r.boot, r.uptime_s) for r in ring.window] == [(b"b", -1, 18)]
    other = made(fs)
    other.fill()
    assert [(r.data, r.boot, r.uptime_s) for r in other.window] == [
        (b"a", 1, 17),
        (b"b", 1, 18),
    ]
    assert other.boot == 2


def test_a_window_that_is_not_empty_needs_no_look_into_flash():
    fs = CountingFlash()
    ring = made(fs)
    put(ring, 1, 12)
    ring.fill()
    ring.release()
    del fs.opened[:]
    ring.fill()
    assert not fs.opened and len(ring.window) == 4
    assert deliver(ring) == span(2, 12)


def test_a_start_is_news_when_it_moves_by_three_seconds():
    ring = made(FakeFlash())
    ring.set_start(1_800_000_000, True)
    put(ring, 1, 2)
    assert not ring.is_marked
    for change in (0, 2, -2):
        ring.set_start(1_800_000_000 + change, True)
        assert not ring.is_marked and ring.starts[1] == 1_800_000_000
    for change in (3, -3):
        ring.set_start(ring.starts[1] + change, True)
        assert ring.is_marked
        ring.flush()
        assert not ring.is_marked
    ring.set_start(ring.starts[1], False)
    assert ring.is_marked and ring.unsure == [1], "nor is it as sure as before"
    ring.set_start(ring.starts[1], False)
    assert ring.unsure == [1]


def test_what_a_new_ring_knows():
    ring = RingStore("ring", FakeFlash(), 4, 200)
    assert (ring.boot, ring.first) == (1, 1)
    assert ring.head == ring.cursor == ring.tail == 1 << 16
    assert (ring.dropped, ring.damaged, ring.taken, ring.fresh_bytes) == (0, 0, 0, 0)
    assert ring.is_empty and not ring.is_marked and not ring.is_full
