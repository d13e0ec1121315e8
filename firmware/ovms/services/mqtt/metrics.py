"""What the module publishes by MQTT: names and values of the standard metrics.

Loaded on demand. Source: server-and-clients 7.2 and 7.4.

Units are metric, booleans `yes` and `no`, positions have 6 decimals. What was never seen is None,
and so is what the car has not told for a day: then what the broker keeps is taken away. Only the
place where the car was last stays.
"""

from micropython import const

from ovms.protocol.v2.messages import decimal, scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import VehicleState
    from ovms.services.mqtt.conversation import Conversation

GROUPS = const(7)
# Rows that a group may have.
ROWS = const(24)

_OLD_S = const(86_400)
_NO_SIGNAL = const(99)

# Server-and-clients 5.1.
_STATES = {
    1: "charging",
    2: "topoff",
    4: "done",
    13: "prepare",
    14: "timerwait",
    15: "heating",
}
_SUBSTATES = {
    1: "scheduledstop",
    2: "scheduledstart",
    3: "onrequest",
    5: "timerwait",
    7: "powerwait",
    13: "stopped",
    14: "interrupted",
}
_MODES = {1: "storage", 3: "range", 4: "performance"}


def group(number: int, talk: "Conversation") -> list[tuple[str, str | None]]:
    """List of (name with slashes, text or None) of a group, always in the same order.

    talk: Conversation, for what it knows of the module.
    """
    if number == 0:
        return _module(talk)
    if number == 5:
        return _place(talk.state)
    state = talk.state
    rows: list[tuple[str, str | None]] = (_battery, _charge, _energy, _doors, _place, _tyres)[
        number - 1
    ](state)
    age_s = told_age_s(state)
    if age_s is None or age_s >= _OLD_S:
        rows = [(name, None) for name, _ in rows]
    return rows


def told_age_s(state: "VehicleState") -> int | None:
    """Seconds since the car told anything, None for never."""
    return state.told_age_s


def _yes(value):
    return "yes" if value else "no"


def _whole(value):
    return None if value is None else "%d" % value


def _dec(value, divisor, places):
    return None if value is None else decimal(value, divisor, places)


def _module(talk):
    status = talk.status
    csq = status.csq
    car = talk.car()
    return [
        ("m/version", status.firmware_text(car)),
        ("m/hardware", status.hardware),
        # What the broker sees is told over one of the two.
        ("m/net/type", "wifi" if status.link_name == "WiFi" else "modem"),
        ("m/net/provider", status.operator or None),
        # In steps of 6 dBm: it wavers always.
        ("m/net/mdm/sq", None if csq == _NO_SIGNAL else "%d" % ((csq + 1) // 3 * 6 - 113)),
        ("s/v2/connected", _yes(status.is_server_connected)),
        ("s/v2/peers", "%d" % status.peers),
        ("v/type", car.type_text()),
        ("v/vin", talk.state.vin or None),
        ("v/b/12v/voltage", _dec(talk.state.supply_mv, 100, 1)),
    ]


def _battery(state):
    soc = state.soc_pct100
    return [
        # 99.95 % must not read as full.
        ("v/b/soc", None if soc is None else "%d.%d" % (soc // 100, soc % 100 // 10)),
        ("v/b/soh", _whole(state.soh_pct)),
        ("v/b/cac", _dec(state.cac_ah100, 1, 2)),
        ("v/b/capacity", _dec(state.capacity_wh, 10, 2)),
        ("v/b/voltage", _dec(state.battery_mv, 100, 1)),
        ("v/b/current", _dec(state.battery_ma, 100, 1)),
        ("v/b/power", _dec(state.battery_w, 10, 2)),
        ("v/b/temp", _whole(state.battery_temp_c)),
        ("v/b/range/full", _whole(state.max_range_km)),
        ("v/b/range/ideal", _whole(state.ideal_range_km)),
        ("v/b/range/est", _whole(state.estimated_range_km)),
        ("v/b/energy/used", _dec(state.energy_used_wh, 10, 2)),
        ("v/b/energy/recd", _dec(state.energy_recovered_wh, 10, 2)),
        ("v/b/12v/voltage/ref", _dec(state.supply_reference_mv, 100, 1)),
        ("v/b/12v/current", _dec(state.supply_ma, 100, 1)),
        ("v/m/temp", _whole(state.motor_temp_c)),
        ("v/i/temp", _whole(state.pem_temp_c)),
        ("v/i/power", _dec(state.inverter_w, 10, 2)),
        ("v/i/efficiency", _dec(state.inverter_efficiency_pct10, 1, 1)),
    ]


def _charge(state):
    is_charging = state.is_charging
    # How long it would take is news of a charge only.
    has_plug = is_charging or state.has_pilot
    return [
        ("v/c/charging", _yes(is_charging)),
        ("v/c/pilot", _yes(state.has_pilot)),
        ("v/c/state", _STATES.get(state.charge_state, "stopped")),
        ("v/c/substate", _SUBSTATES.get(state.charge_substate)),
        ("v/c/mode", _MODES.get(state.charge_mode, "standard")),
        ("v/c/voltage", "%d" % state.line_v),
        ("v/c/current", decimal(state.charge_a10, 1, 1)),
        ("v/c/climit", "%d" % state.charge_limit_a),
        ("v/c/power", _dec(state.charge_input_w if is_charging else 0, 10, 2)),
        ("v/c/time", "%d" % (state.charge_s // 60 * 60)),
        ("v/c/duration/full", _whole(state.full_min if has_plug else None)),
        ("v/c/duration/range", _whole(state.range_limit_min if has_plug else None)),
        ("v/c/duration/soc", _whole(state.soc_limit_min if has_plug else None)),
        ("v/c/limit/range", _whole(state.range_limit_km or None)),
        ("v/c/limit/soc", _whole(state.soc_limit_pct or None)),
        ("v/c/temp", _whole(state.charger_temp_c)),
        ("v/c/timermode", _yes(state.timer_mode)),
        ("v/c/timerstart", _whole(state.timer_start_min * 60 if state.timer_mode else None)),
    ]


def _energy(state):
    return [
        ("v/c/kwh", _dec(state.charge_wh, 10, 2)),
        ("v/c/kwh/grid", _dec(state.charge_grid_wh or None, 10, 2)),
        ("v/c/kwh/grid/total", _dec(state.charge_grid_total_wh or None, 10, 2)),
        ("v/e/temp", _whole(state.ambient_temp_c)),
        ("v/e/cabintemp", _whole(state.cabin_temp_c)),
        ("v/e/drivemode", "%d" % state.drive_mode),
        ("v/p/odometer", _dec(state.odometer_m, 100, 1)),
        ("v/p/trip", _dec(state.trip_m, 100, 1)),
        ("v/p/speed", decimal(state.speed_kmh10, 1, 1)),
        ("v/e/serv/range", _whole(state.service_km)),
        ("v/e/serv/time", _whole(state.service_utc_s)),
    ]


def _doors(state):
    doors = state.open_doors
    return [
        ("v/d/fl", _yes(doors[0])),
        ("v/d/fr", _yes(doors[1])),
        ("v/d/rl", _yes(doors[2])),
        ("v/d/rr", _yes(doors[3])),
        ("v/d/hood", _yes(doors[4])),
        ("v/d/trunk", _yes(doors[5])),
        ("v/d/cp", _yes(state.is_charge_port_open)),
        ("v/e/on", _yes(state.is_on)),
        ("v/e/awake", _yes(state.is_awake)),
        ("v/e/locked", _yes(state.is_locked)),
        ("v/e/valet", _yes(state.is_valet)),
        ("v/e/handbrake", _yes(state.is_handbrake_on)),
        ("v/e/headlights", _yes(state.are_headlights_on)),
        ("v/e/hvac", _yes(state.is_hvac_on)),
        ("v/e/cooling", _yes(state.is_cooling)),
        ("v/e/alarm", _yes(state.is_alarm_on)),
        ("v/e/charging12v", _yes(state.is_12v_charging)),
    ]


def _place(state):
    is_known = state.latitude_udeg is not None
    return [
        ("v/p/latitude", _dec(state.latitude_udeg, 1, 6)),
        ("v/p/longitude", _dec(state.longitude_udeg, 1, 6)),
        ("v/p/altitude", _whole(state.altitude_m)),
        ("v/p/direction", _whole(state.course_deg)),
        ("v/p/gpsspeed", _dec(state.gps_speed_kmh10, 1, 1)),
        ("v/p/gpslock", _yes(state.has_gps_lock) if is_known else None),
        ("v/p/gpsmode", state.gps_mode or None),
        ("v/p/gpshdop", _dec(state.hdop100, 10, 1)),
        ("v/p/satcount", _whole(state.satellites)),
        ("v/p/gpssq", "%d" % quality_pct(state) if is_known else None),
    ]


def quality_pct(state: "VehicleState") -> int:
    """100 less the expected error in metres, about 5 m per HDOP; 0 without a fix."""
    if not state.has_gps_lock:
        return 0
    return 50 if state.hdop100 is None else max(1, 100 - scaled(state.hdop100, 1, 20))


def _tyres(state):
    return [
        ("v/t/pressure", _vector(state.tyre_kpa)),
        ("v/t/temp", _vector(state.tyre_temp_c)),
    ]


def _vector(values):
    """Front left, front right, rear left, rear right; None unless all are known."""
    return None if None in values else ",".join([str(value) for value in values])


def matches(patterns: list[str], name: str) -> bool:
    """Whether a metric (with slashes) is one of `patterns`: with dots, `*` for anything."""
    name = name.replace("/", ".")
    for pattern in patterns:
        head, star, tail = pattern.partition("*")
        if not star:
            if name == pattern:
                return True
        elif name.startswith(head) and name.endswith(tail) and len(name) >= len(head) + len(tail):
            return True
    return False
