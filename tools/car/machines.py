"""What the machines of `table_machines.py` have to be fed with."""

from __future__ import annotations

from tools.car.mapping import CarError, Mapping, Row
from tools.car.tables import CHARGES


def check(mapping: Mapping, fed: set[str], absent: dict[str, Row]) -> None:
    """CarError when nothing feeds a machine and no row says so, or when both is the case."""
    for name, inputs in (("drive", ("in.on",)), ("charge", CHARGES)):
        is_fed = any(each in fed for each in inputs)
        if is_fed and name in absent:
            raise absent[name].error(f"{name} is absent, but some row feeds it.")
        if not is_fed and name not in absent:
            raise CarError(
                f"{mapping.file}: nothing feeds {' or '.join(inputs)}: add a row for it, or one "
                f"with the rule absent and the target {name}."
            )
