"""LOG: begins a log of the CAN bus, ends it, tells of it, and hands it out. Loaded on demand.

While one runs the CANLink has a `LoggedCar` in the place of the car, which is all that knows of
it.
"""

import asyncio

from micropython import const

from ovms.drivers import can_log_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovms.app import App

_USE = (
    "Use: LOG START [500K] [id ...] [60S], ids hexadecimal, seconds S or minutes M; LOG STOP; LOG?"
)
_RUNS = "A log runs already. End it by LOG STOP."
_SAFE = "In safe mode nobody listens to the car."
_NO_RATE = "Which bit rate has the bus? Send LOG START 500K, or 250K or 125K."
_OTHER_RATE = "The bus of this car has %dK. For another bus send VEHICLE - first."
_NO_ROOM = "There is no room: %d KB of flash are free, and %d are kept for settings and history."
_NOT_REMOVED = "The log of before cannot be removed."
_NONE = "CAN log: none"
_BY_CABLE = "A log is fetched over the console: LOG DUMP."
_DEFAULT_S = const(300)
_LONGEST_S = const(86400)
_LAST_ID = const(0x7FF)
_IDS_MAX = const(16)
_RATE_MAX = const(1000)
# After so many looks a log that is to end is told of as it is.
_LOOKS = const(100)
_LOOK_MS = const(20)
# By `BY_...` of `links/can_log.py`.
_WHYS = (
    "",
    "ended by LOG STOP",
    "ended after its time",
    "ended as the car was changed",
    "ended as flash is short or fails",
    "ended by an error",
)
_CUT = "ended with the power or a restart"
_LOSSES = ("can_ring_dropped", "can_chip_overflow")


async def act(app: "App", words: list[str] | None) -> "str | Iterator[str]":
    """What `LOG words` answers; no words: LOG?. ValueError with a sentence for the user.

    words: None for what brings the log as `candump -L` lines and, behind them, what `LOG?` tells.
    """
    running = _running(app)
    if words is None:
        if running:
            raise ValueError(_RUNS)
        return _lines()
    words = [word.upper() for word in words]
    if words and words[0] == "START":
        if running:
            raise ValueError(_RUNS)
        wanted = _wanted(app, words[1:])
        await _begin(app, *wanted)
        running = _running(app)
    elif words == ["STOP"]:
        if running:
            await _end(app, running)
            running = None
    elif words == ["DUMP"]:
        raise ValueError(_BY_CABLE)
    elif words:
        raise ValueError(_USE)
    await asyncio.sleep_ms(0)
    return _told(app, running) if running else _kept()


def _lines():
    for second, ms, arbitration_id, data in can_log_files.frames(can_log_files.FileSystem()):
        digits = "".join(["%02X" % byte for byte in data])
        yield "(%d.%03d000) can0 %03X#%s" % (second, ms, arbitration_id, digits)
    for line in _kept().split("\r\n"):
        yield line


def _running(app):
    """The LoggedCar of the log that runs, or None."""
    car = app.can.car
    return None if car is app.car else car


def _wanted(app, words):
    """(ids or None, bit rate, seconds) of the words behind START."""
    ids = []
    bitrate = None
    seconds = _DEFAULT_S
    for word in words:
        unit = word[-1]
        try:
            if unit == "K":
                bitrate = _number(word[:-1], 1, _RATE_MAX) * 1000
            elif unit == "S":
                seconds = _number(word[:-1], 1, _LONGEST_S)
            elif unit == "M":
                seconds = _number(word[:-1], 1, _LONGEST_S // 60) * 60
            else:
                ids.append(int(word, 16))
        except ValueError:
            raise ValueError(_USE)
    if ids and (min(ids) < 0 or max(ids) > _LAST_ID):
        raise ValueError("Standard ids are 0 to 7FF.")
    if len(ids) > _IDS_MAX:
        raise ValueError("At most %d ids, or none for all." % _IDS_MAX)
    if app.is_safe:
        raise ValueError(_SAFE)
    own = app.current_car().BITRATE
    if bitrate is None and own is None:
        raise ValueError(_NO_RATE)
    if own is not None and bitrate is not None and bitrate != own:
        raise ValueError(_OTHER_RATE % (own // 1000))
    return tuple(ids) if ids else None, bitrate or own, seconds


def _number(text, least, most):
    if not text.isdigit() or not least <= int(text) <= most:
        raise ValueError()
    return int(text)


async def _begin(app, ids, bitrate, seconds):
    """Between its loads others have their turn, and one of them might begin a log, too."""
    fs = can_log_files.FileSystem()
    try:
        can_log_files.remove(fs)
    except OSError:
        raise ValueError(_NOT_REMOVED)
    await asyncio.sleep_ms(0)
    segments = can_log_files.room(fs)
    if not segments:
        kept = can_log_files.RESERVE_BYTES // 1024
        raise ValueError(_NO_ROOM % (fs.free_bytes() // 1024, kept))
    from ovms.drivers.can_log import LogWriter

    await asyncio.sleep_ms(0)
    from ovms.links import can_log

    await asyncio.sleep_ms(0)
    if _running(app):
        raise ValueError(_RUNS)
    log = LogWriter(fs, segments, app.clock.utc_s() or 0)
    end_s = app.status.uptime_s + seconds
    before = _lost(app)
    logged = can_log.LoggedCar(
        app.current_car(), log, ids, bitrate, end_s, lambda: _lost(app) - before
    )
    link = app.can
    status = app.status
    link.set_car(logged)
    app.spawn(lambda: can_log.run(link, logged, status))


async def _end(app, logged):
    from ovms.links.can_log import BY_OWNER

    logged.why = BY_OWNER
    for _ in range(_LOOKS):
        if app.can.car is not logged:
            break
        await asyncio.sleep_ms(_LOOK_MS)


def _lost(app):
    """Frames that the CAN controller and its driver had no room for since the start."""
    counts = app.bus.counts()
    return sum([counts.get(name, 0) for name in _LOSSES])


def _told(app, logged):
    log = logged.log
    text = "CAN log: runs, %d s left\r\n Frames: %d, lost: %d" % (
        max(logged.end_s - app.status.uptime_s, 0),
        log.frames,
        log.lost + logged.lost_elsewhere(),
    )
    return text + ("\r\n CAN: " + app.status.can_error if app.status.can_error else "")


def _kept():
    found = can_log_files.summary(can_log_files.FileSystem())
    if found is None:
        return _NONE
    count, size, ms, is_cut, lost, why = found
    return "CAN log: %s\r\n Frames: %d in %d s, %d KB%s, lost: %d" % (
        _CUT if why is None or why >= len(_WHYS) else _WHYS[why],
        count,
        ms // 1000,
        (size + 1023) // 1024,
        " (the newest)" if is_cut else "",
        lost,
    )
