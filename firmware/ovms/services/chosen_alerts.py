"""Alerts that guard the car, of which the owner chooses: parameter ALERTS, the command ALERT.

Only MOVED is on by itself: a car that leaves its parking place although nobody switched it on is
on somebody's truck. Looked at once a minute, doors when one of them moves. Each is told once and
again only after what re-arms it, so that none can send SMS all night. What is remembered is in
`notifier.Watched`; after a restart all begins anew, and nothing is told of what happened before.
"""

from micropython import const

from ovms.parameters import ALERTS, HOME, POWER_SAVE, TIMEZONE
from ovms.protocol.alert_choice import time_min, value

# A car stands where it was parked a minute after the key; a fix is of now for so long.
_PARKED_S = const(60)
_FIX_S = const(10)
# A receiver between houses may be wrong by 100 m, for a minute.
_MOVED_M = const(200)
_FAR_MIN = const(2)
# At most so many SMS until the car is switched on again, and the pause between two of them.
_MOVED_TEXTS = const(4)
_MOVED_PAUSE_S = const(890)
# Of a charge that should have begun: so long after the time it may still be told. A battery with
# more needs none.
_LATE_MIN = const(60)
_FULL_PCT100 = const(9500)
_DAY_MIN = const(1440)
# How far a charge has come.
_SOC_BELOW = const(1)
_SOC_DONE = const(2)
_DOORS = ("front left", "front right", "rear left", "rear right", "bonnet", "trunk")


def minute(notifier):
    """Once a minute: a list of texts to tell, each with its kind in front."""
    watched = notifier.watched
    state = notifier.state
    chosen = notifier.config.get(ALERTS)
    found = []
    here = _here(state)
    # In transport it is meant to be moved.
    if value(chosen, "MOVED") == "ON" and notifier.config.get(POWER_SAVE) != "TRANSPORT":
        found.append(_moved(notifier, here))
    else:
        watched.left_at = None
        watched.is_moving = False
    if value(chosen, "HOME") == "ON" and here:
        found.append(_home(watched, notifier.config.get(HOME), here))
    for name, look in (("SOC", _soc), ("VALET", _valet)):
        limit = value(chosen, name)
        if limit != "OFF":
            found.append(look(watched, state, int(limit)))
    time = value(chosen, "CHARGE")
    if time != "OFF":
        found.append(_late(notifier, time_min(time)))
    return [text for text in found if text]


def _here(state):
    """(latitude, longitude) of a fix of now, or None."""
    if not state.has_gps_lock or state.gps_age_s is None or state.gps_age_s > _FIX_S:
        return None
    return state.latitude_udeg, state.longitude_udeg


def _moved(notifier, here):
    watched = notifier.watched
    state = notifier.state
    if state.is_on:
        watched.was_on = True
        watched.left_at = None
        watched.is_moving = False
        watched.moved_texts = watched.far_min = 0
        return ""
    # Some cars do not tell whether they are switched on.
    if here is None or not watched.was_on or state.parked_s < _PARKED_S:
        return ""
    if watched.left_at is None:
        watched.left_at = here
        return ""
    from ovms.protocol import place

    now_s = notifier.clock.uptime_s()
    square = place.square_m2(*here, *watched.left_at)
    if square <= _MOVED_M**2:
        watched.far_min = 0
        watched.is_moving = watched.is_moving and now_s < watched.moved_s + _MOVED_PAUSE_S
        return ""
    watched.far_min += 1
    is_told = watched.moved_texts and now_s < watched.moved_s + _MOVED_PAUSE_S
    if watched.far_min < _FAR_MIN or is_told or watched.moved_texts >= _MOVED_TEXTS:
        return ""
    # The next one only when it goes on from here, or moves again.
    watched.left_at = here
    watched.far_min = 0
    watched.moved_s = now_s
    watched.moved_texts += 1
    # `power.py` has a sleeping receiver look more often.
    watched.is_moving = watched.moved_texts < _MOVED_TEXTS
    latitude = place.degrees(here[0])
    longitude = place.degrees(here[1])
    return (
        "AVehicle moves although it is switched off: %s from where it stood"
        "\nhttps://maps.google.com/maps?q=%s+%s" % (place.shown(square), latitude, longitude)
    )


def _home(watched, home, here):
    if not home:
        return ""
    from ovms.protocol import place

    latitude, longitude, radius_m = place.circle(home)
    square = place.square_m2(*here, latitude, longitude)
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
    from ovms.services.local_time import local_s

    minutes = local_s(utc_s, notifier.config.get(TIMEZONE)) // 60
    day = (minutes - due_min) // _DAY_MIN
    if (minutes - due_min) % _DAY_MIN >= _LATE_MIN or watched.late_day == day or state.is_on:
        return ""
    watched.late_day = day
    if state.is_charging or state.soc_pct100 >= _FULL_PCT100:
        return ""
    due = "%02d:%02d" % (due_min // 60, due_min % 60)
    return "ANo charge at %s (%d%% SOC)" % (due, state.soc_pct100 // 100)


def doors(notifier):
    """A door or the like moved: the text to tell, "" for none. One per parking."""
    state = notifier.state
    watched = notifier.watched
    now = [name for name, is_open in zip(_DOORS, state.open_doors) if is_open]
    if state.is_charge_port_open:
        now.append("charge port")
    before = watched.open_doors
    watched.open_doors = now
    if state.is_on:
        watched.are_doors_told = False
    if before is None or state.parked_s < _PARKED_S or watched.are_doors_told:
        return ""
    if value(notifier.config.get(ALERTS), "DOORS") != "ON":
        return ""
    opened = [name for name in now if name not in before]
    if not opened:
        return ""
    watched.are_doors_told = True
    return "AOpened while parked: " + ", ".join(opened)
