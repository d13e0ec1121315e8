"""The SMS user interface, as far as it is always in RAM.

What a text asks for, whether its sender may, and what to answer, is in overlays: `access.py`,
`sms_commands.py` and the modules its table names. Nothing of an incoming SMS is logged or passed
on, whatever it says: it may hold a password.
"""

import asyncio

from micropython import const

from ovms import config as names
from ovms import overlay

# Who may use a command (module-behaviour 2.3).
BY_PASSWORD = const(1)
BY_OWNER = const(2)
BY_EITHER = const(3)

_FEATURE_SUPPRESS = const(14)
_NO_ALERTS = const(0x08)

# Pauses before an SMS is tried again for which there was no room in the heap.
_MEMORY_PAUSES_S = (1, 2, 4, 8, 16)


class SMSService:
    """config, state, status, clock: the module's. car: returns the current Vehicle.

    records: misbehaving callers, see `access.py`. alert: sentence for the owner about one who was
    locked out, or "".
    """

    def __init__(self, config, state, car, status, clock):
        self.config = config
        self.state = state
        self.car = car
        self.status = status
        self.clock = clock
        self.records = []
        self.alert = ""

    async def run(self, modem):
        """Answer what `modem.next_sms()` brings, for ever."""
        while True:
            number, text = await modem.next_sms()
            for pause_s in _MEMORY_PAUSES_S:
                try:
                    # A coroutine of its own: what it used is free as soon as it is done.
                    await self._answer(modem, number, text)
                    break
                except MemoryError:
                    # Others use the heap as well, but not for long.
                    self.status.count("sms_retries")
                    await asyncio.sleep(pause_s)

    async def _answer(self, modem, number, text):
        await self._send(modem, number, await self.execute(number, text))
        alert = self.alert
        self.alert = ""
        if not self.config.feature(_FEATURE_SUPPRESS) & _NO_ALERTS:
            await self._send(modem, self.config.get(names.PHONE), alert)

    async def execute(self, caller, text):
        """Carry out one SMS. Returns the reply, "" for done without one, None for nothing done.

        caller: the number as delivered; text: str. No input raises.
        """
        return (await self._execute(caller, text, False))[1]

    async def execute_as_owner(self, text):
        """(whether it was done, reply) for somebody who is the owner, even before REGISTER."""
        return await self._execute(self.config.get(names.PHONE), text, True)

    async def _execute(self, caller, text, is_owner):
        job = overlay.call("ovms.services.access", "admitted", self, caller, text, is_owner)
        if not isinstance(job, tuple):
            return False, job
        module, function, arguments = job
        try:
            if module:
                return True, overlay.call(module, function, *arguments)
            reply = await getattr(self.car(), function)(*arguments)
            # A car separates lines by `\r` alone; an SMS wants `\n`.
            return True, reply and reply.replace("\r", "\n")
        except ValueError as error:
            return False, str(error)
        except OSError:
            self.status.count("settings_not_stored")
            return False, "The settings could not be stored."

    async def _send(self, modem, number, text):
        for part in overlay.call("ovms.services.sms_parts", "outgoing", self.config, number, text):
            if not await modem.send_sms(part[0], part[1]):
                self.status.count("sms_not_sent")
                return
