"""Writes the smallest program that Linux, or `qemu-user` in its place, starts.

One loadable segment, headers included, readable and executable. Format: System V ABI, chapters 4
and 5.
"""

import struct

_HEADER = struct.Struct("<16sHHIIIIIHHHHHH")
_SEGMENT = struct.Struct("<8I")
HEADER_BYTES = _HEADER.size + _SEGMENT.size
_EXECUTABLE, _VERSION, _LOAD, _READ_EXECUTE = 2, 1, 1, 5
_PAGE = 0x1000


def program(machine: int, flags: int, address: int, code: bytes, entry: int) -> bytes:
    """A 32-bit little-endian executable.

    machine, flags: `e_machine` and `e_flags`. address: where the file comes to lie in memory, a
    multiple of 4096; `code` follows behind HEADER_BYTES. entry: address of the first instruction.
    """
    identity = b"\x7fELF" + bytes([1, 1, 1])  # 32 bit, little-endian, version 1
    header = _HEADER.pack(
        identity, _EXECUTABLE, machine, _VERSION, entry, _HEADER.size, 0, flags,
        _HEADER.size, _SEGMENT.size, 1, 0, 0, 0,
    )  # fmt: skip
    size = HEADER_BYTES + len(code)
    segment = _SEGMENT.pack(_LOAD, 0, address, address, size, size, _READ_EXECUTE, _PAGE)
    return header + segment + code
