"""Received SMS: from the store of a modem in text mode into `Modem.queue`.

Received messages are stored by the modem, announced, read, and deleted before anybody acts on
them, so that a message that restarts the module is not met again. One at a time: what nobody has
asked for yet is safer in the modem. One that is delivered directly comes by `urcs.py`.
Source: hardware facts 4.4, dialogues D7, D8 and D14.
"""

from micropython import const

from ovms.links.modem.at_port import ATError
from ovms.protocol.at import number

_READ_S = const(10)
_DELETE_S = const(25)


async def fetch_sms(modem):
    """Read and delete one message that the modem has stored, if there is one."""
    # The other tasks have their turn between two loads of code.
    await modem.port.clock.sleep_ms(0)
    async with modem.sms_lock:
        if modem.has_ucs2:
            await _use_charset(modem, b"UCS2")
        while modem.announced and not modem.queue:
            await _read(modem, modem.announced.pop(0))
        if modem.is_sms_due and not modem.queue:
            await _search(modem)
        await _use_charset(modem, modem.plain_charset)


async def _search(modem):
    """Queue the first message of the store, if it holds any."""
    modem.is_sms_due = False
    long = modem.long_sms
    if long is not None:
        long.searches -= 1
        if not long.searches:
            modem.long_sms = None
            modem.status.count("sms_incomplete")
    store = await modem.port.ask(b"AT+CPMS?")
    if not store or not number(store, 1):
        return
    has_found = False
    for index in range(1, (number(store, 2) or 0) + 1):
        found = await _read(modem, index)
        if found is None:
            return
        has_found = has_found or found
        if modem.queue:
            modem.is_sms_due = True
            return
    if not has_found:
        # What cannot be found by its number would fill the store for ever.
        await modem.port.ask(b"AT+CMGD=1,4", limit_s=_DELETE_S)


async def _read(modem, index):
    """Queue message `index` of the store: True; False for an empty place, None when refused.

    One that is refused twice is deleted.
    """
    port = modem.port
    part = None
    try:
        lines = await port.execute(b"AT+CMGR=%d" % index, limit_s=_READ_S)
        from ovms.protocol.sms_text import is_part

        if len(lines) > 1 and is_part(lines[0]):
            from ovms.links.modem.long_sms import read_part

            part = await read_part(modem, index)
    except ATError:
        is_hopeless = modem.unread == index
        modem.unread = None if is_hopeless else index
        if is_hopeless:
            # A text that lets its own reading fail would be in the way for ever.
            modem.status.count("sms_unreadable")
            await port.ask(b"AT+CMGD=%d" % index, limit_s=_DELETE_S)
        return None
    if modem.unread == index:
        modem.unread = None
    if lines:
        await port.ask(b"AT+CMGD=%d" % index, limit_s=_DELETE_S)
    if part is not None:
        from ovms.links.modem.long_sms import join

        join(modem, *part)
    elif len(lines) > 1:
        deliver(modem, *lines[:2])
    return len(lines) > 0


def deliver(modem, header, text):
    """Queue a message; header, text: bytes of the modem. A damaged one is counted."""
    from ovms.protocol.sms_text import incoming

    message = incoming(header, text)
    if message is None:
        modem.status.count("sms_damaged")
    else:
        modem.queue.append(message)
        modem.port.news.set()
        modem.status.count("sms_received")


def _use_charset(modem, charset):
    from ovms.links.modem.sms_settings import use_charset

    return use_charset(modem, charset)
