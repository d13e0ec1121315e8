"""Commands 10 to 25 on the Roadster, by playing its touch screen: car facts 1.4, 1.5, 1.10, 1.17.

A command has succeeded when the car says so: it echoes each parameter that it takes (100 06), and
its lock and its valet mode are seen. What the car never confirms (waking, Homelink) is only sent.
Loaded on demand.
"""

from micropython import const

from ovms.parameters import FEATURE_CAN_WRITE
from ovms.vehicle.base import (
    COMMAND_CHARGE_CURRENT,
    COMMAND_CHARGE_MODE,
    COMMAND_CHARGE_TIMER,
    COMMAND_COOLDOWN,
    COMMAND_HOMELINK,
    COMMAND_LOCK,
    COMMAND_MODE_AND_CURRENT,
    COMMAND_START_CHARGE,
    COMMAND_STOP_CHARGE,
    COMMAND_UNLOCK,
    COMMAND_UNVALET,
    COMMAND_VALET,
    COMMAND_WAKE,
    COMMAND_WAKE_TEMPERATURES,
    FAILED,
    OK,
)
from ovms.vehicle.roadster import gate, touch_screen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import CommandResult
    from ovms.vehicle.roadster.car import Roadster

_FEATURE = const(10)
_LOCK_WHILE_ON = const(1)

# How often is looked for the answer, and for how long: a lock took up to 2 s.
_LOOK_MS = const(50)
_LOCK_MS = const(2500)
_HOMELINK_MS = const(1000)
# The switches come once a second.
_FRESH_S = const(3)
_HEARD_MS = const(10_000)

# Start once more if no charge has begun after this long.
_START_AGAIN_S = const(10)

_SYNTAX = "Invalid syntax"
_RANGE = "Parameter out of range"
_NO_CAR = "Nothing is heard of the car."
# By command: what the second byte of the frame is.
_KEYS = {COMMAND_LOCK: 2, COMMAND_UNLOCK: 3, COMMAND_VALET: 0, COMMAND_UNVALET: 1}


async def command(car: "Roadster", code: int, arguments: str) -> "CommandResult":
    """Carry out a protocol command as `Vehicle.command` says."""
    is_between = COMMAND_STOP_CHARGE < code < COMMAND_CHARGE_CURRENT
    if is_between or not COMMAND_CHARGE_MODE <= code <= COMMAND_COOLDOWN:
        return None
    if car.config.feature(FEATURE_CAN_WRITE) <= 0:
        return FAILED, gate.NO_ACCESS
    if car.state.told_age_s is None or car.silent_ms >= _HEARD_MS:
        return FAILED, _NO_CAR
    try:
        if code in _KEYS:
            await _turn_key(car, code, arguments)
        elif code == COMMAND_HOMELINK:
            await _homelink(car, arguments)
        elif code in (COMMAND_WAKE, COMMAND_WAKE_TEMPERATURES):
            await touch_screen.wake(car, code)
            gate.transmit(car, code, touch_screen.TEMPERATURES)
        elif code in (COMMAND_START_CHARGE, COMMAND_STOP_CHARGE):
            await _charge(car, code)
        elif code == COMMAND_COOLDOWN:
            from ovms.vehicle.roadster import cooldown

            await cooldown.start(car)
        elif 0 < car.cooling[0] < 3 and code != COMMAND_CHARGE_TIMER:
            raise ValueError("Not while the battery is cooled: CHARGESTOP ends that.")
        else:
            await _set(car, code, arguments)
    except ValueError as error:
        return FAILED, str(error)
    car.state.touch()
    return OK, ""


async def _charge(car, code):
    if code == COMMAND_STOP_CHARGE:
        car.start_again_s = 0
        if not car.state.is_charging:
            raise ValueError("Cannot stop charge (charge not in progress)")
        await touch_screen.wake(car, code)
        await touch_screen.write(car, code, touch_screen.CHARGE, 0)
        return
    if not car.may_charge():
        raise ValueError("Cannot charge (charge port closed)")
    if 0 < car.cooling[0] < 3 and car.state.is_charging:
        # When the battery is cool the charge goes on.
        car.cooling[touch_screen.WAS_CHARGING] = 1
        return
    await touch_screen.start(car, code)
    car.start_again_s = _START_AGAIN_S


def _number(word, most):
    """int of decimal digits up to `most`. ValueError with what the guide calls it."""
    if not 0 < len(word) < 5:
        raise ValueError(_SYNTAX)
    for letter in word:
        if not "0" <= letter <= "9":
            raise ValueError(_SYNTAX)
    if int(word) > most:
        raise ValueError(_RANGE)
    return int(word)


async def _set(car, code, arguments):
    """Mode, current, both, or the timer: all is looked at before anything is sent."""
    words = [word.strip() for word in arguments.split(",")]
    if code == COMMAND_CHARGE_TIMER:
        await _set_timer(car, words)
        return
    if len(words) != (2 if code == COMMAND_MODE_AND_CURRENT else 1):
        raise ValueError(_SYNTAX)
    mode = amps = None
    if code != COMMAND_CHARGE_CURRENT:
        mode = _number(words[0], 9999)
        if mode not in gate.MODES:
            raise ValueError(_RANGE)
    if code != COMMAND_CHARGE_MODE:
        amps = _number(words[-1], gate.MOST_A)
        if amps < gate.LEAST_A:
            raise ValueError(_RANGE)
    await touch_screen.wake(car, code)
    if mode is not None:
        await touch_screen.write(car, code, touch_screen.MODE, mode)
    if amps is not None:
        await touch_screen.write(car, code, touch_screen.CURRENT, amps)


async def _set_timer(car, words):
    """Mode; with 1 also the start in UTC, as minute of the day or as hour and minute.

    How the car writes the start is not sure (car facts 1.11): hour and minute, which its echo must
    repeat.
    """
    if len(words) > 3:
        raise ValueError(_SYNTAX)
    mode = _number(words[0], 1)
    start_min = None
    if len(words) == 3:
        start_min = _number(words[1], 23) * 60 + _number(words[2], 59)
    elif len(words) == 2:
        start_min = _number(words[1], 1439)
    await touch_screen.wake(car, COMMAND_CHARGE_TIMER)
    await touch_screen.write(car, COMMAND_CHARGE_TIMER, touch_screen.TIMER_MODE, mode)
    if mode and start_min is not None:
        hour, minute = divmod(start_min, 60)
        await touch_screen.write(car, COMMAND_CHARGE_TIMER, touch_screen.TIMER_START, hour, minute)


def _key_frame(code, pin):
    """PIN as a number of 28 bits and how many digits it has. ValueError for what is no PIN."""
    if not pin:
        raise ValueError("PIN missing")
    if len(pin) > 8:
        raise ValueError("A PIN has 1 to 8 digits.")
    for letter in pin:
        if not "0" <= letter <= "9":
            raise ValueError("A PIN has 1 to 8 digits.")
    number = int(pin)
    data = bytearray(8)
    data[0] = 0x0B
    data[1] = _KEYS[code]
    data[4] = number & 255
    data[5] = number >> 8 & 255
    data[6] = number >> 16 & 255
    data[7] = len(pin) << 4 | number >> 24
    return data


def _is_done(state, code):
    if code in (COMMAND_LOCK, COMMAND_UNLOCK):
        return state.is_locked == (code == COMMAND_LOCK)
    return state.is_valet == (code == COMMAND_VALET)


async def _turn_key(car, code, pin):
    """Locks and valet mode. To a wrong PIN the car says nothing at all."""
    data = _key_frame(code, pin.strip())
    state = car.state
    if car.switches_age_s > _FRESH_S:
        raise ValueError(_NO_CAR)
    if code == COMMAND_LOCK:
        if not state.is_handbrake_on:
            raise ValueError("Cannot lock (handbrake is off)")
        if state.is_on and not car.config.feature(_FEATURE) & _LOCK_WHILE_ON:
            raise ValueError("Cannot lock (car is on)")
    elif state.speed_kmh10:
        raise ValueError("Not while the car moves.")
    await touch_screen.wake(car, code)
    gate.transmit(car, code, data)
    for _ in range(_LOCK_MS // _LOOK_MS):
        await car.sleep_ms(_LOOK_MS)
        if _is_done(state, code):
            return
    raise ValueError("The car did not do it: is the PIN right?")


async def _homelink(car, arguments):
    """Press a button for a second, as the screen does; the radio stops by itself, too."""
    number = _number(arguments.strip() or "0", 2)
    await touch_screen.wake(car, COMMAND_HOMELINK)
    stop = bytes((0x09, 0x02, number))
    gate.transmit(car, COMMAND_HOMELINK, stop)
    await car.sleep_ms(_LOOK_MS)
    gate.transmit(car, COMMAND_HOMELINK, bytes((0x09, 0x00, number)))
    await car.sleep_ms(_HOMELINK_MS)
    gate.transmit(car, COMMAND_HOMELINK, stop)
