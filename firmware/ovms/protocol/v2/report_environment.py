"""The D message; the rules of `reports.py` hold. An overlay of its own, like S."""

from ovms.protocol.v2.messages import KM, MILE, decimal, freshness, scaled


def environment_message(state, is_miles):
    """D, 21 fields.

    Awake and alarm set two bits each, because the guide and the clients look at different ones
    (server-and-clients 5.2); no client shows the cooling pump whose bit is used for that.
    """
    unit = MILE if is_miles else KM
    doors = state.open_doors
    doors1 = (
        32
        | _bit(doors[0], 1)
        | _bit(doors[1], 2)
        | _bit(state.is_charge_port_open, 4)
        | _bit(state.has_pilot, 8)
        | _bit(state.is_charging, 16)
        | _bit(state.is_handbrake_on, 64)
        | _bit(state.is_on, 128)
    )
    doors2 = (
        _bit(state.is_locked, 8)
        | _bit(state.is_valet, 16)
        | _bit(state.are_headlights_on, 32)
        | _bit(doors[4], 64)
        | _bit(doors[5], 128)
    )
    doors3 = (
        _bit(state.is_awake, 3)
        | _bit(state.is_controller_logged_in, 64)
        | _bit(state.is_controller_configuring, 128)
    )
    doors5 = (
        _bit(doors[2], 1)
        | _bit(doors[3], 2)
        | _bit(state.is_12v_charging, 16)
        | _bit(state.is_hvac_on, 128)
    )
    return (
        "%d,%d,%d,%d,%d,%d,%d,%d,%d,%d,%d,%d,%d,%d,%s,%d,%s,%d,%d,%s,%d"
        % (
            doors1,
            doors2,
            4 if state.is_locked else 5,
            state.pem_temp_c or 0,
            state.motor_temp_c or 0,
            state.battery_temp_c or 0,
            # Tenths of a unit.
            scaled(state.trip_m, KM // 100, unit),
            scaled(state.odometer_m, KM // 100, unit),
            scaled(state.speed_kmh10, KM // 10, unit),
            # 0 is "not parked" to the apps.
            0 if state.is_on else max(1, state.parked_s),
            -127 if state.ambient_temp_c is None else state.ambient_temp_c,
            doors3,
            freshness(state.temps_age_s),
            freshness(state.ambient_age_s),
            decimal(state.supply_mv, 100, 1),
            _bit(state.is_alarm_on, 6),
            decimal(state.supply_reference_mv, 100, 1),
            doors5,
            state.charger_temp_c or 0,
            decimal(state.supply_ma, 100, 1),
            state.cabin_temp_c or 0,
        )
    ).encode()


def _bit(is_set, mask):
    return mask if is_set else 0
