"""Who may do what by SMS: the owner's number, the module password, and what guessing costs.

An overlay: what it remembers is in `SMSService.records`. Modes as in module-behaviour 2.3, but
numbers and passwords are compared whole. Misbehaving callers are remembered for an hour: a bounded
table, strangers beyond it share one record.
"""

from micropython import const

from ovms.parameters import (
    FACTORY_PASSWORD,
    FEATURE_SUPPRESS,
    NO_DENIALS,
    NO_SMS,
    PASSWORD,
    PHONE,
)
from ovms.services.sms import BY_OWNER, BY_PASSWORD

_GRANTED = const(0)
_DENIED = const(1)
# Right, but the factory password does not open this command.
_FACTORY = const(2)

_WRONG_LIMIT = const(5)
_HOLD_S = const(3600)
_CALLERS = const(8)
# REGISTER makes the sender the owner, who may then set a password of his own.
_FACTORY_WORDS = ("REGISTER", "PASS?")

# Of a row of the table of commands.
_LEAST = const(4)
_USAGE = const(5)

# Fields of a record: caller, wrong passwords, uptime in seconds when it is forgotten, was denied.
_CALLER = const(0)
_WRONG = const(1)
_EXPIRES = const(2)
_TOLD = const(3)


def admitted(sms, caller, text, is_owner):
    """What an SMS may have done: (function, arguments). It returns the reply, or its coroutine.

    Else the reply (str), or None for none. is_owner: whether it is known already who asks.
    """
    from ovms.services import sms_commands

    row, words, is_query = sms_commands.find(sms, text)
    from ovms.protocol import phone

    number = phone.normal_phone(caller)
    is_owner = is_owner or (number != "" and is_same(number, sms.config.get(PHONE)))
    if row is None:
        if is_owner:
            return "Unknown command. Send HELP for a list."
        from ovms.services import sms_forward

        sms_forward.forward(sms, caller, text)
        return None
    word, mode, loader, method, least, usage = row
    if mode == BY_PASSWORD and is_owner and not words and loader:
        return _invalid(row)
    # The same text for the same sender.
    who = number or caller[:20] or "?"
    verdict = _check(sms, who, is_owner, word, mode, words)
    if verdict != _GRANTED:
        return _refusal(sms, who, is_owner, verdict)
    # Who asks whether something is locked does not want it locked.
    if len(words) < least or (is_query and usage is not None):
        return _invalid(row)
    if not loader:
        return method, (sms.car(), words, is_query)
    return loader(), (sms, caller, word, words)


def is_same(given, secret):
    """Whether two texts are equal; the time it takes says nothing about where they differ."""
    difference = len(given) ^ len(secret)
    for i in range(len(given)):
        # A slice: MicroPython never frees a character that an index took out of a text.
        difference |= ord(given[i : i + 1]) ^ ord(secret[i % len(secret)])
    return difference == 0


def _invalid(row):
    """Reply to a command that lacks arguments, or that is no question."""
    text = "Invalid command"
    if row[_USAGE] or not row[_LEAST]:
        text += "\n Use: %s %s" % (row[0], row[_USAGE])
    return text.rstrip()


def _refusal(sms, who, is_owner, verdict):
    """The text that says no, or None for whoever was told within the hour."""
    if not is_owner:
        sms.status.count("sms_denied")
        if sms.config.feature(FEATURE_SUPPRESS) & (NO_DENIALS | NO_SMS):
            return None
        record = _find(sms, who) or _add(sms, who)
        if record[_TOLD]:
            return None
        record[_TOLD] = True
    if verdict == _FACTORY:
        return (
            "The factory password is accepted for REGISTER and PASS only."
            "\nSend REGISTER OVMS, then PASS <new password>, then this with the new password."
        )
    return "Permission denied"


def _check(sms, who, is_owner, word, mode, words):
    """_GRANTED, _DENIED or _FACTORY. words: behind the command; the password is taken out."""
    if is_owner and mode != BY_PASSWORD:
        return _GRANTED
    if mode == BY_OWNER or not words:
        return _DENIED
    record = _find(sms, who)
    if record and record[_WRONG] >= _WRONG_LIMIT:
        return _DENIED
    password = sms.config.get(PASSWORD)
    if is_same(words[0][:40], password):
        del words[0]
        if password == FACTORY_PASSWORD and word not in _FACTORY_WORDS:
            return _FACTORY
        if record and record[_CALLER]:
            record[_WRONG] = 0
        return _GRANTED
    _note_wrong(sms, record or _add(sms, who))
    return _DENIED


def _note_wrong(sms, record):
    sms.status.count("sms_wrong_password")
    record[_WRONG] += 1
    record[_EXPIRES] = sms.clock.uptime_s() + _HOLD_S
    if record[_WRONG] == _WRONG_LIMIT:
        sms.status.count("sms_locked")
        sms.alert = "%d wrong passwords from %s: locked for an hour." % (
            _WRONG_LIMIT,
            record[_CALLER] or "others",
        )


def _find(sms, who):
    """The live record of `who`, or the one shared by all who found no room, or None."""
    now = sms.clock.uptime_s()
    sms.records = [record for record in sms.records if now < record[_EXPIRES]]
    shared = None
    for record in sms.records:
        if record[_CALLER] == who:
            return record
        if not record[_CALLER]:
            shared = record
    return shared


def _add(sms, who):
    name = who if len(sms.records) < _CALLERS else ""
    record = [name, 0, sms.clock.uptime_s() + _HOLD_S, False]
    sms.records.append(record)
    return record
