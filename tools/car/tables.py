"""What a table is made of; the numbers of the rules are those of the firmware's own files."""

from __future__ import annotations

from dataclasses import dataclass, field

from tools import on_cpython

table = on_cpython.attribute("ovms.vehicle.table_car")
machines = on_cpython.attribute("ovms.vehicle.table_machines")
INPUTS = {
    "in.on": machines.IN_ON,
    "in.awake": machines.IN_AWAKE,
    "in.parked": machines.IN_PARKED,
    "in.plugged": machines.IN_PLUGGED,
    "in.charging": machines.IN_CHARGING,
    "in.quick": machines.IN_QUICK,
    "in.full": machines.IN_FULL,
    "in.topping": machines.IN_TOPPING,
    "in.timer": machines.IN_TIMER,
    "in.charger": machines.IN_CHARGER,
}
CHARGER = {
    "idle": machines.CHARGER_IDLE,
    "timer": machines.CHARGER_TIMER,
    "charging": machines.CHARGER_CHARGING,
    "full": machines.CHARGER_FULL,
    "error": machines.CHARGER_ERROR,
}
AGES = {
    "temps": "temps_age_s",
    "ambient": "ambient_age_s",
    "tyres": "tyres_age_s",
    "gps": "gps_age_s",
}
CHARGES = ("in.charging", "in.quick", "in.charger")
# Facts that frames tell, by target.
FED = {
    "in.awake": machines.FED_AWAKE,
    "in.parked": machines.FED_PARKED,
    "in.plugged": machines.FED_PLUGGED,
    "is_handbrake_on": machines.FED_HANDBRAKE,
    "is_charge_port_open": machines.FED_PORT,
    "charge_input_w": machines.FED_INPUT_W,
    "trip_m": machines.FED_TRIP,
    "has_pilot": machines.FED_PILOT,
}
RATES = (125_000, 250_000, 500_000, 1_000_000)
MAX_IDS = 20
# A frame that nobody reads is worth a hint to the controller's filters.
OFTEN_MS = 100


@dataclass(frozen=True)
class Target:
    """A value of the state that frames fill: its name, place in a list, and what comes with it."""

    name: str
    index: int | None = None
    age: str = ""
    is_touched: bool = False
    is_bool: bool = False


@dataclass
class Record:
    """One signal that is read, before its bytes are made."""

    frame: int
    mux: tuple[int, ...]
    order: int
    data: bytes
    is_every: bool = False


@dataclass
class Table:
    """What a car is made of, in the words of `table_car.py`. ids: sorted."""

    code: str
    bitrate: int
    ids: list[int] = field(default_factory=list)
    foreign: list[int] = field(default_factory=list)
    first_groups: list[int] = field(default_factory=list)
    groups: bytes = b""
    records: list[bytes] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    holds: bytes = b""
    silences: bytes = b""
    resets: bytes = b""
    fed: int = 0
    inputs: int = 0
    sums: int = 0
    vin_parts: int = 0
    vin_before: bytes = b""
    full_pct100: int = 9500
    shown_type: str = ""
    polls: bytes = b""
    asks: list[tuple[int, int]] = field(default_factory=list)
    is_obd: bool = False
    tx_frames: list[tuple[int, int]] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
