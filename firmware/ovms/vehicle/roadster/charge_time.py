"""How long a charge of the Roadster takes: the model of module-behaviour 7.3, in whole numbers.

Loaded on demand: by `CTP`, by ACC, and once a minute of a charge.
"""

from micropython import const

from ovms.parameters import integer
from ovms.vehicle.state import MODE_PERFORMANCE, MODE_RANGE, MODE_STANDARD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.roadster.car import Roadster

# Ideal miles of a full battery: of CAC in 1/100 Ah a factor and a summand, in 1/100000; those of
# the car that the model is made of, and from which on it charges more slowly; seconds per mile
# there, as numerator and denominator, 100 less with each mile.
_MODELS = {
    MODE_STANDARD: (1189, 130_000, 191, 169, 197_578, 19_777),
    MODE_RANGE: (1546, -290_000, 244, 215, 212_156, 24_647),
    MODE_PERFORMANCE: (1368, -80_000, 218, 167, 429_204, 23_122),
}
_MODES = {"S": MODE_STANDARD, "R": MODE_RANGE, "P": MODE_PERFORMANCE}

# What is taken for granted where the car has not told it.
_CAC_AH100 = const(16_000)
_AMBIENT_C = const(20)
_HOTTEST_C = const(60)

# What `minutes` answers instead.
NO_POWER = const(-2)
REACHED = const(-3)
TOO_WEAK = const(-4)
UNKNOWN_MODE = const(-100)

_LEAST_W = const(1000)
_USE = "CTP takes <n>S <n>E <n>% <n>W <n>V <n>A <n>C <n>D in any order, and S, R or P."


def full_mi(mode: int, cac_ah100: int) -> int | None:
    """Ideal miles of a full battery; None for a mode that the model does not know."""
    model = _MODELS.get(mode)
    return None if model is None else _full_mi(model, cac_ah100)


def _full_mi(model, cac_ah100):
    return (model[0] * cac_ah100 + model[1]) // 100_000


def minutes(
    mode: int, start_mi: int, end_mi: int, watts: int, cac_ah100: int, ambient_c: int
) -> int:
    """Minutes from one ideal range to another, or one of the negative numbers above.

    watts: at the plug. ambient_c: degrees Celsius.
    """
    if mode not in _MODELS:
        return UNKNOWN_MODE - mode
    model = _MODELS[mode]
    _, _, nominal_mi, base_mi, numerator, denominator = model
    if watts <= 0:
        return NO_POWER
    if end_mi <= start_mi:
        return REACHED
    # As if the battery were that of the model.
    shift_mi = nominal_mi - _full_mi(model, cac_ah100)
    start_mi += shift_mi
    end_mi = min(end_mi + shift_mi, nominal_mi)
    mile_wh = 288 if watts >= 2300 else 745 - 199 * watts // 1000
    # Of cold, too, what is less than one does not count.
    more_wh = max(0, 3588 - 250 * watts // 1000) * min(abs(ambient_c), _HOTTEST_C) // 1000
    mile_wh += more_wh if ambient_c > 0 else -more_wh
    mile_s = mile_wh * 3600 // watts
    if mile_s <= 0 or 1_966_050 // mile_s < 244:
        return TOO_WEAK
    seconds = max(0, min(end_mi, base_mi) - start_mi) * mile_s
    slowest_s = 1_117_000 // min(watts, 2000)
    for mile in range(max(start_mi, base_mi), end_mi):
        rest = denominator - 100 * mile
        taper_s = min(numerator // rest, slowest_s) if rest > 0 else slowest_s
        seconds += max(taper_s, mile_s)
    return (seconds + 30) // 60


def _told_mi(km):
    """Ideal miles that the car told: what was cut off when they became km is back."""
    return (km * 1000 + 1608) // 1609


def _ambient_c(state):
    return _AMBIENT_C if state.ambient_temp_c is None else state.ambient_temp_c


def _power_w(state):
    """What the plug gives, as far as the car tells: the limit is what was set, or the plug's."""
    return state.line_v * state.charge_limit_a


def predict(
    car: "Roadster", start_pct100: int, end_pct100: int | None, watts: int | None, mode: int | None
) -> tuple[int, int | None]:
    """`Vehicle.charge_prediction`; minutes are None for what cannot be told."""
    state = car.state
    mode = state.charge_mode if mode is None else mode
    cac_ah100 = state.cac_ah100 or _CAC_AH100
    end_pct100 = 10_000 if end_pct100 is None else end_pct100
    full = full_mi(mode, cac_ah100)
    if full is None:
        return end_pct100, None
    found = minutes(
        mode,
        (full * start_pct100 + 5000) // 10_000,
        (full * end_pct100 + 5000) // 10_000,
        _power_w(state) if watts is None else watts,
        cac_ah100,
        _ambient_c(state),
    )
    if found == REACHED:
        found = 0
    return end_pct100, found if found >= 0 else None


def follow(car: "Roadster") -> None:
    """While a charge goes on: minutes until full, and until each limit that is set."""
    state = car.state
    state.full_min = state.soc_limit_min = state.range_limit_min = None
    if not state.is_charging or state.ideal_range_km is None:
        return
    # By what flows, which heating and cooling make less.
    watts = state.line_v * state.charge_a10 // 10
    cac_ah100 = state.cac_ah100 or _CAC_AH100
    full = full_mi(state.charge_mode, cac_ah100)
    if full is None or watts < _LEAST_W:
        return
    now_mi = _told_mi(state.ideal_range_km)
    state.full_min = _left(state, now_mi, full, watts, cac_ah100)
    if state.soc_limit_pct:
        end_mi = (full * state.soc_limit_pct + 50) // 100
        state.soc_limit_min = _left(state, now_mi, end_mi, watts, cac_ah100)
    if state.range_limit_km:
        end_mi = _told_mi(state.range_limit_km)
        state.range_limit_min = _left(state, now_mi, end_mi, watts, cac_ah100)


def _left(state, now_mi, end_mi, watts, cac_ah100):
    found = minutes(state.charge_mode, now_mi, end_mi, watts, cac_ah100, _ambient_c(state))
    if found == REACHED:
        return 0
    return found if found >= 0 else None


async def reply(car: "Roadster", words: list[str], is_query: bool) -> str:
    """CTP, the command by SMS. Distances are in the user's unit."""
    state = car.state
    is_miles = car.config.is_miles
    mode = state.charge_mode
    asked = {}
    for word in words:
        word = word.upper()
        if word in _MODES:
            mode = _MODES[word]
        elif word[-1:] in "SE%WVACD":
            asked[word[-1:]] = _value(word)
        else:
            raise ValueError(_USE)
    cac_ah100 = asked.get("C") or state.cac_ah100 or _CAC_AH100
    full = full_mi(mode, cac_ah100)
    start = _range(asked.get("S"), state.ideal_range_km, is_miles)
    if start is None:
        raise ValueError("The car has not told its ideal range yet.")
    if full is None:
        return "error: %d" % (UNKNOWN_MODE - mode)
    end_mi = (full * min(asked.get("%", 100), 100) + 50) // 100
    if "E" in asked:
        end_mi = _range(asked["E"], None, is_miles)
    watts = asked.get("W", 0)
    by_plug = asked.get("V", state.line_v) * asked.get("A", state.charge_limit_a)
    if by_plug and ("W" not in asked or "V" in asked or "A" in asked):
        watts = by_plug
    if watts < _LEAST_W:
        return "no power level specified"
    found = minutes(mode, start, end_mi, watts, cac_ah100, asked.get("D", _ambient_c(state)))
    if found == REACHED:
        return "target reached"
    if found < 0:
        return "error: %d" % found
    start = asked.get("S", _shown(start, is_miles))
    end = asked.get("E", _shown(end_mi, is_miles))
    unit = "mi" if is_miles else "km"
    return "%d to %d ideal %s\r%d:%02d" % (start, end, unit, found // 60, found % 60)


def _value(word):
    """The number in front of the letter: hundredths of CAC, else whole; below 0 for a D only."""
    text = word[:-1]
    try:
        if word.endswith("C"):
            whole, _, decimals = text.partition(".")
            number = integer(whole) * 100 + integer((decimals + "00")[:2])
        else:
            number = integer(text)
    except ValueError:
        raise ValueError(_USE)
    if not (-60 if word.endswith("D") else 0) <= number <= 100_000:
        raise ValueError(_USE)
    return number


def _range(asked, told_km, is_miles):
    """Ideal miles of what was asked for, in the user's unit, else of what the car has told."""
    if asked is None:
        return None if told_km is None else _told_mi(told_km)
    return asked if is_miles else (asked * 1000 + 804) // 1609


def _shown(miles, is_miles):
    return miles if is_miles else (miles * 1609 + 500) // 1000
