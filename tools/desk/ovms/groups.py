"""Group positions: cars publish `g`, clients subscribe with `G` (server-and-clients 2.7)."""

from tools.desk.ovms.peers import Peer


class Groups:
    """Names are upper-cased; a car's positions are kept until it disconnects."""

    def __init__(self) -> None:
        self._positions: dict[str, dict[str, str]] = {}
        self._subscribers: dict[str, list[Peer]] = {}

    def publish(self, vehicle_id: str, payload: str) -> str:
        """Pass a car's `g` payload on to the subscribers; "" or what is wrong with it."""
        name, comma, position = payload.partition(",")
        if not name or not comma:
            return "a group message needs a group name and a position"
        group = name.upper()
        self._positions.setdefault(group, {})[vehicle_id] = position
        for peer in self._subscribers.get(group, ()):
            peer.send(f"g{vehicle_id},{group},{position}")
        return ""

    def subscribe(self, peer: Peer, payload: str) -> None:
        """The last position of each car of the group is sent at once."""
        group = payload.split(",", 1)[0].strip().upper()
        if not group:
            return
        subscribers = self._subscribers.setdefault(group, [])
        if peer not in subscribers:
            subscribers.append(peer)
        for vehicle_id, position in self._positions.get(group, {}).items():
            peer.send(f"g{vehicle_id},{group},{position}")

    def forget_car(self, vehicle_id: str) -> None:
        for group in [g for g, cars in self._positions.items() if vehicle_id in cars]:
            del self._positions[group][vehicle_id]
            if not self._positions[group]:
                del self._positions[group]

    def forget_peer(self, peer: Peer) -> None:
        for group in [g for g, peers in self._subscribers.items() if peer in peers]:
            self._subscribers[group].remove(peer)
            if not self._subscribers[group]:
                del self._subscribers[group]
