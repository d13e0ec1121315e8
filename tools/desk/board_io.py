"""What of the board is neither a UART nor the CAN bus: supply, boot pin, sleep, what they show.

The firmware's end is `_IO` of `tools/simulated_board/board/machine.py`, over the connection `IO`:
`A` and `B` ask for millivolts and for the level of the button, `S` and three bytes for a light
sleep of so many milliseconds; each is answered with two bytes, the last when it is over: 2 for RI,
3 for INT, 4 for the time, as `machine.wake_reason()` has them. `J`, a length and a JSON object
tell what to show. Nothing of the firmware runs while it sleeps; what comes to its UARTs is lost.

RI: a modem behind a TCP port has no wire for it. What a modem says while the ESP32 sleeps is
unsolicited, so it stands for its pulse.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable

_BY_RI, _BY_INT, _BY_TIME = 2, 3, 4
_MAX_MV = 65_535
_MAX_LINE = 4096
_MAX_COMPLAINTS = 10
_COMPLAINT = 'IO line ignored: only {"supply_mv": n} and {"boot_pin": 0|1}.'
_FIRST = {
    "state": "awake",
    "sleep": "none",
    "cpu_mhz": 160,
    "gps": True,
    "can": "off",
    "dtr": False,
    "watchdog": "fed",
}


class BoardIO:
    """write: where a line of JSON goes at each change, of what design 4.2 names. supply_mv: at the
    start. time_scale: of the firmware's clock.

    is_asleep: nothing of the firmware runs. lost: bytes that came to a UART meanwhile.
    """

    def __init__(self, write: Callable[[bytes], None], supply_mv: int, time_scale: float = 1.0):
        self._write = write
        self._time_scale = time_scale
        self._partial = b""
        self._complaints = 0
        self._timer: asyncio.TimerHandle | None = None
        self._answer: Callable[[bytes], None] | None = None
        self.supply_mv = supply_mv
        self.boot_pin = 1
        self.lost = 0
        self.shown: dict[str, object] = dict(_FIRST)

    @property
    def is_asleep(self) -> bool:
        return self._answer is not None

    def receive_text(self, data: bytes) -> None:
        """JSON lines from outside, cut anywhere: `{"supply_mv": 12600}`, `{"boot_pin": 0}`."""
        *lines, self._partial = (self._partial + data).split(b"\n")
        self._partial = self._partial[:_MAX_LINE]
        for line in lines:
            if line.strip():
                self._set(line)

    def _set(self, line: bytes) -> None:
        try:
            values = json.loads(line)
            supply_mv = values.get("supply_mv", self.supply_mv)
            boot_pin = values.get("boot_pin", self.boot_pin)
            unknown = set(values) - {"supply_mv", "boot_pin"}
            is_number = type(supply_mv) is int and 0 <= supply_mv <= _MAX_MV
            if unknown or not is_number or boot_pin not in (0, 1):
                raise ValueError
        except (ValueError, AttributeError):
            self._complaints += 1
            if self._complaints <= _MAX_COMPLAINTS:
                print(_COMPLAINT, file=sys.stderr)
            return
        self.supply_mv, self.boot_pin = supply_mv, int(boot_pin)

    def show(self, **values: object) -> None:
        """Something changed, perhaps."""
        if any(self.shown[name] != value for name, value in values.items()):
            self.shown.update(values)
            self.tell()

    def tell(self) -> None:
        """All of it, to somebody who has just connected, too."""
        self._write(json.dumps(self.shown).encode() + b"\n")

    def handle(self, request: bytes, answer: Callable[[bytes], None]) -> int:
        """Carry out the requests in `request`; returns how many of its bytes were used."""
        at = 0
        while at < len(request):
            kind = request[at : at + 1]
            if kind == b"S":
                if at + 4 > len(request):
                    break
                self._sleep(int.from_bytes(request[at + 1 : at + 4], "big"), answer)
                at += 4
            elif kind == b"J":
                if at + 2 > len(request) or at + 2 + request[at + 1] > len(request):
                    break
                end = at + 2 + request[at + 1]
                self.show(**json.loads(request[at + 2 : end]))
                at = end
            else:
                value = self.supply_mv if kind == b"A" else self.boot_pin
                answer(value.to_bytes(2, "big"))
                at += 1
        return at

    def _sleep(self, limit_ms: int, answer: Callable[[bytes], None]) -> None:
        self._answer = answer
        self.show(sleep="light")
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(limit_ms / 1000 / self._time_scale, self._wake, _BY_TIME)

    def _wake(self, reason: int) -> None:
        answer, self._answer = self._answer, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if answer is not None:
            self.show(sleep="none")
            answer(reason.to_bytes(2, "big"))

    def takes_uart(self, name: str, data: bytes) -> bool:
        """Whether bytes for a UART are lost in a sleep; those of the modem end it."""
        if not self.is_asleep:
            return False
        self.lost += len(data)
        if name == "UART1":
            self._wake(_BY_RI)
        return True

    def look(self, can: str, is_interrupt_low: bool) -> None:
        """The CAN controller's mode, and the level of its INT."""
        self.show(can=can)
        if is_interrupt_low and self.is_asleep:
            self._wake(_BY_INT)

    def restarted(self, is_bitten: bool) -> None:
        """The firmware has ended, by the watchdog or else, and starts anew."""
        self._wake(_BY_TIME)
        self.show(watchdog="bitten" if is_bitten else "fed")
        self.show(**{**_FIRST, "can": self.shown["can"]})
