"""CTP: how long a charge would take (module-behaviour 7.3). Loaded on demand.

A car that can tell has a `charge_prediction`. Distances are ideal ranges in the user's unit.
"""

from micropython import const

from ovms import parameters
from ovms.vehicle.state import MODE_PERFORMANCE, MODE_RANGE, MODE_STANDARD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.sms.answering import Request

_LEAST_W = const(1000)
_MODES = {"S": MODE_STANDARD, "R": MODE_RANGE, "P": MODE_PERFORMANCE}
_USE = "Invalid command\n Use: CTP <n>S <n>E <n>% <n>W <n>V <n>A, and S, R or P"
_MILE_MM = const(1609344)


async def reply(request: "Request") -> str:
    """CTP. Words in any order: from, to (range or percent), watts or volts and amperes, mode."""
    sms = request.sms
    car = sms.car()
    predict = car.charge_prediction()
    if predict is None:
        return "CTP not available"
    state = sms.state
    mode = None
    asked = {}
    for word in request.words:
        word = word.upper()
        if word in _MODES:
            mode = _MODES[word]
            continue
        if word[-1:] in "CD":
            raise ValueError("This car foretells without capacity (C) and temperature (D).")
        if word[-1:] not in "SE%WVA":
            raise ValueError(_USE)
        asked[word[-1:]] = number = parameters.integer(word[:-1])
        if number < 0:
            raise ValueError(_USE)
    is_miles = sms.config.is_miles
    # Ideal range when full, in tenths of the user's unit; 0 when the car has not told it.
    full10 = (state.max_range_km or 0) * 10
    if is_miles:
        full10 = full10 * 1000000 // _MILE_MM
    start_pct100 = _pct100(asked.get("S"), full10)
    if start_pct100 is None:
        start_pct100 = state.soc_pct100
    if start_pct100 is None:
        raise ValueError("The car has not told its state of charge yet.")
    end_pct100 = _pct100(asked.get("E"), full10)
    if "%" in asked:
        end_pct100 = min(asked["%"], 100) * 100
    watts = asked.get("W")
    if "V" in asked or "A" in asked:
        # The one that is missing as the car has it.
        watts = asked.get("V", state.line_v) * asked.get("A", state.charge_limit_a) or watts or 0
    if watts is not None and watts < _LEAST_W:
        return "no power level specified"
    end_pct100, minutes = predict(car, start_pct100, end_pct100, watts, mode)
    if start_pct100 >= end_pct100:
        return "target reached"
    if full10:
        unit = "mi" if is_miles else "km"
        ends = [(pct100 * full10 + 50000) // 100000 for pct100 in (start_pct100, end_pct100)]
        text = "%d to %d ideal %s" % (ends[0], ends[1], unit)
    else:
        text = "%d%% to %d%%" % (start_pct100 // 100, end_pct100 // 100)
    if minutes is None:
        return text + "\nThe car cannot tell how long that takes."
    return text + "\n%d:%02d" % (minutes // 60, minutes % 60)


def _pct100(distance, full10):
    """The SOC that an ideal range stands for, None for no range."""
    if distance is None:
        return None
    if not full10:
        raise ValueError("The car has not told its range yet.")
    return min(distance * 100000 // full10, 10000)
