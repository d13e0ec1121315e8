"""The books of a story as tables and as sentences on what is wrong."""

from __future__ import annotations

from collections import Counter

from tools.year.ledger import OFF, Ledger
from tools.year.story import DAY_S

# Seconds between when a record was made and when the server thinks it was: the way over GPRS, and
# what waits behind an SMS that is sent.
TIME_ERROR_S = 20.0
# More than this is a storm that somebody pays for.
_SMS_HOUR, _SMS_DAY = 12, 40
# Objects of the application more at the end of a life than after its first day.
_GROWTH = 1.25
_STATES = ("drive", "charge", "awake", "park", "deep", "transport", "safe", OFF)
# Erased blocks a save, measured (firmware/README.md, "Wear"); erasures that a block of NOR flash
# lives through; blocks of LittleFS in the 2 MB of an official image.
_ERASED_A_WRITE = 1.07
_ERASURES = 100_000
_BLOCKS = 512


def months(ledger: Ledger) -> list[str]:
    return sorted({month for month, _ in ledger.seconds})


def _row(name: str, ledger: Ledger, keys: list[tuple[str, str]]) -> str:
    def total(counter: Counter[tuple[str, str]]) -> int:
        return sum(counter[key] for key in keys)

    days = total(ledger.seconds) / DAY_S
    amperehours = sum(ledger.amperehours(key) for key in keys)
    return (
        f"| {name} | {days:.1f} | {amperehours:.1f} | {amperehours / max(days, 1e-9):.2f} | "
        f"{total(ledger.from_car) / 1024:,.0f} | {total(ledger.to_car) / 1024:,.0f} | "
        f"{total(ledger.texts)} | {total(ledger.writes):,} |"
    )


def table(ledger: Ledger) -> str:
    """Days, Ah, bytes, SMS and writes to flash: a line each month, a line each state, and all."""
    head = "| | days | Ah | Ah/day | KB sent | KB received | SMS | flash writes |"
    lines = [head, "|" + "---|" * 8]
    keys = list(ledger.seconds)
    for month in months(ledger):
        lines.append(_row(month, ledger, [key for key in keys if key[0] == month]))
    for state in _STATES:
        found = [key for key in keys if key[1] == state]
        if found:
            lines.append(_row(state, ledger, found))
    lines.append(_row("all", ledger, keys))
    return "\n".join(lines)


def summary(ledger: Ledger) -> list[str]:
    """Sentences of the year: lives, records, SMS, flash."""
    records = ledger.all_records()
    kept = [record for _, record in records if record.is_kept]
    stored = sum(1 for record in kept if record.stored_s)
    twice = sum(1 for record in kept if len(record.stored_s) > 1)
    young, lost, _ = ledger.missing()
    rules = {name: count for name, count in ledger.dropped_by_rule().items() if count}
    endings = Counter(life.ending for life in ledger.lives if life.ending)
    answered = [q.answered_s - q.asked_s for q in ledger.questions if q.answered_s is not None]
    days = sum(ledger.seconds.values()) / DAY_S
    writes = sum(ledger.writes.values())
    lines = [
        f"Lives: {len(ledger.lives)}; ended by {_counted(endings) or 'nothing'}; ticks wrapped "
        f"{sum(life.wraps for life in ledger.lives)} times.",
        f"Happened: {_counted(ledger.done)}.",
        f"Records to keep: {len(kept)}; acknowledged {stored}, of these {twice} more than once; "
        f"younger than 20 s when a life ended {young}; otherwise missing {lost}; "
        f"told as dropped by the module {_counted(Counter(rules)) or 'none'}.",
        f"SMS of the owner: {len(ledger.questions)}, answered {len(answered)}, the last after "
        f"{max(answered, default=0):.0f} s; most sent in an hour {ledger.busiest(3600)}, in a day "
        f"{ledger.busiest(DAY_S)}.",
    ]
    if days and writes:
        a_year = writes * _ERASED_A_WRITE * 365 / days
        lines.append(
            f"Flash: {writes:,} writes, some {a_year:,.0f} erased blocks a year: "
            f"{_ERASURES * _BLOCKS / a_year:,.0f} years of {_ERASURES:,} erasures of {_BLOCKS} "
            "blocks."
        )
    return lines


def _counted(counter: Counter) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items()))


def complaints(ledger: Ledger, faults: list[str]) -> list[str]:
    """What must not be, in sentences; [] for a good year."""
    found = [f"The server complains: {text}" for text in faults[:5]]
    found += [f"The server has a record that nobody made: {text}" for text in ledger.unknown[:5]]
    _, lost, which = ledger.missing()
    rules = ledger.dropped_by_rule()
    if lost > rules["history_overwritten"] + rules["history_aged"]:
        found += [f"A record is missing: {text}" for text in which[:5]]
    for error_s, kind, record in ledger.time_errors():
        if not -2 < error_s < TIME_ERROR_S:
            day = record.at_s / DAY_S
            found.append(f"A {kind} of day {day:.2f} is {error_s:.0f} s wrong.")
    found += [
        f"No answer to {question.text} of day {question.asked_s / DAY_S:.2f}."
        for question in ledger.unanswered
    ]
    if ledger.busiest(3600) > _SMS_HOUR or ledger.busiest(DAY_S) > _SMS_DAY:
        found.append(f"{ledger.busiest(3600)} SMS in an hour, {ledger.busiest(DAY_S)} in a day.")
    return found + grown(ledger) + unexpected(ledger)


def grown(ledger: Ledger) -> list[str]:
    """Lives in which the application held more and more."""
    found = []
    for number, life in enumerate(ledger.lives):
        weights = [count for _, count, _ in life.weights[1:]]
        if len(weights) < 4:
            continue
        half = len(weights) // 2
        before, after = max(weights[:half]), max(weights[half:])
        if after > before * _GROWTH:
            found.append(f"Life {number} grew from {before} objects to {after}.")
    return found


def unexpected(ledger: Ledger) -> list[str]:
    """Errors and ends that no event of the story asked for."""
    found = []
    errors: Counter[str] = Counter()
    for life in ledger.lives:
        errors.update(life.errors)
    wanted = ledger.done["error"]
    if sum(errors.values()) > wanted:
        found.append(
            f"{sum(errors.values())} errors of tasks, {wanted} wanted: {_counted(errors)}"
        )
    endings = Counter(life.ending for life in ledger.lives if life.ending)
    resets = endings["reset: hard reset"]
    asked = ledger.done["restart"] + ledger.done["task_ends"]
    if resets > asked:
        found.append(f"The module started anew {resets} times, {asked} wanted.")
    return found
