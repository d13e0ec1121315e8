"""The S message; the rules of `reports.py` hold. An overlay of its own: it is the longest."""

from ovms.protocol.v2.messages import KM, MILE, decimal, scaled


def state_message(state, is_miles):
    """S, 42 fields.

    Two fields mean different things to different readers. Field 9 is in minutes, as the guide
    says (later firmware sends seconds). Field 23 is 1 while cooling, which every reader takes for
    yes, and else -1: a 0 would be "no" in the guide and "cooling" to readers of older modules,
    while -1 is what all modules in the field send for "no".
    """
    unit = MILE if is_miles else KM
    soc = state.soc_pct100 or 0
    # 99.95 % must not read as full.
    soc = 1000 if soc >= 10000 else min(scaled(soc, 1, 10), 999)
    is_charging = state.is_charging
    charge_w = state.charge_w if is_charging else 0
    input_w = (state.charge_input_w or 0) if is_charging else 0
    capacity_wh = state.capacity_wh or 0
    max_range_km = state.max_range_km or 0
    to_range = _minutes(state.range_limit_min)
    to_soc = _minutes(state.soc_limit_min)
    return (
        "%s,%s,%d,%s,%s,%s,%d,%d,%d,%d,0,%d,%d,%d,%d,%d,%d,%d,%s,"
        "%d,%d,%d,%d,%d,0,0,0,%d,%d,%d,%d,%s,%s,%d,%s,%s,%s,%s,%s,%s,%s,%d"
        % (
            decimal(soc, 1, 1),
            "M" if is_miles else "K",
            state.line_v,
            decimal(state.charge_a10, 1, 1),
            _charge_state(state.charge_state),
            _charge_mode(state.charge_mode),
            scaled(state.ideal_range_km, KM, unit),
            scaled(state.estimated_range_km, KM, unit),
            state.charge_limit_a,
            state.charge_s // 60,
            scaled(state.charge_wh, 1, 100),
            state.charge_substate,
            state.charge_state,
            state.charge_mode,
            state.timer_mode,
            state.timer_start_min,
            # A timer that is set does not age; without one there is nothing to show.
            1 if state.timer_mode else -1,
            decimal(state.cac_ah100, 1, 2),
            _minutes(state.full_min),
            to_soc if to_range < 0 else to_range if to_soc < 0 else min(to_range, to_soc),
            scaled(state.range_limit_km, KM, unit),
            state.soc_limit_pct,
            1 if state.is_cooling else -1,
            to_range,
            to_soc,
            scaled(max_range_km, KM, unit),
            state.charge_type,
            decimal(charge_w, 100, 1),
            decimal(state.battery_mv, 100, 1),
            state.soh_pct or 0,
            decimal(input_w, 100, 1),
            decimal(charge_w * 1000, input_w, 1) if input_w else "0.0",
            decimal(state.battery_ma, 100, 1),
            # Range gained per hour, from the power against the pack that gives the full range.
            decimal(charge_w * max_range_km * KM * 10, capacity_wh * unit, 1)
            if capacity_wh
            else "0.0",
            decimal(state.charge_grid_wh, 10, 2),
            decimal(state.charge_grid_total_wh, 10, 2),
            decimal(capacity_wh, 10, 2),
            -1 if state.charge_end_utc_s is None else state.charge_end_utc_s,
        )
    ).encode()


def _charge_state(number):
    for known, word in (
        (1, "charging"),
        (2, "topoff"),
        (4, "done"),
        (13, "prepare"),
        (14, "timerwait"),
        (15, "heating"),
    ):
        if known == number:
            return word
    return "stopped"


def _charge_mode(number):
    for known, word in ((1, "storage"), (3, "range"), (4, "performance")):
        if known == number:
            return word
    return "standard"


def _minutes(value):
    return -1 if value is None else value
