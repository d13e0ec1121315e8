"""What the module knows of the car and of where it is, in fixed units.

Rules of this file: a value is None until it was seen once; after a loss of signal it stays and its
age grows, it never turns into 0. Integers only, scaled as the name says (`_pct100` hundredths of a
percent, `_udeg` millionths of a degree, `_a10` tenths of an ampere). Whoever decodes writes the
attributes directly; whoever reports reads them. Distances are kilometres or metres, never miles:
the unit a user sees is made at the edge. The attributes stand in `state_values.py`.
"""

from micropython import const

from ovms.protocol.v2.messages import STALE_AFTER_S

# Charge states, substates and modes as numbered in the v2 S message (fields 12 to 14).
CHARGING = const(1)
TOPPING_OFF = const(2)
CHARGE_DONE = const(4)
CHARGE_PREPARING = const(13)
CHARGE_TIMER_WAIT = const(14)
CHARGE_HEATING = const(15)
CHARGE_STOPPED = const(21)

SUBSTATE_ON_REQUEST = const(3)
SUBSTATE_POWER_WAIT = const(7)
SUBSTATE_STOPPED = const(13)
SUBSTATE_INTERRUPTED = const(14)

MODE_STANDARD = const(0)
MODE_STORAGE = const(1)
MODE_RANGE = const(3)
MODE_PERFORMANCE = const(4)


class VehicleState:
    """One per module. `tick` ages it, `touch` announces a change a user wants to see at once."""

    # Units and neutral values stand where they are set, in `state_values.py`.
    vin: str
    told_age_s: int | None
    revision: int
    soc_pct100: int | None
    soh_pct: int | None
    cac_ah100: int | None
    battery_mv: int | None
    battery_ma: int | None
    battery_w: int | None
    capacity_wh: int | None
    energy_used_wh: int
    energy_recovered_wh: int
    ideal_range_km: int | None
    estimated_range_km: int | None
    max_range_km: int | None
    charge_state: int
    charge_substate: int
    charge_mode: int
    is_charging: bool
    is_charge_port_open: bool
    has_pilot: bool
    line_v: int
    charge_a10: int
    charge_limit_a: int
    charge_w: int
    charge_input_w: int | None
    charge_s: int
    charge_wh: int
    charge_grid_wh: int
    charge_grid_total_wh: int
    charge_end_utc_s: int | None
    is_exporting: bool
    export_s: int
    export_wh: int
    export_total_wh: int
    full_min: int | None
    range_limit_min: int | None
    soc_limit_min: int | None
    range_limit_km: int
    soc_limit_pct: int
    charge_estimate_min: int | None
    is_cooling: bool
    cooling_cycles: int
    cooling_limit_c: int
    cooling_min: int
    timer_mode: int
    timer_start_min: int
    charge_type: int
    is_on: bool
    is_awake: bool
    is_locked: bool
    is_valet: bool
    is_handbrake_on: bool
    is_alarm_on: bool
    are_headlights_on: bool
    is_hvac_on: bool
    is_12v_charging: bool
    open_doors: list[bool]
    is_controller_logged_in: bool
    is_controller_configuring: bool
    pem_temp_c: int | None
    motor_temp_c: int | None
    battery_temp_c: int | None
    charger_temp_c: int | None
    cabin_temp_c: int | None
    ambient_temp_c: int | None
    temps_age_s: int | None
    ambient_age_s: int | None
    supply_mv: int | None
    supply_reference_mv: int | None
    supply_ma: int | None
    speed_kmh10: int
    odometer_m: int | None
    trip_m: int | None
    parked_s: int
    drive_mode: int
    inverter_w: int | None
    inverter_efficiency_pct10: int | None
    latitude_udeg: int | None
    longitude_udeg: int | None
    course_deg: int | None
    altitude_m: int | None
    gps_speed_kmh10: int | None
    has_gps_lock: bool
    satellites: int | None
    hdop100: int | None
    gps_mode: str
    gps_age_s: int | None
    tyre_kpa: list[int | None]
    tyre_temp_c: list[int | None]
    tyres_age_s: int | None
    service_km: int | None
    service_utc_s: int | None

    def __init__(self) -> None:
        from ovms.vehicle import state_values

        state_values.fill(self)

    def touch(self) -> None:
        """Something changed that S and D should report at once."""
        self.revision += 1

    def tick(self, elapsed_s: int) -> None:
        """Age what has an age by whole seconds; call about once a second."""
        if self.told_age_s is not None:
            self.told_age_s += elapsed_s
        if self.temps_age_s is not None:
            self.temps_age_s += elapsed_s
        if self.ambient_age_s is not None:
            self.ambient_age_s += elapsed_s
        if self.tyres_age_s is not None:
            self.tyres_age_s += elapsed_s
        if self.gps_age_s is not None:
            self.gps_age_s += elapsed_s
            if self.gps_age_s >= STALE_AFTER_S:
                self.has_gps_lock = False
        if self.is_on:
            self.parked_s = 0
        elif self.parked_s or not self.is_awake:
            # Awake with 0: in use, though not about to move.
            self.parked_s += elapsed_s
        if self.is_charging:
            self.charge_s += elapsed_s
