"""RANGE, CA and the Twizy's own protocol commands.

Twizy guide 1.2.0 "Ideal range configuration", "Charge alerts" and "Twizy MSG/IP Commands"; Twizy
facts 6.2 and 6.3. Limits and ranges are features in the unit of the user, as typed.

A limit that is reached is told, no more. Later firmware stops a charge or lowers its power
(features 6 and 7, commands 10 to 16) by answering each frame of the battery management, 424 or
155, with a forged one (Twizy facts 1.8). Why that is refused with a sentence: the car's page.
"""

from micropython import const

from ovms.parameters import (
    FEATURE_MAX_RANGE,
    FEATURE_RANGE_LIMIT,
    FEATURE_SOC_LIMIT,
    FEATURE_SUPPRESS,
    FIRST_FEATURE,
    FIRST_STORED_FEATURE,
    NO_ALERTS,
    NO_INFOS,
)
from ovms.vehicle.base import OK, UNSUPPORTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import CommandResult
    from ovms.vehicle.twizy.car import Twizy

_DEBUG = const(200)
_QUERY_RANGE = const(201)
_SET_RANGE = const(202)
_QUERY_ALERTS = const(203)
_SET_ALERTS = const(204)
_BATTERY_ALERT = const(205)
_BATTERY_STATUS = const(206)
_POWER_NOTIFY = const(207)
_POWER_STATS = const(208)
_RESET_LOGS = const(209)
_QUERY_LOGS = const(210)

_RANGE_MAX = const(255)
_SOC_MAX = const(100)


_RANGE_USE = "RANGE takes one distance from 0 to 255 as in RANGE 80."
_ALERT_USE = "CA takes a range (0 to 255) or a SOC (0 to 100%) or both as in CA 30 60%."
_NO_CONTROL = (
    "A charge can be watched but not stopped or limited: that takes frames in the name of the "
    "battery and this module never sends those."
)


def range_reply(car: "Twizy", arguments: list[str], is_query: bool) -> str:
    """RANGE: set, clear (no argument) or query the maximum ideal range."""
    if len(arguments) > 1:
        raise ValueError(_RANGE_USE)
    if not is_query:
        text = _or_zero(arguments[0] if arguments else "")
        _set(car, FEATURE_MAX_RANGE, _number(text, _RANGE_MAX, _RANGE_USE))
    max_range = car.config.feature(FEATURE_MAX_RANGE)
    if max_range <= 0:
        return "Max ideal range: UNSET"
    return "Max ideal range: %d %s" % (max_range, _unit(car))


async def alert_reply(car: "Twizy", arguments: list[str], is_query: bool) -> str:
    """CA: set both limits (one not given is cleared) or query them.

    Of what later firmware adds, `N` (notify only) and `R` (reset) are what this always does.
    """
    soc_pct = distance = None
    words = [word.upper() for word in arguments]
    for word in words:
        if word == "-":
            # Empty, as in the framework's commands.
            continue
        if word in ("S", "H") or word[0] == "L":
            raise ValueError(_NO_CONTROL)
        if word in ("N", "R"):
            continue
        if word.endswith("%") and soc_pct is None:
            soc_pct = _number(word[:-1], _SOC_MAX, _ALERT_USE)
        elif distance is None:
            distance = _number(word, _RANGE_MAX, _ALERT_USE)
        else:
            raise ValueError(_ALERT_USE)
    if not is_query and words != ["N"]:
        await _set_limits(car, distance or 0, soc_pct or 0)
    else:
        car.charge.estimate()
    return _alert_text(car)


async def command(car: "Twizy", code: int, arguments: str) -> "CommandResult":
    """Carry out a protocol command as `Vehicle.command` says."""
    config = car.config
    if code in (_QUERY_RANGE, _SET_RANGE):
        if code == _SET_RANGE:
            text = _or_zero(arguments.partition(",")[0].strip())
            _set(car, FEATURE_MAX_RANGE, _number(text, _RANGE_MAX, _RANGE_USE))
        return OK, str(config.feature(FEATURE_MAX_RANGE))
    if code in (_QUERY_ALERTS, _SET_ALERTS):
        if code == _SET_ALERTS:
            await _set_limit_fields(car, [field.strip() for field in arguments.split(",")])
        else:
            car.charge.estimate()
        return OK, _alert_fields(car)
    if code == _BATTERY_ALERT:
        if config.feature(FEATURE_SUPPRESS) & NO_ALERTS:
            return OK, ""
        from ovms.vehicle.twizy import battery_texts

        return OK, "", battery_texts.status_text(car)
    if code == _BATTERY_STATUS:
        from ovms.vehicle.twizy import battery_records

        battery_records.send(car)
        return OK, ""
    if code == _POWER_NOTIFY:
        if config.feature(FEATURE_SUPPRESS) & NO_INFOS:
            return OK, ""
        letter = "T" if arguments[:1].upper() == "T" else "E"
        from ovms.vehicle.twizy import power_texts

        return OK, "", power_texts.report(car, letter)
    if code == _POWER_STATS:
        from ovms.vehicle.twizy import records

        records.send_usage(car)
        return OK, ""
    if code in (_RESET_LOGS, _QUERY_LOGS):
        from ovms.vehicle.twizy.sevcon import logs

        return await logs.command(car, code == _RESET_LOGS, arguments)
    if code == _DEBUG:
        if arguments:
            # A number would replay recorded frames, which is the desk simulator's part here.
            return UNSUPPORTED, ""
        return OK, _debug_fields(car)
    return None


def _or_zero(text):
    """`-` is empty, as in the framework's commands, and that is 0."""
    text = text.strip()
    return "0" if text in ("", "-") else text


def _number(text, highest, use):
    """int of decimal digits up to `highest`; ValueError with the sentence `use` for all else."""
    if not 0 < len(text) < 4:
        raise ValueError(use)
    for character in text:
        if not "0" <= character <= "9":
            raise ValueError(use)
    if int(text) > highest:
        raise ValueError(use)
    return int(text)


def _unit(car):
    return "mi" if car.config.is_miles else "km"


def _set(car, feature, value):
    car.config.set_feature(feature, value)
    car.charge.estimate()


async def _set_limits(car, distance, soc_pct):
    # The first loads what checks and stores settings, and changes none: other tasks have their
    # turn between two loads of code.
    limits = {
        FIRST_FEATURE - FIRST_STORED_FEATURE + FEATURE_RANGE_LIMIT: str(distance),
        FIRST_FEATURE - FIRST_STORED_FEATURE + FEATURE_SOC_LIMIT: str(soc_pct),
    }
    for changes in ({}, limits):
        await car.sleep_ms(0)
        car.config.apply(changes)
    await car.sleep_ms(0)
    car.charge.estimate()


async def _set_limit_fields(car, fields):
    """Arguments of 204: range, SOC, and two that later firmware adds; what is missing is 0."""
    fields += [""] * (4 - len(fields))
    distance = _number(_or_zero(fields[0]), _RANGE_MAX, _ALERT_USE)
    soc_pct = _number(_or_zero(fields[1]), _SOC_MAX, _ALERT_USE)
    if _or_zero(fields[2]) != "0" or _or_zero(fields[3]) != "0":
        raise ValueError(_NO_CONTROL)
    await _set_limits(car, distance, soc_pct)


def _alert_text(car):
    config = car.config
    state = car.state
    limits = []
    if state.soc_limit_pct:
        limits.append("%d%%" % state.soc_limit_pct)
    if state.range_limit_km:
        limits.append("%d %s" % (config.feature(FEATURE_RANGE_LIMIT), _unit(car)))
    text = "Charge Alert: " + (" or ".join(limits) or "OFF")
    times = [n for n in (state.soc_limit_min, state.range_limit_min) if n is not None]
    if times:
        # The nearest limit ahead; 0 only when none is left.
        text += "\r Time: %d min." % min([n for n in times if n] or (0,))
    if state.full_min is not None:
        text += "\r Full charge: %d min." % state.full_min
    return text


def _alert_fields(car):
    """range, soc, etr_range, etr_soc, etr_full, level, mode. A time not known yet is -1.

    Power level and stop mode are later firmware's, and today's apps take them: always 0 here.
    """
    config = car.config
    state = car.state
    distance = max(config.feature(FEATURE_RANGE_LIMIT), 0)
    return "%d,%d,%d,%d,%d,0,0" % (
        distance,
        state.soc_limit_pct,
        _minutes(state.range_limit_min, distance),
        _minutes(state.soc_limit_min, state.soc_limit_pct),
        _minutes(state.full_min, True),
    )


def _minutes(minutes, is_set):
    if not is_set:
        return 0
    return -1 if minutes is None else minutes


def _debug_fields(car):
    """Status byte as four hex digits, BMS power level or -1, SOC window, frames refused."""
    decoder = car.decoder
    level = decoder.charge_level
    return "%04X,%d,%d,%d,%d" % (
        decoder.status,
        -1 if level is None else level,
        decoder.soc_min_pct100,
        decoder.soc_max_pct100,
        car.short_frames,
    )
