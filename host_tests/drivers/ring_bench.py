"""Rings, what is put into them and what comes out, for the tests of the record queue."""

from host_tests.fakes.fake_flash import FakeFlash
from ovms.drivers.ring_store import RingStore

SEGMENTS = 4
SEGMENT_BYTES = 200


def made(fs, segments=SEGMENTS, segment_bytes=SEGMENT_BYTES):
    """A ring as it is after the start of the module."""
    ring = RingStore("ring", fs, segments, segment_bytes)
    ring.load()
    return ring


def text(n):
    return b"record-%03d" % n


def put(ring, first, last, uptime_s=100):
    """Append the records `first` to `last` and flush them, six at a time."""
    for n in range(first, last + 1):
        ring.append(text(n), uptime_s + n)
        if n % 6 == 0 or n == last:
            ring.flush()


def copied(fs):
    """A flash with the same files."""
    copy = FakeFlash()
    for path in fs.files:
        copy.files[path] = bytearray(fs.files[path])
    return copy


def deliver(ring, limit=1000):
    """Numbers of the records that come out of `ring`, oldest first; they are released."""
    numbers = []
    ring.fill()
    while ring.window and len(numbers) < limit:
        assert len(ring.window) <= 5
        numbers.append(int(ring.window[0].data[-3:]))
        ring.release()
        ring.fill()
    return numbers


def span(first, last):
    return list(range(first, last + 1))
