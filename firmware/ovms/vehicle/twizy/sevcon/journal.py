"""The values a SEVCON had before we wrote to it, kept on flash.

Two records: `sevcon.bak` has the first value ever seen of every object that was written,
`sevcon.old` the values before the last command, or since the first command that was cut short.
Both are in flash before the first write, so whatever happens in the middle, the values from before
are there. Values belong to one controller, known by its serial number.

Record: "SJ2", flags (1 = open), serial (4 bytes), command (12 characters, blanks behind), number
of entries (1 byte), then these as index, subindex, 0, value, little endian: 8 bytes per entry.
"""

import struct

from micropython import const

from ovms.vehicle.twizy.sevcon.controller import SDO_COMMIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ovms.contracts import Store
    from ovms.vehicle.twizy.car import Twizy

_JOURNAL_FILE = "sevcon.old"
_BACKUP_FILE = "sevcon.bak"
_MAGIC = b"SJ2"
_HEAD = "<3sBI12sB"
_ENTRY = "<HBBI"
_ENTRY_BYTES = const(8)
# Object that asks for an operating state.
_STATE = const(0x2800)
# Every object of the macros, and as many of CFG WRITE.
_BACKUP_MAX = const(128)


class Record:
    """One of the two. entries: bytearray. store: Store, or None where there is no flash.

    Two small records find room in a heap where one of twice the size would not.
    """

    def __init__(self, store: "Store | None") -> None:
        self.store = store
        self.serial = 0
        self.command = ""
        self.is_open = False
        self.entries = bytearray()
        data = store.load() if store else None
        start = struct.calcsize(_HEAD)
        if not data or data[:3] != _MAGIC or len(data) < start:
            return
        _, flags, serial, command, count = struct.unpack_from(_HEAD, data)
        if len(data) == start + _ENTRY_BYTES * count:
            self.serial = serial
            self.is_open = flags & 1 != 0
            self.command = command.decode().rstrip()
            self.entries = bytearray(data[start:])

    def save(self) -> None:
        """Returns when it is in flash; OSError when it cannot be."""
        head = struct.pack(
            _HEAD,
            _MAGIC,
            1 if self.is_open else 0,
            self.serial,
            (self.command + " " * 12).encode()[:12],
            len(self.entries) // _ENTRY_BYTES,
        )
        # Without a flash `begin` has refused.
        self.store.save(head + self.entries)  # type: ignore[union-attr]


class Journal:
    """backup, journal: Record; the command that was last begun is in `journal`.

    load_error: "" or a sentence.
    """

    def __init__(self, journal: "Record", backup: "Record") -> None:
        self.journal = journal
        self.backup = backup
        self.load_error = ""
        if journal.store and backup.store:
            self.load_error = journal.store.load_error or backup.store.load_error

    def key(self, entries: bytearray, at: int) -> int:
        """Object of the entry at byte `at`, as index << 8 | subindex."""
        return entries[at + 1] << 16 | entries[at] << 8 | entries[at + 2]

    def is_setting(self, key: int) -> bool:
        """Whether an object is configuration: no state, login, log pointer or commit."""
        index = key >> 8
        return not (index == _STATE or key == SDO_COMMIT or 0x5000 <= index < 0x6000)

    def packed(self, pairs: "Iterable[tuple[int, int]]") -> bytearray:
        """(key, value) tuples as a bytearray of entries."""
        entries = bytearray()
        for key, value in pairs:
            self.add(entries, key, value)
        return entries

    def add(self, entries: bytearray, key: int, value: int) -> None:
        """Append `value` of object `key` to a bytearray of entries."""
        entries.extend(struct.pack(_ENTRY, key >> 8, key & 0xFF, 0, value))

    def has(self, entries: bytearray, key: int) -> bool:
        """Whether a bytearray of entries has one of object `key`."""
        return any(self.key(entries, at) == key for at in range(0, len(entries), _ENTRY_BYTES))

    def count(self) -> int:
        """Number of values in `journal`."""
        return len(self.journal.entries) // _ENTRY_BYTES

    def begin(self, command: str, serial: int, old: bytearray) -> None:
        """Keep the old values; returns when they are in flash.

        old: what is about to be overwritten, made with `add`. OSError or ValueError, with a
        sentence, when it cannot be kept: then nothing may be written.
        """
        journal = self.journal
        if journal.store is None:
            raise OSError("no flash for the old values")
        for record in (self.backup, journal):
            if serial != record.serial:
                record.entries = bytearray()
                record.is_open = False
                record.serial = serial
        if not journal.is_open:
            journal.command = command
            journal.entries = bytearray()
        for record in (self.backup, journal):
            size = len(record.entries)
            for at in range(0, len(old), _ENTRY_BYTES):
                if not self.has(record.entries, self.key(old, at)):
                    record.entries.extend(old[at : at + _ENTRY_BYTES])
            if len(record.entries) > _BACKUP_MAX * _ENTRY_BYTES:
                raise ValueError("backup is full, CFG RESTORE ALL empties it")
            if record is journal:
                record.is_open = True
            elif len(record.entries) == size:
                continue
            record.save()

    def finish(self, written: bytearray) -> str:
        """The command wrote all of these entries; what an earlier one left undone stays open.

        Returns what the user has to know of it, "" for nothing.
        """
        entries = self.journal.entries
        for at in range(0, len(entries), _ENTRY_BYTES):
            if not self.has(written, self.key(entries, at)):
                return ""
        return self.close()

    def close(self, has_backup: bool = False) -> str:
        """Nothing is left undone. Returns what the user has to know of it, "" for nothing."""
        self.journal.is_open = False
        try:
            if has_backup:
                self.backup.save()
            self.journal.save()
        except OSError as error:
            return ", but the journal stays open: %s" % error
        return ""


async def load(car: "Twizy") -> "Journal":
    """The Journal of this module. The other tasks have their turn before each of its files."""
    await car.sleep_ms(0)
    journal = Record(car.open_store(_JOURNAL_FILE))
    await car.sleep_ms(0)
    return Journal(journal, Record(car.open_store(_BACKUP_FILE)))
