"""Random SMS, in every form in which a modem may hand one over.

Nothing here takes a character out of a text: MicroPython would never free it, and what the
firmware leaves behind could not be seen.
Source of the forms: hardware facts 4.4; 3GPP 23.040, 9.2.2.1 (SMS-DELIVER); 3GPP 27.005, 3.4.3.
"""

from binascii import unhexlify

from host_tests.services.sms_bench import OWNER, PASSWORD, Bench
from ovms.services.sms.commands import names

_WORDS = (
    "? - OVMS 9 14 -1 1.2.3.4 x K M SMSIP RT 0 4 internet tls://host:70 \u00e4\u20ac \u0661 %s {} "
    '" "" , \\ ; \r\n \n \r \x00 \x1a \x1b \x08 AT+CFUN=0 ATD112; AT+CMGD=1,4 +++ OK ERROR > '
    '\r\nOK\r\n \r\n+CMTI:"SM",3\r\n \r\nRDY\r\n \r\nCLOSED\r\n +IPD,9: \r\n+CUSD:1,"x '
    "\U0001f600 \ufdd0 \ufdd1 \uffff 0053005400410054 HELP? STAT\x00 " + "Z" * 90
).split(" ")
COMMANDS = names(Bench().sms)[0]
_DATES = ("26/08/24,10:20:30+08", "", "99/99/99,99:99:99-99", '"', "x" * 40)
_CODINGS = (0, 0, 0, 4, 8, 8, 0xF1, 0xF5, 200, 255)


class Message:
    """number: the sender as the network tells it (str). text: what it says (str), "" for noise.

    raw, body: number and text as bytes in a character set that is no UCS2. header, length, octet,
    coding: of its long header; is_honest: whether those are true. pdu: hexadecimal bytes.
    """


def random_message(rng, secret=PASSWORD):
    """A Message. secret: module password that some of them hold."""
    message = Message()
    message.number = _number(rng)
    message.text = _text(rng, secret)
    kind = rng.below(10)
    message.is_honest = kind < 7
    message.raw = message.number.encode()
    message.body = message.text.encode()
    message.octet = 0x44 if rng.chance(15) else 4
    message.coding = rng.pick(_CODINGS)
    message.length = len(message.body)
    message.date = rng.pick(_DATES).encode() if rng.chance(10) else b"26/08/24,10:20:30+08"
    if kind == 7:
        message.text = ""
        message.body = rng.data(200)
        message.length = len(message.body)
    elif kind == 8:
        message.length = rng.pick((0, 1, len(message.body) + 1, 160, 640, 700, 1460, 99999))
    elif kind == 9:
        # Far from the owner's: damage must not make it his.
        message.number = "+4915000%04d" % rng.below(12)
        message.raw = rng.damaged(message.number.encode() + b'",,')
        message.octet = rng.below(300)
    message.pdu = _pdu(rng, message)
    return message


def _number(rng):
    kind = rng.below(20)
    if kind < 2:
        return OWNER
    if kind == 2:
        return rng.pick((OWNER[:-1], OWNER + "0", "+" + OWNER, OWNER[1:], "NOPHONE", "OVMS"))
    if kind == 3:
        return rng.pick(("", "Vodafone", "1", "00", "+", "AT", 'a"b', "x" * 40, "\u0661" * 5))
    if kind == 4:
        return text_of(rng.data(20))
    form = rng.pick(("+4915000%04d", "004915000%04d", "+49 150 00-%04d", "015000%04d"))
    return form % rng.below(12)


def _text(rng, secret):
    words = [rng.pick(COMMANDS)] if rng.chance(70) else []
    for _ in range(rng.below(7)):
        words.append(rng.pick(_WORDS))
    if rng.chance(10):
        words.insert(1, secret)
    if rng.chance(20):
        words.append(text_of([rng.below(0xD800) for _ in range(rng.below(9))]))
    if rng.chance(3):
        words += ["-"] * rng.below(60)
    text = " ".join(words)
    return text.lower() if rng.chance(20) else text


def text_of(codes):
    """Text (str) of character codes below 0x10000, none of them half of a pair."""
    data = b""
    for code in codes:
        if code < 0x80:
            data += bytes([code])
        elif code < 0x800:
            data += bytes([0xC0 | code >> 6, 0x80 | code & 0x3F])
        else:
            data += bytes([0xE0 | code >> 12, 0x80 | code >> 6 & 0x3F, 0x80 | code & 0x3F])
    return data.decode()


def ucs2(text):
    """Hexadecimal UCS2 (bytes) of `text`; U+FDD0 and U+FDD1 stand for halves of a pair."""
    words = ""
    for i in range(len(text)):
        code = ord(text[i : i + 1])
        if code > 0xFFFF:
            code -= 0x10000
            words += "%04X%04X" % (0xD800 | code >> 10, 0xDC00 | code & 0x3FF)
        else:
            words += "%04X" % {0xFDD0: 0xD83D, 0xFDD1: 0xDE00}.get(code, code)
    return words.encode()


def _pdu(rng, message):
    """The message as one part of a long one, or as what calls itself that."""
    digits = bytes([byte for byte in message.number.encode() if 48 <= byte < 58])[:20].decode()
    is_name = rng.chance(10)
    swapped = digits + "F" * (len(digits) % 2)
    address = "".join([swapped[i ^ 1] for i in range(len(swapped))])
    total = rng.pick((0, 1, 2, 2, 2, 3, 9, 200, 255))
    place = rng.pick((0, 1, 1, 2, 2, 3, total, 255))
    header = b"\x05\x00\x03" + bytes([rng.below(3), total, place])
    if rng.chance(15):
        header = b"\x06\x08\x04\x01" + bytes([rng.below(3), total, place])
    if rng.chance(15):
        header = rng.data(12)
    data = header + unhexlify(ucs2(message.text[:66]))
    length = rng.below(256) if rng.chance(15) else len(data)
    kind = "D0" if is_name else "91" if message.number.startswith("+") else "81"
    coding = 8 if rng.chance(80) else rng.pick(_CODINGS)
    first = 0x44 if rng.chance(95) else rng.below(256)
    body = "".join(["%02X" % byte for byte in data])
    form = "0791947101760000%02X%02X%s%s00%02X62804201020380%02X%s"
    line = (form % (first, len(digits), kind, address, coding, length, body)).encode()
    return rng.damaged(line) if rng.chance(15) else line
