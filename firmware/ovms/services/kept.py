"""Saves and restores what the car told last: one walk over the values for both directions.

A walk hands each value to `number`, `text`, `numbers` or `age` of what it was given, and puts
back what that returns: `_Writer` notes the value, `_Reader` returns what was stored, `_Redater`
makes ages anew once the time is known. The car's walk is `Vehicle.keep`; here is the module's.

The file: `1,TYPE,UTC` (format, type of the car, when it was saved or -), then a line `key=value`
each: a whole number (`-`: none), numbers with commas in between, or `"` and a text. Ages are kept
as instants in Unix seconds; without a clock as negative seconds, and then they are a least age.
"""

from micropython import const

from ovms.protocol.v2.messages import STALE_AFTER_S
from ovms.services.keeper import GAP_S
from ovms.services.minute_watch import supply_reference_mv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from ovms.services.keeper import Keeper

_FORMAT = "1"
# No number that is kept has more.
_DIGITS = const(11)
_PIECE_BYTES = const(128)
# Of eight keys and values each: to make a line of each takes less than a turn.
_CHUNK = const(16)


class _Loader:
    """A walk that only loads the code of the next one."""

    is_restored = False

    def number(self, key, value):
        return value

    def text(self, key, value):
        return value

    def numbers(self, key, values):
        """Nothing to load."""

    def age(self, key, age_s, least_s=STALE_AFTER_S):
        return age_s


class _Writer:
    """chunks: what is to be written, lists of key, value, key, value ...: all of one moment, while
    to make text of it takes some turns. Many short lists, as a full heap has no big pieces.
    """

    is_restored = False

    chunks: "list[list[Any]]"

    def __init__(self, keeper, utc_s):
        self.chunks = [[]]
        self._instants = keeper.instants
        self._uptime_s = keeper.status.uptime_s
        self._utc_s = utc_s

    def number(self, key, value):
        chunk = self.chunks[-1]
        if len(chunk) >= _CHUNK:
            chunk = []
            self.chunks.append(chunk)
        chunk.append(key)
        chunk.append(value)
        return value

    def text(self, key, value):
        return self.number(key, value)

    def numbers(self, key, values):
        self.number(key, tuple(values))

    def age(self, key, age_s, least_s=STALE_AFTER_S):
        instant = None
        if age_s is not None:
            instant = self._instants.get(key, -1)
            if instant < 0 or age_s < self._uptime_s:
                # Seen in this run, or nobody knew the time when it was.
                instant = -age_s if self._utc_s is None else self._utc_s - age_s
        self.number(key, instant)
        return age_s


class _Reader:
    """Reads the lines as they come: the walk asks for them in the order it wrote them in, but for
    a file of another version. is_restart: this is the first load.

    car_type: of the car it was saved by, "" for no file and one that is none of ours. has_file:
    there is one.
    """

    is_restored = True

    def __init__(self, keeper, is_restart):
        self._store = keeper.store
        self._utc_s = keeper.clock.utc_s()
        self._uptime_s = keeper.status.uptime_s
        self._instants = keeper.instants
        self._is_restart = is_restart
        self._file = None
        header = self._next_line().split(",")
        self.has_file = self._file is not None
        self.car_type = ""
        self._saved_utc_s = None
        if len(header) == 3 and header[0] == _FORMAT:
            self.car_type = header[1]
            self._saved_utc_s = _number(header[2])

    def _next_line(self):
        """The next line, "" behind the last one; then the first again."""
        if self._file is None:
            self._file = self._store.open_newest()
            self._data = b""
            if self._file is None:
                return ""
        data = self._data
        end = data.find(b"\n")
        while end < 0:
            piece = self._file.read(_PIECE_BYTES)
            if not piece:
                self.close()
                return ""
            data += piece
            end = data.find(b"\n")
        self._data = data[end + 1 :]
        try:
            return data[:end].decode()
        except UnicodeError:
            return "?"

    def close(self):
        """No more is read."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _stored(self, key):
        """What stands behind `key=`, "" when nothing does."""
        start = key + "="
        # From here to the end, and once more from the beginning.
        for _ in range(2):
            line = self._next_line()
            while line:
                if line.startswith(start):
                    return line[len(start) :]
                line = self._next_line()
        return ""

    def number(self, key, value):
        stored = _number(self._stored(key))
        return value if stored is None else stored

    def text(self, key, value):
        stored = self._stored(key)
        return stored[1:] if stored.startswith('"') else value

    def numbers(self, key, values):
        parts = self._stored(key).split(",")
        if len(parts) == len(values):
            for i in range(len(parts)):
                stored = _number(parts[i])
                if stored is not None:
                    values[i] = stored

    def age(self, key, age_s, least_s=STALE_AFTER_S):
        stored = _number(self._stored(key))
        if not self._is_restart or stored is None:
            return age_s
        self._instants[key] = stored
        if stored < 0:
            old_s = -stored
        else:
            # Without a clock: what it was when it was saved is the least that is sure.
            utc_s = self._saved_utc_s if self._utc_s is None else self._utc_s
            old_s = 0 if utc_s is None else utc_s - stored
        return max(old_s, self._uptime_s + least_s)


def _number(text):
    """int of `[-]digits`, None for anything else."""
    digits = text[1:] if text.startswith("-") else text
    if len(digits) > _DIGITS or not digits.isdigit():
        return None
    try:
        return int(text)
    except ValueError:
        return None


class _Redater:
    is_restored = False

    def __init__(self, keeper):
        self._instants = keeper.instants
        self._uptime_s = keeper.status.uptime_s
        self._utc_s = keeper.clock.utc_s()

    def number(self, key, value):
        return value

    def text(self, key, value):
        return value

    def numbers(self, key, values):
        """Nothing in them grows old."""

    def age(self, key, age_s, least_s=STALE_AFTER_S):
        instant = self._instants.get(key, -1)
        if instant < 0 or age_s is None or age_s < self._uptime_s:
            return age_s
        return max(self._utc_s - instant, self._uptime_s + least_s)


def _walk(keeper, kept, is_car_known):
    """What the module knows; then what the car does, when that is known to be its own."""
    watched = keeper.watched
    watched.supply_reference10 = kept.number("reference10", watched.supply_reference10)
    keeper.state.supply_reference_mv = supply_reference_mv(watched)
    watched.is_supply_alerted = bool(kept.number("supply_alert", watched.is_supply_alerted))
    watched.was_on = bool(kept.number("was_on", watched.was_on))
    watched.late_day = kept.number("late_day", watched.late_day)
    watched.acc_rule = kept.number("acc_rule", watched.acc_rule)
    car = keeper.car
    if not car.IS_KEPT:
        return
    state = keeper.state
    state.latitude_udeg = kept.number("latitude", state.latitude_udeg)
    state.longitude_udeg = kept.number("longitude", state.longitude_udeg)
    state.course_deg = kept.number("course", state.course_deg)
    state.altitude_m = kept.number("altitude", state.altitude_m)
    state.gps_age_s = kept.age("fix", state.gps_age_s)
    if is_car_known:
        car.keep(kept)


def saving(keeper: "Keeper") -> "Generator[bool, None, None]":
    """Write what is known: a generator of the steps, False each, and True when flash has it."""
    try:
        for _ in keeper.store.save_in_steps(_pieces(keeper)):
            yield False
    except (OSError, ValueError):
        keeper.status.count("kept_unsaved")
        return None
    yield True


def _pieces(keeper):
    """The file, some lines at a time: a full heap has no big pieces."""
    utc_s = keeper.clock.utc_s()
    header = _FORMAT, keeper.car.TYPE, "-" if utc_s is None else utc_s
    _walk(keeper, _Loader(), True)
    yield ("%s,%s,%s\n" % header).encode()
    writer = _Writer(keeper, utc_s)
    _walk(keeper, writer, True)
    for chunk in writer.chunks:
        text = ""
        for at in range(0, len(chunk), 2):
            text += "%s=%s\n" % (chunk[at], _shown(chunk[at + 1]))
        yield text.encode()


def _shown(value):
    if value is None:
        return "-"
    if isinstance(value, str):
        return '"' + value
    if isinstance(value, tuple):
        return ",".join([_shown(one) for one in value])
    return "%d" % value


def load(keeper: "Keeper") -> None:
    """Restore what is stored for the keeper's car; what cannot be read changes nothing."""
    is_restart = not keeper.is_loaded
    keeper.is_loaded = True
    reader = _Reader(keeper, is_restart)
    try:
        if reader.car_type:
            _walk(keeper, reader, reader.car_type == keeper.car.TYPE)
        if keeper.store.load_error or (reader.has_file and not reader.car_type):
            keeper.status.count("kept_damaged")
    finally:
        reader.close()


def forget(keeper: "Keeper") -> None:
    """Another car: nothing that is stored is its own, and is to be written over."""
    keeper.stop()
    keeper.is_loaded = True
    keeper.instants = {}
    keeper.due_s = keeper.saved_s + GAP_S


def redate(keeper: "Keeper") -> None:
    """The time has become known, or was corrected: make the ages of what was restored anew."""
    if keeper.car is not None and keeper.instants:
        _walk(keeper, _Redater(keeper), True)
