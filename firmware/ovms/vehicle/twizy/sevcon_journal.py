"""Overlay: the values a SEVCON had before we wrote to it, kept on flash.

One record in the store `sevcon.old`. `backup` has the first value ever seen of every object that
was written; `journal` has the values before the last command, or since the first command that was
cut short. All of them are in flash before the first write, so whatever happens in the middle, the
values from before are there. Values belong to one controller, known by its serial number.

Record: "SJ1", flags (1 = open), serial (4 bytes), command (12 characters, blanks behind), number
of backup entries, number of journal entries (1 byte each), then both as index, subindex, 0, value,
little endian: 8 bytes per entry.
"""

import struct

from micropython import const

_FILE = "sevcon.old"
_MAGIC = b"SJ1"
_HEAD = "<3sBI12sBB"
_ENTRY = "<HBBI"
_ENTRY_BYTES = const(8)
# Every object of the macros, and as many of CFG WRITE.
_BACKUP_MAX = const(128)


class Journal:
    """Values are kept as they are stored, in `backup` and `journal`: bytearrays of entries.

    command: what was last begun. is_open: it was not finished. load_error: "" or a sentence.
    """

    def __init__(self, store):
        """store: Store, or None where there is no flash."""
        self._store = store
        self.command = ""
        self.is_open = False
        self.load_error = ""
        self.backup = bytearray()
        self.journal = bytearray()
        self._serial = 0
        data = store.load() if store else None
        self.load_error = store.load_error if store else ""
        if data and data[:3] == _MAGIC and len(data) >= struct.calcsize(_HEAD):
            self._parse(data)

    def _parse(self, data):
        _, flags, serial, command, backups, journals = struct.unpack_from(_HEAD, data)
        start = struct.calcsize(_HEAD)
        if len(data) != start + _ENTRY_BYTES * (backups + journals):
            return
        self._serial = serial
        self.is_open = flags & 1 != 0
        self.command = command.decode().rstrip()
        middle = start + _ENTRY_BYTES * backups
        self.backup = bytearray(data[start:middle])
        self.journal = bytearray(data[middle:])

    def add(self, entries, key, value):
        """Append `value` of object `key` to a bytearray of entries."""
        entries.extend(struct.pack(_ENTRY, key >> 8, key & 0xFF, 0, value))

    def has(self, entries, key):
        """Whether a bytearray of entries has one of object `key`."""
        for at in range(0, len(entries), _ENTRY_BYTES):
            if _key(entries, at) == key:
                return True
        return False

    def count(self):
        """Number of values in `journal`."""
        return len(self.journal) // _ENTRY_BYTES

    def begin(self, command, serial, old):
        """Keep the old values; returns when they are in flash.

        old: what is about to be overwritten, made with `add`. OSError or ValueError, with a
        sentence, when it cannot be kept: then nothing may be written.
        """
        if self._store is None:
            raise OSError("no flash for the old values")
        if serial != self._serial:
            self.backup = bytearray()
            self.journal = bytearray()
            self.is_open = False
            self._serial = serial
        if not self.is_open:
            self.command = command
            self.journal = bytearray()
        for entries in (self.backup, self.journal):
            for at in range(0, len(old), _ENTRY_BYTES):
                if not self.has(entries, _key(old, at)):
                    entries.extend(old[at : at + _ENTRY_BYTES])
        if len(self.backup) > _BACKUP_MAX * _ENTRY_BYTES:
            raise ValueError("backup is full, CFG RESTORE ALL empties it")
        self.is_open = True
        self._save()

    def finish(self, keys):
        """The command has written all of `keys`; what an earlier one left undone stays open."""
        for at in range(0, len(self.journal), _ENTRY_BYTES):
            if _key(self.journal, at) not in keys:
                return
        self.is_open = False
        self._save()

    def undo(self, serial, is_all):
        """(key, value) tuples to write, the newest first; ValueError if there are none for this
        controller.
        """
        entries = self.backup if is_all else self.journal
        if not entries:
            raise ValueError("nothing to restore")
        if serial != self._serial:
            raise ValueError("the old values are of another controller")
        return [
            (_key(entries, at), struct.unpack_from("<I", entries, at + 4)[0])
            for at in range(len(entries) - _ENTRY_BYTES, -1, -_ENTRY_BYTES)
        ]

    def begin_restore(self, is_all):
        """From now on a cut is to be reported. OSError as in `begin`."""
        if is_all:
            self.journal = self.backup
        if is_all or not self.is_open:
            self.is_open = True
            self.command = "RESTORE"
            self._save()

    def finish_restore(self, is_all):
        """Everything is as it was."""
        self.is_open = False
        self.journal = bytearray()
        if is_all:
            self.backup = bytearray()
        self._save()

    def _save(self):
        record = struct.pack(
            _HEAD,
            _MAGIC,
            1 if self.is_open else 0,
            self._serial,
            (self.command + " " * 12).encode()[:12],
            len(self.backup) // _ENTRY_BYTES,
            len(self.journal) // _ENTRY_BYTES,
        )
        self._store.save(record + self.backup + self.journal)


def _key(entries, at):
    return entries[at + 1] << 16 | entries[at] << 8 | entries[at + 2]


def load(car):
    """The Journal of this module."""
    return Journal(car.open_store(_FILE))
