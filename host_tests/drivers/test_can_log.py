"""The CAN log's files: format, ring, power cuts, a flash that fills or fails, and losses."""

from micropython import heap_lock, heap_unlock

from host_tests.drivers.can_log_bench import KB, LogFlash, read_frames, read_segment
from host_tests.fakes.fake_flash import PowerCutError
from host_tests.shims.expect import raises
from ovms.drivers import can_log_files as files
from ovms.drivers.can_log import LogWriter

UTC_S = 1_790_000_000
DATA = bytearray(b"\x01\x02\x03\x04\x05\x06\x07\x08")


def frame(n):
    """The `n`th frame: its id, data in an 8-byte buffer, and length."""
    data = bytearray(8)
    data[0] = n & 0xFF
    data[1] = n >> 8 & 0xFF
    return 0x100 + n % 0x600, data, n % 9


def put(log, first, last, is_sure=False):
    """Frames `first` to `last`; every block is written as soon as it is full."""
    for n in range(first, last + 1):
        log.put(*frame(n))
        if log.has_block:
            log.write(is_sure)


def wanted(first, last):
    found = []
    for n in range(first, last + 1):
        arbitration_id, data, dlc = frame(n)
        found.append((arbitration_id, bytes(data[:dlc])))
    return found


def read(fs):
    """What the firmware's own reader finds."""
    return [(arbitration_id, bytes(data)) for _, _, arbitration_id, data in files.frames(fs)]


def test_the_bytes_of_a_log():
    fs = LogFlash()
    log = LogWriter(fs, 4, UTC_S)
    log.put(0x7FF, DATA, 8)
    log.put(0, DATA, 0)
    log.put(0x155, DATA, 3)
    log.end(2)
    first, last = read_segment(fs.files["canlog.0"])
    assert first[:2] == (1, 0) and first[2] < 5000
    assert first[3:6] == (UTC_S, 0, 3)
    payload = first[6]
    assert len(payload) == 3 * 4 + 11
    assert payload[2:12] == b"\xff\x47" + bytes(DATA)
    assert payload[14:16] == b"\x00\x00"
    assert payload[18:] == b"\x55\x19\x01\x02\x03"
    assert last[0] == 2 and last[6] == b"\x02"
    times = [(second, ms) for second, ms, _, _ in files.frames(fs)]
    assert len(times) == 3 and UTC_S <= times[0][0] <= UTC_S + 5
    assert times == sorted(times)
    assert files.summary(fs)[0] == 3 and files.summary(fs)[5] == 2


def test_every_length_comes_back():
    fs = LogFlash()
    log = LogWriter(fs, 4, 0)
    put(log, 0, 500)
    log.end(1)
    assert read(fs) == read_frames(fs.files["canlog.0"]) == wanted(0, 500)
    assert log.frames == 501 and log.lost == 0
    # Nobody told the time: seconds since the log's start.
    assert next(files.frames(fs))[0] < 5


def test_nothing_is_none():
    fs = LogFlash()
    assert files.summary(fs) is None and read(fs) == []
    fs.files["canlog.3"] = bytearray(b"\xca\x01 something else")
    assert files.summary(fs) is None
    files.remove(fs)
    assert not fs.files


def test_a_ring_keeps_the_newest():
    fs = LogFlash()
    log = LogWriter(fs, 3, 0)
    put(log, 0, 9000)
    log.end(2)
    assert sorted(fs.files) == ["canlog.0", "canlog.1", "canlog.2"]
    assert max([len(data) for data in fs.files.values()]) <= 16 * KB
    found = read(fs)
    assert found == wanted(9001 - len(found), 9000)
    # At least what two full files hold, of which one block may not have fitted.
    assert len(found) * 8.5 > 2 * 15 * KB
    count, size, _, is_cut, lost, why = files.summary(fs)
    assert count == len(found) and is_cut and lost == 0 and why == 2
    assert size == sum([len(data) for data in fs.files.values()])


def test_a_put_takes_no_heap():
    log = LogWriter(LogFlash(), 2, UTC_S)
    log.put(0x155, DATA, 8)
    for n in range(2):
        heap_lock()
        try:
            # Into the next block, and on until there is none.
            for _ in range(100):
                log.put(0x155, DATA, 8)
        finally:
            heap_unlock()
        log.write()
        assert n or log.lost


def test_frames_without_a_block_are_counted():
    fs = LogFlash()
    log = LogWriter(fs, 2, 0)
    for n in range(200):
        log.put(0x100, bytearray((n, 0, 0, 0, 0, 0, 0, 0)), 8)
    held = log.frames
    assert 70 < held < 90 and log.lost == 200 - held
    log.write()
    log.put(0x101, DATA, 8)
    log.end(1)
    found = read(fs)
    assert [data[0] for _, data in found[:-1]] == list(range(held))
    assert found[-1] == (0x101, bytes(DATA))
    assert files.summary(fs)[4] == log.lost


def test_a_cut_at_any_byte_leaves_what_was_written():
    """Only whole blocks, in order, and none that was whole before the cut is missing."""
    total = LogFlash()
    log = LogWriter(total, 2, 0)
    put(log, 0, 400)
    steps = total.written
    for budget in range(0, steps, 7):
        fs = LogFlash()
        fs.fail_after(budget)
        log = LogWriter(fs, 2, 0)
        whole = 0
        try:
            for n in range(401):
                log.put(*frame(n))
                if log.has_block:
                    log.write()
                    whole = fs.written
        except PowerCutError:
            fs.fail_after(-1)
        found = read(fs)
        assert found == wanted(0, len(found) - 1)
        size = sum([26 + len(block[6]) for block in read_segment(fs.files.get("canlog.0", b""))])
        assert size >= whole
        if found:
            assert files.summary(fs)[5] is None


def test_a_cut_where_the_oldest_file_is_emptied():
    fs = LogFlash()
    log = LogWriter(fs, 2, 0)
    full = 0
    size = -1
    while len(fs.files.get("canlog.0", b"")) >= size:
        size = len(fs.files.get("canlog.0", b""))
        put(log, full, full)
        full += 1
    for budget in range(0, 1200, 101):
        fs = LogFlash()
        log = LogWriter(fs, 2, 0)
        put(log, 0, full - 60)
        fs.fail_after(budget)
        raises(PowerCutError, put, log, full - 59, full + 200)
        fs.fail_after(-1)
        found = read(fs)
        # One full file is there in any case, and nothing is missing behind it.
        assert len(found) > 1500
        first = full
        while wanted(first, first) != found[:1]:
            first -= 1
        assert found == wanted(first, first + len(found) - 1)
        assert first + len(found) > full - 120


def test_a_damaged_block_ends_its_file_only():
    fs = LogFlash()
    log = LogWriter(fs, 3, 0)
    put(log, 0, 3000)
    log.end(2)
    whole = len(read(fs))
    second = read_frames(fs.files["canlog.1"])
    fs.files["canlog.0"][600] ^= 1
    found = read(fs)
    assert len(found) < whole and found[-len(second) :] == wanted(3001 - len(second), 3000)


def test_what_is_left_free_for_others():
    assert files.room(LogFlash(160 * KB + 16 * KB)) == 0
    assert files.room(LogFlash(160 * KB + 32 * KB)) == 2
    assert files.room(LogFlash(1500 * KB)) == 16
    # It fills while the log runs.
    fs = LogFlash(160 * KB + 40 * KB)
    log = LogWriter(fs, 2, 0)
    put(log, 0, 500)
    fs.files["other"] = bytearray(20 * KB)
    error = raises(OSError, put, log, 501, 3000)
    assert error.args[0] == 28
    log.end(4)
    assert fs.free_bytes() > 150 * KB
    found = read(fs)
    assert found == wanted(0, len(found) - 1) and len(found) > 1000


def test_a_flash_that_fails_is_an_error_and_the_log_is_read_so_far():
    fs = LogFlash()
    log = LogWriter(fs, 2, 0)
    put(log, 0, 200)
    whole = len(read(fs))
    fs.fail_after(100, OSError)
    raises(OSError, put, log, 201, 400)
    log.end(4)
    fs.fail_after(-1)
    assert len(read(fs)) == whole


def test_what_is_to_survive_is_flushed():
    fs = LogFlash()
    flushes = []

    class File:
        def __init__(self, file):
            self.write = file.write
            self.close = file.close

        def flush(self):
            flushes.append(fs.written)

    class SyncedFlash:
        free_bytes = fs.free_bytes

        def open(self, path, mode):
            return File(fs.open(path, mode))

    log = LogWriter(SyncedFlash(), 4, 0)
    put(log, 0, 2000)
    pieces = [end - start for start, end in zip([0] + flushes, flushes)]
    assert len(pieces) >= 2 and min(pieces) >= 4 * KB and max(pieces) < 5 * KB
    log.put(1, DATA, 8)
    assert log.turn()
    log.write(True)
    assert flushes[-1] == fs.written
