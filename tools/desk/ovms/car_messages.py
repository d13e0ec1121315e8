"""What the server does with each message of a car (server-and-clients 2.1, 2.3, 2.5)."""

from tools.desk.ovms import history, push
from tools.desk.ovms.context import Context
from tools.desk.ovms.events import redact
from tools.desk.ovms.groups import Groups
from tools.desk.ovms.hub import Hub
from tools.desk.ovms.peers import Peer

_NEVER_WRAPPED = "AaEPHhg"


class CarMessages:
    def __init__(self, context: Context, groups: Groups) -> None:
        self._context = context
        self._groups = groups

    def handle(self, hub: Hub, peer: Peer, code: str, payload: str) -> None:
        context = self._context
        hub.counters.messages_from_car[code] += 1
        context.event("car", hub.vehicle_id, f"{code} {redact(code, payload)}", code=code)
        if code == "A":
            hub.send_to_car("a")
        elif code == "a":
            pass
        elif code == "P":
            hub.send_to_clients(f"P{payload}")
            push.push(context, hub, payload)
        elif code == "p":
            push.register(context, hub, payload)
        elif code == "E":
            self._paranoid(hub, peer, payload)
        elif code == "C":
            context.fault(hub, "a car sends no commands: C is ignored")
        elif code == "c":
            self._reply(hub, peer, f"c{payload}", payload)
        elif code == "g":
            problem = self._groups.publish(hub.vehicle_id, payload)
            if problem:
                context.fault(hub, problem)
        elif code == "G":
            self._groups.subscribe(peer, payload)
        elif code == "H":
            history.keep(context, hub, payload)
        elif code == "h":
            hub.send_to_car(history.keep_and_acknowledge(context, hub, payload))
        else:
            self._keep_and_relay(hub, code, payload)

    def _keep_and_relay(self, hub: Hub, code: str, payload: str) -> None:
        context = self._context
        if code == "S":
            # The stock server repairs a double comma of an old firmware.
            payload = payload.replace(",performance,,", ",performance,", 1)
        if code == "Y":
            context.event(
                "note", hub.vehicle_id, "Y is stored: the original's REST tpms answers 404 now"
            )
        if code == "f":
            context.fault(hub, "f overwrites the stored F: letters are compared without case")
        now_s = context.utc_s()
        context.store.touch(hub.vehicle_id, now_s)
        problem = context.store.put_message(hub.vehicle_id, code, payload, now_s)
        if problem:
            context.fault(hub, f"{code} is relayed but not stored: {problem}")
        elif context.timers.log_history_s:
            context.store.put_history(
                hub.vehicle_id, code, "0", payload, now_s, now_s + context.timers.log_history_s
            )
        hub.send_to_clients(f"{code}{payload}")
        if code == "F":
            hub.send_to_clients(f"f{context.version}")
        hub.send_to_clients("T0")

    def _paranoid(self, hub: Hub, peer: Peer, payload: str) -> None:
        kind, ptoken = payload[:1], payload[1:]
        if kind == "T":
            hub.send_to_clients(f"E{payload}")
            if ptoken != self._context.store.ptoken(hub.vehicle_id):
                self._context.store.set_ptoken(hub.vehicle_id, ptoken)
        elif kind == "M" and len(payload) > 1:
            self._wrapped(hub, peer, payload[1], payload[2:])
        else:
            self._context.fault(hub, f"E{payload[:8]} is neither ET<token> nor EM<code><data>")

    def _wrapped(self, hub: Hub, peer: Peer, code: str, data: str) -> None:
        context = self._context
        if code in _NEVER_WRAPPED:
            context.fault(hub, f"{code} must not be wrapped in paranoid mode")
        if code == "c":
            self._reply(hub, peer, f"EMc{data}", None)
        elif code == "h":
            hub.send_to_car(history.keep_and_acknowledge(context, hub, data))
        elif code == "H":
            history.keep(context, hub, data)
        elif code == "C":
            context.fault(hub, "a car sends no commands: EMC is ignored")
        elif code not in "AaE":
            self._keep_wrapped(hub, code, data)

    def _keep_wrapped(self, hub: Hub, code: str, data: str) -> None:
        context = self._context
        ptoken = context.store.ptoken(hub.vehicle_id)
        if not ptoken:
            context.fault(hub, f"EM{code} before any ET: no client can decrypt it")
        now_s = context.utc_s()
        context.store.touch(hub.vehicle_id, now_s)
        problem = context.store.put_message(hub.vehicle_id, code, data, now_s, ptoken)
        if problem:
            context.fault(hub, f"EM{code} is relayed but not stored: {problem}")
        hub.send_to_clients(f"EM{code}{data}")
        hub.send_to_clients("T0")

    def _reply(self, hub: Hub, peer: Peer, message: str, payload: str | None) -> None:
        """`payload` is None for an encrypted reply: its command number is unknown then."""
        context = self._context
        route = hub.replies.route(payload, context.utc_s())
        for text in route.faults:
            context.fault(hub, text)
        if route.is_unsolicited:
            peer.is_deaf = context.quirks.wedge
        elif route.to_everybody:
            hub.send_to_clients(message)
        elif route.peer is not None:
            route.peer.send(message)
