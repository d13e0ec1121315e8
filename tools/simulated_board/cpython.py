"""Gives CPython what firmware code expects of MicroPython: `install()` once, before the import.

Only what the firmware calls, behaving like the device where that matters: `ticks_ms` wraps at
2**30 as on the ESP32 and starts near the wrap, so code that compares raw ticks fails at once.
"""

import asyncio
import binascii
import builtins
import gc
import io
import sys
import time
import traceback
import types
import weakref

TICKS_PERIOD = 1 << 30
_TICKS_HALF = TICKS_PERIOD // 2
# A run starts 20 s before the wrap.
_TICKS_START = TICKS_PERIOD - 20_000

# More than this is no timer's fault but a module that was busy.
_OVERSLEPT_MAX_S = 0.02

_scale = 1.0
# By task.
_overslept_s = weakref.WeakKeyDictionary()
_origin = time.monotonic()


def set_time_scale(scale):
    """Let the module's clock run `scale` times faster than the wall clock."""
    global _scale, _origin
    _scale = scale
    _origin = time.monotonic()


def _ticks_ms():
    return int((time.monotonic() - _origin) * 1000 * _scale + _TICKS_START) % TICKS_PERIOD


def _ticks_us():
    return int((time.monotonic() - _origin) * 1_000_000 * _scale) % TICKS_PERIOD


def _ticks_add(ticks, delta):
    return (ticks + delta) % TICKS_PERIOD


def _ticks_diff(later, earlier):
    return (later - earlier + _TICKS_HALF) % TICKS_PERIOD - _TICKS_HALF


async def _sleep_ms(ms):
    """In fast time no timer is fine enough for short sleeps, and code that counts them would count
    too few: what a task slept too long it gets back at its next sleep.
    """
    seconds = ms / 1000 / _scale
    if _scale == 1.0:
        await asyncio.sleep(seconds)
        return
    task = asyncio.current_task()
    seconds -= _overslept_s.get(task, 0.0)
    started = time.monotonic()
    await asyncio.sleep(max(seconds, 0.0))
    overslept_s = time.monotonic() - started - seconds
    _overslept_s[task] = min(overslept_s, _OVERSLEPT_MAX_S)


async def _wait_for_ms(awaitable, timeout_ms):
    return await asyncio.wait_for(awaitable, timeout_ms / 1000 / _scale)


class ThreadSafeFlag:
    """One waiter; `set` may come from an interrupt handler; waiting clears it."""

    def __init__(self):
        self._event = asyncio.Event()

    def set(self):
        self._event.set()

    def clear(self):
        self._event.clear()

    async def wait(self):
        await self._event.wait()
        self._event.clear()


def _print_exception(error, file=None):
    traceback.print_exception(error, file=file or sys.stdout)


_plain_b2a_base64 = binascii.b2a_base64


def _b2a_base64(data, *, newline=True):
    return _plain_b2a_base64(data, newline=newline)


def _micropython():
    module = types.ModuleType("micropython")
    module.const = lambda value: value
    module.viper = module.native = lambda function: function
    module.schedule = lambda callback, argument: callback(argument)
    module.alloc_emergency_exception_buf = lambda size: None
    module.opt_level = lambda level=0: None
    # CPython has no heap to lock; the VMs run the same tests with a real lock.
    module.heap_lock = module.heap_unlock = lambda: 0
    return module


def install():
    """Put the stand-ins in place. Calling it again changes nothing."""
    if "micropython" in sys.modules:
        return
    sys.modules["micropython"] = _micropython()
    from tools.simulated_board import tls_module

    sys.modules["tls"] = tls_module
    # Viper's pointer types index a buffer; on CPython the buffer itself does.
    builtins.ptr8 = builtins.ptr16 = builtins.ptr32 = lambda buffer: buffer
    builtins.uint = int
    time.ticks_ms = _ticks_ms
    time.ticks_us = _ticks_us
    time.ticks_add = _ticks_add
    time.ticks_diff = _ticks_diff
    time.sleep_ms = lambda ms: time.sleep(ms / 1000 / _scale)
    asyncio.sleep_ms = _sleep_ms
    asyncio.wait_for_ms = _wait_for_ms
    asyncio.ThreadSafeFlag = ThreadSafeFlag
    sys.print_exception = _print_exception
    gc.mem_free = lambda: 0
    gc.mem_alloc = lambda: 0
    gc.threshold = lambda *size: None
    io.IOBase.ioctl = lambda self, request, argument: 0
