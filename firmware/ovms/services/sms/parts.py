"""What a reply or an alert becomes on its way to a phone. Loaded on demand."""

import asyncio

from micropython import const

from ovms import parameters
from ovms.services.local_time import local_s

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import SMSSender

# Characters of one SMS (3GPP 23.038): in the GSM alphabet, and in UCS2 for all others.
_SMS_PLAIN = const(160)
_SMS_UCS2 = const(70)
_MAX_PARTS = const(9)


async def outgoing(
    sender: "SMSSender", number: str, text: str | None, reserve: int = 0, is_forced: bool = False
) -> "list[tuple[str, str]] | tuple[()]":
    """[(normal number, text)] to send, none when there is nobody or nothing to tell.

    sender: who has `config`, `status`, `clock` and `car`, which returns the current Vehicle.
    number: as delivered; a name cannot be answered. text: str or None. reserve: see `budget.py`.
    is_forced: whatever feature 14 says.
    """
    suppressed = sender.config.feature(parameters.FEATURE_SUPPRESS)
    if not text or (suppressed & parameters.NO_SMS and not is_forced):
        return ()
    from ovms.protocol import phone

    number = phone.normal_phone(number)
    if not number:
        return ()
    # Others have their turn between two loads of code.
    await asyncio.sleep_ms(0)
    utc_s = sender.clock.utc_s()
    least = 0
    if sender.car().HAS_SMS_TIME and utc_s is not None and not suppressed & parameters.NO_TIME:
        time = _time_of_day(utc_s, sender.config.get(parameters.TIMEZONE))
        least = len(time)
        text = time + text
    await asyncio.sleep_ms(0)
    _is_plain(text)
    # What cuts it is loaded.
    await asyncio.sleep_ms(0)
    texts = parts(text, least)
    await asyncio.sleep_ms(0)
    from ovms.services.sms.budget import within

    return within(sender, number, [(number, part) for part in texts], reserve)


def _time_of_day(utc_s, zone):
    """What a text begins with (module-behaviour 2.4). zone: `[-]HH:MM` or ""."""
    utc_s = local_s(utc_s, zone)
    minutes = utc_s // 60
    return "%02d:%02d:%02d\n " % (minutes // 60 % 24, minutes % 60, utc_s % 60)


def _is_plain(text):
    """As it will be sent: the modem's driver takes UCS2 for all that is not plain."""
    from ovms.protocol import sms_text

    return sms_text.is_plain(text)


def _fitting(text, limit, is_plain):
    """How many characters of `text` fit: emoji take two places."""
    if is_plain:
        return min(limit, len(text))
    from ovms.protocol import sms_text

    return sms_text.fitting(text, limit)


def parts(text: str, least: int = 0) -> list[str]:
    """`text` as a list of SMS texts, cut at line ends, else at blanks; numbered when several.

    least: how many characters make no part alone, because what they introduce follows. Line ends
    inside a part stay as they are. At most 9 parts: what is behind is dropped.
    """
    is_plain = _is_plain(text)
    limit = _SMS_PLAIN if is_plain else _SMS_UCS2
    if _fitting(text, limit, is_plain) == len(text):
        return [text]
    limit -= len("9/9 ")
    pieces: list[str] = []
    while text and len(pieces) < _MAX_PARTS:
        end = start = _fitting(text, limit, is_plain)
        if end < len(text):
            found = text.rfind("\n", least + 1, end + 1)
            if found < 0:
                found = text.rfind(" ", least + 1, end + 1)
            if found > 0:
                end = found
                start = found + 1
        least = 0
        pieces.append(text[:end].rstrip("\r"))
        text = text[start:]
    return ["%d/%d %s" % (i + 1, len(pieces), pieces[i]) for i in range(len(pieces))]
