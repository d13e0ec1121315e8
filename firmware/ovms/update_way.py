"""The way an update comes: by WiFi beside the server, or by the modem's one connection.

Over GPRS the rule is: while a piece is fetched, server and broker are held off; before the next
one they have a turn, until all is said or for a minute and a half. Loaded on demand.
"""

import asyncio

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.app import App
    from ovms.contracts import ByteStream
    from ovms.update_setup import Update

_TICK_MS = const(250)
# A connection that logs in or asks for its settings ends by then (`links/provisioning.py`).
_HOLD_S = const(180)
_TURN_S = const(90)
# After a login: what the server asks at once.
_SAID_S = const(10)
_CLOSE_LIMIT_MS = const(15_000)


class Way:
    """One per attempt. is_metered: by the modem."""

    def __init__(self, app: "App") -> None:
        self._app = app
        self._is_turn_due = False
        self.is_metered = False

    def is_open(self, update: "Update") -> bool:
        """Whether an attempt can be made now; sets `update.is_waiting` and `is_metered`."""
        app = self._app
        wifi = app.status.wifi
        if wifi is not None and wifi.is_usable():
            update.is_waiting = False
            return True
        # Without leave for GPRS only the manifest comes by it, once.
        update.is_waiting = app.modem.port is None or (update.is_told and not update.may_gprs)
        self.is_metered = True
        return not update.is_waiting and app.status.is_registered

    async def open(self, host: str, port: int, is_tls: bool) -> "ByteStream":
        """A byte stream; OSError when it cannot be had."""
        if self._app.status.is_car_on:
            raise OSError("The car is driven: the update waits.")
        is_held = False
        try:
            if self.is_metered:
                await self._take_turn()
                is_held = True
                await self._hold()
            if is_tls:
                from ovms.drivers import tls_setup

                utc_s = self._app.clock.utc_s()
                return await tls_setup.open_stream(self._plain, host, port, utc_s)
            return await self._plain(host, port)
        except BaseException:
            if is_held:
                self._release()
            raise

    async def close(self, stream: "ByteStream") -> None:
        try:
            await asyncio.wait_for_ms(stream.close(), _CLOSE_LIMIT_MS)
        except (OSError, asyncio.TimeoutError):
            self._app.status.count("server_close_failures")
        finally:
            if self.is_metered:
                self._release()

    async def _plain(self, host, port):
        app = self._app
        if self.is_metered:
            return await app.modem.open_tcp(host, port)
        wifi = app.status.wifi
        if wifi is None or not wifi.is_usable():
            raise OSError("There is no WiFi any more.")
        return await wifi.open_tcp(host, port)

    def _links(self):
        broker = self._app.status.mqtt
        links = [self._app.server]
        return links if broker is None or broker.link is None else links + [broker.link]

    async def _hold(self):
        """Until nobody else has a connection by the modem."""
        for _ in range(_HOLD_S * 1000 // _TICK_MS):
            links = self._links()
            for link in links:
                link.is_resting = True
            if all([link.is_idle for link in links]):
                return
            await asyncio.sleep_ms(_TICK_MS)
        raise OSError("The server's connection does not end.")

    def _release(self):
        self._is_turn_due = True
        for link in self._links():
            link.is_resting = False

    async def _take_turn(self):
        """Let the server be told, and say, what there is."""
        if not self._is_turn_due or not all(self._app.server.settings()):
            return
        status = self._app.status
        said_s = 0
        end_s = status.uptime_s + _TURN_S
        while status.uptime_s < end_s and said_s < _SAID_S:
            now_s = status.uptime_s
            await asyncio.sleep_ms(_TICK_MS)
            is_busy = self._app.commander.is_busy() or self._app.notifier.ip
            is_said = status.is_server_connected and not is_busy
            said_s = said_s + status.uptime_s - now_s if is_said else 0
