"""What the module tells at its console: heap, pauses, counters, the marks of its battery monitor.

It is asked as somebody at the cable would ask: `WATCH HEALTH`, and for a Twizy in turns
`S BATT VD` and `S BATT TD`. Nothing is worked out from the car here: a mark is the module's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# firmware/README.md, "Recovery ladder": the counter of each step. A bearer that was lost is set up
# anew, too, at the first time without a repetition.
STEPS = {
    "sms_retry": "resend",
    "tcp_resend": "resend",
    "server_reconnects": "reconnect",
    "gprs_lost": "PDP",
    "gprs_retry": "PDP",
    "modem_restarted": "set up anew",
    "modem_silent": "set up anew",
    "modem_restart": "modem restart",
    "modem_power_key": "power lines",
    "modem_power_cycle": "power lines",
    "board_restart": "board restart",
}
# Before the first login these are no recovery: the module tries before there is a network, and
# a modem that is off is switched on by its key, once.
_OF_START = ("server_reconnects", "gprs_lost", "gprs_retry")
_KEY = "modem_power_key"
_WATCH, _WATCH_NOTHING = "WATCH HEALTH", "WATCH"
# Seconds of the module's clock. Lines of health come every 5 s.
_SILENT_S = 20.0
_ASK_S = 10.0
_ANSWER_S = 20.0
# In real seconds: however fast the module's time is, more often is of no use to anybody.
_LEAST_S = 1.0
_MOST_COUNTS = 200
_HEALTH = re.compile(r"health> \d+ s, (\d+) of (\d+) bytes, (-?\d+) ms$")
_COUNT = re.compile(r"count> ([a-z0-9_]{1,60}) (\d{1,12})$")
# `!3:+35mV `, `?SD:15mV `, `7:-1C `: Twizy facts 4.4.
_VALUE = re.compile(r"([!?]?)(SD|\d{1,2}):([+-]?\d+)(mV|C)(?= |$)")
_GROUPS = {"cells": "S BATT VD", "modules": "S BATT TD"}


@dataclass(frozen=True)
class Health:
    """Bytes of the module's heap; the longest pause of its loop, in its own time."""

    used: int
    size: int
    pause_ms: int


@dataclass
class Marks:
    """What the monitor says of the cells or of the modules.

    deviation: the group's highest standard deviation, with its unit. mark: of the group, `!` an
    alert, `?` a watch, "" neither. marks, furthest: of each by its number, from 1: the same, and
    how far it was from the mean at most, with its unit.
    """

    deviation: str = ""
    mark: str = ""
    marks: dict[int, str] = field(default_factory=dict)
    furthest: dict[int, str] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        numbers = range(1, max(self.marks, default=0) + 1)
        return {
            "deviation": self.deviation,
            "mark": self.mark,
            "marks": [self.marks.get(n, "") for n in numbers],
            "furthest": [self.furthest.get(n, "") for n in numbers],
        }


def marks_of(answer: str) -> Marks | None:
    """The marks in an answer to `BATT VD` or `BATT TD`; None when it has no values."""
    found = Marks()
    for mark, name, value, unit in _VALUE.findall(answer):
        text = f"{value} {'°C' if unit == 'C' else unit}"
        if name == "SD":
            found.mark, found.deviation = mark, text
        else:
            found.marks[int(name)], found.furthest[int(name)] = mark, text
    return found if found.deviation else None


class ModuleWatch:
    """type_line(text): at the module's console; False when nobody could read it.

    on_step(step): the recovery ladder took one.

    counts: the module's counters since its start. health: the last one, None while nothing is
    heard. groups: the monitor's marks by `cells` and `modules`, as far as it has told them.
    """

    def __init__(self, type_line: Callable[[str], bool], on_step: Callable[[str], None]):
        self.counts: dict[str, int] = {}
        self.health: Health | None = None
        self.groups: dict[str, Marks] = {}
        self._type_line = type_line
        self._on_step = on_step
        self._watch_due_s = self._ask_due_s = self._real_due_s = 0.0
        self._now_s = 0.0
        self._asked = ""
        self._answer: list[str] = []
        self._next = "cells"
        self._has_started = False

    def restarted(self) -> None:
        """The module starts anew: its counters begin at nothing, and it has to be asked again."""
        self.counts.clear()
        self.groups.clear()
        self.health = None
        self._has_started = False
        self._asked = ""
        self._watch_due_s = self._ask_due_s = 0.0

    def rest(self) -> None:
        """Nobody looks: leave the module, whose heap may be small, alone until the next `tick`."""
        if self.health is not None:
            self._type_line(_WATCH_NOTHING)
        self.health = None
        self._asked = ""
        self._watch_due_s = 0.0

    def forget_car(self) -> None:
        """Another car: what the monitor said is of the one before."""
        self.groups.clear()

    def tick(self, module_s: float, real_s: float, has_monitor: bool) -> None:
        """Ask what is due. module_s, real_s: both clocks. has_monitor: the car is a Twizy."""
        self._now_s = module_s
        if module_s >= self._watch_due_s:
            # Nothing was heard, as at the start; what is typed before it listens is not lost.
            self.health = None
            if self._type_line(_WATCH):
                self._watch_due_s = module_s + _SILENT_S
            return
        if not has_monitor or self.health is None or real_s < self._real_due_s:
            return
        if module_s < self._ask_due_s:
            return
        self._asked = self._next
        self._answer = []
        self._next = "modules" if self._next == "cells" else "cells"
        # An answer that never comes is not waited for.
        self._ask_due_s = module_s + _ANSWER_S
        self._real_due_s = real_s + _LEAST_S
        self._type_line(_GROUPS[self._asked])

    def hear(self, line: str) -> None:
        """A line of the console, with its mark `#`."""
        text = line[1:].strip()
        if found := _HEALTH.match(text):
            self._watch_due_s = self._now_s + _SILENT_S
            # What follows this line may be of before the first login as long as it is new.
            self._has_started = self.counts.get("server_logins", 0) > 0
            self.health = Health(*(int(number) for number in found.groups()))
        elif found := _COUNT.match(text):
            self._count(found[1], int(found[2]))
        elif line == "#.":
            self._take_answer()
        elif self._asked:
            self._answer.append(text)

    def _count(self, name: str, number: int) -> None:
        before = self.counts.get(name, 0)
        if name in self.counts or len(self.counts) < _MOST_COUNTS:
            self.counts[name] = number
        step = STEPS.get(name)
        if step is None or (name in _OF_START and not self._has_started):
            return
        free = 1 if name == _KEY and before == 0 else 0
        for _ in range(number - before - free):
            self._on_step(step)

    def _take_answer(self) -> None:
        marks = marks_of(" ".join(self._answer))
        # The end of the answer to WATCH comes without values, and before the one that was asked.
        if self._asked and (marks is not None or self._answer):
            if marks is None:
                self.groups.pop(self._asked, None)
            else:
                self.groups[self._asked] = marks
            self._asked = ""
            self._ask_due_s = self._now_s + _ASK_S / 2
        self._answer = []
