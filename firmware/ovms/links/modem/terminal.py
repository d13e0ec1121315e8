"""AT lines and USSD codes of a user."""

from micropython import const

from ovms.links.modem.at_port import ATError

_USSD_MS = const(60000)
_USSD_S = const(15)


async def command(modem, text):
    """See `Modem.command`."""
    line = raw_line(text, modem.profile.details().reserved)
    _require_up(modem)
    from ovms.links.modem.user_line import execute

    return await execute(modem, line)


async def ussd(modem, code):
    """See `Modem.ussd`."""
    for byte in code.encode() or b"?":
        if byte not in b"0123456789*#+":
            raise ValueError("A USSD code holds digits, * and # only.")
    _require_up(modem)
    # Digits alone choose from the menu that the last answer left open.
    has_menu = _mode(modem.ussd_line) == b"1" and not code.isdigit()
    modem.ussd_line = None
    left_ms = _USSD_MS
    try:
        async with modem.sms_lock:
            if has_menu:
                await modem.port.ask(b"AT+CUSD=2", limit_s=_USSD_S)
                modem.ussd_line = None
            from ovms.links.modem.sms_settings import use_charset

            await use_charset(modem, modem.plain_charset)
            await modem.port.execute(b'AT+CUSD=1,"%s"' % code.encode(), limit_s=_USSD_S)
    except ATError:
        left_ms = 0
    while modem.ussd_line is None:
        if left_ms <= 0:
            raise OSError("The network did not answer the USSD code.")
        left_ms = await modem.port.wait_for_news(left_ms)
    # It stays: the next code may be a choice. The network ends a menu that nobody answers.
    line = modem.ussd_line
    start = line.find(b'"')
    end = line.rfind(b'"')
    if not 0 <= start < end - 1:
        raise OSError("The network refused the USSD code.")
    from ovms.protocol.sms_text import decode_text

    return decode_text(line[start + 1 : end])


def _mode(line):
    """Of `+CUSD: mode[,"text",coding]`: b"0" is final, b"1" awaits a choice, others tell of a
    failure; b"" without a line.
    """
    return line[6:].strip()[:1] if line else b""


def raw_line(text, reserved):
    """A user's own AT line as bytes; ValueError when it cannot be sent. reserved: what else the
    driver keeps for itself."""
    from ovms.links.modem.user_line import checked

    return checked(text, reserved)


def _require_up(modem):
    if not modem.port.is_up:
        raise OSError("The modem is not ready.")
