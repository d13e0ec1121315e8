"""What ACC reckons and has the car do; the states are in `acc.py`. Loaded on demand."""

from micropython import const

from ovms.parameters import TIMEZONE
from ovms.protocol import acc_places
from ovms.services.acc_states import (
    ARMED,
    DRIVING_IN,
    IS_BUSY,
    LAST_MIN,
    LAST_MODE,
    OLD_KM,
    OLD_PCT,
    SLOT,
    START_MIN,
    STATE,
    STOP_S,
    TRIES,
)
from ovms.vehicle.base import (
    COMMAND_CHARGE_CURRENT,
    COMMAND_CHARGE_MODE,
    COMMAND_START_CHARGE,
    COMMAND_STOP_CHARGE,
    OK,
    UNSUPPORTED,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovms.contracts import Vehicle, VehicleState
    from ovms.protocol.acc_places import Place
    from ovms.services.notifier import Notifier

_SOON_S = const(10)
_TRIES = const(3)
_DAY_MIN = const(1440)
# What a plug is taken to give (module-behaviour 7.2).
_LINE_V = const(220)
_AWAKE_S = const(60)


def is_able(car: "Vehicle") -> bool:
    """Whether ACC can do anything with the car: it starts and stops a charge when told to."""
    return knows(car, COMMAND_START_CHARGE) and knows(car, COMMAND_STOP_CHARGE)


def knows(car: "Vehicle", code: int) -> bool:
    """Whether the car has the command, by its list of capabilities."""
    for word in car.CAPABILITIES.split(","):
        first, _, last = word[1:].partition("-")
        if first and int(first) <= code <= int(last or first):
            return True
    return False


def plan(notifier: "Notifier", acc: list[int], there: "Place", minutes: int | None) -> None:
    """Reckon when the charge begins; the clock may not know the time yet."""
    utc_s = notifier.clock.utc_s()
    if utc_s is None:
        return
    from ovms.services.local_time import local_s

    now_min = utc_s // 60
    local_min = local_s(utc_s, notifier.config.get(TIMEZONE)) // 60
    until_min = (there.minute - local_min) % _DAY_MIN
    if there.when == acc_places.AT:
        acc[START_MIN] = now_min + until_min
        return
    until_min = until_min or _DAY_MIN
    if minutes is None:
        minutes = until_min
        tell(notifier, acc, "how long a charge takes is not known: it begins now")
    elif minutes > until_min:
        tell(
            notifier,
            acc,
            "the charge takes %d:%02d and will not be done by %02d:%02d: it begins now"
            % (minutes // 60, minutes % 60, there.minute // 60, there.minute % 60),
        )
    acc[START_MIN] = now_min + max(0, until_min - minutes)


def begin(notifier: "Notifier", acc: list[int], there: "Place") -> None:
    """CHARGING begins: mode and current as the rule has them, then the charge."""
    state = notifier.state
    car = notifier.car()
    arm(acc, state, there)
    if is_at_limit(state, there):
        return
    commands = []
    if state.charge_mode != there.mode and knows(car, COMMAND_CHARGE_MODE):
        commands.append((COMMAND_CHARGE_MODE, str(there.mode)))
    is_other = there.limit_a and there.limit_a != state.charge_limit_a
    if is_other and knows(car, COMMAND_CHARGE_CURRENT):
        commands.append((COMMAND_CHARGE_CURRENT, str(there.limit_a)))
    if not state.is_charging:
        commands.append((COMMAND_START_CHARGE, ""))
    if commands:
        do(notifier, acc, commands, "the charge was not started")


def is_at_limit(state: "VehicleState", there: "Place") -> bool:
    """Whether the car has what the rule allows; limits stop exactly on the limit."""
    is_full = there.stop_pct and (state.soc_pct100 or 0) >= there.stop_pct * 100
    stop_km = there.stop_km()
    return bool(is_full or (stop_km and (state.ideal_range_km or 0) >= stop_km))


def arm(acc: list[int], state: "VehicleState", there: "Place") -> None:
    """Show the limits, so that users and apps see where the charge ends."""
    if not acc[ARMED] and (there.stop_pct or there.stop_range):
        acc[ARMED] = 1
        acc[OLD_PCT] = state.soc_limit_pct
        acc[OLD_KM] = state.range_limit_km
        state.soc_limit_pct = there.stop_pct
        state.range_limit_km = there.stop_km()


def disarm(acc: list[int], state: "VehicleState") -> None:
    if acc[ARMED]:
        acc[ARMED] = 0
        state.soc_limit_pct = acc[OLD_PCT]
        state.range_limit_km = acc[OLD_KM]


def estimate(notifier: "Notifier", acc: list[int], there: "Place") -> int | None:
    """Minutes that the whole charge takes; None where the car cannot tell."""
    state = notifier.state
    predict = notifier.car().charge_prediction()
    soc_pct100 = state.soc_pct100
    state.charge_estimate_min = None
    if predict is None or soc_pct100 is None:
        return None
    end_pct100 = there.stop_pct * 100 or None
    stop_km = there.stop_km()
    if stop_km and state.ideal_range_km:
        # As far as the range grows with the SOC, which it does nearly everywhere.
        by_range = min(10_000, soc_pct100 * stop_km // state.ideal_range_km)
        end_pct100 = min(by_range, end_pct100 or 10_000)
    watts = _LINE_V * (there.limit_a or state.charge_limit_a)
    minutes = predict(notifier.car(), soc_pct100, end_pct100, watts or None, there.mode)[1]
    acc[LAST_MODE : LAST_MIN + 1] = [
        there.mode,
        watts,
        stop_km,
        there.stop_pct,
        state.ideal_range_km or 0,
        state.cac_ah100 or 0,
        acc[SLOT],
        -1 if minutes is None else minutes,
    ]
    state.charge_estimate_min = minutes
    return minutes


def stop(notifier: "Notifier", acc: list[int]) -> None:
    now_s = notifier.clock.uptime_s()
    if now_s < acc[STOP_S]:
        # It takes a moment until the car shows that it did.
        return
    acc[STOP_S] = now_s + _SOON_S
    # What ends by our doing is no interruption.
    notifier.on_charge_request(False)
    do(notifier, acc, ((COMMAND_STOP_CHARGE, ""),), "the charge was not stopped")


def tell(notifier: "Notifier", acc: list[int], text: str) -> None:
    notifier.notify("A", "ACC #%d: %s" % (acc[SLOT], text))


def do(
    notifier: "Notifier", acc: list[int], commands: "Sequence[tuple[int, str]]", failure: str
) -> None:
    """Have the car carry out (code, arguments) one after the other, and look again then.

    failure: what is told when it does not want to, time and again; "" for nothing.
    """
    car = notifier.car()
    status = notifier.status
    status.awake_until_s = max(status.awake_until_s, notifier.clock.uptime_s() + _AWAKE_S)
    acc[IS_BUSY] = 1
    is_begun = False
    try:
        car.spawn(lambda: _carry_out(notifier, acc, car, commands, failure))
        is_begun = True
    finally:
        if not is_begun:
            # For want of memory: as what the car did not do.
            acc[IS_BUSY] = 0
            acc[TRIES] += 1


async def _carry_out(notifier, acc, car, commands, failure):
    # Once more, where it is called again for want of memory.
    acc[IS_BUSY] = 1
    result = None
    text = ""
    try:
        for code, arguments in commands:
            done = await car.command(code, arguments) or (UNSUPPORTED, "")
            if done[0] != OK:
                result, text = done[:2]
                break
        else:
            result = OK
    except (OSError, ValueError) as error:
        result = -1
        text = str(error)
    finally:
        acc[IS_BUSY] = 0
        if result is None:
            # As in `do`.
            acc[TRIES] += 1
        notifier.watched.acc_s = 0
    if result == OK:
        return
    acc[TRIES] += 1
    if failure and (acc[TRIES] == _TRIES or acc[STATE] == DRIVING_IN):
        tell(notifier, acc, "%s: %s" % (failure, text or "the car does not say why."))
    if acc[TRIES] < _TRIES:
        notifier.watched.acc_s = notifier.clock.uptime_s() + _SOON_S
