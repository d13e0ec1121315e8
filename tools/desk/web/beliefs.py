"""What the car is, beside what the server and an app believe, and where they differ.

The rule: a value is marked when the car had it at no moment of the last `_DUE_S` seconds of the
module's clock, the longest time between two reports to an app (60 s) and their way. So neither
the wait for the next report is a difference nor what a filter or a rounding does to a value: one
digit of the last place of what was told, and what the bus itself rounds, are allowed. While the
bus sleeps nobody can know better than what it said last, so that is what counts then.
The power jumps: where the desk itself did not look for 4 s, it is not judged.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tools.desk.ovms import fields
from tools.desk.stage import VEHICLE, Stage
from tools.desk.twizy_sim import TwizySimulator

_DUE_S = 80.0
_BUCKETS = 40
# Between two looks so far apart, as on a busy computer, the power may have jumped unseen.
_GAP_S = 4.0
_KM_PER_MILE = 1.609344
# What the buses of the other cars round, as a Leaf's the charge to whole percent.
_COARSE = {"%": 1.0}
_NOT_KNOWN = ("", "-")


@dataclass(frozen=True)
class Row:
    """truth: of the stage; None when this car does not tell it. code, name: of the message field.

    slack: how much the bus rounds, and how far the module may be behind, in `unit`. is_bus: what
    only the bus tells, so that it is not known better while the bus sleeps. is_quick: it jumps.
    """

    key: str
    title: str
    unit: str
    truth: Callable[[Stage], Any]
    code: str
    name: str
    slack: float = 0.0
    decimals: int = 0
    is_bus: bool = True
    is_quick: bool = False


def _twizy(name: str, scale: float = 1.0) -> Callable[[Stage], Any]:
    """Reads an attribute of a Twizy's simulator, which the other cars do not tell."""

    def truth(stage: Stage) -> Any:
        car = stage.car
        if not isinstance(car, TwizySimulator):
            return None
        value = getattr(car, name, None) if hasattr(car, name) else getattr(car.model, name)
        return value * scale if isinstance(value, float) else value

    return truth


def _soc(stage: Stage) -> float | None:
    return stage.car.soc_pct if stage.tells_soc else None


def _fix(name: str) -> Callable[[Stage], float]:
    return lambda stage: getattr(stage.gps.receiver.fix, name)


def _flag(name: str) -> Callable[[Stage], str]:
    return lambda stage: _lit(getattr(stage.car, name))


def _lit(flag: bool) -> str:
    return "yes" if flag else "no"


def _volts(stage: Stage) -> float:
    return stage.options.wiring.supply_mv / 1000


ROWS = (
    Row("soc", "State of charge", "%", _soc, "S", "SOC", 0.1, 1),
    Row("range", "Range", "km", _twizy("range_km"), "S", "estimated range", 1.0),
    Row("charge", "Charge", "", _twizy("charge_state"), "S", "charge state"),
    Row("charging", "Charging", "", _flag("is_charging"), "D", "charging", is_bus=False),
    Row("on", "Motor on", "", _flag("is_on"), "D", "car on", is_bus=False),
    Row("speed", "Speed", "km/h", lambda stage: stage.car.speed_kmh, "D", "speed", 1.0),
    Row("odometer", "Odometer", "km", _twizy("odometer_km"), "D", "odometer", 0.3, 1),
    Row(
        "power",
        "Power",
        "kW",
        _twizy("power_w", 0.001),
        "L",
        "battery power",
        0.3,
        1,
        is_quick=True,
    ),
    Row("pack", "Battery voltage", "V", _twizy("pack_v"), "S", "battery voltage", 0.3, 1),
    Row(
        "battery_c",
        "Battery temperature",
        "°C",
        _twizy("battery_c"),
        "D",
        "battery temperature",
        1.5,
    ),
    Row("motor_c", "Motor temperature", "°C", _twizy("motor_c"), "D", "motor temperature", 1.0),
    Row(
        "charger_c",
        "Charger temperature",
        "°C",
        _twizy("charger_c"),
        "D",
        "charger temperature",
        1.0,
    ),
    Row("latitude", "Latitude", "°", _fix("latitude"), "L", "latitude", 3e-4, 5, False),
    Row("longitude", "Longitude", "°", _fix("longitude"), "L", "longitude", 4e-4, 5, False),
    Row("supply", "12 V", "V", _volts, "D", "12 V voltage", 0.2, 1, False),
)


class Window:
    """What a value has been within the last so many seconds: its range, or all of its texts."""

    def __init__(self) -> None:
        # (end of the bucket, lowest, highest) or (end, set of texts).
        self._buckets: deque[list[Any]] = deque()

    def add(self, now_s: float, value: float | str, length_s: float) -> None:
        buckets = self._buckets
        if not buckets or now_s >= buckets[-1][0]:
            first = set() if isinstance(value, str) else [value, value]
            buckets.append([now_s + length_s / _BUCKETS, first])
        held = buckets[-1][1]
        if isinstance(value, str):
            if not isinstance(held, set):
                buckets[-1][1] = held = set()
            held.add(value)
        elif isinstance(held, list):
            held[0], held[1] = min(held[0], value), max(held[1], value)
        while buckets[0][0] < now_s - length_s:
            buckets.popleft()

    def had(self, told: float | str, slack: float) -> bool:
        """Whether the value was as told, at some moment."""
        if isinstance(told, str):
            return any(told in held for _, held in self._buckets if isinstance(held, set))
        ranges = [held for _, held in self._buckets if isinstance(held, list)]
        if not ranges:
            return False
        # What moves passes all values in between.
        low, high = min(r[0] for r in ranges), max(r[1] for r in ranges)
        return low - slack <= told <= high + slack


@dataclass
class Belief:
    """What somebody was told last. at_s: when, by the module's clock."""

    payload: str
    at_s: float


class Beliefs:
    """Compares the stage's car with messages. `look` once in a while, then `rows`.

    clock: seconds of the module's clock, whatever its pace was.
    """

    def __init__(self, stage: Stage, clock: Callable[[], float]):
        self._stage = stage
        self._clock = clock
        self._windows = {row.key: Window() for row in ROWS}
        self._last: dict[str, float | str] = {}
        self._looked_s: float | None = None
        # Until when what jumps cannot be judged.
        self._blind_until_s = 0.0
        self.app: dict[str, Belief] = {}
        self._server: dict[str, tuple[float, Belief]] = {}

    def hear(self, code: str, payload: str) -> None:
        """A message reached the app."""
        self.app[code] = Belief(payload, self._clock())

    def forget(self) -> None:
        """Another car: what was true of the other is no longer."""
        self._windows = {row.key: Window() for row in ROWS}
        self._last.clear()

    def look(self) -> None:
        """Take note of what is the case now."""
        now_s = self._clock()
        if self._looked_s is not None and now_s - self._looked_s > _GAP_S:
            self._blind_until_s = now_s + _DUE_S
        self._looked_s = now_s
        is_asleep = self._stage.car.is_asleep
        for row in ROWS:
            if not (row.is_bus and is_asleep and row.key in self._last):
                truth = row.truth(self._stage)
                if truth is None:
                    self._last.pop(row.key, None)
                    continue
                self._last[row.key] = truth
            self._windows[row.key].add(now_s, self._last[row.key], _DUE_S)

    def rows(self) -> list[dict[str, Any]]:
        """One object a row, for the page. Ages are seconds of the module's clock."""
        server = self._server_messages()
        return [self._row(row, server) for row in ROWS]

    def differences(self) -> list[str]:
        """Titles of the rows in which the app is wrong."""
        return [row["title"] for row in self.rows() if row["app"] and row["app"]["differs"]]

    def _server_messages(self) -> dict[str, Belief]:
        """The server keeps the wall clock, in whole seconds; ours begins when it changes."""
        messages = {}
        for code, message in self._stage.server.messages(VEHICLE).items():
            known = self._server.get(code)
            if known is None or known[0] != message.utc_s or known[1].payload != message.payload:
                known = self._server[code] = (
                    message.utc_s,
                    Belief(message.payload, self._clock()),
                )
            messages[code] = known[1]
        return messages

    def _row(self, row: Row, server: dict[str, Belief]) -> dict[str, Any]:
        truth = row.truth(self._stage)
        return {
            "key": row.key,
            "title": row.title,
            "unit": row.unit,
            "truth": truth if not isinstance(truth, float) else round(truth, row.decimals),
            "server": self._told(row, server),
            "app": self._told(row, self.app),
        }

    def _told(self, row: Row, messages: dict[str, Belief]) -> dict[str, Any] | None:
        belief = messages.get(row.code)
        if belief is None:
            return None
        unit = fields.distance_unit(messages["S"].payload if "S" in messages else "")
        text = field_text(row.code, row.name, belief.payload)
        if text in _NOT_KNOWN:
            return None
        told: float | str = text
        slack = row.slack
        if not isinstance(self._stage.car, TwizySimulator):
            slack = max(slack, _COARSE.get(row.unit, 0.0))
        if row.unit or isinstance(self._last.get(row.key), float):
            try:
                told = float(text)
            except ValueError:
                return None
            decimals = len(text.partition(".")[2])
            slack += 10.0**-decimals
            if unit == "miles" and row.unit.startswith("km"):
                told *= _KM_PER_MILE
                slack += _KM_PER_MILE - 1
                text = f"{told:.{row.decimals}f}"
        age_s = self._clock() - belief.at_s
        is_known = row.key in self._last and not (
            row.is_quick and self._clock() < self._blind_until_s
        )
        differs = is_known and not self._windows[row.key].had(told, slack)
        return {"text": text, "age": round(age_s), "differs": differs}


def field_text(code: str, name: str, payload: str) -> str:
    """A field of a message, or yes or no for a flag of D; "" when there is none."""
    for value in fields.decode(code, payload):
        if value.name == name:
            return value.text
    if code == "D":
        parts = payload.split(",")
        for index, flags in fields.DOOR_FLAGS.items():
            for flag in flags:
                if flag.name == name and index < len(parts):
                    bits = fields.as_int(parts[index])
                    return "" if bits is None else _lit(bits & flag.mask != 0)
    return ""
