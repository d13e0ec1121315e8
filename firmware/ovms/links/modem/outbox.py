"""Sends SMS at the prompt of a modem in text mode.

Between two users of `sms_lock` the modem is in its plain character set.
Source: hardware facts 4.4, dialogue D13.
"""

from micropython import const

from ovms.links.modem.at_port import ATError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.links.modem.modem import Modem

_ATTEMPTS = const(3)
_RETRY_MS = const(5000)
_SEND_S = const(60)
_RESTART_MS = const(120000)
_END = b"\x1a"


async def send_sms(modem: "Modem", number: str, text: str) -> bool | None:
    """See `Modem.send_sms`; None when it may have been sent."""
    if not (modem.port.is_up and modem.plain_charset):
        return False
    # Others have their turn between two loads of code.
    await modem.port.clock.sleep_ms(0)
    from ovms.protocol.sms_text import outgoing

    await modem.port.clock.sleep_ms(0)
    parts = outgoing(number, text, modem.has_ucs2)
    if not parts:
        modem.status.count("sms_bad_number")
        return False
    await modem.port.clock.sleep_ms(0)
    for number, text, is_ucs2 in parts:
        is_sent = await _send(modem, number, text + _END, is_ucs2)
        if not is_sent:
            modem.status.count("sms_failed")
            return is_sent
        modem.status.count("sms_sent")
    return True


async def _send(modem, number, payload, is_ucs2):
    """Whether one message was sent, None: nobody knows. A modem that restarts is waited for."""
    for attempt in range(_ATTEMPTS):
        if attempt:
            modem.status.count("sms_retry")
            await modem.port.clock.sleep_ms(_RETRY_MS * attempt)
        # A modem that restarts takes a minute: looks that are far apart do.
        left_ms = _RESTART_MS
        while not (modem.port.is_up and modem.plain_charset):
            if left_ms <= 0:
                return False
            await modem.port.clock.sleep_ms(_RETRY_MS)
            left_ms -= _RETRY_MS
        try:
            async with modem.sms_lock:
                await _enter(modem, number, payload, is_ucs2)
            return True
        except ATError as error:
            # Without an answer it may have been sent, and a second one would be one too many.
            if error.args[0] == b"timeout":
                return None
        finally:
            # A message may wait in the store until the lock is free.
            modem.port.news.set()
    return False


async def _enter(modem, number, payload, is_ucs2):
    port = modem.port
    await _use_charset(modem, b"UCS2" if is_ucs2 else modem.plain_charset)
    if is_ucs2:
        await port.ask(b"AT+CSMP=17,167,0,8")
    try:
        await port.execute(b'AT+CMGS="%s"' % number, limit_s=_SEND_S, payload=payload)
    finally:
        if is_ucs2:
            await port.ask(b"AT+CSMP=17,167,0,0")
            await _use_charset(modem, modem.plain_charset)


def _use_charset(modem, charset):
    from ovms.links.modem.sms_settings import use_charset

    return use_charset(modem, charset)
