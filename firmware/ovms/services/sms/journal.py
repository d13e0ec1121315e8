"""Which SMS was begun: what keeps one from being carried out twice. Loaded on demand.

An SMS stays in the modem's store until it was answered, so one that was met by a power cut or a
crash is found again by the next run of the module. What is to be done with it stands in a file
that is written before an SMS is worked on, and after its answer has left:

    found again                     what happens
    not begun                       it is carried out and answered
    begun once                      not carried out again: its sender is told that it was cut short
    begun twice                     deleted without a word: to read it, or to tell of it, did harm
    answered                        deleted

So a command is carried out once at most, and the worst that an SMS can do is to crash the module
twice. An answer of which nobody knows whether it left is followed by the notice, not by another
answer. The file is a Store: for each of the last SMS a line of the CRC-32 of the message, how
often it was begun, and the run of the module. In the same run nothing answered is found again, but
one may come that is the same to the letter.
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.sms.service import SMSService

_LINES = const(4)
_ANSWERED = const(9)

_NOTICE = (
    "The module was interrupted while it worked on your SMS. It may have been carried out or not:"
    " look before you send it again."
)


def begin(sms: "SMSService", crc: int) -> int:
    """Note it; how often the SMS was begun, with this time: 1, 2 or more."""
    lines = _load(sms)
    times = 0
    for line in lines:
        if line[0] == crc and (line[1] != _ANSWERED or line[2] != sms.run_id):
            times = line[1]
    _save(sms, lines, crc, min(times + 1, _ANSWERED))
    return times + 1


def end(sms: "SMSService", crc: int) -> None:
    """Note that it was answered."""
    _save(sms, _load(sms), crc, _ANSWERED)


def notice(sms: "SMSService", number: str, text: str) -> str | None:
    """What the sender of an interrupted SMS is told, None for somebody who may nothing."""
    from ovms.parameters import PASSWORD
    from ovms.services.sms import access

    if access.recognised(sms, number, False)[1]:
        return _NOTICE
    password = sms.config.get(PASSWORD)
    for word in text.split():
        if access.is_same(word, password):
            return _NOTICE
    return None


def _load(sms):
    """[[CRC-32, times, run], ...], the newest last."""
    lines = []
    for line in (sms.journal.load() or b"").split(b"\n"):
        try:
            crc, times, run = [int(word) for word in line.split()]
        except ValueError:
            continue
        lines.append([crc, times, run])
    return lines


def _save(sms, lines, crc, times):
    lines = [line for line in lines if line[0] != crc][1 - _LINES :]
    lines.append([crc, times, sms.run_id])
    try:
        sms.journal.save(b"".join([b"%d %d %d\n" % tuple(line) for line in lines]))
    except OSError:
        # Better answered than safe.
        sms.status.count("sms_not_noted")
