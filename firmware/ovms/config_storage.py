"""How the settings of a `Config` are loaded, changed and stored, and what a change calls for."""

from ovms import parameters
from ovms import status as requests
from ovms.parameter_rules import LOCKED, checked, chosen, defaults, feature_text, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Config

# A new value of these counts from the next log-in on.
_RECONNECT = (
    parameters.SERVER,
    parameters.APN,
    parameters.APN_USER,
    parameters.APN_PASSWORD,
    parameters.VEHICLE_ID,
    parameters.SERVER_PASSWORD,
    parameters.PARANOID,
    parameters.DNS,
)

# Feature 15 as a parameter.
_CAN_WRITE = (
    parameters.FEATURE_CAN_WRITE - parameters.FIRST_STORED_FEATURE + parameters.FIRST_FEATURE
)
# Whose word lets a server write to the car.
_TRUSTED = {parameters.FROM_OWNER: "SMS", parameters.FROM_CABLE: "CABLE"}

_NOT_STORED = "The settings could not be stored."
_LOST = (
    "The module password is lost: set a new one with PASS, by the owner's phone or as S PASS at"
    " the serial cable."
)


def load(config: "Config") -> None:
    """Fill `config` with the defaults and what its store has: `N=VALUE` lines that differ.

    Whatever was damaged, the factory's password does not come back: see `owner_guard.py`.
    """
    store = config.store
    values = defaults()
    data = store.load()
    config.load_error = store.load_error
    is_lost = data is None and config.load_error != ""
    if is_lost:
        data = store.shared_lines()
    for line in (data or b"").split(b"\n"):
        if not line:
            continue
        try:
            number, _, text = line.decode().partition("=")
            n = parameters.integer(number)
            is_locked = n == parameters.PASSWORD and text == LOCKED
            values[n] = text if is_locked else checked(n, text)
        except ValueError:
            # UnicodeError is one, too. The line is not quoted: it may hold a password.
            config.load_error = "Some stored settings were unusable and are at their defaults."
    if config.load_error:
        from ovms.owner_guard import doubt

        doubt(values, is_lost)
    if values[parameters.PASSWORD] == LOCKED:
        config.load_error = (config.load_error + " " + _LOST).strip()
    _enact(config, values)


def apply(config: "Config", changes: dict[int, str], must_last: bool, origin: int) -> int:
    """`Config.apply`: one write to flash, none when nothing changes.

    Two of what makes somebody the owner: both generations have it, and damage to one of them never
    brings back what was before.

    Network settings reconnect even when they stay the same, which is how users ask for that; the
    car restarts only for another type or another feature 15, because it loses its trip.
    """
    before = config.values
    values = list(before)
    wanted = 0
    for n in sorted(changes):
        values[n] = chosen(n, changes[n])
        if n in _RECONNECT:
            wanted |= requests.REQUEST_RECONNECT
        elif n in (parameters.GSM_LOCK, parameters.SIM_PIN):
            wanted |= requests.REQUEST_MODEM_RESTART
    if origin != parameters.FROM_UNDO:
        # Who restores names all that was another.
        _settle_broker(values, before, changes)
        _settle_wifi(values, before, changes)
    could_write = config.features[parameters.FEATURE_CAN_WRITE]
    is_switched = _CAN_WRITE in changes and _switch(config, values, could_write, origin)
    is_guarded = False
    if values != before or values[parameters.UNDO]:
        from ovms import owner_guard

        is_guarded = owner_guard.guard(config, values, origin)
    if values != before:
        try:
            data = _serialised(values)
            config.store.save(data)
            if is_guarded:
                config.store.save(data)
        except OSError:
            if must_last:
                raise OSError(_NOT_STORED)
            config.load_error = _NOT_STORED
        _enact(config, values)
        config.revision += 1
        if before[parameters.PASSWORD] == LOCKED != values[parameters.PASSWORD]:
            config.load_error = ""
    if config.is_paranoid and values[parameters.PASSWORD] != before[parameters.PASSWORD]:
        # The key of the paranoid messages is made of the module password at log-in.
        wanted |= requests.REQUEST_RECONNECT
    if (
        values[parameters.VEHICLE_TYPE] != before[parameters.VEHICLE_TYPE]
        or config.features[parameters.FEATURE_CAN_WRITE] != could_write
    ):
        wanted |= requests.REQUEST_VEHICLE_RESTART
    if is_switched and config.on_can_write:
        config.on_can_write(origin, True)
    return wanted


def _settle_broker(values, before, changes):
    """No broker is sent a password that was given for another; ON beside ON forgets nothing."""
    if values[parameters.MQTT_SERVER] != before[parameters.MQTT_SERVER]:
        for n in (parameters.MQTT_USER, parameters.MQTT_PASSWORD):
            if n not in changes:
                values[n] = ""
    if values[parameters.MQTT_HA] == "ON" and before[parameters.MQTT_HA]:
        values[parameters.MQTT_HA] = before[parameters.MQTT_HA]


def _settle_wifi(values, before, changes):
    """No network is sent a key that was given for another."""
    for n in range(parameters.FIRST_WIFI, parameters.LAST_WIFI, 2):
        if values[n] != before[n] and n + 1 not in changes:
            values[n + 1] = ""
        if values[n + 1] and not values[n]:
            raise ValueError("Set the name of the WiFi network first (parameter %d)." % n)


def note_told(config: "Config", text: str, own: int) -> None:
    """`Config.note_told`; without room in flash the owner is told again after the next start."""
    config.values[parameters.UNDO] = text
    if own & 1:
        config.values[parameters.DAMAGE] = ""
    if own & 2:
        config.values[parameters.SPENT] = config.values[parameters.SPENT].rstrip("!")
    _enact(config, config.values)
    try:
        config.store.save(_serialised(config.values))
    except OSError:
        pass


def _switch(config, values, could_write, origin):
    """Whether feature 15 is switched on, or to something else; notes by whom. ValueError: not now.

    One who may is believed again with the same value; others change nothing by repeating it.
    """
    value = whole(values[_CAN_WRITE])
    if value <= 0:
        values[parameters.CAN_WRITE_FROM] = ""
        return False
    is_other = value != could_write
    if is_other and config.on_can_write:
        config.on_can_write(origin, False)
    if is_other or origin in _TRUSTED:
        values[parameters.CAN_WRITE_FROM] = _TRUSTED.get(origin, "")
    return is_other and config.on_can_write is not None


def set_feature(config: "Config", n: int, value: int | str, origin: int) -> int:
    """`Config.set_feature`."""
    if not 0 <= n < parameters.FEATURES:
        raise ValueError("Features are numbered 0 to 15.")
    if n >= parameters.FIRST_STORED_FEATURE:
        number = n - parameters.FIRST_STORED_FEATURE + parameters.FIRST_FEATURE
        return apply(config, {number: str(value)}, True, origin)
    config.features[n] = whole(feature_text(str(value)))
    config.revision += 1
    return 0


def _enact(config, values):
    """What the settings are from now on."""
    config.values = values
    notify = values[parameters.NOTIFY]
    config.is_miles = values[parameters.UNITS] == "M"
    config.wants_ip = "IP" in notify
    config.wants_sms = "SMS" in notify
    config.untold = 0
    if values[parameters.UNDO] or values[parameters.DAMAGE] or values[parameters.SPENT]:
        from ovms.owner_guard import untold

        config.untold = untold(values)
    config.is_paranoid = values[parameters.PARANOID].startswith("P")
    for n in range(parameters.FIRST_STORED_FEATURE, parameters.FEATURES):
        config.features[n] = whole(
            values[n - parameters.FIRST_STORED_FEATURE + parameters.FIRST_FEATURE]
        )


def _serialised(values):
    standard = defaults()
    lines = []
    for n in range(parameters.STORED):
        if values[n] != standard[n]:
            lines.append("%d=%s\n" % (n, values[n]))
    return "".join(lines).encode()
