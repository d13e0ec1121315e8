"""Where the car is now, for what has to be sure of it. Loaded on demand."""

from micropython import const

# A fix from so long before the car was parked is of the parking place.
_FIX_S = const(60)


def here(state):
    """(latitude, longitude) in millionths of a degree, or None.

    A car that is parked is still where its receiver last said before it went to sleep.
    """
    age_s = state.gps_age_s
    is_here = state.has_gps_lock or (
        not state.is_on and age_s is not None and age_s <= state.parked_s + _FIX_S
    )
    if not is_here or state.latitude_udeg is None or state.longitude_udeg is None:
        return None
    return state.latitude_udeg, state.longitude_udeg
