"""The DIAG serial port: MicroPython's own console (UART0 or USB) as a byte stream."""

import asyncio
import select
import sys

from micropython import const

# A person types; ten looks a second are plenty and cost nothing.
_POLL_MS = const(100)


class ConsolePort:
    """Byte stream over stdin and stdout. At the end of a piped stdin `readinto` returns 0."""

    def __init__(self):
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)

    async def readinto(self, view):
        """Wait for what is typed; returns the count of bytes read, 0 at the end of the input."""
        while not self._poll.poll(0):
            await asyncio.sleep_ms(_POLL_MS)
        count = 0
        while count < len(view) and self._poll.poll(0):
            byte = sys.stdin.buffer.read(1)
            if not byte:
                break
            view[count] = byte[0]
            count += 1
        return count

    async def write(self, data):
        sys.stdout.write(data)

    async def close(self):
        """The console stays."""
