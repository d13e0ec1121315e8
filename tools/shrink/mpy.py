"""Texts of modules that come and go, kept out of MicroPython's list of names.

mpy-cross makes a name of every text shorter than ten characters, and MicroPython forgets no name
as long as it runs. For a module that is loaded for one call that is a leak: the text goes, its
name of 8 to 20 bytes stays. `unname` turns such texts into objects, which go with their module.

Format and opcodes: MicroPython v1.25, `py/persistentcode.c`, `py/bc.h` and `py/bc0.h` (`.mpy`
version 6, bytecode only). Operands keep their number of bytes, so no jump changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

_VERSION = 6
_HEADER_BYTES = 4
_TEXT_OBJECT, _TUPLE_OBJECT = 5, 10
# Objects that are nothing but their type: the table of functions, None, False, True, Ellipsis.
_BARE_OBJECTS = range(5)
_BYTECODE = 0

_LOAD_TEXT, _LOAD_OBJECT = 0x10, 0x23
# How the operand of an opcode is written, by the opcode's upper four bits.
_NAME_OPERAND, _NUMBER_OPERANDS, _JUMP_OPERAND = 1, (2, 3), 4
_NO_EXTRA_BYTE_MASK = 0x9E
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


def _number(value: int, width: int = 1) -> bytes:
    """`value` in at least `width` bytes, seven bits in each, the highest first."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F)
    groups += [0] * (width - len(groups))
    return bytes([*(0x80 | group for group in groups[:0:-1]), groups[0]])


@dataclass
class _Code:
    """One function. names: places of operands that are names, each (offset, width, is text)."""

    data: bytearray
    kind: int
    children: list[_Code] = field(default_factory=list)
    names: list[tuple[int, int, bool]] = field(default_factory=list)

    def everything(self):
        yield self
        for child in self.children:
            yield from child.everything()


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

    def texts(self) -> set[str]:
        """The names that the code uses as nothing but a text."""
        as_name = {0}
        for code in self.code.everything():
            for offset, _, is_text in code.names:
                if not is_text:
                    as_name.add(_Reader(code.data, offset).number())
        return {
            text.decode()
            for number, (text, is_static) in enumerate(self.names)
            if number not in as_name and not is_static
        }

    def stored_names(self) -> set[str]:
        """Names that the file brings along, texts among them."""
        return {text.decode() for text, is_static in self.names if not is_static}

    def name_of(self, code: _Code) -> str | None:
        """What a function is called; None for one of the names that the format numbers."""
        text, is_static = self.names[_Reader(bytes(code.data), code.names[0][0]).number()]
        return None if is_static else text.decode()

    def set_line(self, code: _Code, line: int) -> None:
        """Let tracebacks say that all of a function, compiled without lines, is in `line`.

        line: 1 to 2048; 1 is what they say anyway. The file can only be written afterwards.
        """
        lines = _lines(line)
        reader = _Reader(bytes(code.data))
        argument_count = _arguments(reader)
        start = reader.at
        info_bytes, cell_count = _sizes(reader)
        end_of_info = reader.at + info_bytes
        last_name = code.names[argument_count]
        if last_name[0] + last_name[1] != end_of_info:
            raise FormatError("A function has line numbers already.")
        head = _written_sizes(info_bytes + len(lines), cell_count)
        code.data[end_of_info:end_of_info] = lines
        code.data[start : reader.at] = head
        code.names.clear()

    def unname(self, wanted: Callable[[str], bool]) -> None:
        """Make objects of those `texts` that are `wanted`, as far as their operands are wide."""
        candidates = {text.encode() for text in self.texts() if wanted(text)}
        # Name number to object number.
        moved: dict[int, int] = {}
        for number, (text, _) in enumerate(self.names):
            if text in candidates:
                moved[number] = len(self._objects) + len(moved)
        while moved and any(not self._fits(number, new) for number, new in moved.items()):
            moved.popitem()
        kept = [number for number in range(len(self.names)) if number not in moved]
        places = {number: place for place, number in enumerate(kept)}
        for code in self.code.everything():
            for offset, width, _ in code.names:
                number = _Reader(code.data, offset).number()
                if number in moved:
                    code.data[offset - 1] = _LOAD_OBJECT
                operand = moved.get(number, places.get(number, 0))
                code.data[offset : offset + width] = _number(operand, width)
        for number in moved:
            text = self.names[number][0]
            self._objects.append(bytes([_TEXT_OBJECT]) + _number(len(text)) + text + b"\0")
        self.names = [self.names[number] for number in kept]

    def _fits(self, number: int, new: int) -> bool:
        return all(
            len(_number(new)) <= width
            for code in self.code.everything()
            for offset, width, _ in code.names
            if _Reader(code.data, offset).number() == number
        )

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
    _find_names(code)
    return code


def _written(code: _Code) -> bytes:
    head = len(code.data) << 3 | bool(code.children) << 2 | code.kind
    parts = [_number(head), bytes(code.data)]
    if code.children:
        parts += [_number(len(code.children)), *map(_written, code.children)]
    return b"".join(parts)


def _find_names(code: _Code) -> None:
    """Note where in the function's code names stand."""
    reader = _Reader(bytes(code.data))

    def note(is_text: bool) -> None:
        start = reader.at
        reader.number()
        code.names.append((start, reader.at - start, is_text))

    argument_count = _arguments(reader)
    info_bytes, cell_count = _sizes(reader)
    end_of_info = reader.at + info_bytes
    for _ in range(1 + argument_count):
        note(False)
    reader.at = end_of_info + cell_count
    while reader.at < len(reader.data):
        opcode = reader.take(1)[0]
        form = 0x3A4 >> 2 * (opcode >> 4) & 3 if opcode < 0x50 else 0
        if form == 1:
            note(opcode == _LOAD_TEXT)
            continue
        if form == 2:
            reader.number()
        elif form == 3:
            reader.take(1 + (reader.data[reader.at] >> 7))
        if not opcode & _NO_EXTRA_BYTE_MASK:
            reader.take(1)
    if reader.at != len(reader.data):
        raise FormatError("The last instruction is cut off.")


def _arguments(reader: _Reader) -> int:
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
