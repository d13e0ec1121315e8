"""What the modem says of its registration (overlay). Source: hardware facts 4.3, dialogue D5."""

from micropython import const

from ovms.protocol import sim800

_HOME = const(1)
_DENIED = const(3)
_ROAMING = const(5)


def take(modem, line):
    """`+CREG: stat[,"lac","ci"]` as a URC, or `+CREG: n,stat[,"lac","ci"]` as an answer."""
    second = line.split(b",")[1:2]
    # A cell's code has more digits, or quotes.
    stat = sim800.number(line, 1 if second and len(second[0].strip()) == 1 else 0)
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
