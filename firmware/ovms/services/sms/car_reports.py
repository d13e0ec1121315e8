"""STAT, GPS and TEMPS: what the car's state is, word for word as users know it.

Loaded on demand. Source: module-behaviour 2.5, 2.5.1 to 2.5.3. A value that is not known says so
instead of 0.
"""

from micropython import const

from ovms.protocol.place import degrees
from ovms.protocol.v2.messages import freshness
from ovms.vehicle import state as car_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import VehicleState
    from ovms.services.sms.answering import Request

_MODES = {
    car_state.MODE_STANDARD: "Standard - ",
    car_state.MODE_STORAGE: "Storage - ",
    car_state.MODE_RANGE: "Range - ",
    car_state.MODE_PERFORMANCE: "Performance - ",
}
_CHARGES = {
    car_state.CHARGING: "Charging",
    car_state.TOPPING_OFF: "Topping off",
    car_state.CHARGE_DONE: "Charge Done",
    car_state.CHARGE_PREPARING: "Preparing",
    car_state.CHARGE_HEATING: "Charging, Heating",
}
_MILE_MM = const(1609344)


def _stat_reply(sms):
    """STAT: the car's own text, else the standard one."""
    state = sms.state
    text = sms.car().stat_text()
    text = stat(state, sms.config.is_miles) if text is None else text.replace("\r", "\n")
    age_s = state.told_age_s
    if age_s is None or age_s <= sms.status.uptime_s:
        return text
    # All of it is from before a restart.
    return "%s\n Last seen: %s" % (text, _ago(sms, age_s))


def _ago(sms, age_s):
    """When something was seen that is so old: `35 min. ago`, `5:07 h ago`, `3 days ago`."""
    if age_s > sms.status.uptime_s and sms.clock.utc_s() is None:
        # Nobody knows how long the module was without power.
        return "before the restart"
    minutes = age_s // 60
    if minutes < 60:
        return "%d min. ago" % minutes
    if minutes < 2880:
        return "%d:%02d h ago" % (minutes // 60, minutes % 60)
    return "%d days ago" % (minutes // 1440)


def stat(state: "VehicleState", is_miles: bool) -> str:
    """The standard STAT text, lines separated by `\\n`."""
    unit = "mi" if is_miles else "km"
    lines = _charge_lines(state, is_miles, unit) if state.is_charge_port_open else ["Not charging"]
    if state.is_cooling and state.battery_temp_c is not None:
        lines.insert(
            0,
            "Cooldown: %dC/%dC (%dcycles, %dmins remain)"
            % (
                state.battery_temp_c,
                state.cooling_limit_c,
                state.cooling_cycles,
                state.cooling_min,
            ),
        )
    if state.soc_pct100 is None:
        lines.append("SOC: unknown")
    else:
        lines.append("SOC: %d%%" % (state.soc_pct100 // 100))
    if state.ideal_range_km:
        lines.append("Ideal Range: %d %s" % (_distance(state.ideal_range_km, is_miles), unit))
    if state.estimated_range_km:
        lines.append("Est. Range: %d %s" % (_distance(state.estimated_range_km, is_miles), unit))
    if state.odometer_m:
        lines.append("ODO: %s %s" % (_odometer(state.odometer_m, is_miles), unit))
    if state.cac_ah100:
        lines.append("CAC: %d.%02d" % (state.cac_ah100 // 100, state.cac_ah100 % 100))
    if state.soh_pct:
        lines.append("SOH: %d%%" % state.soh_pct)
    return "\n ".join(lines)


def _charge_lines(state, is_miles, unit):
    charge = _CHARGES.get(state.charge_state, "Charge Stopped")
    lines = [_MODES.get(state.charge_mode, "") + charge]
    if charge in ("Charge Done", "Charge Stopped"):
        return lines
    lines.append("%dV/%dA" % (state.line_v, (state.charge_a10 + 5) // 10))
    if state.full_min is not None:
        lines.append("Full: %d mins" % state.full_min)
    if state.soc_limit_pct and state.soc_limit_min is not None:
        lines.append("%d%%: %d mins" % (state.soc_limit_pct, state.soc_limit_min))
    if state.range_limit_km and state.range_limit_min is not None:
        limit = _distance(state.range_limit_km, is_miles)
        lines.append("%d %s: %d mins" % (limit, unit, state.range_limit_min))
    return lines


def _distance(km, is_miles):
    return (km * 1000000 + _MILE_MM // 2) // _MILE_MM if is_miles else km


def _odometer(metres, is_miles):
    """With one decimal and a comma between thousands."""
    value = (metres * 10000 + _MILE_MM // 2) // _MILE_MM if is_miles else metres // 100
    text = ".%d" % (value % 10)
    value //= 10
    while value > 999:
        text = ",%03d%s" % (value % 1000, text)
        value //= 1000
    return "%d%s" % (value, text)


def _location(sms):
    """GPS; the last position stays with `Fix:0` when the fix is lost."""
    state = sms.state
    if state.latitude_udeg is None or state.longitude_udeg is None:
        return "Car location: no GPS fix yet."
    latitude = degrees(state.latitude_udeg)
    longitude = degrees(state.longitude_udeg)
    text = (
        "Car location:\nhttps://maps.google.com/maps?q=%s+%s"
        "\nhttp://osm.org?mlat=%s&mlon=%s\nFix:%d\nSat:%d"
        % (latitude, longitude, latitude, longitude, state.has_gps_lock, state.satellites or 0)
    )
    if state.has_gps_lock or state.gps_age_s is None:
        return text
    return "%s\nLast fix: %s" % (text, _ago(sms, state.gps_age_s))


def _temperatures(sms):
    """TEMPS; `-` for a sensor the car does not have or did not report yet."""
    state = sms.state
    text = "Temperatures:"
    for name, value in (
        ("Ambient", state.ambient_temp_c),
        ("PEM", state.pem_temp_c),
        ("Motor", state.motor_temp_c),
        ("Battery", state.battery_temp_c),
        ("Charger", state.charger_temp_c),
    ):
        text += "\r\n  %s: %s" % (name, "-" if value is None else "%dC" % value)
    if 0 in (freshness(state.temps_age_s), freshness(state.ambient_age_s)):
        age_s = max(state.temps_age_s or 0, state.ambient_age_s or 0)
        text += "\r\n  (stale: %s)" % _ago(sms, age_s)
    return text


_REPLIES = {"GPS": _location, "STAT": _stat_reply, "TEMPS": _temperatures}


async def reply(request: "Request") -> str:
    """What the command tells."""
    return _REPLIES[request.command](request.sms)
