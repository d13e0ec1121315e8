"""What the counters of `status.counts` are called in full.

Loaded on demand. A counter's name would take 50 bytes of RAM for ever. `tools/shrink` writes a
short text instead, one that MicroPython's ROM holds, and lists both here.
"""

# " short:long" of each, in texts that end with a blank: none is longer than a full heap has room
# for in one piece.
SHORTENED = ()


def in_full(counts: dict[str, int]) -> list[tuple[str, int]]:
    """(name, number) of each counter in `counts`, sorted by name."""
    return sorted((_full(SHORTENED, name), count) for name, count in counts.items())


def _full(tables, name):
    for table in tables:
        start = table.find(" %s:" % name)
        if start >= 0:
            start += len(name) + 2
            return table[start : table.find(" ", start)]
    return name
