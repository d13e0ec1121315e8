"""What of the data messages has to be at hand: their limits, numbers as text, and L.

L may be sent every second and is made here; `reports.py` makes the others when they are due, and
has the rules for both.
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import VehicleState

# The server stores no message longer than this (server-and-clients 0, fact 4).
MAX_PAYLOAD = const(255)
# What may be wrapped: base64 makes 252 characters of it, and the next step up would be 256.
MAX_PARANOID_PAYLOAD = const(189)

# Seconds after which a value no longer seen counts as stale (module-behaviour 9).
STALE_AFTER_S = const(120)

# Millimetres of a distance unit.
KM = const(1000000)
MILE = const(1609344)


def location_message(state: "VehicleState", is_miles: bool) -> bytes:
    """L, 19 fields. Without a position there is none: see the `Reporter`.

    Energies are kWh, as every client of today reads them (server-and-clients 5.3); the guide
    writes Wh.
    """
    unit = MILE if is_miles else KM
    hdop100 = state.hdop100
    quality_pct = 0
    if state.has_gps_lock:
        # 100 less the expected error in metres, about 5 m per HDOP.
        quality_pct = 50 if hdop100 is None else max(1, 100 - scaled(hdop100, 1, 20))
    return (
        "%s,%s,%d,%d,%d,%d,%d,%d,%02X,%s,%s,%s,%s,%s,%s,%d,%s,%d,%d"
        % (
            decimal(state.latitude_udeg, 1, 6),
            decimal(state.longitude_udeg, 1, 6),
            state.course_deg or 0,
            state.altitude_m or 0,
            1 if state.has_gps_lock else 0,
            freshness(state.gps_age_s),
            scaled(state.speed_kmh10, KM // 10, unit),
            # Tenths of a unit.
            scaled(state.trip_m, KM // 100, unit),
            state.drive_mode,
            decimal(state.battery_w, 100, 1),
            decimal(state.energy_used_wh, 1, 3),
            decimal(state.energy_recovered_wh, 1, 3),
            decimal(state.inverter_w, 100, 1),
            decimal(state.inverter_efficiency_pct10, 1, 1),
            state.gps_mode,
            state.satellites or 0,
            # 0 would be a perfect fix; receivers print 99.99 without one.
            "99.9" if hdop100 is None else decimal(hdop100, 10, 1),
            scaled(state.gps_speed_kmh10, KM // 10, unit),
            quality_pct,
        )
    ).encode()


def freshness(age_s: int | None) -> int:
    """Stale flag for an age in seconds or None: -1 never seen, 0 stale, 1 good."""
    return -1 if age_s is None else 1 if age_s < STALE_AFTER_S else 0


def scaled(value: int | None, factor: int, divisor: int) -> int:
    """value * factor / divisor to the nearest integer, halves away from 0; 0 for None."""
    value = (value or 0) * factor
    if value < 0:
        return -((divisor // 2 - value) // divisor)
    return (value + divisor // 2) // divisor


def decimal(value: int | None, divisor: int, places: int) -> str:
    """value / divisor, in units of the last of `places` decimals, as text: (-5, 1, 1) is "-0.5".

    Rounded like `scaled`; 0 for None.
    """
    value = scaled(value, 1, divisor)
    digits = "%0*d" % (places + 1, abs(value))
    return ("-" if value < 0 else "") + digits[:-places] + "." + digits[-places:]
