"""The Twizy's charge: its states, and what of it a user may want to hear.

Runs once a second on what the decoder collected. The car sends no charge state: it is made from
the charging flag, the BMS's power level and SOC (Twizy facts 2, 3.4 and 3.5, Twizy guide 1.2.0
"Extended Status" and "Charge alerts"). Times and ranges are an overlay, `charge_estimates`.
"""

from ovms import overlay
from ovms.vehicle.base import (
    EVENT_CHARGE_DONE,
    EVENT_CHARGE_INTERRUPTED,
    EVENT_CHARGE_RESUMED,
    EVENT_CHARGE_STARTED,
    EVENT_CHARGE_SUFFICIENT,
    EVENT_CHARGE_TOPPING_OFF,
)
from ovms.vehicle.state import (
    CHARGE_DONE,
    CHARGE_STOPPED,
    CHARGING,
    SUBSTATE_INTERRUPTED,
    TOPPING_OFF,
)
from ovms.vehicle.twizy.values import SOC_CV_START, SOC_FULL


class Charge:
    """Charge state machine. state, config: as the car's; decoder: its Decoder.

    reset_use: called when a charge starts that does not go on with an interrupted one.
    sufficient_pct100: SOC at which a limit of the user is reached, None without one.
    """

    def __init__(self, state, config, decoder, reset_use):
        self.state = state
        self.config = config
        self.decoder = decoder
        self.sufficient_pct100 = None
        self._reset_use = reset_use
        self._highest_level = 0
        self._estimated_for = None
        # The limits of which the user was told that they are reached, None for none.
        self._told_limits = None

    def update(self):
        """Once a second, after the key and doors. Returns an EVENT_... to announce, or 0."""
        state = self.state
        is_charging = state.is_charging = self.decoder.is_charging()
        state.has_pilot = state.line_v > 0
        was_charging = state.charge_state in (CHARGING, TOPPING_OFF)
        event = 0
        if is_charging and not was_charging:
            event = self._start()
        elif was_charging:
            state.charge_wh = state.energy_recovered_wh
            # The charger's usual efficiency is 87.2 %.
            state.charge_grid_wh = (state.charge_wh * 1000 + 436) // 872
            if not is_charging:
                event = self._end()
        elif state.is_awake and state.is_charge_port_open:
            self._begin_use()
        soc_pct100 = state.soc_pct100
        cause = (
            self.config.revision,
            state.charge_state,
            state.is_awake,
            None if soc_pct100 is None else soc_pct100 // 100,
            # Known at all; its last digit may waver every second.
            state.battery_temp_c is None,
        )
        if cause != self._estimated_for:
            self._estimated_for = cause
            self.estimate()
        state.charge_a10 = state.charge_w = 0
        if not is_charging:
            return event
        followed = self._follow()
        # That it goes on again is news whatever the phase.
        return event if event == EVENT_CHARGE_RESUMED else followed or event

    def estimate(self):
        """Bring ranges, times and limits up to date; `update` does so at each percent of SOC."""
        overlay.call("ovms.vehicle.twizy.charge_estimates", "estimate", self)

    def _start(self):
        state = self.state
        decoder = self.decoder
        is_resumed = state.charge_state == CHARGE_STOPPED
        if state.soc_pct100 is not None:
            decoder.soc_max_pct100 = state.soc_pct100
        if not is_resumed:
            self._open_window()
            self._told_limits = None
        self._highest_level = 0
        state.is_charge_port_open = True
        state.charge_state = CHARGING
        state.charge_substate = 0
        return EVENT_CHARGE_RESUMED if is_resumed else EVENT_CHARGE_STARTED

    def _end(self):
        state = self.state
        decoder = self.decoder
        is_full = decoder.charge_level == 0 or decoder.soc_max_pct100 >= SOC_FULL
        decoder.charge_level = None
        if not is_full:
            state.charge_state = CHARGE_STOPPED
            state.charge_substate = SUBSTATE_INTERRUPTED
            return EVENT_CHARGE_INTERRUPTED
        state.charge_state = CHARGE_DONE
        if decoder.available_wh:
            state.capacity_wh = decoder.available_wh
        return EVENT_CHARGE_DONE

    def _begin_use(self):
        """The key is on after a charge: the car is in use again."""
        state = self.state
        state.is_charge_port_open = False
        state.charge_state = CHARGE_DONE
        state.charge_substate = 0
        # Again, for a charge under which the key was turned on before it ended.
        self._open_window()

    def _open_window(self):
        """Let sums, SOC window and range estimate begin here."""
        state = self.state
        state.charge_s = state.charge_wh = state.charge_grid_wh = 0
        self._reset_use()
        if state.soc_pct100 is not None:
            self.decoder.soc_min_pct100 = state.soc_pct100
            self.decoder.soc_min_range_km = state.estimated_range_km

    def _follow(self):
        """What changes while charging: power, the end of constant current, limits reached."""
        state = self.state
        if state.battery_ma and state.battery_ma < 0:
            state.charge_a10 = (50 - state.battery_ma) // 100
            state.charge_w = -(state.battery_w or 0)
        level = self.decoder.charge_level
        if level is not None and level > self._highest_level:
            self._highest_level = level
        soc_pct100 = state.soc_pct100 or 0
        limit_pct100 = self.sufficient_pct100
        is_sufficient = limit_pct100 is not None and soc_pct100 >= limit_pct100
        event = 0
        if state.charge_state == CHARGING and (
            is_sufficient
            or soc_pct100 >= SOC_CV_START
            or (level is not None and level < self._highest_level)
        ):
            state.charge_state = TOPPING_OFF
            event = EVENT_CHARGE_TOPPING_OFF
        if is_sufficient:
            # Once for each charge, and again when the user sets other limits meanwhile.
            limits = state.soc_limit_pct << 16 | state.range_limit_km
            if limits != self._told_limits:
                self._told_limits = limits
                event = EVENT_CHARGE_SUFFICIENT
        return event
