"""Runs the machine code of a native module on the processor it is for, as `qemu-user` knows it.

`load` gives a module whose viper functions run as the machine code of its `.mpy`, and everything
else under CPython. Each function of the MicroPython runtime that the machine code calls is a stub
there and a method of `Machine` here: arguments and result go through pipes. Memory is a file that
both sides map. Objects have numbers; a bytes-like object gets a place in the memory when the code
asks for a pointer to it, and its bytes are copied whenever the code stops or goes on.

What the machine code writes outside the objects it was given is an error, as is any signal.
A Python call made by machine code may call machine code again: that is another process with the
same memory. An exception ends the process instead of unwinding its stack.

Sources of fact: MicroPython v1.25, `py/nativeglue.[ch]` (the runtime's functions and their
numbers, unchanged from 1.23 on), `py/emitnative.c` and `py/objfun.h` (how code finds its tables).
"""

import builtins
import mmap
import os
import select
import struct
import subprocess
import sys
import tempfile
import types
from pathlib import Path

from host_tests.machine_code import elf, native_mpy
from host_tests.machine_code.processors import (
    ARGUMENTS,
    MEMORY,
    MEMORY_BYTES,
    MESSAGE_BYTES,
    READY,
    READY_STUB,
    STACK,
)

_PROGRAM = 0x10000000
_PATIENCE_S = 10
# Layout of the memory behind the mailbox.
_FUNCTION_TABLE, _CONTEXT, _NAMES, _OBJECTS, _FUNCTIONS = 0x100, 0x300, 0x400, 0x600, 0x800
_CALLS, _BUFFERS, _STACKS = 0x1000, 0x2000, 0x4000
_CALL_BYTES, _STACK_BYTES, _DEPTHS = 0x40, 0x2000, 3
# Nothing is mapped where these point, so that an object taken for a pointer is a signal.
_NONE, _FALSE, _TRUE, _FIRST_OBJECT = 0x40000010, 0x40000020, 0x40000030, 0x40000100
_FILLER = b"\xa5"
_GAP = 24
_LOAD, _NO_SELF = 4, 0
_SMALLEST, _LARGEST = -(1 << 30), (1 << 30) - 1
_FIRST_NAME = 0x300
_OBJECT, _BOOL, _INT, _UINT = range(4)


class MachineError(AssertionError):
    """The machine code did what it must not."""


def load(source: Path, mpy: bytes, processor, emulator: list[str]):
    """The module of `source` with the machine code of `mpy`; close its `machine` in the end.

    processor: one of `processors.PROCESSORS`. emulator: command that runs a program for it.
    """
    code = native_mpy.read(mpy)
    module = types.ModuleType(source.stem)
    machine = module.machine = Machine(code, processor, emulator, module.__dict__)
    count = 0

    def viper(function):
        nonlocal count
        number = count
        count += 1

        def run(*arguments):
            return machine.call(number, arguments)

        run.__name__, run.__qualname__ = function.__name__, function.__qualname__
        return run

    usual = sys.modules["micropython"]
    sys.modules["micropython"] = types.SimpleNamespace(viper=viper)
    try:
        exec(compile(source.read_text("utf-8"), source, "exec"), module.__dict__)
    finally:
        sys.modules["micropython"] = usual
    assert count == machine.function_count
    return module


class Machine:
    """The runtime under the machine code of one module."""

    def __init__(self, code, processor, emulator: list[str], module_globals: dict):
        self._code = code
        self.function_count = len(code.functions)
        self._processor = processor
        self._emulator = emulator
        self._globals = module_globals
        self._processes: list[subprocess.Popen | None] = [None] * _DEPTHS
        self._depth = 0
        self._alignment = 0
        # By object number, and what has a place in the memory: (object, offset, size).
        self._objects: list[object] = []
        self._places: dict[int, tuple] = {}
        # By their number in `mp_fun_kind_t`.
        self._runtime = {
            3: self._native_from_object,
            4: self._object_from_native,
            5: self._swap_globals,
            7: self._load_global,
            9: self._load_attribute,
            10: self._load_method,
            15: self._subscript,
            16: self._is_true,
            27: self._call_function,
            28: self._call_method,
            # An exception ends the process, so there is nothing to note for one.
            32: lambda *_: 0,
            33: lambda *_: 0,
            34: self._raise,
            39: self._unpack,
            44: self._refuse_arguments,
            46: lambda a, b, *_: _signed(a) // _signed(b),
            47: lambda a, b, *_: _signed(a) % _signed(b),
            49: lambda *_: 0,
        }
        self._file = tempfile.TemporaryFile()
        self._file.truncate(MEMORY_BYTES)
        self._memory = mmap.mmap(self._file.fileno(), MEMORY_BYTES)
        self._folder = tempfile.TemporaryDirectory()
        self._program = Path(self._folder.name, "program")
        self._write_program()

    def close(self) -> None:
        for depth in range(_DEPTHS):
            self._kill(depth)
        self._memory.close()
        self._file.close()
        self._folder.cleanup()

    def call(self, number: int, arguments: tuple):
        """Run viper function `number` of the module; returns or raises what it does."""
        if self._depth == 0:
            self._begin()
        depth = self._depth
        self._depth += 1
        try:
            return self._run(depth, number, arguments)
        except BaseException:
            self._kill(depth)
            raise
        finally:
            self._depth -= 1

    # The program and its memory.

    def _write_program(self) -> None:
        """Program file and the part of the memory that stays: tables, contexts, functions."""
        start = self._processor.start(self._file.fileno())
        code = bytearray(start)
        mark = self._processor.pointer_mark

        def put(part: bytes) -> int:
            code.extend(bytes(-(elf.HEADER_BYTES + len(code)) % 16))
            code.extend(part)
            return _PROGRAM + elf.HEADER_BYTES + len(code) - len(part) + mark

        table = [_NONE, _FALSE, _TRUE]
        table += [put(self._processor.stub(number)) for number in range(3, 80)]
        self._words(READY_STUB, put(self._processor.stub(READY)))
        self._words(_FUNCTION_TABLE, *table)
        self._words(_CONTEXT, 0, _NONE, MEMORY + _NAMES, MEMORY + _OBJECTS)
        names = [_FIRST_NAME + place for place in range(len(self._code.names))]
        struct.pack_into(f"<{len(names)}H", self._memory, _NAMES, *names)
        for place, function in enumerate(self._code.functions):
            at = _FUNCTIONS + 16 * place
            self._words(at, 0, MEMORY + _CONTEXT, 0, put(function))
        file = elf.program(
            self._processor.elf_machine,
            self._processor.elf_flags,
            _PROGRAM,
            bytes(code),
            _PROGRAM + elf.HEADER_BYTES + mark,
        )
        self._program.write_bytes(file)
        self._program.chmod(0o755)

    def _begin(self) -> None:
        """Forget the objects of the last call and place the module's own."""
        self._objects = []
        self._places = {}
        self._next = _BUFFERS + _GAP
        for place, item in enumerate(self._code.objects):
            is_table = isinstance(item, native_mpy.FunctionTable)
            self._words(
                _OBJECTS + 4 * place,
                MEMORY + _FUNCTION_TABLE if is_table else self._number(item),
            )
        self._memory[_BUFFERS:_STACKS] = _FILLER * (_STACKS - _BUFFERS)
        self._fixed = self._memory[_FUNCTION_TABLE:_CALLS]

    def _words(self, offset: int, *values: int) -> None:
        words = [value & 0xFFFFFFFF for value in values]
        struct.pack_into(f"<{len(words)}I", self._memory, offset, *words)

    def _read_words(self, address: int, count: int) -> tuple[int, ...]:
        return struct.unpack_from(f"<{count}I", self._memory, address - MEMORY)

    def _place(self, item) -> int:
        """Address of the bytes of a bytes-like object."""
        if id(item) not in self._places:
            size = memoryview(item).nbytes
            if isinstance(item, (bytes, bytearray)):
                # Any alignment: the data of a slice have one, too.
                self._alignment = (self._alignment + 1) % 4
                self._next += self._alignment
            self._places[id(item)] = (item, self._next, size)
            self._push()
            self._next += size + _GAP
            self._next += -self._next % 4
            assert self._next < _STACKS
        return MEMORY + self._places[id(item)][1]

    def _push(self) -> None:
        for item, offset, size in self._places.values():
            self._memory[offset : offset + size] = memoryview(item).cast("B")

    def _pull(self) -> None:
        """Take what the machine code wrote, and see that it wrote nowhere else."""
        at = _BUFFERS
        for item, offset, size in self._places.values():
            self._check_filler(at, offset)
            at = offset + size
            data = self._memory[offset:at]
            view = memoryview(item).cast("B")
            if view.readonly:
                if data != bytes(view):
                    raise MachineError("The machine code wrote to a constant.")
            else:
                view[:] = data
        self._check_filler(at, _STACKS)
        if self._memory[_FUNCTION_TABLE:_CALLS] != self._fixed:
            raise MachineError("The machine code wrote to the tables of the runtime.")

    def _check_filler(self, start: int, end: int) -> None:
        if self._memory[start:end] != _FILLER * (end - start):
            raise MachineError("The machine code wrote outside the buffers it was given.")

    # Processes and their messages.

    def _process(self, depth: int) -> subprocess.Popen:
        process = self._processes[depth]
        if process is None:
            self._words(STACK, MEMORY + _STACKS + _STACK_BYTES * (depth + 1) - 64)
            process = subprocess.Popen(
                [*self._emulator, str(self._program)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                # QEMU leaves a core file where that is allowed.
                cwd=self._folder.name,
                pass_fds=(self._file.fileno(),),
            )
            self._processes[depth] = process
            number, *_ = self._message(process)
            assert number == READY
        return process

    def _kill(self, depth: int) -> None:
        process = self._processes[depth]
        if process is None:
            return
        self._processes[depth] = None
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()

    def _message(self, process: subprocess.Popen) -> tuple[int, ...]:
        """What the program sends next: number of a stub and four arguments."""
        if not select.select([process.stdout], [], [], _PATIENCE_S)[0]:
            raise MachineError(f"The machine code ran for {_PATIENCE_S} s without an end.")
        data = os.read(process.stdout.fileno(), MESSAGE_BYTES)
        if len(data) != MESSAGE_BYTES:
            status = process.wait()
            said = process.stderr.read().decode(errors="replace").strip()
            raise MachineError(f"The machine code ended with status {status}: {said}")
        return struct.unpack("<5I", data)

    def _run(self, depth: int, number: int, arguments: tuple):
        process = self._process(depth)
        function = _FUNCTIONS + 16 * number
        at = _CALLS + _CALL_BYTES * depth
        self._words(at, *map(self._number, arguments))
        self._words(ARGUMENTS - 8, MEMORY + function, len(arguments), MEMORY + at)
        answer = self._read_words(MEMORY + function, 4)[3]
        while True:
            self._push()
            os.write(process.stdin.fileno(), struct.pack("<I", answer & 0xFFFFFFFF))
            kind, *values = self._message(process)
            self._pull()
            if kind == READY:
                return self._object(values[0])
            if kind not in self._runtime:
                raise MachineError(f"No function {kind} of the runtime was expected to be called.")
            answer = self._runtime[kind](*values)

    # Objects.

    def _number(self, item) -> int:
        """An object as the machine code sees it (representation A of MicroPython)."""
        for constant, number in ((None, _NONE), (False, _FALSE), (True, _TRUE)):
            if item is constant:
                return number
        if isinstance(item, int) and _SMALLEST <= item <= _LARGEST:
            return item << 1 & 0xFFFFFFFF | 1
        self._objects.append(item)
        return _FIRST_OBJECT + 16 * (len(self._objects) - 1)

    def _object(self, number: int):
        if number & 1:
            return _signed(number) >> 1
        if number in (_NONE, _FALSE, _TRUE):
            return {_NONE: None, _FALSE: False, _TRUE: True}[number]
        place, odd = divmod(number - _FIRST_OBJECT, 16)
        if odd or not 0 <= place < len(self._objects):
            raise MachineError(f"The machine code made up an object {number:#x}.")
        return self._objects[place]

    def _array(self, address: int, count: int) -> list:
        if not count:
            # The address is whatever the register held.
            return []
        return [self._object(number) for number in self._read_words(address, count)]

    def _name(self, number: int) -> str:
        place = number - _FIRST_NAME
        name = self._code.names[place] if 0 <= place < len(self._code.names) else None
        if name is None:
            raise MachineError(f"The machine code asked for a name {number:#x}.")
        return name

    # The runtime: arguments are words, results too.

    def _native_from_object(self, number, kind, *_):
        kind &= 0xF
        if kind == _OBJECT:
            return number
        item = self._object(number)
        if kind == _BOOL:
            return int(bool(item))
        if kind in (_INT, _UINT):
            return int(item)
        # A number is an address.
        return item if isinstance(item, int) else self._place(item)

    def _object_from_native(self, value, kind, *_):
        kind &= 0xF
        if kind == _OBJECT:
            return value
        if kind == _BOOL:
            return self._number(bool(value))
        return self._number(_signed(value) if kind == _INT else value)

    def _swap_globals(self, new, *_):
        """The outermost call comes from another module, so the globals are exchanged for it."""
        return new if self._depth == 1 else 0

    def _load_global(self, name, *_):
        text = self._name(name)
        if text in self._globals:
            return self._number(self._globals[text])
        return self._number(getattr(builtins, text))

    def _load_attribute(self, base, name, *_):
        return self._number(getattr(self._object(base), self._name(name)))

    def _load_method(self, base, name, target, *_):
        method = getattr(self._object(base), self._name(name))
        self._words(target - MEMORY, self._number(method), _NO_SELF)
        return 0

    def _subscript(self, base, index, value, *_):
        item, place = self._object(base), self._object(index)
        if value == _LOAD:
            return self._number(item[place])
        item[place] = self._object(value)
        return _NONE

    def _is_true(self, number, *_):
        return int(bool(self._object(number)))

    def _call_function(self, function, count, arguments, *_):
        assert count < 0x100, "keywords"
        return self._number(self._object(function)(*self._array(arguments, count)))

    def _call_method(self, count, keyword_count, arguments, *_):
        assert keyword_count == 0
        method, own = self._read_words(arguments, 2)
        assert own == _NO_SELF
        return self._number(self._object(method)(*self._array(arguments + 8, count)))

    def _raise(self, number, *_):
        raise self._object(number)

    def _unpack(self, sequence, count, target, *_):
        items = self._object(sequence)
        assert len(items) == count
        # The last one first: it lies deepest on the stack.
        self._words(target - MEMORY, *(self._number(item) for item in reversed(items)))
        return 0

    def _refuse_arguments(self, count, *_):
        raise TypeError(f"{count} arguments are too many or too few")


def _signed(value: int) -> int:
    return value - (1 << 32) if value & 1 << 31 else value
