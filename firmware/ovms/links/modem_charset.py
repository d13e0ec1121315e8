"""The character set of a modem's texts (overlay). Between two users of `sms_lock` it is the plain
one."""


async def use(modem, name):
    """Whether the modem now uses the character set `name` (bytes; None for the usual one)."""
    name = name or b"IRA"
    if name != modem.charset:
        modem.charset = None
        if await modem.port.ask(b'AT+CSCS="%s"' % name) is None:
            return False
        modem.charset = name
    return True
