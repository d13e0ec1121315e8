"""The SMS user interface, as far as it is always in RAM.

What a text asks for, whether its sender may, and what to answer is loaded on demand, beginning
with `answering.py`. What users need to know of it is in `SMS.md`. Nothing of an incoming SMS is
logged: it may hold a password.
"""

import asyncio

from micropython import const

from ovms import parameters
from ovms.status import REQUEST_ROOM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from ovms.contracts import Clock, Config, SMSModem, Status, Store, Vehicle, VehicleState
    from ovms.services.commander import Commander
    from ovms.services.sms.callers import CallerRecord

# Who may use a command (module-behaviour 2.3).
BY_PASSWORD = const(1)
BY_OWNER = const(2)
BY_EITHER = const(3)
# Who was the owner until a day ago, see `owner_guard.py`.
BY_OLD_OWNER = const(4)

# An SMS takes no longer, nor does a part of its answer: three attempts of two minutes. The time in
# which there is no modem does not count; who waits for an SMS promises nothing.
_ALIVE_S = const(900)
_NEVER_S = const(1 << 29)
# Looks at whether the network is back, and a pause in which `ovms/guard.py` ends this run.
_LOOK_S = const(10)
# Pauses before an SMS is tried again for which there was no room in the heap.
_MEMORY_PAUSES_S = (1, 2, 4, 8, 16)


class SMSService:
    """config, state, status, clock: the module's. car: returns the current Vehicle.

    records: misbehaving callers, see `callers.py`. alert: sentence for the owner about one who was
    locked out, or "". rhythm: how the owner's SMS came, see `rhythm.py`.
    journal: Store of `journal.py`, None where no SMS lies in a store.

    current: (sender, text) that is worked on, None for none. attempts: how often that was begun,
    0 for not yet in this run of the task; done: what `execute` returned, or None; unsent: list of
    (number, part) of its answer, or None; sendings: how often there was no network to send one.
    """

    # None until the composition root has set them.
    commander: "Commander | Any"
    push: "Callable[[str, str], None] | Any"
    can_log: "Callable[..., Awaitable[Any]] | Any"
    records: "list[CallerRecord]"
    # Asked for in the work on an SMS alone.
    current: "tuple[str, str] | Any"
    done: "tuple[bool, str | None] | Any"
    unsent: list[tuple[str, str]] | None

    def __init__(
        self,
        config: "Config",
        state: "VehicleState",
        car: "Callable[[], Vehicle]",
        status: "Status",
        clock: "Clock",
        journal: "Store | None" = None,
    ) -> None:
        self.config = config
        self.state = state
        self.car = car
        self.status = status
        self.clock = clock
        # Set by the composition root: who carries out what a text asks of the car, and push(kind,
        # text) to the apps; what logs the CAN bus, see `can_logging.py`.
        self.commander = self.push = self.can_log = None
        self.records = []
        self.alert = ""
        self.rhythm = [0] * 5
        self.journal = journal
        self.current = self.done = self.unsent = None
        self.attempts = self.begun = self.sendings = 0
        # What tells this run of the module from others; the composition root sets it.
        self.run_id = 0
        # The uptime at which this task is heard of again, see `ovms/guard.py`.
        self.due_s = _NEVER_S

    async def run(self, modem: "SMSModem") -> None:
        """Answer what `modem.next_sms()` brings, for ever.

        None is dropped before it is answered: what does not get on for want of memory ends this
        run of the module, and the next one goes on with it (`journal.py`).
        """
        # After an error, which may be of this very SMS.
        self.begun = 0
        while True:
            if self.current is None:
                self.due_s = _NEVER_S
                self.current = await modem.next_sms()
                self.attempts = self.begun = self.sendings = 0
            self.stay_alive()
            is_over = None
            # Each on its own: while a command is carried out, and needs all the room there is,
            # nothing of the others is in RAM.
            if await self._patiently(self._begin, modem) and not self.done:
                self.status.is_answering = True
                self.done = await self._patiently(self.execute, *self.current)
                self.status.is_answering = False
            if self.done:
                is_over = await self._patiently(self._send, modem)
            if is_over:
                self.current = None
                continue
            if is_over is None:
                self.due_s = 0
            await asyncio.sleep(_LOOK_S)
            while is_over is False and not self.status.is_registered:
                self.stay_alive()
                await asyncio.sleep(_LOOK_S)

    def stay_alive(self) -> None:
        """The SMS in work gets on."""
        self.due_s = self.status.uptime_s + _ALIVE_S

    async def _patiently(self, function, *arguments):
        """What `function` returns; None when there was no room in the heap for a long time."""
        for pause_s in _MEMORY_PAUSES_S:
            try:
                # A coroutine of its own: what it used is free as soon as it is done.
                return await function(*arguments)
            except MemoryError:
                # Others use the heap as well, but not for long.
                self.status.count("sms_retries")
                self.status.request(REQUEST_ROOM)
                await asyncio.sleep(pause_s)
        return None

    def execute(
        self, caller: str, text: str, is_owner: bool = False, origin: int | None = None
    ) -> "Awaitable[tuple[bool, str | None]]":
        """Coroutine: carry out one SMS. Returns (whether it was done, reply). No input raises.

        caller: the number as delivered; text: str. is_owner: whether it is known already who
        asks. origin: FROM_..., None for who sends an SMS. The reply is "" for done without one,
        None for nothing to say.
        """
        from ovms.services.sms.answering import execute

        return execute(self, caller, text, is_owner, origin)

    def execute_as_owner(
        self, text: str, origin: int = parameters.FROM_SERVER
    ) -> "Awaitable[tuple[bool, str | None]]":
        """The same for somebody who is the owner, even before REGISTER."""
        return self.execute(self.config.get(parameters.PHONE), text, True, origin)

    def _begin(self, modem):
        from ovms.services.sms.work import begin

        return begin(self, modem)

    def _send(self, modem):
        from ovms.services.sms.work import send

        return send(self, modem)
