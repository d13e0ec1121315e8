"""The REST interface: sessions, calls, refusals (server-and-clients 3).

Authentication is by query parameters on any call or by the cookie that `/api/cookie` sets. A
session lives `timers.api_s` from its login, use does not prolong it. An API token serves as the
password; which of its rights the stock server wants for which call is not documented, here one is
needed for the tokens themselves. The stock server's rate limit and MQTT broker helper are not
offered.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from tools.desk.ovms import rest_views as views
from tools.desk.ovms.context import Context
from tools.desk.ovms.hub import Hub
from tools.desk.ovms.peers import BATCH
from tools.desk.ovms.relay import Relay
from tools.desk.ovms.store import timestamp
from tools.desk.ovms.tokens import Access

COOKIE = "ovmsapisession"
_METHODS = ("GET", "PUT", "POST", "DELETE")
_REFUSED = {
    ("PUT", "charge"),
    ("DELETE", "charge"),
    ("PUT", "lock"),
    ("DELETE", "lock"),
    ("GET", "valet"),
    ("PUT", "valet"),
    ("DELETE", "valet"),
    ("GET", "features"),
    ("PUT", "features"),
    ("GET", "parameters"),
    ("PUT", "parameters"),
    ("PUT", "reset"),
    ("PUT", "homelink"),
}
_OWN_CALLS = {
    ("GET", "cookie"),
    ("DELETE", "cookie"),
    ("GET", "token"),
    ("POST", "token"),
    ("DELETE", "token"),
    ("GET", "vehicles"),
}


@dataclass
class Session:
    key: str
    access: Access
    expires_s: float
    watched: set[str] = field(default_factory=set)


class RestApi:
    """The aiohttp application over one relay; `expire` drops the sessions that ran out."""

    def __init__(self, context: Context, relay: Relay) -> None:
        self._context = context
        self._relay = relay
        self._sessions: dict[str, Session] = {}
        self._vehicle_calls: dict[tuple[str, str], Callable] = {
            ("GET", "vehicle"): self._connect_vehicle,
            ("DELETE", "vehicle"): self._release_vehicle,
            ("GET", "status"): self._status,
            ("GET", "charge"): self._charge,
            ("GET", "location"): self._location,
            ("GET", "tpms"): self._tpms,
            ("GET", "protocol"): self._protocol,
            ("GET", "historical"): self._historical,
        }

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    def expire(self) -> None:
        now_s = self._context.utc_s()
        for session in [s for s in self._sessions.values() if s.expires_s <= now_s]:
            self._end(session)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        form = await request.post() if request.method == "POST" else {}
        response = self._answer(request, form)
        response.headers["Access-Control-Allow-Origin"] = "*"
        self._context.event(
            "rest",
            "",
            f"{request.method} {request.path} {response.status}",
            status=response.status,
        )
        return response

    def _answer(self, request: web.Request, form: Mapping[str, object]) -> web.Response:
        if request.method not in _METHODS:
            return _refused(501, "Not yet implemented")
        parts = request.path.strip("/").split("/")
        name = parts[1] if parts[0] == "api" and len(parts) > 1 else ""
        if not self._is_call(request.method, name):
            return _refused(404, "Unrecognised API call")
        session = self._session(request)
        if session is None:
            return _refused(401, "Authentication failed")
        if name == "cookie":
            return self._cookie(request.method, session)
        if name == "token":
            return self._token(request.method, session, "/".join(parts[2:]), form)
        if name == "vehicles":
            ids = sorted(session.access.vehicle_ids)
            return web.json_response([self._counts(vehicle_id) for vehicle_id in ids])
        if (request.method, name) in _REFUSED:
            return _refused(501, "Not yet implemented")
        call = self._vehicle_calls[request.method, name]
        vehicle_id = parts[2].upper() if len(parts) > 2 else ""
        if vehicle_id not in session.access.vehicle_ids:
            return _refused(403, "Forbidden")
        try:
            return call(session, self._relay.hubs[vehicle_id], parts[3:], request)
        except views.ParanoidError:
            return _refused(502, "Paranoid vehicles not supported by api")

    def _is_call(self, method: str, name: str) -> bool:
        """Whether there is such a call; it is known before anybody has to say who he is."""
        key = (method, name)
        return key in _OWN_CALLS or key in _REFUSED or key in self._vehicle_calls

    def _session(self, request: web.Request) -> Session | None:
        """By cookie, else by credentials in the query; who has the same shares one session."""
        self.expire()
        session = self._sessions.get(request.cookies.get(COOKIE, ""))
        if session is not None:
            return session
        query = request.query
        access = self._context.vehicles.access(
            query.get("username", ""), query.get("password", "")
        )
        if access is None:
            return None
        key = f"query:{hash(access)}"
        if request.path.startswith("/api/cookie"):
            key = str(uuid.uuid4())
        session = self._sessions.get(key)
        if session is None:
            session = Session(key, access, self._context.utc_s() + self._context.timers.api_s)
            self._sessions[key] = session
        return session

    def _cookie(self, method: str, session: Session) -> web.Response:
        if method == "GET":
            response = _text(200, "Login ok")
            response.set_cookie(COOKIE, session.key)
            return response
        if method == "DELETE":
            self._end(session)
            return _text(200, "Logout ok")
        raise AssertionError(method)

    def _token(self, method: str, session: Session, text: str, form) -> web.Response:
        access = session.access
        if not access.may("token.admin"):
            return _refused(403, "Insufficient rights")
        tokens = self._context.vehicles.tokens
        if method == "GET" and not text:
            return web.json_response([token.json() for token in tokens.of(access.owner)])
        if method == "POST" and not text:
            fields = [str(form.get(name, "")) for name in ("application", "purpose", "permit")]
            return web.json_response(tokens.create(access, *fields).json(), status=201)
        if method == "DELETE" and tokens.delete(access.owner, text):
            return _text(200, "Token deleted")
        return _refused(404, "Token not specified")

    def _end(self, session: Session) -> None:
        del self._sessions[session.key]
        for vehicle_id in session.watched:
            hub = self._relay.hubs[vehicle_id]
            hub.rest_sessions.discard(session.key)
            hub.tell_car_app_count()

    def _counts(self, vehicle_id: str) -> dict[str, object]:
        hub = self._relay.hubs[vehicle_id]
        batch_count = sum(peer.kind == BATCH for peer in hub.clients)
        return {
            "id": vehicle_id,
            "v_net_connected": int(hub.car is not None),
            "v_apps_connected": hub.app_count,
            "v_btcs_connected": batch_count,
        }

    def _connect_vehicle(self, session, hub: Hub, _rest, _request) -> web.Response:
        is_first = not hub.app_count
        session.watched.add(hub.vehicle_id)
        hub.rest_sessions.add(session.key)
        hub.tell_car_app_count()
        answer = self._counts(hub.vehicle_id)
        del answer["id"]
        answer["v_first_peer"] = int(is_first)
        heard_s = self._context.store.last_update_s(hub.vehicle_id)
        if heard_s is not None:
            answer["m_msgtime_s"] = timestamp(heard_s)
            answer["m_msgage_s"] = max(0, int(self._context.utc_s() - heard_s))
        return web.json_response(answer)

    def _release_vehicle(self, session, hub: Hub, _rest, _request) -> web.Response:
        if hub.vehicle_id in session.watched:
            session.watched.discard(hub.vehicle_id)
            hub.rest_sessions.discard(session.key)
            hub.tell_car_app_count()
        return _text(200, "Vehicle disconnected")

    def _status(self, _session, hub: Hub, _rest, _request) -> web.Response:
        return web.json_response(views.status_view(self._rows(hub), views.STATUS, self._now_s()))

    def _charge(self, _session, hub: Hub, _rest, _request) -> web.Response:
        return web.json_response(views.status_view(self._rows(hub), views.CHARGE, self._now_s()))

    def _location(self, _session, hub: Hub, _rest, _request) -> web.Response:
        return web.json_response(views.location_view(self._rows(hub), self._now_s()))

    def _tpms(self, _session, hub: Hub, _rest, _request) -> web.Response:
        rows = self._rows(hub)
        if self._context.quirks.tpms_404 and any(row.code == "Y" for row in rows):
            return _refused(404, "Unrecognised API call")
        return web.json_response(views.tpms_view(rows, self._now_s()))

    def _protocol(self, _session, hub: Hub, _rest, _request) -> web.Response:
        return web.json_response(views.protocol_view(self._rows(hub)))

    def _historical(self, _session, hub: Hub, rest, request) -> web.Response:
        since = request.query.get("since", "")
        store = self._context.store
        names: tuple[str, ...] = ("h_timestamp", "h_recordnumber", "h_data")
        if rest and rest[0]:
            rows = store.history_records(hub.vehicle_id, rest[0], since)
        else:
            # A sum is a string there, other numbers are not.
            rows = [
                (*row[:3], str(row[3]), *row[4:])
                for row in store.history_summary(hub.vehicle_id, since)
            ]
            names = ("h_recordtype", "distinctrecs", "totalrecs", "totalsize", "first", "last")
        return web.json_response([dict(zip(names, row, strict=True)) for row in rows])

    def _rows(self, hub: Hub):
        return self._context.store.messages(hub.vehicle_id)

    def _now_s(self) -> float:
        return self._context.utc_s()


def _text(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text)


def _refused(status: int, text: str) -> web.Response:
    return _text(status, text + "\n")
