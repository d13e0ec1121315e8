"""What becomes of an event, from its cause to the channel it leaves by."""

from micropython import const

from ovms import parameters
from ovms.services.notifier import ALARM, CHARGE, TRUNK
from ovms.vehicle.base import (
    EVENT_BATTERY,
    EVENT_CHARGE_INTERRUPTED,
    EVENT_CHARGE_STARTED,
    EVENT_CHARGE_SUFFICIENT,
    EVENT_CHARGE_TOPPING_OFF,
    EVENT_MINIMUM_SOC,
)
from ovms.vehicle.state import SUBSTATE_ON_REQUEST

_ERROR_REPEAT_S = const(60)

# Of `sms/budget.py`.
_RESERVE = const(10)

_WAITING_MAX = const(8)
# A failed SMS is tried again after half a minute, then after twice as long each time.
_SMS_ATTEMPTS = const(6)
_SMS_RETRY_MS = const(30_000)


def on_event(notifier, event, now_s):
    """Request what a user wants to hear of `event`."""
    if event <= EVENT_CHARGE_SUFFICIENT:
        if now_s >= notifier.charge_quiet_s and _wants_charge(notifier, event):
            notifier.charge_event = event
            request(notifier, CHARGE)
    elif event == EVENT_MINIMUM_SOC:
        # The car may watch it, too.
        if not notifier.watched.is_minimum_told:
            notifier.watched.is_minimum_told = True
            notifier.charge_event = event
            request(notifier, CHARGE)
    elif event == EVENT_BATTERY:
        request(notifier, event)
    else:
        # Trip and fault are what they are now; a moment later the car says something else.
        answer = notifier.car().event_text(event)
        if answer is not None:
            notifier.notify(answer[0], answer[1])


def _wants_charge(notifier, event):
    if event in (EVENT_CHARGE_STARTED, EVENT_CHARGE_TOPPING_OFF):
        return notifier.config.feature(parameters.FEATURE_SUPPRESS) & parameters.CHARGE_PHASES
    is_on_request = notifier.state.charge_substate == SUBSTATE_ON_REQUEST
    return event != EVENT_CHARGE_INTERRUPTED or not is_on_request


def on_error(notifier, text, now_s):
    """Push a vehicle error unless it is the last one again; code 0 forgets that one."""
    code = (text + ",").split(",")[1]
    is_repeated = code == notifier.error and now_s < notifier.error_s
    notifier.error = code
    notifier.error_s = now_s + _ERROR_REPEAT_S
    if code != "0" and not is_repeated and not _is_silenced(notifier, "E"):
        notifier.conversation.push("E", text)


def on_change(notifier, new):
    """Request what a user wants to hear of the ALARM and TRUNK bits that are `new`."""
    if new & ALARM:
        from ovms.services import notifier_texts

        request(notifier, notifier_texts.alarm(), False, True)
    if new & TRUNK and notifier.state.is_valet:
        from ovms.services import notifier_texts

        request(notifier, notifier_texts.trunk())


def on_minute(notifier):
    """Request what the module noticed itself."""
    from ovms.services import minute_watch

    for item, is_forced in minute_watch.minute(
        notifier.watched, notifier.state, notifier.config, notifier.car()
    ):
        if item == EVENT_MINIMUM_SOC:
            notifier.on_event(item)
        else:
            request(notifier, item, is_forced)


def request(notifier, item, is_forced=False, is_first=False):
    """Let `item` (event, or kind and text) wait for each channel of parameter 3.

    is_forced: for both, whatever parameter 3 says. is_first: before what waits already.
    """
    config = notifier.config
    is_forced = is_forced or (isinstance(item, str) and item.startswith("S"))
    for waiting, is_wanted in ((notifier.ip, config.wants_ip), (notifier.sms, config.wants_sms)):
        if item in waiting or not (is_wanted or is_forced):
            continue
        if len(waiting) >= _WAITING_MAX:
            waiting.pop(0)
            notifier.status.count("alerts_dropped")
        waiting.insert(0 if is_first else len(waiting), item)


def push(notifier):
    """Hand the oldest of what waits for the server over."""
    text = _text(notifier, notifier.ip.pop(0))
    if text:
        text = text.replace("\r\n", "\r").replace("\n", "\r")
        notifier.conversation.push(text[0].replace("S", "A"), text[1:])


async def send_sms(notifier):
    """Send the oldest of what waits for SMS, or give it up after some attempts."""
    text = _text(notifier, notifier.sms.pop(0))
    is_forced = text.startswith("S")
    text = text[1:].replace("\r\n", "\n").replace("\r", "\n")
    phone = notifier.config.get(parameters.PHONE)
    # Others have their turn between two loads of code.
    await notifier.sleep_ms(0)
    left = _parts(notifier, phone, text, is_forced)
    await notifier.sleep_ms(0)
    pause_ms = _SMS_RETRY_MS
    for attempt in range(_SMS_ATTEMPTS):
        if attempt:
            notifier.status.count("alerts_retried")
            await notifier.sleep_ms(pause_ms)
            pause_ms *= 2
        while left and await notifier.modem.send_sms(left[0][0], left[0][1]):
            left.pop(0)
        if not left:
            return
    notifier.status.count("alerts_not_sent")


def _parts(notifier, phone, text, is_forced):
    from ovms.services.sms.parts import outgoing

    return list(outgoing(notifier, phone, text, _RESERVE, is_forced))


def _is_silenced(notifier, kind):
    """Whether feature 14 keeps notifications of `kind` from leaving."""
    return kind != "S" and notifier.config.feature(parameters.FEATURE_SUPPRESS) & (
        parameters.NO_INFOS if kind == "I" else parameters.NO_ALERTS
    )


def _text(notifier, item):
    """Kind and text of what waited, "" when nobody shall hear of it."""
    if not isinstance(item, str):
        event = notifier.charge_event if item == CHARGE else item
        from ovms.services import notifier_texts

        item = notifier_texts.of_event(
            event, notifier.car(), notifier.state, notifier.config.is_miles
        )
    return "" if not item or _is_silenced(notifier, item[0]) else item
