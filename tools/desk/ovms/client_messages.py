"""What the server does with messages of apps, batch clients and other servers.

Source: server-and-clients 2.2, 2.3, 2.8; R and r after the protocol guide 2.6.2.
"""

from tools.desk.ovms import history, push
from tools.desk.ovms.context import Context
from tools.desk.ovms.events import redact
from tools.desk.ovms.fields import as_int
from tools.desk.ovms.groups import Groups
from tools.desk.ovms.hub import Hub
from tools.desk.ovms.peers import Peer

# A car never heard of shows this: the largest value of the server's TIME column (2.8).
NEVER_S = 3_020_399

_SYNC_RECORDS = {
    "V": ("vehicle", "owner", "carpass", "v_server", "deleted", "changed"),
    "O": ("owner", "name", "mail", "password hash", "status", "deleted", "changed"),
}
_SYNC_SECRETS = ("carpass", "password hash")


class ClientMessages:
    def __init__(self, context: Context, groups: Groups) -> None:
        self._context = context
        self._groups = groups

    def replay(self, hub: Hub, peer: Peer) -> None:
        """What a client gets after its welcome."""
        store = self._context.store
        peer.send(f"Z{int(hub.car is not None)}")
        is_token_sent = False
        for row in store.messages(hub.vehicle_id):
            if row.is_paranoid:
                if not is_token_sent and row.ptoken:
                    peer.send(f"ET{row.ptoken}")
                    is_token_sent = True
                peer.send(f"EM{row.code}{row.payload}")
            else:
                peer.send(f"{row.code}{row.payload}")
        heard_s = store.last_update_s(hub.vehicle_id)
        age_s = NEVER_S if heard_s is None else int(self._context.utc_s() - heard_s)
        peer.send(f"T{min(max(age_s, 0), NEVER_S)}")

    def handle(self, hub: Hub, peer: Peer, code: str, payload: str) -> None:
        context = self._context
        context.event("app", hub.vehicle_id, f"{code} {redact(code, payload)}", code=code)
        if code == "A":
            peer.send("a")
        elif code == "a":
            pass
        elif code == "C":
            self._command(hub, peer, payload)
        elif code == "E" and payload.startswith("MC"):
            if hub.send_to_car(f"E{payload}"):
                hub.replies.asked(peer, None, context.utc_s())
        elif code == "G":
            self._groups.subscribe(peer, payload)
        elif code == "P":
            hub.send_to_clients(f"P{payload}")
            push.push(context, hub, payload)
        elif code == "p":
            push.register(context, hub, payload)
        else:
            hub.send_to_car(code + payload)

    def _command(self, hub: Hub, peer: Peer, payload: str) -> None:
        number, _, args = payload.partition(",")
        command = as_int(number)
        if command in history.SERVER_COMMANDS:
            for message in history.answer(self._context, hub, command, args):
                peer.send(message)
        elif hub.send_to_car(f"C{payload}"):
            hub.replies.asked(peer, command, self._context.utc_s())

    def handle_server(self, hub: Hub, peer: Peer, code: str, payload: str) -> None:
        """Another server: its records and replicated messages are shown, not applied."""
        context = self._context
        if code == "A":
            peer.send("a")
        elif code == "R":
            context.event("sync", hub.vehicle_id, _sync_text(payload), code=code)
        elif code == "r":
            vehicle_id, message_code, data = (payload.split(",", 2) + ["", ""])[:3]
            shown = redact(message_code, data)
            text = f"message {message_code} of {vehicle_id}: {shown}"
            context.event("sync", hub.vehicle_id, text, code=code)
        elif code != "a":
            context.event("sync", hub.vehicle_id, f"ignored message {code}", code=code)


def _sync_text(payload: str) -> str:
    """An R payload by field names, without its secrets."""
    names = _SYNC_RECORDS.get(payload[:1])
    if names is None:
        return f"record of unknown sub-type {payload[:1]!r}"
    values = payload[1:].lstrip(",").split(",")
    shown = (
        f"{name}={'***' if name in _SYNC_SECRETS else value}"
        for name, value in zip(names, values, strict=False)
    )
    return f"{names[0]} record: {', '.join(shown)}"
