"""Which values of the `VehicleState` are kept over a restart, for every car: see `Vehicle.keep`.

What moves or flows is not among them (speed, power, the key, a charge under way): of that only the
car itself can say whether it still is so. A charge state is, as a user asks for it for days.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Kept, VehicleState


def walk(state: "VehicleState", kept: "Kept") -> None:
    """Hand each value to `kept` and take what it returns; loaded on demand."""
    number = kept.number
    state.vin = kept.text("vin", state.vin)
    state.told_age_s = kept.age("told", state.told_age_s)
    state.parked_s = kept.age("parked", state.parked_s, 1)

    state.soc_pct100 = number("soc", state.soc_pct100)
    state.soh_pct = number("soh", state.soh_pct)
    state.cac_ah100 = number("cac", state.cac_ah100)
    state.battery_mv = number("battery_mv", state.battery_mv)
    state.capacity_wh = number("capacity", state.capacity_wh)
    state.energy_used_wh = number("used", state.energy_used_wh)
    state.energy_recovered_wh = number("recovered", state.energy_recovered_wh)
    state.ideal_range_km = number("ideal", state.ideal_range_km)
    state.estimated_range_km = number("estimated", state.estimated_range_km)
    state.max_range_km = number("max_range", state.max_range_km)
    state.odometer_m = number("odometer", state.odometer_m)
    state.trip_m = number("trip", state.trip_m)

    state.charge_state = number("charge_state", state.charge_state)
    state.charge_substate = number("charge_substate", state.charge_substate)
    state.charge_mode = number("charge_mode", state.charge_mode)
    state.charge_type = number("charge_type", state.charge_type)
    state.charge_limit_a = number("charge_limit", state.charge_limit_a)
    state.is_charge_port_open = bool(number("port", state.is_charge_port_open))
    state.charge_s = number("charge_s", state.charge_s)
    state.charge_wh = number("charge_wh", state.charge_wh)
    state.charge_grid_wh = number("grid_wh", state.charge_grid_wh)
    state.charge_grid_total_wh = number("grid_total", state.charge_grid_total_wh)
    state.charge_end_utc_s = number("charge_end", state.charge_end_utc_s)
    state.export_s = number("export_s", state.export_s)
    state.export_wh = number("export_wh", state.export_wh)
    state.export_total_wh = number("export_total", state.export_total_wh)
    state.full_min = number("full_min", state.full_min)
    state.timer_mode = number("timer_mode", state.timer_mode)
    state.timer_start_min = number("timer_start", state.timer_start_min)

    state.is_locked = bool(number("locked", state.is_locked))
    state.is_valet = bool(number("valet", state.is_valet))
    state.is_handbrake_on = bool(number("handbrake", state.is_handbrake_on))

    state.pem_temp_c = number("pem_c", state.pem_temp_c)
    state.motor_temp_c = number("motor_c", state.motor_temp_c)
    state.battery_temp_c = number("battery_c", state.battery_temp_c)
    state.charger_temp_c = number("charger_c", state.charger_temp_c)
    state.cabin_temp_c = number("cabin_c", state.cabin_temp_c)
    state.ambient_temp_c = number("ambient_c", state.ambient_temp_c)
    state.temps_age_s = kept.age("temps", state.temps_age_s)
    state.ambient_age_s = kept.age("ambient", state.ambient_age_s)

    if state.tyres_age_s is not None or kept.is_restored:
        kept.numbers("tyre_kpa", state.tyre_kpa)
        kept.numbers("tyre_c", state.tyre_temp_c)
        state.tyres_age_s = kept.age("tyres", state.tyres_age_s)

    state.service_km = number("service_km", state.service_km)
    state.service_utc_s = number("service", state.service_utc_s)
