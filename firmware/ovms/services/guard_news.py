"""Tells the owner of before what was changed, by one SMS that nothing silences. Loaded on demand.

What it is about is in `ovms/owner_guard.py`.
"""

from micropython import const

from ovms import owner_guard, parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.notifier import Notifier

# Changes that come one after the other are one SMS.
_PAUSE_S = const(15)
# Until it has left, or was given up: then, or after a restart, it is told anew.
_QUEUED_S = const(1 << 29)
# Again so long after the first SMS of this run that did not leave, after each further one twice as
# long: one that has arrived without the modem knowing it is paid for.
_AGAIN_S = const(600)
_DOUBLINGS = const(5)

# In the order of `owner_guard.GUARDED`.
_NAMES = (
    "owner",
    "module password",
    "server",
    "server password",
    "paranoid mode",
    "REMOTE",
    "feature 15",
    "MQTT broker",
    "MQTT user",
    "MQTT password",
    "SUPPORT",
    "WiFi",
)
_DAMAGED = (
    "Stored settings were damaged: those of before the last change are used. Please check PARAMS?"
)
_LOCKED = (
    "Stored settings were damaged and the module password is lost. Only this phone and the cable"
    " open the module: send PASS <new>, check PARAMS?"
)
_SPENT = (
    "The server or an app wants more %s than the budget of an hour. They are refused; today you"
    " are not told again."
)
# By the protocol's command.
_WHAT = {40: "SMS (command 40)", 41: "USSD codes (command 41)"}
_RESTARTS = "restarts (command 5)"
_WHO = {
    parameters.FROM_SERVER: "the server or an app",
    parameters.FROM_OWNER: "the owner's phone",
    parameters.FROM_CABLE: "the cable",
    parameters.FROM_PASSWORD: "SMS with the password",
}


def names(bits: int) -> str:
    """`owner, server` for bits of GUARDED; all those of WiFi are one."""
    last = len(_NAMES) - 1
    bits = bits & (1 << last) - 1 | (bits >> last and 1 << last)
    return ", ".join([_NAMES[i] for i in range(last + 1) if bits >> i & 1])


def tell(notifier: "Notifier", now_s: int) -> None:
    """Called every second while there is something untold."""
    watched = notifier.watched
    if not watched.guard_s:
        watched.guard_s = now_s + _PAUSE_S
        return
    if not notifier.status.is_registered:
        return
    config = notifier.config
    own, text = _own_news(config)
    if own:
        _queue(notifier, config.get(parameters.PHONE), -own, text)
        return
    record = owner_guard.live(config)
    if record is None:
        watched.guard_s = 0
        config.untold = 0
        return
    _, untold, origin, values = record
    text = "Changed by %s: %s. If that was not you, UNDO within a day restores it." % (
        _WHO.get(origin, "somebody"),
        names(untold),
    )
    _queue(notifier, values[parameters.PHONE], untold, text)


def _queue(notifier, phone, bits, text):
    """Have it sent first of all. bits: of GUARDED; of news of the owner of now as `_own_news`
    has them, below 0.
    """
    notifier.watched.guard_s = _QUEUED_S
    notifier.sms.insert(0, to_phone(phone, text, str(bits)))


def to_phone(phone: str, text: str, news: str = "") -> str:
    """What `Notifier.sms` takes for an SMS to `phone` that nothing silences.

    news: for `note_sent`, which hears what became of it; "" for nobody.
    """
    return "N%s\t%s\t%s" % (phone, news, text)


def note_sent(notifier: "Notifier", bits: str, is_sent: bool) -> None:
    """What became of an SMS. bits: as a str, as it was queued with.

    What changed meanwhile is told as well.
    """
    watched = notifier.watched
    if not is_sent:
        failures = min(notifier.status.counts.get("alerts_not_sent", 0), _DOUBLINGS + 1)
        pause_s = _AGAIN_S << max(0, failures - 1)
        watched.guard_s = notifier.clock.uptime_s() + pause_s
        return
    watched.guard_s = 0
    config = notifier.config
    bits = parameters.integer(bits)
    undo = config.get(parameters.UNDO)
    record = owner_guard.live(config)
    if bits < 0:
        config.note_told(undo, -bits)
    elif record is not None:
        utc_s, untold, origin, values = record
        if not utc_s and config.utc_s:
            utc_s = config.utc_s() or 0
        config.note_told(owner_guard.written(utc_s, untold & ~bits, origin, values), 0)


def _own_news(config):
    """What the owner of now is to be told: bits as of `Config.note_told`, 0 for nothing; text."""
    own = 0
    text = ""
    if config.get(parameters.DAMAGE):
        from ovms.parameter_rules import LOCKED

        own = 1
        text = _LOCKED if config.get(parameters.PASSWORD) == LOCKED else _DAMAGED
    spent = config.get(parameters.SPENT)
    if spent.endswith("!"):
        code = parameters.integer(spent[:-1].partition(",")[2])
        own |= 2
        text += " " + _SPENT % _WHAT.get(code, _RESTARTS)
    return own, text.strip()
