"""The few words of a test that plain `assert` lacks, for CPython and MicroPython alike."""

import gc
import sys


def forget():
    """Forget code on demand; the runner for what ships puts the broom's way here."""


# The same runner: what a module of the firmware is imported as to the sources that it is made of.
module_names = {}


def loaded():
    """Dotted names, as in the sources, of all modules of which something is there."""
    return {name for names in loads() for name in names}


def loads():
    """All modules that are there, each as the dotted names of its sources."""
    return [tuple(module_names.get(name, (name,))) for name in sys.modules]


def raises(error, function, *arguments):
    """Call `function`; return the `error` it raised, or fail."""
    try:
        function(*arguments)
    except error as raised:
        return raised
    raise AssertionError("%s was not raised" % error.__name__)


def run(coroutine, limit_ms=5000):
    """Run a coroutine to its end in a fresh event loop, for at most `limit_ms`."""
    import asyncio

    async def limited():
        return await asyncio.wait_for_ms(coroutine, limit_ms)

    if sys.implementation.name == "micropython":
        # There is but one loop, and a test before this one may have left tasks in it.
        asyncio.new_event_loop()
    return asyncio.run(limited())


def heap_bytes():
    """Heap in use, without garbage and without code on demand that happens to be loaded."""
    forget()
    gc.collect()
    return gc.mem_alloc()


def allocates(function):
    """Whether `function()` takes heap on MicroPython; False on CPython, which cannot say.

    No arguments: passing them on would take heap here.
    """
    from micropython import heap_lock, heap_unlock

    heap_lock()
    try:
        function()
    except MemoryError:
        return True
    finally:
        heap_unlock()
    return False
