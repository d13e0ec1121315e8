"""Keeps the module connected to its OVMS server: connects, logs in, pumps, notices, tries again.

A `Connection` has one reader and one writer task; it only watches itself, a few times a second,
and is the one place with limits. `server_backoff.py` closes it and says how long to wait. The
limits come from two budgets: logged in again within 5 minutes of any single fault, and 40 KB of
data per parked day.
"""

import asyncio

from micropython import const

from ovms.parameters import SERVER, SERVER_PASSWORD, VEHICLE_ID
from ovms.protocol.v2.session import NEED_DATA, WELCOMED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from ovms.contracts import (
        ByteStream,
        Clock,
        Config,
        LinkState,
        LinkWords,
        OpenStream,
        Outbox,
        Random,
        ServerSession,
        Sleep,
    )

# Limits, silence and much of what the outbox has are questions of time, and settings tell nobody
# that they were changed: so somebody looks. An answer that was not ready when its command was read
# waits as long.
_TICK_MS = const(250)
# A piece of the stream; most messages to a car are shorter than 100 bytes.
_READ_SIZE = const(256)
# Messages that are due together leave in one write, a full update (600 bytes) in two. Made once:
# late in a module's life no such piece of heap may be free. A longer line leaves alone.
_BURST_SIZE = const(512)

# GPRS attach, name look-up and a SIM800's TCP connect (75 s at worst), all in a row.
_OPEN_LIMIT_S = const(150)
# The server itself gives up after 30 s (server-and-clients 1.6).
_LOGIN_LIMIT_S = const(45)
# Where TLS is only tried: from the call of the server on, as its firewall may be silent; and the
# handshake, for which an ESP32 and a slow network take some 10 s.
_TRIAL_OPEN_S = const(15)
_TRIAL_LOGIN_S = const(30)
# A SIM800 answers a send within 60 s, or not at all.
_WRITE_LIMIT_S = const(75)
# Silence before we ask, and before we stop believing: 240 s leave a minute to log in again. At
# 20 bytes for ping and answer, 432 pings a day are 9 KB. The server asks every 930 s only.
_PING_AFTER_S = const(200)
_DEAD_AFTER_S = const(240)
# The answer to the command that changed something leaves through the old connection.
_CHANGE_GRACE_S = const(5)
# Of `server_way.py`: this connection is a trial.
_TRIAL = const(1)
# When it has to be heard of again at the latest, see `due_s`.
_ALIVE_S = const(600)
# So long it may take from then on; no app waits longer (server-and-clients 2.3).
_ANSWER_LIMIT_S = const(10)


class ServerLink:
    """One per module.

    open_stream(host, port, is_tls): coroutine, a byte stream or OSError; is_tls: False, True or
    TLS_UNCHECKED. session: protocol.v2 Session.
    outbox: services/conversation.py. config: only `get` and `revision` are used, and
    `apply` for provisioning. clock: only `uptime_s`. urandom(n) -> n random bytes. sleep_ms: for
    tests with a time of their own.
    """

    provision: "Callable[[ServerLink, Sleep], Awaitable[None]] | None"
    provision_due_s: int
    # None for the broker's, which has one way alone; what it holds: `server_way.py`.
    way: "list[Any] | Any"
    tls_ready: "Callable[[bool], int] | None"
    # Of the server's link the Status, which `server_way.py` and `provisioning.py` ask for more.
    status: "Any"

    def __init__(
        self,
        open_stream: "OpenStream",
        session: "ServerSession",
        outbox: "Outbox",
        config: "Config",
        status: "LinkState",
        clock: "Clock",
        urandom: "Random",
        sleep_ms: "Sleep" = asyncio.sleep_ms,
    ) -> None:
        self.open_stream = open_stream
        self.session = session
        self.outbox = outbox
        self.config = config
        self.status = status
        self.clock = clock
        self.urandom = urandom
        self.sleep_ms = sleep_ms
        # What a connection reads into, and what collects the messages that wait to leave together.
        self.received = memoryview(bytearray(_READ_SIZE))
        self.burst = memoryview(bytearray(_BURST_SIZE))
        # Attempts in a row that failed, and that the server refused: -1 once it let us in.
        self.failures = 0
        self.refusals = 0
        self.must_reconnect = False
        # The power governor wants no connection for now; there is none, and nobody makes one.
        self.is_resting = self.is_idle = False
        # The uptime at which a connection that lasts has to end for that.
        self.reconnect_s = 0
        # What `server_way.py` remembers; and what it asks for TLS, see `link_setup.py`: without it
        # TLS is used where it is asked for, and nowhere else.
        self.way = self.tls_ready = None
        # provision(link, sleep_ms): coroutine that asks the server for missing settings, due at
        # an uptime; the composition root connects it. See `provisioning.py`.
        self.provision = None
        self.provision_due_s = 0
        # The uptime (`Status`) at which this task is heard of again, see `ovms/guard.py`.
        self.due_s = _ALIVE_S

    def reconnect(self, grace_s: int = _CHANGE_GRACE_S) -> None:
        """Log in anew: in `grace_s` when connected, so that answers still leave, else now.

        The last call counts.
        """
        self.must_reconnect = True
        self.reconnect_s = self.clock.uptime_s() + grace_s

    def is_trial(self) -> bool:
        """Whether TLS is only tried, and there are other ways."""
        return self.way is not None and self.way[0] == _TRIAL

    async def run(self) -> None:
        """For ever; errors of the network and of the server are counted and tried again."""
        while True:
            self.is_idle = self.is_resting
            if self.is_idle:
                await self.pause()
                continue
            settings = self.settings()
            if not all(settings):
                is_due = self.must_reconnect or self.clock.uptime_s() >= self.provision_due_s
                if settings[0] and is_due and self.provision is not None:
                    self.must_reconnect = False
                    await self.provision(self, self.sleep_ms)
                else:
                    await self.pause()
                continue
            revision = self.config.revision
            self.must_reconnect = False
            # A coroutine of its own: what it used is free as soon as it is done.
            wait_s = await self._connect(settings)
            until_s = self.clock.uptime_s() + wait_s
            while self.clock.uptime_s() < until_s and not self.must_reconnect:
                if self.config.revision != revision:
                    self.failures = self.refusals = 0
                    break
                if self.is_resting:
                    break
                await self.pause()

    def pause(self) -> "Awaitable[None]":
        """Until the next look, as a coroutine: who looks is alive."""
        self.due_s = self.status.uptime_s + _ALIVE_S
        return self.sleep_ms(_TICK_MS)

    async def _connect(self, settings):
        """One connection, from its first byte to its close; seconds to wait for the next."""
        connection = Connection(self, settings)
        await connection.run()
        from ovms.links import server_backoff

        return server_backoff.delay_s(self, connection)

    def settings(self) -> "tuple[str, str, Any]":
        """(server, vehicle id, password)."""
        get = self.config.get
        return get(SERVER), get(VEHICLE_ID), get(SERVER_PASSWORD)

    # What another kind of server has otherwise: see `mqtt_link.py`.

    def address(self, text: str) -> tuple[str, int, int, str]:
        """(host, port, whether TLS, owner or "") of a server."""
        from ovms.links import server_way

        return server_way.choose(self, text)

    def note_way(self) -> None:
        """The server has let us in."""
        from ovms.links import server_way

        server_way.note(self)

    def words(self) -> "LinkWords":
        """The module that makes sentences of the ends of a connection."""
        from ovms.links import server_words

        return server_words


class Connection:
    """One connection of a ServerLink. settings: what it is made with, as of `ServerLink.settings`.

    end: "" while it lasts, then the name of the count that says why it ended. error: the exception
    that ended it, or None; then `server_backoff` knows more than `end`.
    stream: once it is open. running: tasks that have not ended yet.
    dialled_s (in a trial of TLS only), opened_s, welcomed_s, writing_s (since when a write waits),
    heard_s, polled_s: uptimes; None for what did not happen yet.
    """

    error: BaseException | None
    # Asked for when it is open.
    stream: "ByteStream | Any"
    opened_s: int | None
    welcomed_s: int | None
    writing_s: int | None
    _burst_codes: list[str]

    def __init__(self, link: "ServerLink", settings: "tuple[str, str, Any]") -> None:
        self.link = link
        self.settings = settings
        self.end = ""
        self.error = self.stream = None
        self.running = 0
        self.dialled_s = self.opened_s = self.welcomed_s = self.writing_s = None
        self.heard_s = self.polled_s = 0
        self._is_ping_due = self._is_ping_out = False
        self._wake = asyncio.Event()
        # Codes of the messages that wait to leave together.
        self._burst_codes = []

    async def run(self) -> None:
        """Until it is closed; `end` says why."""
        reader = asyncio.create_task(self._guarded(self._read()))
        writer = asyncio.create_task(self._guarded(self._write()))
        try:
            await self._watch()
        finally:
            reader.cancel()
            writer.cancel()
            await self._close()

    def _close(self):
        from ovms.links import server_backoff

        return server_backoff.close(self)

    async def _guarded(self, work):
        """Run a task of the connection; what ends it ends the connection."""
        self.running += 1
        try:
            await work
        except Exception as error:
            if not self.end:
                self.error = error
                self.end = "server_io_errors"
        finally:
            self.running -= 1

    async def _watch(self):
        """Return when the connection has to end; `end` says why."""
        link = self.link
        started_s = link.clock.uptime_s()
        revision = link.config.revision
        is_changed = False
        due_s = 0
        while not self.end:
            await link.pause()
            if self.end:
                return
            now_s = link.clock.uptime_s()
            if link.config.revision != revision:
                revision = link.config.revision
                is_changed = link.settings() != self.settings
                due_s = now_s + _CHANGE_GRACE_S
            if link.must_reconnect:
                due_s = link.reconnect_s
            if (is_changed or link.must_reconnect) and (
                self.welcomed_s is None
                or now_s >= due_s + _ANSWER_LIMIT_S
                or (now_s >= due_s and not link.outbox.is_answering())
            ):
                link.must_reconnect = True
                self.end = "server_changes"
            elif link.is_resting and not link.outbox.is_answering():
                self.end = "server_rests"
            elif self.opened_s is None:
                dialled_s = self.dialled_s
                if dialled_s is None and link.is_trial() and link.status.is_dialled:
                    self.dialled_s = now_s
                if now_s - started_s >= _OPEN_LIMIT_S or (
                    dialled_s is not None and now_s - dialled_s >= _TRIAL_OPEN_S
                ):
                    self.end = "server_open_timeouts"
            elif self.welcomed_s is None:
                limit_s = _TRIAL_LOGIN_S if link.is_trial() else _LOGIN_LIMIT_S
                if now_s - self.opened_s >= limit_s:
                    self.end = "server_login_timeouts"
            else:
                silence_s = now_s - self.heard_s
                if silence_s >= _DEAD_AFTER_S:
                    self.end = "server_silences"
                elif self.writing_s is not None and now_s - self.writing_s >= _WRITE_LIMIT_S:
                    self.end = "server_write_timeouts"
                elif silence_s < _PING_AFTER_S:
                    self._is_ping_out = False
                elif not self._is_ping_out:
                    self._is_ping_out = self._is_ping_due = True
                self._wake.set()

    async def _read(self):
        link = self.link
        session = link.session
        server, vehicle_id, password = self.settings
        host, port, is_tls, owner = link.address(server)
        # Others have their turn between two loads of code.
        await link.sleep_ms(0)
        # Whatever asked for another connection so far, as a WiFi that was joined: this one is it.
        link.must_reconnect = False
        self.stream = await link.open_stream(host, port, is_tls)
        self.opened_s = link.clock.uptime_s()
        session.reset()
        await self.stream.write(session.welcome(vehicle_id, password, owner))
        while True:
            n = await self.stream.readinto(link.received)
            if self.end:
                return
            if not n:
                is_refused = self.welcomed_s is None
                self.end = "bad_credentials" if is_refused else "server_closes"
                return
            self.heard_s = link.clock.uptime_s()
            session.receive(link.received, n)
            event = session.next_event()
            while event != NEED_DATA:
                if event == WELCOMED:
                    self.welcomed_s = self.polled_s = self.heard_s
                    link.refusals = -1
                    link.status.count("server_logins")
                    link.status.is_server_connected = True
                    link.note_way()
                    link.outbox.on_login()
                else:
                    link.outbox.on_message(session.code, session.payload)
                event = session.next_event()
            self._wake.set()

    async def _write(self):
        """Send what the outbox has, all of it in one write as far as it fits."""
        link = self.link
        session = link.session
        outbox = link.outbox
        codes = self._burst_codes
        burst = link.burst
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self.welcomed_s is None or self.end:
                continue
            if self._is_ping_due:
                self._is_ping_due = False
                await self._flush(session.send("A", b""))
            now_s = link.clock.uptime_s()
            message = outbox.poll((now_s - self.polled_s) * 1000)
            self.polled_s = now_s
            used = 0
            while message is not None and not self.end:
                line = session.send(message[0], message[1])
                size = len(line)
                if used and used + size > _BURST_SIZE:
                    await self._flush(burst[:used])
                    used = 0
                codes.append(message[0])
                if size > _BURST_SIZE:
                    await self._flush(line)
                else:
                    burst[used : used + size] = line
                    used += size
                # Each message is work, and may load code of its own.
                await link.sleep_ms(0)
                message = outbox.poll(0)
            if used:
                await self._flush(burst[:used])

    async def _flush(self, data):
        if self.end:
            return
        link = self.link
        self.writing_s = link.clock.uptime_s()
        await self.stream.write(data)
        self.writing_s = None
        for code in self._burst_codes:
            link.outbox.on_sent(code)
        self._burst_codes.clear()
