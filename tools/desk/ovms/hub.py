"""Everything that meets at one vehicle: its car, its clients, its books."""

from collections import Counter, deque
from dataclasses import dataclass, field

from tools.desk.ovms.peers import APP, CAR, Peer
from tools.desk.ovms.replies import ReplyQueue
from tools.desk.ovms.vehicles import VehicleRecord

_FAULTS_KEPT = 1000


@dataclass
class VehicleCounters:
    """Traffic of one vehicle since the server started.

    Bytes are those on the TCP connection, line ends and welcome included, TLS not.
    `messages_from_car` counts by code, an encrypted one as "E". `faults` holds the newest 1000
    sentences about what the real server would punish, `fault_count` counts all.
    """

    bytes_from_car: int = 0
    bytes_to_car: int = 0
    bytes_from_apps: int = 0
    bytes_to_apps: int = 0
    car_logins: int = 0
    messages_from_car: Counter = field(default_factory=Counter)
    messages_to_car: Counter = field(default_factory=Counter)
    fault_count: int = 0
    faults: deque = field(default_factory=lambda: deque(maxlen=_FAULTS_KEPT))


class Hub:
    """State of one vehicle in the relay."""

    def __init__(self, record: VehicleRecord, copies_slips: bool) -> None:
        self.record = record
        self.vehicle_id = record.vehicle_id
        self.car: Peer | None = None
        self.clients: list[Peer] = []
        self.rest_sessions: set[str] = set()
        self.counters = VehicleCounters()
        self.has_failed_car_login = False
        self._copies_slips = copies_slips
        self.replies = ReplyQueue(copies_slips)
        self._booked = (0, 0, 0, 0)

    @property
    def app_count(self) -> int:
        """Interactive watchers: what the car's `Z` says. Batch clients do not count."""
        return sum(peer.kind == APP for peer in self.clients) + len(self.rest_sessions)

    def join(self, peer: Peer) -> None:
        """A logged-in peer; its bytes so far go to the vehicle's books."""
        peer.count = self._count_car if peer.kind == CAR else self._count_client
        peer.count(peer.received_bytes, peer.sent_bytes)
        if peer.kind == CAR:
            self.car = peer
            self.counters.car_logins += 1
            self.replies = ReplyQueue(self._copies_slips)
        else:
            self.clients.append(peer)

    def leave(self, peer: Peer) -> bool:
        """False when the peer was not (or no longer) here, as a car replaced by a newer one."""
        if peer is self.car:
            self.car = None
            return True
        if peer in self.clients:
            self.clients.remove(peer)
            self.replies.forget(peer)
            return True
        return False

    def send_to_clients(self, message: str) -> None:
        for peer in tuple(self.clients):
            peer.send(message)

    def send_to_car(self, message: str) -> bool:
        """False when the car is away; the message is lost then, as with the real server."""
        if self.car is None:
            return False
        self.counters.messages_to_car[message[0]] += 1
        self.car.send(message)
        return True

    def tell_car_app_count(self) -> None:
        self.send_to_car(f"Z{self.app_count}")

    def unbooked_bytes(self) -> tuple[int, int, int, int]:
        """(car rx, car tx, app rx, app tx) since the last call, as car and apps see them."""
        c = self.counters
        now = (c.bytes_to_car, c.bytes_from_car, c.bytes_to_apps, c.bytes_from_apps)
        before, self._booked = self._booked, now
        return now[0] - before[0], now[1] - before[1], now[2] - before[2], now[3] - before[3]

    def _count_car(self, received_bytes: int, sent_bytes: int) -> None:
        self.counters.bytes_from_car += received_bytes
        self.counters.bytes_to_car += sent_bytes

    def _count_client(self, received_bytes: int, sent_bytes: int) -> None:
        self.counters.bytes_from_apps += received_bytes
        self.counters.bytes_to_apps += sent_bytes
