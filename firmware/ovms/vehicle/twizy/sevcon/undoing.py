"""What CFG RESTORE does with the old values of a `Journal`: these are taken as `old`."""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.twizy.sevcon.journal import Journal

_ENTRY_BYTES = const(8)


def undo(old: "Journal", serial: int, is_all: bool) -> bytearray:
    """Entries to write, the newest first; ValueError if this controller has none."""
    record = old.backup if is_all else old.journal
    entries = record.entries
    if not entries:
        raise ValueError("nothing to restore")
    if serial != record.serial:
        raise ValueError("the old values are of another controller")
    newest_first = bytearray()
    for at in range(len(entries) - _ENTRY_BYTES, -1, -_ENTRY_BYTES):
        newest_first.extend(entries[at : at + _ENTRY_BYTES])
    return newest_first


def begin_restore(old: "Journal", is_all: bool) -> None:
    """From now on a cut is to be reported. OSError as in `begin`."""
    journal = old.journal
    if is_all:
        journal.entries = old.backup.entries
        journal.serial = old.backup.serial
    if is_all or not journal.is_open:
        journal.is_open = True
        journal.command = "RESTORE"
        journal.save()


def finish_restore(old: "Journal", is_all: bool) -> str:
    """Everything is as it was. Returns what the user has to know of it, "" for nothing."""
    old.journal.entries = bytearray()
    if is_all:
        old.backup.entries = bytearray()
    return old.close(is_all)
