"""The WiFi station: joining a network, and TCP connections over it as byte streams."""

import asyncio

import network
from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import ByteStream

# A join takes 2 to 6 s; an access point that is out of reach is told of after some 2 s.
_JOIN_TIMEOUT_MS = const(20_000)
# The network interface tells nobody that it has joined.
_JOIN_POLL_MS = const(250)
# What `status()` has while a join is under way, and when the access point knows another key: its
# reasons are those of ESP-IDF (esp_wifi_types.h: 4WAY_HANDSHAKE_TIMEOUT, AUTH_FAIL,
# HANDSHAKE_TIMEOUT). MicroPython's `network_wlan.c` passes them on.
_CONNECTING = const(1001)
_OTHER_KEY = (15, 202, 204)


class Station:
    """The station interface; switched on by `join`. is_refused: whether the last join met an
    access point that knows another key.
    """

    def __init__(self) -> None:
        self._wlan: "network.WLAN | None" = None
        self.is_refused = False

    def is_joined(self) -> bool:
        return self._wlan is not None and self._wlan.isconnected()

    async def join(self, ssid: str, key: str) -> bool:
        """Join a network (str, key "" for an open one); returns whether it worked.

        Connects by name instead of scanning: a scan stops the whole module for two seconds.
        """
        self.is_refused = False
        wlan = self._wlan
        if wlan is None:
            wlan = self._wlan = network.WLAN(network.STA_IF)
        try:
            wlan.active(True)
            # Else it looks for ever for a network that was lost, on the road as well.
            wlan.config(reconnects=0)
            wlan.connect(ssid, key or None)
            for _ in range(_JOIN_TIMEOUT_MS // _JOIN_POLL_MS):
                if wlan.isconnected():
                    return True
                reason = wlan.status()
                if reason != _CONNECTING:
                    self.is_refused = reason in _OTHER_KEY
                    return False
                await asyncio.sleep_ms(_JOIN_POLL_MS)
        except OSError:
            # No memory, or the interface is not ready: out of reach as well.
            pass
        return False

    def off(self) -> None:
        """Leave the network, radio off."""
        if self._wlan is None:
            return
        try:
            self._wlan.disconnect()
        except OSError:
            # There was none.
            pass
        self._wlan.active(False)

    async def open_tcp(self, host: str, port: int) -> "ByteStream":
        """Connect to host:port; returns a byte stream. OSError when it cannot be had."""
        reader, writer = await asyncio.open_connection(host, port)
        return _TCPStream(reader, writer)


class _TCPStream:
    """asyncio's pair of streams as the byte stream of the house."""

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer

    async def readinto(self, view):
        data = await self._reader.read(len(view))
        view[: len(data)] = data
        return len(data)

    async def write(self, data):
        self._writer.write(data)
        await self._writer.drain()

    async def close(self):
        self._writer.close()
        await self._writer.wait_closed()
