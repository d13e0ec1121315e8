"""The Roadster's cooldown: a charge of 13 A in range mode makes the car run its compressor.

Car facts 1.9. Loaded on demand: by command 25, and once a second while it goes on. A compressor
that the car has stopped is started again by a change of the mode. It ends when the battery is
cool, after its time, or with the charge; then mode and current are as before, and the charge is
stopped unless it ran before. All of it is in `Roadster.cooling` and kept over a restart, as a car
that was forgotten in it would charge at 13 A in range mode for ever.
"""

from micropython import const

from ovms.parameters import COOLDOWN_LIMITS
from ovms.vehicle.base import COMMAND_COOLDOWN
from ovms.vehicle.roadster import gate, touch_screen
from ovms.vehicle.roadster.touch_screen import (
    AGE_S,
    COOLING,
    CYCLES,
    FLIP_S,
    HAS_BEGUN,
    IS_RUNNING,
    LEFT_MIN,
    LIMIT_C,
    PAUSE_S,
    SECOND,
    TRIES,
    WAS_CHARGING,
    WAS_LIMIT_A,
    WAS_MODE,
)
from ovms.vehicle.state import MODE_PERFORMANCE, MODE_RANGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.roadster.car import Roadster

# What goes on: it is off, cools, is to be ended, has ended and its end is no news.
OFF = const(0)
ON = const(1)
ENDING = const(2)
QUIET = const(3)

# Cars of the USA refuse less than 12 A.
_COOLING_A = const(13)
_LIMIT_C = const(31)
_LIMIT_MIN = const(60)
# After the compressor has stopped: until range mode again, and performance mode before that.
_CYCLE_S = const(60)
_FLIP_S = const(10)
_MINUTE_S = const(60)
# A charge that has not begun by then will not; a car that does not answer is asked so often.
_BEGIN_S = const(60)
_PAUSE_S = const(10)
_TRIES = const(6)
_QUIET_S = const(30)

# The temperatures come 0.3 s apart once they are asked for.
_LOOK_MS = const(100)
_TEMPERATURE_MS = const(5000)
_FRESH_S = const(15)


def limits(text: str) -> tuple[int, int]:
    """(temperature in C, minutes) of parameter 15, `<temperature>:<minutes>`."""
    celsius, _, minutes = text.partition(":")
    limit_c = int(celsius) if celsius.isdigit() else _LIMIT_C
    limit_min = int(minutes) if minutes.isdigit() else _LIMIT_MIN
    return limit_c, max(1, min(limit_min, 600))


async def start(car: "Roadster") -> None:
    """Command 25. ValueError, a sentence, when there is nothing to cool, or the car cannot."""
    state = car.state
    cooling = car.cooling
    if state.is_on:
        raise ValueError("Cannot cool (car is on)")
    if not car.may_charge():
        raise ValueError("Cannot charge (charge port closed)")
    if not car.limit_a:
        raise ValueError("The car has not told its charge current yet.")
    limit_c, minutes = limits(car.config.get(COOLDOWN_LIMITS))
    await touch_screen.wake(car, COMMAND_COOLDOWN)
    gate.transmit(car, COMMAND_COOLDOWN, touch_screen.TEMPERATURES)
    for _ in range(_TEMPERATURE_MS // _LOOK_MS):
        battery_c = _fresh_c(state)
        if battery_c is not None:
            break
        await car.sleep_ms(_LOOK_MS)
    else:
        raise ValueError("The car does not tell how warm its battery is.")
    if battery_c <= limit_c:
        raise ValueError("The battery is at %d C and is cooled above %d C." % (battery_c, limit_c))
    if cooling[COOLING] == OFF or cooling[COOLING] == QUIET:
        for n in range(len(cooling)):
            cooling[n] = 0
        cooling[WAS_CHARGING] = 1 if state.is_charging else 0
        cooling[WAS_MODE] = state.charge_mode
        cooling[WAS_LIMIT_A] = max(gate.LEAST_A, min(car.limit_a, gate.MOST_A))
    cooling[TRIES] = 0
    cooling[LEFT_MIN] = minutes
    cooling[LIMIT_C] = limit_c
    cooling[COOLING] = ON
    car.is_cooling_busy = True
    is_begun = False
    try:
        await touch_screen.write(car, COMMAND_COOLDOWN, touch_screen.CURRENT, _COOLING_A)
        await touch_screen.write(car, COMMAND_COOLDOWN, touch_screen.MODE, MODE_RANGE)
        if not state.is_charging:
            await touch_screen.start(car, COMMAND_COOLDOWN)
        gate.transmit(car, COMMAND_COOLDOWN, touch_screen.HVAC)
        is_begun = True
    finally:
        car.is_cooling_busy = False
        if not is_begun:
            # What was set already is set back.
            cooling[COOLING] = ENDING
    _show(car)


def _fresh_c(state):
    """Of the battery, None when the car has not told it just now."""
    is_told = state.temps_age_s is not None and state.temps_age_s <= _FRESH_S
    return state.battery_temp_c if is_told else None


def _show(car):
    state = car.state
    is_cooling = car.cooling[COOLING] == ON
    state.cooling_cycles = car.cooling[CYCLES]
    state.cooling_limit_c = car.cooling[LIMIT_C]
    state.cooling_min = car.cooling[LEFT_MIN]
    if is_cooling != state.is_cooling:
        state.is_cooling = is_cooling
        state.touch()


def second(car: "Roadster") -> None:
    """Once a second while the car is heard and there is something to do."""
    cooling = car.cooling
    if car.is_cooling_busy:
        return
    cooling[AGE_S] += 1
    if cooling[PAUSE_S]:
        cooling[PAUSE_S] -= 1
    if cooling[COOLING] == QUIET:
        if not cooling[PAUSE_S]:
            cooling[COOLING] = OFF
    elif cooling[COOLING] == ENDING:
        if not cooling[PAUSE_S]:
            _spawn(car, _end)
    else:
        _cool(car, cooling)
        _show(car)


def _cool(car, cooling):
    state = car.state
    if not state.is_charging:
        # The charge has ended, by whomever, or never began.
        if cooling[HAS_BEGUN] or cooling[AGE_S] >= _BEGIN_S:
            cooling[WAS_CHARGING] = 0
            cooling[COOLING] = ENDING
        return
    cooling[HAS_BEGUN] = 1
    mode = _follow_compressor(state, cooling)
    cooling[SECOND] += 1
    if cooling[SECOND] >= _MINUTE_S:
        cooling[SECOND] = 0
        cooling[LEFT_MIN] -= 1
        battery_c = _fresh_c(state)
        is_cool = battery_c is not None and battery_c <= cooling[LIMIT_C]
        if is_cool or cooling[LEFT_MIN] <= 0:
            cooling[COOLING] = ENDING
            return
        _spawn(car, _ask)
    elif mode:
        _spawn(car, _set_performance if mode == MODE_PERFORMANCE else _set_range)
    elif car.limit_a != _COOLING_A and not cooling[PAUSE_S]:
        cooling[PAUSE_S] = _PAUSE_S
        _spawn(car, _set_current)


def _follow_compressor(state, cooling):
    """Count its cycles; the mode that is to be set now to have it run again, 0 for none."""
    if state.is_hvac_on:
        cooling[IS_RUNNING] = 1
        cooling[FLIP_S] = 0
    elif cooling[IS_RUNNING]:
        cooling[IS_RUNNING] = 0
        cooling[CYCLES] += 1
        cooling[FLIP_S] = _CYCLE_S
    elif cooling[FLIP_S]:
        cooling[FLIP_S] -= 1
        if cooling[FLIP_S] == _FLIP_S:
            return MODE_PERFORMANCE
        if not cooling[FLIP_S]:
            cooling[FLIP_S] = _CYCLE_S
            return MODE_RANGE
    return 0


def _spawn(car, function):
    car.spawn(lambda: _once(car, function))


async def _once(car, function):
    """One thing asked of the car; what it does not confirm is tried again in its turn."""
    cooling = car.cooling
    car.is_cooling_busy = True
    try:
        await function(car)
    except ValueError:
        cooling[PAUSE_S] = _PAUSE_S
        if cooling[COOLING] == ENDING:
            cooling[TRIES] += 1
            if cooling[TRIES] >= _TRIES:
                # It is not to be had: nobody could end it any more.
                cooling[COOLING] = OFF
    finally:
        car.is_cooling_busy = False


async def _ask(car):
    """The figures of compressor and battery go on to come only to who asks."""
    gate.transmit(car, COMMAND_COOLDOWN, touch_screen.HVAC)
    await car.sleep_ms(_LOOK_MS)
    gate.transmit(car, COMMAND_COOLDOWN, touch_screen.TEMPERATURES)


async def _set_current(car):
    await touch_screen.write(car, COMMAND_COOLDOWN, touch_screen.CURRENT, _COOLING_A)


async def _set_performance(car):
    await touch_screen.write(car, COMMAND_COOLDOWN, touch_screen.MODE, MODE_PERFORMANCE)


async def _set_range(car):
    await touch_screen.write(car, COMMAND_COOLDOWN, touch_screen.MODE, MODE_RANGE)


async def _end(car):
    """As it was before; what the charge did before it does again."""
    cooling = car.cooling
    _show(car)
    await touch_screen.wake(car, COMMAND_COOLDOWN)
    if car.state.is_charging and not cooling[WAS_CHARGING]:
        await touch_screen.write(car, COMMAND_COOLDOWN, touch_screen.CHARGE, 0)
    limit_a = cooling[WAS_LIMIT_A]
    await touch_screen.write(car, COMMAND_COOLDOWN, touch_screen.CURRENT, limit_a)
    await touch_screen.write(car, COMMAND_COOLDOWN, touch_screen.MODE, cooling[WAS_MODE])
    cooling[COOLING] = QUIET
    cooling[PAUSE_S] = _QUIET_S
