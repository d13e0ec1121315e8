"""The `Y` message: tyre values with the layout of the wheels inside.

Layout: n, name x n, then per section a count, that many values and a flag (-1 undefined, 0 stale,
1 valid); sections are pressure (kPa), temperature (°C), health (%), alert (0 none, 1 warning,
2 alert) and a newer mapping. Source: server-and-clients 5.6.
"""

from typing import NamedTuple

from tools.desk.ovms.fields import as_int

SECTIONS = ("pressure", "temperature", "health", "alert")
UNITS = {"pressure": "kPa", "temperature": "°C", "health": "%", "alert": ""}
_PSI_PER_KPA = 0.145038


class Tyres(NamedTuple):
    """`values[section]` is one text per wheel (empty list when left out), `flags[section]` the
    stale flag as sent."""

    wheels: list[str]
    values: dict[str, list[str]]
    flags: dict[str, str]


def parse_tyres(payload: str) -> Tyres | None:
    """None when the counts do not add up."""
    parts = iter(payload.split(","))
    try:
        wheels = _take(parts)
        values, flags = {}, {}
        for section in SECTIONS:
            values[section] = _take(parts)
            flags[section] = next(parts)
    except (StopIteration, ValueError):
        return None
    return Tyres(wheels, values, flags)


def tyres_view(tyres: Tyres) -> dict[str, object]:
    """Keys of the REST answer; pressure in kPa and in psi."""
    view: dict[str, object] = {}
    for section in SECTIONS:
        for wheel, text in zip(tyres.wheels, tyres.values[section], strict=False):
            name = wheel.lower()
            if section == "pressure":
                view[f"{name}_pressure_kpa"] = text
                view[f"{name}_pressure"] = _psi(text)
            else:
                view[f"{name}_{section}"] = text
        view[f"stale_{section}"] = tyres.flags[section]
    known = [n for n in map(as_int, tyres.flags.values()) if n is not None]
    view["staletpms"] = str(max(known, default=-1))
    return view


def _take(parts) -> list[str]:
    count = int(next(parts))
    if not 0 <= count <= 64:
        raise ValueError(count)
    return [next(parts) for _ in range(count)]


def _psi(kpa_text: str) -> str:
    try:
        return f"{float(kpa_text) * _PSI_PER_KPA:.1f}"
    except ValueError:
        return kpa_text
