"""Reads and writes the files behind a `Store`: a record that survives a cut at any byte.

Three files in the current directory: `NAME` (current generation), `NAME.new` (being written) and
`NAME.old` (the generation before). Each ends in a line with the CRC-32 of everything before it,
so a cut or damaged file is never taken for a whole one.

LittleFS makes file data durable at `flush()` and `close()`, and its `rename` replaces an existing
file atomically (hardware facts 1.11, "File system"); POSIX does the same.
"""

from binascii import crc32

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO

    from ovms.contracts import Buffer, Store

_TRAILER_BYTES = const(9)
_ENOENT = const(2)
# Read in pieces: asking for the longest file at once would take its size from the heap.
_PIECE_BYTES = const(256)


def load(store: "Store") -> bytes | None:
    """The newest whole content as bytes, or None; sets `store.load_error`."""
    path, size = _newest(store)
    if path is None:
        return None
    file = store.fs.open(path, "rb")
    data = b""
    try:
        while len(data) < size:
            data += file.read(min(_PIECE_BYTES, size - len(data)))
    finally:
        file.close()
    return data


def open_newest(store: "Store") -> "IO[bytes] | None":
    """The file of the newest whole content, open for reading, or None; sets `load_error`."""
    path = _newest(store)[0]
    return None if path is None else store.fs.open(path, "rb")


def shared_lines(store: "Store") -> bytes:
    """The lines with a `=` that two damaged files have in common, as bytes; b"" without any.

    Damage does not strike the same line of two files in the same way, so these are whole.
    """
    name = store.name
    before = []
    shared = []
    for path in (name, name + ".old", name + ".new"):
        # What is behind the last line feed is no whole line.
        lines = [line for line in _raw(store, path).split(b"\n")[:-1] if b"=" in line]
        shared += [line for line in lines if line in before and line not in shared]
        before += lines
    return b"\n".join(shared)


def _raw(store, path):
    """What can be read of a file, as bytes."""
    data = b""
    try:
        file = store.fs.open(path, "rb")
    except OSError:
        return data
    try:
        while len(data) <= store.limit:
            piece = file.read(_PIECE_BYTES)
            if not piece:
                break
            data += piece
    except OSError:
        # What came before counts.
        pass
    finally:
        file.close()
    return data


def save(store: "Store", data: "Buffer") -> None:
    """Make `data` the current generation."""
    _check_size(store, len(data))
    for _ in save_in_steps(store, (data,)):
        pass


def save_in_steps(store: "Store", pieces: "Iterable[Buffer]") -> "Iterator[None]":
    """Make what the iterable `pieces` gives (bytes each) the current generation: a generator.

    To look whether a file is whole takes as long as some of the pieces.
    """
    name = store.name
    new = name + ".new"
    fs = store.fs
    is_whole = _size(store, name)[0] is not None
    if not is_whole and _size(store, new)[0] is not None:
        # A cut came between the two renames: `.new` is the only newest copy, and the write
        # below would destroy it.
        fs.rename(new, name)
        is_whole = True
    yield
    file = fs.open(new, "wb")
    size = sum32 = 0
    try:
        for piece in pieces:
            size += len(piece)
            sum32 = crc32(piece, sum32)
            _check_size(store, size)
            file.write(piece)
            yield
        file.write(b"%08x\n" % sum32)
        file.flush()
    finally:
        file.close()
    yield
    if _size(store, new)[0] != size:
        raise OSError("%s could not be read back." % new)
    if is_whole:
        # A damaged current file must not push out the good generation before it.
        try:
            fs.rename(name, name + ".old")
        except OSError:
            # Something in the way of an old copy must not keep the new one out.
            pass
    fs.rename(new, name)


def _check_size(store, size):
    if size > store.limit:
        raise ValueError("The settings do not fit into %s." % store.name)


def _newest(store):
    """(path, bytes) of the newest whole content, (None, 0) without one; sets `load_error`."""
    name = store.name
    store.load_error = ""
    is_damaged = False
    for path in (name, name + ".new", name + ".old"):
        size, is_there = _size(store, path)
        if size is not None:
            if path == name + ".old":
                store.load_error = "%s was damaged: the settings before it are used." % name
            return path, size
        # A `.new` alone is of the first write there ever was, and that was cut: nothing is lost.
        is_damaged |= is_there and path != name + ".new"
    if is_damaged:
        store.load_error = "%s is damaged and there is no earlier copy." % name
    return None, 0


def _size(store, path):
    """(bytes of the content or None where it is not whole, whether there is a file at all)."""
    try:
        file = store.fs.open(path, "rb")
    except OSError as error:
        return None, error.errno != _ENOENT
    # What was read last may be the trailer.
    tail = b""
    size = sum32 = 0
    try:
        while size <= store.limit:
            piece = file.read(_PIECE_BYTES)
            if not piece:
                break
            # Copied as seldom as may be: of much garbage comes a collection.
            piece = tail + piece
            tail = piece[-_TRAILER_BYTES:]
            before = len(piece) - len(tail)
            sum32 = crc32(memoryview(piece)[:before], sum32)
            size += before
    except OSError:
        return None, True
    finally:
        file.close()
    if size <= store.limit and tail == b"%08x\n" % sum32:
        return size, True
    return None, True
