"""What a simulated Twizy does, as data: scenarios of steps, and the bus phases between them.

The phases are the handshake of charger and BMS (Twizy facts 1.5): byte 1 of 597 goes F to 9 when
the key is turned on, 9 to 8 to E when it is turned off, E to A to E around a charge.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from tools.desk.twizy_model import CELLS, MODULES


@dataclass(frozen=True)
class BusPhase:
    """What the bus says of itself for `seconds`; None is until something ends it.

    flags: 597 byte 1. converters: 597 byte 3. bms_enable: 423 byte 0. charge_cmd: 424 byte 0.
    bms_mode: 425 byte 0. is_bms_ready: else 155 has phase 0x94 and the BMS sends fillers.
    """

    seconds: float | None
    flags: int
    converters: int
    bms_enable: int
    charge_cmd: int
    bms_mode: int
    is_bms_ready: bool

    @property
    def is_key_on(self) -> bool:
        return bool(self.flags & 0x10)

    @property
    def is_offline(self) -> bool:
        return bool(self.flags & 0x40)

    @property
    def is_charging(self) -> bool:
        return bool(self.flags & 0x20) and not self.is_offline


KEY_ON = (
    BusPhase(1.5, 0xF0, 0xA2, 0x03, 0x00, 0x1D, False),
    BusPhase(0.5, 0xF0, 0xA1, 0x03, 0x11, 0x24, True),
    BusPhase(0.5, 0xF5, 0xC1, 0x03, 0x11, 0x2A, True),
)
DRIVING = BusPhase(None, 0x95, 0x41, 0x03, 0x11, 0x2A, True)
KEY_OFF = (
    BusPhase(1.0, 0x85, 0x41, 0x03, 0x11, 0x24, False),
    BusPhase(0.5, 0xE5, 0x41, 0x03, 0x11, 0x24, False),
    BusPhase(0.5, 0xE4, 0xD1, 0x00, 0x11, 0x24, False),
    BusPhase(2.0, 0xE0, 0xD1, 0x00, 0x11, 0x24, False),
)
PLUG_IN = (
    BusPhase(1.5, 0xE0, 0xA2, 0x03, 0x00, 0x1D, False),
    BusPhase(0.5, 0xE0, 0xA1, 0x03, 0x11, 0x24, True),
    BusPhase(0.5, 0xE4, 0xB1, 0x03, 0x11, 0x0A, True),
)
CHARGING = BusPhase(None, 0xA4, 0xB1, 0x03, 0x11, 0x0A, True)
# The BMS is full and asks for the end before the charger switches off.
FULL = (BusPhase(1.0, 0xA4, 0xB1, 0x03, 0x12, 0x0A, True),)
CHARGE_END = (
    BusPhase(0.5, 0xE4, 0xD1, 0x00, 0x12, 0x24, False),
    BusPhase(2.0, 0xE0, 0xD1, 0x00, 0x12, 0x24, False),
)


@dataclass(frozen=True)
class Step:
    """One thing the car does.

    action: `park` (asleep), `key` (key on, motor off), `drive` or `charge`. seconds: how long;
    None drives the profile once, or charges until full; a charge that ends before is one that was
    interrupted. speeds: (seconds, target km/h) of a drive, repeated as long as it lasts.
    ValueError for a step that would never end or never move.
    """

    action: str
    seconds: float | None = None
    speeds: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        if self.action not in ("park", "key", "drive", "charge"):
            raise ValueError(f"A car does not know the action {self.action}.")
        if self.action in ("park", "key") and not self.seconds:
            raise ValueError(f"The action {self.action} needs a duration.")
        if self.action == "drive" and not self.speeds:
            raise ValueError("The action drive needs speeds.")


@dataclass(frozen=True)
class Fault:
    """A defect of the pack that grows while the car is awake, from 0 to `limit`.

    part: `cell` (limit in mV) or `module` (in degrees). number: 1 to 14, or 1 to 7. minutes: until
    the limit is reached. ValueError for a part the pack does not have.
    """

    part: str
    number: int
    limit: float
    minutes: float

    def __post_init__(self) -> None:
        count = {"cell": CELLS, "module": MODULES}.get(self.part, 0)
        if not 1 <= self.number <= count or self.minutes <= 0:
            raise ValueError(f"The pack has no {self.part} {self.number}, or not in no time.")


@dataclass(frozen=True)
class Scenario:
    """Steps in order. soc_pct: state of charge to begin with. description: one line for the user.

    heights: (metres driven, metres above the start) of the road, straight between the points and
    repeated behind the last; () is level. sevcon: mood of the motor controller, see
    `sevcon_moods`. ValueError for a road that has a gap or a step.
    """

    soc_pct: float
    steps: tuple[Step, ...]
    description: str = ""
    faults: tuple[Fault, ...] = ()
    heights: tuple[tuple[float, float], ...] = ()
    sevcon: str = ""

    def __post_init__(self) -> None:
        if self.heights:
            metres = [point[0] for point in self.heights]
            if len(metres) < 2 or metres[0] != 0 or metres != sorted(set(metres)):
                raise ValueError("A road's heights begin at 0 metres and go forward.")
            if self.heights[0][1] != 0 or self.heights[-1][1] != 0:
                raise ValueError(
                    "A road's heights begin and end at 0, so that it can be repeated."
                )

    def height_m(self, driven_m: float) -> float:
        """Metres above the start of the road after `driven_m`."""
        if not self.heights:
            return 0.0
        driven_m %= self.heights[-1][0]
        for (metres, height), (next_metres, next_height) in itertools.pairwise(self.heights):
            if driven_m < next_metres:
                share = (driven_m - metres) / (next_metres - metres)
                return height + (next_height - height) * share
        return 0.0


TOWN = (
    (14, 32),
    (26, 50),
    (10, 28),
    (9, 0),
    (24, 46),
    (48, 74),
    (30, 80),
    (12, 40),
    (20, 50),
    (16, 22),
    (8, 0),
)
COUNTRY = ((20, 45), (100, 50), (40, 60), (60, 45), (20, 0))
# Climbs of 6 and 5 %, with level road on the first top and in the valleys.
HILLS = (
    (0, 0),
    (300, 0),
    (1100, 48),
    (1400, 48),
    (2200, 0),
    (2400, 0),
    (3000, 30),
    (3600, 0),
    (3800, 0),
)

SCENARIOS = {
    "park": Scenario(76, (Step("park", 3600),), "The car sleeps, and so does its bus."),
    "drive": Scenario(
        82,
        (Step("park", 3), Step("key", 4), Step("drive", 1800, TOWN)),
        "Half an hour of driving in town.",
    ),
    "charge": Scenario(
        88, (Step("park", 3), Step("charge")), "A charge from 88 % until the battery is full."
    ),
    "key_cycle": Scenario(
        70,
        (Step("park", 5), Step("key", 8), Step("park", 30), Step("key", 8)),
        "The key is turned on and off, twice; nobody drives.",
    ),
    "trip": Scenario(
        96,
        (
            Step("park", 30),
            Step("key", 5),
            Step("drive", None, TOWN),
            Step("key", 3),
            Step("park", 60),
            Step("key", 4),
            Step("drive", None, TOWN),
            Step("key", 3),
            Step("park", 30),
            Step("charge"),
            Step("park", 60),
        ),
        "Two drives with a pause, then a charge until the battery is full.",
    ),
    "healthy": Scenario(
        80,
        (
            Step("park", 3),
            Step("key", 4),
            Step("drive", None, TOWN),
            Step("key", 3),
            Step("park", 20),
            Step("charge", 240),
            Step("park", 30),
        ),
        "A drive and a charge with a pack in order: no watch flag, no alert.",
    ),
    "drifting_cell": Scenario(
        64,
        (Step("park", 3), Step("key", 4), Step("drive", 1800, TOWN)),
        "Cell 5 falls behind the others: watched after a minute, an alert after three.",
        (Fault("cell", 5, -80, 8),),
    ),
    "hot_module": Scenario(
        64,
        (Step("park", 3), Step("key", 4), Step("drive", 1800, TOWN)),
        "Module 2 gets 8 degrees warmer than the others: an alert after about four minutes.",
        (Fault("module", 2, 8, 8),),
    ),
    "interrupted_charge": Scenario(
        93.6,
        (
            Step("park", 3),
            Step("key", 4),
            Step("park", 10),
            Step("charge", 90),
            Step("park", 45),
            Step("charge"),
            Step("park", 60),
        ),
        "Somebody pulls the plug of a charge and puts it back 45 s later; then it gets full.",
    ),
    "hill": Scenario(
        90,
        (Step("park", 3), Step("key", 4), Step("drive", 1800, COUNTRY)),
        "Half an hour up hill and down: power against altitude.",
        heights=HILLS,
    ),
    **{
        f"sevcon_{mood}": Scenario(
            70, (Step("park", 3), Step("key", 3600)), description, sevcon=mood
        )
        for mood, description in (
            ("busy", "The key is on to tune the motor controller, which often does not hear."),
            ("slow", "The key is on to tune the motor controller, which answers late."),
            ("refusing", "The key is on to tune the motor controller, which refuses every write."),
            ("45", "The key is on to tune the motor controller, which is that of a Twizy 45."),
        )
    },
}


def target_kmh(speeds: tuple[tuple[float, float], ...], time_s: float) -> float:
    """What a drive aims at, `time_s` after it began. speeds: (seconds, km/h), over and over."""
    time_s %= sum(seconds for seconds, _ in speeds)
    for seconds, speed_kmh in speeds:
        if time_s < seconds:
            return speed_kmh
        time_s -= seconds
    return 0.0
