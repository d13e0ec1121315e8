"""The modem's switches: the profile that `AT&W` keeps, and those that every start resets.

Source: hardware facts 4.2 (which settings `AT&W` saves) and SIM800 AT manual V1.12.
"""

from dataclasses import dataclass, field, replace


@dataclass
class SavedSettings:
    """Kept by `AT&W` and back after a restart."""

    echo: int = 1
    quiet: int = 0
    verbose: int = 1
    creg: int = 0
    cgreg: int = 0
    cereg: int = 0
    cmee: int = 0
    csclk: int = 0
    cmgf: int = 0
    cnmi: tuple = (2, 1, 0, 0, 0)
    cscs: str = "IRA"
    clts: int = 0
    csmins: int = 0
    baud: int = 115200
    ifc: tuple = (0, 0)

    def copy(self):
        return replace(self)


# AT&F and ATZ leave these alone (hardware facts 4.2).
KEPT_BY_RESET = ("csclk", "baud", "ifc")


@dataclass
class SessionSettings:
    """Lost at every restart."""

    clip: int = 0
    cusd: int = 0
    csdh: int = 0
    csmp: tuple = (17, 167, 0, 0)
    cbatchk: int = 1
    cops_format: int = 0
    sms_service: int = 0
    store_names: list = field(default_factory=lambda: ["SM", "SM", "SM"])
    registers: dict = field(default_factory=dict)
