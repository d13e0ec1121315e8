"""The frames on the car's bus as a table: rate, last bytes, what changed, what they mean."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Any

from cantools.database import DecodeError, can, load_file

from tools.desk.dbc_cars import CARS
from tools.desk.twizy_frames import DBC

# A rate is that of the last so many seconds.
_RATE_S = 2.0
# Changed bits stay marked so long.
_MARKED_S = 1.0
# More rows than a car has ids are somebody's noise.
_MOST_ROWS = 256


@cache
def messages_of(car_type: str) -> dict[int, can.Message]:
    """The messages of a car's DBC file by their id."""
    path = CARS[car_type].dbc if car_type in CARS else DBC
    database = load_file(path, strict=False)
    assert isinstance(database, can.Database)
    return {message.frame_id: message for message in database.messages}


class _Row:
    def __init__(self, now_s: float):
        self.data = b""
        self.changed = bytearray(8)
        self.changed_s = [0.0] * 8
        self.count = self.counted = 0
        self.since_s = now_s
        self.rate = 0.0

    def take(self, data: bytes, now_s: float) -> None:
        self.count += 1
        for index, byte in enumerate(data[:8]):
            before = self.data[index] if index < len(self.data) else byte
            if byte != before:
                if now_s - self.changed_s[index] > _MARKED_S:
                    self.changed[index] = 0
                self.changed[index] |= byte ^ before
                self.changed_s[index] = now_s
        self.data = data
        self._count(now_s)

    def _count(self, now_s: float) -> None:
        passed_s = now_s - self.since_s
        if passed_s >= _RATE_S:
            self.rate = (self.count - self.counted) / passed_s
            self.counted = self.count
            self.since_s = now_s

    def shown(self, identifier: int, message: can.Message | None, now_s: float) -> dict[str, Any]:
        self._count(now_s)
        length = len(self.data)
        marks = [
            self.changed[i] if now_s - self.changed_s[i] <= _MARKED_S else 0
            for i in range(min(length, 8))
        ]
        return {
            "id": f"{identifier:03X}",
            "name": message.name if message else "",
            "rate": round(self.rate, 1),
            "count": self.count,
            "data": self.data.hex(" ").upper(),
            "changed": marks,
            "signals": decoded(message, self.data),
        }


def decoded(message: can.Message | None, data: bytes) -> str:
    """The signals of a frame as text, "" when the DBC file does not know it."""
    if message is None:
        return ""
    try:
        values = message.decode_simple(data, decode_choices=True, allow_truncated=True)
    except (DecodeError, ValueError):
        return ""
    parts = []
    for signal in message.signals:
        if signal.name in values:
            value = values[signal.name]
            text = f"{value:.6g}" if isinstance(value, float) else str(value)
            parts.append(f"{signal.name} {text} {signal.unit or ''}".rstrip())
    return ", ".join(parts)


class BusTable:
    """Frames of one direction. car_type: whose DBC file explains them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._rows: dict[int, _Row] = {}
        self.frames = 0

    def take(self, identifier: int, data: bytes) -> None:
        now_s = self._clock()
        self.frames += 1
        row = self._rows.get(identifier)
        if row is None:
            if len(self._rows) >= _MOST_ROWS:
                return
            row = self._rows[identifier] = _Row(now_s)
        row.take(data, now_s)

    def clear(self) -> None:
        self._rows.clear()

    def shown(self, car_type: str) -> list[dict[str, Any]]:
        """All rows by id."""
        now_s = self._clock()
        messages = messages_of(car_type)
        return [
            row.shown(identifier, messages.get(identifier), now_s)
            for identifier, row in sorted(self._rows.items())
        ]
