"""Names, units and REST keys of every field a car sends.

Source: server-and-clients 5 (fields), 3.3 and 3.4 (REST keys and which answer has them);
where the guide and later firmware disagree the guide's unit stands here. `DISTANCE` in a unit is
replaced with km or miles, after field 1 of `S`. `tenths` fields carry ten times their value.
"""

from typing import NamedTuple

DISTANCE = "{d}"
_SPEED = DISTANCE + "/h"


class Field(NamedTuple):
    """`rest` is the key in REST answers, `views` the answers having it: s status, c charge,
    l location. `rest` is empty for fields the REST interface does not offer."""

    name: str
    unit: str = ""
    rest: str = ""
    views: str = ""
    tenths: bool = False


class Flag(NamedTuple):
    """One bit. `rest_mask` is the bit REST looks at when it is not the guide's."""

    mask: int
    name: str
    rest: str = ""
    views: str = ""
    rest_mask: int = 0


class Value(NamedTuple):
    """One decoded field: text as sent or scaled, unit ready to print."""

    name: str
    text: str
    unit: str


S = (
    Field("SOC", "%", "soc", "sc"),
    Field("distance unit", "", "units", "sc"),
    Field("line voltage", "V", "linevoltage", "c"),
    Field("charge current", "A", "chargecurrent", "c"),
    Field("charge state", "", "chargestate", "sc"),
    Field("charge mode", "", "mode", "sc"),
    Field("ideal range", DISTANCE, "idealrange", "sc"),
    Field("estimated range", DISTANCE, "estimatedrange", "sc"),
    Field("charge current limit", "A", "chargelimit", "c"),
    Field("charge duration", "min", "chargeduration", "c"),
    Field("charger B4 byte", "", "chargeb4", "c"),
    Field("charged energy", "kWh", "chargekwh", "c", tenths=True),
    Field("charge substate number", "", "chargesubstate", "c"),
    Field("charge state number"),
    Field("charge mode number"),
    Field("charge timer mode", "", "chargetimermode", "c"),
    Field("charge timer start", "", "chargestarttime", "c"),
    Field("charge timer stale", "", "chargetimerstale", "c"),
    Field("CAC", "Ah", "cac100", "sc"),
    Field("time to full", "min", "charge_etr_full", "c"),
    Field("time to limit", "min", "charge_etr_limit", "c"),
    Field("range limit", DISTANCE, "charge_limit_range", "c"),
    Field("SOC limit", "%", "charge_limit_soc", "c"),
    Field("cooling down", "", "cooldown_active", "sc"),
    Field("cooldown battery temperature", "°C", "cooldown_tbattery", "c"),
    Field("cooldown time limit", "min", "cooldown_timelimit", "c"),
    Field("charge estimate", "min", "charge_estimate", "c"),
    Field("time to range limit", "min", "charge_etr_range", "c"),
    Field("time to SOC limit", "min", "charge_etr_soc", "c"),
    Field("maximum ideal range", DISTANCE, "idealrange_max", "sc"),
    Field("plug type", "", "chargetype", "c"),
    Field("charge power", "kW", "chargepower", "c"),
    Field("battery voltage", "V", "battvoltage", "c"),
    Field("SOH", "%", "soh", "sc"),
    Field("charge power input", "kW", "chargepowerinput", "c"),
    Field("charger efficiency", "%", "chargerefficiency", "c"),
    Field("battery current", "A", "batt_current", "c"),
    Field("range speed", _SPEED, "batt_range_speed", "c"),
    Field("grid energy this session", "kWh", "charge_kwh_grid", "c"),
    Field("grid energy total", "kWh", "charge_kwh_grid_total", "c"),
    Field("usable capacity", "kWh", "batt_capacity", "c"),
    Field("time of last charge end", "s"),
)

D = (
    Field("doors 1"),
    Field("doors 2"),
    Field("lock state"),
    Field("PEM temperature", "°C", "temperature_pem", "sc"),
    Field("motor temperature", "°C", "temperature_motor", "sc"),
    Field("battery temperature", "°C", "temperature_battery", "sc"),
    Field("trip", DISTANCE, "tripmeter", "s", tenths=True),
    Field("odometer", DISTANCE, "odometer", "s", tenths=True),
    Field("speed", _SPEED, "speed", "s"),
    Field("parked for", "s", "parkingtimer", "s"),
    Field("ambient temperature", "°C", "temperature_ambient", "sc"),
    Field("doors 3"),
    Field("temperatures stale", "", "staletemps", "sc"),
    Field("ambient stale", "", "staleambient", "sc"),
    Field("12 V voltage", "V", "vehicle12v", "sc"),
    Field("doors 4"),
    Field("12 V reference", "V", "vehicle12v_ref", "sc"),
    Field("doors 5"),
    Field("charger temperature", "°C", "temperature_charger", "sc"),
    Field("12 V current", "A", "vehicle12v_current", "sc"),
    Field("cabin temperature", "°C", "temperature_cabin", "sc"),
)

L = (
    Field("latitude", "°", "latitude", "l"),
    Field("longitude", "°", "longitude", "l"),
    Field("direction", "°", "direction", "l"),
    Field("altitude", "m", "altitude", "l"),
    Field("GPS lock", "", "gpslock", "l"),
    Field("GPS stale", "", "stalegps", "l"),
    Field("speed", _SPEED, "speed", "l"),
    Field("trip", DISTANCE, "tripmeter", "l", tenths=True),
    Field("drive mode", "", "drivemode", "l"),
    Field("battery power", "kW", "power", "l"),
    Field("energy used", "kWh", "energyused", "l"),
    Field("energy recovered", "kWh", "energyrecd", "l"),
    Field("inverter power", "kW", "invpower", "l"),
    Field("inverter efficiency", "%", "invefficiency", "l"),
    Field("GPS mode"),
    Field("satellites"),
    Field("HDOP"),
    Field("GPS speed", _SPEED),
    Field("GPS signal quality", "%"),
)

F = (
    Field("firmware"),
    Field("VIN"),
    Field("GSM signal", "of 31"),
    Field("CAN write"),
    Field("vehicle type"),
    Field("network"),
    Field("distance to service", "km"),
    Field("service date", "s"),
    Field("hardware"),
    Field("modem mode"),
)

W = (
    Field("front right pressure", "psi", "fr_pressure"),
    Field("front right temperature", "°C", "fr_temperature"),
    Field("rear right pressure", "psi", "rr_pressure"),
    Field("rear right temperature", "°C", "rr_temperature"),
    Field("front left pressure", "psi", "fl_pressure"),
    Field("front left temperature", "°C", "fl_temperature"),
    Field("rear left pressure", "psi", "rl_pressure"),
    Field("rear left temperature", "°C", "rl_temperature"),
    Field("TPMS stale", "", "staletpms"),
)

X = (
    Field("generating"),
    Field("pilot"),
    Field("voltage", "V"),
    Field("current", "A"),
    Field("power", "kW"),
    Field("efficiency", "%"),
    Field("type"),
    Field("state"),
    Field("substate"),
    Field("mode"),
    Field("current limit", "A"),
    Field("range limit", "km"),
    Field("SOC limit", "%"),
    Field("energy", "kWh"),
    Field("grid energy", "kWh"),
    Field("grid energy total", "kWh"),
    Field("time", "s"),
    Field("timer mode"),
    Field("timer start"),
    Field("time to empty", "min"),
    Field("time to range limit", "min"),
    Field("time to SOC limit", "min"),
    Field("temperature", "°C"),
    Field("timestamp", "s"),
)

G = (
    Field("vehicle"),
    Field("group"),
    Field("SOC", "%"),
    Field("speed", _SPEED),
    Field("direction", "°"),
    Field("altitude", "m"),
    Field("GPS lock"),
    Field("GPS stale"),
    Field("latitude", "°"),
    Field("longitude", "°"),
)

MESSAGE_FIELDS = {"S": S, "D": D, "L": L, "F": F, "W": W, "X": X, "g": G}

# REST reads "awake" from bit 1 of doors 3 where the guide has bit 0 (server-and-clients 5.2).
DOOR_FLAGS = {
    0: (
        Flag(1, "front left door", "fl_dooropen", "s"),
        Flag(2, "front right door", "fr_dooropen", "s"),
        Flag(4, "charge port", "cp_dooropen", "sc"),
        Flag(8, "pilot", "pilotpresent", "sc"),
        Flag(16, "charging", "charging", "sc"),
        Flag(64, "hand brake", "handbrake", "s"),
        Flag(128, "car on", "caron", "sc"),
    ),
    1: (
        Flag(8, "locked", "carlocked", "s"),
        Flag(16, "valet", "valetmode", "s"),
        Flag(32, "headlights"),
        Flag(64, "bonnet", "bt_open", "s"),
        Flag(128, "trunk", "tr_open", "s"),
    ),
    11: (
        Flag(1, "awake", "carawake", "sc", rest_mask=2),
        Flag(2, "cooling pump"),
        Flag(64, "controller login"),
        Flag(128, "controller config"),
    ),
    15: (Flag(4, "alarm", "alarmsounding", "s"),),
    17: (
        Flag(1, "rear left door"),
        Flag(2, "rear right door"),
        Flag(4, "frunk"),
        Flag(16, "12 V charging", "charging_12v", "sc"),
        Flag(32, "aux 12 V"),
        Flag(128, "HVAC"),
    ),
}


def distance_unit(s_payload: str) -> str:
    """ "km" or "miles" of an S message."""
    parts = s_payload.split(",", 2)
    return "miles" if len(parts) > 1 and parts[1] == "M" else "km"


def decode(code: str, payload: str, unit: str = "km") -> list[Value]:
    """Every field of a table message in order; more fields than known are named by number.

    Empty list for a code without a table. `unit` is the distance unit, see `distance_unit`.
    """
    table = MESSAGE_FIELDS.get(code)
    if table is None:
        return []
    values = []
    for index, text in enumerate(payload.split(",")):
        if index >= len(table):
            values.append(Value(f"field {index}", text, ""))
        elif code == "D" and index in DOOR_FLAGS:
            values.append(Value(table[index].name, flag_names(index, text), ""))
        else:
            field = table[index]
            values.append(
                Value(
                    field.name,
                    _in_units(text) if field.tenths else text,
                    field.unit.replace(DISTANCE, unit),
                )
            )
    return values


def flag_names(index: int, text: str) -> str:
    """Names of the bits set in field `index` of D, joined by " + ", "-" for none."""
    bits = as_int(text)
    if bits is None:
        return text
    return " + ".join(flag.name for flag in DOOR_FLAGS[index] if bits & flag.mask) or "-"


def as_int(text: str | None) -> int | None:
    """The integer in `text`, None when there is none."""
    try:
        return int(text or "")
    except ValueError:
        return None


def _in_units(text: str) -> str:
    try:
        return f"{float(text) / 10:.1f}"
    except ValueError:
        return text
