"""Keeps the module connected to its OVMS server: connects, logs in, pumps, notices, tries again.

One reader and one writer task per connection; `run` itself only watches, a few times a second,
and is the one place with limits and retries; `server_end.py` closes and says how long to wait.
The limits come from two budgets: logged in again
within 5 minutes of any single fault, and 40 KB of data per parked day.
"""

import asyncio

from micropython import const

from ovms.parameters import SERVER, SERVER_PASSWORD, VEHICLE_ID
from ovms.protocol.v2.session import NEED_DATA, WELCOMED

# Numbers of the parameters that this link lives by.

# So long an answer may wait that was not ready when its command was read.
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
# A SIM800 answers a send within 60 s, or not at all.
_WRITE_LIMIT_S = const(75)
# Silence before we ask, and before we stop believing: 240 s leave a minute to log in again. At
# 20 bytes for ping and answer, 432 pings a day are 9 KB. The server asks every 930 s only.
_PING_AFTER_S = const(200)
_DEAD_AFTER_S = const(240)
# The answer to the command that changed something leaves through the old connection.
_CHANGE_GRACE_S = const(5)


class ServerLink:
    """One per module.

    open_stream(host, port, is_tls): coroutine, a byte stream or OSError. session: protocol.v2
    Session.
    outbox: services/conversation.py. config: only `get` and `revision` are used, and
    `apply` for provisioning. clock: only `uptime_s`. urandom(n) -> n random bytes. sleep_ms: for
    tests with a time of their own.
    """

    def __init__(
        self,
        open_stream,
        session,
        outbox,
        config,
        status,
        clock,
        urandom,
        sleep_ms=asyncio.sleep_ms,
    ):
        self.open_stream = open_stream
        self.session = session
        self.outbox = outbox
        self.config = config
        self.status = status
        self.clock = clock
        self.urandom = urandom
        self.sleep_ms = sleep_ms
        self._wake = asyncio.Event()
        self._received = memoryview(bytearray(_READ_SIZE))
        # Codes of the messages that wait to leave together.
        self._burst = memoryview(bytearray(_BURST_SIZE))
        self.burst_codes = []
        # Attempts in a row that failed, and that the server refused: -1 once it let us in.
        self.failures = 0
        self.refusals = 0
        self.must_reconnect = False
        # provision(link, sleep_ms): coroutine that asks the server for missing settings, due at
        # an uptime; the composition root connects it. See `provisioning.py`.
        self.provision = None
        self.provision_due_s = 0
        # Tasks of the connection that have not ended yet.
        self.running = 0
        self._forget()

    def reconnect(self):
        """Log in anew: in a few seconds when connected, so that answers still leave, else now."""
        self.must_reconnect = True

    async def run(self):
        """For ever; errors of the network and of the server are counted and tried again."""
        while True:
            settings = self._settings()
            if not all(settings):
                is_due = self.must_reconnect or self.clock.uptime_s() >= self.provision_due_s
                if settings[0] and is_due and self.provision is not None:
                    self.must_reconnect = False
                    await self.provision(self, self.sleep_ms)
                else:
                    await self.sleep_ms(_TICK_MS)
                continue
            revision = self.config.revision
            self.must_reconnect = False
            self._forget()
            # A coroutine of its own: what it used is free as soon as it is done.
            await self._connect(settings)
            until_s = self.clock.uptime_s() + self._delay_s()
            while self.clock.uptime_s() < until_s and not self.must_reconnect:
                if self.config.revision != revision:
                    self.failures = self.refusals = 0
                    break
                await self.sleep_ms(_TICK_MS)

    async def _connect(self, settings):
        """One connection, from its first byte to its close."""
        reader = asyncio.create_task(self._guarded(self._read(settings)))
        writer = asyncio.create_task(self._guarded(self._write()))
        try:
            await self._watch(settings)
        finally:
            reader.cancel()
            writer.cancel()
            await self._close()

    def _forget(self):
        from ovms.links import server_end

        server_end.forget(self)

    def _close(self):
        from ovms.links import server_end

        return server_end.close(self)

    def _delay_s(self):
        from ovms.links import server_end

        return server_end.delay_s(self)

    def _settings(self):
        """(server, vehicle id, password)."""
        get = self.config.get
        return get(SERVER), get(VEHICLE_ID), get(SERVER_PASSWORD)

    async def _watch(self, settings):
        """Return when the connection has to end; `end` says why."""
        started_s = self.clock.uptime_s()
        revision = self.config.revision
        is_changed = False
        wanted_s = None
        while self.end is None:
            await self.sleep_ms(_TICK_MS)
            if self.end is not None:
                return
            now_s = self.clock.uptime_s()
            if self.config.revision != revision:
                revision = self.config.revision
                is_changed = self._settings() != settings
            if not (is_changed or self.must_reconnect):
                wanted_s = None
            elif wanted_s is None:
                wanted_s = now_s
            if wanted_s is not None and (
                self.welcomed_s is None or now_s - wanted_s >= _CHANGE_GRACE_S
            ):
                self.must_reconnect = True
                self.end = "server_changes"
            elif self.opened_s is None:
                if now_s - started_s >= _OPEN_LIMIT_S:
                    self.end = "server_open_timeouts"
            elif self.welcomed_s is None:
                if now_s - self.opened_s >= _LOGIN_LIMIT_S:
                    self.end = "server_login_timeouts"
            else:
                silence_s = now_s - self.heard_s
                if silence_s >= _DEAD_AFTER_S:
                    self.end = "server_silences"
                elif self.writing_s is not None and now_s - self.writing_s >= _WRITE_LIMIT_S:
                    self.end = "server_write_timeouts"
                elif silence_s < _PING_AFTER_S:
                    self.is_ping_out = False
                elif not self.is_ping_out:
                    self.is_ping_out = self.is_ping_due = True
                self._wake.set()

    async def _guarded(self, work):
        """Run a task of the connection; what ends it ends the connection."""
        self.running += 1
        try:
            await work
        except Exception as error:
            if self.end is None:
                self.end = error
        finally:
            self.running -= 1

    async def _read(self, settings):
        session = self.session
        host, port, is_tls, owner = self._address(settings[0])
        self.stream = await self.open_stream(host, port, is_tls)
        self.opened_s = self.clock.uptime_s()
        session.reset()
        await self.stream.write(session.welcome(settings[1], settings[2], owner))
        while True:
            n = await self.stream.readinto(self._received)
            if self.end is not None:
                return
            if not n:
                is_refused = self.welcomed_s is None
                self.end = "bad_credentials" if is_refused else "server_closes"
                return
            self.heard_s = self.clock.uptime_s()
            session.receive(self._received, n)
            event = session.next_event()
            while event != NEED_DATA:
                if event == WELCOMED:
                    self.welcomed_s = self.polled_s = self.heard_s
                    self.refusals = -1
                    self.status.count("server_logins")
                    self.status.is_server_connected = True
                    self.outbox.on_login()
                else:
                    self.outbox.on_message(session.code, session.payload)
                event = session.next_event()
            self._wake.set()

    def _address(self, text):
        from ovms.protocol.v2 import address

        return address.parse(text)

    async def _write(self):
        """Send what the outbox has, all of it in one write as far as it fits."""
        outbox = self.outbox
        codes = self.burst_codes
        burst = self._burst
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self.welcomed_s is None or self.end is not None:
                continue
            if self.is_ping_due:
                self.is_ping_due = False
                await self._flush(self.session.send("A", b""))
            now_s = self.clock.uptime_s()
            message = outbox.poll((now_s - self.polled_s) * 1000)
            self.polled_s = now_s
            used = 0
            while message is not None and self.end is None:
                line = self.session.send(message[0], message[1])
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
                message = outbox.poll(0)
            if used:
                await self._flush(burst[:used])

    async def _flush(self, data):
        if self.end is not None:
            return
        self.writing_s = self.clock.uptime_s()
        await self.stream.write(data)
        self.writing_s = None
        for code in self.burst_codes:
            self.outbox.on_sent(code)
        self.burst_codes.clear()
