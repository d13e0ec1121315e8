"""The DIAG console: a line in, framed text out (module-behaviour 8).

Every line of output starts with `# `, a line `#.` ends the answer to all but HELP, ?, DIAG and
RESET. Programs rely on both. Who sits at the cable counts as the owner. What a line does is in
`lines.py`. All of the console is loaded on demand, when somebody types.
"""

import asyncio

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer, ConsolePort, ModuleParts
    from ovms.services.console.log_lines import Dump
    from ovms.services.console.watch import Watch

_LINE_LIMIT = const(400)
_QUEUE_LIMIT = const(8)
# How long the console stays in RAM after the last key, and while it shows traffic.
_IDLE_MS = const(60_000)
_WATCH_MS = const(3_600_000)
# A serial port at 115200 baud fills the 260 bytes of MicroPython's own buffer in 22 ms.
_POLL_MS = const(20)
# Short enough for the lines of one piece to find room in the queue.
_PIECE = const(16)
_PIECES = const(32)
_TOO_LONG = "# The line is too long.\r\n"
_DROPPED = "# The changes since BEGIN were dropped: nobody typed for a minute.\r\n"
_UNWATCHED = "# Watching has ended: nobody typed for an hour.\r\n"

_CTRL_A = const(1)
_CTRL_C = const(3)
_BACKSPACE = const(8)
_LINE_FEED = const(10)
_RETURN = const(13)
_DELETE = const(127)


async def talk(app: "ModuleParts", port: "ConsolePort") -> bool:
    """Serve who types at `port` until nobody does for a minute; False at the end of the input.

    port: drivers/console_port.py:ConsolePort.
    """
    console = Console(app)
    buffer = bytearray(_PIECE)
    idle_ms = 0
    try:
        while idle_ms < (_WATCH_MS if console.watch else _IDLE_MS):
            count = len(buffer)
            pieces = _PIECES
            while count and pieces and not console.has_lines() and port.is_ready():
                count = port.readinto(buffer)
                # The last line of a piped input may lack its end.
                console.receive(buffer if count else b"\n", count or 1)
                pieces -= 1
                idle_ms = 0
            while console.has_lines():
                port.write(await console.next_output())
            if not count:
                return False
            if console.watch:
                port.write(console.watch.output())
            await asyncio.sleep_ms(_POLL_MS)
            idle_ms += _POLL_MS
        port.write((_DROPPED if console.changes else "") + (_UNWATCHED if console.watch else ""))
    finally:
        if console.watch:
            console.watch.stop()
    return True


class Console:
    """app: the module's parts under the names that `app.py:App` has for them.

    changes: {parameter: text} since BEGIN, None without one. watch: see `watch.py`, None while
    nothing is watched.
    """

    changes: dict[int, str] | None
    watch: "Watch | Dump | None"
    _waiting: list[tuple[str, bool]]

    def __init__(self, app: "ModuleParts") -> None:
        self.app = app
        self.changes = self.watch = None
        # What was typed of a line; characters beyond the limit only count.
        self._line = bytearray()
        self._length = 0
        self._waiting = []

    def receive(self, view: "Buffer", n: int) -> None:
        """Take the first `n` typed bytes of `view` (borrowed). Lines end in CR, LF or both.

        Lines beyond 8 that nobody fetched are dropped and counted.
        """
        for i in range(n):
            byte = view[i]
            if byte in (_RETURN, _LINE_FEED):
                if self._length > _LINE_LIMIT:
                    self._put(_TOO_LONG, False)
                    self.spoil()
                elif self._length:
                    self._put(self._line[: self._length].decode(), True)
                self._start_line()
            elif byte in (_CTRL_A, _CTRL_C):
                self._put("\r\n", False)
                self._start_line()
            elif byte in (_BACKSPACE, _DELETE):
                self._length = max(0, self._length - 1)
            else:
                if self._length < _LINE_LIMIT:
                    # What is no ASCII becomes a character that no command has.
                    byte = byte if 32 <= byte < 127 else 63
                    if self._length < len(self._line):
                        self._line[self._length] = byte
                    else:
                        self._line.append(byte)
                self._length += 1

    def has_lines(self) -> bool:
        """Whether `next_output` has something to do."""
        return bool(self._waiting)

    async def next_output(self) -> str:
        """Carry out the oldest line that waits and return what it answers, "" for nothing."""
        text, is_input = self._waiting.pop(0)
        return await self.handle(text) if is_input else text

    async def handle(self, line: str) -> str:
        """Carry out one line; returns the framed output, "" for a blank line or a comment."""
        from ovms.services.console.lines import handle_line

        return await handle_line(self, line)

    def spoil(self) -> None:
        """A line between BEGIN and APPLY was lost: there is no such parameter, so none is set."""
        if self.changes is not None:
            self.changes[-1] = ""

    def _start_line(self):
        self._line = bytearray()
        self._length = 0

    def _put(self, text, is_input):
        if len(self._waiting) >= _QUEUE_LIMIT:
            self.app.status.count("console_lines_lost")
            self.spoil()
            return
        self._waiting.append((text, is_input))
