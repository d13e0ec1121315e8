"""Alerts that guard the car, of which the owner chooses: parameter ALERTS, the command ALERT.

Only MOVED is on by itself: a car that leaves its parking place although nobody switched it on is
on somebody's truck. Looked at once a minute, doors when one of them moves; the others are in
`optional_alerts.py`. Each is told once and again only after what re-arms it, so that none can send
SMS all night. What is remembered is in `notifier.Watched`; after a restart all begins anew, and
nothing is told of what happened before.
"""

from micropython import const

from ovms.parameters import ALERTS, POWER_SAVE
from ovms.protocol.alert_choice import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import VehicleState
    from ovms.services.notifier import Notifier

# A car stands where it was parked a minute after the key; a fix is of now for so long.
_PARKED_S = const(60)
_FIX_S = const(10)
# A receiver between houses may be wrong by 100 m, for a minute.
_MOVED_M = const(200)
_FAR_MIN = const(2)
# At most so many SMS until the car is switched on again, and the pause between two of them.
_MOVED_TEXTS = const(4)
_MOVED_PAUSE_S = const(890)
_DOORS = ("front left", "front right", "rear left", "rear right", "bonnet", "trunk")


def moved(notifier: "Notifier") -> str:
    """Once a minute: the text to tell of a car that is moved, with its kind in front, or ""."""
    watched = notifier.watched
    config = notifier.config
    # In transport it is meant to be moved.
    if value(config.get(ALERTS), "MOVED") == "ON" and config.get(POWER_SAVE) != "TRANSPORT":
        return _moved(notifier, here(notifier.state))
    watched.left_at = None
    watched.is_moving = False
    return ""


def here(state: "VehicleState") -> tuple[int, int] | None:
    """(latitude, longitude) of a fix of now, or None."""
    if not state.has_gps_lock or state.gps_age_s is None or state.gps_age_s > _FIX_S:
        return None
    # With a fix both are known.
    return state.latitude_udeg, state.longitude_udeg  # type: ignore[return-value]


def _moved(notifier: "Notifier", place: tuple[int, int] | None) -> str:
    watched = notifier.watched
    state = notifier.state
    if state.is_on:
        watched.was_on = True
        watched.left_at = None
        watched.is_moving = False
        watched.moved_texts = watched.far_min = 0
        return ""
    # Some cars do not tell whether they are switched on.
    if place is None or not watched.was_on or state.parked_s < _PARKED_S:
        return ""
    if watched.left_at is None:
        watched.left_at = place
        return ""
    now_s = notifier.clock.uptime_s()
    from ovms.protocol.place import square_m2

    square = square_m2(*place, *watched.left_at)
    if square <= _MOVED_M**2:
        watched.far_min = 0
        watched.is_moving = watched.is_moving and now_s < watched.moved_s + _MOVED_PAUSE_S
        return ""
    watched.far_min += 1
    is_told = watched.moved_texts and now_s < watched.moved_s + _MOVED_PAUSE_S
    if watched.far_min < _FAR_MIN or is_told or watched.moved_texts >= _MOVED_TEXTS:
        return ""
    # Before anything is noted: who finds no memory for it is called again.
    from ovms.protocol.place import degrees, shown

    # The next one only when it goes on from here, or moves again.
    watched.left_at = place
    watched.far_min = 0
    watched.moved_s = now_s
    watched.moved_texts += 1
    # `power.py` has a sleeping receiver look more often.
    watched.is_moving = watched.moved_texts < _MOVED_TEXTS
    return (
        "AVehicle moves although it is switched off: %s from where it stood"
        "\nhttps://maps.google.com/maps?q=%s+%s"
        % (shown(square), degrees(place[0]), degrees(place[1]))
    )


def doors(notifier: "Notifier") -> str:
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
