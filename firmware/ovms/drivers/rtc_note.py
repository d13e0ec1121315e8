"""A line of text that outlives a reset, but no power cut: in the memory of the ESP32's RTC.

It costs no flash, so it may be written every minute, and it is there after the watchdog and after
a panic of the chip, which leave nobody the time to write anything. It survives those, deep sleep
and `machine.reset()`, and is lost with the power or the EN pin (hardware facts 1, `RTC().memory`).
Where there is no such memory nothing is kept. Behind the text stands its CRC-32: after a power cut
the memory may hold anything.
"""

from binascii import crc32

from micropython import const

_CRC_BYTES = const(8)


def load() -> str:
    """The text that was saved last, "" for none."""
    memory = _memory()
    data = bytes(memory()) if memory else b""
    text = data[:-_CRC_BYTES]
    if not text or data[-_CRC_BYTES:] != b"%08x" % crc32(text):
        return ""
    return text.decode()


def save(text: str) -> None:
    """Keep `text` (ASCII, at most 2000 characters)."""
    memory = _memory()
    if memory:
        data = text.encode()
        memory(data + b"%08x" % crc32(data))


def _memory():
    """`machine.RTC().memory`, None on what has none: a computer, the VMs."""
    try:
        from machine import RTC
    except ImportError:
        return None
    return getattr(RTC(), "memory", None)
