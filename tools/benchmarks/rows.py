"""A measured figure with its budget, and the table and the JSON file made of many."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from rich.table import Table

OK = "ok"
OVER = "over"
NOT_MEASURED = "not measured"
NO_BUDGET = ""


@dataclass(frozen=True)
class Row:
    """group: heading; what: one line; value: None when it could not be measured, `note` says why.

    budget: None when there is none; at_least: the budget is a lower limit, not an upper one.
    """

    group: str
    what: str
    value: float | None
    unit: str
    budget: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def verdict(self) -> str:
        """OK, OVER, NOT_MEASURED or NO_BUDGET."""
        if self.value is None:
            return NOT_MEASURED
        if self.budget is None:
            return NO_BUDGET
        is_kept = self.value >= self.budget if self.at_least else self.value <= self.budget
        return OK if is_kept else OVER


def not_measured(group: str, what: str, reason: str, budget: float | None = None) -> Row:
    """A row for what this machine, or this version, cannot tell."""
    return Row(group, what, None, "", budget, note=reason)


def figure(value: float | None) -> str:
    """A number with as many digits as mean something."""
    if value is None:
        return ""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(rows: Iterable[Row]) -> Table:
    """All rows for the terminal, one section per group."""
    result = Table(title="OVMS bench")
    result.add_column("What")
    result.add_column("Value", justify="right")
    result.add_column("Unit")
    result.add_column("Budget", justify="right")
    result.add_column("")
    result.add_column("Note", overflow="fold")
    group = None
    for row in rows:
        if row.group != group:
            if group is not None:
                result.add_section()
            group = row.group
            result.add_row(f"[bold]{group}[/bold]")
        budget = ""
        if row.budget is not None:
            budget = ("at least " if row.at_least else "") + figure(row.budget)
        colour = {OK: "green", OVER: "red", NOT_MEASURED: "yellow"}.get(row.verdict, "")
        verdict = f"[{colour}]{row.verdict}[/{colour}]" if colour else ""
        result.add_row(row.what, figure(row.value), row.unit, budget, verdict, row.note)
    return result


def to_json(rows: Iterable[Row]) -> str:
    """The same as JSON, for build/bench.json."""
    return json.dumps([{**asdict(row), "verdict": row.verdict} for row in rows], indent=1) + "\n"


def is_within_budget(rows: Iterable[Row]) -> bool:
    """Whether no budgeted row is over; what was not measured is no breach."""
    return all(row.verdict != OVER for row in rows)
