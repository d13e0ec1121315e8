"""Numbers and texts of SMS, between `str` and what a modem in text mode takes and gives.

Plain texts travel in the `IRA` character set, in which the modem converts to and from the GSM
alphabet itself. A text with any other character travels as UCS2, written in hexadecimal.
No character of a text is ever taken alone: MicroPython never frees a string that `chr`, an index
or a loop over a text has made, and strangers know many characters.
Source: 3GPP 23.038 and 27.005; hardware facts 4.4.
"""

from binascii import unhexlify

from micropython import const

_MAX_PLAIN = const(160)
_MAX_UCS2 = const(70)

# ASCII outside the GSM default alphabet: two septets each, and lost by modems that convert simply.
_NOT_GSM = b"[\\]^`{|}~"


def outgoing(number, text, has_ucs2):
    """Messages that together say `text`: a list of (number, text, whether both are UCS2).

    Numbers and texts are bytes as the modem takes them; what UCS2 does not hold, or plain ASCII
    where the modem has no UCS2, becomes `?`. An empty list when `number` is none.
    """
    number = clean_number(number)
    if number is None:
        return []
    text = clean_text(text)
    is_ucs2 = has_ucs2 and not is_plain(text)
    size = _MAX_UCS2 if is_ucs2 else _MAX_PLAIN
    if is_ucs2:
        number = to_ucs2(number)
    messages = []
    for at in range(0, max(1, len(text)), size):
        part = text[at : at + size]
        part = to_ucs2(part) if is_ucs2 else to_plain(part)
        messages.append((number.encode(), part.encode(), is_ucs2))
    return messages


def incoming(header, raw):
    """(number, text) of a message, both str; None when its header is damaged.

    header: `+CMGR: "state","number",...` or `+CMT: "number",...`, raw: the text; both bytes.
    """
    fields = _fields(header)
    first = 0 if header.startswith(b"+CMT:") else 1
    if len(fields) <= first:
        return None
    coding = fields[first + 6] if len(fields) > first + 6 else ""
    coding = int(coding) if coding.isdigit() else None
    return decode_number(fields[first]), decode_text(raw, coding)


def is_part(header):
    """Whether the message of the long `header` (see `incoming`) has a user data header."""
    fields = _fields(header)
    octet = fields[5] if len(fields) > 5 else ""
    return octet.isdigit() and int(octet) & 0x40 > 0


def clean_number(text):
    """A phone number fit for an AT command: digits with or without `+`, else None.

    Blanks and the usual separators are dropped.
    """
    number = bytearray()
    for byte in text.encode():
        if 48 <= byte <= 57 or (byte == 43 and not number):
            number.append(byte)
        elif byte not in b" -/().":
            return None
    return str(number, "utf-8") if 3 <= len(number) <= 20 else None


def clean_text(text):
    """`text` without what would end or abort an SMS: controls become a blank, a lone CR an LF.

    CR LF stays: replies of the reference have it (module-behaviour 2.5).
    """
    data = bytearray(text.encode())
    for i in range(len(data)):
        byte = data[i]
        if byte == 13 and data[i + 1 : i + 2] != b"\n":
            data[i] = 10
        elif (byte < 32 and byte not in b"\r\n") or byte == 127:
            data[i] = 32
    return str(data, "utf-8")


def to_plain(text):
    """`text` with `?` for every character outside ASCII or the GSM default alphabet."""
    plain = bytearray()
    for byte in text.encode():
        # What follows the first byte of a character is none of its own.
        if not 0x80 <= byte < 0xC0:
            plain.append(63 if byte > 126 or byte in _NOT_GSM else byte)
    return str(plain, "utf-8")


def is_plain(text):
    """Whether `text` needs no UCS2."""
    return to_plain(text) == text


def to_ucs2(text):
    """Hexadecimal UCS2 (str, capitals) of `text`, with `?` for what has no place in it."""
    words = ""
    for i in range(len(text)):
        code = ord(text[i : i + 1])
        words += "%04X" % (code if code < 0x10000 else 63)
    return words


def from_ucs2(raw):
    """Text (str) of hexadecimal UCS2 bytes, or None when `raw` is not that.

    Halves of a surrogate pair, as phones send them for emoji, become U+FFFD.
    """
    codes = _codes(raw)
    return codes and text_of(codes)


def text_of(codes):
    """Text (str) of character codes below 0x10000, see `from_ucs2`."""
    data = bytearray()
    for code in codes:
        if 0xD800 <= code < 0xE000:
            code = 0xFFFD
        if code < 0x80:
            data.append(code)
            continue
        if code < 0x800:
            data.append(0xC0 | code >> 6)
        else:
            data.append(0xE0 | code >> 12)
            data.append(0x80 | code >> 6 & 0x3F)
        data.append(0x80 | code & 0x3F)
    return str(data, "utf-8")


def decode_number(raw):
    """Number (str) of a header field, which is in hexadecimal while the modem speaks UCS2."""
    text = from_ucs2(raw.encode())
    return text if text and clean_number(text) == text else raw


def decode_text(raw, coding=None):
    """Text (str) of the bytes a modem printed.

    coding: the data coding scheme of the long header, None when there was none. Modems print a
    UCS2 text in hexadecimal whatever character set is chosen, and every text when UCS2 is chosen.
    """
    codes = _codes(raw)
    if codes and (coding is not None and coding & 0x0C == 8 or _looks_written(codes)):
        text = text_of(codes)
    else:
        try:
            text = str(raw, "utf-8")
        except UnicodeError:
            text = text_of(raw)
    return clean_text(text).replace("\r\n", "\n")


def _fields(line):
    """Fields (list of str) behind the colon of `line` (bytes), unquoted; bad bytes become `?`."""
    parts = [""]
    is_quoted = False
    for byte in line[line.find(b":") + 1 :]:
        char = chr(byte) if 32 <= byte < 127 else "?"
        if char == '"':
            is_quoted = not is_quoted
        elif char == "," and not is_quoted:
            parts.append("")
        elif is_quoted or char != " ":
            parts[-1] += char
    return parts


def _codes(raw):
    """UCS2 codes (list of int) that `raw` (bytes) holds in hexadecimal, None for anything else."""
    if not raw or len(raw) % 4:
        return None
    try:
        data = unhexlify(raw)
    except ValueError:
        return None
    # MicroPython skips blanks between the digits.
    if len(data) * 2 != len(raw):
        return None
    return [data[at] << 8 | data[at + 1] for at in range(0, len(data), 2)]


def _looks_written(codes):
    """Whether they look like a text, and not like digits that happened to be words."""
    latin = 0
    for code in codes:
        if code < 10 or code > 0x2100:
            return False
        latin += code < 0x180
    return latin * 2 > len(codes)
