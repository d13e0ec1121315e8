"""What the modem says of its registration (overlay). Source: hardware facts 4.3, dialogue D5."""

from micropython import const

from ovms.protocol import sim800

_HOME = const(1)
_ROAMING = const(5)


def take(modem, line):
    """`+CREG: stat[,"lac","ci"]` as a URC, or `+CREG: n,stat[,"lac","ci"]` as an answer."""
    second = line.split(b",")[1:2]
    stat = sim800.number(line, 1 if second and b'"' not in second[0] else 0)
    if stat is None or stat > _ROAMING:
        modem.status.count("at_damaged")
        return
    modem.status.is_roaming = stat == _ROAMING
    modem.status.is_registered = is_registered = stat in (_HOME, _ROAMING)
    modem.is_found = modem.is_found or is_registered
