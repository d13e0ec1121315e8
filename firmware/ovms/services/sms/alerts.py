"""ALERT and HOME: which alerts the owner has chosen, and where the car is at home.

Loaded on demand. What they do: `services/chosen_alerts.py`.
"""

from ovms.parameters import ALERTS, HOME
from ovms.protocol import alert_choice, place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.sms.answering import Request


async def reply(request: "Request") -> str:
    """Change what the command says, then show it."""
    sms = request.sms
    if request.command == "ALERT":
        name, wanted = request.words[:2]
        text = alert_choice.changed(sms.config.get(ALERTS), name.upper(), wanted)
        _store(request, ALERTS, text)
    elif request.command == "HOME":
        _store(request, HOME, _home(request))
    if request.command.startswith("ALERT"):
        return "ALERT: " + alert_choice.shown(sms.config.get(ALERTS)) + _hint(sms.config)
    return _shown(sms)


def _store(request, number, text):
    request.sms.status.request(request.sms.config.apply({number: text}, True, request.origin))


def _hint(config):
    if alert_choice.value(config.get(ALERTS), "HOME") == "ON" and not config.get(HOME):
        return "\r\nHOME is not set: send HOME when the car is there."
    return ""


def _home(request):
    words = request.words
    if words == ["-"]:
        return ""
    if len(words) > 1:
        return place.circle_text(*place.circle(" ".join(words[:3])))
    if words and "," in words[0]:
        return place.circle_text(*place.circle(words[0]))
    where = place.here(request.sms.state)
    if where is None:
        raise ValueError("There is no GPS fix now. Try again outside, or send HOME with a place.")
    radius = [place.radius_m(word) for word in words]
    return place.circle_text(*where, *radius)


def _shown(sms):
    home = sms.config.get(HOME)
    if not home:
        return "HOME: (none)"
    state = sms.state
    latitude, longitude, radius_m = place.circle(home)
    text = "HOME: %s,%s within %d m" % (
        place.degrees(latitude),
        place.degrees(longitude),
        radius_m,
    )
    if state.latitude_udeg is None or state.longitude_udeg is None:
        return text + "\r\nNo position of the car is known."
    square = place.square_m2(state.latitude_udeg, state.longitude_udeg, latitude, longitude)
    if not state.has_gps_lock:
        return text + "\r\nThe car was last seen %s from it." % place.shown(square)
    return text + "\r\nThe car is %s from it." % place.shown(square)
