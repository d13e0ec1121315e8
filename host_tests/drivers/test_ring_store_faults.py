"""The record queue when power goes, writes fail and flash forgets, at every byte."""

from host_tests.drivers.ring_bench import SEGMENTS, copied, deliver, made, put, span, text
from host_tests.fakes.fake_flash import FakeFlash, PowerCutError
from host_tests.shims import expect


def test_power_cut_at_every_byte_of_a_flush():
    full = FakeFlash()
    put(made(full), 1, 9)
    for budget in range(400):
        fs = copied(full)
        ring = made(fs)
        deliver(ring, 3)
        for n in range(10, 15):
            ring.append(text(n), n)
        fs.fail_after(budget)
        try:
            ring.flush()
            is_done = True
        except PowerCutError:
            is_done = False
        fs.fail_after(-1)
        ring = made(fs)
        put(ring, 15, 16)
        numbers = deliver(made(fs))
        assert numbers[-2:] == [15, 16], (budget, numbers)
        before = [n for n in numbers if n <= 9]
        assert before in (span(1, 9), span(4, 9)), (budget, numbers)
        new = [n for n in numbers if 9 < n < 15]
        # What came whole before the cut is there, in order.
        assert new == span(10, 9 + len(new)), (budget, numbers)
        if is_done:
            assert before == span(4, 9) and len(new) == 5
            break
    else:
        raise AssertionError("the flush never came to its end")
    assert budget > 100


def test_power_cut_at_every_step_while_files_are_emptied():
    for budget in range(20):
        fs = FakeFlash()
        ring = made(fs)
        put(ring, 1, 20)
        deliver(ring)
        fs.fail_after(budget)
        try:
            ring.flush()
            is_done = True
        except PowerCutError:
            is_done = False
        fs.fail_after(-1)
        ring = made(fs)
        left = deliver(ring)
        assert left == span(21 - len(left), 20)
        put(ring, 21, 22)
        assert deliver(made(fs)) == left + [21, 22] or deliver(made(fs)) == [21, 22]
        if is_done:
            assert left == []
            return
    raise AssertionError("the flush never came to its end")


def test_a_failing_write_keeps_everything_in_ram():
    full = FakeFlash()
    put(made(full), 1, 8)
    for budget in range(0, 200, 7):
        fs = copied(full)
        ring = made(fs)
        for n in range(9, 13):
            ring.append(text(n), n)
        fs.fail_after(budget, OSError)
        try:
            ring.flush()
        except OSError:
            assert len(ring.fresh) == 4
        assert deliver(ring, 3) == span(1, 3)
        fs.fail_after(-1)
        ring.flush()
        unique = sorted(set(deliver(made(fs))))
        assert unique == span(4, 12), (budget, unique)
        assert sorted(set(deliver(ring))) == span(4, 12), budget


def test_writes_that_always_fail_are_bounded():
    fs = FakeFlash()
    ring = made(fs)
    fs.fail_after(0, OSError)
    for n in range(1, 61):
        ring.append(text(n), n)
        expect.raises(OSError, ring.flush)
        if n == 3:
            ring.fill()
    assert len(ring.fresh) == 16 and ring.dropped == 44 and ring.is_full
    # What is under way is kept, of the others the newest are.
    assert deliver(ring) == [1, 2, 3] + span(48, 60)
    assert ring.fresh_bytes == 0


def test_all_under_way_and_writes_fail():
    fs = FakeFlash()
    ring = made(fs)
    fs.fail_after(0, OSError)
    for n in range(1, 17):
        ring.append(text(n), n)
    ring.taken = 16
    ring.append(text(17), 17)
    assert ring.dropped == 1 and len(ring.fresh) == 16


def test_every_flipped_byte_costs_one_record_at_most():
    fs = FakeFlash()
    put(made(fs), 1, 9)
    for path in sorted(fs.files):
        for i in range(len(fs.files[path])):
            flip = 0xFF if i & 1 else 0x01
            fs.files[path][i] ^= flip
            ring = made(fs)
            numbers = deliver(ring)
            assert len(numbers) == 8, (path, i)
            assert ring.damaged == 1
            fs.files[path][i] ^= flip
    assert deliver(made(fs)) == span(1, 9)


def test_garbage_files():
    for garbage in (b"\xa5" * 700, b"x" * 700, bytes(range(256)) * 3, b"\xa5\x01\xff\xff" * 100):
        fs = FakeFlash()
        for slot in range(SEGMENTS):
            fs.files["ring.%d" % slot] = bytearray(garbage)
        ring = made(fs)
        assert ring.damaged >= SEGMENTS
        put(ring, 1, 5)
        ring.append(text(6), 6)
        assert deliver(ring) == span(1, 6)
        ring.flush()
        put(ring, 7, 8)
        assert deliver(made(fs)) == [7, 8]


def test_garbage_between_records():
    fs = FakeFlash()
    ring = made(fs, segment_bytes=2000)
    put(ring, 1, 2)
    fs.files["ring.1"] += b"\xa5\x01\x40\x00" * 30 + b"\0" * 600
    put(made(fs, segment_bytes=2000), 3, 4)
    ring = made(fs, segment_bytes=2000)
    assert ring.damaged == 1
    assert deliver(ring) == span(1, 4)


def test_unreadable_files_are_passed_over():
    class Broken(FakeFlash):
        broken = ""

        def open(self, path, mode):
            if path == self.broken and mode == "rb":
                raise OSError(5, "EIO")
            return FakeFlash.open(self, path, mode)

    fs = Broken()
    ring = made(fs)
    put(ring, 1, 20)
    fs.broken = "ring.1"
    numbers = deliver(made(fs))
    assert numbers == span(21 - len(numbers), 20) and 10 < len(numbers) < 20
    # Nor do they stop what is new.
    put(ring, 21, 60)
    fs.broken = ""
    assert deliver(ring)[-1] == 60
