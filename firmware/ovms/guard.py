"""Judges whether the module still does its work. Loaded on demand, when something looks wrong.

Each task that matters promises when it will be heard of next: the `due_s` of its part, an uptime.
It sets it where it gets on, not where it tries, and as far ahead as what it does then may take; a
task that waits for what may never come promises nothing. The second hand looks at the promises
before it feeds the watchdog. What is wrong here is an error that nobody survives: it is kept like
any other crash, and the module starts anew. So does one whose second hand stands still; of that
the watchdog takes care. The limits stand in firmware/README.md, "Guard".
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.app import App

# So often nobody found memory within a minute or two: others work around it, but get nowhere.
_STORM_ROOMS = const(20)


def complaint(now_s: int, dues: list[tuple[str, int]], ended: str = "", rooms: int = 0) -> str:
    """One sentence on what is wrong, "" for nothing.

    now_s: uptime. dues: (name, uptime at which it has to be heard of) of each task. ended: name of
    a task that ended. rooms: see `broom.py`.
    """
    if ended:
        return "The task %s has ended." % ended
    if rooms > _STORM_ROOMS:
        return "No memory, %d times." % rooms
    for name, due_s in dues:
        if now_s > due_s:
            return "The task %s was not heard of for too long." % name
    return ""


def judge(app: "App") -> None:
    """RuntimeError with a sentence when the module had better start anew."""
    port = app.modem.port
    if port and not port.is_up and app.status.uptime_s > app.sms.due_s:
        # An answer waits for the modem, which has a promise of its own.
        app.sms.stay_alive()
    # The parts stand in the order of their tasks.
    dues = [(app.tasks[i][0], part.due_s) for i, part in enumerate(app.guarded)]
    text = complaint(app.status.uptime_s, dues, app.ended, app.broom.rooms)
    if text:
        raise RuntimeError(text)
