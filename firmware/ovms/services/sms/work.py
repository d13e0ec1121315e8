"""One SMS from its arrival to its deletion. Loaded on demand.

Each step stands in the SMSService when it is done, so both functions may be called again after a
lack of memory, and nothing is done twice.
"""

import asyncio

from micropython import const

from ovms import parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import SMSModem
    from ovms.services.sms.service import SMSService

# Of `budget.py`, for what is no answer.
_RESERVE = const(10)
# So often an answer is tried that met no network.
_SENDINGS = const(5)


async def begin(sms: "SMSService", modem: "SMSModem") -> bool:
    """Before it is carried out. True; `done` is set where it must not be carried out again."""
    # Others have their turn between two loads of code.
    await asyncio.sleep_ms(0)
    if not sms.begun:
        sms.done = sms.unsent = None
        # In RAM, too: one that was delivered directly lies in no store.
        sms.attempts = max(sms.attempts + 1, _begin(sms, modem))
        sms.begun = sms.attempts
    await asyncio.sleep_ms(0)
    if sms.done is None and sms.begun > 1:
        is_told = sms.begun == 2
        sms.status.count("sms_interrupted" if is_told else "sms_given_up")
        number, text = sms.current
        sms.done = False, _notice(sms, number, text) if is_told else None
    return True


async def send(sms: "SMSService", modem: "SMSModem") -> bool:
    """Whether the SMS is over; False: its answer waits for the network."""
    number, text = sms.current
    await asyncio.sleep_ms(0)
    if sms.unsent is None:
        sms.unsent = await _parts(sms, number, text, sms.done[1])
    while sms.unsent:
        await asyncio.sleep_ms(0)
        sms.stay_alive()
        is_sent = await modem.send_sms(*sms.unsent[0])
        if not is_sent:
            sms.status.count("sms_not_sent")
            sms.sendings += 1
            if is_sent is False and not sms.status.is_registered and sms.sendings < _SENDINGS:
                return False
            sms.unsent.clear()
            break
        sms.unsent.pop(0)
    await asyncio.sleep_ms(0)
    if modem.taken and sms.journal:
        _end(sms, modem)
    return True


def _begin(sms, modem):
    if not (modem.taken and sms.journal):
        return 0
    from ovms.services.sms import journal

    return journal.begin(sms, modem.taken[0][2])


def _end(sms, modem):
    from ovms.services.sms import journal

    journal.end(sms, modem.taken[0][2])


def _notice(sms, number, text):
    from ovms.services.sms import journal

    return journal.notice(sms, number, text)


async def _parts(sms, number, text, reply):
    """[(number, part)]: the reply, and an alert that came up, to the owner."""
    if reply:
        reply = _in_rhythm(sms, number, text, reply)
    await asyncio.sleep_ms(0)
    unsent = list(await _outgoing(sms, number, reply, 0))
    if sms.alert and not sms.config.feature(parameters.FEATURE_SUPPRESS) & parameters.NO_ALERTS:
        owner = sms.config.get(parameters.PHONE)
        await asyncio.sleep_ms(0)
        unsent += await _outgoing(sms, owner, sms.alert, _RESERVE)
    sms.alert = ""
    return unsent


def _in_rhythm(sms, number, text, reply):
    from ovms.services.sms.answering import in_rhythm

    return in_rhythm(sms, number, text, reply)


def _outgoing(sms, number, text, reserve):
    from ovms.services.sms.parts import outgoing

    return outgoing(sms, number, text, reserve)
