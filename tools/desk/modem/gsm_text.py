"""Characters of SMS: the GSM 7-bit alphabet (3GPP TS 23.038), UCS2 and the AT+CSCS sets."""

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
_ESCAPE = 0x1B
_SEPTETS = {char: bytes([code]) for code, char in enumerate(_BASIC) if code != _ESCAPE}
_SEPTETS.update({char: bytes([_ESCAPE, code]) for code, char in _EXTENSION.items()})
_UNKNOWN = b"?"


def is_gsm7(text):
    """Whether every character of `text` exists in the 7-bit alphabet."""
    return all(char in _SEPTETS for char in text)


def to_septets(text):
    """One byte per septet; the extension table takes two, a foreign character becomes `?`."""
    return b"".join(_SEPTETS.get(char, _UNKNOWN) for char in text)


def from_septets(septets):
    """The text of unpacked septets."""
    text = ""
    codes = iter(septets)
    for code in codes:
        if code != _ESCAPE:
            text += _BASIC[code & 0x7F]
            continue
        extended = next(codes, None)
        if extended is not None:
            text += _EXTENSION.get(extended, _BASIC[extended & 0x7F])
    return text


def pack_septets(septets, fill_bits=0):
    """Septets as octets, the first one starting `fill_bits` into the first octet."""
    value = 0
    for index, septet in enumerate(septets):
        value |= (septet & 0x7F) << (index * 7 + fill_bits)
    bit_count = len(septets) * 7 + fill_bits
    return value.to_bytes((bit_count + 7) // 8, "little")


def unpack_septets(octets, count, fill_bits=0):
    """`count` septets out of `octets`; ValueError if there are not enough octets."""
    if count * 7 + fill_bits > len(octets) * 8:
        raise ValueError("user data too short")
    value = int.from_bytes(octets, "little") >> fill_bits
    return bytes(value >> (index * 7) & 0x7F for index in range(count))


def to_ucs2(text):
    """UTF-16 big endian, as phones send emoji too."""
    return text.encode("utf-16-be", "surrogatepass")


def from_ucs2(octets):
    """Text of UCS2 octets; an odd last octet or a lone surrogate is replaced."""
    return octets.decode("utf-16-be", "replace")


# ---- AT+CSCS: how text stands on the UART ----

CHARACTER_SETS = ("GSM", "IRA", "UCS2", "HEX")


def text_to_uart(text, charset):
    """`text` as the modem prints it in set `charset`, as bytes."""
    if charset == "UCS2":
        return to_ucs2(text).hex().upper().encode()
    if charset == "HEX":
        return to_septets(text).hex().upper().encode()
    if charset == "GSM":
        return to_septets(text)
    return text.encode("ascii", "replace")


def text_from_uart(data, charset):
    """The text that the host meant by `data`; ValueError for bad hex."""
    if charset == "UCS2":
        octets = bytes.fromhex(data.decode("latin-1"))
        if len(octets) % 2:
            raise ValueError("half a character")
        return from_ucs2(octets)
    if charset == "HEX":
        return from_septets(bytes.fromhex(data.decode("latin-1")))
    if charset == "GSM":
        return from_septets(bytes(byte & 0x7F for byte in data))
    return data.decode("latin-1")
