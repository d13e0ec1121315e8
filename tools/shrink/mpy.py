"""Reads a compiled file and writes it again, with another line number for a whole function.

Format: MicroPython v1.25, `py/persistentcode.c` and `py/bc.h` (`.mpy` version 6, bytecode only).
"""

from __future__ import annotations

from dataclasses import dataclass, field

_VERSION = 6
_HEADER_BYTES = 4
_TEXT_OBJECT, _TUPLE_OBJECT = 5, 10
# Objects that are nothing but their type: the table of functions, None, False, True, Ellipsis.
_BARE_OBJECTS = range(5)
_BYTECODE = 0
# A step to another line: of two bits in one byte, of eleven in two.
_SHORT_LINE_STEPS, _LINE_STEPS = 4, 2048


class FormatError(Exception):
    """A file that is not the bytecode this module knows."""


@dataclass
class _Reader:
    data: bytes
    at: int = 0

    def take(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self) -> int:
        value = 0
        while True:
            byte = self.take(1)[0]
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value


def _number(value: int) -> bytes:
    """`value` as seven bits in each byte, the highest first."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F)
    return bytes([*(0x80 | group for group in groups[:0:-1]), groups[0]])


@dataclass
class _Code:
    """One function."""

    data: bytearray
    kind: int
    children: list[_Code] = field(default_factory=list)


class Mpy:
    """A compiled file, read to be changed and written again.

    names: its table of names, each with whether it is one of those that the format numbers. code:
    its own code, which holds that of its functions.
    """

    def __init__(self, data: bytes):
        reader = _Reader(data)
        self._header = reader.take(_HEADER_BYTES)
        if self._header[:2] != bytes([ord("M"), _VERSION]):
            raise FormatError(f"This is no .mpy file of version {_VERSION}.")
        name_count, object_count = reader.number(), reader.number()
        self.names = [_read_name(reader) for _ in range(name_count)]
        self._objects = [_read_object(reader) for _ in range(object_count)]
        self.code = _read_code(reader)
        if reader.at != len(data):
            raise FormatError("There is something behind the code.")

    def name_of(self, code: _Code) -> str | None:
        """What a function is called; None for one of the names that the format numbers."""
        reader = _Reader(bytes(code.data))
        _argument_count(reader)
        _sizes(reader)
        text, is_static = self.names[reader.number()]
        return None if is_static else text.decode()

    def set_line(self, code: _Code, line: int) -> None:
        """Let tracebacks say that all of a function, compiled without lines, is in `line`.

        line: 1 to 2048; 1 is what they say anyway.
        """
        lines = _lines(line)
        reader = _Reader(bytes(code.data))
        argument_count = _argument_count(reader)
        start = reader.at
        info_bytes, cell_count = _sizes(reader)
        end_of_sizes = reader.at
        end_of_info = end_of_sizes + info_bytes
        for _ in range(1 + argument_count):
            reader.number()
        if reader.at != end_of_info:
            raise FormatError("A function has line numbers already.")
        code.data[end_of_info:end_of_info] = lines
        code.data[start:end_of_sizes] = _written_sizes(info_bytes + len(lines), cell_count)

    def data(self) -> bytes:
        """The file."""
        parts = [self._header, _number(len(self.names)), _number(len(self._objects))]
        for text, is_static in self.names:
            if is_static:
                parts.append(text)
            else:
                parts += [_number(len(text) << 1), text, b"\0"]
        return b"".join(parts + self._objects) + _written(self.code)


def _read_name(reader: _Reader) -> tuple[bytes, bool]:
    start = reader.at
    head = reader.number()
    if head & 1:
        return reader.data[start : reader.at], True
    text = reader.take(head >> 1)
    reader.take(1)
    return text, False


def _read_object(reader: _Reader) -> bytes:
    """One object as it is written."""
    start = reader.at
    kind = reader.take(1)[0]
    if kind == _TUPLE_OBJECT:
        for _ in range(reader.number()):
            _read_object(reader)
    elif kind not in _BARE_OBJECTS:
        length = reader.number()
        # Text and bytes end with a zero that is not counted.
        reader.take(length + (kind in (_TEXT_OBJECT, _TEXT_OBJECT + 1)))
    return reader.data[start : reader.at]


def _read_code(reader: _Reader) -> _Code:
    head = reader.number()
    if head & 3 != _BYTECODE:
        raise FormatError("This is native code.")
    code = _Code(bytearray(reader.take(head >> 3)), head & 3)
    if head & 4:
        code.children = [_read_code(reader) for _ in range(reader.number())]
    return code


def _written(code: _Code) -> bytes:
    head = len(code.data) << 3 | bool(code.children) << 2 | code.kind
    parts = [_number(head), bytes(code.data)]
    if code.children:
        parts += [_number(len(code.children)), *map(_written, code.children)]
    return b"".join(parts)


def _argument_count(reader: _Reader) -> int:
    """How many arguments a function names, from its head."""
    byte = reader.take(1)[0]
    arguments, keywords = byte & 3, 0
    shift = 0
    while byte & 0x80:
        byte = reader.take(1)[0]
        arguments |= (byte & 4) << shift
        keywords |= (byte >> 3 & 1) << shift
        shift += 1
    return arguments + keywords


def _sizes(reader: _Reader) -> tuple[int, int]:
    """Bytes of names and lines, and cells, from what follows in a function's head."""
    info = cells = shift = 0
    while True:
        byte = reader.take(1)[0]
        info |= (byte >> 1 & 0x3F) << 6 * shift
        cells |= (byte & 1) << shift
        shift += 1
        if byte < 0x80:
            return info, cells


def _written_sizes(info: int, cells: int) -> bytes:
    """What `_sizes` reads."""
    data = bytearray()
    while True:
        data.append((info & 0x3F) << 1 | cells & 1)
        info, cells = info >> 6, cells >> 1
        if not info and not cells:
            return bytes(data)
        data[-1] |= 0x80


def _lines(line: int) -> bytes:
    """Line information that says the same of all of a function's code: a step of no bytes."""
    step = line - 1
    if step >= _LINE_STEPS:
        raise FormatError(f"A traceback cannot tell line {line}.")
    if step < _SHORT_LINE_STEPS:
        return bytes([step << 5]) if step else b""
    return bytes([0x80 | step >> 4 & 0x70, step & 0xFF])
