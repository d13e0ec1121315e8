"""Tesla Roadster 1.x and 2.x: the car as the firmware sees it.

The bus talks as long as it has power, also while the car sleeps (car facts 1.1), so silence means
that the module is unplugged; awake and on are bits. Frames are read by `decode.py`; once a second
`poll` draws the conclusions. Commands are `commands.py`, what is sent besides is `own_frames.py`,
and all of it passes `gate.py`.
"""

from micropython import const

from ovms.vehicle.base import (
    EVENT_CHARGE_DONE,
    EVENT_CHARGE_INTERRUPTED,
    EVENT_CHARGE_STARTED,
    EVENT_CHARGE_SUFFICIENT,
    EVENT_CHARGE_TOPPING_OFF,
    EVENT_FAULT,
    Vehicle,
)
from ovms.vehicle.roadster.decode import DECODERS, LENGTHS, dashboard, lock, odometer, tyres
from ovms.vehicle.state import (
    CHARGE_DONE,
    CHARGE_HEATING,
    CHARGE_PREPARING,
    CHARGE_STOPPED,
    CHARGING,
    SUBSTATE_INTERRUPTED,
    SUBSTATE_STOPPED,
    TOPPING_OFF,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import (
        Buffer,
        CommandResult,
        Config,
        Kept,
        Predict,
        SMSCommand,
        VehicleState,
    )

_SILENCE_MS = const(60_000)
# The frame of the charge state and that of the switches disagree for a second.
_AGREE_S = const(2)
_OLD_S = const(120)
_MINUTE_S = const(60)
# Right after a drive the car still reckons.
_CAC_ON_S = const(2)
_CAC_OFF_S = const(8)
_POWER_WAIT = const(0x07)
# A 1.x car tells its gear in the dashboard's frames, ten a second.
_FIRST_RX_IDS = (0x100, 0x102, 0x344, 0x400, 0x402)
_FLOWING = (CHARGING, TOPPING_OFF, CHARGE_HEATING)


def _charge_time(car, words, is_query):
    from ovms.vehicle.roadster import charge_time

    return charge_time.reply(car, words, is_query)


class Roadster(Vehicle):
    """For `decode.py`: what frames said that the state has no place for, and what is due.

    limit_a, pilot_a: current set, current of the plug. is_flowing: the bit of 96. substate: as the
    car numbers it. switches: 96 as one number, switches_age_s: since then. echo_item, echo_value:
    the last parameter that the car confirmed, -1 none. alert, alert_low, alert_high: code raised
    now, its data by halves. utc_min: minutes since 1970 by the car's clock, off_min: when it was
    switched off, 0 unknown. vin_parts: bits of what was seen of vin_bytes. is_first: a 1.x car.
    silent_ms: since the bus was heard. start_again_s: until a start of the charge is repeated.
    cac_s: until the capacity is asked for, cac_open_s: until that is given up. 0 is never.
    cooling: of the cooldown, 0 in front when there is none: see `touch_screen.py`;
    is_cooling_busy: the car is asked something for it.
    """

    TYPE = "TR"
    VERSION = "1.0"
    BITRATE = 1_000_000
    RX_IDS = (0x100, 0x102, 0x344, 0x402)
    # Charge state and switches, which stand behind others in the bursts (car facts 1.2.1).
    SUB_TYPES = ((0x100, 0x95), (0x100, 0x96))
    # In the name of the touch screen; their contents are looked at in `gate.py`.
    TX_FRAMES = ((0x102, 8), (0x102, 1), (0x102, 3))
    CAPABILITIES = "C10-12,C15-25"
    SMS_NAME = "ROADSTER"

    def __init__(self, state: "VehicleState", config: "Config") -> None:
        super().__init__(state, config)
        self.limit_a = self.pilot_a = self.substate = self.switches = 0
        self.switches_age_s = _OLD_S
        self.echo_item = -1
        self.echo_value = self.alert = self.alert_low = self.alert_high = 0
        self.utc_min = self.off_min = 0
        self.vin_bytes = bytearray(17)
        self.vin_parts = 0
        self.is_flowing = self.is_first = self.has_fix = False
        self.is_alert_due = self.is_cac_told = self.is_vin_due = False
        self.silent_ms = self.start_again_s = self.cac_s = self.cac_open_s = 0
        self.cooling = [0] * 14
        self.is_cooling_busy = False
        self._follow_s = 0
        self._is_heard = self._was_on = False
        self._told_state = CHARGE_DONE
        self._differ_s = 0

    def on_frame(self, arbitration_id: int, data: "Buffer", dlc: int) -> None:
        if not dlc:
            return
        if arbitration_id == 0x100:
            number = data[0]
            decode = DECODERS.get(number)
            if decode is not None and (dlc == 8 or dlc >= LENGTHS.get(number, 8)):
                decode(self, data)
        elif arbitration_id == 0x102:
            if data[0] == 0x0E and dlc >= 2:
                lock(self.state, data[1])
        elif arbitration_id == 0x344:
            if dlc == 8:
                tyres(self.state, data)
        elif arbitration_id == 0x402:
            if data[0] == 0xFA and dlc == 8:
                odometer(self.state, data)
        elif arbitration_id == 0x400:
            if data[0] == 1 and dlc >= 4:
                dashboard(self, data)
        else:
            return
        self._is_heard = True

    def has_receiver(self) -> bool:
        """Whether the module has a GPS receiver that was heard: that one knows better."""
        return self.state.satellites is not None

    def may_place(self) -> bool:
        return self.has_fix and not self.has_receiver()

    def poll(self, elapsed_ms: int) -> None:
        state = self.state
        if self.switches_age_s < _OLD_S:
            self.switches_age_s += 1
        if self._is_heard:
            self._is_heard = False
            self.silent_ms = state.told_age_s = 0
            self._conclude()
            self._send_own()
        elif self.silent_ms < _SILENCE_MS:
            self.silent_ms += elapsed_ms
            if self.silent_ms >= _SILENCE_MS:
                self._go_silent()

    def _conclude(self):
        state = self.state
        if self.is_vin_due and self.vin_parts == 7:
            self.is_vin_due = False
            self._read_vin()
        if state.is_on != self._was_on:
            self._was_on = state.is_on
            self.off_min = 0 if state.is_on else self.utc_min
            self.cac_s = _CAC_ON_S if state.is_on else _CAC_OFF_S
            if not state.is_on:
                # It is awake for minutes yet, and parked all the same.
                state.parked_s = 1
        elif self.off_min and self.utc_min > self.off_min and state.parked_s:
            # The car's clock went on while the module had no power.
            state.parked_s = max(state.parked_s, (self.utc_min - self.off_min - 1) * 60)
        is_charging = self.is_flowing or state.charge_state == CHARGE_HEATING
        is_agreed = is_charging == (state.charge_state in _FLOWING)
        self._differ_s = 0 if is_agreed else self._differ_s + 1
        if is_charging != state.is_charging and (is_agreed or self._differ_s >= _AGREE_S):
            state.is_charging = is_charging
            state.touch()
        if state.is_charging:
            state.charge_input_w = state.line_v * state.charge_a10 // 10
            state.charge_w = max(0, -(state.battery_w or 0))
        elif state.charge_w or state.charge_input_w:
            state.charge_w = state.charge_input_w = 0
        if self._follow_s and state.is_charging:
            self._follow_s -= 1
        elif self._follow_s or state.is_charging:
            # Once a minute, and when it ends.
            self._follow_s = _MINUTE_S if state.is_charging else 0
            from ovms.vehicle.roadster import charge_time

            self.in_turn(charge_time.follow, self)
        if state.charge_state != self._told_state:
            self._tell_charge(self._told_state, state.charge_state)
        if self.is_alert_due:
            self.is_alert_due = False
            self.announce(EVENT_FAULT)

    def _tell_charge(self, before, now):
        self._told_state = now
        was_flowing = before in _FLOWING
        if now == CHARGE_STOPPED:
            # The end of a cooldown is no news, but that somebody has pulled the plug is.
            is_own = self.cooling[0] and self.state.charge_substate == SUBSTATE_STOPPED
            event = EVENT_CHARGE_INTERRUPTED if was_flowing and not is_own else 0
        elif now == CHARGE_DONE:
            event = EVENT_CHARGE_DONE if was_flowing else 0
        elif now == TOPPING_OFF:
            event = EVENT_CHARGE_TOPPING_OFF
        else:
            event = EVENT_CHARGE_STARTED if now == CHARGING and not was_flowing else 0
        if event == EVENT_CHARGE_STARTED:
            self.cac_s = _CAC_ON_S
        if event:
            self.announce(event)

    def may_charge(self) -> bool:
        return self.state.is_charge_port_open and self.substate != _POWER_WAIT

    def _send_own(self):
        """Once a second while the car is heard: what is due of that which nobody asks for."""
        if self.cooling[0]:
            from ovms.vehicle.roadster import cooldown

            self.in_turn(cooldown.second, self)
        if self.start_again_s:
            self.start_again_s -= 1
            if not self.start_again_s:
                from ovms.vehicle.roadster import own_frames

                self.in_turn(own_frames.start_again, self)
        if self.cac_s:
            self.cac_s -= 1
            if not self.cac_s:
                from ovms.vehicle.roadster import own_frames

                self.in_turn(own_frames.ask_capacity, self)
        elif self.cac_open_s:
            self.cac_open_s = 1 if self.is_cac_told else max(1, self.cac_open_s - 1)
            if self.cac_open_s == 1:
                from ovms.vehicle.roadster import own_frames

                self.in_turn(own_frames.end_capacity, self)

    def _go_silent(self):
        """Unplugged, or without power. What moves has stopped; what was measured grows old."""
        state = self.state
        state.is_on = state.is_awake = state.is_charging = state.has_pilot = False
        state.is_hvac_on = state.is_alarm_on = self.is_flowing = self._was_on = False
        # Whether it goes on is known when the car is heard again.
        state.is_cooling = False
        state.speed_kmh10 = state.line_v = state.charge_a10 = state.charge_w = 0
        if state.charge_input_w:
            state.charge_input_w = 0
        if state.battery_ma:
            state.battery_ma = state.battery_w = 0
        self.switches = self.start_again_s = self.cac_s = self.cac_open_s = 0
        if state.charge_state in _FLOWING or state.charge_state == CHARGE_PREPARING:
            # Nobody knows whether it goes on, so no event tells of its end.
            state.charge_state = self._told_state = CHARGE_STOPPED
            state.charge_substate = SUBSTATE_INTERRUPTED
        state.touch()

    def _read_vin(self):
        for byte in self.vin_bytes:
            if not (48 <= byte <= 57 or 65 <= byte <= 90):
                return
        vin = bytes(self.vin_bytes).decode()
        if vin != self.state.vin:
            self.state.vin = vin
            self.state.touch()
        self._set_generation()

    def _set_generation(self):
        """By the model year: 2010 to 2012 are 2.x cars."""
        self.is_first = self.state.vin[9] not in "ABC"
        self.RX_IDS = _FIRST_RX_IDS if self.is_first else Roadster.RX_IDS

    def keep(self, kept: "Kept") -> None:
        super().keep(kept)
        self.off_min = kept.number("off_min", self.off_min)
        self.alert = kept.number("alert", self.alert)
        self.limit_a = kept.number("limit_a", self.limit_a)
        kept.numbers("cooling", self.cooling)
        if kept.is_restored:
            self._told_state = self.state.charge_state
            # As of `cooldown.py`, which looks once the car is heard.
            self.state.is_cooling = self.cooling[0] == 1
            if len(self.state.vin) == 17:
                self._set_generation()

    def type_text(self) -> str:
        vin = self.state.vin
        if len(vin) != 17:
            return self.TYPE
        return "TR%s%s" % ("1" if self.is_first else "2", "S" if vin[7] == "3" else "N")

    def write_refusal(self) -> str:
        if self.state.speed_kmh10:
            return "Feature 15 can be switched on at a standstill only."
        return ""

    def event_text(self, event: int) -> tuple[str, str] | None:
        if event == EVENT_FAULT:
            from ovms.vehicle.roadster import texts

            return "E", texts.alert(self)
        # Of a charge in the module's own words.
        return ("A", "") if event <= EVENT_CHARGE_SUFFICIENT else None

    def charge_prediction(self) -> "Predict | None":
        from ovms.vehicle.roadster import charge_time

        return charge_time.predict

    def sms_commands(self) -> "tuple[SMSCommand, ...]":
        return (("CTP", 3, _charge_time),)

    async def command(self, code: int, arguments: str) -> "CommandResult":
        from ovms.vehicle.roadster import commands

        return await commands.command(self, code, arguments)
