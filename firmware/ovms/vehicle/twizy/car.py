"""Renault Twizy: the car as the firmware sees it.

Frames are decoded as they come (`decode`); once a second `poll` draws the conclusions: bus asleep,
key edges, trip, charge (`charge`). Bus, status byte and edges: Twizy facts 1.1, 1.5 and 2.
"""

from array import array

from micropython import const

from ovms.parameters import FEATURE_STREAM, STREAM_LOCATION, STREAM_RECORDS, streamed
from ovms.vehicle.base import EVENT_CHARGE_DONE, EVENT_TRIP_END, Vehicle
from ovms.vehicle.state import CHARGE_DONE
from ovms.vehicle.twizy.battery import Battery
from ovms.vehicle.twizy.charge import Charge
from ovms.vehicle.twizy.decode import DECODERS, LENGTHS, RX_IDS, Decoder
from ovms.vehicle.twizy.sevcon.controller import Sevcon

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

_BUS_CHECK_MS = const(10_000)
_MINUTE_MS = const(60_000)
_STREAM_MS = const(5_000)
# A bus that has not been heard for so long since a restart sleeps.
_WAIT_MS = const(20_000)

# What the history records are due for, as bits.
DUE_ALERT = const(1)
DUE_TRIP_END = const(2)
DUE_POSITION = const(4)
DUE_MINUTE = const(8)
DUE_CHARGE = const(16)


class Twizy(Vehicle):
    """decoder: raw values for this folder's files. battery: its monitor. watch: of `watch.py`.
    short_frames: frames refused for their DLC. trip_start_m, trip_start_soc_pct100: odometer and
    SOC at the start of the trip, or None.

    told_latitude_udeg, told_longitude_udeg: where the last record of the position was made, None
    before. position_ms: since then, or since there was none to make. told_sets: `battery.sets`
    of its last record. minutes: of this half hour of the trip, see `records`. due: DUE_... bits
    of the records to send.
    """

    TYPE = "RT"
    # The module version whose texts and commands the Twizy guide 1.2.0 describes.
    VERSION = "3.0"
    BITRATE = 500_000
    RX_IDS = RX_IDS
    # 190 frames a second (Twizy facts 1.2). 629 is the motor controller's, dead without the key.
    FOREIGN_IDS = (0x19F, 0x080, 0x423, 0x426, 0x436, 0x629)
    # SDO requests and NMT to the motor controller, nothing else.
    TX_FRAMES = ((0x601, 8), (0x000, 2))
    CAPABILITIES = "C6,C200-210"
    SMS_NAME = "TWIZY"

    trip_start_m: int | None
    trip_start_soc_pct100: int | None
    told_latitude_udeg: int | None
    told_longitude_udeg: int | None
    _vin_number: int | None

    def __init__(self, state: "VehicleState", config: "Config") -> None:
        super().__init__(state, config)
        self.decoder = Decoder(state)
        self.battery = Battery(self.decoder)
        self.charge = Charge(state, config, self.decoder)
        self.sevcon = self.decoder.sevcon = Sevcon(self)
        self.watch = array("i", bytes(16))
        self.short_frames = 0
        self._decoders = {RX_IDS[n]: DECODERS[n] for n in range(len(RX_IDS))}
        self._bus_check_ms = self._minute_ms = self.position_ms = self._wait_ms = 0
        self.trip_start_m = self.trip_start_soc_pct100 = self._vin_number = None
        self._reported = CHARGE_DONE << 5
        self.told_latitude_udeg = self.told_longitude_udeg = None
        self.told_sets = self.minutes = self.due = 0

    def on_frame(self, arbitration_id: int, data: "Buffer", dlc: int) -> None:
        decode = self._decoders.get(arbitration_id)
        if decode is None:
            return
        if dlc < 8 and dlc < LENGTHS.get(arbitration_id, 8):
            self.short_frames += 1
            return
        decode(self.decoder, data)

    def poll(self, elapsed_ms: int) -> None:
        state = self.state
        decoder = self.decoder
        decoder.grow_old()
        # Before the check begins to wait for the next frame: this second's count, however few.
        is_heard = decoder.is_heard()
        self._bus_check_ms += elapsed_ms
        if self._bus_check_ms >= _BUS_CHECK_MS:
            self._bus_check_ms = 0
            decoder.check_bus()
            if decoder.is_charging() or self.watch[1] or max(decoder.faults):
                self.in_turn(self._watch)
        if is_heard:
            state.told_age_s = self._wait_ms = 0
        elif self._wait_ms > 0:
            # A trip or charge was under way before the restart: it may still be.
            self._wait_ms -= elapsed_ms
            return
        decoder.power.update()
        odometer_m = state.odometer_m
        if state.is_awake and odometer_m is not None:
            if self.trip_start_m is None:
                self.trip_start_m = odometer_m
            state.trip_m = odometer_m - self.trip_start_m
        state.is_on = decoder.is_go()
        if decoder.has_key():
            if not state.is_awake and not decoder.is_offline():
                from ovms.vehicle.twizy import edges

                edges.switched_on(self)
            if state.is_awake:
                state.parked_s = 0
        elif state.is_awake:
            from ovms.vehicle.twizy import edges

            edges.switched_off(self)
            self.due |= DUE_TRIP_END
        number = decoder.vin_number
        if number is not None and number != self._vin_number:
            self._vin_number = number
            state.vin = "%07d" % number
        self.sevcon.poll()
        event = self.charge.update()
        bits = self._news()
        if bits != self._reported:
            self._reported = bits
            state.touch()
        if event:
            self.announce(event)
            # Of its phases users hear only if they want to.
            if event >= EVENT_CHARGE_DONE:
                self.due |= DUE_CHARGE
        if self.battery.update():
            self.due |= DUE_ALERT
        self.position_ms += elapsed_ms
        is_streaming = state.speed_kmh10 and streamed(self.config.feature(FEATURE_STREAM)) & (
            STREAM_LOCATION | STREAM_RECORDS
        )
        if self.position_ms >= (_STREAM_MS if is_streaming else _MINUTE_MS):
            self.due |= DUE_POSITION
        self._minute_ms += elapsed_ms
        if self._minute_ms >= _MINUTE_MS:
            self._minute_ms %= _MINUTE_MS
            self.due |= DUE_MINUTE
        if self.due:
            self.in_turn(self._send_due)

    def _watch(self):
        from ovms.vehicle.twizy import watch

        watch.look(self)

    def _send_due(self):
        from ovms.vehicle.twizy import records

        records.send_due(self)

    def write_refusal(self) -> str:
        from ovms.vehicle.twizy.sevcon import consent

        return consent.switch_refusal(self)

    def _news(self):
        """What S and D report at once, as one number to compare."""
        state = self.state
        return (
            state.charge_state << 5
            | state.is_charge_port_open << 4
            | state.has_pilot << 3
            | state.is_charging << 2
            | state.is_awake << 1
            | state.is_on
        )

    def keep(self, kept: "Kept") -> None:
        super().keep(kept)
        from ovms.vehicle.twizy import kept as own

        own.walk(self, kept)
        if kept.is_restored:
            self._wait_ms = _WAIT_MS
            # The server knows it from before.
            self._reported = self._news()

    def charge_prediction(self) -> "Predict | None":
        from ovms.vehicle.twizy import charge_estimates

        return charge_estimates.predict

    def sms_commands(self) -> "tuple[SMSCommand, ...]":
        from ovms.vehicle.twizy.sms_commands import COMMANDS

        return COMMANDS

    def stat_text(self) -> str:
        from ovms.vehicle.twizy import texts

        return texts.stat_text(self)

    def event_text(self, event: int) -> tuple[str, str] | None:
        if event == EVENT_TRIP_END:
            from ovms.vehicle.twizy import power_texts

            return "I", power_texts.report(self, "E")
        from ovms.vehicle.twizy import texts

        return texts.event_text(self, event)

    async def command(self, code: int, arguments: str) -> "CommandResult":
        from ovms.vehicle.twizy import charge_commands

        return await charge_commands.command(self, code, arguments)
