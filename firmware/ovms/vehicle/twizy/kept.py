"""What the Twizy itself keeps over a restart, beside the `VehicleState`: loaded on demand.

SOC window, the charge's progress, the battery monitor, and the trip with its energy sums: then a
restart during a trip or a charge loses nothing, and texts say the same before and after it.
"""

from ovms.vehicle.twizy.charge import SILENCE_S
from ovms.vehicle.twizy.decode import CELLS_MAX
from ovms.vehicle.twizy.power import ACCEL, CONST, DECEL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Kept
    from ovms.vehicle.twizy.car import Twizy


def walk(car: "Twizy", kept: "Kept") -> None:
    """As `Vehicle.keep`."""
    number = kept.number
    state = car.state
    # Whether a trip was under way; the car says at once, or by its silence, if it still is.
    state.is_awake = bool(number("awake", state.is_awake))
    car.trip_start_m = number("trip_start", car.trip_start_m)
    car.trip_start_soc_pct100 = number("trip_start_soc", car.trip_start_soc_pct100)
    car.watch[0] = number("warnings_told", car.watch[0])

    decoder = car.decoder
    decoder.soc_min_pct100 = number("soc_min", decoder.soc_min_pct100)
    decoder.soc_max_pct100 = number("soc_max", decoder.soc_max_pct100)
    decoder.soc_min_range_km = number("soc_min_range", decoder.soc_min_range_km)
    decoder.available_wh = number("available", decoder.available_wh)
    decoder.charge_level = number("charge_level", decoder.charge_level)
    car.charge.highest_level = number("highest_level", car.charge.highest_level)
    car.charge.cc_soc_pct100 = number("cc_soc", car.charge.cc_soc_pct100)
    car.charge.cc_units = number("cc_units", car.charge.cc_units)
    car.charge.told_limits = number("told_limits", car.charge.told_limits)

    if kept.is_restored:
        # The car has waited for its bus: when it was silent, the charge has ended.
        car.charge.silent_s = SILENCE_S

    power = decoder.power
    power.start_m = number("power_start", power.start_m)
    kept.numbers("power", power.sums)
    power.charge_out = number("charge_out", power.charge_out)
    power.charge_in = number("charge_in", power.charge_in)
    if kept.is_restored:
        # What these sums count has been counted as charge, too.
        sums = power.sums
        power.used_units = sums[CONST + 1] + sums[ACCEL + 1] + sums[DECEL + 1]
        power.recovered_units = sums[CONST + 2] + sums[ACCEL + 2] + sums[DECEL + 2]
    _walk_battery(car.battery, kept)


def _walk_battery(battery, kept):
    number = kept.number
    battery.is_known = bool(number("monitor", battery.is_known))
    if not battery.is_known:
        return
    battery.notified = number("notified", battery.notified)
    battery.pack_min_mv = number("pack_min", battery.pack_min_mv)
    battery.pack_max_mv = number("pack_max", battery.pack_max_mv)
    _walk_group("cells", battery.cells, kept)
    _walk_group("modules", battery.modules, kept)


def _walk_group(name, group, kept):
    number = kept.number
    mask = number(name + "_told", group.mask)
    size = number(name + "_size", group.size)
    if kept.is_restored and 0 < size <= CELLS_MAX and 0 < mask < 1 << size:
        group.make(mask, size)
    kept.numbers(name, group.values)
    group.deviation = number(name + "_deviation", group.deviation)
    group.alerts = number(name + "_alerts", group.alerts)
    group.watches = number(name + "_watches", group.watches)
    group.is_fresh = bool(number(name + "_fresh", group.is_fresh))
