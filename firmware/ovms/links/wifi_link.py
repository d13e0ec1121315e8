"""Joins one of the WiFi networks while the car stands, and tells the links when it comes and goes.

It exists only while a network is set.
"""

import asyncio

from micropython import const

from ovms.parameters import FIRST_WIFI, LAST_WIFI

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from ovms.contracts import ByteStream, Clock, Config, Sleep, Station, Status

# How often it is looked whether the network is still there.
_TICK_MS = const(1000)
# A car that has come to a stop looks at once, then with pauses that double: a look takes some 5 s
# at 100 mA, so an hour of a parked day costs 0.3 mAh. Without a modem there is no other way.
_FIRST_PAUSE_S = const(60)
_LONGEST_PAUSE_S = const(1800)
_LONGEST_ONLY_S = const(120)
# Longer than a module runs.
_NEVER_S = const(1 << 29)
# A network that was held for less is at the edge of its reach.
_STABLE_S = const(600)
# A network through which no server has answered for so long leads nowhere; then GPRS has its turn
# for a while that doubles.
_MUTE_S = const(180)
_FIRST_REST_S = const(600)
_LONGEST_REST_S = const(21_600)


class WiFiLink:
    """station: drivers/wifi.py:Station. on_change(): called when the links should connect anew.
    is_only: there is no modem. clock: only `uptime_s`. sleep_ms: for tests.

    ssid: of the network that is joined, else "". refused: of one that knows another key, else "".
    is_looking: no look has ended since the settings changed. task: what runs it; the composition
    root sets it.
    """

    task: "asyncio.Task[Any] | None"

    def __init__(
        self,
        station: "Station",
        config: "Config",
        status: "Status",
        clock: "Clock",
        on_change: "Callable[[], None]",
        is_only: bool,
        sleep_ms: "Sleep" = asyncio.sleep_ms,
    ) -> None:
        self._station = station
        self._config = config
        self._status = status
        self._uptime_s = clock.uptime_s
        self._on_change = on_change
        self.is_only = is_only
        self._sleep_ms = sleep_ms
        self.ssid = self.refused = self._key = ""
        self.is_looking = True
        self.task = None
        # Uptimes of the next look, the join, the last life of a server, and the end of a rest.
        self._due_s = self._joined_s = self._served_s = self._rest_end_s = 0
        self._pause_s = _FIRST_PAUSE_S
        self._rest_s = _FIRST_REST_S

    def is_usable(self) -> bool:
        """Whether a connection should go this way."""
        return self.ssid != "" and not self._rest_end_s

    def open_tcp(self, host: str, port: int) -> "Awaitable[ByteStream]":
        """As of the station, a coroutine."""
        return self._station.open_tcp(host, port)

    def on_settings(self) -> None:
        """Other networks, or the same: they are looked for soon, and not given up for that."""
        self.is_looking = not self.ssid
        self._due_s = 0
        self._pause_s = _FIRST_PAUSE_S

    def close(self) -> None:
        """There is no network any more."""
        self._lose()

    def rest(self) -> None:
        """The ESP32 goes to sleep: radio off, and nothing is looked for before `on_settings`."""
        if self.ssid:
            self._lose()
        self._due_s = _NEVER_S

    async def run(self) -> None:
        """For ever."""
        while True:
            if self.ssid:
                self._watch()
            elif self._is_due():
                await self._look()
            await self._sleep_ms(_TICK_MS)

    def _networks(self):
        get = self._config.get
        return [(get(n), get(n + 1)) for n in range(FIRST_WIFI, LAST_WIFI, 2) if get(n)]

    def _is_driving(self):
        return self._status.is_car_on and not self.is_only

    def _is_due(self):
        if self._is_driving():
            # Not on the road; behind it at once.
            self._due_s = 0
            self._pause_s = _FIRST_PAUSE_S
            return False
        return self._uptime_s() >= self._due_s

    async def _look(self):
        refused = ""
        for name, key in self._networks():
            if self._is_driving():
                break
            if await self._station.join(name, key):
                self.ssid = name
                self._key = key
                self._joined_s = self._served_s = self._uptime_s()
                self._rest_end_s = 0
                self._status.count("wifi_joins")
                self._on_change()
                break
            if self._station.is_refused:
                refused = name
        if not self.ssid:
            self._station.off()
        self.refused = refused if not self.ssid else ""
        self.is_looking = False
        self._due_s = self._uptime_s() + self._pause_s
        longest_s = _LONGEST_ONLY_S if self.is_only else _LONGEST_PAUSE_S
        self._pause_s = min(2 * self._pause_s, longest_s)

    def _watch(self):
        now_s = self._uptime_s()
        if not self._station.is_joined() or (self.ssid, self._key) not in self._networks():
            if now_s - self._joined_s >= _STABLE_S:
                self._due_s = 0
                self._pause_s = _FIRST_PAUSE_S
            self._status.count("wifi_losses")
            self._lose()
        elif self._rest_end_s:
            if now_s >= self._rest_end_s:
                self._rest_end_s = 0
                self._served_s = now_s
                self._on_change()
        elif self._status.is_server_connected or self._status.link_name != "WiFi":
            if self._status.is_server_connected and self._status.link_name == "WiFi":
                self._rest_s = _FIRST_REST_S
            self._served_s = now_s
        elif now_s - self._served_s >= _MUTE_S and not self.is_only:
            self._rest_end_s = now_s + self._rest_s
            self._rest_s = min(2 * self._rest_s, _LONGEST_REST_S)
            self._status.count("wifi_rests")
            self._leave()

    def _lose(self):
        self.ssid = self._key = ""
        self._rest_end_s = 0
        self._station.off()
        self._leave()

    def _leave(self):
        """Connections over WiFi are over."""
        if self._status.link_name == "WiFi":
            self._status.link_name = ""
        self._on_change()
