"""Places on Earth in millionths of a degree: how far apart they are, and how a user writes one."""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import VehicleState

_HALF_TURN_UDEG = const(180_000_000)
_QUARTER_TURN_UDEG = const(90_000_000)
_RADIUS_M = const(200)
_SMALLEST_M = const(50)
_LARGEST_M = const(5000)
# A fix from so long before the car was parked is of the parking place.
_FIX_S = const(60)
_HOME_USE = "HOME takes nothing, a radius in m, or latitude, longitude and a radius, or -."


def square_m2(
    latitude_udeg: int, longitude_udeg: int, other_latitude_udeg: int, other_longitude_udeg: int
) -> int:
    """Square of the distance in m, good to 1 % up to some 500 km."""
    north_m = abs(latitude_udeg - other_latitude_udeg) * 111 // 1000
    east_udeg = abs(longitude_udeg - other_longitude_udeg)
    if east_udeg > _HALF_TURN_UDEG:
        # Across the date line.
        east_udeg = 2 * _HALF_TURN_UDEG - east_udeg
    # Cosine of the latitude by Bhaskara's formula, good to 0.2 %; degrees.
    square = (latitude_udeg // 100_000) ** 2
    east_m = east_udeg * 111 // 1000 * (3_240_000 - 4 * square) // (3_240_000 + square)
    return north_m * north_m + east_m * east_m


def here(state: "VehicleState") -> tuple[int, int] | None:
    """(latitude, longitude) of where the car is now, or None.

    A car that is parked is still where its receiver last said before it went to sleep.
    """
    age_s = state.gps_age_s
    is_here = state.has_gps_lock or (
        not state.is_on and age_s is not None and age_s <= state.parked_s + _FIX_S
    )
    if not is_here or state.latitude_udeg is None or state.longitude_udeg is None:
        return None
    return state.latitude_udeg, state.longitude_udeg


def shown(square: int) -> str:
    """A distance, given as its square in m2: `350 m`, `12.4 km`."""
    metres = int(square**0.5 + 0.5)
    return "%d m" % metres if metres < 1000 else "%d.%d km" % (metres // 1000, metres // 100 % 10)


def degrees(udeg: int) -> str:
    """Millionths of a degree as text with six decimals."""
    return "%s%d.%06d" % ("-" if udeg < 0 else "", abs(udeg) // 1000000, abs(udeg) % 1000000)


def circle(text: str) -> tuple[int, int, int]:
    """(latitude, longitude, radius in m) of `LATITUDE LONGITUDE [RADIUS]`, as typed.

    Degrees have a decimal point; commas may stand between them. ValueError with a sentence for
    anything else, and for a place that is none: 0, 0 is what a receiver says that knows nothing.
    """
    words = text.replace(",", " ").split()
    if len(words) not in (2, 3):
        raise ValueError(_HOME_USE)
    latitude = _udeg(words[0], _QUARTER_TURN_UDEG)
    longitude = _udeg(words[1], _HALF_TURN_UDEG)
    if not latitude and not longitude:
        raise ValueError(_HOME_USE)
    return latitude, longitude, radius_m(words[2]) if len(words) == 3 else _RADIUS_M


def circle_text(latitude_udeg: int, longitude_udeg: int, radius: int = _RADIUS_M) -> str:
    """What `circle` reads."""
    return "%s %s %d" % (degrees(latitude_udeg), degrees(longitude_udeg), radius)


def radius_m(text: str) -> int:
    """int of a radius that makes sense; GPS receivers are wrong by some 20 m. Else ValueError."""
    if not text.isdigit() or len(text.encode()) > 4 or not _SMALLEST_M <= int(text) <= _LARGEST_M:
        raise ValueError("The radius is 50 to 5000 m.")
    return int(text)


def _udeg(text, limit):
    """Degrees with at most six decimals that count, as int in millionths."""
    sign = -1 if text[:1] == "-" else 1
    if text[:1] in ("-", "+"):
        text = text[1:]
    whole, _, decimals = text.partition(".")
    digits = whole + decimals
    if not whole or not digits.isdigit() or len(digits.encode()) != len(digits) or len(whole) > 3:
        raise ValueError(_HOME_USE)
    value = int(whole) * 1_000_000 + int((decimals + "000000")[:6])
    if value > limit:
        raise ValueError(_HOME_USE)
    return sign * value
