"""Who may do what by SMS: the owner's number, the module password, and what guessing costs.

Loaded on demand. Modes as in module-behaviour 2.3, but numbers and passwords are compared whole.
What is remembered of those who guess is in `callers.py`.
"""

from micropython import const

from ovms.parameters import (
    FACTORY_PASSWORD,
    FEATURE_SUPPRESS,
    NO_DENIALS,
    NO_PHONE,
    NO_SMS,
    PASSWORD,
    PHONE,
)
from ovms.services.sms.service import BY_OLD_OWNER, BY_OWNER, BY_PASSWORD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.sms.commands import Command
    from ovms.services.sms.service import SMSService

_GRANTED = const(0)
_DENIED = const(1)
# Right, but the factory password does not open this command.
_FACTORY = const(2)
_LOCKED = const(3)
# The module has lost its password.
_LOST = const(4)

# REGISTER makes the sender the owner, who may then set a password of his own.
_FACTORY_WORDS = ("REGISTER", "PASS?", "FACTORY")


def recognised(sms: "SMSService", caller: str, is_owner: bool) -> tuple[str, bool]:
    """(sender, whether that is the owner): the same text for the same sender.

    caller: the number as delivered. is_owner: whether it is known already who asks.
    """
    from ovms.protocol import phone

    number = phone.normal_phone(caller)
    is_owner = is_owner or (number != "" and is_same(number, sms.config.get(PHONE)))
    return number or caller[:20] or "?", is_owner


def refusal(sms: "SMSService", sender: str, is_owner: bool, command: "Command") -> str | None:
    """None when the Command may be carried out; else what is answered, "" for nothing.

    The password is taken out of the command's words.
    """
    words = command.words
    if command.mode == BY_PASSWORD and is_owner and not words and not command.method:
        return _invalid(command)
    verdict = _check(sms, sender, is_owner, command)
    if verdict != _GRANTED:
        return _denial(sms, sender, is_owner, verdict)
    # Who asks whether something is locked does not want it locked.
    if len(words) < command.least or (command.is_query and command.usage is not None):
        return _invalid(command)
    return None


def has_owner(sms: "SMSService") -> bool:
    """Whether somebody is registered as the owner."""
    return sms.config.get(PHONE) not in ("", NO_PHONE)


def is_same(given: str, secret: str) -> bool:
    """Whether two texts are equal; the time it takes says nothing about where they differ."""
    difference = len(given) ^ len(secret)
    for i in range(len(given)):
        # A slice: MicroPython never frees a character that an index took out of a text.
        difference |= ord(given[i : i + 1]) ^ ord(secret[i % len(secret)])
    return difference == 0


def _invalid(command):
    """Reply to a command that lacks arguments, or that is no question."""
    text = "Invalid command"
    if command.usage or not command.least:
        text += "\n Use: %s %s" % (command.name, command.usage)
    return text.rstrip()


def _denial(sms, sender, is_owner, verdict):
    """The text that says no, or "" for whoever was told within the hour."""
    if not is_owner:
        sms.status.count("sms_denied")
        if sms.config.feature(FEATURE_SUPPRESS) & (NO_DENIALS | NO_SMS):
            return ""
        from ovms.services.sms.callers import record_of

        record = record_of(sms, sender)
        # Who sets a new module up needs to see each slip.
        if record.is_told and (has_owner(sms) or verdict == _LOST):
            return ""
        record.is_told = True
        if verdict == _LOST and not has_owner(sms):
            return (
                "The settings of this module were damaged, its owner is not known. Set it up anew"
                " at the serial cable: FACTORY RESET, or SET 0=<phone> and SET 1=<password>."
            )
        if verdict == _LOCKED and not has_owner(sms):
            return "Too many wrong passwords: try again in an hour."
    if verdict == _FACTORY:
        return (
            "The factory password is accepted for REGISTER and PASS only."
            "\nSend REGISTER OVMS, then PASS <new password>, then this with the new password."
        )
    return "Permission denied"


def _check(sms, sender, is_owner, command):
    """_GRANTED, _DENIED, _FACTORY, _LOCKED or _LOST."""
    if is_owner and command.mode != BY_PASSWORD:
        return _GRANTED
    words = command.words
    if command.mode == BY_OLD_OWNER:
        from ovms import owner_guard

        record = owner_guard.live(sms.config, sms.clock.uptime_s())
        return _GRANTED if record and record[3][PHONE] == sender else _DENIED
    if command.mode == BY_OWNER or not words:
        return _DENIED
    from ovms.services.sms.callers import find_record, note_right, note_wrong

    record = find_record(sms, sender)
    if record and record.is_locked(sender):
        return _LOCKED
    password = sms.config.get(PASSWORD)
    if not password.strip():
        # No guess is right, so none is a wrong one.
        return _LOST
    if is_same(words[0][:40], password):
        del words[0]
        if password == FACTORY_PASSWORD and command.name not in _FACTORY_WORDS:
            return _FACTORY
        note_right(record, sender)
        return _GRANTED
    note_wrong(sms, sender)
    return _DENIED
