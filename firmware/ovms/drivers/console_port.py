"""The DIAG serial port: MicroPython's own console (UART0 or USB). In RAM while somebody types."""

import select
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ovms.contracts import WritableBuffer


def keys() -> "Any":
    """Something whose `poll(0)` tells whether a key was pressed, or a piped input has ended."""
    poll = select.poll()
    poll.register(sys.stdin, select.POLLIN)
    return poll


class ConsolePort:
    """stdin and stdout, without ever waiting. keys: from `keys()`."""

    def __init__(self, keys: "Any") -> None:
        self._keys = keys

    def is_ready(self) -> bool:
        """Whether something was typed, or a piped input has ended."""
        return bool(self._keys.poll(0))

    def readinto(self, view: "WritableBuffer") -> int:
        """What was typed; returns the count of bytes, 0 at the end of a piped input."""
        count = 0
        while count < len(view) and self._keys.poll(0):
            byte = sys.stdin.buffer.read(1)
            if not byte:
                break
            view[count] = byte[0]
            count += 1
        return count

    def write(self, text: str) -> None:
        """Print `text` (str) as it is, with the CR LF that it brings.

        Not by `sys.stdout.write`: the ESP32's puts a CR before each LF (shared/runtime/
        sys_stdio_mphal.c).
        """
        sys.stdout.buffer.write(text.encode())
