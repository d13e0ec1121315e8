"""The few instructions that run machine code of a `.mpy` under Linux, for each architecture.

A program of `machine.py` has two parts, both written here as instructions. `start` maps the shared
memory and then, for ever, asks what to call next and calls it. A `stub` stands for a function of
the MicroPython runtime: it sends its number and its four arguments to standard output, waits for
the result on standard input, and returns it, with all registers spoiled that a C function may
spoil. Both use nothing but the mailbox, the first words of the memory:

    0 to 4  the stub's number and arguments; the answer comes to word 0
    5 to 7  arguments of the next call: function object, number of arguments, their address
    8       address of the stub that asks what is to be called
    9       initial stack pointer

Sources of fact: Xtensa ISA reference manual, RISC-V unprivileged specification, ARMv7-M reference
manual; system calls: Linux `arch/*/include/uapi/asm/unistd.h`.
"""

MEMORY = 0x20000000
MEMORY_BYTES = 1 << 16
MESSAGE_BYTES = 20
ANSWER_BYTES = 4
READY = 0x7F
FUNCTION, COUNT, ARGUMENTS, READY_STUB, STACK = 20, 24, 28, 32, 36
_READ_WRITE, _SHARED_FIXED = 3, 0x11


class Xtensa:
    """Windowed ABI: a callee sees its arguments from a2 on, the caller put them from a10 on."""

    march = "xtensawin"
    emulator = ["qemu-xtensa", "-cpu", "dc232b"]
    elf_machine, elf_flags = 94, 0x300
    pointer_mark = 0
    _READ, _WRITE, _MMAP2 = 12, 13, 80

    def start(self, file: int) -> bytes:
        ready = self._set_memory(6) + self._movi(3, 1) + self._slli(3, 3, 16)
        ready += self._movi(4, _READ_WRITE) + self._movi(5, _SHARED_FIXED)
        ready += self._movi(8, file) + self._movi(9, 0)
        ready += self._movi(2, self._MMAP2) + self._SYSCALL
        ready += self._set_memory(4) + self._l32i(1, 4, STACK) + self._movi(0, 0)
        ready += self._movi(10, 0)
        loop = self._l32i(8, 4, READY_STUB) + self._callx8(8)
        loop += self._mov(8, 10)
        loop += self._l32i(10, 4, FUNCTION) + self._l32i(11, 4, COUNT)
        loop += self._movi(12, 0) + self._l32i(13, 4, ARGUMENTS)
        loop += self._callx8(8)
        return ready + loop + self._word((-len(loop) - 4 & 0x3FFFF) << 6 | 6)  # j loop

    def stub(self, number: int) -> bytes:
        code = b"\x36\x41\x00"  # entry a1, 32
        code += self._set_memory(7) + self._movi(6, number) + self._s32i(6, 7, 0)
        for place in range(4):
            code += self._s32i(2 + place, 7, 4 + 4 * place)
        code += self._mov(3, 7)
        code += self._movi(2, self._WRITE) + self._movi(6, 1) + self._movi(4, MESSAGE_BYTES)
        code += self._SYSCALL
        code += self._movi(2, self._READ) + self._movi(6, 0) + self._movi(4, ANSWER_BYTES)
        code += self._SYSCALL + self._l32i(2, 7, 0)
        for spoiled in range(3, 8):
            code += self._movi(spoiled, -0x555)
        return code + b"\x1d\xf0"  # retw.n

    _SYSCALL = b"\x00\x50\x00"

    @staticmethod
    def _word(value: int) -> bytes:
        return value.to_bytes(3, "little")

    def _movi(self, target: int, value: int) -> bytes:
        return self._word((value & 0xFF) << 16 | 0xA000 | (value & 0xF00) | target << 4 | 2)

    def _slli(self, target: int, source: int, bits: int) -> bytes:
        left = 32 - bits
        return self._word(
            (left >> 4) << 20 | 1 << 16 | target << 12 | source << 8 | (left & 15) << 4
        )

    def _set_memory(self, target: int) -> bytes:
        return self._movi(target, 1) + self._slli(target, target, 29)

    def _mov(self, target: int, source: int) -> bytes:
        return self._word(2 << 20 | target << 12 | source << 8 | source << 4)  # or

    def _l32i(self, target: int, base: int, offset: int) -> bytes:
        return self._word(offset // 4 << 16 | 0x2000 | base << 8 | target << 4 | 2)

    def _s32i(self, source: int, base: int, offset: int) -> bytes:
        return self._word(offset // 4 << 16 | 0x6000 | base << 8 | source << 4 | 2)

    def _callx8(self, target: int) -> bytes:
        return self._word(target << 8 | 0xE0)


class RiscV:
    """Integer calling convention: arguments and result from a0 (x10) on, number in a7 (x17)."""

    march = "rv32imc"
    emulator = ["qemu-riscv32"]
    elf_machine, elf_flags = 243, 1
    pointer_mark = 0
    _READ, _WRITE, _MMAP2 = 63, 64, 222
    _RA, _SP, _BASE, _LAST = 1, 2, 8, 9

    def start(self, file: int) -> bytes:
        ready = self._lui(10, MEMORY) + self._lui(11, MEMORY_BYTES)
        ready += self._li(12, _READ_WRITE) + self._li(13, _SHARED_FIXED)
        ready += self._li(14, file) + self._li(15, 0) + self._li(17, self._MMAP2) + self._ECALL
        ready += self._lui(self._BASE, MEMORY) + self._lw(self._SP, self._BASE, STACK)
        ready += self._li(10, 0)
        loop = self._lw(5, self._BASE, READY_STUB) + self._jalr(self._RA, 5)
        loop += self._addi(5, 10, 0)
        loop += self._lw(10, self._BASE, FUNCTION) + self._lw(11, self._BASE, COUNT)
        loop += self._li(12, 0) + self._lw(13, self._BASE, ARGUMENTS)
        loop += self._jalr(self._RA, 5)
        return ready + loop + self._jump(-len(loop))

    def stub(self, number: int) -> bytes:
        code = self._lui(5, MEMORY) + self._li(6, number) + self._sw(6, 5, 0)
        for place in range(4):
            code += self._sw(10 + place, 5, 4 + 4 * place)
        code += self._addi(11, 5, 0)
        code += self._li(17, self._WRITE) + self._li(10, 1) + self._li(12, MESSAGE_BYTES)
        code += self._ECALL
        code += self._li(17, self._READ) + self._li(10, 0) + self._li(12, ANSWER_BYTES)
        code += self._ECALL + self._lw(10, 5, 0)
        # t0 to t2, a1 to a7, t3 to t6.
        for spoiled in (5, 6, 7, *range(11, 18), *range(28, 32)):
            code += self._lui(spoiled, 0xAAAAA000)
        return code + self._jalr(0, self._RA)

    _ECALL = (0x73).to_bytes(4, "little")

    @staticmethod
    def _word(value: int) -> bytes:
        return value.to_bytes(4, "little")

    def _lui(self, target: int, value: int) -> bytes:
        return self._word(value & 0xFFFFF000 | target << 7 | 0x37)

    def _addi(self, target: int, source: int, value: int) -> bytes:
        return self._word((value & 0xFFF) << 20 | source << 15 | target << 7 | 0x13)

    def _li(self, target: int, value: int) -> bytes:
        return self._addi(target, 0, value)

    def _lw(self, target: int, base: int, offset: int) -> bytes:
        return self._word(offset << 20 | base << 15 | 2 << 12 | target << 7 | 0x03)

    def _sw(self, source: int, base: int, offset: int) -> bytes:
        high, low = offset >> 5, offset & 31
        return self._word(high << 25 | source << 20 | base << 15 | 2 << 12 | low << 7 | 0x23)

    def _jalr(self, link: int, target: int) -> bytes:
        return self._word(target << 15 | link << 7 | 0x67)

    def _jump(self, offset: int) -> bytes:
        sign, high = offset >> 20 & 1, offset >> 12 & 0xFF
        bit, low = offset >> 11 & 1, offset >> 1 & 0x3FF
        return self._word(sign << 31 | low << 21 | bit << 20 | high << 12 | 0x6F)


class Thumb:
    """Arguments and result from r0 on, number in r7; the lowest bit of an address says Thumb."""

    march = "armv7emsp"
    # A Cortex-M4 of QEMU 7 does not start under Linux; this one has all of its instructions, too.
    emulator = ["qemu-arm", "-cpu", "cortex-a7"]
    elf_machine, elf_flags = 40, 0x05000000
    pointer_mark = 1
    _READ, _WRITE, _MMAP2 = 3, 4, 192

    def start(self, file: int) -> bytes:
        ready = self._set_memory(0) + self._movs(1, 1) + self._lsls(1, 1, 16)
        ready += self._movs(2, _READ_WRITE) + self._movs(3, _SHARED_FIXED)
        ready += self._movs(4, file) + self._movs(5, 0) + self._movs(7, self._MMAP2) + self._SVC
        ready += self._set_memory(5) + self._ldr(4, 5, STACK) + self._mov(13, 4)
        ready += self._movs(0, 0)
        loop = self._ldr(4, 5, READY_STUB) + self._blx(4)
        loop += self._mov(4, 0)
        loop += self._ldr(0, 5, FUNCTION) + self._ldr(1, 5, COUNT)
        loop += self._movs(2, 0) + self._ldr(3, 5, ARGUMENTS)
        loop += self._blx(4)
        return ready + loop + self._half(0xE000 | (-len(loop) - 4) // 2 & 0x7FF)  # b loop

    def stub(self, number: int) -> bytes:
        code = self._half(0xB590) + self._set_memory(4)  # push {r4, r7, lr}
        code += self._movs(7, number) + self._str(7, 4, 0)
        for place in range(4):
            code += self._str(place, 4, 4 + 4 * place)
        code += self._mov(1, 4)
        code += self._movs(7, self._WRITE) + self._movs(0, 1) + self._movs(2, MESSAGE_BYTES)
        code += self._SVC
        code += self._movs(7, self._READ) + self._movs(0, 0) + self._movs(2, ANSWER_BYTES)
        code += self._SVC + self._ldr(0, 4, 0)
        for spoiled in range(1, 4):
            code += self._movs(spoiled, 0xAA)
        code += self._mov(12, 3)
        return code + self._half(0xBD90)  # pop {r4, r7, pc}

    _SVC = b"\x00\xdf"

    @staticmethod
    def _half(value: int) -> bytes:
        return value.to_bytes(2, "little")

    def _set_memory(self, target: int) -> bytes:
        # mov.w target, #0x20000000: 0x80 turned right by ten bits.
        return self._half(0xF04F) + self._half(0x5000 | target << 8)

    def _movs(self, target: int, value: int) -> bytes:
        return self._half(0x2000 | target << 8 | value)

    def _mov(self, target: int, source: int) -> bytes:
        return self._half(0x4600 | (target & 8) << 4 | source << 3 | target & 7)

    def _lsls(self, target: int, source: int, bits: int) -> bytes:
        return self._half(bits << 6 | source << 3 | target)

    def _ldr(self, target: int, base: int, offset: int) -> bytes:
        return self._half(0x6800 | offset // 4 << 6 | base << 3 | target)

    def _str(self, source: int, base: int, offset: int) -> bytes:
        return self._half(0x6000 | offset // 4 << 6 | base << 3 | source)

    def _blx(self, target: int) -> bytes:
        return self._half(0x4780 | target << 3)


PROCESSORS = {processor.march: processor for processor in (Xtensa(), RiscV(), Thumb())}
