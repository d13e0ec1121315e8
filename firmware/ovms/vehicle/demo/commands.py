"""What an app can do with the demonstration car.

Commands and texts: protocol guide 2.6.2 and module-behaviour 4.9; shorter forms that some clients
send: server-and-clients 4.4. The car's PIN is 1234. Feature 10: bit 0 lets it be locked while it
is on, bit 1 lets it be locked and unlocked without any PIN.
"""

from micropython import const

from ovms.vehicle.base import (
    COMMAND_CHARGE_CURRENT,
    COMMAND_CHARGE_MODE,
    COMMAND_CHARGE_TIMER,
    COMMAND_CLIMATE,
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
from ovms.vehicle.demo import phases
from ovms.vehicle.demo.car import DRIVING, PLUGGED_IN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.demo.car import Demo

_PIN = "1234"
_FEATURE = const(10)
_LOCK_WHILE_ON = const(1)
_NO_PIN = const(2)

_AWAKE_S = const(60)
_COOLDOWN_S = const(600)

_SYNTAX = "Invalid syntax"
_RANGE = "Parameter out of range"


def command(car: "Demo", code: int, arguments: str) -> tuple[int, str] | None:
    """Carry out a protocol command as `Vehicle.command` says."""
    is_between = COMMAND_STOP_CHARGE < code < COMMAND_CHARGE_CURRENT
    if is_between or not COMMAND_CHARGE_MODE <= code <= COMMAND_CLIMATE:
        return None
    state = car.state
    if code in (COMMAND_LOCK, COMMAND_VALET, COMMAND_UNLOCK, COMMAND_UNVALET):
        text = _turn_key(car, code, arguments)
    elif code == COMMAND_START_CHARGE:
        text = _start(car)
    elif code == COMMAND_STOP_CHARGE:
        text = _stop(car)
    elif code == COMMAND_WAKE:
        text = _awake(car)
    elif code == COMMAND_WAKE_TEMPERATURES:
        text = _awake(car)
        state.temps_age_s = state.ambient_age_s = 0
    elif code == COMMAND_COOLDOWN:
        state.is_cooling = True
        car.cooling_s = _COOLDOWN_S
        state.cooling_cycles = 1
        state.cooling_limit_c = phases.AMBIENT_C
        state.cooling_min = _COOLDOWN_S // 60
        text = _awake(car)
    else:
        text = _set(car, code, arguments)
    if text:
        return FAILED, text
    state.touch()
    return OK, ""


def _set(car, code, arguments):
    """Commands with numbers; "" or what is wrong with them."""
    numbers = []
    for word in arguments.split(","):
        if not (0 < len(word) < 6 and word.isdigit()):
            if code == COMMAND_CHARGE_TIMER and len(numbers) > 1:
                # Its third argument is not everybody's.
                break
            return _SYNTAX
        numbers.append(int(word))
    first = numbers[0]
    second = numbers[1] if len(numbers) > 1 else None
    state = car.state
    if code == COMMAND_HOMELINK:
        return "" if first < 3 else _RANGE
    if code == COMMAND_CLIMATE:
        if first > 1:
            return _RANGE
        state.is_hvac_on = first == 1
        return _awake(car)
    if code == COMMAND_CHARGE_TIMER:
        return _set_timer(state, numbers)
    if code == COMMAND_MODE_AND_CURRENT and second is None and 50 <= first <= 100:
        # A single number is a charge limit in percent.
        state.soc_limit_pct = first
        return ""
    if code == COMMAND_MODE_AND_CURRENT and second is None:
        return _SYNTAX
    current_a = (
        first
        if code == COMMAND_CHARGE_CURRENT
        else second
        if code == COMMAND_MODE_AND_CURRENT
        else None
    )
    if current_a is not None and not 6 <= current_a <= 32:
        return _RANGE
    if code != COMMAND_CHARGE_CURRENT:
        if first not in (0, 1, 3, 4):
            return _RANGE
        state.charge_mode = first
    if current_a is not None:
        state.charge_limit_a = current_a
        if state.is_charging:
            state.charge_a10 = current_a * 10
    return ""


def _set_timer(state, numbers):
    """Mode and minute as the guide counts it, or mode, hour and minute."""
    mode = numbers[0]
    start_min = state.timer_start_min
    # Behind what can be no hour of the day, a third one is extra.
    if len(numbers) > 2 and numbers[1] <= 24:
        if numbers[1] == 24 or numbers[2] > 59:
            return _RANGE
        start_min = (numbers[1] * 60 + numbers[2] - 1) % 1440
    elif len(numbers) > 1:
        start_min = numbers[1]
    if mode > 1 or start_min > 1439:
        return _RANGE
    state.timer_mode = mode
    state.timer_start_min = start_min
    return ""


def _start(car):
    if car.phase == DRIVING:
        return "Cannot charge (charge port closed)"
    if car.phase == PLUGGED_IN:
        if not (car.state.is_charging or car.state.is_exporting):
            phases.flow_now(car)
    else:
        # Somebody is there to plug it in: nobody else would try this car's charge port.
        phases.plug_in(car)
    return ""


def _stop(car):
    if not phases.stop_on_request(car):
        return "Cannot stop charge (charge not in progress)"
    return ""


def _awake(car):
    car.state.is_awake = True
    car.awake_s = _AWAKE_S
    return ""


def _turn_key(car, code, pin):
    state = car.state
    bits = car.config.feature(_FEATURE)
    if pin != _PIN and (pin or not bits & _NO_PIN):
        return "Wrong PIN" if pin else "PIN missing"
    if code == COMMAND_LOCK:
        if state.is_on and not bits & _LOCK_WHILE_ON:
            return "Cannot lock (car is on)"
        state.is_locked = True
    elif code == COMMAND_UNLOCK:
        state.is_locked = False
    else:
        state.is_valet = code == COMMAND_VALET
    return ""
