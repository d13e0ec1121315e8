"""Who sent an SMS, from what a modem in text mode prints of it. Loaded on demand.

Source: 3GPP 27.005, 3.1 (an address is printed in the character set of the modem) and 3GPP 23.040,
9.1.2.5; hardware facts 4.4.
"""

from ovms.protocol import phone
from ovms.protocol.sms_text import clean_number, clean_text, codes_of, looks_written, text_of


def decoded(text: str, kind: int | None, charset: bytes | None) -> str:
    """The sender (see `phone.sender`) of an address printed as `text` (str).

    kind: the type of the address, None when the modem does not tell. charset: what the modem
    prints in (bytes), None when that is not known.
    """
    codes = codes_of(text.encode())
    if codes:
        shown = text_of(codes)
        if kind is not None and phone.is_name(kind):
            is_coded = len(text) > phone.NAME_LENGTH or charset == b"UCS2"
            if is_coded or (charset is None and looks_written(codes)):
                text = shown
        elif clean_number(shown) == shown:
            # The digits of a number that is not in hexadecimal make no other number.
            text = shown
        elif kind is None and len(codes) <= phone.NAME_LENGTH and looks_written(codes):
            text = shown
    return phone.sender(clean_text(text).replace("\n", " ").strip(), kind)
