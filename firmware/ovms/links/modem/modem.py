"""The modem as the rest of the firmware sees it: from the first `AT` to SMS, TCP and the time.

One task (`run`) brings the modem up and keeps it up: it does what URCs ask for, and a poll a
minute. The code for all it does is loaded when it is needed, and gets the Modem handed in:
`steps.py` (what comes after what), `recovery.py` (the ladder), `sim.py`, `network.py`, `watch.py`
(poll), `urcs.py`, `inbox.py`, `outbox.py`, `sms_settings.py` and `terminal.py`. These speak what
every 3GPP modem does. What only a SIM800 says or wants, a profile that another modem would bring
of its own, is the folder `sim800/`. Source: hardware facts 4.1 to 4.8; what users see of it in
module-behaviour 3.
"""

import asyncio

from micropython import const

from ovms.links.modem.at_port import ATPort
from ovms.parameters import AT_OWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from ovms.contracts import (
        ByteStream,
        Config,
        Find,
        ModemPower,
        ModemProfile,
        Place,
        Status,
        Timer,
    )
    from ovms.links.modem.long_sms import LongSMS

# Steps of the ladder that may help a modem, from the lowest: see `recovery.py`.
SET_UP = const(1)
RESTART = const(2)

# When its task has to be heard of again at the latest. With a poll a minute: commands may take two
# minutes each, and more while the module has much else to do.
ALIVE_S = const(900)
_TCP_FAILURES = const(6)
_POLL_MS = const(60000)


class Modem:
    """profile: class of what is special about this modem, such as `sim800/profile.py`. uart: byte
    stream, with `set_baudrate(rate)` where the rate can change. power: ModemPower or None. config:
    `get(n)` of the parameters. on_time(utc_s) is called with the network's time. clock: has
    `sleep_ms` and `wait_for_ms` as asyncio does.

    For the code of this folder. fault, fault_step: why and how it must be brought up again, see
    `restart`; None for no fault. is_pausing: it waits before that, slept_s, how long the ESP32
    slept of it. due_s: see `ovms/guard.py`. failures: starts in a row that led nowhere. polls: how
    many in a row found a network, negative: found none. is_found: a network was announced.
    has_answered: the modem, ever. was_call_ready: since its start. echoes: of the port when the
    settings were made, None where the modem insists on echoing. is_marked: it said what it forgets
    when it starts anew, see `watch.py`. tcp_limit: failed connections that
    are too many. has_news, is_poll_due: something waits for `watch.py`; is_ringing; is_sms_ready:
    it forgot its SMS settings; time_line, ussd_line: what it said of them, or None.

    SMS. queue: (sender, text, find, ...) of what arrived, with a find for each place of a store
    where it still lies: (store, index, CRC-32). taken: finds of the message that is worked on.
    kept: all finds that were read and lie there. spent: those to be deleted. long_sms: LongSMSs of
    which parts are missing.
    announced: places in the modem's stores, see `sms_store.py`. stores: names of those that are
    known, the usual one first; store: from which it reads. unread: (store, index) that could not
    be read. lost_sms: how many it counts and does not find.
    is_sms_due: its stores must be searched. charset: what it uses, None when not known;
    plain_charset: for texts in ASCII, None when it takes no SMS settings; has_ucs2: it knows that
    one.
    """

    queue: "list[tuple[Any, ...]]"
    taken: "tuple[Find, ...]"
    kept: "list[Find]"
    spent: "list[Find]"
    long_sms: "list[LongSMS]"
    announced: "list[Place]"
    stores: list[bytes]
    store: bytes | None
    unread: list[tuple[bytes, int]]
    charset: bytes | None
    plain_charset: bytes | None
    fault: str | None
    echoes: int | None
    time_line: bytes | None
    ussd_line: tuple[bytes | None, bytes] | None

    def __init__(
        self,
        profile: "type[ModemProfile]",
        uart: "ByteStream",
        power: "ModemPower | None",
        status: "Status",
        config: "Config",
        on_time: "Callable[[int], Any] | None" = None,
        clock: "Timer" = asyncio,
    ) -> None:
        self.status = status
        self.config = config
        self.power = power
        self.on_time = on_time
        self.port = ATPort(profile, uart, status, self._on_urc, clock)
        self.port.digester.said = {}
        self.profile = profile(self.port, status, config)
        self.sms_lock = asyncio.Lock()
        self.queue = []
        self.announced = []
        self.tcp_limit = _TCP_FAILURES
        self.failures = self.polls = self.fault_step = self.slept_s = 0
        self.is_pausing = False
        self.is_found = self.has_answered = self.was_call_ready = False
        self.is_poll_due = self.has_news = self.is_ringing = self.is_sms_ready = False
        self.is_sms_due = self.has_ucs2 = self.is_marked = False
        self.fault = self.echoes = self.time_line = self.ussd_line = None
        self.charset = self.plain_charset = self.store = None
        self.taken = ()
        self.kept = []
        self.spent = []
        self.long_sms = []
        self.stores = []
        self.unread = []
        self.lost_sms = 0
        self.due_s = ALIVE_S

    async def run(self) -> None:
        """Bring the modem up and keep it up, for ever."""
        reader = asyncio.create_task(self.port.read_forever())
        try:
            while True:
                try:
                    await self._steps().bring_up(self)
                    await self._serve()
                except OSError:
                    await self._steps().recover(self)
        finally:
            self.port.is_up = False
            reader.cancel()

    def open_tcp(self, host: str, port: int) -> "Awaitable[ByteStream]":
        """A connected byte stream over GPRS; OSError when it cannot be had. One at a time.

        Like most of the following calls it returns a coroutine.
        """
        return self.profile.details().open_tcp(host, port)

    def send_sms(self, number: str, text: str) -> "Awaitable[bool | None]":
        """Whether `text` was sent: one SMS of at most 160 characters, 70 for a text beyond GSM.

        A longer text goes in several messages. None, which is false, too, when it may have been.
        """
        from ovms.links.modem.outbox import send_sms

        return send_sms(self, number, text)

    async def next_sms(self) -> tuple[str, str]:
        """Wait for a message: (sender, text), both str. It comes when it can be answered.

        sender: a number, or what is none, see `protocol/phone.py`. It stays in the modem's store
        until the next one is asked for.
        """
        news = self.port.news
        if self.taken:
            self.spent += self.taken
            self.taken = ()
            self.is_sms_due = True
            news.set()
        while not (self.queue and self.port.is_up):
            news.clear()
            await news.wait()
        # The store may hold the next one.
        news.set()
        message = self.queue.pop(0)
        self.taken = message[2:]
        return message[:2]

    def command(self, at_command: str, level: int = AT_OWN) -> "Awaitable[str]":
        """What the modem answers to a user's AT line, lines separated by `\\n`.

        level: AT_..., what it may be. ValueError for a line that it may not, or that the driver
        keeps for itself, OSError when there is no answer.
        """
        from ovms.links.modem.terminal import command

        return command(self, at_command, level)

    def ussd(self, code: str) -> "Awaitable[str]":
        """The network's answer to a USSD code such as `*100#`. OSError when there is none."""
        from ovms.links.modem.terminal import ussd

        return ussd(self, code)

    def restart(self, counter: str = "modem_asked", step: int = RESTART) -> None:
        """Bring the modem up again soon, by `step` of the recovery ladder at the least.

        counter: what tells why.
        """
        self.fault = counter
        self.fault_step = step
        self.port.news.set()

    def check(self) -> None:
        """Raise OSError when the modem must be brought up again."""
        if self.fault:
            raise OSError(self.fault)

    def _steps(self):
        """What `run` does step by step, see `steps.py`."""
        from ovms.links.modem import steps

        return steps

    async def _serve(self):
        news = self.port.news
        reminder = asyncio.create_task(self._remind())
        try:
            while True:
                # Each of these loads code: others have their turn between two.
                await self.port.clock.sleep_ms(0)
                self.check()
                is_poll_due = self.is_poll_due
                is_sms_due = self.plain_charset and (self.announced or self.is_sms_due)
                # A poll comes before any SMS: its answer may be what is seen here. Not while one
                # is sent: it would only wait, and take room meanwhile.
                if is_sms_due and not (is_poll_due or self.queue or self.sms_lock.locked()):
                    await self._steps().fetch_sms(self)
                elif self.has_news or is_poll_due:
                    self.is_poll_due = False
                    await self._steps().poll(self, is_poll_due)
                else:
                    news.clear()
                    await news.wait()
        finally:
            reminder.cancel()

    async def _remind(self):
        """A poll is due now and every minute."""
        while True:
            self.is_poll_due = True
            self.port.news.set()
            await self.port.clock.sleep_ms(_POLL_MS)

    def _on_urc(self, line, text):
        """Called by the reader for every unsolicited line; must not wait and must not raise."""
        self.port.news.set()
        if line.startswith(self.profile.announced):
            self.profile.has_data = True
            return
        try:
            from ovms.links.modem.urcs import hear

            hear(self, line, text)
        except MemoryError:
            # What was missed is found by the next poll.
            self.status.count("urc_missed")
