"""The network of a modem: finding it, what it says of the registration, whether GPRS is wanted.

Source: hardware facts 4.3, dialogue D5; for GPRS module-behaviour 1.2 and 1.5. The reference logs
in without `IP` in parameter 3, too, and then sends nothing; here a bearer is kept only for who
asks for it.
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

_NETWORK_MS = const(3000)
_NETWORK_TURNS = const(100)
# How often a modem that finds no network is asked what it hears.
_SIGNAL_TURNS = const(5)
_NO_SIGNAL = const(99)
_SIGNAL_MAX = const(31)
# A network that was chosen takes the SIM within a minute, or not at all.
_LOCK_TURNS = const(20)
# States of a registration.
_HOME = const(1)
_DENIED = const(3)
_ROAMING = const(5)


async def join_network(modem):
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
        answer = await modem.port.ask(b"AT+CREG?")
        if answer:
            note_registration(modem, answer)
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


def note_signal(status, line):
    """`+CSQ: rssi,ber` as an answer (bytes), None for none."""
    csq = number(line, 0) if line else None
    status.csq = csq if csq is not None and csq <= _SIGNAL_MAX else _NO_SIGNAL


def note_registration(modem, line):
    """`+CREG: stat[,"lac","ci"]` as a URC, or `+CREG: n,stat[,"lac","ci"]` as an answer."""
    second = line.split(b",")[1:2]
    # A cell's code has more digits, or quotes.
    stat = number(line, 1 if second and len(second[0].strip()) == 1 else 0)
    if stat is None or stat > _ROAMING:
        modem.status.count("at_damaged")
        return
    status = modem.status
    status.is_roaming = stat == _ROAMING
    status.is_registered = is_registered = stat in (_HOME, _ROAMING)
    if stat == _DENIED:
        status.modem_error = "The network refuses the SIM."
    elif is_registered:
        status.modem_error = ""
    modem.is_found = modem.is_found or is_registered


def gprs_refusal(config, status):
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
