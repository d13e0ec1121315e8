"""Rare parts of `at.py` (overlay): where an SMS text ends and pushed data begins, odd lines."""

from micropython import const

from ovms.protocol.at import PAYLOAD_MAX

# How far the announced length may lie behind the real end: escaped characters count twice.
_HINT_SLACK = const(16)


def end_of(digester):
    """Index where the ATDigester's open text ends, -1 when that cannot be known yet."""
    hint = digester.hint
    start = digester.start
    if hint >= 0:
        if digester.end - start < hint + 2:
            return -1
        if digester.view[start + hint : start + hint + 2] == b"\r\n":
            return start + hint
        start += max(0, hint - _HINT_SLACK)
    return digester.buffer.find(b"\r\n", start, digester.end)


def flush(digester, is_all):
    """`ATDigester.flush`."""
    digester.hint = -1
    end = digester.end
    line_end = b"\n" if digester.header is None else b"\r\n"
    stop = digester.buffer.find(line_end, digester.start, end)
    if is_all or stop < 0:
        digester.start = digester.scanned = end
    elif digester.header is None:
        # Quotes that nothing closes cost their own line, not the answer behind it.
        digester.start = digester.scanned = stop + 1
    else:
        return
    digester.header = None
    digester.is_waiting = False
    digester.dropped += 1


def starts_data(digester):
    """Enter data mode at `+IPD,<length>:`, which may follow data without a line end."""
    start = digester.start
    digits, colon, _ = bytes(digester.view[start + 5 : min(digester.end, start + 12)]).partition(
        b":"
    )
    left = int(digits) if colon and digits.isdigit() else 0
    if not 0 < left <= PAYLOAD_MAX:
        return False
    digester.left = left
    digester.start += len(digits) + 6
    return True


def mended(line, words):
    """`line` (bytes) as the manual writes it: printable, its head as `words`, a set, has it."""
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
