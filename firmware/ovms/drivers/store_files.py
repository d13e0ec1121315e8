"""Reads and writes the files behind a `Store`: a record that survives a cut at any byte.

Three files in the current directory: `NAME` (current generation), `NAME.new` (being written) and
`NAME.old` (the generation before). Each ends in a line with the CRC-32 of everything before it,
so a cut or damaged file is never taken for a whole one.

LittleFS makes file data durable at `flush()` and `close()`, and its `rename` replaces an existing
file atomically (hardware facts, "File system"); POSIX does the same.
"""

from binascii import crc32

from micropython import const

_TRAILER_BYTES = const(9)
_ENOENT = const(2)
# Read in pieces: asking for the longest file at once would take its size from the heap.
_PIECE_BYTES = const(256)


def load(store):
    """The newest whole content as bytes, or None; sets `store.load_error`."""
    name = store.name
    store.load_error = ""
    is_damaged = False
    for path in (name, name + ".new", name + ".old"):
        data, is_there = _read(store, path)
        if data is not None:
            if path == name + ".old":
                store.load_error = "%s was damaged: the settings before it are used." % name
            return data
        is_damaged |= is_there
    if is_damaged:
        store.load_error = "%s is damaged and there is no earlier copy." % name
    return None


def save(store, data):
    """Make `data` the current generation."""
    if len(data) > store.limit:
        raise ValueError("The settings do not fit into %s." % store.name)
    name = store.name
    new = name + ".new"
    fs = store.fs
    current = _read(store, name)[0]
    if current is None and _read(store, new)[0] is not None:
        # A cut came between the two renames: `.new` is the only newest copy, and the write
        # below would destroy it.
        fs.rename(new, name)
        current = data
    file = fs.open(new, "wb")
    try:
        file.write(data)
        file.write(b"%08x\n" % crc32(data))
        file.flush()
    finally:
        file.close()
    if _read(store, new)[0] != data:
        raise OSError("%s could not be read back." % new)
    if current is not None:
        # A damaged current file must not push out the good generation before it.
        try:
            fs.rename(name, name + ".old")
        except OSError:
            # Something in the way of an old copy must not keep the new one out.
            pass
    fs.rename(new, name)


def _read(store, path):
    """(content or None, whether there is a file at all)."""
    try:
        file = store.fs.open(path, "rb")
    except OSError as error:
        return None, error.errno != _ENOENT
    data = b""
    try:
        while len(data) <= store.limit + _TRAILER_BYTES:
            piece = file.read(_PIECE_BYTES)
            if not piece:
                break
            data += piece
    except OSError:
        return None, True
    finally:
        file.close()
    size = len(data) - _TRAILER_BYTES
    if 0 <= size <= store.limit and data[size:] == b"%08x\n" % crc32(data[:size]):
        return data[:size], True
    return None, True
