"""Reads the machine code out of a `.mpy` file.

Format: MicroPython v1.25, `py/persistentcode.c` (`.mpy` version 6.3): names, objects, then the
module's code with the functions in it as children, in the order of the source.
"""

from dataclasses import dataclass

_VERSION = 6
_BYTECODE, _VIPER = 0, 2
_TEXT, _BYTES, _TUPLE = 5, 6, 10
# What kind of object stands for the table of the runtime's functions, and what for constants.
_FUNCTION_TABLE = 0
_CONSTANTS = {1: None, 2: False, 3: True, 4: Ellipsis}
# Names that the format numbers, of `static_qstr_list` in `py/makeqstrdata.py`: those in use here.
_STATIC_NAMES = {55: "ValueError", 107: "len"}


class FormatError(Exception):
    """The file is not what this module knows."""


class FunctionTable:
    """Stands among the objects for the address of the table of the runtime's functions."""


@dataclass
class MachineCode:
    """names: of attributes and globals, None where `_STATIC_NAMES` says nothing. objects: what the
    code loads by number. functions: the code of each viper function, in the order of the source.
    """

    names: list[str | None]
    objects: list[object]
    functions: list[bytes]


def read(data: bytes) -> MachineCode:
    """Raises FormatError when there is code in it that is neither bytecode nor viper."""
    reader = _Reader(data)
    if reader.take(2) != bytes([ord("M"), _VERSION]):
        raise FormatError(f"This is no .mpy file of version {_VERSION}.")
    reader.take(2)
    name_count, object_count = reader.number(), reader.number()
    names = [reader.name() for _ in range(name_count)]
    objects = [reader.object() for _ in range(object_count)]
    functions: list[bytes] = []
    reader.code(functions)
    if reader.at != len(data):
        raise FormatError("There is something behind the code.")
    return MachineCode(names, objects, functions)


class _Reader:
    def __init__(self, data: bytes):
        self._data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        self.at += count
        return self._data[self.at - count : self.at]

    def number(self) -> int:
        value = 0
        while True:
            byte = self.take(1)[0]
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value

    def name(self) -> str | None:
        head = self.number()
        if head & 1:
            return _STATIC_NAMES.get(head >> 1)
        return self.take((head >> 1) + 1)[:-1].decode()

    def object(self):
        kind = self.take(1)[0]
        if kind == _FUNCTION_TABLE:
            return FunctionTable()
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        length = self.number()
        if kind == _TUPLE:
            return tuple(self.object() for _ in range(length))
        if kind not in (_TEXT, _BYTES):
            raise FormatError(f"There is an object of kind {kind}.")
        # Both end with a zero that is not counted.
        data = self.take(length + 1)[:-1]
        return data.decode() if kind == _TEXT else data

    def code(self, functions: list[bytes]) -> None:
        head = self.number()
        kind, has_children = head & 3, head & 4
        data = self.take(head >> 3)
        if kind == _VIPER:
            flags = self.number()
            if flags:
                raise FormatError(f"The viper code has flags {flags:#x}.")
            functions.append(data)
        elif kind != _BYTECODE:
            raise FormatError(f"There is code of kind {kind}.")
        for _ in range(self.number() if has_children else 0):
            self.code(functions)
