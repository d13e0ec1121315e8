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
    """Entries are (index << 8 | subindex, value) tuples in the order they were written.

    command: what was last begun. is_open: it was not finished. load_error: "" or a sentence.
    """

    def __init__(self, store):
        """store: Store, or None where there is no flash."""
        self._store = store
        self.command = ""
        self.is_open = False
        self.load_error = ""
        self.backup = []
        self.journal = []
        self._serial = 0
        data = store.load() if store else None
        self.load_error = store.load_error if store else ""
        if data and data[:3] == _MAGIC and len(data) >= struct.calcsize(_HEAD):
            self._parse(data)

    def _parse(self, data):
        _, flags, serial, command, backups, journals = struct.unpack_from(_HEAD, data)
        at = struct.calcsize(_HEAD)
        if len(data) != at + _ENTRY_BYTES * (backups + journals):
            return
        self._serial = serial
        self.is_open = flags & 1 != 0
        self.command = command.decode().rstrip()
        entries = []
        for _ in range(backups + journals):
            index, subindex, _, value = struct.unpack_from(_ENTRY, data, at)
            entries.append((index << 8 | subindex, value))
            at += _ENTRY_BYTES
        self.backup = entries[:backups]
        self.journal = entries[backups:]

    def begin(self, command, serial, old):
        """Keep the old values; returns when they are in flash.

        old: entries about to be written. OSError or ValueError, with a sentence, when they cannot
        be kept: then nothing may be written.
        """
        if self._store is None:
            raise OSError("no flash for the old values")
        if serial != self._serial:
            self.backup = []
            self.journal = []
            self.is_open = False
            self._serial = serial
        if not self.is_open:
            self.command = command
            self.journal = []
        _add_new(self.backup, old)
        _add_new(self.journal, old)
        if len(self.backup) > _BACKUP_MAX:
            raise ValueError("backup is full, CFG RESTORE ALL empties it")
        self.is_open = True
        self._save()

    def finish(self, keys):
        """The command has written all of `keys`; what an earlier one left undone stays open."""
        for key, _ in self.journal:
            if key not in keys:
                return
        self.is_open = False
        self._save()

    def undo(self, serial, is_all):
        """Entries to write, the newest first; ValueError if this controller has none."""
        entries = self.backup if is_all else self.journal
        if not entries:
            raise ValueError("nothing to restore")
        if serial != self._serial:
            raise ValueError("the old values are of another controller")
        return list(reversed(entries))

    def begin_restore(self, is_all):
        """From now on a cut is to be reported. OSError as in `begin`."""
        if is_all:
            self.journal = list(self.backup)
        if is_all or not self.is_open:
            self.is_open = True
            self.command = "RESTORE"
            self._save()

    def finish_restore(self, is_all):
        """Everything is as it was."""
        self.is_open = False
        self.journal = []
        if is_all:
            self.backup = []
        self._save()

    def _save(self):
        data = struct.pack(
            _HEAD,
            _MAGIC,
            1 if self.is_open else 0,
            self._serial,
            (self.command + " " * 12).encode()[:12],
            len(self.backup),
            len(self.journal),
        )
        record = bytearray(data)
        for entries in (self.backup, self.journal):
            for key, value in entries:
                record += struct.pack(_ENTRY, key >> 8, key & 0xFF, 0, value)
        self._store.save(bytes(record))


def _add_new(entries, old):
    known = [entry[0] for entry in entries]
    for entry in old:
        if entry[0] not in known:
            entries.append(entry)
            known.append(entry[0])


def load(car):
    """The Journal of this module."""
    return Journal(car.open_store(_FILE))
