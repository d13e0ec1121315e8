"""JSON bodies of the REST answers, built from stored messages.

Values taken from a message are strings as the car sent them, bit flags are numbers holding the
mask, fields that the car left out are null. Source: server-and-clients 3.1, 3.3, 3.4.
"""

from tools.desk.ovms import fields, tyres
from tools.desk.ovms.store import StoredMessage, timestamp

STATUS, CHARGE, LOCATION = "s", "c", "l"


class ParanoidError(Exception):
    """The needed row is encrypted; the caller answers 502."""


def status_view(rows: list[StoredMessage], view: str, now_s: float) -> dict[str, object]:
    """Answer of /api/status (STATUS) or /api/charge (CHARGE)."""
    answer: dict[str, object] = {}
    row = _row(rows, "S")
    if row:
        answer |= _age(row, now_s) | _values(fields.S, row, view)
    row = _row(rows, "D")
    if row:
        answer |= _age(row, now_s) | _values(fields.D, row, view) | _flags(row, view)
    return answer


def location_view(rows: list[StoredMessage], now_s: float) -> dict[str, object]:
    row = _row(rows, "L")
    return _age(row, now_s) | _values(fields.L, row, LOCATION) if row else {}


def tpms_view(rows: list[StoredMessage], now_s: float) -> dict[str, object]:
    """From `Y` when it is stored and whole, else from `W`."""
    row = _row(rows, "Y")
    tyre_values = tyres.parse_tyres(row.payload) if row else None
    if row and tyre_values:
        age = _age(row, now_s)
        return age | {
            "m_msgtime_w": age["m_msgtime_y"],
            "m_msgage_w": age["m_msgage_y"],
            **tyres.tyres_view(tyre_values),
        }
    row = _row(rows, "W")
    return _age(row, now_s) | _values(fields.W, row, "") if row else {}


def protocol_view(rows: list[StoredMessage]) -> list[dict[str, object]]:
    return [
        {
            "m_code": row.code,
            "m_msg": row.payload,
            "m_msgtime": timestamp(row.utc_s),
            "m_paranoid": int(row.is_paranoid),
            "m_ptoken": row.ptoken,
        }
        for row in rows
    ]


def _row(rows: list[StoredMessage], code: str) -> StoredMessage | None:
    for row in rows:
        if row.code == code:
            if row.is_paranoid:
                raise ParanoidError(code)
            return row
    return None


def _age(row: StoredMessage, now_s: float) -> dict[str, object]:
    suffix = row.code.lower()
    return {
        f"m_msgtime_{suffix}": timestamp(row.utc_s),
        f"m_msgage_{suffix}": max(0, int(now_s - row.utc_s)),
    }


def _values(table, row: StoredMessage, view: str) -> dict[str, object]:
    parts = row.payload.split(",")
    return {
        field.rest: parts[index] if index < len(parts) else None
        for index, field in enumerate(table)
        if field.rest and view in field.views
    }


def _flags(row: StoredMessage, view: str) -> dict[str, object]:
    parts = row.payload.split(",")
    answer: dict[str, object] = {}
    for index, flags in fields.DOOR_FLAGS.items():
        bits = fields.as_int(parts[index]) if index < len(parts) else None
        for flag in flags:
            if flag.rest and view in flag.views:
                mask = flag.rest_mask or flag.mask
                answer[flag.rest] = None if bits is None else bits & mask
    return answer
