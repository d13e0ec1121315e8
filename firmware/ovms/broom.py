"""Code on demand: read from flash when it is needed, forgotten when RAM runs short.

A module's bytecode lives on the heap as long as `sys.modules` names it. What is not needed all the
time is therefore imported inside the function that needs it, by an ordinary `import`. Built as
small files (`make deploy`), all such modules lie on a shelf, one file, and the broom below is what
an `import` calls and the file system that hands them out. They stay, so that a conversation by SMS
loads its code once, until the heap is fuller than it should be; then all are forgotten, and
the next `import` reads again. From plain files, frozen or from
ROMFS there is no shelf and nothing to forget: the code is in flash or in PSRAM.

What to know when writing such a module:
- It may be imported any number of times, and two copies may run side by side (one that a waiting
  coroutine still uses, one that somebody else has just imported). So it keeps no state in its
  globals, and it makes no exception class and no other object that code elsewhere compares by
  identity: those live in modules that stay. `host_tests/test_code_on_demand.py` finds the others.
- What stays is what a module that stays imports at its top. An object whose class is in a module
  on demand keeps that module's code alive, which is fine. So does a variable of a function that
  waits: who waits for ever leaves the import to a function of its own.
- An import costs a look into flash the first time (some 50 ms on an ESP32), so none stands where
  each frame, each byte or each look of a waiting loop passes.
"""

import builtins
import gc
import io
import os
import sys

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType
    from typing import Any

# What is left free of the heap, for work and for the code of one command.
_RESERVE_BYTES = const(24_000)
# The ESP32's heap grows into what TLS and WiFi need: no further than this.
_HEAP_MAX_BYTES = const(112_000)
# A heap of this size has PSRAM.
_AMPLE_BYTES = const(1_000_000)
# To weigh the heap takes as long as to load a small module, so it is not done at every load: the
# room shrinks by the size of each module, and after a sweep there is room for some.
_LEAST_ROOM_BYTES = const(5_000)
# What was read last is needed still, and is not forgotten: so many modules of so much together.
_SPARED = const(4)
_SPARED_BYTES = const(2_500)

_FILE = "on_demand.bin"
_FOLDER = "/o"
# MicroPython never forgets the path of a file that it imported: all of the shelf have this one.
_SLOT = "-"
_SLOT_PATH = "/-.mpy"
_ENOENT = const(2)
# Request of `ioctl` (py/stream.h).
_CLOSE = const(4)
_COUNT_BYTES = const(2)
_RECORD_BYTES = const(16)
_NAME_BYTES = const(12)
# What `stat` says of a file; the import looks at the first value only.
_FILE_STAT = (0x8000, 0, 0, 0, 0, 0, 0, 0, 0, 0)

_RELATIVE = "asyncio.%s"
_import: "Callable[..., Any]" = builtins.__import__


class Broom:
    """The shelf's file system, and who sweeps.

    Layout of the shelf (`tools/shelf.py` writes it), numbers in little endian: how many modules
    there are (2 bytes); for each, sorted by name, a record of its name (12 bytes, zeros behind it)
    and its offset from the start of the file (4 bytes); one more record with the size of the file;
    the modules.

    limit_bytes: heap in use above which modules are forgotten; where what stays takes that much,
    there is room for a few all the same. names: of those that were ever read, the last one last.
    loads, sweeps: how often one was read, and how often some were forgotten. rooms: how often
    somebody found no memory; `app.py` halves it every minute.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.loads = self.sweeps = self.rooms = 0
        self._kept: "Sequence[str]" = ()
        self._room_bytes = self._size_bytes = self._loaded_bytes = 0
        # Who is in the slot, as long as it is being imported; and what is none of the shelf's.
        self._name = ""
        self._elsewhere: list[str] = []
        self._stream = _Stream()
        # In memory, of those read last.
        self._sizes = [0] * _SPARED
        self._found = bytearray(_NAME_BYTES)
        self._number = bytearray(_RECORD_BYTES - _NAME_BYTES)
        # On an ESP32 with what the heap could still take from the system (py/gc.c): how far it may
        # grow, with PSRAM by megabytes.
        heap_bytes = gc.mem_alloc() + gc.mem_free()
        self.limit_bytes = heap_bytes
        if heap_bytes < _AMPLE_BYTES:
            self.limit_bytes = min(heap_bytes, _HEAP_MAX_BYTES) - _RESERVE_BYTES

    def install(self, package: "ModuleType") -> None:
        """Import from the shelf beside the modules of `package`, if there is one."""
        try:
            # Open for good: to look for a file costs LittleFS four times the reads of a module.
            self._stream.file = open("%s/%s" % (package.__path__, _FILE), "rb")
        except OSError:
            return
        self.tidy()
        os.mount(self, _FOLDER)
        sys.path.insert(0, _FOLDER)
        # Who calls it by names uses those of Python: nobody.
        builtins.__import__ = self.load  # type: ignore[assignment]

    def load(
        self,
        name: str,
        outside: "Mapping[str, object] | None" = None,
        inside: "Mapping[str, object] | None" = None,
        wanted: "Sequence[str] | None" = None,
        level: int = 0,
    ) -> "ModuleType":
        """What `import` calls, as Python's `__import__`: out of `sys.modules`, off the shelf, or
        from elsewhere.
        """
        if level:
            # Relative to globals that are not to be had here. Nobody but asyncio does it, when a
            # name of it is used for the first time.
            name = _RELATIVE % name if name else _RELATIVE[:-3]
        modules = sys.modules
        if name in modules or "." in name or name in self._elsewhere:
            return _import(name, outside, inside, wanted)
        if not self._seek(name.encode()):
            self._elsewhere.append(name)
            return _import(name, outside, inside, wanted)
        if self._room_bytes < self._size_bytes:
            self.sweep(_SPARED_BYTES)
            # What comes next lies beside what is left, not behind all that was forgotten: else
            # the holes become too small for a buffer.
            gc.collect()
        importer, importer_name = modules.pop(_SLOT, None), self._name
        if importer:
            # It can be found by its own name from here on.
            modules[importer_name] = importer
        self._name = name
        self._room_bytes -= self._size_bytes
        self._loaded_bytes += self._size_bytes
        self._sizes.pop(0)
        self._sizes.append(self._size_bytes)
        self.loads += 1
        if name in self.names:
            self.names.remove(name)
        self.names.append(name)
        try:
            try:
                module = modules[name] = _import(_SLOT)
            except MemoryError:
                # Once more, with all the room there is: who imports may be the start itself.
                modules.pop(_SLOT, None)
                self.make_room()
                self._seek(name.encode())
                self._name = name
                module = modules[name] = _import(_SLOT)
        except BaseException:
            modules.pop(name, None)
            raise
        finally:
            modules.pop(_SLOT, None)
            if importer:
                modules[_SLOT] = importer
                self._name = importer_name
        return module

    def keep(self, load: "Callable[[], Any]") -> "Any":
        """Call `load`, return what it returns; what it imports stays, until the next `keep`."""
        self._kept = ()
        self.sweep()
        # Whatever is read now must not be swept away before it is known to stay.
        self._kept = self.names
        # What stays belongs into the holes that are there now, not between what passes.
        gc.collect()
        try:
            done = load()
        except Exception:
            # Else nothing could be swept away any more.
            self._kept = ()
            raise
        self._kept = [name for name in self.names if name in sys.modules]
        return done

    def sweep(self, spared_bytes: int = 0) -> None:
        """Forget every module of the shelf, but for those of `keep` and the last `spared_bytes`.

        Code that runs, and what made objects that live, stays in memory as long as they do. The
        rest is garbage, and goes with the next collection.
        """
        self.sweeps += 1
        count = spared = 0
        while count < _SPARED and spared + self._sizes[-1 - count] <= spared_bytes:
            count += 1
            spared += self._sizes[-count]
        # Without a copy: who has found no memory sweeps, too.
        for i in range(len(self.names) - count):
            name = self.names[i]
            if name in sys.modules and name not in self._kept:
                del sys.modules[name]
        self._room_bytes += self._loaded_bytes
        self._room_bytes = max(self._room_bytes, _LEAST_ROOM_BYTES) - spared
        self._loaded_bytes = spared

    def tidy(self) -> None:
        """Sweep when the heap is fuller than it should be; call it after a collection.

        All at once: to collect garbage takes longer than to read some modules anew, so sweeping
        bit by bit until there is room stalls longer. Where what stays takes more than the limit
        there is still some room: else all would be forgotten that is needed again at once.
        """
        used_bytes = gc.mem_alloc()
        self._room_bytes = max(
            self.limit_bytes - used_bytes, _LEAST_ROOM_BYTES - self._loaded_bytes
        )
        if self._room_bytes < 0:
            self.sweep()

    def make_room(self) -> None:
        """Forget all that can be forgotten, for who did not find memory and is to try again."""
        self.rooms += 1
        self.sweep()
        gc.collect()
        self.tidy()

    def mount(self, readonly: bool, mkfs: bool) -> None:
        """`os.mount` calls it."""

    def stat(self, path: str) -> tuple[int, ...]:
        """Shape as of `os.stat`; OSError for any file but the one in the slot."""
        if path != _SLOT_PATH:
            raise OSError(_ENOENT)
        return _FILE_STAT

    def open(self, path: str, mode: str) -> "_Stream":
        """The module that was found last, as a stream: the import reads to its end."""
        return self._stream

    def _seek(self, wanted):
        """Whether the module `wanted` (bytes) is on the shelf; then the stream stands at it."""
        file, found, number = self._stream.file, self._found, self._number
        # Garbage of a few bytes at each look would cost a collection at every few loads.
        wanted += bytes(_NAME_BYTES - len(wanted))
        file.seek(0)
        file.readinto(found)
        low, high = 0, found[0] | found[1] << 8
        while low < high:
            middle = (low + high) // 2
            file.seek(_COUNT_BYTES + _RECORD_BYTES * middle)
            file.readinto(found)
            if found == wanted:
                file.readinto(number)
                at = int.from_bytes(number, "little")
                file.readinto(found)
                file.readinto(number)
                size = int.from_bytes(number, "little") - at
                # What it takes in memory, half of it for what it makes while it is at work.
                self._size_bytes = 2 * size
                file.seek(at)
                return True
            if found < wanted:
                low = middle + 1
            else:
                high = middle
        return False


class _Stream(io.IOBase):
    """What an import reads from: `file`, the shelf that stands at the module."""

    file = None

    def readinto(self, buffer):
        """The next bytes of the module.

        Python code, so that soft interrupts have their turn every few bytes: in the 50 ms of a
        load a CAN controller's two buffers would run over five times.
        """
        n = None
        # Where a loop jumps back, the VM runs what interrupts have left for it.
        while n is None:
            n = self.file.readinto(buffer)
        return n

    def ioctl(self, request, argument):
        """Closing is all an import asks for, and the shelf stays open."""
        return 0 if request == _CLOSE else -1
