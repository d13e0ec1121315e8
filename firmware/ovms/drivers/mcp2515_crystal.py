"""Finds out which crystal the MCP2515 has. Loaded on demand, by `open` and `check`.

Set for another crystal than is soldered the chip counts other bits than the bus has: it meets
errors and never a frame, and whatever it sent would destroy the others' frames (hardware facts
2.4). So until it has heard a frame it only listens, where an error drives nothing, and its filters
are open, as any frame of the bus will do. Errors and no frame between two checks: the next crystal
is tried. A silent bus decides nothing; the search goes on when it speaks. But the port of a car
behind a gateway is silent until somebody asks: there the word of a board that names one crystal is
worth one frame (mcp2515_trial.py), as long as no error was met.

What was found stands until the module restarts, and is doubted again only when three checks in a
row met errors alone. It is kept in flash if it is not what would be tried first anyway: never on a
module whose board says what it has, once in the life of most others. The memory of the RTC would
forget it with each power cut, and up to 20 s of the next drive with it.
"""

from micropython import const

from ovms.drivers.mcp2515 import (
    BOARD_CRYSTAL_KHZ,
    CRYSTAL_KHZ,
    TRUST,
    TRUST_MAX,
    WORD,
    WORD_COUNTS,
    WORD_FAILED,
)
from ovms.drivers.mcp2515_setup import bit_timing, start, work
from ovms.drivers.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.drivers.mcp2515 import MCP2515

_FILE = "crystal"
# What is soldered to modules that are sold, the usual one first (hardware facts 2.4, 2.9).
_USUAL = (8_000_000, 16_000_000, 20_000_000)
# TXB0CTRL: aborted, or an error while it sent.
_TXB0CTRL = const(0x30)
_OWN_ERROR = const(0x50)


def choose(bus: "MCP2515", bitrate: int) -> None:
    """With which crystal to begin at another bit rate, at which nothing was heard yet.

    What was heard at the rate before proves little: 16 MHz at 1 Mbit/s look like 8 at 500 kbit/s.
    ValueError when no crystal can make the rate.
    """
    numbers = bus.numbers
    was_sure = numbers[TRUST]
    numbers[TRUST] = 0
    crystals = _in_turn(bus, bitrate)
    if not was_sure or bus.crystal_hz not in crystals:
        bus.crystal_hz = crystals[0]


def step(bus: "MCP2515") -> None:
    """Set the driver, not yet the chip, for the next crystal; what the board says is in doubt."""
    bus.numbers[WORD] = WORD_FAILED
    crystals = _in_turn(bus, bus.asked[0])
    place = crystals.index(bus.crystal_hz) if bus.crystal_hz in crystals else -1
    bus.crystal_hz = crystals[(place + 1) % len(crystals)]


def judge(bus: "MCP2515", is_heard: int, is_damaged: int) -> bool:
    """What a check found: frames of a bus of which that was not sure, or errors and no frame, or
    nothing at all since `open`.

    False when the chip has to be opened anew.
    """
    numbers = bus.numbers
    try:
        if is_heard:
            note(bus)
            work(bus)
        elif not is_damaged:
            _believe(bus)
        elif not numbers[TRUST]:
            step(bus)
            start(bus)
        elif not bus.is_bus_off and not bus.read(_TXB0CTRL, 1)[0] & _OWN_ERROR:
            # What nobody acknowledges is an error, too, and says nothing of the crystal.
            numbers[TRUST] -= 1
            if not numbers[TRUST]:
                # First this one again, with open filters.
                numbers[WORD] = WORD_FAILED
                start(bus)
    except OSError:
        return False
    return True


def _believe(bus):
    """The bus is silent: a board that names one crystal may be right, and then may ask."""
    is_one = isinstance(bus.crystals, int) and bus.crystals == bus.crystal_hz
    bus.numbers[WORD] = WORD_COUNTS if is_one else WORD_FAILED
    if is_one:
        # The chip goes on listening: mcp2515_trial.py.
        bus.permit(bus.asked[1], bus.asked[2])


def note(bus: "MCP2515") -> None:
    """It is sure: keep the crystal that works, and tell of it where the board does not."""
    found_hz = bus.crystal_hz
    said = bus.crystals
    numbers = bus.numbers
    numbers[TRUST] = TRUST_MAX
    numbers[WORD] = 0
    is_news = found_hz != said
    numbers[CRYSTAL_KHZ] = found_hz // 1000 if is_news else 0
    numbers[BOARD_CRYSTAL_KHZ] = said // 1000 if is_news and isinstance(said, int) else 0
    if _in_turn(bus, bus.asked[0])[0] != found_hz:
        try:
            _store(bus).save(b"%d" % found_hz)
        except OSError:
            # Found again after the next start.
            return


def _in_turn(bus, bitrate):
    """The crystals that make the bit rate, the likeliest first. ValueError when there is none."""
    likely = bus.crystals or ()
    if isinstance(likely, int):
        likely = (likely,)
    try:
        kept = (int((_store(bus).load() or b"0").decode()),)
    except ValueError:
        kept = ()
    found = []
    for crystal_hz in kept + tuple(likely) + _USUAL:
        if crystal_hz > 0 and crystal_hz not in found and _can_make(crystal_hz, bitrate):
            found.append(crystal_hz)
    if not found:
        # The sentence of it.
        bit_timing((tuple(likely) + _USUAL)[0], bitrate)
    return found


def _can_make(crystal_hz, bitrate):
    try:
        bit_timing(crystal_hz, bitrate)
    except ValueError:
        return False
    return True


def _store(bus):
    return bus.store or Store(_FILE)
