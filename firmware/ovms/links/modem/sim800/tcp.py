"""TCP over the SIM800's own stack: one connection as a byte stream.

Received data stays in the modem (`AT+CIPRXGET=1`) until somebody reads, so a burst of the server
overruns neither the UART nor the heap. A modem that refuses this pushes its data instead. How a
connection is made is in `gprs.py`.
Source: SIM800 TCP/IP application note; hardware facts 4.5, dialogues D6 and D9 to D12.
"""

import asyncio

from micropython import const

from ovms.links.modem.at_port import ATError
from ovms.protocol.at import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine
    from typing import Any

    from ovms.contracts import Buffer
    from ovms.links.modem.sim800.profile import SIM800

# States of a connection. Closed by the peer: what the modem still holds can be read.
_OPEN = const(0)
CLOSED = const(1)
OVER = const(2)
BROKEN = const(3)

LOST = "The modem lost the connection."
_SEGMENT = const(1024)
_READ_MAX = const(512)
_SENT = b"\nSEND OK\nDATA ACCEPT:\nSEND FAIL\nCLOSED\n+PDP:\n"
# The manual's 645 s are too long for a link that has to be up again within five minutes.
_SEND_S = const(60)
# The announcement of data can be lost: ask soon after traffic, then less and less often, because
# each question wakes a modem that sleeps.
_POLL_FIRST_MS = const(500)
_POLL_LAST_MS = const(60000)


class TCPStream:
    """Byte stream of one connection of `sim800` (SIM800, see `profile.py`); `gprs.py` makes it.

    pushed: bytes that came without being asked for.
    """

    def __init__(self, sim800: "SIM800") -> None:
        self.state = _OPEN
        self.pushed: bytes = b""
        self.profile = sim800
        self._pause_ms = self._left_ms = _POLL_FIRST_MS

    async def readinto(self, view: bytearray | memoryview) -> int:
        """Wait for at least one byte; 0 = the peer closed. OSError when the connection broke.

        Who cancels it while bytes are on their way breaks the connection: they are lost.
        """
        sim800 = self.profile
        if sim800.is_pushing:
            from ovms.links.modem.sim800 import unasked

            return await unasked.read_pushed(self, view)
        while self.state < BROKEN:
            if self.state == OVER:
                return 0
            if sim800.has_data or self.state or self._left_ms <= 0:
                n = await self._fetch(view)
                self._pause_ms = _POLL_FIRST_MS if n else min(2 * self._pause_ms, _POLL_LAST_MS)
                self._left_ms = self._pause_ms
                if n:
                    return n
                continue
            self._left_ms = await sim800.port.wait_for_news(self._left_ms)
        raise OSError(LOST)

    async def _fetch(self, view):
        """Read what the modem holds, as far as it fits; returns how many bytes."""
        sim800 = self.profile
        was_closed = self.state
        sim800.has_data = False
        sim800.target = memoryview(view)[:_READ_MAX]
        sim800.filled = 0
        answer = b""
        try:
            lines = await sim800.port.execute(b"AT+CIPRXGET=2,%d" % len(sim800.target))
            answer = lines[0] if lines else b""
            is_whole = (number(answer, 1) or 0) == sim800.filled
        except ATError as error:
            # Some revisions refuse to read a closed socket.
            is_whole = was_closed or error.args[0] != b"timeout"
            sim800.filled = 0
        except (OSError, asyncio.CancelledError):
            self.break_off()
            raise
        finally:
            sim800.target = None
        if not is_whole:
            # Bytes were lost: nothing behind them makes sense.
            self.break_off()
            return 0
        if not sim800.filled:
            if was_closed:
                self.state = max(self.state, OVER)
        elif number(answer, 2):
            sim800.has_data = True
        return sim800.filled

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

    def send(self, segment: "Buffer") -> "Awaitable[list[bytes]]":
        """Coroutine: hand one segment to the modem. ATError when it was not sent."""
        return self.profile.port.execute(b"AT+CIPSEND=%d" % len(segment), _SENT, _SEND_S, segment)

    def close(self) -> "Coroutine[Any, Any, None]":
        """Coroutine: close the connection; does nothing when it is over already."""
        from ovms.links.modem.sim800 import gprs

        return gprs.close(self, self.profile)

    def break_off(self) -> None:
        """The connection is of no more use, but the modem may think it open."""
        # First of all: the rest may find no memory.
        self.state = BROKEN
        if self.profile.stream is self:
            from ovms.links.modem.sim800 import unasked

            unasked.drop(self.profile)
