"""Callers who misbehave: remembered for an hour, locked out after five wrong passwords.

Loaded on demand, when somebody else than the owner asks; the records are in `SMSService.records`,
a bounded table. Strangers beyond it share one record.
"""

from micropython import const

_WRONG_LIMIT = const(5)
_HOLD_S = const(3600)
_CALLERS = const(8)


class CallerRecord:
    """What is remembered of a caller.

    name: the sender, "" for all who found no room. wrong_passwords: how many. is_told: whether
    there was a denial already. expires_s: uptime when all this is forgotten.
    """

    def __init__(self, name, expires_s):
        self.name = name
        self.wrong_passwords = 0
        self.is_told = False
        self.expires_s = expires_s

    def is_locked(self):
        """Whether not even the right password helps."""
        return self.wrong_passwords >= _WRONG_LIMIT


def find_record(sms, sender):
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


def record_of(sms, sender):
    """The same, but a new one instead of None."""
    record = find_record(sms, sender)
    if record is None:
        name = sender if len(sms.records) < _CALLERS else ""
        record = CallerRecord(name, sms.clock.uptime_s() + _HOLD_S)
        sms.records.append(record)
    return record


def note_right(record):
    """A caller gave the right password; it does not clear what others did."""
    if record and record.name:
        record.wrong_passwords = 0


def note_wrong(sms, sender):
    """A caller gave a wrong password; the owner hears of the last one."""
    record = record_of(sms, sender)
    sms.status.count("sms_wrong_password")
    record.wrong_passwords += 1
    record.expires_s = sms.clock.uptime_s() + _HOLD_S
    if record.wrong_passwords == _WRONG_LIMIT:
        sms.status.count("sms_locked")
        sms.alert = "%d wrong passwords from %s: locked for an hour." % (
            _WRONG_LIMIT,
            record.name or "others",
        )
