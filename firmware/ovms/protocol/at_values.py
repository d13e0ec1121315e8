"""Values in AT lines: texts as arguments, the time.

Source: SIM800 AT manual V1.12; hardware facts 4.3 and dialogue D18.
"""

from micropython import const

from ovms.protocol import dates

# Quarter hours between UTC and the last time zones.
_ZONE_MAX = const(56)


def quoted(*texts: str) -> bytes:
    """`texts` (str) as one list of quoted arguments, bytes.

    ValueError for one that could end the quotes or the line it stands in.
    """
    for text in texts:
        for char in text:
            if not " " <= char <= "~" or char == '"':
                raise ValueError("The modem takes no quotes or control characters here.")
    return b",".join([b'"%s"' % text.encode() for text in texts])


def utc_s(line: bytes) -> int | None:
    """Unix seconds of `+CCLK: "yy/MM/dd,hh:mm:ss±zz"` (bytes): local time and its zone in quarters
    of an hour. None when it is damaged.
    """
    text = line[line.find(b":") + 1 :].strip(b' "')
    digits = text[18:]
    if text[17:18] not in (b"+", b"-") or not digits.isdigit():
        return None
    zone = -int(digits) if text[17:18] == b"-" else int(digits)
    return utc_of(text[:17].replace(b"/", b",").replace(b":", b",").split(b","), zone)


def utc_of(fields: list[bytes], zone: int) -> int | None:
    """Unix seconds of year, month, day, hour, minute and second (bytes) as a modem tells them.

    zone: in quarters of an hour. None for what is no time. A modem that nobody told the time says
    2004, 1980 or 1970: what is to be believed is the clock's business.
    """
    numbers = []
    for digits in fields:
        if not digits.isdigit():
            return None
        numbers.append(int(digits))
    if len(numbers) != 6:
        return None
    year, month, day, hour, minute, second = numbers
    # Two digits are of this century, as everywhere but in a clock that was never set.
    days = dates.days(year if year > 99 else 2000 + year, month, day)
    if days is None or hour > 23 or minute > 59 or second > 60:
        return None
    if not -_ZONE_MAX <= zone <= _ZONE_MAX:
        return None
    return (days * 24 + hour) * 3600 + minute * 60 + second - 900 * zone
