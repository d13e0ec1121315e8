"""Renault Twizy: the car as the firmware sees it.

Frames are decoded as they come (`decode`); once a second `poll` draws the conclusions: bus asleep,
key edges, trip, charge (`charge`). Bus, status byte and edges: Twizy facts 1.1, 1.5 and 2.
"""

from micropython import const

from ovms import overlay
from ovms.vehicle.base import Vehicle
from ovms.vehicle.twizy.battery import Battery
from ovms.vehicle.twizy.charge import Charge
from ovms.vehicle.twizy.decode import DECODERS, RX_IDS, Decoder
from ovms.vehicle.twizy.history import History
from ovms.vehicle.twizy.sevcon import Sevcon

_BUS_CHECK_MS = const(10_000)

# Overlays: loaded for one call.
_COMMANDS = "ovms.vehicle.twizy.charge_commands"
_TEXTS = "ovms.vehicle.twizy.texts"
_CFG = "ovms.vehicle.twizy.sevcon_cfg"
_BATTERY = "ovms.vehicle.twizy.battery_texts"
_POWER = "ovms.vehicle.twizy.power_texts"


class Twizy(Vehicle):
    """decoder: raw values for this folder's files. battery: the battery monitor. short_frames:
    frames refused for their DLC.
    """

    TYPE = "RT"
    # The module version whose texts and commands the Twizy guide 1.2.0 describes.
    VERSION = "3.0"
    BITRATE = 500_000
    RX_IDS = RX_IDS
    # Of the other ids of the Twizy's bus these pass 601 and 659 only: 150 frames a second less
    # than filters made without knowing them. Found by `python -m tools.can_filters`.
    FILTERS = (0x436, (0x424, 0x416), 0x03D, (0x015, 0x001, 0x019, 0x014))
    # SDO requests and NMT to the motor controller, nothing else.
    TX_FRAMES = ((0x601, 8), (0x000, 2))
    CAPABILITIES = "C6,C200-210"
    SMS_COMMANDS = (
        ("RANGE", 3, "sms_range"),
        ("CA", 3, "sms_ca"),
        ("BATT", 3, "sms_batt"),
        ("POWER", 3, "sms_power"),
        ("CFG", 3, "sms_cfg"),
    )

    def __init__(self, state, config):
        super().__init__(state, config)
        self.decoder = Decoder(state)
        self.battery = Battery(self.decoder)
        self.charge = Charge(state, config, self.decoder, self.reset_use)
        self.sevcon = self.decoder.sevcon = Sevcon(self)
        self.short_frames = 0
        self._decoders = {RX_IDS[n]: DECODERS[n] for n in range(len(RX_IDS))}
        self._bus_check_ms = 0
        self._trip_start_m = None
        self._vin_number = None
        self._reported = self._report_bits()
        self._history = History(self)

    def on_frame(self, arbitration_id, data, dlc):
        entry = self._decoders.get(arbitration_id)
        if entry is None:
            return
        if dlc < entry[0]:
            self.short_frames += 1
            return
        entry[1](self.decoder, data)

    def poll(self, elapsed_ms):
        self._bus_check_ms += elapsed_ms
        if self._bus_check_ms >= _BUS_CHECK_MS:
            self._bus_check_ms = 0
            self.decoder.check_bus()
        self.decoder.power.update()
        self._update_trip()
        self._update_key()
        self._update_vin()
        self.sevcon.poll()
        event = self.charge.update()
        bits = self._report_bits()
        if bits != self._reported:
            self._reported = bits
            self.state.touch()
        if event:
            self.on_event(event)
        self._history.update(elapsed_ms)

    def stat_text(self):
        return overlay.call(_TEXTS, "stat_text", self)

    def event_text(self, event):
        return overlay.call(_TEXTS, "event_text", self, event)

    async def command(self, code, arguments):
        return await overlay.call_async(_COMMANDS, "command", self, code, arguments)

    async def sms_cfg(self, arguments, is_query):
        return await overlay.call_async(_CFG, "execute", self, arguments)

    async def sms_range(self, arguments, is_query):
        return overlay.call(_COMMANDS, "range_reply", self, arguments, is_query)

    async def sms_ca(self, arguments, is_query):
        return overlay.call(_COMMANDS, "alert_reply", self, arguments, is_query)

    async def sms_batt(self, arguments, is_query):
        return overlay.call(_BATTERY, "reply", self, arguments)

    async def sms_power(self, arguments, is_query):
        return overlay.call(_POWER, "report", self, arguments[0][0] if arguments else "E")

    def reset_use(self):
        """A use of the battery begins: the key was turned on, or a new charge has started."""
        self.decoder.reset_energy()

    def switched_on(self):
        """The key is on and the bus has started up."""
        state = self.state
        state.is_awake = True
        # The wake-up phase is over, so this is no odometer frame left from the last trip.
        self._trip_start_m = state.odometer_m
        state.trip_m = None if state.odometer_m is None else 0
        self.battery.reset()
        if not self.decoder.is_charging():
            self.reset_use()

    def switched_off(self):
        """The key was turned off."""
        state = self.state
        state.is_awake = False
        state.parked_s = 1
        state.speed_kmh10 = 0
        # While charging, current and power go on without the key.
        if not self.decoder.is_charging():
            self.decoder.stop_motion()

    def _update_trip(self):
        state = self.state
        if state.is_awake and state.odometer_m is not None:
            if self._trip_start_m is None:
                self._trip_start_m = state.odometer_m
            state.trip_m = state.odometer_m - self._trip_start_m

    def _update_key(self):
        state = self.state
        decoder = self.decoder
        state.is_on = decoder.is_go()
        if not decoder.has_key():
            if state.is_awake:
                self.switched_off()
            return
        if not state.is_awake and not decoder.is_offline():
            self.switched_on()
        if state.is_awake:
            state.parked_s = 0

    def _update_vin(self):
        number = self.decoder.vin_number
        if number != self._vin_number:
            self._vin_number = number
            self.state.vin = "%07d" % number

    def _report_bits(self):
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
