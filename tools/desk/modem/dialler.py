"""Opens the real TCP connections behind AT+CIPSTART, on asyncio.

Contract of a dialler: `connect(host, port, events)` returns a connection with `send(bytes)`,
`close()`, `abandon()` (stop talking without telling the peer), `pause()` and `resume()`; `events`
hears `on_connected(ip)` or `on_failed("dns" | "refused" | "unreachable")`, then `on_data(bytes)`
and `on_closed()`. `resolve(host, callback)` calls back with an IP address text or None.
"""

import asyncio
import ipaddress
import socket

_MAX_ABANDONED = 16


class Route:
    """`name` or `name:port` as the module dials it leads to `host`:`port`."""

    def __init__(self, name, name_port, host, port):
        self.name = name.lower()
        self.name_port = name_port
        self.host = host
        self.port = port


def parse_route(text):
    """A `Route` from `NAME[:PORT]=HOST:PORT`; ValueError with one sentence."""
    source, separator, target = text.partition("=")
    name, _, name_port = source.partition(":")
    host, target_separator, port = target.rpartition(":")
    if not (separator and target_separator and name and host):
        raise ValueError(f"Route {text!r} is not of the form NAME=HOST:PORT.")
    return Route(name, _port(name_port) if name_port else None, host, _port(port))


def _port(text):
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= 65535:
        raise ValueError(f"{text!r} is not a TCP port.")
    return int(text)


class AsyncioDialler:
    """Dials by `routes`, else by the host's name service; other machines only if allowed."""

    def __init__(self, routes=(), allow_network=False, on_refused=None):
        self._routes = list(routes)
        self._allow_network = allow_network
        self._on_refused = on_refused
        self._tasks = set()
        self._abandoned = []
        self._connections = set()

    def add_route(self, route):
        self._routes.append(route)

    def connect(self, host, port, events):
        connection = _Connection(self, events)
        self._connections.add(connection)
        self._spawn(self._dial(host, port, connection))
        return connection

    def resolve(self, host, callback):
        self._spawn(self._answer(host, callback))

    def stop(self):
        """Close every connection, abandoned ones too, and end the dialling."""
        for task in self._tasks:
            task.cancel()
        for connection in list(self._connections):
            connection.close()

    def forget(self, connection):
        self._connections.discard(connection)

    def keep_abandoned(self, connection):
        """A bounded number of silent connections stays open, as in a real network."""
        self._abandoned.append(connection)
        if len(self._abandoned) > _MAX_ABANDONED:
            self._abandoned.pop(0).close()

    def _spawn(self, work):
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _routed(self, host, port):
        for route in self._routes:
            if route.name == host.lower() and route.name_port in (None, port):
                return route
        return None

    async def _addresses(self, host, port):
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [entry[4][0] for entry in found]

    async def _dial(self, host, port, connection):
        route = self._routed(host, port)
        try:
            target = (route.host, route.port) if route else (host, port)
            addresses = await self._addresses(*target)
        except (OSError, UnicodeError):
            connection.failed("dns")
            return
        address = addresses[0]
        is_local = ipaddress.ip_address(address).is_loopback
        if route is None and not is_local and not self._allow_network:
            if self._on_refused is not None:
                self._on_refused(host, port)
            connection.failed("unreachable")
            return
        try:
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: connection, address, target[1])
        except ConnectionRefusedError:
            connection.failed("refused")
        except OSError:
            connection.failed("unreachable")

    async def _answer(self, host, callback):
        route = self._routed(host, None)
        try:
            addresses = await self._addresses(route.host if route else host, 0)
        except (OSError, UnicodeError):
            callback(None)
            return
        callback(addresses[0])


class _Connection(asyncio.Protocol):
    def __init__(self, dialler, events):
        self._dialler = dialler
        self._events = events
        self._transport = None
        self._is_ended = False
        self._is_paused = False

    def failed(self, reason):
        self._dialler.forget(self)
        if self._events is not None:
            self._events.on_failed(reason)

    # ---- asyncio.Protocol ----

    def connection_made(self, transport):
        self._transport = transport
        if self._is_ended:
            transport.abort()
            return
        if self._events is not None:
            self._events.on_connected(transport.get_extra_info("peername")[0])

    def data_received(self, data):
        if self._events is not None:
            self._events.on_data(data)

    def connection_lost(self, exc):
        self._dialler.forget(self)
        if self._events is not None and not self._is_ended:
            self._events.on_closed()

    # ---- the modem's side ----

    def send(self, data):
        if self._transport is not None:
            self._transport.write(data)

    def close(self):
        self._events = None
        self._is_ended = True
        if self._transport is not None:
            self._transport.close()

    def abandon(self):
        self._events = None
        self._dialler.keep_abandoned(self)

    def pause(self):
        self._set_paused(True)

    def resume(self):
        self._set_paused(False)

    def _set_paused(self, is_paused):
        if self._transport is None or is_paused == self._is_paused or self._transport.is_closing():
            return
        self._is_paused = is_paused
        if is_paused:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()
