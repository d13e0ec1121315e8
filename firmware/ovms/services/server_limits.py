"""What the server, and the apps behind it, may have the module do that costs money or trust.

Loaded on demand with the commands it is about: 40 (SMS), 41 (USSD) and 5 (restart), which also
stands for the SMS command RESET in command 7. Whoever has broken into a server can send them to
any number and as often as he likes. So there is a budget for an hour, of which the owner is told
when it is used up, once a day; and USSD codes that change services of the SIM need his consent,
the SMS command SUPPORT. Neither concerns the cable.

What is remembered is in `Status.asked`: {command: [uptimes in s at which it was carried out]}.
"""

from micropython import const

from ovms.parameters import SPENT, SUPPORT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Config, Status

_REBOOT = const(5)
_SEND_SMS = const(40)
_HOUR_S = const(3600)
_SMS_AN_HOUR = const(6)
# Menus take several.
_USSD_AN_HOUR = const(12)
# Four restarts in an hour.
_REBOOT_PAUSE_S = const(900)
_POWER_ON = "power on"

# Supplementary services of 3GPP 22.030, annex B: call forwarding, barring, its password, PIN and
# PUK, waiting, deflection, identities, priority, and the others of the list.
_SERVICES = (
    " 21 67 61 62 002 004 33 331 332 35 351 330 333 353 03 04 042 05 052 43 66 30 31 76 77 300 37"
    " 75 750 751 752 753 754 96 360 361 362 363 "
)


def spend(config: "Config", status: "Status", code: int) -> None:
    """Take one from the budget of command `code`; ValueError with a sentence when it is used up.

    A restart must not give a new budget, or a server would ask for one: after any but that of the
    power half of it counts as used.
    """
    is_fresh = status.reset_cause in ("", _POWER_ON)
    if code == _REBOOT:
        if is_fresh or status.uptime_s >= _REBOOT_PAUSE_S:
            return
        _note(config, code)
        raise ValueError("The module has just been restarted. Try again in a quarter of an hour.")
    most = _SMS_AN_HOUR if code == _SEND_SMS else _USSD_AN_HOUR
    if not status.asked:
        status.asked = {}
    if code not in status.asked:
        status.asked[code] = [] if is_fresh else [0] * (most // 2)
    times = [then_s for then_s in status.asked[code] if status.uptime_s - then_s < _HOUR_S]
    status.asked[code] = times
    if len(times) >= most:
        _note(config, code)
        raise ValueError("Too many of these within an hour. Try again later.")
    times.append(status.uptime_s)


def _note(config, code):
    """Have the owner told, if he was not told today: see `guard_news.py`."""
    utc_s = config.utc_s() if config.utc_s else None
    day = (utc_s or 0) // 86400
    if config.get(SPENT).partition(",")[0] != str(day):
        config.apply({SPENT: "%d,%d!" % (day, code)}, False)


def check_code(config: "Config", code: str) -> None:
    """ValueError for a USSD code (str) that would change a service of the SIM without consent.

    By 3GPP 22.030, 6.5.2 such a code is `*`, `**`, `#` or `##`, a number of the list above, what
    it is set to, and `#`. `*#` only asks. Others, as `*100#`, are the network's own.
    """
    if config.get(SUPPORT):
        return
    at = 0
    size = len(code)
    while at < size:
        start = at
        while at < size and code[at : at + 1] in "*#":
            at += 1
        prefix = code[start:at]
        start = at
        while at < size and code[at : at + 1].isdigit():
            at += 1
        if prefix and prefix != "*#" and " %s " % code[start:at] in _SERVICES:
            raise ValueError(
                "This code changes call forwarding or another service or lock of the SIM."
                " If the owner wants it: SMS SUPPORT ON."
            )
        # The next one begins at a `#` behind it.
        at = code.find("#", at)
        if at < 0:
            return
