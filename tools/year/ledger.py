"""The books of a story: what was recorded, sent, asked, written, taken, by month and state."""

from __future__ import annotations

import time
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field

from tools.benchmarks import power
from tools.year.story import QUESTIONS, START_UTC_S

# What an alert or an answer may take: the longest that the firmware may need for one.
FLUSH_S = 20
_UNKEPT = 2
OFF, SAFE = "off", "safe"


@dataclass
class Record:
    """One that the firmware was asked to keep. is_kept: on flash until it is acknowledged."""

    life: int
    at_s: float
    is_kept: bool
    stored_s: list[float] = field(default_factory=list)


@dataclass
class Life:
    """One run of the firmware. counts: the module's own counters at its end."""

    begin_s: float
    cause: str
    end_s: float = 0.0
    ending: str = ""
    # How often `ticks_ms` began anew.
    wraps: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    # (day, objects that the application holds, bytes of the module's files) while it is parked.
    weights: list[tuple[float, int, int]] = field(default_factory=list)


@dataclass
class Question:
    """An SMS of the owner. answered_s: None for not at all."""

    asked_s: float
    text: str
    answered_s: float | None = None
    answer: str = ""


class Ledger:
    """seconds, slept, bytes, writes, texts: by (month, state). now_s(), state(): of the world."""

    def __init__(self, now_s, state):
        self._now_s = now_s
        self._state = state
        self.lost_bytes = 0
        self.seconds: Counter[tuple[str, str]] = Counter()
        self.slept: Counter[tuple[str, str]] = Counter()
        self.from_car: Counter[tuple[str, str]] = Counter()
        self.to_car: Counter[tuple[str, str]] = Counter()
        self.texts: Counter[tuple[str, str]] = Counter()
        self.writes: Counter[tuple[str, str]] = Counter()
        self.done: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self.lives: list[Life] = []
        self.questions: list[Question] = []
        self._open: deque[Question] = deque()
        self.sent_s: list[float] = []
        self.told: list[tuple[float, str]] = []
        self.records: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
        self.overwritten: list[str] = []
        self.unknown: list[str] = []
        self.mails = 0
        table = power.modes()
        self._ma = {s: sum(power.parts_ma(s, table).values()) for s in power.STATES}
        self._ma[OFF] = 0.0
        self._ma[SAFE] = self._ma["awake"]

    # Time and power.

    def month(self) -> str:
        return time.strftime("%Y-%m", time.gmtime(START_UTC_S + self._now_s()))

    def _key(self) -> tuple[str, str]:
        return self.month(), self._state()

    def milliamperes(self) -> float:
        return self._ma[self._state()]

    def pass_time(self, seconds: float, is_asleep: bool) -> None:
        self.seconds[self._key()] += round(seconds)
        if is_asleep:
            self.slept[self._key()] += round(seconds)

    def amperehours(self, key: tuple[str, str]) -> float:
        return self._ma[key[1]] * self.seconds[key] / 3_600_000

    # Bytes, flash.

    def count_bytes(self, from_car: int, to_car: int) -> None:
        key = self._key()
        self.from_car[key] += from_car
        self.to_car[key] += to_car

    def count_write(self) -> None:
        self.writes[self._key()] += 1

    # SMS.

    def ask(self, text: str) -> None:
        question = Question(self._now_s(), text)
        self.questions.append(question)
        self._open.append(question)

    def forget(self, question: Question) -> None:
        """Nobody waits for its answer any more."""
        if question in self._open:
            self._open.remove(question)

    def on_sms(self, number: str, owner: str, text: str) -> None:
        """The module has sent an SMS, or one that a phone shows as one."""
        self.texts[self._key()] += 1
        self.sent_s.append(self._now_s())
        if number != owner:
            return
        for question in self._open:
            is_cut = "cut short" in text or "interrupted" in text
            if QUESTIONS[question.text] in text or is_cut:
                question.answered_s, question.answer = self._now_s(), text
                self._open.remove(question)
                return
        self.told.append((self._now_s(), text))

    @property
    def unanswered(self) -> list[Question]:
        return [question for question in self.questions if question.answered_s is None]

    def busiest(self, window_s: float) -> int:
        """The most SMS within any window of that length."""
        most = begin = 0
        for end, at_s in enumerate(self.sent_s):
            while self.sent_s[begin] < at_s - window_s:
                begin += 1
            most = max(most, end - begin + 1)
        return most

    # Records.

    def on_add(self, record_type: str, number: int, data: str, priority: int | None) -> None:
        key = (record_type, str(number), data.replace("\n", "\r"))
        life = len(self.lives) - 1
        self.records[key].append(Record(life, self._now_s(), priority != _UNKEPT))

    def on_stored(self, record_type, number, data, recorded_s, problem) -> None:
        if problem:
            self.overwritten.append(problem)
        records = self.records.get((record_type, str(number), data))
        if not records:
            self.unknown.append(f"{record_type},{number},{data}")
            return
        at_s = recorded_s - START_UTC_S
        # Of several with the same text the one of the same time.
        best = min(records, key=lambda r: (abs(r.at_s - at_s) > 60, len(r.stored_s) > 0))
        best.stored_s.append(at_s)

    def all_records(self) -> list[tuple[tuple[str, str, str], Record]]:
        return [(key, record) for key, found in self.records.items() for record in found]

    def missing(self) -> tuple[int, int, list[str]]:
        """Kept records that never reached the server: (younger than FLUSH_S at the end of a life
        that nobody announced, others, those in words). What the last life still holds is asked
        of it before."""
        young = 0
        others = []
        for (record_type, number, data), record in self.all_records():
            if record.stored_s or not record.is_kept:
                continue
            left_s = self.lives[record.life].end_s - record.at_s
            if left_s <= FLUSH_S + 10:
                young += 1
            else:
                others.append(
                    f"life {record.life}, {record.at_s:.0f} s, {left_s:.0f} s before its end: "
                    f"{record_type},{number},{data[:40]}"
                )
        return young, len(others), others

    def time_errors(self) -> list[tuple[float, str, Record]]:
        """(seconds between when a record was made and what the server thinks, which)."""
        found = []
        for (record_type, _, _), record in self.all_records():
            for stored_s in record.stored_s[:1]:
                if record.is_kept:
                    found.append((stored_s - record.at_s, record_type, record))
        return found

    def dropped_by_rule(self) -> Counter[str]:
        """What the module itself says it has dropped, of all lives."""
        total: Counter[str] = Counter()
        for life in self.lives:
            for name in ("history_overwritten", "history_aged", "history_refused",
                         "history_dropped", "history_damaged"):  # fmt: skip
                total[name] += life.counts.get(name, 0)
        return total
