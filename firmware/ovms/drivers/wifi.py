"""The WiFi station: joining a network, and TCP connections over it as byte streams."""

import asyncio

import network
from micropython import const

# A join takes 2 to 6 s; an access point that is out of reach answers nothing at all.
_JOIN_TIMEOUT_MS = const(20_000)
# The network interface tells nobody that it has joined.
_JOIN_POLL_MS = const(250)


class WiFi:
    """One station interface; it is switched on by the first `join`. ssid, key: str."""

    def __init__(self, ssid, key):
        self._ssid = ssid
        self._key = key
        self._station = network.WLAN(network.STA_IF)

    async def join(self):
        """Join the network unless that is done; returns whether it worked."""
        if not self._station.active():
            self._station.active(True)
        if self._station.isconnected():
            return True
        self._station.connect(self._ssid, self._key)
        for _ in range(_JOIN_TIMEOUT_MS // _JOIN_POLL_MS):
            if self._station.isconnected():
                return True
            await asyncio.sleep_ms(_JOIN_POLL_MS)
        self._station.disconnect()
        return False

    async def open_tcp(self, host, port):
        """Connect to host:port; returns a byte stream. OSError when it cannot be had."""
        if not await self.join():
            raise OSError("no WiFi network")
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
