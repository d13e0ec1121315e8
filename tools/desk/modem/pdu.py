"""SMS transfer PDUs (3GPP TS 23.040): deliver towards the module, submit from it, and parts.

Layout of what AT commands carry: SMSC length and address, then the TPDU that `length` counts.
"""

import time
from dataclasses import dataclass

from tools.desk.modem import gsm_text

GSM7, EIGHT_BIT, UCS2 = 0, 4, 8
_HAS_HEADER = 0x40
_REPORT_REQUEST = 0x20
_SEMI_OCTETS = "0123456789*#abc"
_DIALLED = "0123456789*#"


@dataclass(frozen=True)
class Part:
    """One short message on its way to the module.

    user_data: octets behind the length octet, header included; `user_data_length` counts septets
    for GSM7, octets else. utc_s/zone_quarters: the service centre's stamp.
    """

    number: str
    dcs: int
    first_octet: int
    user_data: bytes
    user_data_length: int
    utc_s: float
    zone_quarters: int
    pid: int = 0


@dataclass(frozen=True)
class Submitted:
    """One short message the module sends. `text` is None for 8-bit data, which is in `data`."""

    number: str
    dcs: int
    text: str | None
    data: bytes
    wants_report: bool
    reference: int | None = None
    total: int = 1
    sequence: int = 1


# ---- addresses and time ----


def type_of_address(sender):
    """The type octet: alphanumeric, international, or not known. Quotes make a name."""
    if not is_number(sender):
        return 208
    return 145 if sender.startswith("+") else 129


def written(sender):
    """`sender` without the quotes that make a name of it."""
    return sender[1:-1] if len(sender) > 1 and sender[0] == sender[-1] == '"' else sender


def encode_address(number):
    """Type octet and swapped digits, without a length."""
    digits = number.lstrip("+")
    codes = [_SEMI_OCTETS.index(digit) for digit in digits] + [0xF] * (len(digits) % 2)
    swapped = bytes(codes[i] | codes[i + 1] << 4 for i in range(0, len(codes), 2))
    return bytes([type_of_address(number)]) + swapped


def decode_address(kind, octets, digit_count):
    """The number as text; letters for an alphanumeric sender."""
    if kind & 0x70 == 0x50:
        return gsm_text.from_septets(gsm_text.unpack_septets(octets, digit_count * 4 // 7))
    digits = ""
    for octet in octets:
        for code in (octet & 0x0F, octet >> 4):
            if code < len(_SEMI_OCTETS) and len(digits) < digit_count:
                digits += _SEMI_OCTETS[code]
    return ("+" if kind & 0x70 == 0x10 else "") + digits


def encode_originator(number):
    """Length octet, type and digits; a name that is no number goes as letters."""
    if is_number(number):
        return bytes([len(number.lstrip("+"))]) + encode_address(number)
    septets = gsm_text.to_septets(written(number))[:11]
    packed = gsm_text.pack_septets(septets)
    return bytes([(len(septets) * 7 + 3) // 4, 0xD0]) + packed


def is_number(text):
    """Whether `text` can be dialled."""
    digits = text[1:] if text.startswith("+") else text
    return bool(digits) and all(char in _DIALLED for char in digits)


def encode_timestamp(utc_s, zone_quarters):
    """Seven swapped octets of local time and zone."""
    moment = time.gmtime(utc_s + zone_quarters * 900)
    values = (moment.tm_year % 100, *moment[1:6], abs(zone_quarters))
    octets = bytearray(value % 10 << 4 | value // 10 for value in values)
    if zone_quarters < 0:
        octets[6] |= 0x08
    return bytes(octets)


# ---- towards the module ----


def split_text(number, text, utc_s, zone_quarters, reference, use_ucs2=False):
    """The parts in which a network delivers `text`, 7-bit if the alphabet allows.

    use_ucs2: the phone insists on UCS2. ValueError if more than 255 parts would be needed.
    """
    if gsm_text.is_gsm7(text) and not use_ucs2:
        dcs, units, whole, piece = GSM7, gsm_text.to_septets(text), 160, 153
        chunks = [units] if len(units) <= whole else _chunks_of_septets(units, piece)
    else:
        dcs, units, whole, piece = UCS2, gsm_text.to_ucs2(text), 140, 134
        chunks = [units] if len(units) <= whole else _chunks_of_ucs2(units, piece)
    total = len(chunks)
    if total > 255:
        raise ValueError("text needs more than 255 parts")
    parts = []
    for sequence, chunk in enumerate(chunks, 1):
        header = b"" if total == 1 else bytes([5, 0, 3, reference & 0xFF, total, sequence])
        parts.append(_part(number, dcs, chunk, header, utc_s, zone_quarters))
    return parts


def _chunks_of_septets(septets, size):
    """Pieces of at most `size` septets; an escape stays with its character."""
    chunks = []
    start = 0
    while start < len(septets):
        end = start + size
        if end < len(septets) and septets[end - 1] == 0x1B:
            end -= 1
        chunks.append(septets[start:end])
        start = end
    return chunks


def _chunks_of_ucs2(octets, size):
    """Pieces of at most `size` octets; a surrogate pair stays together."""
    chunks = []
    start = 0
    while start < len(octets):
        end = start + size
        if end < len(octets) and octets[end - 2] & 0xFC == 0xD8:
            end -= 2
        chunks.append(octets[start:end])
        start = end
    return chunks


def _part(number, dcs, chunk, header, utc_s, zone_quarters):
    if dcs == GSM7:
        fill_bits = -len(header) * 8 % 7
        user_data = header + gsm_text.pack_septets(chunk, fill_bits)
        length = (len(header) * 8 + fill_bits) // 7 + len(chunk)
    else:
        user_data = header + chunk
        length = len(user_data)
    first_octet = 0x04 | (_HAS_HEADER if header else 0)
    return Part(number, dcs, first_octet, user_data, length, utc_s, zone_quarters)


def encode_deliver(part, sms_centre):
    """(TPDU length, hex text with SMSC address) of an incoming part."""
    tpdu = (
        bytes([part.first_octet])
        + encode_originator(part.number)
        + bytes([part.pid, part.dcs])
        + encode_timestamp(part.utc_s, part.zone_quarters)
        + bytes([part.user_data_length])
        + part.user_data
    )
    centre = encode_address(sms_centre)
    return len(tpdu), (bytes([len(centre)]) + centre + tpdu).hex().upper()


def part_content(part):
    """Text of a part without its header, or the octets of 8-bit data."""
    return _content(
        part.dcs, part.user_data, part.user_data_length, bool(part.first_octet & _HAS_HEADER)
    )


def _content(dcs, user_data, length, has_header):
    header_octets = user_data[0] + 1 if has_header and user_data else 0
    alphabet = dcs & 0x0C
    if alphabet == GSM7:
        fill_bits = -header_octets * 8 % 7
        count = length - (header_octets * 8 + fill_bits) // 7
        septets = gsm_text.unpack_septets(user_data[header_octets:], max(0, count), fill_bits)
        return gsm_text.from_septets(septets)
    octets = user_data[header_octets:length]
    return gsm_text.from_ucs2(octets) if alphabet == UCS2 else octets


# ---- from the module ----


def decode_submit(hex_text, tpdu_length):
    """`Submitted` of a PDU that the host entered; ValueError with one reason if it is none."""
    octets = bytes.fromhex(hex_text)
    if not octets:
        raise ValueError("empty PDU")
    tpdu = octets[octets[0] + 1 :]
    if len(tpdu) != tpdu_length:
        raise ValueError(f"TPDU has {len(tpdu)} octets, {tpdu_length} announced")
    try:
        return _decode_submit_tpdu(tpdu)
    except IndexError as error:
        raise ValueError("PDU too short") from error


def _decode_submit_tpdu(tpdu):
    first_octet = tpdu[0]
    if first_octet & 0x03 != 0x01:
        raise ValueError("not a SUBMIT")
    digit_count, kind = tpdu[2], tpdu[3]
    position = 4 + (digit_count + 1) // 2
    number = decode_address(kind, tpdu[4:position], digit_count)
    dcs = tpdu[position + 1]
    validity_octets = (0, 7, 1, 7)[first_octet >> 3 & 0x03]
    position += 2 + validity_octets
    length = tpdu[position]
    user_data = tpdu[position + 1 :]
    octet_length = (length * 7 + 7) // 8 if dcs & 0x0C == GSM7 else length
    if len(user_data) != octet_length:
        raise ValueError("user data length does not fit")
    has_header = bool(first_octet & _HAS_HEADER)
    content = _content(dcs, user_data, length, has_header)
    reference, total, sequence = _concatenation(user_data) if has_header else (None, 1, 1)
    return Submitted(
        number,
        dcs,
        content if isinstance(content, str) else None,
        b"" if isinstance(content, str) else content,
        bool(first_octet & _REPORT_REQUEST),
        reference,
        total,
        sequence,
    )


def _concatenation(user_data):
    """(reference, total, sequence) of the header, (None, 1, 1) if it holds no such element."""
    position, end = 1, user_data[0] + 1
    while position + 1 < end:
        kind, size = user_data[position], user_data[position + 1]
        value = user_data[position + 2 : position + 2 + size]
        if kind == 0 and size == 3:
            return value[0], value[1], value[2]
        if kind == 8 and size == 4:
            return value[0] << 8 | value[1], value[2], value[3]
        position += 2 + size
    return None, 1, 1


def encode_status_report(reference, number, sent_utc_s, done_utc_s, zone_quarters, sms_centre):
    """(TPDU length, hex text) of a "delivered" status report."""
    tpdu = (
        bytes([0x06, reference])
        + encode_originator(number)
        + encode_timestamp(sent_utc_s, zone_quarters)
        + encode_timestamp(done_utc_s, zone_quarters)
        + b"\x00"
    )
    centre = encode_address(sms_centre)
    return len(tpdu), (bytes([len(centre)]) + centre + tpdu).hex().upper()
