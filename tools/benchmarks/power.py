"""What the module takes from the 12 V battery, by part and state: a parked week, on paper.

Currents and the share of its time that each part spends in each of its modes stand in the table
"Current" of a board's `board.md`; nothing of it was measured on a board. How long the module is in
which state says the firmware's own governor (`services/power_states.py`), led through a week that
begins with the key taken out. `host_tests/test_power.py` holds the shares of ESP32 and modem
against the whole firmware on models.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from tools import on_cpython
from tools.benchmarks.rows import Row
from tools.vm import ROOT

GROUP = "Power, T-Call, parked (figures of board.md)"
BUDGET_AH_A_DAY = 0.3
BOARD = "LILYGO_TCALL_SIM800"
# Columns of the table behind part, mode, volts and mA.
STATES = ("drive", "charge", "awake", "park", "deep", "transport", "park, awake")
_SUPPLY_V = 12.6
_EFFICIENCY = 0.85
_DAY_S = 86_400
_MINUTE_S = 60


@dataclass(frozen=True)
class Mode:
    """One line of the table. volts: 12.6 means directly from the battery, without a converter.

    shares: state to the share of its time, 0 to 1.
    """

    part: str
    name: str
    volts: float
    milliamperes: float
    shares: dict[str, float]

    def supply_ma(self, state: str) -> float:
        """What it takes from the battery in `state` on the average."""
        taken = self.milliamperes * self.shares[state]
        if self.volts == _SUPPLY_V:
            return taken
        return taken * self.volts / (_EFFICIENCY * _SUPPLY_V)


def modes(board: str = BOARD) -> list[Mode]:
    """The lines of the board's table "Current"; [] for a board without one."""
    text = (ROOT / "boards" / board / "board.md").read_text("utf-8")
    section = text.partition("\n## Current\n")[2].partition("\n## ")[0]
    found = []
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) < 4 + len(STATES) or not cells[3].replace(".", "").isdigit():
            continue
        shares = {
            name: float(cell or 0) / 100
            for name, cell in zip(STATES, cells[4 : 4 + len(STATES)], strict=True)
        }
        found.append(Mode(cells[0], cells[1], float(cells[2]), float(cells[3]), shares))
    return found


def parts_ma(state: str, table: list[Mode]) -> dict[str, float]:
    """Part to mA from the battery in `state`."""
    found: dict[str, float] = defaultdict(float)
    for mode in table:
        found[mode.part] += mode.supply_ma(state)
    return dict(found)


def week_s() -> dict[str, int]:
    """State to seconds of a week that begins as the key is taken out, by the firmware's engine."""
    states = on_cpython.attribute("ovms.services.power_states")

    power = states.new(0)
    spent: dict[str, int] = defaultdict(int)
    states.step(power, 0, states.ON, True, False, False, 12_600, 12_600)
    for now_s in range(_MINUTE_S, 7 * _DAY_S + 1, _MINUTE_S):
        spent[states.NAMES[power[states.STATE]]] += _MINUTE_S
        states.step(power, now_s, states.ON, False, False, False, 12_600, 12_600)
    return dict(spent)


def measure() -> list[Row]:
    """Ah a day of each part and of all, over the week, and of all where the ESP32 cannot sleep."""
    table = modes()
    spent = week_s()
    days = sum(spent.values()) / _DAY_S
    per_part: dict[str, float] = defaultdict(float)
    for state, seconds in spent.items():
        for part, milliamperes in parts_ma(state, table).items():
            per_part[part] += milliamperes * seconds / 3_600_000 / days
    rows = [Row(GROUP, part, ah, "Ah/day") for part, ah in per_part.items()]
    total = sum(per_part.values())
    rows.append(
        Row(GROUP, "all, reachable by SMS", total, "Ah/day", BUDGET_AH_A_DAY, note="not measured")
    )
    awake = sum(parts_ma("park, awake", table).values()) * 24 / 1000
    rows.append(Row(GROUP, "all, where the ESP32 cannot sleep", awake, "Ah/day"))
    return rows
