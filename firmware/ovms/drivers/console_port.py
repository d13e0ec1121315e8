"""The DIAG serial port: MicroPython's own console (UART0 or USB)."""

import select
import sys


class ConsolePort:
    """stdin and stdout, without ever waiting."""

    def __init__(self):
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)

    def is_ready(self):
        """Whether something was typed, or a piped input has ended."""
        return bool(self._poll.poll(0))

    def readinto(self, view):
        """What was typed; returns the count of bytes, 0 at the end of a piped input."""
        count = 0
        while count < len(view) and self._poll.poll(0):
            byte = sys.stdin.buffer.read(1)
            if not byte:
                break
            view[count] = byte[0]
            count += 1
        return count

    def write(self, text):
        """Print `text` (str) as it is."""
        sys.stdout.write(text)
