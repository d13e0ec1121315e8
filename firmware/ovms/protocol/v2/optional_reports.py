"""The data messages beyond the guide that are sent on request or occasion: Y and X.

Rules and sources as in `reports.py`. Y can be switched (feature 8), because the stock server's
REST answer about tyres fails once it has stored one (server-and-clients 0, fact 3); W goes out in
any case. X goes out while energy is given back to the grid.
"""

from ovms.protocol.v2.messages import KM, MILE, decimal, freshness, scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Config, VehicleState

_WHEELS = ("FL", "FR", "RL", "RR")


def payload_of(
    code: str, was_told: bool, state: "VehicleState", config: "Config", limit: int
) -> bytes:
    """Payload (bytes, at most `limit`) of `Y` or `X`, b"" when there is nothing to tell.

    was_told: whether the server has one already; then it hears of the end of an export, too.
    """
    if code == "Y":
        made = tyres_message(state)
    elif state.is_exporting or was_told:
        made = export_message(state, config.is_miles)
    else:
        made = b""
    # Its counts would be wrong for a part of it.
    return made if len(made) <= limit else b""


def tyres_message(state: "VehicleState") -> bytes:
    """Y: names, pressures in kPa, temperatures, health, alerts, each with count and flag.

    A part that is not known of every wheel is left out with count 0: the apps stumble over an
    empty element. b"" when no tyre was ever seen.
    """
    if None in state.tyre_kpa and None in state.tyre_temp_c:
        return b""
    fields = ["4"]
    fields += _WHEELS
    for values in (state.tyre_kpa, state.tyre_temp_c):
        if None in values:
            fields += ["0", "-1"]
        else:
            fields.append("4")
            fields += [str(value) for value in values]
            fields.append(str(freshness(state.tyres_age_s)))
    # No car tells the health of its tyres, or raises an alert about them.
    fields += ["0", "-1", "0", "-1"]
    return ",".join(fields).encode()


def export_message(state: "VehicleState", is_miles: bool) -> bytes:
    """X, 24 fields. Power and current are those at the plug. Ranges are in the user's unit."""
    unit = MILE if is_miles else KM
    is_exporting = state.is_exporting
    export_w = state.line_v * state.charge_a10 // 10 if is_exporting else 0
    battery_w = state.battery_w or 0
    return (
        "%d,%d,%d,%s,%s,%s,%d,%s,onrequest,%s,%s,%d,%d,%s,%s,%s,%d,%d,%d,-1,-1,-1,%d,-1"
        % (
            is_exporting,
            state.has_pilot,
            state.line_v,
            decimal(state.charge_a10 if is_exporting else 0, 1, 1),
            decimal(export_w, 100, 1),
            decimal(export_w * 1000, battery_w, 1) if battery_w > 0 else "0.0",
            state.charge_type,
            "exporting" if is_exporting else "stopped",
            "storage" if state.charge_mode == 1 else "standard",
            decimal(state.charge_limit_a * 10, 1, 1),
            scaled(state.range_limit_km, KM, unit),
            state.soc_limit_pct,
            # What left the battery, what of it reached the grid, and that since ever.
            decimal(state.energy_used_wh, 10, 2),
            decimal(state.export_wh, 10, 2),
            decimal(state.export_total_wh, 10, 2),
            state.export_s,
            state.timer_mode,
            state.timer_start_min,
            state.charger_temp_c or 0,
        )
    ).encode()
