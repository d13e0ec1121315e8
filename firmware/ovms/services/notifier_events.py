"""What becomes of an event, from its cause to the channel it leaves by."""

from micropython import const

from ovms import parameters
from ovms.services.notifier import ALARM, ALIVE_S, TRUNK
from ovms.vehicle.base import (
    EVENT_BATTERY,
    EVENT_CHARGE_SUFFICIENT,
    EVENT_MINIMUM_SOC,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.notifier import Notifier

_ERROR_REPEAT_S = const(60)

# Of `sms/budget.py`.
_RESERVE = const(10)

_WAITING_MAX = const(8)
# A failed SMS is tried again after half a minute, then after twice as long each time.
_SMS_ATTEMPTS = const(6)
_SMS_RETRY_MS = const(30_000)


def on_event(notifier: "Notifier", event: int, now_s: int) -> None:
    """Request what a user wants to hear of `event`."""
    if event <= EVENT_CHARGE_SUFFICIENT:
        from ovms.services import charge_news

        charge_news.on_event(notifier, event, now_s)
        return
    if event == EVENT_MINIMUM_SOC:
        # The car may watch it, too.
        if notifier.watched.is_minimum_told:
            return
        notifier.watched.is_minimum_told = True
    text = text_of(notifier, event)
    if text[:1] == "E":
        on_error(notifier, text[1:], now_s)
    elif text:
        request(notifier, text, group=event if event == EVENT_BATTERY else 0)


def text_of(notifier: "Notifier", event: int) -> str:
    """Kind and text of `event`, "" when there is nothing to say; made when it happens."""
    from ovms.services import notifier_texts

    return notifier_texts.of_event(event, notifier.car(), notifier.state, notifier.config.is_miles)


def on_error(notifier: "Notifier", text: str, now_s: int) -> None:
    """Push a vehicle error unless it is the last one again; code 0 forgets that one."""
    code = (text + ",").split(",")[1]
    is_repeated = code == notifier.error and now_s < notifier.error_s
    notifier.error = code
    notifier.error_s = now_s + _ERROR_REPEAT_S
    if code != "0" and not is_repeated and not _is_silenced(notifier, "E"):
        notifier.conversation.push("E", text)
        if notifier.status.mqtt is not None:
            notifier.status.mqtt.notify("E", text)


def on_change(notifier: "Notifier", new: int) -> None:
    """Request what a user wants to hear of the ALARM and TRUNK bits that are `new`."""
    if new & ALARM:
        from ovms.services import notifier_texts

        request(notifier, notifier_texts.alarm(), False, True)
    if new & TRUNK and notifier.state.is_valet:
        from ovms.services import notifier_texts

        request(notifier, notifier_texts.trunk())


def on_minute(notifier: "Notifier") -> None:
    """Request what the module noticed itself."""
    from ovms.services import minute_watch

    for item, is_forced in minute_watch.minute(
        notifier.watched, notifier.state, notifier.config, notifier.car()
    ):
        if isinstance(item, str):
            request(notifier, item, is_forced)
        else:
            notifier.on_event(item)
    notifier.car().in_turn(_on_moved, notifier)
    # Nothing is stored as long as all are as usual.
    if notifier.config.get(parameters.ALERTS):
        notifier.car().in_turn(_on_chosen, notifier)


def _on_moved(notifier):
    """The same minute: request what is to be told of a car that is moved."""
    from ovms.services import chosen_alerts

    text = chosen_alerts.moved(notifier)
    if text:
        request(notifier, text)


def _on_chosen(notifier):
    """The same minute: request what of the owner's chosen alerts is news."""
    from ovms.services import optional_alerts

    for item in optional_alerts.minute(notifier):
        request(notifier, item)


def on_doors(notifier: "Notifier") -> None:
    """Request what is to be told of a door that was opened."""
    from ovms.services import chosen_alerts

    item = chosen_alerts.doors(notifier)
    if item:
        request(notifier, item)


def request(
    notifier: "Notifier",
    item: str,
    is_forced: bool = False,
    is_first: bool = False,
    group: int = 0,
    is_report: bool = False,
) -> None:
    """Let `item`, kind and text, wait for each channel of parameter 3.

    is_forced: for both, whatever parameter 3 says. is_first: before what waits already. group: not
    0 for one that takes the place of what waits of the same group. is_report: one that goes only
    where parameter 3 has no `!`, as all infos are.
    """
    config = notifier.config
    is_forced = is_forced or item[0] == "S"
    notify = config.get(parameters.NOTIFY)
    is_report = is_report or item[0] == "I"
    if notifier.status.mqtt is not None and not _is_silenced(notifier, item[0]):
        # Whatever parameter 3 says: who has a broker chooses there what to hear.
        notifier.status.mqtt.notify(item[0], item[1:])
    last = notifier.last_texts.get(group)
    if group:
        notifier.last_texts[group] = item
    for waiting, is_wanted, alerts_only in (
        (notifier.ip, config.wants_ip, "IP!"),
        (notifier.sms, config.wants_sms, "SMS!"),
    ):
        if group and last in waiting:
            waiting.remove(last)
        if item in waiting or not (is_wanted or is_forced):
            continue
        if is_report and alerts_only in notify:
            continue
        if len(waiting) >= _WAITING_MAX:
            waiting.pop(0)
            notifier.status.count("alerts_dropped")
        waiting.insert(0 if is_first else len(waiting), item)


def push(notifier: "Notifier") -> None:
    """Hand the oldest of what waits for the server over."""
    text = notifier.ip.pop(0)
    if not _is_silenced(notifier, text[0]):
        text = text.replace("\r\n", "\r").replace("\n", "\r")
        notifier.conversation.push(text[0].replace("S", "A"), text[1:])


async def send_sms(notifier: "Notifier") -> None:
    """Send the oldest of what waits for SMS, or give it up after some attempts."""
    text = notifier.sms.pop(0)
    if _is_silenced(notifier, text[0]):
        return
    is_forced = text[0] in "SN"
    phone = notifier.config.get(parameters.PHONE)
    news = ""
    if text[0] == "N":
        # For another number than the owner's: see `guard_news.py`.
        phone, news, text = text[1:].split("\t", 2)
        text = "N" + text
    text = text[1:].replace("\r\n", "\n").replace("\r", "\n")
    # Others have their turn between two loads of code.
    await notifier.sleep_ms(0)
    left = list(await _parts(notifier, phone, text, is_forced))
    # What the budget of the number does not allow has not left, either.
    is_allowed = bool(left)
    await notifier.sleep_ms(0)
    pause_ms = _SMS_RETRY_MS
    for attempt in range(_SMS_ATTEMPTS):
        if attempt:
            notifier.status.count("alerts_retried")
            await notifier.sleep_ms(pause_ms)
            pause_ms *= 2
        notifier.due_s = notifier.status.uptime_s + ALIVE_S
        while left and await notifier.modem.send_sms(left[0][0], left[0][1]):
            left.pop(0)
            notifier.due_s = notifier.status.uptime_s + ALIVE_S
        if not left:
            break
    if left:
        notifier.status.count("alerts_not_sent")
    if news:
        from ovms.services.guard_news import note_sent

        note_sent(notifier, news, is_allowed and not left)


def _parts(notifier, phone, text, is_forced):
    from ovms.services.sms.parts import outgoing

    return outgoing(notifier, phone, text, _RESERVE, is_forced)


def _is_silenced(notifier, kind):
    """Whether feature 14 keeps notifications of `kind` from leaving."""
    return kind not in "SN" and notifier.config.feature(parameters.FEATURE_SUPPRESS) & (
        parameters.NO_INFOS if kind == "I" else parameters.NO_ALERTS
    )
