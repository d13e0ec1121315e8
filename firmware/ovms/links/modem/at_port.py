"""The AT channel of a modem: one reader, one command at a time, one answer slot.

`read_forever` is the only reader of the stream. `execute` is the only writer: a lock makes callers
queue, and the next command waits for the final result of the one before it, even when its caller
was cancelled in between. What happens when an answer is missing is in `at_rescue.py`.
"""

import asyncio

from micropython import const

from ovms.protocol import at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ovms.contracts import Buffer, ByteStream, ModemProfile, Pin, Status, Timer

_PROMPT_MS = const(10000)
# Flaky firmware loses a command that follows a result at once (hardware facts 4.2); a modem that
# sleeps needs as long to hear (4.7).
_SPACING_MS = const(50)
_LOOK_MS = const(10)
# After so long without a byte an SMS text whose announced length was wrong has ended.
_QUIET_MS = const(1000)
_LINES_MAX = const(24)
# Who waits for news counts the time in steps of this length.
_STEP_MS = const(10000)
# So many seconds a modem may go on behind the limit of its command, byte by byte.
_SPEAKING = const(30)
# What `on_urc` hears when the modem has stopped answering.
LOST = b""


class ATError(Exception):
    """The modem said no. args[0]: its final result (bytes), b"timeout" or b"no prompt"; after a
    result args[1]: whether it refused to take a payload."""


class ATPort:
    """profile: of the modem, for the digester; its `refusals` are the final results that say that
    a command was not done, beside those with ERROR in them. uart: byte stream. on_urc(line, text)
    and, once it is set, on_data(view) are called by the reader; they must not wait, and `view` is
    borrowed. clock: has `sleep_ms` and `wait_for_ms` as asyncio does.

    news: an Event, set whenever something happened that somebody waits for, mostly a URC; who
    waits looks whether it was his, and clears it before he waits again, see `wait_for_news`. dtr:
    pin that lets the modem sleep while it is high, or None where it is always awake. is_up:
    whether anybody but the start-up may use the modem. is_lost: it does not answer; then `on_urc`
    heard LOST, and every command fails until a probe succeeds. echoes: how many commands came back
    as an echo. The rest is for `at_rescue.py`: is_busy, a final result is to come; is_prompted, a
    prompt has; limit_ms, the longest time of the running command; result, its final result or
    None; lock, of who uses the modem; digester.
    """

    # Set by the profile, before any data may come.
    on_data: "Callable[[memoryview], None] | Any"
    dtr: "Pin | None"
    # Set by `begin` and `finish`, before anybody asks for them.
    result: "bytes | Any"
    _lines: "list[bytes] | Any"

    def __init__(
        self,
        profile: "type[ModemProfile]",
        uart: "ByteStream",
        status: "Status",
        on_urc: "Callable[[bytes, bytes | None], None]",
        clock: "Timer",
    ) -> None:
        self.uart = uart
        self.status = status
        self.clock = clock
        self.on_urc = on_urc
        self.on_data = self.dtr = None
        self.digester = at.ATDigester(profile)
        self.lock = asyncio.Lock()
        self.news = asyncio.Event()
        self.is_heard = self.is_up = self.is_lost = self.is_busy = self.is_prompted = False
        self.echoes = self.limit_ms = 0
        self.result = self._lines = None

    async def read_forever(self) -> None:
        """Read the stream, and come back to it when it breaks."""
        digester = self.digester
        while True:
            n = 0
            try:
                if digester.is_waiting:
                    n = await self.clock.wait_for_ms(
                        self.uart.readinto(digester.room()), _QUIET_MS
                    )
                else:
                    n = await self.uart.readinto(digester.room())
                digester.received(n)
                self.is_heard = True
            except asyncio.TimeoutError:
                self._end_text()
                n = -1
            except OSError:
                n = 0
            except MemoryError:
                # A look later; without a reader the modem would be deaf.
                n = -1
                await self.clock.sleep_ms(_LOOK_MS)
            try:
                self._digest()
            except MemoryError:
                # What was half received is lost; who waits for it asks again.
                self.status.count("at_memory")
                digester.reset()
            if not n:
                self.status.count("uart_lost")
                digester.reset()
                await self.clock.sleep_ms(_QUIET_MS)

    def _end_text(self):
        """The open text ends here: nothing has come for a while."""
        from ovms.protocol import at_irregular

        at_irregular.flush(self.digester)

    def _digest(self):
        digester = self.digester
        dropped = digester.dropped
        kind = digester.next_event()
        while kind:
            if kind == at.DATA:
                self.on_data(digester.data)
            elif kind == at.URC:
                self.on_urc(digester.line, digester.text)
            elif kind == at.INFO:
                if len(self._lines) < _LINES_MAX:
                    self._lines.append(digester.line)
                    if digester.text is not None:
                        self._lines.append(digester.text)
                else:
                    self.status.count("at_long_answer")
            elif kind == at.ECHO:
                self.echoes += 1
            elif kind == at.PROMPT:
                self.is_prompted = True
            else:
                self.finish(digester.line)
            kind = digester.next_event()
        if digester.dropped != dropped:
            self.status.count("at_noise")

    async def execute(
        self,
        command: bytes,
        finals: bytes = at.OK,
        limit_s: int = 10,
        payload: "Buffer | None" = None,
        is_bare: bool = False,
    ) -> list[bytes]:
        """Send a command (bytes) and return its answer, a list of bytes.

        finals: the set of its final results besides errors. limit_s: a busy modem's longest time
        for it. payload: bytes to send at the prompt. is_bare: take whatever comes as its answer.
        The answer holds the information responses, a text behind its header, and the final result
        when that is not `OK`. Raises ATError when the modem refuses or does not answer in time,
        and OSError when the stream is broken.
        """
        async with self.lock:
            if self.dtr is not None:
                self.dtr.value(0)
                await self.clock.sleep_ms(_SPACING_MS)
            if self.is_busy:
                from ovms.links.modem import at_rescue

                await at_rescue.settle(self)
            if self.is_lost:
                raise ATError(b"timeout")
            self.begin(command, finals, payload is not None, is_bare)
            self.limit_ms = limit_s * 1000
            await self.uart.write(command + b"\r")
            fault = None
            is_untaken = False
            if payload is not None:
                if not await self.wait(_PROMPT_MS):
                    fault = b"no prompt"
                elif self.is_prompted:
                    self.is_prompted = False
                    await self.uart.write(payload)
                else:
                    # It ended without taking the payload, so that was no success.
                    is_untaken = True
                    if b"ERROR" not in self.result:
                        self.result = b"ERROR"
            if not fault and not await self.wait(self.limit_ms):
                fault = b"timeout"
            if fault:
                from ovms.links.modem import at_rescue

                await at_rescue.rescue(self, fault, payload)
                raise ATError(fault)
            if self.result == b"OK" and not self._lines and command[-1:] == b"?":
                # A line was to be expected: that OK may have come too late for another command.
                from ovms.links.modem import at_rescue

                await at_rescue.doubt(self, command, finals)
            result = self.result
            lines = self._lines
            await self.clock.sleep_ms(_SPACING_MS)
            if self.dtr is not None:
                self.dtr.value(1)
        if b"ERROR" in result or result in self.digester.profile.refusals:
            self.status.count("at_error")
            raise ATError(result, is_untaken)
        if result != b"OK":
            lines.append(result)
        return lines

    async def ask(self, command: bytes, finals: bytes = at.OK, limit_s: int = 10) -> bytes | None:
        """`execute` for what may be refused: the first line of the answer, b"" or None."""
        try:
            lines = await self.execute(command, finals, limit_s)
        except ATError:
            return None
        return lines[0] if lines else b""

    def begin(
        self,
        command: bytes,
        finals: bytes = at.OK,
        has_prompt: bool = False,
        is_bare: bool = False,
    ) -> None:
        """Open the answer slot for `command`, which goes out now."""
        self._lines = []
        self.result = None
        self.is_prompted = False
        self.is_busy = True
        self.digester.expect(command, finals, has_prompt, is_bare)

    def finish(self, result: bytes) -> None:
        """The running command has ended with `result` (bytes)."""
        self.result = result
        self.is_busy = False
        # What ends a command may be news for everybody, such as CLOSED instead of SEND OK.
        if self.digester.is_urc(result):
            self.on_urc(result, None)

    async def wait(self, limit_ms: int) -> bool:
        """Whether a final result or a prompt comes in time, or while the modem still speaks.

        The time is counted in looks: while something else blocks the module, the answer may wait
        unread in the UART, and the modem is not to blame. Looks, because most answers come within
        a few of them, and a task with a timeout for each command would cost more.
        """
        more = _SPEAKING
        self.is_heard = False
        while self.result is None and not self.is_prompted:
            if limit_ms <= 0:
                if not (self.is_heard and more):
                    return False
                self.is_heard = False
                more -= 1
                limit_ms = _QUIET_MS
            await self.clock.sleep_ms(_LOOK_MS)
            limit_ms -= _LOOK_MS
        return True

    async def wait_for_news(self, limit_ms: int) -> int:
        """Wait for news, `limit_ms` at the most. Returns how much is left of that time.

        A step in which something happened is not counted.
        """
        step_ms = min(limit_ms, _STEP_MS)
        self.news.clear()
        try:
            await self.clock.wait_for_ms(self.news.wait(), step_ms)
        except asyncio.TimeoutError:
            limit_ms -= step_ms
        return limit_ms
