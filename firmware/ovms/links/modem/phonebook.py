"""Settings out of the SIM's phonebook, for a module that has none: entries named `O-<n>-<value>`.

`O-5-internet` sets parameter 5, the APN; a value ends at the next `-`. Put there with any phone,
or by whoever sells the SIM. Unlike in the reference, which lets the SIM win over what was set by
SMS at every start, it is read only while no server is set, when the modem starts, which the
command AP brings about, too; and what is set already stays. Source: module-behaviour 5.2.
"""

from micropython import const

from ovms.links.modem.at_port import ATError
from ovms.parameters import (
    CAN_WRITE,
    FACTORY_PASSWORD,
    NO_PHONE,
    PARAMETERS,
    SERVER,
    UNITS,
    integer,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.links.modem.modem import Modem

_SEARCH_S = const(30)
_MARK = b'"O-'


async def read_settings(modem: "Modem") -> None:
    """Take the settings that the SIM has, if the module has none. Never fails."""
    config = modem.config
    if config.get(SERVER):
        return
    port = modem.port
    # Where other phonebooks are, this is the SIM's; some modems know no other.
    await port.ask(b'AT+CPBS="SM"', limit_s=_SEARCH_S)
    try:
        lines = await port.execute(b'AT+CPBF="O-"', limit_s=_SEARCH_S, is_bare=True)
    except ATError:
        # No entry, for some modems.
        return
    changes = {}
    for line in lines:
        found = entry(line)
        if found is not None and not _is_set(config, found[0]):
            changes[found[0]] = found[1]
    if changes:
        _apply(modem, changes)


def _is_set(config, n):
    return n != UNITS and config.get(n) not in ("", NO_PHONE, FACTORY_PASSWORD)


def entry(line: bytes) -> tuple[int, str] | None:
    """(parameter, text) of `+CPBF: index,"number",type,"O-n-value"` (bytes), or None."""
    start = line.rfind(_MARK)
    end = line.rfind(b'"')
    if not line.startswith(b"+CPBF:") or start < 0 or end < start + len(_MARK):
        return None
    digits, _, rest = line[start + len(_MARK) : end].partition(b"-")
    value = rest.partition(b"-")[0].strip()
    for byte in digits + value:
        if not 32 <= byte < 127:
            return None
    try:
        n = integer(digits.decode())
    except ValueError:
        return None
    # To let the module write to the car's bus is nothing to be set unseen.
    if not 0 <= n < PARAMETERS or n == CAN_WRITE or value == b"****":
        return None
    return n, value.decode()


def _apply(modem, changes):
    status = modem.status
    wanted = refused = 0
    try:
        wanted = modem.config.apply(changes)
    except OSError:
        status.count("phonebook_not_stored")
        return
    except ValueError:
        # One of them cannot be: the others count all the same.
        for n in sorted(changes):
            try:
                wanted |= modem.config.apply({n: changes[n]})
            except (ValueError, OSError):
                refused += 1
                status.count("phonebook_refused")
    if refused < len(changes):
        status.count("phonebook_read")
    status.request(wanted)
