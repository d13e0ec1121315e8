"""Which modules of the firmware stay imported together, and become one file of a build."""

from __future__ import annotations

from tools import boards

# Where the modules start that stay imported as long as the firmware runs.
ENTRY = "ovms.app"
_ASSEMBLY = "ovms.assembly"
CAN_DRIVERS = ("ovms.drivers.mcp2515", "ovms.drivers.twai")
# What every module has, with any car or none.
_VEHICLE = "ovms.vehicle.base"
# What stays imported of a modem, by the name that a board gives it.
MODEM_PROFILES = {name: f"ovms.links.modem.{name.lower()}.profile" for name in boards.MODEMS}


def resident_groups(
    sources: dict[str, str], modem: str = boards.MODEMS[0]
) -> list[tuple[str, ...]]:
    """Modules to merge: what the board runs; each car and CAN driver with what only it needs.

    modem: of the board, "" for none: its profile is merged with the first, see `joined_roots`, as
    is what all cars inherit from. Those of other modems are in the package and are never loaded.
    What some cars are made of is none of them: the first one would be loaded with every other.
    """
    cars = [
        path.removesuffix(".py").replace("/", ".")
        for path in sources
        if path.startswith("ovms/vehicle/") and path.endswith("/car.py")
    ]
    shared = [f"ovms/vehicle/{name}.py" for name in ("table_car", "polled_car")]
    bases = [(path[:-3].replace("/", "."),) for path in shared if path in sources]
    drivers = [(name,) for name in CAN_DRIVERS if f"{name.replace('.', '/')}.py" in sources]
    profiles = {
        name: profile
        for name, profile in MODEM_PROFILES.items()
        if f"{profile.replace('.', '/')}.py" in sources
    }
    own = (profiles.pop(modem),) if modem in profiles else ()
    others = [(profile,) for profile in profiles.values()]
    vehicle = (_VEHICLE,) if f"{_VEHICLE.replace('.', '/')}.py" in sources else ()
    return [
        (ENTRY, *own, *vehicle, _ASSEMBLY),
        *others,
        *bases,
        *drivers,
        *((car,) for car in sorted(cars)),
    ]


def joined_roots(groups: list[tuple[str, ...]]) -> tuple[str, ...]:
    """Of `resident_groups`, what is merged although only functions import it: the modem's profile,
    and the vehicle that each car is.

    They are imported for good a moment after the rest.
    """
    return groups[0][1:-1] if groups else ()
