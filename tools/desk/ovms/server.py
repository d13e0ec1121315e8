"""The desk OVMS server: sockets around the relaying core.

    server = OvmsServer(["TESTCAR:TESTPASS"], on_event=print)
    await server.start()          # server.port, server.http_port are the real ports now
    ...
    await server.stop()

Everything runs on one event loop. The clock (`utc_s`) may be injected; then a test calls `tick()`
itself after moving it.
"""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterable

from aiohttp import web

from tools.desk.ovms import wire
from tools.desk.ovms.context import VERSION, Context, Quirks, Timers
from tools.desk.ovms.events import Event
from tools.desk.ovms.hub import VehicleCounters
from tools.desk.ovms.peers import Peer, Transport
from tools.desk.ovms.provision import Provisioning
from tools.desk.ovms.relay import Relay
from tools.desk.ovms.rest import RestApi
from tools.desk.ovms.store import Store, StoredMessage
from tools.desk.ovms.vehicles import ProvisionRecord, VehicleRecord, Vehicles

# The stock server takes lines of any length; a bound keeps a broken module from filling memory.
LINE_BYTES = 1 << 20
_TICK_S = 1.0
_KEEPALIVE = (("TCP_KEEPIDLE", 240), ("TCP_KEEPINTVL", 240), ("TCP_KEEPCNT", 9))


class OvmsServer:
    """One server over one store.

    vehicles: VehicleRecord objects or "ID:PASSWORD[:OWNERPASS]" texts. Ports: 0 picks a free one,
    None leaves that listener out; `tls_port` and `https_port` need `ssl_context`. `new_token` and
    `utc_s` are injectable for tests. ValueError for bad records, OSError for an unusable store.
    """

    def __init__(
        self,
        vehicles: Iterable[VehicleRecord | str],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        http_port: int | None = 0,
        tls_port: int | None = None,
        https_port: int | None = None,
        ssl_context: ssl.SSLContext | None = None,
        db: str = ":memory:",
        provisioning: Iterable[ProvisionRecord] = (),
        timers: Timers | None = None,
        quirks: Quirks | None = None,
        version: str = VERSION,
        utc_s: Callable[[], float] = time.time,
        new_token: Callable[[], str] = wire.new_token,
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.http_port = http_port
        self.tls_port = tls_port
        self.https_port = https_port
        self._ssl_context = ssl_context
        records = Vehicles(vehicles)
        self._context = Context(
            records,
            Store(db),
            utc_s,
            new_token,
            on_event or (lambda event: None),
            timers or Timers(),
            quirks or Quirks(),
            version,
        )
        self._relay = Relay(self._context, Provisioning(provisioning, new_token))
        self._rest = RestApi(self._context, self._relay)
        self._listeners: list[asyncio.Server] = []
        self._runner: web.AppRunner | None = None
        self._ticker: asyncio.Task | None = None
        self._connections: set[asyncio.Task] = set()

    async def start(self) -> None:
        """Open all listeners, or none: OSError (with `strerror` naming the port) otherwise."""
        try:
            self.port = await self._listen("v2", self.port, None)
            if self.tls_port is not None:
                self.tls_port = await self._listen("v2-tls", self.tls_port, self._ssl_context)
            if self.http_port is not None:
                self.http_port = await self._listen_http("http", self.http_port, None)
            if self.https_port is not None:
                self.https_port = await self._listen_http(
                    "https", self.https_port, self._ssl_context
                )
        except OSError:
            await self.stop()
            raise
        self._announce()
        self._ticker = asyncio.create_task(self._tick_for_ever(), name="desk server timers")

    async def stop(self) -> None:
        """Close every connection and the store; safe to call again."""
        if self._ticker is not None:
            self._ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticker
            self._ticker = None
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._context.store.is_open:
            self._relay.close_all("the server stops")
        if self._connections:
            _, hanging = await asyncio.wait(self._connections, timeout=5)
            for connection in hanging:
                connection.cancel()
        self._context.store.close()

    def tick(self) -> None:
        """Run the timers once, at the clock's present time."""
        self._relay.tick()
        self._rest.expire()

    def counters(self, vehicle_id: str) -> VehicleCounters:
        """Live counters of one vehicle; KeyError when there is none of this id."""
        hub = self._relay.hub(vehicle_id)
        if hub is None:
            raise KeyError(vehicle_id)
        return hub.counters

    def messages(self, vehicle_id: str) -> dict[str, StoredMessage]:
        """The last message of each code that is kept of a vehicle; empty while not started."""
        store = self._context.store
        kept = store.messages(vehicle_id) if store.is_open else []
        return {message.code: message for message in kept}

    def is_car_online(self, vehicle_id: str) -> bool:
        hub = self._relay.hub(vehicle_id)
        return hub is not None and hub.car is not None

    def disconnect_car(self, vehicle_id: str) -> bool:
        """Drop the car's connection, as a fault of the network would; False if it is away."""
        hub = self._relay.hub(vehicle_id)
        if hub is None or hub.car is None:
            return False
        hub.car.close("dropped by the desk")
        return True

    async def _listen(self, name: str, port: int, context: ssl.SSLContext | None) -> int:
        try:
            listener = await asyncio.start_server(
                self._accept, self.host, port, limit=LINE_BYTES, ssl=context
            )
        except OSError as error:
            raise _listen_error(name, self.host, port, error) from None
        self._listeners.append(listener)
        return listener.sockets[0].getsockname()[1]

    async def _listen_http(self, name: str, port: int, context: ssl.SSLContext | None) -> int:
        if self._runner is None:
            self._runner = web.AppRunner(self._rest.application(), access_log=None)
            await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, port, ssl_context=context)
        try:
            await site.start()
        except OSError as error:
            raise _listen_error(name, self.host, port, error) from None
        return self._runner.addresses[-1][1]

    def _announce(self) -> None:
        ports = {
            "v2": self.port,
            "v2-tls": self.tls_port,
            "http": self.http_port,
            "https": self.https_port,
        }
        for name, port in ports.items():
            if port is not None:
                text = f"{name} {self.host}:{port}"
                self._context.event("listening", "", text, service=name, host=self.host, port=port)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        address, port = (writer.get_extra_info("peername") or ("?", 0))[:2]
        _keep_alive(writer.get_extra_info("socket"))
        peer = Peer(f"{address}:{port}", _WriterTransport(writer), self._context.utc_s)
        self._relay.connected(peer)
        reason = "the connection ended"
        try:
            while not peer.is_closed:
                self._relay.received(peer, await reader.readuntil(b"\n"))
        except asyncio.IncompleteReadError:
            reason = "it hung up"
        except asyncio.LimitOverrunError:
            reason = f"a line is longer than {LINE_BYTES} bytes"
        except OSError as error:
            reason = f"connection lost: {error.strerror or error}"
        finally:
            peer.close(reason)
            self._relay.disconnected(peer, reason)
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _tick_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            self.tick()


class _WriterTransport(Transport):
    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    def write(self, data: bytes) -> int:
        self._writer.write(data)
        return self._writer.transport.get_write_buffer_size()

    def close(self) -> None:
        self._writer.close()


def _keep_alive(connection: socket.socket | None) -> None:
    """Idle 240 s, interval 240 s, 9 probes (server-and-clients 1.7), where the host can."""
    if connection is None:
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _listen_error(name: str, host: str, port: int, error: OSError) -> OSError:
    reason = error.strerror or str(error)
    return OSError(error.errno, f"cannot listen for {name} on {host}:{port}: {reason}")
