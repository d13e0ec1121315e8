"""What the network answers to a USSD code. Loaded on demand.

Source: 3GPP 27.007, 7.15 (+CUSD) and 3GPP 23.038, 5: the coding of a USSD text is not that of an
SMS.
"""

from micropython import const

from ovms.protocol import sms_text

_GSM_WITH_LANGUAGE = const(0x10)
_UCS2_WITH_LANGUAGE = const(0x11)
# Groups of codings that name their alphabet in bits 2 and 3, and the one with only bit 2.
_GENERAL = (4, 5, 6, 7, 9)
_DATA = const(15)


def parsed(line: bytes, charset: bytes | None) -> tuple[int | None, str]:
    """(mode, text) of `+CUSD: mode[,"text"[,coding]]` (bytes); text: str, "" for none.

    mode: 0 final, 1 awaits a choice, others tell of a failure; None when there is none. charset:
    in which the modem wrote the text (bytes), None when that is not known. Quotes inside of a text
    are text.
    """
    fields = line[line.find(b":") + 1 :].strip()
    mode = fields[:1]
    start = fields.find(b'"')
    end = fields.rfind(b'"')
    text = ""
    if 0 <= start < end - 1:
        text = _text(fields[start + 1 : end], _coding(fields[end + 1 :]), charset)
    return int(mode) if mode.isdigit() else None, text


def _coding(field):
    """The octet in `,15` (bytes), None for none; some modems write it with a sign."""
    digits = field.strip(b", ")
    sign = -1 if digits[:1] == b"-" else 1
    digits = digits.lstrip(b"-")
    return sign * int(digits) & 0xFF if digits.isdigit() and len(digits) < 4 else None


def _alphabet(coding):
    """GSM, OCTETS or UCS2; None where a coding is missing, or means UCS2 to some networks."""
    if coding is None or coding == sms_text.UCS2:
        return None
    if coding == _UCS2_WITH_LANGUAGE:
        return sms_text.UCS2
    group = coding >> 4
    if group in _GENERAL:
        return sms_text.GSM if coding & 0x0C == 0x0C else coding & 0x0C
    return coding & 4 if group == _DATA else sms_text.GSM


def _text(raw, coding, charset):
    alphabet = _alphabet(coding)
    if alphabet == sms_text.OCTETS:
        octets = sms_text.octets_of(raw)
        raw = raw if octets is None else octets
    elif coding == _UCS2_WITH_LANGUAGE and _is_language(sms_text.codes_of(raw[:4])):
        raw = raw[4:]
    text = sms_text.text_in(raw, alphabet, charset)
    if coding == _GSM_WITH_LANGUAGE and text[2:3] == "\n" and text[:2].isalpha():
        text = text[3:]
    return text


def _is_language(codes):
    """Whether they are one, and that two small letters of 7 bits each, as UCS2 texts may begin."""
    if not codes:
        return False
    packed = codes[0] >> 8 | (codes[0] & 0xFF) << 8
    return 97 <= packed & 0x7F <= 122 and 97 <= packed >> 7 & 0x7F <= 122 and packed < 0x4000
