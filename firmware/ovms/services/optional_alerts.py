"""Alerts that are off until the owner wants them: HOME, SOC, VALET and CHARGE of ALERT.

Looked at once a minute where parameter ALERTS says anything; see `chosen_alerts.py`.
"""

from micropython import const

from ovms.parameters import ALERTS, HOME, TIMEZONE
from ovms.protocol import place
from ovms.protocol.alert_choice import time_min, value
from ovms.services.chosen_alerts import here
from ovms.services.local_time import local_s

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.notifier import Notifier, Watched

# Of a charge that should have begun: so long after the time it may still be told. A battery with
# more needs none.
_LATE_MIN = const(60)
_FULL_PCT100 = const(9500)
_DAY_MIN = const(1440)
# How far a charge has come.
_SOC_BELOW = const(1)
_SOC_DONE = const(2)


def minute(notifier: "Notifier") -> list[str]:
    """A list of texts to tell, each with its kind in front."""
    watched = notifier.watched
    state = notifier.state
    chosen = notifier.config.get(ALERTS)
    found = []
    now_at = here(state)
    if value(chosen, "HOME") == "ON" and now_at:
        found.append(_home(watched, notifier.config.get(HOME), now_at))
    for name, look in (("SOC", _soc), ("VALET", _valet)):
        limit = value(chosen, name)
        if limit != "OFF":
            found.append(look(watched, state, int(limit)))
    time = value(chosen, "CHARGE")
    if time != "OFF":
        found.append(_late(notifier, time_min(time)))
    return [text for text in found if text]


def _home(watched: "Watched", home: str, now_at: tuple[int, int]) -> str:
    if not home:
        return ""
    latitude, longitude, radius_m = place.circle(home)
    square = place.square_m2(*now_at, latitude, longitude)
    was_home = watched.is_home if watched.home == home else None
    # Between the circle and a larger one it stays what it was.
    if square <= radius_m**2:
        is_home = True
    elif square > (radius_m + radius_m // 4 + 50) ** 2 or was_home is None:
        is_home = False
    else:
        return ""
    watched.home = home
    watched.is_home = is_home
    if was_home is None or was_home == is_home:
        return ""
    if is_home:
        return "AVehicle is at home."
    return "AVehicle has left home: %s away" % place.shown(square)


def _soc(watched, state, limit_pct):
    """Once per charge, when it is reached and not when the charge began above it."""
    soc_pct100 = state.soc_pct100
    if not state.is_charging or soc_pct100 is None:
        watched.soc_step = 0
        return ""
    if soc_pct100 < limit_pct * 100:
        watched.soc_step = watched.soc_step or _SOC_BELOW
        return ""
    was_below = watched.soc_step == _SOC_BELOW
    watched.soc_step = _SOC_DONE
    if not was_below:
        return ""
    return "ABattery has reached %d%% (%d%% SOC)" % (limit_pct, soc_pct100 // 100)


def _valet(watched, state, limit_km):
    """Once per valet mode."""
    if not state.is_valet or state.odometer_m is None:
        watched.valet_m = None
        return ""
    if watched.valet_m is None:
        watched.valet_m = state.odometer_m
    driven_m = state.odometer_m - watched.valet_m
    # -1: told.
    if watched.valet_m < 0 or driven_m <= limit_km * 1000:
        return ""
    watched.valet_m = -1
    return "AValet mode: driven %d km of %d" % (driven_m // 1000, limit_km)


def _late(notifier, due_min):
    """Once a day: it is time, the battery is not full, and there is no charge."""
    state = notifier.state
    watched = notifier.watched
    utc_s = notifier.clock.utc_s()
    if utc_s is None or state.soc_pct100 is None:
        return ""
    minutes = local_s(utc_s, notifier.config.get(TIMEZONE)) // 60
    day = (minutes - due_min) // _DAY_MIN
    if (minutes - due_min) % _DAY_MIN >= _LATE_MIN or watched.late_day == day or state.is_on:
        return ""
    watched.late_day = day
    if state.is_charging or state.soc_pct100 >= _FULL_PCT100:
        return ""
    due = "%02d:%02d" % (due_min // 60, due_min % 60)
    return "ANo charge at %s (%d%% SOC)" % (due, state.soc_pct100 // 100)
