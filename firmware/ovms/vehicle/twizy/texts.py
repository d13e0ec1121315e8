"""Texts about the Twizy, as the Twizy guide 1.2.0 words them."""

from ovms.protocol.v2.messages import KM, MILE, scaled
from ovms.vehicle.base import EVENT_BATTERY, EVENT_FAULT
from ovms.vehicle.state import CHARGE_DONE, CHARGING, TOPPING_OFF
from ovms.vehicle.twizy.charge import SOC_FULL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.twizy.car import Twizy


def event_text(car: "Twizy", event: int) -> tuple[str, str] | None:
    """(kind, text) for `Vehicle.event_text` but for a trip's: of a charge the extended status."""
    if event == EVENT_BATTERY:
        from ovms.vehicle.twizy import battery_texts

        return "A", battery_texts.status_text(car)
    if event == EVENT_FAULT:
        return car.sevcon.notice
    return "A", stat_text(car)


def stat_text(car: "Twizy") -> str:
    """STAT reply and charge notification; `\\r` between lines, each further line starts blank.

    A value the car has not sent yet leaves its line out. Capacity and SOH, which the guide does
    not know, end the text as in later firmware (Twizy facts 8.1).
    """
    car.charge.estimate()
    state = car.state
    decoder = car.decoder
    is_miles = car.config.is_miles
    soc_pct100 = state.soc_pct100
    unit = "mi" if is_miles else "km"
    unit_mm = MILE if is_miles else KM
    if state.is_charge_port_open:
        charge_state = state.charge_state
        if charge_state == CHARGING:
            lines = ["Charging"]
        elif charge_state == TOPPING_OFF:
            lines = ["Charging, Topping off"]
        elif charge_state == CHARGE_DONE:
            lines = ["Charging Done"]
        else:
            lines = ["Charging Stopped"]
        lines.append("CHG: %d Wh" % state.charge_wh)
        if charge_state != CHARGE_DONE and state.full_min is not None:
            lines.append("Full: %d min." % state.full_min)
    else:
        lines = ["Not charging"]
        if state.full_min is not None and soc_pct100 is not None and soc_pct100 < SOC_FULL:
            lines.append("Full charge: %d min." % state.full_min)
    if state.ideal_range_km is not None:
        estimated_km = state.estimated_range_km
        lines.append(
            "Range: %s - %d %s"
            % (
                "?" if estimated_km is None else scaled(estimated_km, KM, unit_mm),
                scaled(state.ideal_range_km, KM, unit_mm),
                unit,
            )
        )
    if soc_pct100 is not None:
        lines.append(
            "SOC: %s%% (%s%%..%s%%)"
            % (
                _percent(soc_pct100),
                _percent(decoder.soc_min_pct100),
                _percent(decoder.soc_max_pct100),
            )
        )
    if state.odometer_m is not None:
        lines.append("ODO: %d %s" % (scaled(state.odometer_m // 1000, KM, unit_mm), unit))
    if state.cac_ah100:
        pct10 = (state.cac_ah100 * 100 // 108 + 5) // 10
        ah10 = (state.cac_ah100 + 5) // 10
        lines.append("CAP: %d.%d%% %d.%d Ah" % (pct10 // 10, pct10 % 10, ah10 // 10, ah10 % 10))
    if state.soh_pct:
        lines.append("SOH: %d%%" % state.soh_pct)
    return "\r ".join(lines)


def _percent(pct100):
    return "%d.%02d" % (pct100 // 100, pct100 % 100)
