"""Which network the modem takes: the one its owner wants (GSMLOCK), or any. Loaded on demand.

A lock is a wish. A network that is not there, or refuses the SIM, is given up for any other, so
that the module stays in reach; it is asked for again at the next start of the modem.
Source: 3GPP 27.007, 7.3; SIM800 AT manual, AT+COPS; hardware facts 4.3.
"""

from micropython import const

from ovms.links.modem.at_port import ATError
from ovms.parameters import GSM_LOCK
from ovms.protocol.at import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.links.modem.modem import Modem

_CHOICE_S = const(120)
# Formats of a name.
_SHORT = const(1)
_NUMERIC = const(2)


async def choose(modem: "Modem") -> bool:
    """Whether the network of the lock was chosen; else the modem takes any."""
    port = modem.port
    modem.status.networks = ""
    lock = modem.config.get(GSM_LOCK)
    if not lock:
        # The modem remembers an operator that was chosen by hand.
        answer = await port.ask(b"AT+COPS?")
        if answer and number(answer, 0) == 1:
            await port.ask(b"AT+COPS=0", limit_s=_CHOICE_S)
        return False
    if await _choose(port, _NUMERIC if lock.isdigit() else _SHORT, lock):
        return True
    modem.check()
    from ovms.protocol.operators import named, shown

    listed = await port.ask(b"AT+COPS=?", limit_s=_CHOICE_S)
    text = str(bytes([byte if byte < 127 else 63 for byte in listed or b""]), "utf-8")
    code = named(lock, text)
    if code and await _choose(port, _NUMERIC, code):
        return True
    modem.check()
    await take_any(modem, shown(text))
    return False


async def _choose(port, style, name):
    from ovms.protocol.at_values import quoted

    try:
        await port.execute(b"AT+COPS=1,%d," % style + quoted(name), limit_s=_CHOICE_S)
    except (ATError, ValueError):
        return False
    return True


async def take_any(modem: "Modem", networks: str = "") -> None:
    """The network of the lock cannot be had: take any. networks: names of those in reach."""
    modem.status.count("gsm_lock_failed")
    modem.status.networks = networks
    await modem.port.ask(b"AT+COPS=0", limit_s=_CHOICE_S)
