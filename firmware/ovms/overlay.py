"""Code that is in RAM only while it is used.

A module's bytecode lives on the heap as long as it is imported. What a module needs once an hour
(answering an SMS, starting a modem, checking a parameter) is therefore imported for one call and
forgotten after it; the next call reads it from flash again, which takes some 20 ms.
"""

import sys


def load(name):
    """Import the module `name` ("ovms.services.sms_texts") and return it; `drop` it after use."""
    return __import__(name, None, None, ("*",))


def drop(name):
    """Forget a module loaded with `load`. Objects made from its classes keep working."""
    sys.modules.pop(name, None)
    package, _, last = name.rpartition(".")
    parent = sys.modules.get(package)
    if parent is not None and hasattr(parent, last):
        delattr(parent, last)


def call(name, function, *arguments):
    """Load the module, return what its `function` returns, forget the module."""
    try:
        return getattr(load(name), function)(*arguments)
    finally:
        drop(name)


async def call_async(name, function, *arguments):
    """Like `call`, for a coroutine function."""
    try:
        return await getattr(load(name), function)(*arguments)
    finally:
        drop(name)
