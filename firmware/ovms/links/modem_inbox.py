"""Takes SMS out of the store of a modem in text mode (overlay).

Received messages are stored by the modem, announced, read, and deleted before anybody acts on
them, so that a message that restarts the module is not met again. One at a time: what nobody has
taken yet is safer in the modem. One that is delivered directly is taken by `modem_urcs.py`.
Source: hardware facts 4.4, dialogues D7, D8 and D14.
"""

from micropython import const

from ovms.links.at_port import ATError
from ovms.protocol import sim800

_READ_S = const(10)
_DELETE_S = const(25)
# Of a long message no more is kept than any command needs, and for some ten minutes.
_PARTS_MAX = const(9)
_PATIENCE = const(10)


async def fetch(modem):
    """Read and delete one message that the modem has stored, if there is one."""
    async with modem.sms_lock:
        if modem.has_ucs2:
            await _use(modem, b"UCS2")
        while modem.announced and not modem.queue:
            await _read(modem, modem.announced.pop(0))
        if modem.is_sms_due and not modem.queue:
            await _search(modem)
        await _use(modem, modem.plain_charset)


async def _search(modem):
    """Queue the first message of the store, if it holds any."""
    modem.is_sms_due = False
    if modem.parts is not None:
        modem.parts[1] -= 1
        if not modem.parts[1]:
            modem.parts = None
            modem.status.count("sms_incomplete")
    store = await modem.port.ask(b"AT+CPMS?")
    if not store or not sim800.number(store, 1):
        return
    has_found = False
    for index in range(1, (sim800.number(store, 2) or 0) + 1):
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
        from ovms.protocol import sms_text

        if len(lines) > 1 and sms_text.is_part(lines[0]):
            part = await _read_part(modem, index)
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
        _join(modem, *part)
    elif len(lines) > 1:
        from ovms.links import modem_delivery

        modem_delivery.take(modem, *lines[:2])
    return len(lines) > 0


async def _read_part(modem, index):
    """Message `index` once more, see `sms_pdu.part`: text mode does not tell which part it is."""
    port = modem.port
    lines = ()
    try:
        await port.execute(b"AT+CMGF=0")
        lines = await port.execute(b"AT+CMGR=%d" % index, limit_s=_READ_S)
    except ATError:
        modem.status.count("sms_no_pdu")
    if await port.ask(b"AT+CMGF=1") is None:
        modem.is_sms_ready = modem.has_news = True
    from ovms.protocol import sms_pdu

    return sms_pdu.part(lines[1]) if len(lines) > 1 else None


def _join(modem, number, text, reference, total, place):
    """Keep a part until its message is whole, and of one message only.

    Modem.parts: what the parts have in common, searches until they are given up, then the text of
    each part or None.
    """
    key = (number, reference, total)
    parts = modem.parts
    if parts is None or parts[0] != key:
        if parts is not None:
            modem.status.count("sms_incomplete")
        parts = modem.parts = [key, _PATIENCE] + [None] * min(total, _PARTS_MAX)
    if place <= _PARTS_MAX:
        parts[1 + place] = text
    if None not in parts:
        modem.parts = None
        modem.queue.append((number, "".join(parts[2:])))
        modem.status.count("sms_received")


def _use(modem, charset):
    from ovms.links import modem_charset

    return modem_charset.use(modem, charset)
