"""What makes somebody the master of the module, and how its owner gets it back.

Loaded on demand with each change of the settings. When one of the guarded parameters changes, what
was before is kept for a day in parameter UNDO, in the same write to flash. From there the owner of
before is told of it, and his `UNDO` restores it. With `REMOTE SAFE` no server changes any of them.

Settings that were not read whole never let a stranger in: the generation before counts, which has
the same owner and passwords, for these are always written twice. Without it, or with the factory's
password in it, the module password is LOCKED until the owner's phone or the cable sets another.
The owner is told of the damage, once.

The text of UNDO: fields separated by tabs; first `utc,untold,origin` (Unix seconds of the first
change or 0, bits of GUARDED that the owner was not told of, FROM_... of the last stranger), then a
`n=text` for each parameter as it was.
"""

from micropython import const

from ovms.parameters import (
    CAN_WRITE,
    CAN_WRITE_FROM,
    DAMAGE,
    FACTORY_PASSWORD,
    FEATURE_SUPPRESS,
    FIRST_ACC,
    FIRST_FEATURE,
    FIRST_WIFI,
    FROM_CABLE,
    FROM_OWNER,
    FROM_SERVER,
    FROM_UNDO,
    LAST_ACC,
    LAST_WIFI,
    MQTT_PASSWORD,
    MQTT_SERVER,
    MQTT_USER,
    NO_PHONE,
    NO_SMS,
    PARANOID,
    PASSWORD,
    PHONE,
    POWER_SAVE,
    REMOTE,
    SERVER,
    SERVER_PASSWORD,
    SERVER_TLS,
    SPENT,
    STREAM_RECORDS,
    SUPPORT,
    UNDO,
    VEHICLE_TYPE,
    streamed,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Config

# The order of the bits. Of feature 15 somebody else tells.
GUARDED = (
    PHONE,
    PASSWORD,
    SERVER,
    SERVER_PASSWORD,
    PARANOID,
    REMOTE,
    CAN_WRITE,
    MQTT_SERVER,
    MQTT_USER,
    MQTT_PASSWORD,
    SUPPORT,
    FIRST_WIFI,
    FIRST_WIFI + 1,
    FIRST_WIFI + 2,
    FIRST_WIFI + 3,
    FIRST_WIFI + 4,
    LAST_WIFI,
)
# Beside the bits of GUARDED: settings were damaged, the server wanted too much.
_DAMAGED = const(0x20000000)
_SPENT = const(0x10000000)
_DAY_S = const(86400)
# As a parameter: FIRST_FEATURE and two.
_FEATURE_10 = const(26)
_NO_PIN = const(2)
_OWN = (FROM_OWNER, FROM_CABLE)
_SAFE = "REMOTE SAFE: only the owner's phone may change this."
_CLEAR = "This server has spoken TLS: only the owner may have it spoken to in clear."
_PARANOID = "Paranoid mode: only the owner's phone or the cable may open what it hides."
_OWNERS = "Only the owner's phone or the cable may change this."


def read(text: str) -> tuple[int, int, int, dict[int, str]] | None:
    """(utc_s, untold, origin, {number: text}) of a text of UNDO; None for "" or a damaged one."""
    fields = text.split("\t")
    try:
        utc_s, untold, origin = [int(word) for word in fields[0].split(",")]
        values = {}
        for field in fields[1:]:
            number, mark, value = field.partition("=")
            if not mark or int(number) not in GUARDED:
                return None
            values[int(number)] = value
    except ValueError:
        return None
    return (utc_s, untold, origin, values) if PHONE in values else None


def written(utc_s: int, untold: int, origin: int, values: dict[int, str]) -> str:
    """The text of UNDO."""
    text = "%d,%d,%d" % (utc_s, untold, origin)
    for n in GUARDED:
        if n in values:
            text += "\t%d=%s" % (n, values[n])
    return text


def live(config: "Config", uptime_s: int = 0) -> tuple[int, int, int, dict[int, str]] | None:
    """What UNDO has, None for nothing or what is older than a day.

    uptime_s: decides where the time of day is not known.
    """
    record = read(config.get(UNDO))
    if record is None:
        return None
    now_s = _utc_s(config)
    if record[0] and now_s:
        return record if now_s - record[0] < _DAY_S else None
    return record if uptime_s < _DAY_S else None


def untold(values: list[str]) -> int:
    """Bits of what the owner is to be told of, 0 for nothing."""
    record = read(values[UNDO])
    bits = record[1] if record else 0
    if not _has_owner(values):
        return bits
    if values[SPENT].endswith("!"):
        bits |= _SPENT
    return bits | _DAMAGED if values[DAMAGE] else bits


def doubt(values: list[str], is_lost: bool) -> None:
    """Make the best of `values`, which were not read whole.

    is_lost: there was no whole generation, and `values` are what two damaged ones agree on.
    """
    from ovms.parameter_rules import LOCKED

    values[DAMAGE] = "1"
    if is_lost or values[PASSWORD] == FACTORY_PASSWORD:
        values[PASSWORD] = LOCKED
    if is_lost:
        values[CAN_WRITE] = values[CAN_WRITE_FROM] = values[SUPPORT] = ""


def guard(config: "Config", values: list[str], origin: int) -> bool:
    """Before `values` are stored: ValueError when they must not be; else notes what was.

    Returns whether any of GUARDED is another.
    """
    if values[UNDO] and live(config) is None:
        # Passwords of once: when nobody can restore them, they are in flash for nothing.
        values[UNDO] = ""
    before = config.values
    if origin == FROM_SERVER:
        _refuse_server(config, values)
    if before[SERVER_TLS] and values[SERVER] != before[SERVER]:
        _settle_tls(values, origin)
    changed = [n for n in GUARDED if values[n] != before[n]]
    if changed:
        _guard(config, values, origin, changed)
    return bool(changed)


def _refuse_server(config, values):
    """ValueError for what no server may change in paranoid mode, or under REMOTE SAFE beyond
    GUARDED; nobody is told of these.
    """
    before = config.values
    if config.is_paranoid:
        from ovms.parameter_rules import whole

        # The records streamed by feature 8 would tell where the car is.
        stream = values[FIRST_FEATURE]
        is_opened = stream != before[FIRST_FEATURE] and streamed(whole(stream)) & STREAM_RECORDS
        if is_opened or not values[PARANOID].startswith("P"):
            raise ValueError(_PARANOID)
    if before[REMOTE] and _is_unsafe(values, before):
        raise ValueError(_SAFE)


def _is_unsafe(values, before):
    """By the power governor a module is out of reach, by ACC a car is charged, or not, when nobody
    looks, and the demonstration car opens without its PIN: feature 10, bit 1, see `vehicle/demo`.
    """
    from ovms.parameter_rules import whole

    def opens(settings):
        return settings[VEHICLE_TYPE] == "DEMO" and whole(settings[_FEATURE_10]) & _NO_PIN

    behind = LAST_ACC + 1
    return (
        values[POWER_SAVE] != before[POWER_SAVE]
        or values[FIRST_ACC:behind] != before[FIRST_ACC:behind]
        or (opens(values) and not opens(before))
    )


def _settle_tls(values, origin):
    """With which server TLS has worked is forgotten when the owner names another, or a port.

    For a server or an app it stays, with its name: they cannot go there and back for it.
    """
    host, _, port = values[SERVER].lower().partition(":")
    if origin == FROM_SERVER:
        if port and host == values[SERVER_TLS][2:]:
            raise ValueError(_CLEAR)
    elif origin != FROM_UNDO and (port or host != values[SERVER_TLS][2:]) and host != "tls":
        values[SERVER_TLS] = ""


def _guard(config, values, origin, changed):
    before = config.values
    if origin == FROM_UNDO:
        values[UNDO] = ""
        return
    if origin == FROM_SERVER:
        from ovms.parameter_rules import LOCKED

        if before[REMOTE] or REMOTE in changed:
            raise ValueError(_SAFE)
        if before[PASSWORD] == LOCKED or SUPPORT in changed:
            raise ValueError(_OWNERS)
    record = live(config)
    if record and record[2] in _OWN:
        # What the owner did himself is what a stranger's change is taken back to.
        record = None
    if record is None:
        if not _has_owner(before):
            # Nobody had anything yet.
            return
        record = _utc_s(config) or 0, 0, origin, {}
    utc_s, untold, by, kept = record
    # Once it was a stranger, whatever he does as the owner is his.
    by = by if origin in _OWN and by not in _OWN else origin
    kept.setdefault(PHONE, before[PHONE])
    # The owner has the answer to his own SMS, where there are answers.
    is_silent = config.feature(FEATURE_SUPPRESS) & NO_SMS
    is_told = origin == FROM_OWNER and PHONE not in changed and not is_silent
    for n in changed:
        kept.setdefault(n, before[n])
        if not is_told and n != CAN_WRITE:
            untold |= 1 << GUARDED.index(n)
    values[UNDO] = written(utc_s, untold, by, kept)


def _has_owner(values):
    return values[PHONE] not in ("", NO_PHONE)


def _utc_s(config):
    return config.utc_s() if config.utc_s else None
