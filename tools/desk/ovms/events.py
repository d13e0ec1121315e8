"""What happens in the desk server, as lines for people or JSON for programs.

Secrets never reach an event: payloads that carry passwords go through `redact` first.
"""

import json
import re
import time
from dataclasses import dataclass, field

from tools.desk.ovms.text import printable

MASK = "***"
_SECRET_PARAMETERS = frozenset({"1", "7", "9", "10", "39", "45", "47", "49"})
_SECRET_SMS_WORDS = frozenset(
    {"REGISTER", "PASS", "SERVER", "GPRS", "AP", "PARAMS", "MQTT", "WIFI"}
)
_SECRET_REPLY = re.compile(r"((?:pass\w*|paranoid)[ \w]*:\s*|[\r\n](?:1|7|9|10):)[^\r\n]+", re.I)


@dataclass(frozen=True)
class Event:
    """kind: listening login refused logout car app fault note push group provision sync rest."""

    kind: str
    vehicle_id: str
    text: str
    utc_s: float
    detail: dict = field(default_factory=dict)

    def line(self) -> str:
        clock = time.strftime("%H:%M:%S", time.gmtime(self.utc_s))
        kind = "MODULE ERROR" if self.kind == "fault" else self.kind
        parts = (clock, self.vehicle_id, f"{kind}:", printable(self.text))
        return " ".join(part for part in parts if part)

    def json(self) -> str:
        return json.dumps(
            {
                "utc_s": round(self.utc_s, 3),
                "kind": self.kind,
                "vehicle": self.vehicle_id,
                "text": printable(self.text),
                **self.detail,
            }
        )


def redact(code: str, payload: str) -> str:
    """`payload` with passwords masked, for any message code in either direction."""
    parts = payload.split(",")
    if code == "p" and len(parts) > 4:
        return ",".join(parts[:4] + [MASK])
    if code == "R" and len(parts) > 3:
        return ",".join(parts[:2] + [MASK])
    if code == "C":
        return _redact_command(parts, payload)
    if code == "c":
        return _redact_reply(parts, payload)
    return payload


def _redact_command(parts: list[str], payload: str) -> str:
    if parts[0] == "4" and len(parts) > 2 and parts[1] in _SECRET_PARAMETERS:
        return f"4,{parts[1]},{MASK}"
    words = parts[1].split() if len(parts) > 1 else []
    if parts[0] == "7" and len(words) > 1 and words[0].upper() in _SECRET_SMS_WORDS:
        return f"7,{words[0]} {MASK}"
    return payload


def _redact_reply(parts: list[str], payload: str) -> str:
    if parts[0] == "3" and len(parts) > 4 and parts[2] in _SECRET_PARAMETERS and parts[4]:
        return ",".join(parts[:4] + [MASK])
    if parts[0] == "7":
        return _SECRET_REPLY.sub(lambda match: match.group(1) + MASK, payload)
    return payload
