"""The gate to the motor controller: what may be written to it, when, and on whose word.

Every frame of a `Session` passes `refusal`, whatever command it comes from. Rules: Twizy guide
1.2.0, "Macro commands" (which of them need a stop); Twizy facts 7.3 and 7.16.

* NMT and the state request (object 2800) only at a standstill and out of gear and GO.
* The parameters of POWER, RECUP, RAMPS and SMOOTH, written by these macros, also under way.
* Everything else that is written only at a standstill and out of gear and GO.
* Login, and what selects an entry to read, changes nothing: at any time.
* Nothing is written without the key. All of it is what was heard within the last two seconds.

A controller in the pre-operational state drives no motor, and CANopen lets it send no process data
then: its gear need not be heard, the dashboard's speed must.
"""

from micropython import const

from ovms.vehicle.twizy.decode import LIVE_GEAR, LIVE_KEY, LIVE_SPEED
from ovms.vehicle.twizy.sevcon.controller import PRE_OPERATIONAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer
    from ovms.vehicle.twizy.car import Twizy

# Of the status byte: D, R or GO.
_IN_GEAR = const(0x0E)

# What a session may write: nothing but login and selections; at a standstill; parameters of the
# macros that need no stop, too.
LOOK = const(0)
WRITE = const(1)
UNDER_WAY = const(2)

# Reasons of a refusal.
MOVING = const(1)
NOT_LIVE = const(2)
NOT_ALLOWED = const(3)
NO_KEY = const(4)

_NMT = const(0x000)
_START = b"\x01\x01"
# SDO command specifiers: a write; uploads, their segments and aborts.
_COMMAND = const(0xE0)
_DOWNLOAD = const(0x20)
_NO_WRITES = (0x40, 0x60, 0x80)
_STATE = const(0x280000)
# Objects by index << 8 | subindex: of the macros that need no stop (Twizy facts 7.13).
_UNDER_WAY = (
    0x292001,
    0x292003,
    0x292004,
    0x292007,
    0x29200B,
    0x29200D,
    0x29200E,
    0x291C02,
    0x290A01,
    0x290A03,
)
# User, password; the entry of a log, the fault whose text is wanted (Twizy facts 7.2, 7.11).
_SELECTIONS = (0x500002, 0x500003, 0x530002, 0x411100, 0x410100, 0x561001)


def refusal(car: "Twizy", permit: int, arbitration_id: int, data: "Buffer") -> int:
    """0 for a frame that may leave, else why not. permit: LOOK, WRITE or UNDER_WAY."""
    if arbitration_id == _NMT:
        return standstill_refusal(car) if bytes(data) == _START else NOT_ALLOWED
    command = data[0] & _COMMAND
    if command in _NO_WRITES:
        return 0
    if command != _DOWNLOAD:
        return NOT_ALLOWED
    key = data[2] << 16 | data[1] << 8 | data[3]
    if permit == LOOK:
        if key in _SELECTIONS:
            return 0
        # Going back to operational is what the module does by itself.
        if key != _STATE or data[4]:
            return NOT_ALLOWED
    elif permit == UNDER_WAY and key in _UNDER_WAY:
        return 0 if car.decoder.live[LIVE_KEY] else NO_KEY
    return standstill_refusal(car)


def standstill_refusal(car: "Twizy") -> int:
    """0 when the car stands still with the key on, out of gear and GO; else why not."""
    decoder = car.decoder
    live = decoder.live
    if not live[LIVE_KEY]:
        return NO_KEY
    if live[LIVE_SPEED] and car.state.speed_kmh10:
        return MOVING
    if live[LIVE_GEAR] and decoder.status & _IN_GEAR:
        return MOVING
    is_pre_op = car.state.is_controller_configuring or car.sevcon.nmt_state == PRE_OPERATIONAL
    return 0 if live[LIVE_SPEED] and (live[LIVE_GEAR] or is_pre_op) else NOT_LIVE
