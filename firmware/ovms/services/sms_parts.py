"""Cuts a reply into SMS texts. An overlay."""

from micropython import const

from ovms import overlay

_FEATURE_SUPPRESS = const(14)
_NO_SMS = const(0x04)

# One SMS holds 160 septets; these take two each (GSM 03.38), and other scripts leave room for 70.
_EXTENDED = b"^{}\\[~]|"
_SMS_SEPTETS = const(160)
_SMS_UCS2 = const(70)
_MAX_PARTS = const(9)


def outgoing(config, number, text):
    """[(normal number, text)] to send, none when there is nobody or nothing to tell.

    number: as delivered; a name cannot be answered. text: str or None.
    """
    if not text or config.feature(_FEATURE_SUPPRESS) & _NO_SMS:
        return ()
    number = overlay.call("ovms.protocol.phone", "normal_phone", number)
    return [(number, part) for part in parts(text)] if number else ()


def parts(text):
    """`text` as a list of SMS texts, cut at line ends, else at blanks; numbered when several.

    Line ends inside a part stay as they are. At most 9 parts: what is behind is dropped.
    """
    data = text.encode()
    limit = _SMS_SEPTETS
    for byte in data:
        # 96, the grave accent, is not in the GSM alphabet either.
        if byte > 126 or byte == 96:
            limit = _SMS_UCS2
    if _room(data, limit) == len(data):
        return [text]
    pieces = []
    while data and len(pieces) < _MAX_PARTS:
        end = _room(data, limit - len("9/9 "))
        start = end
        if end < len(data):
            found = data.rfind(b"\n", 1, end + 1)
            if found < 0:
                found = data.rfind(b" ", 1, end + 1)
            if found > 0:
                end = found
                start = found + 1
        pieces.append(data[:end].decode().rstrip("\r"))
        data = data[start:]
    return ["%d/%d %s" % (i + 1, len(pieces), pieces[i]) for i in range(len(pieces))]


def _room(data, limit):
    """How many bytes of UTF-8 from the start of `data` fit into `limit` septets or UCS2 units."""
    used = 0
    for i in range(len(data)):
        byte = data[i]
        # What follows the first byte of a character takes nothing more.
        if not 0x80 <= byte < 0xC0:
            used += 2 if byte in _EXTENDED or byte >= 0xF0 else 1
            if used > limit:
                return i
    return len(data)
