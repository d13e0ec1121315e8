"""Between wire text (one character per byte) and text for people."""


def to_wire(text: str) -> str:
    """Typed text as it travels: its UTF-8 bytes, one character each."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def from_wire(text: str) -> str:
    """The UTF-8 text in a message; what is not UTF-8 becomes a replacement character.

    Text that cannot be wire text (it has characters beyond 255) is returned as it is.
    """
    try:
        octets = text.encode("latin-1")
    except UnicodeEncodeError:
        return text
    return octets.decode("utf-8", "replace")


def printable(text: str) -> str:
    """Wire text on one line of a terminal: line ends as " / ", control characters escaped."""
    shown = from_wire(text).replace("\r", " / ").replace("\n", " / ")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in shown)
