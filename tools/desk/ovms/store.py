"""What the desk server keeps: last messages, history, traffic sums, push registrations.

One SQLite file (or memory). Columns and limits follow the stock server's tables
(server-and-clients 2.1, 2.4); every limit the server enforces silently is answered here with a
sentence that says what was lost. Times are Unix seconds going in and `YYYY-MM-DD hh:mm:ss` UTC in
the rows, because `since` conditions compare that text.
"""

import re
import sqlite3
import time
from typing import NamedTuple

MESSAGE_CHARS = 255
HISTORY_TYPE_CHARS = 32
HISTORY_DATA_BYTES = 65_535
EXPIRED_PER_RUN = 2500
UTILISATION_TYPE = "*-OVM-Utilisation"
UTILISATION_DAYS = 90

_SCHEMA = """
CREATE TABLE IF NOT EXISTS vehicles (
    vehicle_id TEXT PRIMARY KEY, last_update_s INTEGER, ptoken TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS messages (
    vehicle_id TEXT, code TEXT COLLATE NOCASE, payload TEXT, utc_s INTEGER,
    paranoid INTEGER, ptoken TEXT, PRIMARY KEY (vehicle_id, code));
CREATE TABLE IF NOT EXISTS history (
    vehicle_id TEXT, type TEXT, timestamp TEXT, number INTEGER, data TEXT, expires TEXT,
    PRIMARY KEY (vehicle_id, type, number, timestamp));
CREATE INDEX IF NOT EXISTS history_expires ON history (expires);
CREATE TABLE IF NOT EXISTS push_registrations (
    vehicle_id TEXT, app_id TEXT, push_type TEXT, key_type TEXT, key TEXT,
    PRIMARY KEY (vehicle_id, app_id));
"""


class StoredMessage(NamedTuple):
    code: str
    payload: str
    utc_s: int
    is_paranoid: bool
    ptoken: str


class PushRegistration(NamedTuple):
    vehicle_id: str
    app_id: str
    push_type: str
    key_type: str
    key: str


def timestamp(utc_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(utc_s))


class Store:
    """All calls return at once; `path` may be ":memory:". OSError when it cannot be used."""

    def __init__(self, path: str = ":memory:") -> None:
        try:
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
            self.is_open = True
        except sqlite3.Error as error:
            raise OSError(f"cannot use {path} as database: {error}") from None

    def close(self) -> None:
        self.is_open = False
        self._db.close()

    def touch(self, vehicle_id: str, utc_s: float) -> None:
        """The car was heard."""
        self._db.execute(
            "INSERT INTO vehicles (vehicle_id, last_update_s) VALUES (?, ?) "
            "ON CONFLICT (vehicle_id) DO UPDATE SET last_update_s = excluded.last_update_s",
            (vehicle_id, int(utc_s)),
        )

    def last_update_s(self, vehicle_id: str) -> int | None:
        row = self._vehicle(vehicle_id)
        return row[0] if row else None

    def ptoken(self, vehicle_id: str) -> str:
        """Current paranoid token, empty when the car never sent one."""
        row = self._vehicle(vehicle_id)
        return row[1] if row else ""

    def set_ptoken(self, vehicle_id: str, ptoken: str) -> None:
        """A new token makes every row stored under another one invalid (2.5)."""
        self._db.execute(
            "INSERT INTO vehicles (vehicle_id, ptoken) VALUES (?, ?) "
            "ON CONFLICT (vehicle_id) DO UPDATE SET ptoken = excluded.ptoken",
            (vehicle_id, ptoken),
        )

    def put_message(
        self, vehicle_id: str, code: str, payload: str, utc_s: float, ptoken: str | None = None
    ) -> str:
        """Keep a car's message; a `ptoken` marks it paranoid. Returns "" or why it was lost."""
        problem = _message_problem(payload)
        if problem:
            return problem
        self._db.execute(
            "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (vehicle_id, code) DO UPDATE SET payload = excluded.payload, "
            "utc_s = excluded.utc_s, paranoid = excluded.paranoid, ptoken = excluded.ptoken",
            (vehicle_id, code, payload, int(utc_s), ptoken is not None, ptoken or ""),
        )
        return ""

    def messages(self, vehicle_id: str) -> list[StoredMessage]:
        """Rows in the order of a login replay: F, S, then by letter; invalid paranoid rows out."""
        rows = self._db.execute(
            "SELECT m.code, m.payload, m.utc_s, m.paranoid, m.ptoken FROM messages m "
            "LEFT JOIN vehicles v ON v.vehicle_id = m.vehicle_id "
            "WHERE m.vehicle_id = ? AND (NOT m.paranoid OR m.ptoken = COALESCE(v.ptoken, '')) "
            "ORDER BY m.code = 'F' DESC, m.code = 'S' DESC, m.code",
            (vehicle_id,),
        )
        return [StoredMessage(c, p, t, bool(paranoid), k) for c, p, t, paranoid, k in rows]

    def put_history(
        self,
        vehicle_id: str,
        record_type: str,
        number: str,
        data: str,
        recorded_s: float,
        expires_s: float,
    ) -> str:
        """Keep one record. Returns "" or what was lost: this record or one that it replaces."""
        problem = _history_problem(record_type, number, data)
        if problem:
            return problem
        key = (vehicle_id, record_type, int(number), timestamp(recorded_s))
        previous = self._db.execute(
            "SELECT data FROM history WHERE vehicle_id = ? AND type = ? AND number = ? "
            "AND timestamp = ?",
            key,
        ).fetchone()
        self._db.execute(
            "INSERT OR REPLACE INTO history (vehicle_id, type, number, timestamp, data, expires) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (*key, data, timestamp(expires_s)),
        )
        if previous and previous[0] != data:
            return f"a record of {record_type},{number} with the same second was overwritten"
        return ""

    def history_summary(self, vehicle_id: str, since: str = "") -> list[tuple]:
        """(type, distinct numbers, records, bytes, first, last) per type, sorted by type.

        The server counts type, vehicle and 20 bytes of each record, too.
        """
        return self._db.execute(
            "SELECT type, COUNT(DISTINCT number), COUNT(*), "
            "SUM(LENGTH(type) + LENGTH(CAST(data AS BLOB)) + LENGTH(vehicle_id) + 20), "
            "MIN(timestamp), MAX(timestamp) FROM history "
            "WHERE vehicle_id = ? AND timestamp > ? GROUP BY type ORDER BY type",
            (vehicle_id, since),
        ).fetchall()

    def history_records(self, vehicle_id: str, record_type: str, since: str = "") -> list[tuple]:
        """(timestamp, number, data), oldest first; `since` is an exclusive bound."""
        return self._db.execute(
            "SELECT timestamp, number, data FROM history "
            "WHERE vehicle_id = ? AND type = ? AND timestamp > ? ORDER BY timestamp, number",
            (vehicle_id, record_type, since),
        ).fetchall()

    def expire_history(self, utc_s: float) -> int:
        """Delete some of the records whose life has ended; returns how many."""
        return self._db.execute(
            "DELETE FROM history WHERE rowid IN "
            "(SELECT rowid FROM history WHERE expires < ? LIMIT ?)",
            (timestamp(utc_s), EXPIRED_PER_RUN),
        ).rowcount

    def add_utilisation(self, vehicle_id: str, octets: tuple[int, ...], utc_s: float) -> None:
        """Add (car rx, car tx, app rx, app tx) bytes to the vehicle's books."""
        expires = timestamp(utc_s + UTILISATION_DAYS * 86_400)
        for number, amount in enumerate(octets):
            self._db.execute(
                "INSERT INTO history (vehicle_id, type, number, timestamp, data, expires) "
                "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (vehicle_id, type, number, timestamp) "
                "DO UPDATE SET data = CAST(CAST(data AS INTEGER) + CAST(excluded.data AS INTEGER) "
                "AS TEXT)",
                (vehicle_id, UTILISATION_TYPE, number, timestamp(utc_s), str(amount), expires),
            )

    def utilisation(self, vehicle_id: str) -> list[tuple]:
        """(YYYY-MM-DD, car rx, car tx, app rx, app tx) per day, newest first, at most 90."""
        sums = ", ".join(
            f"SUM(CASE number WHEN {n} THEN CAST(data AS INTEGER) ELSE 0 END)" for n in range(4)
        )
        return self._db.execute(
            f"SELECT SUBSTR(timestamp, 1, 10) AS day, {sums} FROM history "
            "WHERE vehicle_id = ? AND type = ? GROUP BY day ORDER BY day DESC LIMIT ?",
            (vehicle_id, UTILISATION_TYPE, UTILISATION_DAYS),
        ).fetchall()

    def register_push(self, registration: PushRegistration) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO push_registrations VALUES (?, ?, ?, ?, ?)", registration
        )

    def push_registrations(self, vehicle_id: str) -> list[PushRegistration]:
        rows = self._db.execute(
            "SELECT * FROM push_registrations WHERE vehicle_id = ? ORDER BY app_id", (vehicle_id,)
        )
        return [PushRegistration(*row) for row in rows]

    def _vehicle(self, vehicle_id: str) -> tuple | None:
        return self._db.execute(
            "SELECT last_update_s, ptoken FROM vehicles WHERE vehicle_id = ?", (vehicle_id,)
        ).fetchone()


def _message_problem(payload: str) -> str:
    try:
        text = payload.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return "not valid UTF-8"
    if any(ord(character) > 0xFFFF for character in text):
        return "a four-byte UTF-8 character does not fit the server's column"
    if len(text) > MESSAGE_CHARS:
        return f"{len(text)} characters, the server stores at most {MESSAGE_CHARS}"
    return ""


def _history_problem(record_type: str, number: str, data: str) -> str:
    if len(record_type) > HISTORY_TYPE_CHARS:
        return f"type has {len(record_type)} characters, the column {HISTORY_TYPE_CHARS}"
    if not re.fullmatch(r"-?[0-9]{1,10}", number) or abs(int(number)) >= 2**31:
        return f"record number {number[:20]!r} is not a 32-bit integer"
    if len(data) > HISTORY_DATA_BYTES:
        return f"data has {len(data)} bytes, the column {HISTORY_DATA_BYTES}"
    return ""
