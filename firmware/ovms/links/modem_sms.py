"""SMS settings of a modem (overlay): text mode, announcements, character sets.

Source: hardware facts 4.4.
"""

from micropython import const

_RETRY_MS = const(2000)
# Stored and announced is wanted; delivered directly is taken when that is refused.
_REPORTS = (b"AT+CNMI=2,1,0,0,0", b"AT+CNMI=2,1", b"AT+CNMI=2,2")


async def start(modem, turns):
    """Try so many turns while the modem is not ready; `plain_charset` says what came of it.

    OSError when the modem must be started anew first.
    """
    port = modem.port
    modem.is_sms_ready = False
    modem.plain_charset = None
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
        from ovms.links import modem_charset

        modem.has_ucs2 = await modem_charset.use(modem, b"UCS2")
        for charset in (b"IRA", b"GSM"):
            modem.plain_charset = charset
            from ovms.links import modem_charset

            if await modem_charset.use(modem, charset):
                break
    modem.is_sms_due = True
