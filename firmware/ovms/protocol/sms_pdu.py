"""SMS as a modem in PDU mode gives them: which part of a longer text, and who sends.

Source: 3GPP 23.040, 9.2.2.1 (SMS-DELIVER) and 9.2.3.24 (user data header); 3GPP 23.038 for the
alphabet; the examples of hardware facts 4.4.
"""

from binascii import hexlify, unhexlify

from micropython import const

from ovms.protocol import phone, sms_text

_HAS_HEADER = const(0x40)
# Bits of the first octet that are 0 in a message for us.
_MESSAGE_TYPE = const(3)
# What halves of octets mean in an address.
_HALVES = b"0123456789abcde"
_DIGITS = "0123456789*#abc"
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


def message(line: bytes) -> tuple[str, str, tuple[int, int, int] | None] | None:
    """(sender, text, place) of an SMS; None when it is no text, or damaged.

    line: the PDU in hexadecimal, bytes. sender: see `ovms.protocol.phone`. place: (reference, how
    many parts, which one of them) of a part of a longer text, else None.
    """
    try:
        return _message(unhexlify(line))
    except (ValueError, IndexError):
        return None


def _message(data):
    at = 1 + data[0]
    has_header = data[at] & _HAS_HEADER
    if data[at] & _MESSAGE_TYPE:
        return None
    digits = data[at + 1]
    kind = data[at + 2]
    at += 3
    address = data[at : at + (digits + 1) // 2]
    at += len(address)
    coding = sms_text.alphabet(data[at + 1])
    length = data[at + 9]
    body = data[at + 10 :]
    start = 0
    place = None
    if has_header:
        start = 1 + body[0]
        place = _place(body[1:start])
    if coding == sms_text.UCS2:
        codes = [body[i] << 8 | body[i + 1] for i in range(start, length - 1, 2)]
        text = sms_text.text_of(codes)
    elif coding == sms_text.GSM:
        text = _unpacked(body, (start * 8 + 6) // 7, length)
    else:
        return None
    return phone.sender(_address(address, digits, kind), kind), text, place


def _address(octets, digits, kind):
    """The sender's address as text; digits: how many, also of the halves of octets of a name."""
    if phone.is_name(kind):
        # Seven letters may be told as if there was room for eight.
        return _unpacked(octets, 0, digits * 4 // 7).rstrip("@")
    number = "+" if phone.is_international(kind) else ""
    pairs = str(hexlify(octets), "utf-8")
    for i in range(digits):
        at = _HALVES.find(pairs[i ^ 1].encode())
        number += _DIGITS[at : at + 1]
    return number


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
