"""The relaying core: logins, routing between cars and clients, timers. No sockets, no sleeping.

Bytes come in through `received`, go out through each peer's transport; time is read from the
context's clock when something happens and when `tick` is called (once a second is right).
Source: server-and-clients 1 and 2.
"""

from tools.desk.ovms import history, push, wire
from tools.desk.ovms.car_messages import CarMessages
from tools.desk.ovms.client_messages import ClientMessages
from tools.desk.ovms.context import Context
from tools.desk.ovms.groups import Groups
from tools.desk.ovms.hub import Hub
from tools.desk.ovms.peers import APP, BATCH, CAR, KIND_NAMES, SERVER, Peer
from tools.desk.ovms.provision import Provisioning
from tools.desk.ovms.text import from_wire
from tools.desk.ovms.vehicles import SERVER_TYPE, VehicleRecord

# Receive timers are looked at only after so many seconds of silence (1.7).
_CHECK_EVERY_S = 30
_PING_LEAD_S = 60
_PING_SPACING_S = 300
_BOOK_EVERY_S = 60


class Relay:
    def __init__(self, context: Context, provisioning: Provisioning) -> None:
        self._context = context
        self._provisioning = provisioning
        self._groups = Groups()
        self._car_messages = CarMessages(context, self._groups)
        self._client_messages = ClientMessages(context, self._groups)
        self._peers: set[Peer] = set()
        slips = context.quirks.routing_slips
        self.hubs = {r.vehicle_id: Hub(r, slips) for r in context.vehicles.records()}
        self._booked_s = context.utc_s()

    def hub(self, vehicle_id: str) -> Hub | None:
        return self.hubs.get(vehicle_id.upper())

    def connected(self, peer: Peer) -> None:
        self._peers.add(peer)

    def disconnected(self, peer: Peer, reason: str) -> None:
        """The connection is gone, by whatever side. Safe to call again."""
        if peer not in self._peers:
            return
        self._peers.discard(peer)
        if peer.is_logged_in:
            self._log_out(peer, peer.close_reason or reason)
        elif peer.close_reason:
            self._context.event("refused", "", f"{peer}: {peer.close_reason}")

    def received(self, peer: Peer, line: bytes) -> None:
        """One line with its line end."""
        if peer.is_closed or peer.is_deaf:
            return
        peer.heard(len(line))
        try:
            if peer.was_provisioned and peer.lines is None:
                self._after_provisioning(peer, line)
            elif peer.lines is None:
                self._first_line(peer, line.strip().decode("latin-1"))
            else:
                self._message(peer, peer.lines.decode(line))
        except wire.UndecodableLineError as error:
            self._punish_line(peer, str(error))

    def close_all(self, reason: str) -> None:
        for peer in tuple(self._peers):
            peer.close(reason)
            self.disconnected(peer, reason)
        self.book()

    def tick(self) -> None:
        """Timers: silent peers, pings, overdue replies, and the books once a minute."""
        now_s = self._context.utc_s()
        for peer in tuple(self._peers):
            while not peer.is_closed and now_s - peer.checked_s >= _CHECK_EVERY_S:
                peer.checked_s += _CHECK_EVERY_S
                self._check_silence(peer, peer.checked_s)
        for hub in self.hubs.values():
            for text in hub.replies.overdue(now_s):
                self._context.fault(hub, text)
        if now_s - self._booked_s >= _BOOK_EVERY_S:
            self.book()
            self._context.store.expire_history(now_s)

    def book(self) -> None:
        """Write the traffic sums."""
        self._booked_s = self._context.utc_s()
        for hub in self.hubs.values():
            history.book_utilisation(self._context, hub)

    def _check_silence(self, peer: Peer, checked_s: float) -> None:
        timers = self._context.timers
        silence_s = checked_s - peer.last_receive_s
        if not peer.kind:
            peer.close(f"no welcome within {_CHECK_EVERY_S} s")
        elif peer.kind == CAR:
            if silence_s > timers.car_s:
                peer.close(f"silent for {silence_s:.0f} s")
            elif (
                checked_s - peer.last_send_s >= timers.car_s - _PING_LEAD_S
                and checked_s - peer.last_ping_s >= _PING_SPACING_S
            ):
                peer.last_ping_s = checked_s
                self.hubs[peer.vehicle_id].send_to_car("AFA")
        elif silence_s >= (timers.api_s if peer.kind == BATCH else timers.app_s):
            # Recorded: an app limit of 60 s closes at 60, a car limit of 400 s at 420 (1.7).
            peer.close(f"silent for {silence_s:.0f} s")

    def _first_line(self, peer: Peer, text: str) -> None:
        words = text.split()
        if len(words) >= 3 and words[0] == "AP-C":
            self._provision(peer, words[1], words[2])
        elif len(words) >= 5 and words[0][:3] == "MP-" and len(words[0]) == 4:
            kind, scheme, name, proof, vehicle_id = words[0][3], *words[1:5]
            if scheme == "0":
                self._login_by_digest(peer, kind, name, proof, vehicle_id)
            elif scheme == "1":
                self._login_by_owner(peer, kind, name, proof, vehicle_id)
            else:
                peer.close(f"unknown protection scheme {scheme[:8]!r}")
        else:
            peer.close(f"first line is no welcome: {text[:24]!r}")

    def _provision(self, peer: Peer, scheme: str, key: str) -> None:
        if scheme != "0":
            peer.close(f"unknown provisioning scheme {scheme[:8]!r}")
            return
        peer.was_provisioned = True
        if self._context.quirks.dead_ap:
            peer.is_deaf = True
            return
        reply = self._provisioning.reply(key)
        found = "record sent" if reply.startswith("AP-S") else "no such key"
        self._context.event("provision", "", f"{peer} asks with key {key[:64]}: {found}")
        peer.write(reply.encode("latin-1") + b"\r\n")

    def _after_provisioning(self, peer: Peer, line: bytes) -> None:
        """The guide promises AP-X for a second AP-C; the stock server ignores whatever comes."""
        if line.startswith(b"AP-C"):
            peer.write(b"AP-X\r\n")
        else:
            self._context.event(
                "fault", "", f"{peer}: login after AP-C on the same connection is ignored"
            )

    def _login_by_digest(self, peer, kind, token, digest, vehicle_id) -> None:
        hub = self.hub(vehicle_id)
        if hub is None:
            peer.close(f"unknown vehicle {vehicle_id[:32]}")
            return
        secret = hub.record.password
        if not wire.digest_matches(secret, token, digest):
            self._car_proof(hub, kind, is_good=False)
            peer.close(f"wrong password for {hub.vehicle_id}")
            return
        if not self._may_log_in(peer, kind, hub.record):
            return
        self._car_proof(hub, kind, is_good=True)
        server_token = self._context.new_token()
        proof = wire.digest(secret, server_token)
        peer.write(f"MP-S 0 {server_token} {proof}\r\n".encode())
        peer.lines = wire.EncryptedLines(wire.session_key(secret, server_token, token))
        self._log_in(peer, kind, hub)

    def _login_by_owner(self, peer, kind, owner, password, vehicle_id) -> None:
        access = self._context.vehicles.access(from_wire(owner), from_wire(password))
        if access is None or not access.may("v2"):
            what = "unknown owner" if access is None else "token without the right v2 of"
            peer.close(f"wrong password or {what} {owner[:32]}")
            return
        owned = access.vehicle_ids
        selected = min(owned) if vehicle_id == "*" else vehicle_id.upper()
        if selected not in owned:
            peer.close(f"vehicle {selected[:32]} is not one of owner {owner[:32]}")
            return
        if not self._may_log_in(peer, kind, self.hubs[selected].record):
            return
        peer.write(f"MP-S 1 {owner} {selected} {' '.join(sorted(owned))}\r\n".encode("latin-1"))
        peer.lines = wire.PlainLines()
        self._log_in(peer, kind, self.hubs[selected])

    def _may_log_in(self, peer: Peer, kind: str, record: VehicleRecord) -> bool:
        if kind == SERVER and record.vehicle_type != SERVER_TYPE:
            peer.close(f"{record.vehicle_id} is no record of type {SERVER_TYPE}")
            return False
        return True

    def _car_proof(self, hub: Hub, kind: str, is_good: bool) -> None:
        """A failed car login is pushed once, and once more when the car gets in again (1.6)."""
        if kind != CAR or hub.has_failed_car_login != is_good:
            return
        hub.has_failed_car_login = not is_good
        outcome = "succeeded" if is_good else "failed"
        push.push(self._context, hub, f"AVehicle authentication {outcome}")

    def _log_in(self, peer: Peer, kind: str, hub: Hub) -> None:
        peer.kind, peer.vehicle_id = kind, hub.vehicle_id
        if kind not in KIND_NAMES:
            self._context.event(
                "refused", hub.vehicle_id, f"{peer}: kind {kind!r} gets a welcome, but no service"
            )
            return
        if kind == CAR and hub.car is not None:
            older = hub.car
            older.close("a newer login of the same car")
            self.disconnected(older, older.close_reason)
        peer.is_logged_in = True
        self._context.event("login", hub.vehicle_id, str(peer))
        if kind == CAR:
            self._context.log(hub, "C login")
        if kind == SERVER:
            return
        hub.join(peer)
        if kind == CAR:
            self._context.store.touch(hub.vehicle_id, self._context.utc_s())
            hub.send_to_clients("Z1")
            hub.tell_car_app_count()
        else:
            self._client_messages.replay(hub, peer)
            if kind == APP:
                hub.tell_car_app_count()

    def _log_out(self, peer: Peer, reason: str) -> None:
        hub = self.hubs[peer.vehicle_id]
        self._groups.forget_peer(peer)
        self._context.event("logout", peer.vehicle_id, f"{peer}: {reason}")
        if peer.kind == CAR:
            self._context.log(hub, f"C logout: {reason}")
        if not hub.leave(peer):
            return
        if peer.kind == CAR:
            self._groups.forget_car(hub.vehicle_id)
            hub.send_to_clients("Z0")
        elif peer.kind == APP:
            hub.tell_car_app_count()

    def _message(self, peer: Peer, message: str) -> None:
        code, payload = message[0], message[1:]
        hub = self.hubs[peer.vehicle_id]
        if peer.kind == CAR:
            self._car_messages.handle(hub, peer, code, payload)
        elif peer.kind in (APP, BATCH):
            self._client_messages.handle(hub, peer, code, payload)
        elif peer.kind == SERVER:
            self._client_messages.handle_server(hub, peer, code, payload)
        elif code == "A":
            peer.send("a")

    def _punish_line(self, peer: Peer, problem: str) -> None:
        text = f"undecodable line closes the connection: {problem}"
        if peer.kind == CAR:
            self._context.fault(self.hubs[peer.vehicle_id], text)
        peer.close(text)
