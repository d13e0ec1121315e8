"""Where the server is, as parameter 4 says it.

    host                    TLS at port 6870 where the server offers it, else as the next; scheme 0
    host:port               plain TCP, scheme 0; 6867 is the usual port
    tls://host[:port]       inside TLS, port 6870, scheme 0
    tls://owner@host[:port] inside TLS, scheme 1: the server password is the owner's

Scheme 1 shows the password to whoever reads the line, so it exists inside TLS only. Ports and
schemes: server-and-clients 1.1 and 1.4.
"""

from micropython import const

PORT = const(6867)
TLS_PORT = const(6870)

_TLS = "tls://"
_LENGTH = const(63)
_USE = "A server is host or host:port or tls://host or tls://owner@host."


def parse(text: str) -> tuple[str, int, bool, str]:
    """(host, port, whether TLS, owner or "") of parameter 4; ValueError with a sentence.

    What leaves TLS open is told as plain TCP.
    """
    rest = text
    owner = ""
    is_tls = text[: len(_TLS)].lower() == _TLS
    if is_tls:
        rest = text[len(_TLS) :]
        if "@" in rest:
            owner, _, rest = rest.partition("@")
            if not _is_plain(owner, "-._+"):
                raise ValueError(_USE)
    host, colon, digits = rest.partition(":")
    port = TLS_PORT if is_tls else PORT
    if colon:
        if not (0 < len(digits) < 6 and _is_plain(digits, "") and digits.isdigit()):
            raise ValueError("A port is a number from 1 to 65535.")
        port = int(digits)
        if not 0 < port < 65536:
            raise ValueError("A port is a number from 1 to 65535.")
    if not _is_plain(host, "-._"):
        raise ValueError(_USE)
    from ovms.protocol import ipv4

    if ipv4.is_numeric(host) and not ipv4.is_address(host):
        raise ValueError("That is no IP address.")
    return host, port, is_tls, owner


def is_open(text: str) -> bool:
    """Whether a text that can be parsed leaves it to the module to use TLS or not."""
    return ":" not in text


def checked(text: str) -> str:
    """`text` when parameter 4 may be that, also "" for no server; ValueError with a sentence."""
    if len(text) > _LENGTH:
        raise ValueError("A server name has at most 63 characters.")
    if text:
        parse(text)
    return text


def _is_plain(text, marks):
    """Whether `text` has at least one character, and only ASCII letters, digits and `marks`."""
    marks = marks.encode()
    # Bytes: a character of a stranger's text would stay in RAM for ever.
    for byte in text.encode():
        is_letter = 65 <= byte & 0xDF <= 90 and byte < 128
        if not (is_letter or 48 <= byte <= 57 or byte in marks):
            return False
    return bool(text)
