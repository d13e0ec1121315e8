"""Parts of long SMS as a modem in PDU mode gives them.

Source: 3GPP 23.040, 9.2.2.1 (SMS-DELIVER) and 9.2.3.24 (user data header); 3GPP 23.038 for the
alphabet; the examples of hardware facts 4.4.
"""

from binascii import hexlify, unhexlify

from micropython import const

_HAS_HEADER = const(0x40)
_TYPE_NAME = const(0x50)
_TYPE_INTERNATIONAL = const(0x10)
_ESCAPE = const(27)
_SEPTETS = (
    "@\xa3$\xa5\xe8\xe9\xf9\xec\xf2\xc7\n\xd8\xf8\r\xc5\xe5\u0394_\u03a6\u0393\u039b\u03a9\u03a0"
    "\u03a8\u03a3\u0398\u039e?\xc6\xe6\xdf\xc9 !\"#\xa4%&'()*+,-./0123456789:;<=>?"
    "\xa1ABCDEFGHIJKLMNOPQRSTUVWXYZ\xc4\xd6\xd1\xdc\xa7"
    "\xbfabcdefghijklmnopqrstuvwxyz\xe4\xf6\xf1\xfc\xe0"
)
# Behind an escape: codes, and what each of them means.
_ESCAPED_CODES = b"\x14()/<=>@e"
_ESCAPED = "^{}\\[~]|\u20ac"


def part(line):
    """(number, text, reference, how many parts, which one of them) of a message that is a part.

    line: the PDU in hexadecimal, bytes. None when it is no part of a longer text, or damaged.
    """
    try:
        return _part(unhexlify(line))
    except (ValueError, IndexError):
        return None


def _part(data):
    at = 1 + data[0]
    if not data[at] & _HAS_HEADER:
        return None
    digits = data[at + 1]
    kind = data[at + 2] & 0x70
    at += 3
    address = data[at : at + (digits + 1) // 2]
    at += len(address)
    coding = data[at + 1] & 0x0C
    length = data[at + 9]
    body = data[at + 10 :]
    header = body[1 : 1 + body[0]]
    place = _place(header)
    if place is None:
        return None
    start = 1 + len(header)
    if coding == 8:
        codes = [body[i] << 8 | body[i + 1] for i in range(start, length - 1, 2)]
        from ovms.protocol.sms_text import text_of

        text = text_of(codes)
    elif coding == 0:
        first = (start * 8 + 6) // 7
        text = _unpacked(body, first, length)
    else:
        return None
    if kind == _TYPE_NAME:
        number = _unpacked(address, 0, digits * 4 // 7)
    else:
        number = "+" if kind == _TYPE_INTERNATIONAL else ""
        pairs = str(hexlify(address), "utf-8")
        for i in range(digits):
            number += pairs[i ^ 1]
    return (number, text) + place


def _place(header):
    """(reference, how many parts, which one) of a user data header, None when it names none."""
    at = 0
    while at + 2 <= len(header):
        kind = header[at]
        field = header[at + 2 : at + 2 + header[at + 1]]
        at += 2 + header[at + 1]
        is_place = kind == 0 and len(field) == 3 or kind == 8 and len(field) == 4
        if is_place and 1 <= field[-1] <= field[-2]:
            return int.from_bytes(field[:-2], "big"), field[-2], field[-1]
    return None


def _unpacked(octets, start, end):
    """Text of the septets `start` to `end` in `octets`. IndexError when there are not so many.

    Slices: MicroPython never frees what an index takes out of a text.
    """
    text = ""
    is_escaped = False
    for i in range(start, end):
        at = i * 7 // 8
        shift = i * 7 % 8
        code = octets[at] >> shift
        if shift > 1:
            code |= octets[at + 1] << 8 - shift
        code &= 0x7F
        if is_escaped and code in _ESCAPED_CODES:
            at = _ESCAPED_CODES.find(bytes([code]))
            text += _ESCAPED[at : at + 1]
            is_escaped = False
        elif code == _ESCAPE:
            is_escaped = True
        else:
            text += _SEPTETS[code : code + 1]
            is_escaped = False
    return text
