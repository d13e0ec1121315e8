"""AT lines and USSD codes of a user."""

from micropython import const

from ovms.links.modem.at_port import ATError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.links.modem.modem import Modem

_USSD_MS = const(60000)
_USSD_S = const(15)
_AWAITS_CHOICE = const(1)


async def command(modem: "Modem", text: str, level: int) -> str:
    """See `Modem.command`."""
    line = raw_line(text, modem.profile.details().reserved, level)
    _require_up(modem)
    from ovms.links.modem.user_line import execute

    return await execute(modem, line)


async def ussd(modem: "Modem", code: str) -> str:
    """See `Modem.ussd`."""
    for byte in code.encode() or b"?":
        if byte not in b"0123456789*#+":
            raise ValueError("A USSD code holds only digits and * and #.")
    _require_up(modem)
    # Digits alone choose from the menu that the last answer left open.
    has_menu = _has_menu(modem.ussd_line) and not code.isdigit()
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
    charset, line = modem.ussd_line
    from ovms.protocol.ussd import parsed

    text = parsed(line, charset)[1]
    if not text:
        raise OSError("The network refused the USSD code.")
    return text


def _has_menu(ussd_line):
    """Whether the last answer awaits a choice. ussd_line: (charset, line), None for none."""
    if ussd_line is None:
        return False
    from ovms.protocol.ussd import parsed

    return parsed(ussd_line[1], ussd_line[0])[0] == _AWAITS_CHOICE


def raw_line(text: str, reserved: tuple[str, ...], level: int) -> bytes:
    """A user's own AT line as bytes; ValueError when it cannot be sent. reserved: what else the
    driver keeps for itself. level: AT_..."""
    from ovms.links.modem.user_line import checked

    return checked(text, reserved, level)


def _require_up(modem):
    if not modem.port.is_up:
        raise OSError("The modem is not ready.")
