"""Finds the baud rate of the GPS receiver, remembers it, and asks for RMC where it is missing.

Loaded on demand: at the start, and by `GPSLink` while the receiver is heard but not understood.
"""

from micropython import const

from ovms.drivers.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.drivers.uart import UARTStream
    from ovms.links.gps_link import GPSLink

# What receivers are set to, the usual ones first (hardware facts 5.3). The board opens the first.
_RATES = (9600, 38400, 115200, 4800, 57600, 19200)
_FILE = "gps"
# Periods without a sentence until another rate is tried: of a receiver that was understood once,
# and of one that was not, after two rounds through all rates.
_PATIENCE = const(3)
_ROUNDS = const(2)
_LONG_PATIENCE = const(30)
# How often RMC is asked for.
_ASK_MAX = const(3)

# RMC once a second: u-blox (UBX-CFG-MSG), CASIC and MTK (hardware facts 5.3). Each takes its own
# and ignores the others'.
_WANTED = (
    b"\xb5\x62\x06\x01\x03\x00\xf0\x04\x01\xff\x18",
    b"$PCAS03,1,0,0,0,1,0,0,0,0,0,,,0,0*02\r\n",
    b"$PMTK314,0,1,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0*28\r\n",
)


def start(uart: "UARTStream", store: "Store | None" = None) -> None:
    """Begin with the rate that was found the last time."""
    rates = _order(store or Store(_FILE))
    if rates[0] != _RATES[0]:
        uart.set_baudrate(rates[0])


async def seek(link: "GPSLink", is_read: bool, store: "Store | None" = None) -> None:
    """After a period in which bytes came: is_read, whether there was a sentence among them.

    link: GPSLink; `tries` is the place of its rate in the order of now, `patience` the periods
    that it is still given, `asked` how often RMC was asked for.
    """
    store = store or Store(_FILE)
    rates = _order(store)
    if not is_read:
        if link.patience:
            link.patience -= 1
            return
        link.tries += 1
        if link.tries >= _ROUNDS * len(rates):
            link.patience = _LONG_PATIENCE
        link.uart.set_baudrate(rates[link.tries % len(rates)])
        return
    link.patience = _PATIENCE
    place = link.tries % len(rates)
    link.tries = 0
    if place:
        try:
            store.save(b"%d" % rates[place])
        except OSError:
            # Found again after the next start.
            link.tries = place
    if not link.is_told and link.asked < _ASK_MAX:
        link.asked += 1
        for command in _WANTED:
            await link.uart.write(command)


def _order(store):
    """All rates, the one that was found first."""
    data = store.load() or b""
    try:
        known = int(data.decode())
    except ValueError:
        known = 0
    return tuple(sorted(_RATES, key=lambda rate: (rate != known, _RATES.index(rate))))
