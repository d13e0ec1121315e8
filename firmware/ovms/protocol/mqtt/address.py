"""Where the broker is, as its parameter says it: `host[:port]` or `tls://host[:port]`.

Ports 1883 and 8883 (server-and-clients 7.1). The rules of a host are those of the server's
address.
"""

from micropython import const

PORT = const(1883)
TLS_PORT = const(8883)
_LENGTH = const(63)

_USE = "A broker is host or host:port or tls://host[:port]."


def parse(text: str) -> tuple[str, int, bool, str]:
    """(host, port, whether TLS, "") of a broker; ValueError with a sentence."""
    from ovms.protocol.v2 import address

    try:
        host, port, is_tls, owner = address.parse(text)
    except ValueError as error:
        raise ValueError(_USE if "server" in str(error) else str(error))
    if owner:
        raise ValueError(_USE)
    if ":" not in text.rpartition("/")[2]:
        port = TLS_PORT if is_tls else PORT
    return host, port, is_tls, ""


def checked(text: str) -> str:
    """`text` when it may be the broker's parameter, also "" for none; ValueError if not."""
    if len(text) > _LENGTH:
        raise ValueError("A broker name has at most 63 characters.")
    if text:
        parse(text)
    return text
