"""What the battery holds, in ampere-hours, measured by charges that begin low and end full.

Twizy facts 3.7. It stands in feature 13 as percent of 108 Ah with two decimals, where users may
set it, too. A whole number up to 7 is what the framework means by feature 13: what is logged.
"""

from micropython import const

from ovms.parameters import (
    FEATURE_CAPACITY,
    FIRST_FEATURE,
    FIRST_STORED_FEATURE,
    LOGS_ALL,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Config, VehicleState
    from ovms.vehicle.twizy.charge import Charge

_NOMINAL_AH = const(108)
# Charge beginning above is too little of the battery to tell of the whole.
_LOW_PCT100 = const(4000)
# 1/400 As, as `Power` counts, of 1/100 Ah.
_UNITS_PER_AH100 = const(14400)
# Percent in hundredths that no battery of a Twizy has.
_LEAST = const(1000)
_MOST = const(25000)


def known_pct100(config: "Config") -> int | None:
    """Hundredths of a percent, as feature 13 has it, or None."""
    if config.feature(FEATURE_CAPACITY) <= 0:
        return None
    text = config.get(FEATURE_CAPACITY - FIRST_STORED_FEATURE + FIRST_FEATURE)
    whole, dot, decimals = text.partition(".")
    if not whole.isdigit() or not (dot or int(whole) > LOGS_ALL):
        return None
    pct100 = int(whole) * 100 + int((decimals + "00")[:2])
    return pct100 if _LEAST <= pct100 <= _MOST else None


def show(state: "VehicleState", config: "Config") -> None:
    """Bring the state up to date with the settings."""
    pct100 = known_pct100(config)
    if pct100 is not None:
        state.cac_ah100 = _ah100(pct100)


def _ah100(pct100):
    """Hundredths of an ampere-hour."""
    return pct100 * _NOMINAL_AH // 100


def percent(ah100: int) -> int:
    """Hundredths of a percent, rounded, that these hundredths of an ampere-hour are."""
    return (ah100 * 100 + _NOMINAL_AH // 2) // _NOMINAL_AH


def measure(charge: "Charge") -> None:
    """A charge is done: learn from it if it was a long one."""
    decoder = charge.decoder
    low_pct100 = decoder.soc_min_pct100
    way_pct100 = charge.cc_soc_pct100 - low_pct100
    if low_pct100 >= _LOW_PCT100 or way_pct100 <= 0:
        return
    # As if all of constant current had been charged, and what came behind it.
    units = charge.cc_units * charge.cc_soc_pct100 // way_pct100
    units += decoder.power.charge_in - charge.cc_units
    found = (units + _UNITS_PER_AH100 // 2) // _UNITS_PER_AH100 * 10000 // (_NOMINAL_AH * 100)
    if not _LEAST <= found <= _MOST:
        return
    state = charge.state
    if state.cac_ah100:
        # One charge is worth a tenth: the SOC is an estimate, too.
        found = (percent(state.cac_ah100) * 9 + found + 5) // 10
    state.cac_ah100 = _ah100(found)
    config = charge.config
    if 0 < config.feature(FEATURE_CAPACITY) <= LOGS_ALL and known_pct100(config) is None:
        return
    try:
        config.set_feature(FEATURE_CAPACITY, "%d.%02d" % (found // 100, found % 100))
    except OSError:
        # Until the next start it is known all the same.
        return
