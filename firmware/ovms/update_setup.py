"""Updates over the air: what the owner asks for, when an attempt is made, and what became of it.

Loaded on demand: by UPDATE, once a minute by `power.py` while one is under way, and at the start
where the file `update` lies. What brings the files is `links/updater.py`; between two attempts
nothing of all that is in RAM but the `Update` in `Status.update`.

The file `update` (a `Store`) has the lines state, address, `GPRS` or nothing, whether the owner
was told what it costs, version, build, tree and attempts. Its state:

    fetch     files are on their way
    switch    they are there, and the next start is to be from them
    trial     it is from them, if nothing comes in between: three minutes prove it (`runs.py`)

`switch` is written before the file `tree`, `trial` behind it: so after a cut in between the old
firmware knows that the new one was never started, and switches again, once.
"""

import asyncio
import os

from micropython import const

from ovms import parameters, trees
from ovms import status as requests
from ovms.drivers.store import Store
from ovms.protocol.errors import RemoteProtocolError
from ovms.services import power_states
from ovms.update_way import Way

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.app import App

_FILE = "update"
_LIMIT = const(512)
_KEY_FILE = "update.pub"
_KEY_DIGITS = const(512)
FETCH = "fetch"
SWITCH = "switch"
TRIAL = "trial"

# Attempts that brought nothing, one behind the other, with pauses that double; and attempts at
# all, each of which is written to flash, so that a module that crashes of them ends it, too.
_STALLS_MAX = const(12)
_ATTEMPTS_MAX = const(100)
_FIRST_PAUSE_S = const(30)
_LONGEST_PAUSE_S = const(3600)
_NO_KEY = (
    "Updates need the owner's key in the file update.pub, which make deploy writes with the cable."
)
_NO_TREES = (
    "Updates need the two folders for firmware that make deploy and make flash make; this one was"
    " installed in another way."
)
_ON_TRIAL = "This firmware has to prove itself first, for three minutes."
_NONE = "No update is being fetched."
_UNDER_WAY = "An update is under way; UPDATE - stops it."


class Update:
    """What is under way. state: FETCH, SWITCH or TRIAL.

    version, build: of the bundle, "" before its manifest was read. tree: that it comes into.
    done, total: bytes of what is fetched. error: the last one. due_s: uptime of the next attempt.
    is_busy: one is made. is_waiting: for WiFi. is_over: the restart is under way.
    """

    def __init__(self, url: str, may_gprs: bool) -> None:
        self.state = FETCH
        self.url = url
        self.may_gprs = may_gprs
        self.is_told = False
        self.version = self.build = self.tree = self.error = ""
        self.attempts = self.stalls = self.mismatches = 0
        self.done = self.total = self.due_s = 0
        self.is_busy = self.is_stopped = self.is_waiting = self.is_over = False


def key() -> bytes | None:
    """Modulus of the owner's key, as bytes; None without one."""
    from ovms.protocol.bundle import is_key

    try:
        with open(_KEY_FILE, "rb") as file:
            digits = file.read(_KEY_DIGITS + 2).strip()
    except OSError:
        return None
    return digits if is_key(digits) else None


def order(app: "App", url: str, may_gprs: bool) -> None:
    """Begin an update from `url`, stop it ("-"), or allow GPRS for it ("" or the same again).

    ValueError with a sentence when that cannot be; OSError when it cannot be stored.
    """
    update = app.status.update
    if url == "-":
        _stop(app, update)
    elif url and (update is None or url != update.url):
        _begin(app, update, url, may_gprs)
    elif update is None or update.state != FETCH:
        raise ValueError(_NONE)
    elif may_gprs:
        update.may_gprs = True
        _save(update)
        update.due_s = app.power_due_s = 0


def _begin(app, before, url, may_gprs):
    from ovms.protocol.http import parse_url

    if before is not None:
        raise ValueError(_UNDER_WAY)
    parse_url(url)
    if not trees.running():
        raise ValueError(_NO_TREES)
    if key() is None:
        raise ValueError(_NO_KEY)
    if trees.is_on_trial():
        raise ValueError(_ON_TRIAL)
    update = Update(url, may_gprs)
    update.tree = trees.idle()
    _save(update)
    # Of another bundle.
    _files(app).drop_manifest()
    app.status.update = update
    # The look is once a minute; now it is at once.
    app.power_due_s = 0


def _stop(app, update):
    """What was fetched is removed."""
    if update is None or update.state != FETCH:
        raise ValueError(_NONE)
    update.is_stopped = True
    _remove()
    if not update.is_busy:
        app.spawn(lambda: _clear(app, update))


def at_start(app: "App") -> None:
    """Take up what the file `update` has."""
    words = (Store(_FILE, None, _LIMIT).load() or b"").decode().split("\n")
    try:
        update = Update(words[1], words[2] == "GPRS")
        update.state = words[0]
        update.is_told = words[3] == "1"
        update.version, update.build, update.tree = words[4:7]
        update.attempts = int(words[7])
    except (IndexError, ValueError):
        # A first write that was cut, or not ours.
        forget(app)
        return
    app.status.update = update


def look(app: "App") -> None:
    """Once a minute while there is an update, and more often where that is known."""
    update = app.status.update
    status = app.status
    if update.is_busy or update.is_over or status.uptime_s < update.due_s:
        return
    if update.state == TRIAL or (update.state == SWITCH and trees.running() == update.tree):
        _judge(app, update)
        return
    if trees.is_on_trial() or status.is_car_on:
        # Of another firmware, by the cable: the idle tree is the one to go back to.
        return
    if status.power and status.power[power_states.STATE] >= power_states.DEEP:
        return
    way = Way(app)
    if not way.is_open(update):
        return
    update.is_busy = True
    app.spawn(lambda: _attempt(app, update, way))


def _judge(app, update):
    """Which firmware has the module started after an update?"""
    if trees.running() != update.tree:
        text = "The update to %s (build %s) did not prove itself; %s goes on."
        _tell(app, text % (update.version, update.build, requests.VERSION), True)
    elif not trees.is_on_trial():
        _tell(app, "Updated to %s (build %s)." % (update.version, update.build), True)


async def _attempt(app, update, way):
    """Fetch what is missing, and switch when nothing is."""
    status = app.status
    try:
        done = update.done
        update.attempts += 1
        _save(update)
        status.count("update_attempts")
        if update.attempts > _ATTEMPTS_MAX:
            raise ValueError("It does not get on.")
        if update.state == SWITCH and update.is_told:
            raise ValueError("The new firmware was never started.")
        is_whole = await _fetch(app, update, way)
        if not is_whole:
            _tell_cost(app, update)
        elif not update.is_stopped:
            _switch(app, update)
    except ValueError as error:
        if not update.is_stopped:
            status.count("update_refused")
            _tell(app, "The update was refused: %s" % error, False)
            await _clear(app, update)
    except (OSError, asyncio.TimeoutError, RemoteProtocolError, MemoryError) as error:
        if not update.is_stopped:
            _pause(app, update, error, update.done > done)
    finally:
        update.is_busy = False
    if update.is_stopped:
        await _clear(app, update)


async def _fetch(app, update, way):
    from ovms.build_id import BUILD_DAY, BUILD_ID
    from ovms.links.updater import fetch

    here = app.board.NAME, BUILD_ID, BUILD_DAY
    modulus = key()
    if modulus is None:
        raise ValueError(_NO_KEY)
    return await fetch(update, _files(app), way, modulus, here, app.clock.uptime_s)


def _switch(app, update):
    # Of a second time the mark is that the owner was told.
    update.is_told = update.state == SWITCH
    update.state = SWITCH
    _save(update)
    trees.switch()
    update.state = TRIAL
    update.is_over = True
    _save(update)
    app.log.info("Update to %s, build %s: restart.", update.version, update.build)
    app.status.request(requests.REQUEST_REBOOT)


def _pause(app, update, error, is_progress):
    """An attempt that failed and may work next time."""
    app.status.count("update_failures")
    update.error = str(error) or type(error).__name__
    app.log.info("Update: %s", update.error)
    update.stalls = 0 if is_progress else update.stalls + 1
    if update.stalls >= _STALLS_MAX or update.attempts >= _ATTEMPTS_MAX:
        app.status.count("update_refused")
        _tell(app, "The update is given up: %s" % update.error, False)
        app.spawn(lambda: _clear(app, update))
        return
    pause_s = min(_FIRST_PAUSE_S << update.stalls, _LONGEST_PAUSE_S)
    update.due_s = app.status.uptime_s + pause_s


def _tell_cost(app, update):
    """Over GPRS it needs the owner's word; once."""
    update.is_waiting = True
    if update.is_told:
        return
    update.is_told = True
    _save(update)
    kb = (update.total - update.done + 1023) // 1024
    text = "The update to %s (build %s) takes %d KB over GPRS. To allow it: UPDATE GPRS."
    _tell(
        app, (text + " By WiFi it begins by itself.") % (update.version, update.build, kb), False
    )


def _tell(app, text, is_end):
    """One SMS to the owner, which nothing silences; without a modem it goes to the apps."""
    phone = app.config.get(parameters.PHONE)
    app.log.info(text)
    if app.modem.port is None:
        app.notifier.notify("A", text)
    elif phone and phone != parameters.NO_PHONE:
        from ovms.services.guard_news import to_phone

        app.notifier.sms.insert(0, to_phone(phone, text))
    if is_end:
        forget(app)


def forget(app: "App") -> None:
    """Nothing is under way any more."""
    app.status.update = None
    _remove()


def _remove():
    for name in (_FILE + ".new", _FILE + ".old", _FILE):
        try:
            os.remove(name)
        except OSError:
            # There is none.
            pass


def _save(update):
    lines = (
        update.state,
        update.url,
        "GPRS" if update.may_gprs else "",
        "1" if update.is_told else "",
        update.version,
        update.build,
        update.tree,
        str(update.attempts),
    )
    Store(_FILE, None, _LIMIT).save("\n".join(lines).encode())


def _files(app):
    from ovms.drivers.tree_files import TreeFiles

    return TreeFiles(trees.idle(), trees.running())


async def _clear(app, update):
    """It has ended: what was fetched is removed. Only then another one may begin."""
    update.is_over = True
    _remove()
    try:
        if not trees.is_on_trial():
            await _files(app).tidy(lambda path: False)
    finally:
        forget(app)
