"""What a Roadster's module may say, byte by byte, and for which command: car facts 1.5.

The driver lets out three lengths of id 102, and nothing without feature 15. Every frame passes
`transmit` before, which knows all contents that there are. Loaded on demand.
"""

from micropython import const

from ovms.parameters import FEATURE_CAN_WRITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer
    from ovms.vehicle.roadster.car import Roadster

_ID = const(0x102)

# Kinds of frames.
WAKE = const(1)
TEMPERATURES = const(2)
CAC_ON = const(3)
CAC_OFF = const(4)
START = const(5)
STOP = const(6)
CURRENT = const(7)
MODE = const(8)
TIMER_MODE = const(9)
TIMER_START = const(10)
LOCK = const(11)
UNLOCK = const(12)
VALET = const(13)
UNVALET = const(14)
HOMELINK_START = const(15)
HOMELINK_STOP = const(16)
HVAC = const(17)

# What the module sends by itself: the question for the capacity.
OWN = const(0)

# Command: the kinds that it needs, and no other leaves on its behalf.
PERMITTED = {
    OWN: (CAC_ON, CAC_OFF),
    10: (WAKE, MODE),
    11: (WAKE, START),
    12: (WAKE, STOP),
    15: (WAKE, CURRENT),
    16: (WAKE, MODE, CURRENT),
    17: (WAKE, TIMER_MODE, TIMER_START),
    18: (WAKE, TEMPERATURES),
    19: (WAKE, TEMPERATURES),
    20: (WAKE, LOCK),
    21: (WAKE, VALET),
    22: (WAKE, UNLOCK),
    23: (WAKE, UNVALET),
    24: (WAKE, HOMELINK_START, HOMELINK_STOP),
    25: (WAKE, TEMPERATURES, HVAC, MODE, CURRENT, START, STOP),
}
# Whole frames. 06 subscribes to a group of frames, with its period in ms.
FRAMES = {
    b"\x0a": WAKE,
    b"\x06\x2c\x01\x00\x00\x09\x10\x00": TEMPERATURES,
    b"\x06\xd0\x07\x00\x00\x80\x00\x08": HVAC,
    b"\x06\xd0\x07\x00\x00\x00\x00\x40": CAC_ON,
    b"\x06\x00\x00\x00\x00\x00\x00\x40": CAC_OFF,
    b"\x05\x03\x00\x00\x01\x00\x00\x00": START,
    b"\x05\x03\x00\x00\x00\x00\x00\x00": STOP,
}
_PIN_KINDS = (VALET, UNVALET, LOCK, UNLOCK)
LEAST_A = const(10)
MOST_A = const(70)
MODES = (0, 1, 3, 4)

NO_ACCESS = "No write access to CAN"
_NOT_TAKEN = "The car's bus does not take what is sent."


def kind_of(data: "Buffer") -> int:
    """The kind of a frame; 0 for one that is none of them."""
    data = bytes(data)
    kind = FRAMES.get(data, 0)
    if kind:
        return kind
    if len(data) == 3:
        if data[0] == 0x09 and data[2] < 3:
            return HOMELINK_START if not data[1] else HOMELINK_STOP if data[1] == 2 else 0
        return 0
    if len(data) != 8 or data[2] or data[3]:
        return 0
    if data[0] == 0x0B:
        digits = data[7] >> 4
        pin = (data[7] & 15) << 24 | data[6] << 16 | data[5] << 8 | data[4]
        is_pin = 1 <= digits <= 8 and pin < 10**digits
        return _PIN_KINDS[data[1]] if is_pin and data[1] < 4 else 0
    if data[0] != 0x05 or data[6] or data[7]:
        return 0
    item, value = data[1], data[4]
    if item == 0x1A:
        return TIMER_START if value < 24 and data[5] < 60 else 0
    if data[5]:
        return 0
    if item == 0x02:
        return CURRENT if LEAST_A <= value <= MOST_A else 0
    if item == 0x19:
        return MODE if value in MODES else 0
    return TIMER_MODE if item == 0x1B and value < 2 else 0


def transmit(car: "Roadster", code: int, data: "Buffer") -> None:
    """Send `data` on behalf of command `code`. ValueError, a sentence, when it may not."""
    if car.config.feature(FEATURE_CAN_WRITE) <= 0:
        raise ValueError(NO_ACCESS)
    kind = kind_of(data)
    if not kind or kind not in PERMITTED.get(code, ()):
        raise ValueError("This is none of the frames that command %d may send." % code)
    if not car.send(_ID, data):
        raise ValueError(_NOT_TAKEN)
