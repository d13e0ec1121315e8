"""The data messages a car sends: payload bytes behind the code letter. An overlay, but for L.

Rules: pure and integer only; every number is always there, because the Android app drops the
rest of a message at the first number it cannot parse. What was never seen goes out as the neutral
value of module-behaviour 4.7: 0, or -127 C for ambient, -1 for minutes and stale flags, dashes
for the VIN. Fields follow protocol guide 2.6.2, which ends at S 33, D 18, L 11 and F 5; those
behind follow server-and-clients section 5. Distances and speeds are in the user's unit.
"""

from micropython import const

from ovms.parameters import FEATURE_CAN_WRITE
from ovms.protocol.v2.messages import KM, MILE, decimal, freshness, scaled

# Commands of the framework, behind those of the car; 7 is announced because it is there.
CAPABILITIES = "C1-7,C40-41,C49"


_GROUP1 = const(11)
_GROUP2 = const(12)

_NO_SIGNAL = const(99)
# Of 31, which apps draw as five bars. A module at rest sees its signal waver by less.
_SIGNAL_STEPS = const(5)


def payload_of(code, is_second, state, config, status, car, limit):
    """Payload (bytes, at most `limit`) of message `code`, b"" for a group that has no name.

    is_second: the second of the two groups.
    """
    is_miles = config.is_miles
    if code == "S":
        from ovms.protocol.v2 import report_state

        made = report_state.state_message(state, is_miles)
    elif code == "D":
        from ovms.protocol.v2 import report_environment

        made = report_environment.environment_message(state, is_miles)
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
        name = config.get(_GROUP2 if is_second else _GROUP1)
        made = group_message(name, state, is_miles) if name else b""
    return cut(made, limit)


def cut(payload, limit):
    """`payload` (bytes) shortened to `limit` bytes by leaving out whole fields at its end."""
    if len(payload) <= limit:
        return payload
    end = payload.rfind(b",", 0, limit + 1)
    return payload[: end if end > 0 else limit]


def clean(text):
    """`text` (str) fit for one field: no field or line separators in it."""
    return text.replace(",", ";").replace("\r", " ").replace("\n", " ")


def firmware_message(state, status, version_text, type_text, can_write):
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
            -1 if state.service_km is None else state.service_km,
            -1 if state.service_utc_s is None else state.service_utc_s,
            clean(status.hardware),
            clean(status.link_name),
        )
    ).encode()


def tyres_message(state):
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


def capabilities_message(car_capabilities):
    """V: command ranges of the car ("" for none) and of the framework."""
    text = CAPABILITIES
    return (car_capabilities + "," + text if car_capabilities else text).encode()


def group_message(name, state, is_miles):
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


def _bit(is_set, mask):
    return mask if is_set else 0
