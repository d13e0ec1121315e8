"""TCP over the SIM7000's application stack: one connection as a byte stream.

Received data stays in the modem until somebody reads. Two things end in a modem that hears nothing
until its power is cut: to ask for data without an open connection, and to ask for more bytes than
it holds. So it is asked how many there are, and before that whether it is connected unless it has
just said so. What it holds when the peer closes is lost. How a connection is made is in
`bearer.py`. Source: hardware facts 4.10.
"""

import asyncio

from micropython import const

from ovms.links.modem.at_port import ATError
from ovms.protocol.at import OK, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from ovms.contracts import Buffer
    from ovms.links.modem.sim7000.profile import SIM7000

# States of a connection.
_OPEN = const(0)
OVER = const(1)
BROKEN = const(2)

LOST = "The modem lost the connection."
# Of 1460 bytes that a command takes at most.
_SEGMENT = const(1024)
_READ_MAX = const(512)
# From the data to `OK`, and from there to `+CASEND:`.
_SEND_S = const(60)
_TAKEN_MS = const(60000)
# The announcement of data can be lost: ask soon after traffic, then less and less often, because
# each question wakes a modem that sleeps.
_POLL_FIRST_MS = const(500)
_POLL_LAST_MS = const(60000)


class TCPStream:
    """Byte stream of one connection of `sim7000` (SIM7000, see `profile.py`)."""

    def __init__(self, sim7000: "SIM7000") -> None:
        self.state = _OPEN
        self.profile = sim7000
        self._pause_ms = self._left_ms = _POLL_FIRST_MS

    async def readinto(self, view: bytearray | memoryview) -> int:
        """Wait for at least one byte; 0 = the peer closed. OSError when the connection broke.

        Who cancels it while bytes are on their way breaks the connection: they are lost.
        """
        sim7000 = self.profile
        while self.state < BROKEN:
            if self.state:
                return 0
            if sim7000.has_data or self._left_ms <= 0:
                n = await self._fetch(view)
                self._pause_ms = _POLL_FIRST_MS if n else min(2 * self._pause_ms, _POLL_LAST_MS)
                self._left_ms = self._pause_ms
                if n:
                    return n
                continue
            self._left_ms = await sim7000.port.wait_for_news(self._left_ms)
        raise OSError(LOST)

    async def _fetch(self, view):
        """Read what the modem holds, as far as it fits; returns how many bytes."""
        sim7000 = self.profile
        port = sim7000.port
        if not sim7000.has_data:
            await sim7000.details().look_at(self)
            if self.state:
                return 0
        answer = await port.ask(b"AT+CARECV?")
        if self.state:
            return 0
        sim7000.has_data = False
        held = (number(answer, 1) or 0) if answer else 0
        if not held:
            return 0
        wanted = min(held, len(view), _READ_MAX)
        sim7000.target = memoryview(view)[:wanted]
        sim7000.filled = 0
        try:
            lines = await port.execute(b"AT+CARECV=0,%d" % wanted)
            is_whole = sim7000.filled > 0 and number(lines[0], 0) == sim7000.filled
        except ATError:
            is_whole = False
        except (OSError, asyncio.CancelledError):
            self.break_off()
            raise
        finally:
            sim7000.target = None
        if not is_whole:
            # Bytes were lost: nothing behind them makes sense.
            self.break_off()
            return 0
        if held > sim7000.filled:
            sim7000.has_data = True
        return sim7000.filled

    async def write(self, buffer: "Buffer") -> None:
        """Hand all of `buffer` to the modem, which confirms each segment. OSError when broken."""
        view = memoryview(buffer)
        at = 0
        while at < len(view):
            if self.state:
                raise OSError("The connection is closed.")
            segment = view[at : at + _SEGMENT]
            at += len(segment)
            try:
                await self.send(segment)
            except ATError as error:
                from ovms.links.modem.connecting import resend

                await resend(self, segment, error)
        self._pause_ms = self._left_ms = _POLL_FIRST_MS
        self.profile.port.news.set()

    async def send(self, segment: "Buffer") -> None:
        """Hand one segment to the modem. ATError when it was not sent."""
        sim7000 = self.profile
        sim7000.sent = None
        await sim7000.port.execute(b"AT+CASEND=0,%d" % len(segment), OK, _SEND_S, segment)
        left_ms = _TAKEN_MS
        while sim7000.sent is None and left_ms > 0 and not self.state:
            left_ms = await sim7000.port.wait_for_news(left_ms)
        if sim7000.sent != len(segment):
            raise ATError(b"not taken", False)

    def close(self) -> "Coroutine[Any, Any, None]":
        """Coroutine: close the connection; does nothing when it is over already."""
        from ovms.links.modem.sim7000 import bearer

        return bearer.close(self, self.profile)

    def break_off(self) -> None:
        """The connection is of no more use, but the modem may think it open."""
        # First of all: the rest may find no memory.
        self.state = BROKEN
        if self.profile.stream is self:
            self.profile.details().drop(True)
