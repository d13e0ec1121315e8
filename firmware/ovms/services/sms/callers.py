"""Callers who misbehave: remembered for an hour, locked out after five wrong passwords.

Loaded on demand, when somebody else than the owner asks; the records are in `SMSService.records`,
a bounded table. Strangers beyond it share one record, in which each still has a count of his own:
guesses from many numbers lock out none that knows the password.
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ovms.services.sms.service import SMSService

_WRONG_LIMIT = const(5)
_HOLD_S = const(3600)
_CALLERS = const(8)
# In the shared record: how many numbers are counted, and of each its hash beside its count. Both
# fit a small int.
_OTHERS = const(48)
_HASH_MASK = const(0xFFFFFF)
_COUNT_BITS = const(3)
_COUNT_MASK = const(7)


class CallerRecord:
    """What is remembered of a caller.

    name: the sender, "" for all who found no room. wrong_passwords: how many. is_told: whether
    there was a denial already. expires_s: uptime when all this is forgotten. others: of the shared
    record, hash and count of each sender, the last ones.
    """

    # None only of a record that has a name.
    others: "list[int] | Any"

    def __init__(self, name: str, expires_s: int) -> None:
        self.name = name
        self.wrong_passwords = 0
        self.is_told = False
        self.expires_s = expires_s
        self.others = None if name else []

    def is_locked(self, sender: str) -> bool:
        """Whether not even the right password helps."""
        return self._count(sender) >= _WRONG_LIMIT

    def note(self, sender: str) -> tuple[int, int]:
        """A wrong password of `sender`: how many there were, of him and in this record."""
        self.wrong_passwords += 1
        count = self._count(sender) + (not self.name)
        if not self.name:
            self.forget(sender)
            if len(self.others) >= _OTHERS:
                del self.others[0]
            self.others.append(_digest(sender) << _COUNT_BITS | count)
        return count, self.wrong_passwords

    def forget(self, sender: str) -> None:
        """The wrong passwords of `sender`."""
        if self.name:
            self.wrong_passwords = 0
            return
        digest = _digest(sender)
        for entry in self.others:
            if entry >> _COUNT_BITS == digest:
                self.others.remove(entry)
                return

    def _count(self, sender):
        if self.name:
            return self.wrong_passwords
        digest = _digest(sender)
        for entry in self.others:
            if entry >> _COUNT_BITS == digest:
                return entry & _COUNT_MASK
        return 0


def _digest(sender):
    return hash(sender) & _HASH_MASK


def find_record(sms: "SMSService", sender: str) -> "CallerRecord | None":
    """The live record of `sender`, or the one shared by all who found no room, or None."""
    now = sms.clock.uptime_s()
    sms.records = [record for record in sms.records if now < record.expires_s]
    shared = None
    for record in sms.records:
        if record.name == sender:
            return record
        if not record.name:
            shared = record
    return shared


def record_of(sms: "SMSService", sender: str) -> "CallerRecord":
    """The same, but a new one instead of None."""
    record = find_record(sms, sender)
    if record is None:
        name = sender if len(sms.records) < _CALLERS else ""
        record = CallerRecord(name, sms.clock.uptime_s() + _HOLD_S)
        sms.records.append(record)
    return record


def note_right(record: "CallerRecord | None", sender: str) -> None:
    """A caller gave the right password; it does not clear what others did."""
    if record:
        record.forget(sender)


def note_wrong(sms: "SMSService", sender: str) -> None:
    """A caller gave a wrong password; the owner hears of the last one."""
    record = record_of(sms, sender)
    sms.status.count("sms_wrong_password")
    own, total = record.note(sender)
    if record.name:
        # Of the shared record none is kept longer for what others do.
        record.expires_s = sms.clock.uptime_s() + _HOLD_S
    if own == _WRONG_LIMIT:
        sms.status.count("sms_locked")
        sms.alert = "%d wrong passwords from %s: locked for an hour." % (own, sender)
    elif not record.name and total == _WRONG_LIMIT:
        sms.alert = "Wrong passwords from more than %d numbers within an hour." % _CALLERS
