"""SMS as a modem in PDU mode prints them, after the examples of hardware facts 4.4."""

_CENTRE = "07919471017600"
# From +4915112345678, protocol 0, then coding and time stamp: hardware facts 4.4.
_SENDER = "0D91945111325476F800"
_STAMP = "62804201020380"


def pdu(first_octet, coding, length, user_data, sender=_SENDER):
    return (_CENTRE + "00" + first_octet + sender + coding + _STAMP + length + user_data).encode()


def gsm_part(text, header=b"\x05\x00\x03\x2a\x02\x01", sender=_SENDER):
    """A part in the 7-bit alphabet, packed by plain arithmetic; `text` holds ASCII of both."""
    fill = -len(header) * 8 % 7
    value = 0
    for i in range(len(text)):
        value |= ord(text[i]) << (i * 7 + fill)
    packed = value.to_bytes((len(text) * 7 + fill + 7) // 8, "little")
    length = (len(header) * 8 + fill) // 7 + len(text)
    data = "".join(["%02X" % byte for byte in header + packed])
    return pdu("44" if header else "04", "00", "%02X" % length, data, sender)


def address(digits, kind):
    """An address of digits, its type an octet, and protocol 0."""
    even = digits + "F" * (len(digits) % 2)
    return "%02X%02X%s00" % (len(digits), kind, "".join([even[i ^ 1] for i in range(len(even))]))


def name_address(name):
    """An address of letters, ASCII of both alphabets, packed by plain arithmetic."""
    value = 0
    for i in range(len(name)):
        value |= ord(name[i]) << (i * 7)
    packed = value.to_bytes((len(name) * 7 + 7) // 8, "little")
    octets = "".join(["%02X" % byte for byte in packed])
    return "%02XD0%s00" % ((len(name) * 7 + 3) // 4, octets)
