"""What the counters of `status.counts` are called in full.

Loaded on demand. A counter's name would take 50 bytes of RAM for ever. `tools/shrink` writes a
short text instead, one that MicroPython's ROM holds, and lists both here.
"""

# " short:long" of each, with a blank behind the last.
SHORTENED = ""


def in_full(counts):
    """(name, number) of each counter in `counts`, sorted by name."""
    table = SHORTENED
    return sorted((_full(table, name), count) for name, count in counts.items())


def _full(table, name):
    start = table.find(" %s:" % name)
    if start < 0:
        return name
    start += len(name) + 2
    return table[start : table.find(" ", start)]
