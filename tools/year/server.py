"""The server of the story: the desk's relaying core behind the modem's dialler, with outages."""

from __future__ import annotations

from collections.abc import Callable

from tools.desk.ovms import wire
from tools.desk.ovms.context import Context, Timers
from tools.desk.ovms.peers import Peer, Transport
from tools.desk.ovms.provision import Provisioning
from tools.desk.ovms.relay import Relay
from tools.desk.ovms.store import Store
from tools.desk.ovms.vehicles import Vehicles

VEHICLE, PASSWORD = "TWIZY42", "NETPASS"
_ADDRESS = "192.0.2.1"
# Records that the server writes itself.
_OWN_TYPES = ("*-Log-Notification", "*-OVM-ServerLogs", "*-OVM-Utilisation")
# Timers of the server are looked at so often.
TICK_S = 15.0


class BookStore(Store):
    """A store that tells of every record: on_record(type, number, data, recorded_s, problem)."""

    def __init__(self, on_record: Callable[[str, str, str, float, str], None]):
        super().__init__(":memory:")
        self._on_record = on_record

    def put_history(self, vehicle_id, record_type, number, data, recorded_s, expires_s) -> str:
        problem = super().put_history(vehicle_id, record_type, number, data, recorded_s, expires_s)
        if record_type not in _OWN_TYPES:
            self._on_record(record_type, number, data, recorded_s, problem)
        return problem


class _Connection(Transport):
    """The car's TCP connection, seen from the dialler and from the relay."""

    def __init__(self, server: Server, events):
        self._server = server
        self._events = events
        self._partial = b""
        self._is_open = True
        self.peer = Peer("module", self, server.utc_s)
        server.relay.connected(self.peer)

    # What the modem calls.

    def send(self, data: bytes) -> None:
        self._server.on_bytes(len(data), 0)
        if not self._is_open or self._server.mode == "silent":
            return
        *lines, self._partial = (self._partial + bytes(data)).split(b"\n")
        for line in lines:
            self._server.relay.received(self.peer, line + b"\n")

    def pause(self) -> None:
        """The window is full; what the relay says next is little."""

    resume = pause

    def abandon(self) -> None:
        """The way is gone, and the server does not know."""
        self._is_open = False

    # What both call.

    def close(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        self._server.relay.disconnected(self.peer, "the connection ended")
        if self.peer.is_closed:
            self._events.on_closed()

    # What the relay calls.

    def write(self, data: bytes) -> int:
        if self._is_open and self._server.mode != "silent":
            self._server.on_bytes(0, len(data))
            self._events.on_data(bytes(data))
        return 0

    def drop(self) -> None:
        """The server ends it."""
        self.peer.close("the server stops")
        self._server.relay.disconnected(self.peer, "the server stops")


class _App(Transport):
    """An app that reads what comes, and counts."""

    def __init__(self) -> None:
        self.bytes = 0

    def write(self, data: bytes) -> int:
        self.bytes += len(data)
        return 0

    def close(self) -> None:
        return


class Server:
    """A dialler for the modem model. mode: "" well, "refuses" connections, "silent" takes them and
    says nothing, "drops" them as soon as they are made.

    faults: what the relay complains of the module. messages: of the car, so far.
    on_bytes(from_car, to_car).
    """

    def __init__(
        self,
        utc_s: Callable[[], float],
        on_record: Callable[[str, str, str, float, str], None],
        on_bytes: Callable[[int, int], None],
    ):
        self.utc_s = utc_s
        self.on_bytes = on_bytes
        self.mode = ""
        self.faults: list[str] = []
        self.logins = self.messages = 0
        self._connections: list[_Connection] = []
        self._context = Context(
            Vehicles([f"{VEHICLE}:{PASSWORD}"]),
            BookStore(on_record),
            utc_s,
            wire.new_token,
            self._on_event,
            # Its own log of every message nobody reads here.
            Timers(log_history_s=0),
        )
        self.relay = Relay(self._context, Provisioning([], wire.new_token))

    def _on_event(self, event) -> None:
        if event.kind == "login" and event.text.startswith("car"):
            self.logins += 1
        elif event.kind == "car":
            self.messages += 1
        elif event.kind == "fault":
            self.faults.append(event.text)

    def set_mode(self, mode: str) -> None:
        self.mode = mode
        if mode in ("refuses", "drops"):
            for connection in self._connections:
                connection.drop()
        self._connections = [c for c in self._connections if not c.peer.is_closed]

    # What the modem calls.

    def connect(self, host: str, port: int, events):
        if self.mode == "refuses":
            events.on_failed("refused")
            return _Nobody()
        self._connections = [c for c in self._connections if not c.peer.is_closed]
        connection = _Connection(self, events)
        self._connections.append(connection)
        events.on_connected(_ADDRESS)
        if self.mode == "drops":
            connection.drop()
        return connection

    def resolve(self, host: str, callback) -> None:
        callback(_ADDRESS)

    # What the story does.

    @property
    def is_car_online(self) -> bool:
        hub = self.relay.hub(VEHICLE)
        return hub is not None and hub.car is not None

    def look(self) -> Callable[[], None]:
        """An app logs in; what is returned logs it out again."""
        peer = Peer("app", _App(), self.utc_s)
        self.relay.connected(peer)
        token = wire.new_token()
        digest = wire.digest(PASSWORD, token)
        self.relay.received(peer, f"MP-A 0 {token} {digest} {VEHICLE}\r\n".encode())
        return lambda: self.relay.disconnected(peer, "it has seen enough")


class _Nobody:
    """The connection that was refused."""

    def send(self, data: bytes) -> None:
        return

    def close(self) -> None:
        return

    pause = resume = abandon = close
