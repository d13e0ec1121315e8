"""History records from the car and the commands 30, 31 and 32, which the server answers itself.

Source: server-and-clients 2.4.
"""

from tools.desk.ovms.context import Context
from tools.desk.ovms.fields import as_int
from tools.desk.ovms.hub import Hub

SERVER_COMMANDS = (30, 31, 32)


def keep(context: Context, hub: Hub, payload: str) -> None:
    """`H`: type,number,lifetime s,data. No answer whatever happens."""
    parts = payload.split(",", 3)
    if len(parts) < 4:
        context.fault(hub, f"H with {len(parts)} of 4 fields is dropped silently")
        return
    record_type, number, life, data = parts
    _put(context, hub, "H", record_type, number, as_int(life), 0, data)


def keep_and_acknowledge(context: Context, hub: Hub, payload: str) -> str:
    """`h`: ackcode,timediff s,type,number,lifetime s,data. Returns the answer.

    The ack echoes the first field even when the record is lost; the fault says so.
    """
    parts = payload.split(",", 5)
    if len(parts) < 6:
        context.fault(hub, f"h with {len(parts)} of 6 fields is acknowledged but lost")
        return f"h{parts[0]}"
    ack, timediff, record_type, number, life, data = parts
    _put(context, hub, "h", record_type, number, as_int(life), as_int(timediff), data)
    return f"h{ack}"


def _put(context, hub, code, record_type, number, life_s, timediff_s, data) -> None:
    if life_s is None or timediff_s is None:
        context.fault(hub, f"{code} record of {record_type}: a time is no integer, record lost")
        return
    now_s = context.utc_s()
    recorded_s, expires_s = now_s + timediff_s, now_s + life_s - timediff_s
    try:
        problem = context.store.put_history(
            hub.vehicle_id, record_type, number, data, recorded_s, expires_s
        )
    except (OverflowError, ValueError, OSError):
        problem = "its time is outside the calendar"
    if problem:
        context.fault(hub, f"{code} record of {record_type[:40]}: {problem}")


def answer(context: Context, hub: Hub, command: int, args: str) -> list[str]:
    """All reply messages (code `c` included) for C30, C31[,since] or C32,type[,since]."""
    if command == 30:
        book_utilisation(context, hub)
        rows = context.store.utilisation(hub.vehicle_id)
        return _rows(30, rows, "No GPRS utilisation data available")
    if command == 31:
        rows = context.store.history_summary(hub.vehicle_id, since=args)
        return _rows(31, rows, "No historical data available")
    record_type, _, since = args.partition(",")
    records = context.store.history_records(hub.vehicle_id, record_type, since)
    rows = [(record_type, *record) for record in records]
    return _rows(32, rows, "No historical data available")


def book_utilisation(context: Context, hub: Hub) -> None:
    """Write the traffic since the last call to the store, if there was any."""
    octets = hub.unbooked_bytes()
    if any(octets):
        context.store.add_utilisation(hub.vehicle_id, octets, context.utc_s())


def _rows(command: int, rows: list[tuple], empty: str) -> list[str]:
    if not rows:
        return [f"c{command},1,{empty}"]
    return [
        f"c{command},0,{k},{len(rows)},{','.join(map(str, row))}"
        for k, row in enumerate(rows, start=1)
    ]
