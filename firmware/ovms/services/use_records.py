"""The records `*-Log-Drive` and `*-Log-Charge`: module-behaviour 4.8. Loaded on demand.

Times are Unix seconds, 0 where nobody told the time; distances are miles, as that record has them,
whatever the user reads; what is not known is 0, as no field may be empty.
"""

from micropython import const

from ovms.parameters import FEATURE_LOGS, LOG_CHARGES, LOG_DRIVES
from ovms.services.use_log import CHARGE, DRIVE
from ovms.vehicle.state import CHARGE_DONE, SUBSTATE_ON_REQUEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import ModuleParts
    from ovms.services.use_log import Use

_YEAR_S = const(31536000)
_COOLING_MODE = const(5)


def turn(app: "ModuleParts", log: "Use", use: int) -> None:
    """The use of the car is another one now: DRIVE, CHARGE or 0. log: Use."""
    start = log.start
    log.start = None
    log.use = use
    wanted = app.config.feature(FEATURE_LOGS)
    if start is not None:
        if start[0] == DRIVE and wanted & LOG_DRIVES:
            app.history.add("*-Log-Drive", 0, _YEAR_S, _drive(app, start))
        elif start[0] == CHARGE and wanted & LOG_CHARGES:
            app.history.add("*-Log-Charge", 0, _YEAR_S, _charge(app, log, start))
    if use:
        log.start = _moment(app, use)
        log.most_a10 = app.state.charge_a10
        log.most_v = app.state.line_v


def _moment(app, use):
    """(use, uptime, place, odometer in m, SOC and range as text)."""
    state = app.state
    place = _degrees(state.latitude_udeg) + "," + _degrees(state.longitude_udeg)
    if app.config.is_paranoid:
        # Records leave in clear, as the server acts upon them.
        place = "0,0"
    soc = "%d,%d" % ((state.soc_pct100 or 0) // 100, (_tenth_miles(_range_m(state)) + 5) // 10)
    return (use, app.clock.uptime_s(), place, state.odometer_m, soc)


def _range_m(state):
    return (state.ideal_range_km or state.estimated_range_km or 0) * 1000


def _times(app, start):
    """Fields of when it began and how long it took."""
    now_s = app.clock.uptime_s()
    duration_s = now_s - start[1]
    utc_s = app.clock.utc_s()
    return "%d,%d" % (0 if utc_s is None else utc_s - duration_s, duration_s)


def _drive(app, start):
    end = _moment(app, DRIVE)
    miles10 = 0
    if start[3] is not None and end[3] is not None:
        miles10 = _tenth_miles(max(end[3] - start[3], 0))
    return "%s,%d,%s,%s,%d.%d,%s,%s" % (
        _times(app, start),
        app.state.drive_mode,
        start[2],
        end[2],
        miles10 // 10,
        miles10 % 10,
        start[4],
        end[4],
    )


def _charge(app, log, start):
    state = app.state
    end = _moment(app, CHARGE)
    if state.charge_state == CHARGE_DONE:
        result = 0
    else:
        result = 1 if state.charge_substate == SUBSTATE_ON_REQUEST else 2
    cac = state.cac_ah100 or 0
    return "%s,%d,%s,%d,%d,%d,%s,%s,%d.%02d" % (
        _times(app, start),
        _COOLING_MODE if state.is_cooling else state.charge_mode,
        start[2],
        log.most_v,
        (log.most_a10 + 5) // 10,
        result,
        start[4],
        end[4],
        cac // 100,
        cac % 100,
    )


def _tenth_miles(metres):
    return (metres * 100000 + 8046720) // 16093440


def _degrees(udeg):
    """Micro-degrees as degrees with six decimals, 0 for none."""
    if udeg is None:
        return "0"
    return "%s%d.%06d" % ("-" if udeg < 0 else "", abs(udeg) // 1000000, abs(udeg) % 1000000)
