"""ACC, advanced charge control: charges the car by the rules of the place where it is parked.

Loaded on demand by the notifier: when the car or the settings change, every ten seconds where
something may come, and else rarely; never again where no place is set. Each step from a state to
another has a turn of its own.

States and rules are those of module-behaviour 7.2. Unlike there (car facts 1.18): Homelink is
pressed only on the way in, a start is due from its minute on and not in it alone, and mode and
current are set once. Whatever is done is one of the car's own commands, so a car that may not be
written to refuses it; that is told once. What is remembered is a list of whole numbers,
`status.acc`.
"""

from binascii import crc32

from micropython import const

from ovms.parameters import FIRST_ACC, LAST_ACC
from ovms.protocol import acc_places, place
from ovms.services import acc_work as work
from ovms.services.acc_states import (
    ARMED,
    CHARGING,
    COOLDOWN,
    DONE,
    DRIVING_IN,
    FIRST_RUN,
    FREE,
    HAS_BEGUN,
    IS_BUSY,
    LENGTH,
    OVERRIDE,
    PARKED_IN,
    PORT_OPEN,
    SETTINGS,
    SINCE_S,
    SLOT,
    START_MIN,
    STATE,
    STOP_S,
    TRIES,
    WAIT,
    WAKE_TO_CHARGE,
    WAKE_TO_WAIT,
)
from ovms.vehicle.base import COMMAND_COOLDOWN, COMMAND_HOMELINK, COMMAND_WAKE
from ovms.vehicle.state import (
    CHARGE_DONE,
    CHARGE_HEATING,
    CHARGE_STOPPED,
    SUBSTATE_INTERRUPTED,
    SUBSTATE_POWER_WAIT,
    TOPPING_OFF,
)
from ovms.vehicle.state import (
    CHARGING as CAR_CHARGES,
)

_FLOWING = (CAR_CHARGES, TOPPING_OFF, CHARGE_HEATING)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.notifier import Notifier

_NEVER_S = const(1 << 29)
_SOON_S = const(10)
_MINUTE_S = const(60)
_RARELY_S = const(600)
_DAY_MIN = const(1440)
# In the place of a rule: the user wants more than it gives.
_MORE = const(-1)
# A car needs so long to wake up, and to show that it charges.
_WAKE_S = const(10)
_BEGIN_S = const(60)
_TRIES = const(3)
# No car comes nearer in a second.
_FASTEST_MS = const(40)
# Of the limit of a charge.
_NEAR_MIN = const(2)
# A car leaves the place when it is so far outside of it.
_OUTSIDE_M = const(50)


def look(notifier: "Notifier") -> None:
    """Do what is due now, and set when to look again."""
    watched = notifier.watched
    status = notifier.status
    config = notifier.config
    acc = status.acc
    texts = [config.get(n) for n in range(FIRST_ACC, LAST_ACC + 1)]
    if not any(texts) or not work.is_able(notifier.car()):
        if acc is not None:
            work.disarm(acc, notifier.state)
            notifier.state.charge_estimate_min = None
            status.acc = None
            watched.acc_rule = 0
        watched.acc_s = _NEVER_S
        return
    if acc is None:
        acc = status.acc = [0] * LENGTH
    now_s = notifier.clock.uptime_s()
    if acc[IS_BUSY]:
        # It has itself looked after when it is done.
        watched.acc_s = now_s + _MINUTE_S
        return
    settings = crc32("\n".join(texts).encode()) & 0x3FFFFFFF
    if settings != acc[SETTINGS]:
        acc[SETTINGS] = settings
        _enter(notifier, acc, FIRST_RUN)
    before = acc[STATE]
    _step(notifier, acc, texts, now_s)
    if acc[STATE] != before:
        # What follows loads other code, so it has a turn of its own.
        watched.acc_s = now_s
        return
    if acc[STATE] != COOLDOWN:
        # Who wants the charge meanwhile has it when the battery is cool.
        watched.is_acc_asked = False
    watched.acc_s = now_s + _pause_s(notifier, acc, texts)


def _found(texts, where):
    """(number, Place) of the first enabled place that `where` is in, (0, None) for none."""
    for n in range(len(texts)):
        if texts[n]:
            there = acc_places.read(texts[n])
            if there.is_enabled and there.is_at(where[0], where[1]):
                return n + 1, there
    return 0, None


def _pause_s(notifier, acc, texts):
    """Until the next look: each may load all of this anew, so none is in vain."""
    number = acc[STATE]
    state = notifier.state
    if number == FREE and state.is_on:
        return max(_SOON_S, min(_RARELY_S, _away_m(texts, state) // _FASTEST_MS))
    if number == CHARGING and acc[HAS_BEGUN] and not acc[TRIES]:
        return _MINUTE_S if _is_far_from_limit(state, acc) else _SOON_S
    if state.is_on or number in (FIRST_RUN, COOLDOWN, CHARGING, OVERRIDE):
        return _SOON_S
    if number in (WAKE_TO_CHARGE, WAKE_TO_WAIT):
        return _WAKE_S
    if number == WAIT:
        return _SOON_S if notifier.state.is_charging else _MINUTE_S
    # What ends these is a change of the car.
    return _RARELY_S


def _away_m(texts, state):
    """How far it is to the nearest place; 0 where that is not known."""
    where = place.here(state)
    if where is None:
        return 0
    squares = []
    for text in texts:
        if text:
            there = acc_places.read(text)
            squares.append(place.square_m2(*where, there.latitude_udeg, there.longitude_udeg))
    return int(min(squares) ** 0.5)


def _is_far_from_limit(state, acc):
    """Whether the charge goes on for some minutes yet, as far as the car can tell."""
    minutes = [
        limit for limit in (state.soc_limit_min, state.range_limit_min) if limit is not None
    ]
    return min(minutes) > _NEAR_MIN if minutes else not acc[ARMED]


def _rule(there):
    """When a place's charge begins, as a number above 0."""
    return 1 + there.when * _DAY_MIN + there.minute


def _enter(notifier, acc, number, there=None):
    """there: the Place whose rule a charge goes by, of CHARGING alone."""
    acc[STATE] = number
    if number == OVERRIDE:
        notifier.watched.acc_rule = _MORE
    elif number != FIRST_RUN:
        # Who sets a limit, or a restart, does not end the charge that goes on.
        notifier.watched.acc_rule = _rule(there) if there else 0
    acc[SINCE_S] = notifier.clock.uptime_s()
    acc[TRIES] = acc[HAS_BEGUN] = acc[STOP_S] = 0
    if number not in (WAIT, WAKE_TO_CHARGE, CHARGING):
        acc[START_MIN] = 0
    if number != CHARGING:
        work.disarm(acc, notifier.state)
    if number in (FIRST_RUN, FREE, DRIVING_IN, PARKED_IN, DONE):
        notifier.state.charge_estimate_min = None


def _step(notifier, acc, texts, now_s):
    number = acc[STATE]
    state = notifier.state
    if number in (FIRST_RUN, FREE):
        _arrive(notifier, acc, texts)
        return
    there = acc_places.read(texts[acc[SLOT] - 1])
    if number == DRIVING_IN:
        if not state.is_on:
            _enter(notifier, acc, PARKED_IN)
            return
        where = place.here(state)
        if where and not there.is_at(where[0], where[1], there.radius_m // 4 + _OUTSIDE_M):
            acc[SLOT] = 0
            _enter(notifier, acc, FREE)
        return
    if state.is_on:
        _enter(notifier, acc, DRIVING_IN)
        return
    is_plugged = state.is_charge_port_open and state.charge_substate != SUBSTATE_POWER_WAIT
    if number == PARKED_IN:
        if notifier.watched.is_acc_asked:
            _enter(notifier, acc, OVERRIDE)
        elif is_plugged:
            _enter(notifier, acc, PORT_OPEN)
        return
    is_new = now_s - acc[SINCE_S] < _BEGIN_S
    if not state.is_charge_port_open and not (number == OVERRIDE and is_new):
        _enter(notifier, acc, PARKED_IN)
    elif number == PORT_OPEN:
        _decide(notifier, acc, there)
    elif number == COOLDOWN:
        _cool(notifier, acc, there)
    elif number == WAIT:
        _wait(notifier, acc, there)
    elif number in (WAKE_TO_CHARGE, WAKE_TO_WAIT):
        if now_s - acc[SINCE_S] >= _WAKE_S:
            if number == WAKE_TO_CHARGE:
                _enter(notifier, acc, CHARGING, there)
                work.begin(notifier, acc, there)
            else:
                _enter(notifier, acc, WAIT)
    elif number == CHARGING:
        _charge(notifier, acc, there, is_new)
    elif number == DONE:
        if notifier.watched.is_acc_asked:
            _enter(notifier, acc, OVERRIDE)
        elif state.is_charging:
            # The car went on by itself, or somebody at it did that: the limits hold all the same.
            is_over = work.is_at_limit(state, there)
            if is_over:
                _enter(notifier, acc, OVERRIDE)
            else:
                _enter(notifier, acc, CHARGING, there)
                work.arm(acc, state, there)
    elif not state.is_charging and not is_new:
        # OVERRIDE
        _enter(notifier, acc, DONE)


def _arrive(notifier, acc, texts):
    """FIRST_RUN and FREE: is the car at one of the places?"""
    state = notifier.state
    where = place.here(state)
    if where is None:
        return
    is_first = acc[STATE] == FIRST_RUN
    if is_first and not state.is_charging and state.charge_state in _FLOWING:
        # It charged before the module started anew, and has not said yet whether it still does.
        return
    acc[SLOT], there = _found(texts, where)
    if there is None:
        if is_first:
            _enter(notifier, acc, FREE)
    elif state.is_on:
        _enter(notifier, acc, DRIVING_IN)
        if there.homelink and not is_first and work.knows(notifier.car(), COMMAND_HOMELINK):
            work.do(notifier, acc, ((COMMAND_HOMELINK, str(there.homelink - 1)),), "Homelink")
    elif not is_first or not state.is_charge_port_open:
        _enter(notifier, acc, PARKED_IN)
    elif state.is_cooling:
        _enter(notifier, acc, COOLDOWN)
    elif (
        state.is_charging and notifier.watched.acc_rule == _MORE and work.is_at_limit(state, there)
    ):
        _enter(notifier, acc, OVERRIDE)
    elif state.is_charging and (
        there.when in (acc_places.NEVER, acc_places.PLUGGED)
        or notifier.watched.acc_rule in (_MORE, _rule(there))
    ):
        # It does already what it should.
        _enter(notifier, acc, CHARGING, there)
        work.arm(acc, state, there)
        work.estimate(notifier, acc, there)
    elif not state.is_charging and (
        state.charge_state == CHARGE_DONE
        or (there.when == acc_places.PLUGGED and _is_stopped(state))
    ):
        _enter(notifier, acc, DONE)
    else:
        _enter(notifier, acc, PARKED_IN)


def _is_stopped(state):
    """Whether somebody has ended the charge: at plug-in is over then."""
    is_stopped = state.charge_state == CHARGE_STOPPED
    return is_stopped and state.charge_substate != SUBSTATE_INTERRUPTED


def _decide(notifier, acc, there):
    """The car was plugged in."""
    if there.has_cooldown and work.knows(notifier.car(), COMMAND_COOLDOWN):
        _enter(notifier, acc, COOLDOWN)
        # One that is cool enough says so, and goes on.
        work.do(notifier, acc, ((COMMAND_COOLDOWN, ""),), "")
        return
    _go_on(notifier, acc, there, False)


def _go_on(notifier, acc, there, was_cooled):
    """Charge, wait or leave it, as the rule says."""
    state = notifier.state
    if there.when == acc_places.NEVER:
        if state.is_charging and not was_cooled:
            _enter(notifier, acc, CHARGING, there)
            work.arm(acc, state, there)
        else:
            _enter(notifier, acc, DONE)
            if state.is_charging:
                work.stop(notifier, acc)
        return
    minutes = work.estimate(notifier, acc, there)
    if work.is_at_limit(state, there) or (minutes == 0 and there.when == acc_places.BY):
        # There is nothing to do.
        _enter(notifier, acc, DONE)
        if state.is_charging:
            work.stop(notifier, acc)
        return
    if there.when == acc_places.PLUGGED:
        _enter(notifier, acc, WAKE_TO_CHARGE)
    else:
        _enter(notifier, acc, WAKE_TO_WAIT if was_cooled else WAIT)
        if acc[STATE] == WAIT:
            return
    work.do(notifier, acc, ((COMMAND_WAKE, ""),), "")


def _cool(notifier, acc, there):
    """Until the battery is cool, or the car did not want to cool it."""
    if notifier.state.is_cooling:
        return
    if not notifier.watched.is_acc_asked:
        _go_on(notifier, acc, there, acc[TRIES] == 0)
    elif work.is_at_limit(notifier.state, there):
        _enter(notifier, acc, OVERRIDE)
    else:
        _enter(notifier, acc, CHARGING, there)
        work.begin(notifier, acc, there)


def _wait(notifier, acc, there):
    """Until it is time; what begins to charge meanwhile is stopped, unless the user began it."""
    state = notifier.state
    if state.is_cooling:
        _enter(notifier, acc, COOLDOWN)
        return
    utc_s = notifier.clock.utc_s()
    if not acc[START_MIN]:
        work.plan(notifier, acc, there, state.charge_estimate_min)
    if notifier.watched.is_acc_asked:
        _enter(notifier, acc, CHARGING, there)
        work.begin(notifier, acc, there)
    elif acc[START_MIN] and utc_s is not None and utc_s // 60 >= acc[START_MIN]:
        _enter(notifier, acc, WAKE_TO_CHARGE)
        work.do(notifier, acc, ((COMMAND_WAKE, ""),), "")
    elif state.is_charging and acc[TRIES] < _TRIES:
        work.stop(notifier, acc)


def _charge(notifier, acc, there, is_new):
    state = notifier.state
    if state.is_charging:
        acc[HAS_BEGUN] = 1
        if work.is_at_limit(state, there) and acc[TRIES] < _TRIES:
            work.stop(notifier, acc)
    elif work.is_at_limit(state, there):
        # A car that has the same limit tells of its end itself.
        if acc[HAS_BEGUN] and state.charge_state != CHARGE_DONE:
            soc_pct = (state.soc_pct100 or 0) // 100
            text = "ACC #%d: charge ended at its limit (%d%% SOC)" % (acc[SLOT], soc_pct)
            notifier.notify("I", text)
        _enter(notifier, acc, DONE)
    elif acc[HAS_BEGUN] or acc[TRIES] >= _TRIES:
        if not is_new or acc[TRIES]:
            _enter(notifier, acc, DONE)
    elif acc[TRIES]:
        work.begin(notifier, acc, there)
    elif not is_new:
        work.tell(notifier, acc, "the car was told to charge, and does not")
        _enter(notifier, acc, DONE)
