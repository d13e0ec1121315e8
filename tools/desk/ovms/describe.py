"""One readable line for each message an app gets."""

from tools.desk.ovms import fields, tyres
from tools.desk.ovms.commands import parse_reply
from tools.desk.ovms.text import printable

TITLES = {
    "A": "ping",
    "a": "ping answer",
    "c": "command reply",
    "D": "environment",
    "E": "paranoid",
    "F": "firmware",
    "f": "server version",
    "g": "group position",
    "L": "location",
    "P": "notification",
    "S": "state",
    "T": "last update",
    "V": "capabilities",
    "W": "tyres",
    "X": "power export",
    "Y": "tyres",
    "Z": "car",
}
RESULTS = {0: "ok", 1: "failed", 2: "unsupported", 3: "unimplemented"}
_PUSH_KINDS = {"A": "alert", "I": "info", "E": "error"}


class Describer:
    """Remembers the distance unit of the last `S` for the messages that do not carry it."""

    def __init__(self) -> None:
        self._distance_unit = "km"
        self._before: dict[str, list[fields.Value]] = {}

    def line(self, code: str, payload: str) -> str:
        """Code, its title, then name, value and unit of every field that has a value."""
        if code == "S":
            self._distance_unit = fields.distance_unit(payload)
        body = self._body(code, printable(payload))
        return f"{code} {TITLES.get(code, 'message')}: {body}"

    def news(self, code: str, payload: str, most: int) -> str:
        """As `line`, but of a table message only what is not as it was in the one before.

        most: changed fields that are named.
        """
        before = self._before.get(code)
        values = self._before[code] = fields.decode(code, printable(payload), self._distance_unit)
        line = self.line(code, payload)
        if not values or before is None or len(before) != len(values):
            return line
        changed = [new for old, new in zip(before, values, strict=True) if old != new]
        shown = [f"{new.name} {new.text or '-'} {new.unit}".rstrip() for new in changed[:most]]
        if len(changed) > most:
            shown.append(f"{len(changed) - most} more")
        return f"{code} {TITLES[code]}: {', '.join(shown) or 'as before'}"

    def _body(self, code: str, payload: str) -> str:
        values = fields.decode(code, payload, self._distance_unit)
        if values:
            return ", ".join(
                f"{value.name} {value.text} {value.unit}".rstrip()
                for value in values
                if value.text
            )
        if code == "T":
            return f"{payload} s ago"
        if code == "Z":
            return "online" if (fields.as_int(payload) or 0) > 0 else "offline"
        if code == "V":
            return f"commands {payload.replace('C', '')}"
        if code == "Y":
            return _tyres_text(payload)
        if code == "P":
            return f"{_PUSH_KINDS.get(payload[:1], payload[:1])}: {payload[1:]}"
        if code == "c":
            return reply_text(payload)
        if code == "E":
            known = "new token" if payload.startswith("T") else f"encrypted {payload[1:2]}"
            return f"{known} (give --paranoid to read it)" if payload[:1] == "M" else known
        return payload


def reply_text(payload: str) -> str:
    """Number, result in words and text of a `c` payload."""
    reply = parse_reply(payload)
    if reply is None:
        return payload
    result = RESULTS.get(reply.result, f"result {reply.result}")
    return f"{reply.command} {result} {reply.text}".rstrip()


def _tyres_text(payload: str) -> str:
    parsed = tyres.parse_tyres(payload)
    if parsed is None:
        return f"counts do not add up: {payload}"
    parts = []
    for section in tyres.SECTIONS:
        unit = tyres.UNITS[section]
        parts += [
            f"{wheel} {section} {text} {unit}".rstrip()
            for wheel, text in zip(parsed.wheels, parsed.values[section], strict=False)
        ]
    return ", ".join(parts)
