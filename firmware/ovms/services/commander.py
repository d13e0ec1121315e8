"""Carries out the commands of the apps, strictly in order, with exactly one answer each.

The server hands each `c` to the one who waits longest, so a missing, doubled or early answer
reaches the wrong app, and one before the first `C` of a connection makes the server deaf
(server-and-clients 0 and 2.3). Hence: the next command starts when the answer before it has left,
and a closed connection takes its commands and answers with it. What the commands do is in
`protocol_commands.py`, loaded on demand.
"""

import asyncio

from micropython import const

from ovms import status as requests
from ovms.parameters import FROM_CABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from ovms.contracts import Buffer, Config, ModemPort, Status, Timer, Vehicle
    from ovms.services.sms.service import SMSService

# Commands that wait. Behind the first ones a long one is kept only to be refused in its turn.
_QUEUE_MAX = const(40)
_QUEUE_LONG = const(8)
_SHORT = const(24)
# No command takes longer: three SMS of two minutes each, a modem that restarts before each. The
# time in which it waits for one, or for an answer to leave, does not count: `ovms/guard.py`.
_ALIVE_S = const(1200)
_NEVER_S = const(1 << 29)
# Of a command to be refused: its code and a comma.
_CODE_LENGTH = const(11)


class Commander:
    """sms_service: SMSService. modem: Modem, or None without one.

    clock: has `wait_for_ms` as asyncio does.
    car: Vehicle, None until there is one; the composition root sets another with another type.
    """

    # None is asked for only by `protocol_commands.py`, which refuses what needs one.
    modem: "ModemPort | Any"
    on_charge_request: "Callable[[bool], None] | None"
    _queue: list[tuple[bytes, bool]]
    _messages: "Sequence[str]"

    def __init__(
        self,
        car: "Vehicle | None",
        config: "Config",
        status: "Status",
        sms_service: "SMSService",
        modem: "ModemPort | None",
        clock: "Timer" = asyncio,
    ) -> None:
        self.clock = clock
        self.car = car
        self.config = config
        self.status = status
        self.sms_service = sms_service
        self.modem = modem
        # on_charge_request(is_start): a charge was started or stopped by command; the composition
        # root sets it.
        self.on_charge_request = None
        # The USSD code that the network has not answered yet, "" for none: see `modem_commands`.
        self.ussd_code = ""
        self.due_s = _NEVER_S
        self._wake = asyncio.Event()
        # (text behind `C` as bytes, whether it is to be refused)
        self._queue = []
        # The entry that is carried out or whose answer is under way; then its messages, each from
        # its code letter on, and what it asks for once they have left.
        self._current = None
        self._messages = ()
        self._requests = 0
        self._taken = self._sent = 0

    def accept(self, payload: "Buffer") -> None:
        """Queue one command. payload: bytes-like, the text behind `C`; borrowed."""
        waiting = len(self._queue)
        if waiting >= _QUEUE_MAX:
            # No room for even a refusal: only a new connection brings the order back.
            self.status.count("commands_lost")
            self.status.request(requests.REQUEST_RECONNECT)
            return
        is_refused = waiting >= _QUEUE_LONG and len(payload) > _SHORT
        text = bytes(payload[:_CODE_LENGTH] if is_refused else payload)
        self._queue.append((text, is_refused))
        self._wake.set()

    def is_busy(self) -> bool:
        """Whether a command waits or is carried out, or its answer has not left yet."""
        return bool(self._queue) or self._current is not None

    def poll(self) -> tuple[str, bytes] | None:
        """The next (code, payload bytes) to send, or None: answers, and the alert of command 6."""
        if self._taken >= len(self._messages):
            return None
        message = self._messages[self._taken]
        self._taken += 1
        return message[0], message[1:].encode()

    def on_sent(self) -> None:
        """The oldest message taken has left."""
        self._sent += 1
        if self._sent == len(self._messages):
            self._finish()

    def on_closed(self) -> None:
        """Forget commands and answers of this connection; a command under way ends unheard."""
        self._queue.clear()
        # It was carried out, so what it asked for stays due.
        self._finish()

    def _finish(self):
        self.status.request(self._requests)
        self._current = None
        self._messages = ()
        self._requests = self._taken = self._sent = 0
        self._wake.set()

    async def execute(self, code: int, arguments: str) -> list[str]:
        """Carry out one command for somebody who is not at the server's end.

        code: int; arguments: str behind the first comma. Returns the messages of the answer as
        list of str, each with its code letter.
        """
        text = ("%d,%s" % (code, arguments)).encode()
        from ovms.services.protocol_commands import answer

        messages, wanted, bug = await answer(self, text, False, FROM_CABLE)
        self.status.request(wanted)
        if bug:
            raise bug
        return messages

    async def run(self) -> None:
        """Carry out queued commands for ever."""
        while True:
            self.due_s = _NEVER_S
            if self._current is not None or not self._queue:
                self._wake.clear()
                await self._wake.wait()
            else:
                self.due_s = self.status.uptime_s + _ALIVE_S
                # A coroutine of its own: what it used is free as soon as it is done.
                await self._carry_out(self._queue.pop(0))

    async def _carry_out(self, entry):
        self._current = entry
        messages = None
        try:
            from ovms.services.protocol_commands import answer

            messages, wanted, bug = await answer(self, entry[0], entry[1])
        finally:
            if messages is None:
                # Not even an answer, for want of RAM: the order is lost.
                self.status.request(requests.REQUEST_RECONNECT)
                self._finish()
        if entry is self._current:
            self._messages = messages
            self._requests = wanted
        else:
            # The connection was closed meanwhile.
            self.status.request(wanted)
        if bug:
            raise bug
