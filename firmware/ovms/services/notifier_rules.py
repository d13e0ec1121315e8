"""What the module itself notices about the car, once a minute: an overlay.

Minimum SOC, low SOC, car left on, 12 V battery: module-behaviour 6.2 and 6.3.
"""

from micropython import const

from ovms.parameters import FEATURE_MINIMUM_SOC
from ovms.services.notifier import LEFT_ON_MIN, LOW_SOC_MIN, MINIMUM_TOLD
from ovms.vehicle.base import EVENT_MINIMUM_SOC

_REARM_PCT = const(2)
_LOW_SOC_PCT = const(5)
# Minutes from falling below the limit to the first alert, and from one to the next.
_LOW_SOC_FIRST_MIN = const(60)
_LOW_SOC_NEXT_MIN = const(720)
_LEFT_ON_FIRST_MIN = const(15)
_LEFT_ON_NEXT_MIN = const(60)
_SUPPLY_LOW = const(1)


def minute(memory, state, config, car):
    """Texts and events to notify: a list of (item, whether it ignores parameter 3).

    memory: the notifier's. Sets `state.supply_reference_mv`.
    """
    found = []
    if _is_below_minimum(memory, state, config):
        found.append((EVENT_MINIMUM_SOC, False))
    if _is_low(memory, state):
        from ovms.services import notifier_texts

        found.append((notifier_texts.low_soc(state), True))
    if _is_left_on(memory, state):
        from ovms.services import notifier_texts

        found.append((notifier_texts.left_on(), False))
    is_in_use = state.is_on or state.is_awake
    reference10 = memory[1]
    from ovms.services import supply_monitor

    change = supply_monitor.step(memory, state.supply_mv, is_in_use, state.is_12v_charging)
    state.supply_reference_mv = supply_monitor.reference_mv(memory)
    # Without a car there is no battery to look after.
    if change and car.TYPE != "NONE":
        is_low = change == _SUPPLY_LOW
        from ovms.services import notifier_texts

        found.append((notifier_texts.supply(is_low, memory[0], reference10), False))
    return found


def _is_below_minimum(memory, state, config):
    limit_pct100 = config.feature(FEATURE_MINIMUM_SOC) * 100
    soc_pct100 = state.soc_pct100
    if soc_pct100 is None:
        return False
    if soc_pct100 > limit_pct100 + _REARM_PCT * 100:
        memory[MINIMUM_TOLD] = 0
    return not state.is_charging and soc_pct100 < limit_pct100 and not memory[MINIMUM_TOLD]


def _is_low(memory, state):
    if state.soc_pct100 is None:
        return False
    if state.soc_pct100 >= _LOW_SOC_PCT * 100:
        memory[LOW_SOC_MIN] = _LOW_SOC_FIRST_MIN
        return False
    # Who drives sees it, and who charges has done what there is to do.
    if state.is_on or state.is_awake or state.is_charging:
        return False
    memory[LOW_SOC_MIN] -= 1
    if memory[LOW_SOC_MIN] > 0:
        return False
    memory[LOW_SOC_MIN] = _LOW_SOC_NEXT_MIN
    return True


def _is_left_on(memory, state):
    if not state.is_awake or state.speed_kmh10:
        memory[LEFT_ON_MIN] = _LEFT_ON_FIRST_MIN
        return False
    memory[LEFT_ON_MIN] -= 1
    if memory[LEFT_ON_MIN] > 0:
        return False
    memory[LEFT_ON_MIN] = _LEFT_ON_NEXT_MIN
    return True
