"""The data messages a car sends: payload bytes behind the code letter.

L is in `messages.py`, which stays in RAM; Y and X are in `optional_reports.py`.

Rules: pure and integer only; every number is always there, because the Android app drops the
rest of a message at the first number it cannot parse. What was never seen goes out as the neutral
value of module-behaviour 4.7: 0, -1 for minutes and stale flags, dashes for the VIN. Ambient is 0
beside its flag, too, as in later firmware: -127 reached displays. The `Reporter` sends no message
whose main value was never seen. Fields follow protocol guide 2.6.2, which ends at S 33, D 18, L 11
and F 5; those behind follow server-and-clients 5. Distances and speeds are in the user's
unit.
"""

from micropython import const

from ovms.parameters import FEATURE_CAN_WRITE, FEATURE_MINIMUM_SOC, GROUP1, GROUP2
from ovms.protocol.v2.messages import KM, MILE, decimal, freshness, scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Config, Status, Vehicle, VehicleState

# Commands of the framework, behind those of the car; 7 is announced because it is there.
CAPABILITIES = "C1-7,C40-41,C49"

_NO_SIGNAL = const(99)
# Of 31, which apps draw as five bars. A module at rest sees its signal waver by less.
_SIGNAL_STEPS = const(5)


def payload_of(
    code: str,
    is_second: bool,
    state: "VehicleState",
    config: "Config",
    status: "Status",
    car: "Vehicle",
    limit: int,
) -> bytes:
    """Payload (bytes, at most `limit`) of message `code`, b"" for a group that has no name.

    is_second: the second of the two groups.
    """
    is_miles = config.is_miles
    if code == "S":
        made = state_message(state, is_miles)
    elif code == "D":
        made = environment_message(state, is_miles)
    elif code == "W":
        made = tyres_message(state)
    elif code == "F":
        version = status.firmware_text(car)
        can_write = config.feature(FEATURE_CAN_WRITE)
        if abs(status.csq - status.csq_told) >= _SIGNAL_STEPS:
            status.csq_told = status.csq
        made = firmware_message(state, status, version, car.type_text(), can_write)
    elif code == "V":
        made = capabilities_message(car.CAPABILITIES)
    else:
        name = config.get(GROUP2 if is_second else GROUP1)
        made = group_message(name, state, is_miles) if name else b""
    return cut(made, limit)


def shown_settings(config: "Config") -> int:
    """A number made of the settings that messages show: the unit, and features 9 to 14."""
    number = 1 if config.is_miles else 0
    for n in range(FEATURE_MINIMUM_SOC, FEATURE_CAN_WRITE):
        number = (number * 331 + config.feature(n)) & 0x1FFFFF
    return number


def cut(payload: bytes, limit: int) -> bytes:
    """`payload` (bytes) shortened to `limit` bytes by leaving out whole fields at its end."""
    if len(payload) <= limit:
        return payload
    end = payload.rfind(b",", 0, limit + 1)
    return payload[: end if end > 0 else limit]


def clean(text: str) -> str:
    """`text` (str) fit for one field: no field or line separators in it."""
    return text.replace(",", ";").replace("\r", " ").replace("\n", " ")


def state_message(state: "VehicleState", is_miles: bool) -> bytes:
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
    to_range = _or_unknown(state.range_limit_min)
    to_soc = _or_unknown(state.soc_limit_min)
    # In two halves, so that neither needs a big piece of heap for its code.
    return (
        "%s,%s,%d,%s,%s,%s,%d,%d,%d,%d,0,%d,%d,%d,%d,%d,%d,%d,%s,%d,%d,%d,%d,%d,%d,%d,%d,%d,%d,%s"
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
            _or_unknown(state.full_min),
            to_soc if to_range < 0 else to_range if to_soc < 0 else min(to_range, to_soc),
            scaled(state.range_limit_km, KM, unit),
            state.soc_limit_pct,
            1 if state.is_cooling else -1,
            state.cooling_limit_c if state.is_cooling else 0,
            state.cooling_min if state.is_cooling else 0,
            state.charge_estimate_min or 0,
            to_range,
            to_soc,
            _power_fields(state, unit),
        )
    ).encode()


def _power_fields(state, unit):
    """Fields 30 to 42 of S: range, power and energy."""
    is_charging = state.is_charging
    charge_w = state.charge_w if is_charging else 0
    input_w = (state.charge_input_w or 0) if is_charging else 0
    capacity_wh = state.capacity_wh or 0
    max_range_km = state.max_range_km or 0
    return "%d,%d,%s,%s,%d,%s,%s,%s,%s,%s,%s,%s,%d" % (
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
        _or_unknown(state.charge_end_utc_s),
    )


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


def _or_unknown(value):
    return -1 if value is None else value


def environment_message(state: "VehicleState", is_miles: bool) -> bytes:
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
            0 if _is_in_use(state) else max(1, state.parked_s),
            # Old readers take -127 for none; one that shows it to people takes 0 and the flag.
            state.ambient_temp_c or 0,
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


def _is_in_use(state):
    """Not parked: on, or as a car with its key on is that has not been parked since."""
    return state.is_on or (state.is_awake and not state.parked_s)


def _bit(is_set, mask):
    return mask if is_set else 0


def firmware_message(
    state: "VehicleState", status: "Status", version_text: str, type_text: str, can_write: int
) -> bytes:
    """F, 10 fields. status: ovms.status.Status; can_write: value of feature 15.

    The signal is `csq_told`; 0 says that none is known.
    """
    return (
        "%s,%s,%d,%d,%s,%s,%d,%d,%s,%s"
        % (
            clean(version_text),
            clean(state.vin) or "-" * 17,
            0 if status.csq_told == _NO_SIGNAL else status.csq_told,
            1 if can_write > 0 else 0,
            clean(type_text),
            clean(status.operator),
            _or_unknown(state.service_km),
            _or_unknown(state.service_utc_s),
            clean(status.hardware),
            clean(status.link_name),
        )
    ).encode()


def tyres_message(state: "VehicleState") -> bytes:
    """W, 9 fields: psi and degrees of front right, rear right, front left, rear left, age flag."""
    fields = []
    # The state counts front left, front right, rear left, rear right.
    for wheel in (1, 3, 0, 2):
        kpa = state.tyre_kpa[wheel]
        # 1 psi = 6.894757 kPa
        fields.append("0" if kpa is None else decimal(kpa * 10000000, 6894757, 1))
        fields.append("%d" % (state.tyre_temp_c[wheel] or 0))
    fields.append("%d" % freshness(state.tyres_age_s))
    return ",".join(fields).encode()


def capabilities_message(car_capabilities: str) -> bytes:
    """V: command ranges of the car ("" for none) and of the framework."""
    text = CAPABILITIES
    return (car_capabilities + "," + text if car_capabilities else text).encode()


def group_message(name: str, state: "VehicleState", is_miles: bool) -> bytes:
    """g, 9 fields: one position for the group `name` (parameter 11 or 12)."""
    return (
        "%s,%d,%d,%d,%d,%d,%d,%s,%s"
        % (
            clean(name),
            (state.soc_pct100 or 0) // 100,
            scaled(state.speed_kmh10, KM // 10, MILE if is_miles else KM),
            state.course_deg or 0,
            state.altitude_m or 0,
            _bit(state.has_gps_lock, 1),
            freshness(state.gps_age_s),
            decimal(state.latitude_udeg, 1, 6),
            decimal(state.longitude_udeg, 1, 6),
        )
    ).encode()
