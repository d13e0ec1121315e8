"""One frame of the MCP2515 on the board's word for its crystal. Loaded on demand, by `send`.

The OBD-II port of a car behind a gateway is silent until somebody asks, so whoever waits to hear a
frame first waits for ever. A silent bus has nobody whose frame another crystal than thought could
destroy; so the chip goes on listening, and leaves that for the time of a single frame, in one-shot
mode: it is sent once, whatever becomes of it (data sheet DS20001801, 3.4; hardware facts 2.7).
Acknowledged it proves the bit rate as well as a frame that was heard, as only a node that has read
all of it does so. Any other end is the last one: nothing leaves before a frame was heard.
"""

import time

from micropython import const

from ovms.drivers.mcp2515 import (
    FOREIGN,
    FRAMES,
    HEARD,
    IS_BUSY,
    IS_OPEN,
    LISTEN_ONLY,
    WORD,
    WORD_COUNTS,
    WORD_FAILED,
)
from ovms.drivers.mcp2515_crystal import note
from ovms.drivers.mcp2515_setup import request_mode, work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer
    from ovms.drivers.mcp2515 import MCP2515

_NORMAL = const(0x00)
# CANINTF: a damaged frame, TXB0, RXB1, RXB0.
_CANINTF = const(0x2C)
_SPOKEN = const(0x83)
_IS_SENT = const(0x04)
_TXB0CTRL = const(0x30)
_TX_PENDING = const(0x08)
# The longest frame takes 1.1 ms at 125 kbit/s, and nobody else is there to wait for.
_LOOKS = const(20)
_SENT = const(13)
# CANCTRL: listen-only.
_LISTEN = b"\x05\x0f\xe0\x60"


def send_once(bus: "MCP2515", arbitration_id: int, data: "Buffer") -> bool:
    """Send one frame; True when it left, even if nobody has taken it. Takes 1 to 3 ms.

    False, and counted as refused, when the bus is not silent any more.
    """
    numbers = bus.numbers
    numbers[IS_BUSY] = 1
    has_left = False
    try:
        is_silent = (
            numbers[IS_OPEN]
            and numbers[WORD] == WORD_COUNTS
            and numbers[FRAMES] + numbers[FOREIGN] == numbers[HEARD]
            and not bus.read(_CANINTF, 1)[0] & _SPOKEN
        )
        if is_silent:
            # Before anything can go wrong.
            numbers[WORD] = WORD_FAILED
            has_left = _try(bus, arbitration_id, data)
    finally:
        bus.release()
    if has_left:
        numbers[_SENT] += 1
    else:
        bus.refused += 1
    return has_left


def _try(bus, arbitration_id, data):
    write, read = bus.write, bus.read
    try:
        request_mode(write, read, _NORMAL)
    except OSError:
        # The bus is blocked. Not later, when nobody looks.
        write(_LISTEN)
        bus.permit((), True)
        return False
    # CANCTRL: one-shot.
    write(b"\x05\x0f\x08\x08")
    write(b"\x05\x2c\x04\x00")
    high, low = arbitration_id >> 3, (arbitration_id & 7) << 5
    write(bytes((0x40, high, low, 0, 0, len(data))) + data)
    write(b"\x81")
    for _ in range(_LOOKS):
        if not read(_TXB0CTRL, 1)[0] & _TX_PENDING:
            break
        time.sleep_ms(1)
    is_taken = read(_CANINTF, 1)[0] & _IS_SENT
    try:
        if is_taken:
            note(bus)
            work(bus)
        else:
            bus.permit((), True)
            # Listen-only and abort, in one write.
            bus.abort(b"\x05\x0f\xf0\x70")
            request_mode(write, read, LISTEN_ONLY)
            # The error was our own frame's and says nothing of the others'.
            write(b"\x05\x2c\x80\x00")
    except OSError:
        # In another mode than the driver's, which the next check finds.
        bus.permit((), True)
    return True
