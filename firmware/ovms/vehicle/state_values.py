"""Every value of the `VehicleState` before anything was seen: names, units, neutral values.

Executed once and forgotten: 400 bytes of code that are needed at the start only. Every state has
them all from then on, also those that its car never learns: who decodes a frame may not allocate,
and an attribute that is new to an object would.
"""

from ovms.vehicle.state import CHARGE_DONE, MODE_STANDARD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import VehicleState


def fill(state: "VehicleState") -> None:
    """Give `state` its attributes."""
    state.vin = ""
    # Seconds since the car told anything: None never, more than the module runs: before that.
    state.told_age_s = None
    # Counts the changes (charge, doors, lock, on, parked) that S and D report at once.
    state.revision = 0

    # Traction battery; current and power are positive while discharging.
    state.soc_pct100 = None
    state.soh_pct = None
    state.cac_ah100 = None
    state.battery_mv = None
    state.battery_ma = None
    state.battery_w = None
    state.capacity_wh = None
    state.energy_used_wh = 0
    state.energy_recovered_wh = 0
    state.ideal_range_km = None
    state.estimated_range_km = None
    state.max_range_km = None

    # Charge.
    state.charge_state = CHARGE_DONE
    state.charge_substate = 0
    state.charge_mode = MODE_STANDARD
    state.is_charging = False
    state.is_charge_port_open = False
    state.has_pilot = False
    state.line_v = 0
    state.charge_a10 = 0
    state.charge_limit_a = 0
    state.charge_w = 0
    state.charge_input_w = None
    state.charge_s = 0
    state.charge_wh = 0
    state.charge_grid_wh = 0
    state.charge_grid_total_wh = 0
    state.charge_end_utc_s = None
    # Energy given back to the grid: power and current are those of the plug while it lasts.
    state.is_exporting = False
    state.export_s = 0
    state.export_wh = 0
    state.export_total_wh = 0
    state.full_min = None
    state.range_limit_min = None
    state.soc_limit_min = None
    state.range_limit_km = 0
    state.soc_limit_pct = 0
    # Of a charge that ACC plans or lets go on: how long all of it takes.
    state.charge_estimate_min = None
    # The battery is cooled: times that this has begun, down to which temperature, minutes left.
    state.is_cooling = False
    state.cooling_cycles = 0
    state.cooling_limit_c = 0
    state.cooling_min = 0
    state.timer_mode = 0
    state.timer_start_min = 0
    state.charge_type = 0

    # Doors, keys, cabin.
    state.is_on = False
    state.is_awake = False
    state.is_locked = False
    state.is_valet = False
    state.is_handbrake_on = False
    state.is_alarm_on = False
    state.are_headlights_on = False
    state.is_hvac_on = False
    state.is_12v_charging = False
    # Open doors: front left, front right, rear left, rear right, bonnet, trunk.
    state.open_doors = [False] * 6
    # Motor controller session, where the car has one (D doors3 bits 6 and 7).
    state.is_controller_logged_in = False
    state.is_controller_configuring = False

    # Temperatures in degrees Celsius; two ages, as the protocol has two stale flags.
    state.pem_temp_c = None
    state.motor_temp_c = None
    state.battery_temp_c = None
    state.charger_temp_c = None
    state.cabin_temp_c = None
    state.ambient_temp_c = None
    state.temps_age_s = None
    state.ambient_age_s = None

    # 12 V battery.
    state.supply_mv = None
    state.supply_reference_mv = None
    state.supply_ma = None

    # Motion.
    state.speed_kmh10 = 0
    state.odometer_m = None
    state.trip_m = None
    state.parked_s = 0
    state.drive_mode = 0
    state.inverter_w = None
    state.inverter_efficiency_pct10 = None

    # Position. No fix is None, never 0, 0.
    state.latitude_udeg = None
    state.longitude_udeg = None
    state.course_deg = None
    state.altitude_m = None
    state.gps_speed_kmh10 = None
    state.has_gps_lock = False
    state.satellites = None
    state.hdop100 = None
    state.gps_mode = ""
    state.gps_age_s = None

    # Tyres: front left, front right, rear left, rear right; kPa and degrees Celsius or None.
    state.tyre_kpa = [None] * 4
    state.tyre_temp_c = [None] * 4
    state.tyres_age_s = None

    # Service.
    state.service_km = None
    state.service_utc_s = None
