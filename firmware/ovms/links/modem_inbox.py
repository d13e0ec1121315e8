"""Takes SMS out of the store of a modem in text mode (overlay).

Received messages are stored by the modem, announced, read, and deleted before anybody acts on
them, so that a message that restarts the module is not met again. One at a time: what nobody has
taken yet is safer in the modem. One that is delivered directly is taken by `modem_urcs.py`.
Source: hardware facts 4.4, dialogues D7, D8 and D14.
"""

from micropython import const

from ovms import overlay
from ovms.links.at_port import ATError
from ovms.protocol import sim800

_READ_S = const(10)
_DELETE_S = const(25)
# Stored and announced is wanted; delivered directly is taken when that is refused.
_REPORTS = (b"AT+CNMI=2,1,0,0,0", b"AT+CNMI=2,1", b"AT+CNMI=2,2")


async def start(modem):
    """Text mode, long headers, announcements; `plain_charset` says whether the modem took it."""
    port = modem.port
    modem.is_sms_ready = False
    modem.plain_charset = None
    if await port.ask(b"AT+CMGF=1") is None:
        return
    await port.ask(b"AT+CSDH=1")
    for command in _REPORTS:
        if await port.ask(command) is not None:
            break
    async with modem.sms_lock:
        modem.charset = None
        modem.has_ucs2 = await _use(modem, b"UCS2")
        modem.plain_charset = b"IRA"
        if not await _use(modem, b"IRA"):
            modem.plain_charset = b"GSM"
            await _use(modem, b"GSM")
    modem.is_sms_due = True


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
    store = await modem.port.ask(b"AT+CPMS?")
    if not store or not sim800.number(store, 1):
        return
    for index in range(1, (sim800.number(store, 2) or 0) + 1):
        if not await _read(modem, index):
            return
        if modem.queue:
            modem.is_sms_due = True
            return
    # What cannot be found by its number would fill the store for ever.
    await modem.port.ask(b"AT+CMGD=1,4", limit_s=_DELETE_S)


async def _read(modem, index):
    """Queue message `index` of the store, unless that place is empty; False when refused."""
    try:
        lines = await modem.port.execute(b"AT+CMGR=%d" % index, limit_s=_READ_S)
    except ATError:
        return False
    if lines:
        await modem.port.ask(b"AT+CMGD=%d" % index, limit_s=_DELETE_S)
    if len(lines) > 1:
        overlay.call("ovms.links.modem_urcs", "queue", modem, lines[0], lines[1])
    return True


def _use(modem, charset):
    return overlay.call_async("ovms.links.modem_charset", "use", modem, charset)
