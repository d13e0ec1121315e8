"""BATT replies and the battery alert: Twizy guide 1.2.0, "Battery monitoring".

Every item ends with a blank; `!` marks an alert, `?` a watch (Twizy facts 4.4).
"""

from ovms.vehicle.twizy.battery import FURTHEST, HIGHEST, LOWEST

_UNKNOWN = "The battery has not told its values yet."


def reply(car, arguments, is_query):
    """Answer to BATT; the first letter of its argument decides, a second D means deviations."""
    battery = car.battery
    letters = arguments[0].upper() if arguments else ""
    if letters.startswith("R") and not is_query:
        battery.reset()
        return "Battery monitor reset."
    if not battery.is_known:
        return _UNKNOWN
    if letters.startswith("VD"):
        return _group_text(battery.cells, 5, "mV") + _deviations(battery.cells, "", 5, "mV", True)
    if letters.startswith("V"):
        return _volts(car)
    if letters.startswith("TD"):
        return _group_text(battery.modules, 1, "C") + _deviations(
            battery.modules, "", 1, "C", True
        )
    if letters.startswith("T"):
        return _temperatures(battery.modules)
    return status_text(car)


def status_text(car):
    """Flagged cells and modules, each with the furthest it was from the mean."""
    battery = car.battery
    if not battery.is_known:
        return _UNKNOWN
    return "Volts: %s%sTemps: %s%s" % (
        _group_text(battery.cells, 5, "mV"),
        _deviations(battery.cells, "C", 5, "mV", False) or _all_well(battery.cells),
        _group_text(battery.modules, 1, "C"),
        _deviations(battery.modules, "M", 1, "C", False) or _all_well(battery.modules),
    )


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
        mark = _mark(group, 1 << i)
        if mark or is_complete:
            furthest = group.values[FURTHEST * group.size + i] * scale
            text += "%s%s%d:%+d%s " % (mark, letter, i + 1, furthest, unit)
    return text


def _volts(car):
    pack_mv = car.state.battery_mv
    text = "P:%d.%02dV " % (pack_mv // 1000, pack_mv // 10 % 100)
    cells = car.battery.cells
    for i in range(cells.size):
        cell_mv = cells.values[i] * 5
        volts = cell_mv // 1000
        text += "%s%d:%d.%03dV " % (_mark(cells, 1 << i), i + 1, volts, cell_mv % 1000)
    return text


def _temperatures(modules):
    size = modules.size
    values = modules.values
    mean = (2 * sum(values[:size]) + size) // (2 * size)
    text = "P:%dC (%dC..%dC) " % (
        mean - 40,
        min(values[LOWEST * size : HIGHEST * size]) - 40,
        max(values[HIGHEST * size : FURTHEST * size]) - 40,
    )
    for i in range(size):
        text += "%s%d:%dC " % (_mark(modules, 1 << i), i + 1, values[i] - 40)
    return text
