"""What was said as numbered lines, what was measured as numbered samples: the newest only."""

from __future__ import annotations

import re
from collections import deque
from typing import Any

from tools.desk.ovms.events import redact

MASK = "****"
_KEPT_LINES = 1500
_KEPT_SAMPLES = 1800
_LONGEST = 600
# Hexadecimal texts this long are SMS as PDU, which may hold what their text may not show.
_PDU = re.compile(r"\b[0-9A-F]{40,}\b")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\uffff\n]")


class Numbered:
    """A bounded list whose items are counted, so that each reader asks for what is new to it."""

    def __init__(self, kept: int):
        self.count = 0
        self._items: deque[dict[str, Any]] = deque(maxlen=kept)

    def add(self, item: dict[str, Any]) -> None:
        self.count += 1
        self._items.append({"n": self.count, **item})

    def since(self, number: int) -> list[dict[str, Any]]:
        """All kept items with a higher number, oldest first."""
        new = self.count - max(number, self.count - len(self._items))
        return list(self._items)[len(self._items) - new :] if new > 0 else []


class Secrets:
    """Masks passwords in whatever is shown. known: those that the desk itself uses."""

    def __init__(self, known: tuple[str, ...] = ()):
        self._known = sorted(known, key=len, reverse=True)

    def clean(self, text: str) -> str:
        """`text` without passwords and PDUs, in printable characters."""
        for secret in self._known:
            text = text.replace(secret, MASK)
        text = _PDU.sub(lambda match: f"<PDU of {len(match[0]) // 2} bytes>", text)
        return _UNPRINTABLE.sub("·", text)[:_LONGEST]

    def clean_sms(self, text: str) -> str:
        """An SMS to the module: what follows a command that sets a password is masked, too."""
        masked = redact("C", f"7,{text}").removeprefix("7,")
        if masked != text:
            masked = masked.replace("***", MASK)
        return self.clean(masked)

    def clean_reply(self, text: str) -> str:
        """An SMS of the module, or the text of a reply to an app."""
        masked = redact("c", f"7,0,{text}").removeprefix("7,0,")
        return self.clean(masked if masked == text else masked.replace("***", MASK))


class LineLog(Numbered):
    """Lines of who said what, when (seconds since the start)."""

    def __init__(self) -> None:
        super().__init__(_KEPT_LINES)

    def line(self, at_s: float, who: str, text: str, **more: Any) -> None:
        self.add({"t": round(at_s, 1), "who": who, "text": text, **more})


class SampleLog(Numbered):
    """One sample a second for half an hour of plots."""

    def __init__(self) -> None:
        super().__init__(_KEPT_SAMPLES)


class Dialogue:
    """Cuts the bytes of a serial line into lines. on_line(text) gets each, without its end."""

    def __init__(self, on_line) -> None:
        self._on_line = on_line
        self._rest = b""

    def feed(self, data: bytes) -> None:
        *lines, self._rest = re.split(rb"[\r\n]+", self._rest + data)
        if self._rest == b"> ":
            lines.append(self._rest)
            self._rest = b""
        if len(self._rest) > 4 * _LONGEST:
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            if line.strip():
                self._on_line(_shown(line))


def _shown(line: bytes) -> str:
    """A line of text, or how long it is when it is none."""
    odd = sum(byte < 0x20 or byte > 0x7E for byte in line)
    if odd * 8 > len(line):
        return f"<{len(line)} bytes>"
    return line.decode("latin-1")
