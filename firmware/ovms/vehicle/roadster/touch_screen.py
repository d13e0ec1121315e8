"""What the Roadster's touch screen asks of the car, and how the car confirms it.

Source: car facts 1.4, 1.5. Loaded on demand. Also what stands where in `Roadster.cooling`.
"""

from micropython import const

from ovms.vehicle.roadster import gate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.roadster.car import Roadster

CURRENT = const(0x02)
CHARGE = const(0x03)
MODE = const(0x19)
TIMER_START = const(0x1A)
TIMER_MODE = const(0x1B)

TEMPERATURES = b"\x06\x2c\x01\x00\x00\x09\x10\x00"
HVAC = b"\x06\xd0\x07\x00\x00\x80\x00\x08"

# Of the cooldown: what goes on, 0 nothing, see `cooldown.py`; what was before (charging, mode, A);
# minutes left and temperature to reach; cycles of the compressor, whether it runs, seconds until
# it is helped; seconds of the minute, of all of it, and until the next try; whether the charge was
# seen; how often the car did not answer at the end.
COOLING = const(0)
WAS_CHARGING = const(1)
WAS_MODE = const(2)
WAS_LIMIT_A = const(3)
LEFT_MIN = const(4)
LIMIT_C = const(5)
CYCLES = const(6)
IS_RUNNING = const(7)
FLIP_S = const(8)
SECOND = const(9)
AGE_S = const(10)
PAUSE_S = const(11)
HAS_BEGUN = const(12)
TRIES = const(13)

# Between waking and asking; how often is looked for the answer, and for how long: an echo took up
# to 255 ms of a sleepy car.
_WAKE_MS = const(150)
_LOOK_MS = const(50)
_ECHO_MS = const(1000)
_NO_ECHO = "The car does not confirm it."


async def wake(car: "Roadster", code: int) -> None:
    """Wake the car up on behalf of command `code`."""
    gate.transmit(car, code, b"\x0a")
    await car.sleep_ms(_WAKE_MS)


async def write(car: "Roadster", code: int, item: int, low: int, high: int = 0) -> None:
    """Set one parameter of the car and wait for its echo. ValueError without one."""
    data = bytearray(8)
    data[0] = 0x05
    data[1] = item
    data[4] = low
    data[5] = high
    car.echo_item = -1
    gate.transmit(car, code, data)
    for _ in range(_ECHO_MS // _LOOK_MS):
        if car.echo_item == item and car.echo_value == low | high << 8:
            return
        await car.sleep_ms(_LOOK_MS)
    raise ValueError(_NO_ECHO)


async def start(car: "Roadster", code: int) -> None:
    """Start a charge."""
    await wake(car, code)
    await write(car, code, CHARGE, 1)
    # Without it a sleeping car can hang at "connect the cable" (car facts 1.19, no. 19).
    await wake(car, code)
