"""The Twizy's charge: its states, and what of it a user may want to hear.

Runs once a second on what the decoder collected. The car sends no charge state: it is made from
the charging flag and SOC, by the rules of the guide: topping off is above the charge alert or
94 %, done is full (Twizy guide 1.2.0 "Extended Status" and "Charge alerts"; Twizy facts 2, 3.4 and
3.5). What the BMS allows in between, as a power level, may fall and rise at any SOC. Times and
ranges are in `charge_estimates`.
"""

from micropython import const

from ovms.vehicle.base import (
    EVENT_CHARGE_RESUMED,
    EVENT_CHARGE_SUFFICIENT,
    EVENT_CHARGE_TOPPING_OFF,
)
from ovms.vehicle.state import CHARGING, TOPPING_OFF

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Config, VehicleState
    from ovms.vehicle.twizy.decode import Decoder

# State of charge in hundredths of a percent: full, and where constant current ends.
SOC_FULL = const(10000)
SOC_CV_START = const(9400)
# A limit that was set higher meanwhile ends topping off; a SOC that wavers does not.
_WAVER = const(100)

# What the charger gives the battery at the highest power level, and what one below it stands for:
# there, and at the plug.
CHARGE_FULL_A = const(32)
CHARGE_LEVEL_A = const(5)
CHARGE_LEVEL_W = const(300)
CHARGE_LEVEL_MAX = const(7)

# What `Decoder.status` is when the bus has been silent for 10 to 20 s. A charge outlasts such a
# gap for so many seconds more.
BUS_SILENT = const(0x40)
SILENCE_S = const(60)
# A charge that begins so soon after the end of one is the same.
FLICKER_S = const(5)


class Charge:
    """Charge state machine. state, config: as the car's; decoder: its Decoder.

    sufficient_pct100: SOC at which a limit of the user is reached, None without one.
    highest_level: of the BMS in this charge; cc_soc_pct100, cc_units: SOC and charge (1/400 As)
    when it was last told, the end of constant current. silent_s: how long a silent bus has been
    taken for a gap. ended_s: since the last charge, if not for long. told_limits: the limits of
    which the user was told that they are reached, None for none.
    """

    told_limits: int | None
    _estimated_for: tuple | None

    def __init__(self, state: "VehicleState", config: "Config", decoder: "Decoder") -> None:
        self.state = state
        self.config = config
        self.decoder = decoder
        self.sufficient_pct100: int | None = None
        self.highest_level = self.cc_soc_pct100 = self.cc_units = 0
        self.told_limits = self._estimated_for = None
        self.silent_s = 0
        self.ended_s = FLICKER_S + 1

    def update(self) -> int:
        """Once a second, after the key and doors. Returns an EVENT_... to announce, or 0."""
        state = self.state
        was_charging = state.charge_state in (CHARGING, TOPPING_OFF)
        is_charging = state.is_charging = self._is_charging(was_charging)
        state.has_pilot = state.line_v > 0
        event = 0
        if not was_charging and self.ended_s <= FLICKER_S:
            self.ended_s += 1
        if is_charging and not was_charging:
            from ovms.vehicle.twizy import edges

            event = edges.charge_started(self)
        elif was_charging:
            state.charge_wh = state.energy_recovered_wh
            # The charger's usual efficiency is 87.2 %.
            state.charge_grid_wh = (state.charge_wh * 1000 + 436) // 872
            if not is_charging:
                from ovms.vehicle.twizy import edges

                event = edges.charge_ended(self)
        elif state.is_awake and state.is_charge_port_open:
            from ovms.vehicle.twizy import edges

            edges.use_began(self)
        soc_pct100 = state.soc_pct100
        cause = (
            self.config.revision,
            state.charge_state,
            state.is_awake,
            None if soc_pct100 is None else soc_pct100 // 100,
            state.estimated_range_km,
            # Known at all; its last digit may waver every second.
            state.battery_temp_c is None,
        )
        if cause != self._estimated_for:
            self._estimated_for = cause
            self.estimate()
        state.charge_a10 = state.charge_w = 0
        if not is_charging:
            return event
        # Power, the end of constant current, limits reached.
        if state.battery_ma and state.battery_ma < 0:
            state.charge_a10 = (50 - state.battery_ma) // 100
            state.charge_w = -(state.battery_w or 0)
        level = self.decoder.charge_level
        soc_pct100 = soc_pct100 or 0
        if level is not None and level >= self.highest_level:
            self.highest_level = level
            self.cc_soc_pct100 = soc_pct100
            self.cc_units = self.decoder.power.charge_in
        limit_pct100 = self.sufficient_pct100
        is_sufficient = limit_pct100 is not None and soc_pct100 >= limit_pct100
        followed = 0
        if state.charge_state == CHARGING:
            if is_sufficient or soc_pct100 >= SOC_CV_START:
                state.charge_state = TOPPING_OFF
                followed = EVENT_CHARGE_TOPPING_OFF
        elif soc_pct100 < SOC_CV_START - _WAVER and (
            limit_pct100 is None or soc_pct100 < limit_pct100 - _WAVER
        ):
            state.charge_state = CHARGING
        if is_sufficient:
            # Once for each charge, and again when the user sets other limits meanwhile.
            limits = state.soc_limit_pct << 16 | state.range_limit_km
            if limits != self.told_limits:
                self.told_limits = limits
                followed = EVENT_CHARGE_SUFFICIENT
        # That it goes on again is news whatever the phase.
        return event if event == EVENT_CHARGE_RESUMED else followed or event

    def _is_charging(self, was_charging):
        """What the flag says; when nobody speaks, nobody has said that the charge is over."""
        if was_charging and self.decoder.status == BUS_SILENT:
            self.silent_s += 1
            return self.silent_s <= SILENCE_S
        self.silent_s = 0
        return self.decoder.is_charging()

    def estimate(self) -> None:
        """Bring ranges, times and limits up to date; `update` does so at each percent of SOC."""
        from ovms.vehicle.twizy import charge_estimates

        charge_estimates.estimate(self)
