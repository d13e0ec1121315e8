"""What a program on the 32-bit VM asks of the machine below it: callgrind, and its own C stack.

A few bytes of i386 machine code, called by `ffi`. Without valgrind its requests do nothing.
Sources: valgrind.h and callgrind.h (client requests), the i386 calling convention.
"""

import array

import ffi
import uctypes

_TOGGLE_COLLECT = 0x43540002
_MONITOR_COMMAND = 0x1202
_PAGE = 4096
# PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS
_PROTECTION, _MAP = 7, 0x22
# mov eax,[esp+4]; xor edx,edx; rol edi,3; rol edi,13; rol edi,29; rol edi,19; xchg ebx,ebx;
# mov eax,edx; ret
_REQUEST = bytes.fromhex("8b44240431d2c1c703c1c70dc1c71dc1c71387db89d0c3")
# lea eax,[esp+4]; ret
_STACK_POINTER = bytes.fromhex("8d442404c3")
# push edi; mov ecx,[esp+8]; lea edi,[esp-4]; mov eax,0xa5a5a5a5; std; rep stosd; cld;
# lea eax,[edi+4]; pop edi; ret
_PAINT = bytes.fromhex("578b4c24088d7c24fcb8a5a5a5a5fdf3abfc8d47045fc3")
_STEP = 64
_COLOUR = b"\xa5" * _STEP
_ROUTINE_BYTES = 64

_page = ffi.open("libc.so.6").func("P", "mmap", "PIiiii")(0, _PAGE, _PROTECTION, _MAP, -1, 0)


def _routine(place, code, result, arguments):
    address = _page + place * _ROUTINE_BYTES
    uctypes.bytearray_at(address, len(code))[:] = code
    return ffi.func(result, address, arguments)


_request = _routine(0, _REQUEST, "I", "P")
stack_pointer = _routine(1, _STACK_POINTER, "I", "")
_paint = _routine(2, _PAINT, "I", "I")
_status = b"status internal\0"
_status_request = array.array("I", (_MONITOR_COMMAND, uctypes.addressof(_status), 0, 0, 0, 0))
_toggle_request = array.array("I", (_TOGGLE_COLLECT, 0, 0, 0, 0, 0))


def toggle():
    """Let callgrind stop counting, or go on."""
    _request(_toggle_request)


def tell():
    """Let callgrind write what it has counted so far to its log."""
    _request(_status_request)


def paint(count):
    """Colour `count` bytes of the C stack below this call; returns the lowest one's address."""
    return _paint(count // 4)


def lowest_used(lowest, highest):
    """The lowest address from `lowest` (painted) to `highest` that has lost its colour."""
    while lowest < highest and uctypes.bytearray_at(lowest, _STEP) == _COLOUR:
        lowest += _STEP
    return lowest
