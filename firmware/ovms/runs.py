"""How the runs of the module end, and after five crashes in a row: safe mode. Loaded on demand.

The note (`drivers/rtc_note.py`) says whether this run still goes on, so the next start knows of an
end that nobody could write down: the watchdog's, or a panic of the chip. In it, separated by
blanks: state, crashes in a row, whether the owner was told of safe mode, and as of its writing
the uptime in seconds, bytes of heap in use and free, the last AT command. To write it loads this
file, so it is written after three minutes, when a new firmware has proved itself, and every ten.

A run of an hour was a good one: the next crash is the first again. In safe mode there is what is
needed to help the module: modem, SMS and console. It ends after a good hour, with the power, and
whenever somebody has the module restarted (RESET).
"""

import gc

from micropython import const

from ovms import parameters
from ovms import status as requests
from ovms.drivers import rtc_note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.app import App

_SAFE_CRASHES = const(5)
_GOOD_S = const(3600)
# A firmware that was just copied here and ran so long is kept. `app.py` begins with it, too.
_PROVEN_S = const(180)
_NOTE_S = const(600)
_TELL_S = const(60)

_RUNS = const(0)
_CRASHED = const(1)
_ENDED = const(2)

_TEXT = (
    "The module crashed %d times in a row and runs without car and server now. DIAG says more."
    " RESET starts it anew; after an hour it tries that itself."
)


def begin(app: "App") -> tuple[bool, str]:
    """At the start: (whether this run is in safe mode, how the last one ended unseen or "")."""
    state, crashes, is_told, uptime_s, used, free, command = _note()
    ending = ""
    if state == _ENDED:
        crashes = 0
    elif state == _RUNS and uptime_s >= 0:
        crashes = 1 if uptime_s >= _GOOD_S else crashes + 1
        ending = _circumstances("%d s or more" % uptime_s, used, free, command)
    is_safe = crashes >= _SAFE_CRASHES
    # There is no modem yet.
    _write(None, _RUNS, crashes, is_told)
    return is_safe, ending


def now(app: "App") -> str:
    """What is the case at the end of a run, for people."""
    uptime_s, used, free, command = _values(app)
    return _circumstances("%d s" % uptime_s, used, free, command)


def _circumstances(uptime, used, free, command):
    return "Up %s, heap %d bytes used, %d free, last AT command %s" % (uptime, used, free, command)


def note(app: "App") -> int:
    """The note, what is proved by having run so long, what safe mode calls for.

    Returns the uptime at which the next one is due.
    """
    _, crashes, is_told = _note()[:3]
    status = app.status
    if app.is_safe:
        if not is_told and status.is_registered:
            is_told = _tell(app, crashes)
        if status.uptime_s >= _GOOD_S:
            status.request(requests.REQUEST_REBOOT)
    elif status.uptime_s >= _GOOD_S:
        crashes = is_told = 0
    _write(app, _RUNS, crashes, is_told)
    if _PROVEN_S <= status.uptime_s < _NOTE_S and not app.is_safe:

        def test():
            from ovms.services.selftest import to_log

            return to_log(app)

        # By now each peripheral had its time.
        app.spawn(test)
        from ovms import trees

        if trees.is_on_trial():
            trees.confirm()
            app.log.info("This firmware has proved itself.")
    if app.is_safe and not is_told:
        return status.uptime_s + _TELL_S
    return status.uptime_s - status.uptime_s % _NOTE_S + _NOTE_S


def ended(app: "App") -> None:
    """Before a restart that was asked for, or when somebody stops the module at the console."""
    _write(app, _ENDED, 0, _note()[2])


def crashed(app: "App | None") -> None:
    """Before a restart after an error. app: None when that came while the parts were made."""
    _, crashes, is_told = _note()[:3]
    is_late = app is not None and app.status.uptime_s >= _GOOD_S
    _write(app, _CRASHED, 1 if is_late else crashes + 1, is_told)


def last_command(app: "App | None") -> str:
    """The last AT command without what it sets or dials: that may be a password or a number."""
    port = None if app is None else app.modem.port
    command = port.digester.command if port else None
    end = 0
    while command and (command[end : end + 1].isalpha() or command[end : end + 1] == b"+"):
        end += 1
    return command[:end].decode() if command and end else "-"


def _tell(app, crashes):
    """One SMS that nothing silences; 1 when it is on its way."""
    phone = app.config.get(parameters.PHONE)
    if not phone or phone == parameters.NO_PHONE:
        return 0
    from ovms.services.guard_news import to_phone

    app.notifier.sms.insert(0, to_phone(phone, _TEXT % crashes))
    return 1


def _values(app):
    uptime_s = 0 if app is None else app.status.uptime_s
    return uptime_s, gc.mem_alloc(), gc.mem_free(), last_command(app)


def _note():
    """The values of the note; an uptime of -1 where there is none."""
    words = rtc_note.load().split(" ")
    try:
        return [int(word) for word in words[:6]] + [words[6]]
    except (ValueError, IndexError):
        return [_RUNS, 0, 0, -1, 0, 0, ""]


def _write(app, state, crashes, is_told):
    rtc_note.save("%d %d %d %d %d %d %s" % ((state, crashes, is_told) + _values(app)))
