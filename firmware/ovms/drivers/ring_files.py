"""The files of a `RingStore`: their format, and what reads and writes them.

An entry is magic, kind, data length, boot, segment number, value, data, CRC-32 of all that; little
endian. Entries carry their segment's number, so a segment needs no header that could be damaged.
After damage the next whole entry is searched for byte by byte.

Kinds: a record (value: uptime in seconds when it was made), the start of the run `boot` (value:
Unix seconds; with data when that is the word of one source only), and a mark that everything
before a position was delivered (value: the position).
"""

import struct
from binascii import crc32

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.drivers.ring_store import Record, RingStore

_MAGIC = b"\xa5"
_RECORD = const(1)
_START = const(2)
_DELIVERED = const(3)
# Data of a start.
_SURE = b""
_UNSURE = b"?"

_HEADER = "<BBHHHI"
_HEADER_BYTES = const(12)
_OVERHEAD = const(16)
# The longest record with its overhead.
_ENTRY_MAX = const(496)

# Runs of the module whose start is remembered; records of older ones count as made just before.
_BOOTS_MAX = const(16)
# A segment number has 16 bits. Where it may start anew, it does so long before it is exhausted.
_RESTART_SEGMENT = const(16000)


def load(ring: "RingStore") -> None:
    """Set up `ring` from its files. A file that cannot be read counts as damaged."""
    numbers = []
    for slot in range(ring.segments):
        number = _number(ring, slot)
        if number is not None:
            numbers.append(number)
    if not numbers:
        return
    numbers.sort()
    # Of [boot, last uptime, start or 0, its data], in the order of time.
    boots: list = []
    newest = numbers[-1]
    ring.first = numbers[0]
    ring.head = ring.first << 16
    for number in numbers:
        end = expected = 0
        try:
            file = ring.fs.open(_path(ring, number), "rb")
            try:
                for end, header, data in _entries(file, 0):
                    if header[4] != number:
                        continue
                    if end - len(data) - _OVERHEAD != expected:
                        ring.damaged += 1
                    expected = end
                    if header[1] == _DELIVERED:
                        ring.head = max(ring.head, header[5])
                    else:
                        _note_boot(boots, header, data)
                    ring.boot = header[3] + 1 & 0xFFFF
                end = file.seek(0, 2)
            finally:
                file.close()
        except OSError:
            ring.damaged += 1
        if end > expected:
            ring.damaged += 1
        ring.tail = number << 16 | end
    ring.cursor = ring.saved_head = ring.head
    reference = 0
    for boot, last_s, start, sureness in reversed(boots):
        if sureness:
            ring.unsure.append(boot)
        if not start:
            # Nobody told that run the time: it ended at the latest when the next one began.
            start = reference - last_s
        ring.starts[boot] = reference = start
    ring.first = max(ring.first, newest - ring.segments + 1)


def _note_boot(boots, header, data):
    for known in boots:
        if known[0] == header[3]:
            break
    else:
        known = [header[3], 0, 0, _SURE]
        boots.append(known)
        if len(boots) > _BOOTS_MAX:
            boots.pop(0)
    if header[1] == _START:
        known[2] = header[5]
        known[3] = data
    else:
        known[1] = max(known[1], header[5])


def _number(ring, slot):
    """Number of the segment in the file of `slot`, None when there is no whole entry in it."""
    try:
        file = ring.fs.open("%s.%d" % (ring.name, slot), "rb")
    except OSError:
        return None
    try:
        for _, header, _ in _entries(file, 0):
            if header[4] % ring.segments == slot:
                return header[4]
        if file.seek(0, 2):
            ring.damaged += 1
    except OSError:
        ring.damaged += 1
    finally:
        file.close()
    return None


def read(ring: "RingStore", record: "type[Record]", count: int) -> None:
    """Move up to `count` records from the cursor into `ring.window`; record: their class."""
    while ring.cursor < ring.tail and len(ring.window) < count:
        number = ring.cursor >> 16
        is_through = True
        try:
            file = ring.fs.open(_path(ring, number), "rb")
            try:
                for end, header, data in _entries(file, ring.cursor & 0xFFFF):
                    if header[4] != number:
                        continue
                    ring.cursor = number << 16 | end
                    if header[1] == _RECORD:
                        boot = -1 if header[3] == ring.boot else header[3]
                        ring.window.append(record(data, boot, header[5], ring.cursor))
                        if len(ring.window) == count:
                            is_through = False
                            break
            finally:
                file.close()
        except OSError:
            ring.damaged += 1
        if is_through:
            is_last = number == ring.tail >> 16
            ring.cursor = ring.tail if is_last else number + 1 << 16


def note_start(ring: "RingStore", utc_s: int, is_sure: bool) -> None:
    """`RingStore.set_start` for what is new."""
    if ring.boot in ring.unsure:
        ring.unsure.remove(ring.boot)
    if not is_sure:
        ring.unsure.append(ring.boot)
    ring.starts[ring.boot] = utc_s
    ring.is_start_new = True


def flush(ring: "RingStore") -> None:
    """Write what is in RAM only, empty files that are not needed. OSError; then as before."""
    number = ring.tail >> 16
    if ring.is_empty:
        while ring.first <= number:
            _empty(ring, ring.first)
            ring.first += 1
        ring.first = number + 1 if number < _RESTART_SEGMENT else 1
        ring.head = ring.saved_head = ring.cursor = ring.tail = ring.first << 16
        return
    while ring.first < ring.head >> 16:
        _empty(ring, ring.first)
        ring.first += 1
    ends = []
    start = ring.starts.get(ring.boot, 0)
    file = ring.fs.open(_path(ring, number), "ab")
    try:
        # Measured each time: a write that failed may have left a part.
        size = file.seek(0, 2)
        for kind, boot, value, data in _due(ring):
            if size + _OVERHEAD + len(data) > ring.segment_bytes and size:
                file.close()
                number += 1
                _make_room(ring, number)
                file = ring.fs.open(_path(ring, number), "wb")
                size = 0
            if not size and start > 0 and kind != _START:
                # The file that had it may be emptied before this one.
                size = _write(file, _START, ring.boot, number, start, _sureness(ring, ring.boot))
            size += _write(file, kind, boot, number, value, data)
            if kind == _RECORD:
                ends.append(number << 16 | size)
    finally:
        file.close()
    for i in range(len(ends)):
        ring.fresh[i].end = ends[i]
    if ring.taken:
        ring.cursor = ends[ring.taken - 1]
    ring.tail = number << 16 | size
    ring.fresh.clear()
    ring.taken = ring.fresh_bytes = 0
    # What was given up meanwhile needs no mark: it is not there any more.
    ring.saved_head = ring.head
    ring.is_start_new = False


def _due(ring):
    """(kind, boot, value, data) of every entry to write. The last is of this run."""
    if ring.is_start_new:
        this_s = ring.starts[ring.boot]
        this_sureness = _sureness(ring, ring.boot)
        for boot in ring.starts:
            if boot != ring.boot:
                start = ring.starts[boot]
                sureness = _sureness(ring, boot) if start > 0 else this_sureness
                yield _START, boot, start if start > 0 else this_s + start, sureness
        yield _START, ring.boot, this_s, this_sureness
    for record in ring.fresh:
        yield _RECORD, ring.boot, record.uptime_s, record.data
    if ring.head != ring.saved_head:
        yield _DELIVERED, ring.boot, ring.head, b""


def _sureness(ring, boot):
    return _UNSURE if boot in ring.unsure else _SURE


def _make_room(ring, number):
    """Give up the oldest segments until segment `number` has a file; count what is lost."""
    while number - ring.first >= ring.segments:
        position = max(ring.cursor, ring.first << 16)
        if position >> 16 == ring.first:
            try:
                file = ring.fs.open(_path(ring, ring.first), "rb")
                try:
                    for _, header, _ in _entries(file, position & 0xFFFF):
                        ring.dropped += header[1] == _RECORD
                finally:
                    file.close()
            except OSError:
                # Nobody can tell how many those were; the new ones need the room.
                ring.damaged += 1
        ring.first += 1
        ring.cursor = max(ring.cursor, ring.first << 16)
        ring.head = max(ring.head, ring.first << 16)


def _empty(ring, number):
    ring.fs.open(_path(ring, number), "wb").close()


def _path(ring, number):
    return "%s.%d" % (ring.name, number % ring.segments)


def _write(file, kind, boot, number, value, data):
    """Append an entry; returns its bytes. In pieces: copies of records are much garbage."""
    header = struct.pack(_HEADER, _MAGIC[0], kind, len(data), boot, number, value)
    file.write(header)
    file.write(data)
    file.write(struct.pack("<I", crc32(data, crc32(header))))
    return _OVERHEAD + len(data)


def _entries(file, offset):
    """Yield (offset behind it, header tuple, data) of every whole entry from `offset` on."""
    file.seek(offset)
    # Never longer than an entry: late in a module's life no bigger piece of heap may be free.
    buffer = b""
    wanted = _OVERHEAD
    is_all_read = False
    while buffer or not is_all_read:
        if len(buffer) < wanted and not is_all_read:
            piece = file.read(_ENTRY_MAX - len(buffer))
            is_all_read = not piece
            buffer += piece
            continue
        wanted = _OVERHEAD
        skipped = buffer.find(_MAGIC)
        if skipped < 0:
            skipped = len(buffer)
        elif skipped == 0:
            size = 0
            if len(buffer) >= _OVERHEAD:
                header = struct.unpack(_HEADER, buffer[:_HEADER_BYTES])
                size = header[2] + _OVERHEAD
                if len(buffer) < size <= _ENTRY_MAX and not is_all_read:
                    wanted = size
                    continue
            if 0 < size <= len(buffer) and crc32(buffer[: size - 4]) == _crc(buffer, size):
                data = buffer[_HEADER_BYTES : size - 4]
                offset += size
                buffer = buffer[size:]
                yield offset, header, data
                continue
            skipped = 1
        offset += skipped
        buffer = buffer[skipped:]


def _crc(buffer, size):
    return struct.unpack("<I", buffer[size - 4 : size])[0]
