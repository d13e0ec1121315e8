"""BATT replies and the battery alert: Twizy guide 1.2.0, "Battery monitoring".

Every item ends with a blank; `!` marks an alert, `?` a watch (Twizy facts 4.4). What a pack does
not tell is named where its values would be, and what is not the Twizy's own pack tells its size.
"""

from ovms.vehicle.twizy.battery import FURTHEST, HIGHEST, LOWEST, NOW
from ovms.vehicle.twizy.battery_size import has, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.twizy.car import Twizy

_UNKNOWN = "The battery has not told its values yet."
_NO_CELLS = "no cell voltages "
_NO_MODULES = "no temperatures "


def reply(car: "Twizy", arguments: list[str], is_query: bool) -> str:
    """Answer to BATT; the first letter of its argument decides, a second D means deviations."""
    battery = car.battery
    letters = arguments[0].upper() if arguments else ""
    if letters.startswith("R") and not is_query:
        battery.reset()
        return "Battery monitor reset."
    if not battery.is_known:
        return _UNKNOWN
    cells = battery.cells
    modules = battery.modules
    if letters.startswith("V"):
        if not cells.mask:
            return _pack(car) + _NO_CELLS
        if letters.startswith("VD"):
            text = _group_text(cells, 5, "mV") + _deviations(cells, "", 5, "mV", True)
        else:
            text = _volts(car)
        return text + _missing(cells, "C")
    if letters.startswith("T"):
        if not modules.mask:
            return _NO_MODULES
        if letters.startswith("TD"):
            text = _group_text(modules, 1, "C") + _deviations(modules, "", 1, "C", True)
        else:
            text = _temperatures(modules)
        return text + _missing(modules, "M")
    return status_text(car)


def status_text(car: "Twizy") -> str:
    """Flagged cells and modules, each with the furthest it was from the mean."""
    battery = car.battery
    if not battery.is_known:
        return _UNKNOWN
    return "Volts: %sTemps: %s" % (
        _judged(battery.cells, "C", 5, "mV") or _NO_CELLS,
        _judged(battery.modules, "M", 1, "C") or _NO_MODULES,
    )


def _judged(group, letter, scale, unit):
    """The group's part of the status, "" for one that tells nothing."""
    if not group.mask:
        return ""
    return (
        _group_text(group, scale, unit)
        + (_deviations(group, letter, scale, unit, False) or _all_well(group))
        + _missing(group, letter)
    )


def _missing(group, letter):
    """What a Twizy's own pack has and this one not, or has more: "" for that pack."""
    size = group.size
    gaps = [letter + str(i + 1) for i in range(size) if not has(group, i)]
    if size == group.usual and not gaps:
        return ""
    count = len(told(group, NOW))
    text = "(%d %s" % (count, "cells" if letter == "C" else "sensors")
    if count < group.usual:
        text = "(%d of %d%s" % (count, group.usual, text[text.find(" ") :])
    return text + (", not %s) " % " ".join(gaps) if gaps else ") ")


def _all_well(group):
    # A flag of the whole group is no reason to call it well.
    return "" if group.alerts | group.watches else "OK "


def _mark(group, bit):
    if group.alerts & bit:
        return "!"
    return "?" if group.watches & bit else ""


def _group_text(group, scale, unit):
    return "%sSD:%d%s " % (_mark(group, group.flag), group.deviation * scale, unit)


def _deviations(group, letter, scale, unit, is_complete):
    text = ""
    for i in range(group.size):
        if not has(group, i):
            continue
        mark = _mark(group, 1 << i)
        if mark or is_complete:
            furthest = group.values[FURTHEST * group.size + i] * scale
            text += "%s%s%d:%+d%s " % (mark, letter, i + 1, furthest, unit)
    return text


def _pack(car):
    pack_mv = car.state.battery_mv
    return "" if pack_mv is None else "P:%d.%02dV " % (pack_mv // 1000, pack_mv // 10 % 100)


def _volts(car):
    text = _pack(car)
    cells = car.battery.cells
    for i in range(cells.size):
        if not has(cells, i):
            continue
        cell_mv = cells.values[i] * 5
        volts = cell_mv // 1000
        text += "%s%d:%d.%03dV " % (_mark(cells, 1 << i), i + 1, volts, cell_mv % 1000)
    return text


def _temperatures(modules):
    now = told(modules, NOW)
    count = len(now)
    text = "P:%dC (%dC..%dC) " % (
        (2 * sum(now) + count) // (2 * count) - 40,
        min(told(modules, LOWEST)) - 40,
        max(told(modules, HIGHEST)) - 40,
    )
    values = modules.values
    for i in range(modules.size):
        if not has(modules, i):
            continue
        text += "%s%d:%dC " % (_mark(modules, 1 << i), i + 1, values[i] - 40)
    return text
