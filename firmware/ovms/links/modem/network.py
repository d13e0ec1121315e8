"""The network of a modem: finding it, what it says of the registration, whether GPRS is wanted.

Source: hardware facts 4.3 and 4.10, dialogue D5; 3GPP 27.007, 7.2 and 10.1; for GPRS
module-behaviour 1.2 and 1.5. The reference logs in without `IP` in parameter 3, too, and then
sends nothing; here a bearer is kept only for who asks for it.
"""

from micropython import const

from ovms import status as states
from ovms.links.modem.modem import ALIVE_S
from ovms.parameters import (
    APN,
    MQTT_SERVER,
    NOTIFY,
    ROAMING,
    SERVER,
    SERVER_PASSWORD,
    VEHICLE_ID,
)
from ovms.protocol.at import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Config, Status
    from ovms.links.modem.modem import Modem

_NETWORK_MS = const(3000)
_NETWORK_TURNS = const(100)
# How often a modem that finds no network is asked what it hears.
_SIGNAL_TURNS = const(5)
_NO_SIGNAL = const(99)
_SIGNAL_MAX = const(31)
# A network that was chosen takes the SIM within a minute, or not at all.
_LOCK_TURNS = const(20)
# States of a registration: at home, abroad; 6 and 7 are for SMS only, 9 and 10 prefer no voice.
_HOME = (1, 6, 9)
_ROAMING = (5, 7, 10)
_SEARCHING = const(2)
_DENIED = const(3)
_STAT_MAX = const(10)


async def join_network(modem: "Modem") -> None:
    """Return once the modem is registered, and so up. OSError when it must be started anew."""
    status = modem.status
    status.net_state = states.NET_SEARCHING
    is_locked = await _operators().choose(modem)
    turns = 0
    while not status.is_registered or not turns:
        if turns:
            await modem.port.clock.sleep_ms(_NETWORK_MS)
        modem.check()
        modem.due_s = status.uptime_s + ALIVE_S
        await ask_registration(modem)
        turns += 1
        if turns % _SIGNAL_TURNS == 0:
            note_signal(status, await modem.port.ask(b"AT+CSQ"))
        if is_locked and turns > _LOCK_TURNS and not status.is_registered:
            is_locked = False
            await _operators().take_any(modem)
        if turns > _NETWORK_TURNS:
            modem.restart("network_missing")
    modem.polls = 0
    if gprs_refusal(modem.config, status):
        # The module before its restart may have left a bearer.
        await modem.profile.details().leave_gprs()
    modem.port.is_up = True
    modem.port.news.set()
    status.net_state = states.NET_READY


def _operators():
    from ovms.links.modem import operators

    return operators


def note_signal(status: "Status", line: bytes | None) -> None:
    """`+CSQ: rssi,ber` as an answer (bytes), None for none."""
    csq = number(line, 0) if line else None
    status.csq = csq if csq is not None and csq <= _SIGNAL_MAX else _NO_SIGNAL


async def ask_registration(modem: "Modem") -> None:
    """Ask the modem for its registrations: calls, packets, LTE, as far as it has them.

    A SIM may be welcome to one and refused by another, so the best one counts; that an NB-IoT
    network takes no calls is no refusal.
    """
    stats = []
    for name in modem.profile.details().registrations:
        answer = await modem.port.ask(b"AT%s?" % name)
        stat = _stat(modem, answer) if answer else None
        if stat is not None:
            stats.append(stat)
            if stat in _HOME or stat in _ROAMING:
                break
    if stats:
        best = stats[-1]
        if best not in _HOME and best not in _ROAMING:
            for stat in (_DENIED, _SEARCHING):
                if stat in stats:
                    best = stat
        _note(modem, best)


def note_registration(modem: "Modem", line: bytes) -> None:
    """`+CREG: stat[,"lac","ci"]` as a URC, or `+CREG: n,stat[,"lac","ci"]` as an answer.

    A URC of several registrations tells only of its own: a yes is enough, a no is left to the
    next look at all of them.
    """
    registrations = modem.profile.details().registrations
    if line[: line.find(b":")] not in registrations:
        return
    stat = _stat(modem, line)
    if stat is not None and (len(registrations) == 1 or stat in _HOME or stat in _ROAMING):
        _note(modem, stat)


def _stat(modem, line):
    """The state that a line tells, None for a damaged one, which is counted."""
    second = line.split(b",")[1:2]
    # A cell's code has more digits, or quotes.
    stat = number(line, 1 if second and len(second[0].strip()) <= 2 else 0)
    if stat is None or stat > _STAT_MAX:
        modem.status.count("at_damaged")
        return None
    return stat


def _note(modem, stat):
    status = modem.status
    status.is_roaming = stat in _ROAMING
    status.is_registered = is_registered = status.is_roaming or stat in _HOME
    if stat == _DENIED:
        status.modem_error = "The network refuses the SIM."
    elif is_registered:
        status.modem_error = ""
    modem.is_found = modem.is_found or is_registered


def gprs_refusal(config: "Config", status: "Status") -> str:
    """Why no GPRS may be used now (str), "" when it may.

    A module without vehicle id or server password may: it asks the server for its settings.
    """
    get = config.get
    if not get(APN):
        return "No APN is set."
    if not (get(SERVER) or get(MQTT_SERVER)):
        return "No server is set."
    is_asking = get(SERVER) and not (get(VEHICLE_ID) and get(SERVER_PASSWORD))
    if "IP" not in get(NOTIFY) and not is_asking:
        return "Notifications (MODULE) do not ask for IP, so there is no GPRS."
    if status.is_roaming and get(ROAMING):
        return "Roaming is not allowed (SIM), so there is no GPRS."
    return ""
