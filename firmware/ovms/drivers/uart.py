"""A UART as the byte stream of the house: waits by looking, never blocks the event loop."""

import asyncio

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ovms.contracts import Buffer, WritableBuffer

# Looking every 10 ms costs little and is far inside the 178 ms that a 2048-byte ring holds at
# 115200 baud (hardware facts 1.5). A receive interrupt would not wake the loop any sooner: the
# ESP32's idle hook sleeps one 10 ms tick.
_POLL_MS = const(10)


class UARTStream:
    """Byte stream over a `machine.UART`-like object.

    A UART has no end: `readinto` never returns 0, and a silent line just waits.
    """

    def __init__(self, uart: "Any") -> None:
        self._uart = uart

    def set_baudrate(self, rate: int) -> None:
        """Go on at another rate; bytes on their way in are lost."""
        self._uart.init(baudrate=rate)

    async def readinto(self, view: "WritableBuffer") -> int:
        """Wait for bytes and read up to `len(view)` of them; returns how many."""
        while True:
            count = self._uart.readinto(view)
            if count:
                return count
            await asyncio.sleep_ms(_POLL_MS)

    async def write(self, data: "Buffer") -> None:
        """Write all of `data`, in pieces when the transmit ring is full."""
        view = memoryview(data)
        while len(view):
            view = view[self._uart.write(view) or 0 :]
            if len(view):
                await asyncio.sleep_ms(_POLL_MS)

    async def close(self) -> None:
        """A UART stays open; other byte streams do not."""
