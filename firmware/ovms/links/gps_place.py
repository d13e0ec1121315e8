"""Whether a car can be where its receiver says: looked at when a fix is not near the last one.

- No car drives faster than 70 m/s on the whole. What lies farther away is not believed at once,
  but when it persists: a first place may have been the wrong one. The time since the last fix
  counts, so a ferry, a tunnel or a night in a garage are no jumps.
- There is no road within 11 km of 0, 0. A latitude or longitude of exactly 0 is a field that a
  receiver has not filled, unless the car is just crossing that line.
- Altitudes differ by the error of a receiver and by what a car climbs in the time since the last
  one that was believed. So one that stays is believed in the end.
"""

from micropython import const

from ovms.protocol.place import square_m2

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.links.gps_link import GPSLink

_FASTEST_MPS = const(70)
# What a good receiver may be wrong by, and fixes that waited for their turn may be apart.
_ERROR_M = const(150)
# No road so near to 0, 0, in millionths of a degree.
_NULL_ISLAND_UDEG = const(100_000)
# A new place is believed after so many fixes and seconds there.
_FIXES = const(3)
_PERSISTS_S = const(20)
_ALTITUDE_ERROR_M = const(30)
_CLIMB_MPS = const(4)
_LOWEST_M = const(-500)
_HIGHEST_M = const(9000)
# Beyond that every place can be reached; keeps the squares small.
_LONGEST_S = const(300_000)


def is_plausible(link: "GPSLink", latitude_udeg: int, longitude_udeg: int, now_s: int) -> bool:
    """Whether to believe a fix that `GPSLink` does not see near `link.place`, or the first one.

    There is a `link.place` then. link.candidate: None or [latitude, longitude, uptime of the last
    fix there, of the first, how many] of a place that may be believed later.
    """
    if abs(latitude_udeg) < _NULL_ISLAND_UDEG and abs(longitude_udeg) < _NULL_ISLAND_UDEG:
        return False
    place = link.place
    if place is not None and _is_reached(place, latitude_udeg, longitude_udeg, now_s):
        return True
    if not latitude_udeg or not longitude_udeg:
        return False
    if place is not None and not _has_persisted(link, latitude_udeg, longitude_udeg, now_s):
        return False
    link.place = [latitude_udeg, longitude_udeg, now_s]
    # Another place has its own altitude.
    link.altitude_s = None
    return True


def plausible_altitude(
    link: "GPSLink", altitude_m: int, known_m: int | None, now_s: int
) -> int | None:
    """`altitude_m` where it may be believed, else None. known_m: the last one, or None."""
    if not _LOWEST_M <= altitude_m <= _HIGHEST_M:
        return None
    if known_m is not None and link.altitude_s is not None:
        reach_m = _ALTITUDE_ERROR_M + _CLIMB_MPS * (now_s - link.altitude_s)
        if abs(altitude_m - known_m) > reach_m:
            return None
    return altitude_m


def _has_persisted(link, latitude_udeg, longitude_udeg, now_s):
    candidate = link.candidate
    if candidate is None or not _is_reached(candidate, latitude_udeg, longitude_udeg, now_s):
        link.candidate = [latitude_udeg, longitude_udeg, now_s, now_s, 1]
        return False
    candidate[0] = latitude_udeg
    candidate[1] = longitude_udeg
    candidate[2] = now_s
    candidate[4] += 1
    return candidate[4] >= _FIXES and now_s - candidate[3] >= _PERSISTS_S


def _is_reached(place, latitude_udeg, longitude_udeg, now_s):
    """Whether a car may have come there from `place` [latitude, longitude, uptime]."""
    reach_m = _ERROR_M + _FASTEST_MPS * min(now_s - place[2], _LONGEST_S)
    square = square_m2(latitude_udeg, longitude_udeg, place[0], place[1])
    return square <= reach_m * reach_m
