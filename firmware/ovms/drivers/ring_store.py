"""A queue of records in flash that survives a power cut at any byte.

`NAME.0`, `NAME.1`, ... are used in turn, each append-only and of bounded length. When all are full
the oldest is written over and its records are counted as dropped. Records are collected in RAM
and written together; one that is delivered before never touches flash. What reads and writes
files is in `ring_files.py`; here is what stays in RAM.

A position is `segment number << 16 | offset in its file`; segment numbers only grow.
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer
    from ovms.drivers.store import Flash

# Records in RAM that are not in flash yet. The owner flushes in time; more come together only
# when writing fails again and again.
_FRESH_MAX = const(16)
_FRESH_BYTES_MAX = const(1024)
_UTC_CHANGE_S = const(3)

# Records that are in RAM for delivery at a time.
_WINDOW = const(5)


class Record:
    """One record. data: bytes.

    boot: -1 for this run of the module, else the number of the run that made it, `uptime_s`
    seconds after its start. end: position behind it in flash, 0 while it is in RAM only.
    code, sent_s, tries: of whoever delivers it.
    """

    def __init__(self, data: "Buffer", boot: int, uptime_s: int, end: int) -> None:
        self.data = data
        self.boot = boot
        self.uptime_s = uptime_s
        self.end = end
        self.code = self.sent_s = self.tries = 0


class RingStore:
    """fs: drivers/store.py:Flash. At most `segments` files of `segment_bytes` (below 65536).

    window: the oldest records, in RAM for delivery. dropped: records lost for want of room.
    damaged: places in the files that held no whole entry. starts: {boot: when that run began},
    as Unix seconds when above 0, else in seconds of this run's uptime. unsure: runs whose start
    is the word of one source only.
    """

    def __init__(self, name: str, fs: "Flash", segments: int, segment_bytes: int) -> None:
        self.name = name
        self.fs = fs
        self.segments = segments
        self.segment_bytes = segment_bytes
        self.window: "list[Record]" = []
        self.dropped = self.damaged = 0
        self.boot = 1
        self.starts: dict[int, int] = {}
        self.unsure: list[int] = []
        self.is_start_new = False
        # Oldest segment that is not empty; positions of the oldest record not released, as it is
        # known to the flash, of the next to read, and behind the last.
        self.first = 1
        self.head = self.saved_head = self.cursor = self.tail = 1 << 16
        # Records not in flash yet, and how many of them are or were in the window.
        self.fresh: "list[Record]" = []
        # When the first of them came; its own time may be put off.
        self.fresh_s = 0
        self.taken = 0
        self.fresh_bytes = 0

    def load(self) -> None:
        """Find what earlier runs left; once, before anything but `append`."""
        from ovms.drivers import ring_files

        ring_files.load(self)

    @property
    def is_empty(self) -> bool:
        """Whether every record was released."""
        return self.cursor >= self.tail and not self.window and not self.fresh

    @property
    def is_marked(self) -> bool:
        """Whether `flush` has something to write beside new records: deliveries, a start."""
        if self.is_start_new and self.tail != self.first << 16:
            return True
        return self.head != self.saved_head

    @property
    def is_full(self) -> bool:
        """Whether the RAM for records not in flash is used up."""
        return self.fresh_bytes > _FRESH_BYTES_MAX or len(self.fresh) >= _FRESH_MAX

    def append(self, data: "Buffer", uptime_s: int) -> None:
        """Queue `data` (bytes, at most 480), made now; in RAM until `flush`."""
        if len(self.fresh) >= _FRESH_MAX:
            self.dropped += 1
            if self.taken == _FRESH_MAX:
                return
            self.fresh_bytes -= len(self.fresh.pop(self.taken).data)
        self.fresh.append(Record(data, -1, uptime_s, 0))
        self.fresh_bytes += len(data)

    def flush(self) -> None:
        """Write what is not in flash. OSError when that fails: then it may be called again."""
        from ovms.drivers import ring_files

        ring_files.flush(self)

    def fill(self) -> None:
        """Have the oldest records in `window`. Takes no heap when there is nothing to do."""
        if not self.window and self.cursor < self.tail:
            from ovms.drivers import ring_files

            ring_files.read(self, Record, _WINDOW)
        if self.cursor >= self.tail:
            while len(self.window) < _WINDOW and self.taken < len(self.fresh):
                self.window.append(self.fresh[self.taken])
                self.taken += 1

    def release(self) -> None:
        """Forget the oldest record of `window`: nobody needs it any more."""
        record = self.window.pop(0)
        if record.end:
            self.head = max(self.head, record.end)
        else:
            # Flash holds nothing older that is not released, so this is the oldest in RAM.
            self.fresh_bytes -= len(self.fresh.pop(0).data)
            self.taken -= 1

    def set_start(self, utc_s: int, is_sure: bool) -> None:
        """This run began at `utc_s` (Unix seconds), as far as is known now.

        What an earlier run that nobody told the time has as its start stays relative to this one,
        so that a correction moves it, too.
        """
        known = abs(utc_s - self.starts.get(self.boot, 0)) < _UTC_CHANGE_S
        if not known or is_sure == (self.boot in self.unsure):
            from ovms.drivers import ring_files

            ring_files.note_start(self, utc_s, is_sure)
