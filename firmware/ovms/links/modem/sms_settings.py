"""SMS settings of a modem: text mode, announcements, the character set of its texts.

Between two users of `sms_lock` the character set is the plain one. Source: hardware facts 4.4.
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.links.modem.modem import Modem

_RETRY_MS = const(2000)
# Stored and announced is wanted; delivered directly is taken when that is refused.
_REPORTS = (b"AT+CNMI=2,1,0,0,0", b"AT+CNMI=2,1", b"AT+CNMI=2,2")


async def configure_sms(modem: "Modem", turns: int) -> None:
    """Try so many turns while the modem is not ready; `plain_charset` says what came of it.

    OSError when the modem must be started anew first.
    """
    port = modem.port
    modem.is_sms_ready = False
    modem.plain_charset = modem.store = None
    modem.stores = []
    while await port.ask(b"AT+CMGF=1") is None:
        turns -= 1
        if not turns:
            return
        modem.check()
        await port.clock.sleep_ms(_RETRY_MS)
    await port.ask(b"AT+CSDH=1")
    for command in _REPORTS:
        if await port.ask(command) is not None:
            break
    async with modem.sms_lock:
        modem.charset = None
        modem.has_ucs2 = await use_charset(modem, b"UCS2")
        for charset in (b"IRA", b"GSM"):
            modem.plain_charset = charset
            if await use_charset(modem, charset):
                break
    modem.is_sms_due = True


async def use_charset(modem: "Modem", name: bytes | None) -> bool:
    """Whether the modem now uses the character set `name` (bytes; None for the usual one)."""
    name = name or b"IRA"
    if name != modem.charset:
        modem.charset = None
        if await modem.port.ask(b'AT+CSCS="%s"' % name) is None:
            return False
        modem.charset = name
    return True
