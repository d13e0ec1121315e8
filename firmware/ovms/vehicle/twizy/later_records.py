"""The battery and usage records under later firmware's names, for apps that know no others.

Feature 14, bit 0, asks for them in the place of the guide's. Layouts: Twizy facts 4.5 and 5.8.
Loaded on demand.
"""

from micropython import const

from ovms.vehicle.twizy.power import ACCEL, CONST, DECEL, DOWN, SAMPLES, UNITS_PER_WH, UP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.twizy.car import Twizy

_LIFETIME_S = const(86400)


def send_pack(car: "Twizy", fields: list[int]) -> None:
    """RT-BAT-P of the fields (list of int) of RT-PWR-BattPack: without the cells and what is
    derived, in 1/10 V and 1/10 kW."""
    volts = [(hundredths + 5) // 10 for hundredths in fields[7:13:2]]
    powers = [watts // 100 for watts in fields[18:20]]
    _send(car, "RT-BAT-P", 0, fields[2:7] + volts + fields[13:18] + powers)


def send_cell(car: "Twizy", cell: int, fields: list[int]) -> None:
    """RT-BAT-C of the fields of RT-PWR-BattCell: without the number of the pack."""
    _send(car, "RT-BAT-C", cell, fields[1:])


def send_usage(car: "Twizy") -> None:
    """RT-PWR-Stats, from the sums of the trip: metres and watt-hours.

    Ampere-hours, the last two, are not counted here.
    """
    sums = car.decoder.power.sums
    fields = []
    for number, place in enumerate((CONST, ACCEL, DECEL)):
        fields += [sums[place] // 10, _wh(sums[place + 1]), _wh(sums[place + 2])]
        fields += sums[SAMPLES + 2 * number : SAMPLES + 2 * number + 2]
    for place in (UP, DOWN):
        fields += [sums[place], sums[place + 1], _wh(sums[place + 2]), _wh(sums[place + 3])]
    _send(car, "RT-PWR-Stats", 0, fields + ["0.00", "0.00"])


def _wh(units):
    return (units + UNITS_PER_WH // 2) // UNITS_PER_WH


def _send(car, name, number, fields):
    car.on_record(name, number, _LIFETIME_S, ",".join([str(field) for field in fields]))
