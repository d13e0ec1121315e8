"""Numbers and texts of SMS, between `str` and what a modem in text mode takes and gives.

Plain texts travel in the `IRA` character set, in which the modem converts to and from the GSM
alphabet itself. A text with any other character travels as UCS2, written in hexadecimal. What a
modem prints is told by the coding of the message and the modem's character set, not by its looks.
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
_QUOTE = const(34)
_STAMP_LENGTH = const(20)
_HALF = b"\xef\xbf\xbd"

# Alphabets, as bits of a data coding scheme.
GSM = const(0)
OCTETS = const(4)
UCS2 = const(8)


def outgoing(number: str, text: str, has_ucs2: bool) -> list[tuple[bytes, bytes, bool]]:
    """Messages that together say `text`: a list of (number, text, whether both are UCS2).

    Numbers and texts are bytes as the modem takes them; where the modem has no UCS2, `?` stands
    for what is not plain ASCII. An empty list when `number` is none.
    """
    number = clean_number(number)
    if number is None:
        return []
    text = clean_text(text)
    is_ucs2 = has_ucs2 and not is_plain(text)
    size = _MAX_UCS2 if is_ucs2 else _MAX_PLAIN
    if is_ucs2:
        number = to_ucs2(number)
    messages: list[tuple[bytes, bytes, bool]] = []
    while text or not messages:
        n = fitting(text, size) if is_ucs2 else size
        part = to_ucs2(text[:n]) if is_ucs2 else to_plain(text[:n])
        text = text[n:]
        messages.append((number.encode(), part.encode(), is_ucs2))
    return messages


def incoming(header: bytes, raw: bytes, charset: bytes | None = None) -> tuple[str, str] | None:
    """(sender, text) of a message, both str; None when its header is damaged.

    header: `+CMGR: "state","number",...` or `+CMT: "number",...`, raw: the text; both bytes.
    charset: what the modem wrote them in (bytes), None when that is not known. sender: see
    `ovms.protocol.phone`.
    """
    name, kind, _, coding, _ = fields_of(header)
    if name is None:
        return None
    from ovms.protocol import sms_sender

    return sms_sender.decoded(name, kind, charset), decode_text(raw, coding, charset)


def fields_of(
    header: bytes,
) -> tuple[str | None, int | None, int | None, int | None, bytes | None]:
    """(sender, kind, first octet, coding, time stamp) of a header, see `incoming`.

    The sender as it is written (str), the next three int, the stamp bytes; None for what is
    missing. A sender may hold quotes and commas, so what is behind it counts from the stamp.
    """
    fields = header[header.find(b":") + 1 :].strip()
    if not header.startswith(b"+CMT:"):
        fields = fields[fields.find(b",") + 1 :].strip() if b"," in fields else b""
    if not fields:
        return None, None, None, None, None
    at = _stamp_at(fields)
    stamp = fields[at : at + _STAMP_LENGTH] if at else None
    if at:
        tail = fields[at + _STAMP_LENGTH + 1 :].split(b",")
        fields = fields[: at - 1]
    else:
        tail = fields.split(b",")[2:]
    numbers = []
    for i in (1, 2, 4):
        digits = tail[i].strip() if i < len(tail) else b""
        numbers.append(int(digits) if digits.isdigit() and len(digits) < 4 else None)
    return _first(fields), numbers[0], numbers[1], numbers[2], stamp


def _stamp_at(fields):
    """Index of `yy/MM/dd,hh:mm:ss+zz` in `fields` (bytes), of the last one; 0 for none."""
    for at in range(len(fields) - _STAMP_LENGTH - 1, 0, -1):
        if fields[at - 1] != _QUOTE or fields[at + _STAMP_LENGTH] != _QUOTE:
            continue
        if fields[at + 2 : at + 3] + fields[at + 5 : at + 6] == b"//":
            return at
    return 0


def _first(fields):
    """The first of `fields` (bytes) as str, without its quotes; bad bytes become `?`."""
    if fields[0] == _QUOTE:
        end = fields.find(b'",', 1)
        if end < 0:
            end = fields.find(b'"', 1)
        first = fields[1 : end if end > 0 else len(fields)]
    else:
        first = fields.split(b",")[0].strip()
    return bytes([byte if 32 <= byte < 127 else 63 for byte in first]).decode()


def is_part(header: bytes) -> bool:
    """Whether the message of the long `header` (see `incoming`) has a user data header."""
    octet = fields_of(header)[2]
    return octet is not None and octet & 0x40 > 0


def clean_number(text: str) -> str | None:
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


def clean_text(text: str) -> str:
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


def to_plain(text: str) -> str:
    """`text` with `?` for every character outside ASCII or the GSM default alphabet."""
    plain = bytearray()
    for byte in text.encode():
        # What follows the first byte of a character is none of its own.
        if not 0x80 <= byte < 0xC0:
            plain.append(63 if byte > 126 or byte in _NOT_GSM else byte)
    return str(plain, "utf-8")


def is_plain(text: str) -> bool:
    """Whether `text` needs no UCS2."""
    return to_plain(text) == text


def fitting(text: str, size: int) -> int:
    """How many characters of `text` fit into `size` words of UCS2; at least one, 0 of none.

    A character beyond UCS2, such as an emoji, takes two of them.
    """
    n = min(len(text), size)
    # Only what is beyond UCS2 takes four bytes of UTF-8.
    while n > 1 and n + _beyond_ucs2(text[:n]) > size:
        n -= 1
    return n


def _beyond_ucs2(text):
    count = 0
    for byte in text.encode():
        count += byte >= 0xF0
    return count


def to_ucs2(text: str) -> str:
    """Hexadecimal UCS2 (str, capitals) of `text`; pairs of surrogates, as phones send them."""
    words = ""
    for i in range(len(text)):
        code = ord(text[i : i + 1])
        if code < 0x10000:
            words += "%04X" % code
        else:
            code -= 0x10000
            words += "%04X%04X" % (0xD800 | code >> 10, 0xDC00 | code & 0x3FF)
    return words


def text_of(codes: bytes | list[int]) -> str:
    """Text (str) of UCS2 codes; half of a pair of surrogates becomes U+FFFD."""
    data = bytearray()
    high = 0
    for code in codes:
        if high:
            if 0xDC00 <= code < 0xE000:
                code = 0x10000 + ((high & 0x3FF) << 10) + (code & 0x3FF)
                data.append(0xF0 | code >> 18)
                data.append(0x80 | code >> 12 & 0x3F)
                data.append(0x80 | code >> 6 & 0x3F)
                data.append(0x80 | code & 0x3F)
                high = 0
                continue
            data.extend(_HALF)
            high = 0
        if 0xD800 <= code < 0xDC00:
            high = code
        elif 0xDC00 <= code < 0xE000:
            data.extend(_HALF)
        elif code < 0x80:
            data.append(code)
        elif code < 0x800:
            data.append(0xC0 | code >> 6)
            data.append(0x80 | code & 0x3F)
        else:
            data.append(0xE0 | code >> 12)
            data.append(0x80 | code >> 6 & 0x3F)
            data.append(0x80 | code & 0x3F)
    if high:
        data.extend(_HALF)
    return str(data, "utf-8")


def alphabet(coding: int) -> int:
    """Of an SMS with this data coding scheme: GSM, OCTETS or UCS2 (3GPP 23.038, 4)."""
    group = coding >> 4
    if group < 8:
        return coding & 0x0C if coding & 0x0C != 0x0C else GSM
    if group == 14:
        return UCS2
    return coding & 4 if group == 15 else GSM


def decode_text(raw: bytes, coding: int | None = None, charset: bytes | None = None) -> str:
    """Text (str) of the bytes a modem printed.

    coding: the data coding scheme of the long header, None when there was none. charset: as in
    `incoming`. Modems print a UCS2 text in hexadecimal whatever character set is chosen, and every
    text when UCS2 is chosen.
    """
    return text_in(raw, None if coding is None else alphabet(coding), charset)


def text_in(raw: bytes, alphabet: int | None, charset: bytes | None) -> str:
    """The same for an alphabet, None when that is not known."""
    codes = codes_of(raw) if alphabet != OCTETS else None
    is_ucs2 = alphabet == UCS2 or charset == b"UCS2"
    if codes and (is_ucs2 or (None in (alphabet, charset) and looks_written(codes))):
        text = text_of(codes)
    else:
        try:
            text = str(raw, "utf-8")
        except UnicodeError:
            text = text_of(raw)
    return clean_text(text).replace("\r\n", "\n")


def codes_of(raw: bytes) -> list[int] | None:
    """UCS2 codes (list of int) that `raw` (bytes) holds in hexadecimal, None for anything else."""
    data = octets_of(raw)
    if data is None or len(data) % 2:
        return None
    return [data[at] << 8 | data[at + 1] for at in range(0, len(data), 2)]


def octets_of(raw: bytes) -> bytes | None:
    """The octets that `raw` (bytes) holds in hexadecimal, None for anything else."""
    if not raw or len(raw) % 2:
        return None
    try:
        data = unhexlify(raw)
    except ValueError:
        return None
    # MicroPython skips blanks between the digits.
    return data if len(data) * 2 == len(raw) else None


def looks_written(codes: list[int]) -> bool:
    """Whether they look like a text, and not like digits that happened to be words."""
    latin = 0
    for code in codes:
        if code < 10 or code > 0x2100:
            return False
        latin += code < 0x180
    return latin * 2 > len(codes)
