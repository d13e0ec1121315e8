"""Random vehicle states for hypothesis. CPython only."""

from hypothesis import strategies as st

from ovms.vehicle.state import VehicleState

# Values as a car could have them, and None as long as it has not told.
PERCENT = st.integers(0, 10_000)
KM = st.integers(0, 999)
TEMPERATURE = st.integers(-60, 180)
WATTS = st.integers(-99_999, 99_999)


def maybe(strategy):
    return st.none() | strategy


@st.composite
def states(draw):
    state = VehicleState()
    for names, strategy in (
        ("soc_pct100", maybe(PERCENT)),
        ("soh_pct", maybe(st.integers(0, 100))),
        ("cac_ah100", maybe(st.integers(0, 99_999))),
        ("battery_mv", maybe(st.integers(0, 900_000))),
        ("battery_ma", maybe(st.integers(-400_000, 400_000))),
        ("battery_w inverter_w", maybe(WATTS)),
        ("capacity_wh", maybe(st.integers(1, 200_000))),
        ("ideal_range_km estimated_range_km max_range_km", maybe(KM)),
        ("range_limit_km", KM),
        ("charge_w", st.integers(0, 99_999)),
        ("charge_input_w", maybe(st.integers(0, 99_999))),
        ("charge_wh charge_grid_wh export_wh", st.integers(0, 200_000)),
        ("charge_grid_total_wh export_total_wh", st.integers(0, 10**9)),
        ("charge_s export_s", st.integers(0, 10**6)),
        ("charge_state", st.sampled_from((1, 2, 4, 13, 14, 15, 21))),
        ("charge_mode", st.sampled_from((0, 1, 3, 4))),
        ("line_v", st.integers(0, 500)),
        ("charge_a10", st.integers(0, 5000)),
        ("charge_limit_a", st.integers(0, 500)),
        ("full_min range_limit_min soc_limit_min", maybe(st.integers(0, 9999))),
        ("soc_limit_pct", st.integers(0, 100)),
        ("timer_start_min", st.integers(0, 1439)),
        ("pem_temp_c motor_temp_c battery_temp_c charger_temp_c", maybe(TEMPERATURE)),
        ("ambient_temp_c cabin_temp_c", maybe(TEMPERATURE)),
        ("temps_age_s ambient_age_s tyres_age_s gps_age_s", maybe(st.integers(0, 10**6))),
        ("supply_mv supply_reference_mv supply_ma", maybe(st.integers(0, 16_000))),
        ("speed_kmh10", st.integers(0, 2500)),
        ("odometer_m trip_m", maybe(st.integers(0, 10**9))),
        ("parked_s", st.integers(0, 10**7)),
        ("drive_mode", st.integers(0, 255)),
        ("latitude_udeg", maybe(st.integers(-90_000_000, 90_000_000))),
        ("longitude_udeg", maybe(st.integers(-180_000_000, 180_000_000))),
        ("course_deg", maybe(st.integers(0, 359))),
        ("altitude_m", maybe(st.integers(-400, 9000))),
        ("gps_speed_kmh10", maybe(st.integers(0, 3000))),
        ("hdop100", maybe(st.integers(10, 9999))),
        ("satellites", st.integers(0, 40)),
        ("energy_used_wh energy_recovered_wh", st.integers(0, 10**6)),
        ("inverter_efficiency_pct10", maybe(st.integers(0, 1000))),
        ("service_km service_utc_s", maybe(st.integers(0, 2**31 - 1))),
        ("charge_end_utc_s", maybe(st.integers(0, 2**31 - 1))),
        (
            "is_charging is_charge_port_open has_pilot is_on is_awake is_locked is_valet "
            "is_cooling is_handbrake_on is_alarm_on are_headlights_on is_hvac_on "
            "is_12v_charging has_gps_lock is_exporting timer_mode",
            st.booleans(),
        ),
    ):
        for name in names.split():
            setattr(state, name, draw(strategy))
    state.timer_mode = int(state.timer_mode)
    state.open_doors = draw(st.lists(st.booleans(), min_size=6, max_size=6))
    state.tyre_kpa = draw(st.lists(maybe(st.integers(0, 900)), min_size=4, max_size=4))
    state.tyre_temp_c = draw(st.lists(maybe(TEMPERATURE), min_size=4, max_size=4))
    return state
