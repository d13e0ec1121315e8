"""The DIAG console: a line in, framed text out (module-behaviour 8).

Every line of output starts with `# `, a line `#.` ends the answer to `S` and `M`. Programs rely on
both. Who sits at the cable counts as the owner. What a line does is in `console_lines.py`, an
overlay.
"""

import asyncio

from micropython import const

from ovms import overlay

_LINE_LIMIT = const(400)
_QUEUE_LIMIT = const(8)
# How long the console stays in RAM after the last key, and how often it looks for the next.
_IDLE_MS = const(60_000)
_POLL_MS = const(100)
_TOO_LONG = "# The line is too long.\r\n"

_CTRL_A = const(1)
_CTRL_C = const(3)
_BACKSPACE = const(8)
_LINE_FEED = const(10)
_RETURN = const(13)
_DELETE = const(127)


async def talk(app, port):
    """Serve who types at `port` until nobody does for a minute; False at the end of the input.

    port: drivers/console_port.py:ConsolePort.
    """
    console = Console(
        app.sms, app.commander.execute, app.status, app.state, app.config, app.current_car
    )
    buffer = bytearray(64)
    idle_ms = 0
    while idle_ms < _IDLE_MS:
        if port.is_ready():
            count = port.readinto(buffer)
            if not count:
                return False
            console.receive(buffer, count)
            idle_ms = 0
        while console.has_lines():
            port.write(await console.next_output())
        await asyncio.sleep_ms(_POLL_MS)
        idle_ms += _POLL_MS
    return True


class Console:
    """sms_service: SMSService. execute(code, arguments): coroutine, answers a protocol command.

    execute gets int and str and returns a list of str, each a message from its code letter on,
    like `c2,0`. car: returns the current Vehicle.
    """

    def __init__(self, sms_service, execute, status, state, config, car):
        self.sms_service = sms_service
        self.execute = execute
        self.status = status
        self.state = state
        self.config = config
        self.car = car
        # What was typed of a line; characters beyond the limit only count.
        self._line = bytearray()
        self._length = 0
        self._waiting = []

    def receive(self, view, n):
        """Take the first `n` typed bytes of `view` (borrowed). Lines end in CR, LF or both.

        Lines beyond 8 that nobody fetched are dropped and counted.
        """
        for i in range(n):
            byte = view[i]
            if byte in (_RETURN, _LINE_FEED):
                if self._length > _LINE_LIMIT:
                    self._put(_TOO_LONG, False)
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

    def has_lines(self):
        """Whether `next_output` has something to do."""
        return bool(self._waiting)

    async def next_output(self):
        """Carry out the oldest line that waits and return what it answers, "" for nothing."""
        text, is_input = self._waiting.pop(0)
        return await self.handle(text) if is_input else text

    async def handle(self, line):
        """Carry out one line; returns the framed output, "" for a blank line or a comment."""
        return await overlay.call_async("ovms.services.console_lines", "handle", self, line)

    def _start_line(self):
        self._line = bytearray()
        self._length = 0

    def _put(self, text, is_input):
        if len(self._waiting) >= _QUEUE_LIMIT:
            self.status.count("console_lines_lost")
            return
        self._waiting.append((text, is_input))
