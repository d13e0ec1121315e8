"""Phone numbers in the one form in which they are stored and compared, and senders that have none.

Who sends is told by the type of the address, not by how it looks: a name may hold any characters,
`+4512345678` as well. A sender that is no telephone is therefore known in a form that no number
has. Source: 3GPP 23.040, 9.1.2.5.
"""

from micropython import const

# Bits of the type of an address, and the types that a telephone has: not known, international,
# national. A name, a number of the network's own and a short one belong to services.
_TYPE_BITS = const(0x70)
_TELEPHONES = (0x00, 0x10, 0x20)
_INTERNATIONAL = const(0x10)
# As many letters as the longest address has room for.
NAME_LENGTH = const(11)


def normal_phone(text: str) -> str:
    """A phone number in the form in which two of them are compared, or "" when it is none.

    `00` becomes `+`, blanks and dashes go; 3 to 20 digits remain, with or without `+`.
    """
    number = text.replace(" ", "").replace("-", "")
    if number.startswith("00"):
        number = "+" + number[2:]
    digits = number[1:] if number.startswith("+") else number
    # A digit of another script takes more than one byte.
    is_number = digits.isdigit() and len(digits.encode()) == len(digits)
    return number if is_number and 3 <= len(digits) <= 20 else ""


def sender(text: str, kind: int | None) -> str:
    """What an SMS came from: a number, or a name, in quotes where it has no letter of its own.

    text: str as the address says it. kind: the type of the address, an octet, or None: then only
    what is too long for a name is a number.
    """
    if is_telephone(text, kind):
        return text.replace(" ", "")
    if kind is not None and is_name(kind):
        text = text[:NAME_LENGTH]
    for byte in text.encode():
        if 65 <= byte & 0xDF <= 90:
            return text
    return '"%s"' % text.replace('"', "'")


def is_telephone(text: str, kind: int | None) -> bool:
    """Whether somebody's telephone may have sent it, see `sender`."""
    if kind is None:
        return len(text) > NAME_LENGTH
    kind &= _TYPE_BITS
    # Only an international number is written with a plus.
    return kind in _TELEPHONES and not (kind != _INTERNATIONAL and text.startswith("+"))


def is_international(kind: int) -> bool:
    """Whether the digits of an address of the type `kind` (an octet) begin with a country."""
    return kind & _TYPE_BITS == _INTERNATIONAL


def is_name(kind: int) -> bool:
    """Whether an address of the type `kind` (an octet) is written in letters."""
    return kind & _TYPE_BITS == 0x50
