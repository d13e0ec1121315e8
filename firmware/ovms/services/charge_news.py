"""What of a charge is news: Twizy guide 1.2.0 "Extended Status", module-behaviour 6.2.

Loaded on demand. That a charge began or ended is believed when it has lasted; what flickers
back before is none. Of a plug that is loose, the first interruption and its end are told,
then for ten minutes only counted: the next that is told ends with the count. A charge that stays
interrupted is told at the end of these minutes at the latest. Texts are made when the event
happens; what is remembered meanwhile is in `notifier.Watched`.
"""

from micropython import const

from ovms import parameters
from ovms.services.notifier_events import request, text_of
from ovms.vehicle.base import (
    EVENT_CHARGE_DONE,
    EVENT_CHARGE_INTERRUPTED,
    EVENT_CHARGE_RESUMED,
    EVENT_CHARGE_STARTED,
    EVENT_CHARGE_SUFFICIENT,
    EVENT_CHARGE_TOPPING_OFF,
)
from ovms.vehicle.state import SUBSTATE_ON_REQUEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.notifier import Notifier

# Flickers take up to five seconds, and a stop has to be told within ten.
_SETTLE_S = const(6)
_LOOSE_S = const(600)

_ENDS = (EVENT_CHARGE_DONE, EVENT_CHARGE_INTERRUPTED)


def on_event(notifier: "Notifier", event: int, now_s: int) -> None:
    """A charge began, ended, or reached something: EVENT_CHARGE_STARTED to ..._SUFFICIENT."""
    text = ""
    if now_s >= notifier.charge_quiet_s and _is_wanted(notifier, event):
        text = text_of(notifier, event)
    charge = notifier.watched
    is_begun = charge.settled not in _ENDS or (charge.due_s and charge.event not in _ENDS)
    if is_begun and event in (EVENT_CHARGE_TOPPING_OFF, EVENT_CHARGE_SUFFICIENT):
        # Else the charge began with it: a car tells one event at a time.
        _tell(notifier, event, text)
        return
    is_back = _is_back(charge, event)
    charge.event = event
    charge.text = text
    charge.due_s = now_s + _SETTLE_S
    charge.is_late = False
    if is_back:
        charge.due_s = 0
        if event == charge.settled and charge.told != event and now_s < charge.loose_s:
            # Of this one nobody heard yet.
            charge.due_s = charge.loose_s
            charge.is_late = True


def _is_back(charge, event):
    """Whether `event` takes back the one that waits: all is as it was before both."""
    if not charge.due_s or charge.is_late:
        return False
    is_end = event in _ENDS
    if is_end == (charge.event in _ENDS) or (
        charge.settled and is_end != (charge.settled in _ENDS)
    ):
        return False
    # That it is full by now is news even so.
    return event != EVENT_CHARGE_DONE or event == charge.settled


def on_due(notifier: "Notifier", now_s: int) -> None:
    """What was to last has lasted."""
    charge = notifier.watched
    event = charge.event
    charge.due_s = 0
    if not charge.is_late:
        charge.settled = event
        charge.count += event == EVENT_CHARGE_INTERRUPTED
    if event not in (EVENT_CHARGE_INTERRUPTED, EVENT_CHARGE_RESUMED):
        charge.count = charge.loose_s = 0
        _tell(notifier, event, charge.text)
    elif not charge.text:
        # The user's own doing: whatever comes next is news.
        event = charge.loose_s = 0
    elif event != EVENT_CHARGE_INTERRUPTED:
        # It goes on; of a stop that nobody heard of, nobody needs the end.
        if charge.told in (0, EVENT_CHARGE_INTERRUPTED):
            _tell(notifier, event, charge.text)
    elif charge.told != EVENT_CHARGE_INTERRUPTED:
        if now_s < charge.loose_s:
            charge.due_s = charge.loose_s
            charge.is_late = True
            return
        # Who drives by now has unplugged it himself.
        if not charge.is_late or notifier.state.is_charge_port_open:
            charge.loose_s = now_s + _LOOSE_S
            _tell(notifier, event, charge.text)
    charge.told = event
    charge.text = ""


def _is_wanted(notifier, event):
    if event in (EVENT_CHARGE_STARTED, EVENT_CHARGE_TOPPING_OFF):
        return notifier.config.feature(parameters.FEATURE_SUPPRESS) & parameters.CHARGE_PHASES
    is_on_request = notifier.state.charge_substate == SUBSTATE_ON_REQUEST
    return event != EVENT_CHARGE_INTERRUPTED or not is_on_request


def _tell(notifier, event, text):
    if not text:
        return
    count = notifier.watched.count
    if count > 1 and event != EVENT_CHARGE_SUFFICIENT:
        text += "\r Interruptions: %d" % count
    request(notifier, text, group=EVENT_CHARGE_DONE, is_report=event in _REPORTS)


# An app is enough for these where parameter 3 says so. What goes wrong, what was asked for by a
# limit, and that it goes on again is more than that.
_REPORTS = (EVENT_CHARGE_STARTED, EVENT_CHARGE_TOPPING_OFF, EVENT_CHARGE_DONE)
