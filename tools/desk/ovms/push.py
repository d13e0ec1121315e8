"""Push notifications and registrations; the desk logs a push instead of calling a service.

Source: server-and-clients 2.6.
"""

from tools.desk.ovms import wire
from tools.desk.ovms.context import Context
from tools.desk.ovms.fields import as_int
from tools.desk.ovms.hub import Hub
from tools.desk.ovms.store import PushRegistration

_KINDS = {"A": "alert", "I": "info", "E": "error"}
# Unverified: how long the server keeps them; the type letter and the text, errors expanded.
_LOG_TYPE = "*-Log-Notification"
_LOG_LIFE_S = 30 * 86_400


def push(context: Context, hub: Hub, payload: str) -> None:
    """Push a `P` payload: one letter of type, then text. Without text nothing is pushed."""
    kind, text = payload[:1], payload[1:]
    if not text:
        return
    if kind == "E":
        text = _error_text(text)
    context.keep_own(hub, _LOG_TYPE, f"{kind},{text}", _LOG_LIFE_S)
    targets = [
        f"{r.push_type}:{r.app_id}" for r in context.store.push_registrations(hub.vehicle_id)
    ]
    context.event(
        "push",
        hub.vehicle_id,
        f"{_KINDS.get(kind, kind)} to {', '.join(targets) or 'nobody registered'}: {text}",
        type=kind,
        message=text,
        targets=targets,
    )


def register(context: Context, hub: Hub, payload: str) -> None:
    """A `p` payload. Bad credentials and commas inside the key are refused without an answer."""
    parts = payload.split(",")
    registration = None
    if len(parts) == 4 and parts[1] == "mail":
        registration = PushRegistration(hub.vehicle_id, parts[0], parts[1], parts[2], parts[3])
    elif len(parts) == 6:
        app_id, push_type, key_type, vehicle_id, password, key = parts
        record = context.vehicles.find(vehicle_id)
        if record and wire.same_secret(record.password, password):
            registration = PushRegistration(record.vehicle_id, app_id, push_type, key_type, key)
    if registration is None:
        context.event("push", hub.vehicle_id, "registration refused (silently, as the real one)")
        return
    context.store.register_push(registration)
    context.event(
        "push",
        registration.vehicle_id,
        f"{registration.push_type} registration of app {registration.app_id}",
    )


def _error_text(text: str) -> str:
    """Tables that expand codes exist for the Tesla Roadster alone; the rest reads like this."""
    parts = text.split(",")
    data = as_int(parts[2]) if len(parts) > 2 else 0
    code = parts[1] if len(parts) > 1 else "?"
    return f"Vehicle Alert Code: {parts[0]}/{code} ({(data or 0) & 0xFFFFFFFF:08x})"
