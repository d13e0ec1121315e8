"""Rare parts of the digester `at.py`: SMS texts, data in a line, lines that are not as
expected."""

from micropython import const

from ovms.protocol.at import FAILURES, INFO, NOTHING, URC, length

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.protocol.at import ATDigester

# How far the announced length may lie behind the real end: escaped characters count twice.
_HINT_SLACK = const(16)
# Commas of a header that carries the long form (AT+CSDH=1) and so ends in the length.
_LONG_HEADER_COMMAS = const(9)
# Instead of a length: nothing followed the line that seemed to go on.
_QUIET = const(-2)


def begin_text(digester: "ATDigester", line: bytes, kind: int) -> None:
    """The SMS header `line` (bytes) is there; its text follows and makes an event `kind`."""
    fields = line.split(b",")
    digester.header = line
    digester.header_kind = kind
    digester.hint = length(fields[-1]) if len(fields) > _LONG_HEADER_COMMAS else -1


def ends_text(digester: "ATDigester") -> bool:
    """Whether the open text has ended; then the digester has it with its line."""
    stop = _end_of(digester)
    if stop < 0:
        return False
    digester.text = bytes(digester.view[digester.start : stop])
    digester.line = digester.header or b""
    digester.header = None
    digester.start = digester.scanned = stop + 2
    return True


def _end_of(digester):
    """Index where the open text ends, -1 when that cannot be known yet."""
    hint = digester.hint
    start = digester.start
    if hint >= 0:
        if digester.end - start < hint + 2:
            return -1
        if digester.view[start + hint : start + hint + 2] == b"\r\n":
            return start + hint
        start += max(0, hint - _HINT_SLACK)
    return digester.buffer.find(b"\r\n", start, digester.end)


def is_open(digester: "ATDigester", line: bytes) -> bool:
    """Whether the quoted text of `line` (bytes) goes on in the next one.

    Such a text may hold quotes itself. It ends where a field, or none, follows its last one.
    """
    if digester.hint == _QUIET:
        digester.hint = -1
        return False
    if b'"' not in line:
        return False
    _, quote, field = line.rpartition(b'",')
    if quote and field.strip(b" -").isdigit():
        return False
    return line.count(b'"') & 1 > 0 or not line.endswith((b'"', b")"))


def flush(digester: "ATDigester", is_all: bool = False) -> None:
    """The line is quiet: an open text ends where its bytes end, or is dropped.

    is_all: it is dropped in any case.
    """
    digester.hint = -1
    end = digester.end
    line_end = b"\n" if digester.header is None else b"\r\n"
    stop = digester.buffer.find(line_end, digester.start, end)
    if is_all or stop < 0:
        digester.start = digester.scanned = end
    elif digester.header is None and _ends_in_quote(digester, stop):
        digester.hint = _QUIET
        digester.scanned = digester.start
        digester.is_waiting = False
        return
    elif digester.header is None:
        # Quotes that nothing closes cost their own line, not the answer behind it.
        digester.start = digester.scanned = stop + 1
    else:
        return
    digester.header = None
    digester.is_waiting = False
    digester.dropped += 1


def _ends_in_quote(digester, stop):
    return bytes(digester.view[digester.start : stop]).rstrip(b"\r ").endswith(b'"')


def begin_data(digester: "ATDigester", head: bytes, mark: bytes) -> int:
    """Enter data mode at `<head><number><mark>`, which may follow data without a line end.

    The digester's `left` tells whether it did. INFO where the line answers the running command,
    else NOTHING: nobody asked for the data.
    """
    start = digester.start + len(head)
    digits, found, _ = bytes(digester.view[start : min(digester.end, start + 6)]).partition(mark)
    left = length(digits) if found else 0
    if not left:
        return NOTHING
    digester.left = left
    digester.start = start + len(digits) + 1
    name = head[: head.find(b":")]
    command = digester.command
    if command is None or name not in digester.profile.telling or name + b"=" not in command:
        return NOTHING
    digester.line = head + digits
    digester.text = None
    return INFO


def judge(digester: "ATDigester", line: bytes) -> int:
    """Kind of a line (bytes) that is neither an answer nor a URC as it is written."""
    if digester.profile.reset_mark in line:
        digester.line = digester.profile.reset_mark
        return URC
    better = mended(digester, line)
    if better != line:
        return digester.classify(better)
    command = digester.command
    # An OK that is not the final result says no more than that one follows.
    if (
        command is not None
        and line != b"OK"
        and (digester.is_bare or (b"=" not in command and b"?" not in command))
    ):
        return INFO
    digester.dropped += 1
    return NOTHING


def mended(digester: "ATDigester", line: bytes) -> bytes:
    """`line` (bytes) as the manual writes it: printable, its head as the digester knows it."""
    words = digester.profile.urcs + digester.finals + FAILURES
    clean = bytes([byte for byte in line if 32 <= byte < 127])
    head, colon, rest = clean.partition(b":")
    head = head.strip()
    at = words.upper().find(b"\n" + head.upper() + colon + b"\n")
    if head and at >= 0:
        head = words[at + 1 : at + 1 + len(head)]
    elif head[:1] in (b"+", b"*"):
        head = head.upper()
    else:
        return clean.strip()
    return head + b": " + rest.strip() if colon else head
