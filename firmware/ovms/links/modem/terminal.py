"""AT lines and USSD codes of a user."""

from micropython import const

from ovms.links.modem.at_port import ATError

# What a user's own AT line may not do: open a prompt, a data mode or another connection.
_RESERVED = ("+CMGS", "+CMGW", "+CMSS", "+CMUX", "ATD", "ATO")
# A search for operators takes two minutes.
_COMMAND_S = const(120)
_FINALS = b"\nOK\n.\n"
_USSD_MS = const(60000)
_USSD_S = const(15)
_AWAITS_CHOICE = const(1)


async def command(modem, text):
    """See `Modem.command`."""
    line = raw_line(text, modem.profile.details().reserved)
    _require_up(modem)
    try:
        lines = await modem.port.execute(line, _FINALS, _COMMAND_S, is_bare=True)
    except ATError as error:
        if error.args[0] == b"timeout":
            raise OSError("The modem did not answer.")
        return _printable(error.args[0])
    return "\n".join([_printable(line) for line in lines] + ["OK"])


async def ussd(modem, code):
    """See `Modem.ussd`."""
    for byte in code.encode() or b"?":
        if byte not in b"0123456789*#+":
            raise ValueError("A USSD code holds digits, * and # only.")
    _require_up(modem)
    modem.ussd_line = None
    left_ms = _USSD_MS
    try:
        async with modem.sms_lock:
            from ovms.links.modem.sms_settings import use_charset

            await use_charset(modem, modem.plain_charset)
            await modem.port.execute(b'AT+CUSD=1,"%s"' % code.encode(), limit_s=_USSD_S)
    except ATError:
        left_ms = 0
    while modem.ussd_line is None:
        if left_ms <= 0:
            raise OSError("The network did not answer the USSD code.")
        left_ms = await modem.port.wait_for_news(left_ms)
    charset, line = modem.ussd_line
    from ovms.protocol import ussd as ussd_codec

    mode, text = ussd_codec.parsed(line, charset)
    if mode == _AWAITS_CHOICE:
        await modem.port.ask(b"AT+CUSD=2", limit_s=_USSD_S)
    if not text:
        raise OSError("The network refused the USSD code.")
    return text


def raw_line(text, reserved):
    """A user's own AT line as bytes; ValueError when it cannot be sent. reserved: what else the
    driver keeps for itself."""
    line = text.strip()
    if line[:2].upper() != "AT":
        line = "AT" + line
    for byte in line.encode():
        if not 32 <= byte <= 126:
            raise ValueError("An AT command holds printable ASCII only.")
    for word in _RESERVED + reserved:
        if word in line.upper():
            raise ValueError("The modem driver keeps %s for itself." % word)
    return line.encode()


def _printable(line):
    """`line` (bytes) as str, with `?` for what is not printable ASCII."""
    return "".join([chr(byte) if 32 <= byte < 127 else "?" for byte in line])


def _require_up(modem):
    if not modem.port.is_up:
        raise OSError("The modem is not ready.")
