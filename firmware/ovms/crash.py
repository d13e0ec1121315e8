"""What is known of the error that restarted the module: a file, written just before the restart.

The next start puts it into the crash record of the protocol, once, and the console shows it as
long as no other error comes. The file is `crash`, a `Store`: `new` or `told`, the build, the
traceback, and what the run before it had survived.

Flash wears: a module that crashes again and again soon after its start, in the same way, writes
no more than the first time.
"""

import sys

from micropython import const

from ovms.drivers.store import Store
from ovms.services.history import UNKEPT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.app import App
    from ovms.contracts import Config, Status
    from ovms.drivers.store import Flash

# `assembly.py` looks for it, too.
_FILE = "crash"
_LIMIT = const(2048)
_NEW = "new"
_TOLD = "told"
# A run of this length may write, whatever the one before has written.
_LONG_RUN_S = const(3600)
_LIFETIME_S = const(2592000)
# With type, number, lifetime, version and the rest below what History takes.
_RECORD_LENGTH = const(320)


def keep(app: "App | None", error: BaseException) -> None:
    """Before the restart that `error` calls for: keep it, and what the car told.

    app: None when it came while the parts were made. What cannot be kept is told on the console.
    """
    for step in (_count, _write_down, _save_car):
        try:
            step(app, error)
        except Exception as other:
            # The restart matters more, and so does the next step.
            sys.print_exception(other)


def _count(app, error):
    from ovms import runs

    runs.crashed(app)


def _write_down(app, error):
    if app is None:
        save(None, None, error)
        return
    app.broom.make_room()
    from ovms import runs

    save(app.config, app.status, error, None, runs.now(app))


def _save_car(app, error):
    if app is not None:
        app.keeper.save()


def save(
    config: "Config | None",
    status: "Status | None",
    error: BaseException,
    fs: "Flash | None" = None,
    circumstances: str = "",
) -> None:
    """Write what is known of `error`. config, status: None when it came before they were there.

    fs: drivers/store.py:Flash; by default the module's own. circumstances: one line.
    """
    from ovms import faults
    from ovms.build_id import BUILD_ID

    text = faults.traced(config, error)
    store = Store(_FILE, fs, _LIMIT)
    before = _read(store)
    is_long = status is not None and status.uptime_s >= _LONG_RUN_S
    if before and not is_long and faults.kind(_traceback(before)) == faults.kind(text):
        return
    parts = [_NEW, "build " + BUILD_ID, text]
    # An empty line ends the traceback.
    parts += ["", circumstances]
    if status is not None and status.errors:
        parts += ["Before: " + faults.summary(status)] + faults.lines(status)
    store.save("\n".join(parts).encode())


def shown(fs: "Flash | None" = None) -> list[str]:
    """What the file holds, as a list of lines; empty without a crash."""
    return [line for line in _read(Store(_FILE, fs, _LIMIT)).split("\n")[1:] if line]


def report(app: "App", fs: "Flash | None" = None, ending: str = "") -> None:
    """Put the crash that led to this start, if one did, into the crash record.

    Protocol's debug record: version, crashes, reason, checkpoint (module-behaviour 4.8), and here
    the traceback behind them. A hard reset alone is what a user asked for. ending: what is known
    of an end that nobody wrote down, see `runs.py`; "" for none.
    """
    cause = app.status.reset_cause
    store = Store(_FILE, fs, _LIMIT)
    text = _read(store)
    if store.load_error:
        app.log.error(store.load_error)
    trace = _traceback(text).split("\n")
    # What it was, and the innermost place.
    app.status.last_crash = ending or ", ".join(trace[:-3:-1])
    is_new = text.startswith(_NEW)
    if not (is_new or ending or cause == "watchdog"):
        return
    data = "%s,1,%s,0" % (app.status.firmware_text(app.car), cause)
    if not is_new:
        if ending:
            data += "," + ending.replace(",", ";")
        app.history.add("*-OVM-DebugCrash", 0, _LIFETIME_S, data, UNKEPT)
        return
    # Fields end at commas; the innermost frames are the last.
    trace, _, rest = text.partition("\n\n")
    build, _, trace = trace.partition("\n")[2].partition("\n")
    rest = rest.partition("\n")[0]
    trace = "%s|%s" % (build, trace[len(rest) - _RECORD_LENGTH :])
    if rest:
        trace += "|" + rest
    trace = trace.replace("\n", "|").replace(",", ";")
    app.history.add("*-OVM-DebugCrash", 0, _LIFETIME_S, data + "," + trace)
    try:
        store.save((_TOLD + text[len(_NEW) :]).encode())
    except OSError:
        # Told twice, then.
        app.status.count("crash_not_stored")


def _traceback(text):
    """The lines behind the mark and the build, up to an empty one."""
    return "\n".join(text.partition("\n\n")[0].split("\n")[2:])


def _read(store):
    try:
        return (store.load() or b"").decode()
    except ValueError:
        # UnicodeError is one. Whole, but not ours.
        return ""
