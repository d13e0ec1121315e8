"""What becomes of an event of the car and of a vehicle error: an overlay of `notifier.py`."""

from micropython import const

from ovms.services.notifier import CHARGE, MINIMUM_TOLD
from ovms.vehicle.base import (
    EVENT_BATTERY,
    EVENT_CHARGE_INTERRUPTED,
    EVENT_CHARGE_STARTED,
    EVENT_CHARGE_SUFFICIENT,
    EVENT_CHARGE_TOPPING_OFF,
    EVENT_MINIMUM_SOC,
)
from ovms.vehicle.state import SUBSTATE_ON_REQUEST

_FEATURE = const(14)
_CHARGE_PHASES = const(0x40)
_ERROR_REPEAT_S = const(60)


def on_event(notifier, event, now_s):
    """Request what a user wants to hear of `event`."""
    if event <= EVENT_CHARGE_SUFFICIENT:
        if now_s >= notifier.charge_quiet_s and _wants_charge(notifier, event):
            notifier.charge_event = event
            notifier.request(CHARGE)
    elif event == EVENT_MINIMUM_SOC:
        # The car may watch it, too.
        if not notifier.memory[MINIMUM_TOLD]:
            notifier.memory[MINIMUM_TOLD] = 1
            notifier.charge_event = event
            notifier.request(CHARGE)
    elif event == EVENT_BATTERY:
        notifier.request(event)
    else:
        # Trip and fault are what they are now; a moment later the car says something else.
        answer = notifier.car().event_text(event)
        if answer is not None:
            notifier.notify(answer[0], answer[1])


def _wants_charge(notifier, event):
    if event in (EVENT_CHARGE_STARTED, EVENT_CHARGE_TOPPING_OFF):
        return notifier.config.feature(_FEATURE) & _CHARGE_PHASES
    is_on_request = notifier.state.charge_substate == SUBSTATE_ON_REQUEST
    return event != EVENT_CHARGE_INTERRUPTED or not is_on_request


def on_error(notifier, text, now_s):
    """Push a vehicle error unless it is the last one again; code 0 forgets that one."""
    code = (text + ",").split(",")[1]
    is_repeated = code == notifier.error and now_s < notifier.error_s
    notifier.error = code
    notifier.error_s = now_s + _ERROR_REPEAT_S
    if code != "0" and not is_repeated and not notifier.is_silenced("E"):
        notifier.conversation.push("E", text)
