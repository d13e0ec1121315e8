"""POWER replies and the trip report.

Words: Twizy guide 1.2.0, "Power usage statistics". Numbers: Twizy facts 5.6. Sections are shares
of the way by the odometer, because the counter they are taken from reads too long (Twizy facts
11, trap 12).
"""

from micropython import const

from ovms.vehicle.twizy.power import ACCEL, CONST, DECEL, DOWN, UNITS_PER_WH, UP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.twizy.car import Twizy

# Less than a metre is no way to speak of an efficiency.
_WAY_MIN_DM = const(10)


def report(car: "Twizy", letter: str) -> str:
    """Text with `\\r` between lines; letter: "T" for the totals, else the efficiency."""
    power = car.decoder.power
    sums = power.sums
    used = sums[CONST + 1] + sums[ACCEL + 1] + sums[DECEL + 1]
    recovered = sums[CONST + 2] + sums[ACCEL + 2] + sums[DECEL + 2]
    way_dm, driven_dm = power.ways_dm()
    if not used or way_dm <= _WAY_MIN_DM:
        return "Power " + _totals(used, recovered)
    is_total = letter.upper() == "T"
    if is_total:
        km10 = (driven_dm + 500) // 1000
        text = "Power %s %d.%d km" % (_totals(used, recovered), km10 // 10, km10 % 10)
    else:
        text = "Efficiency " + _efficiency(used, recovered, driven_dm, 1, 1)
    for name, section in (("Const", CONST), ("Accel", ACCEL), ("Decel", DECEL)):
        part_dm = sums[section]
        start = "\r %s %d%% " % (name, (part_dm * 1000 // way_dm + 5) // 10)
        used = sums[section + 1]
        recovered = sums[section + 2]
        if is_total:
            text += start + _totals(used, recovered)
        elif part_dm:
            text += start + _efficiency(used, recovered, driven_dm, part_dm, way_dm)
    for name, slope in (("Up", UP), ("Down", DOWN)):
        start = "\r %s %dm " % (name, sums[slope + 1])
        used = sums[slope + 2]
        recovered = sums[slope + 3]
        if is_total:
            text += start + _totals(used, recovered)
        elif sums[slope]:
            text += start + _efficiency(used, recovered, sums[slope] * 10, 1, 1)
    return text


def _totals(used, recovered):
    half = UNITS_PER_WH // 2
    return "-%d +%d Wh" % ((used + half) // UNITS_PER_WH, (recovered + half) // UNITS_PER_WH)


def _efficiency(used, recovered, driven_dm, part, whole):
    """Net consumption on `part` of `whole` of a way, and the share of the energy that came back.

    Without any use there is no such share, and the text ends before it.
    """
    energy = abs(used - recovered) * whole * 10000
    way = driven_dm * part * UNITS_PER_WH
    wh_per_km = (2 * energy + way) // (2 * way)
    text = "%d Wh/km" % (wh_per_km if used >= recovered else -wh_per_km)
    if used:
        # Downhill more comes back than was used: all of it, and the consumption is negative.
        text += " R=%d%%" % min((recovered * 1000 // used + 5) // 10, 100)
    return text
