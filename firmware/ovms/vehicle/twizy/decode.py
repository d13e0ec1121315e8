"""Decoders of the Twizy's frames: payload bytes in, `VehicleState` and raw values out.

Rules of this file: it runs 400 times a second, so nothing allocates and every number stays within
30 bits (what a 32-bit VM keeps without heap). A frame its sender marks as not ready changes
nothing; a signal that carries its filler keeps the last value. Nothing is reported from here:
`poll` of the car compares once a second.

Layouts, scales and validity: Twizy facts 1.3 to 1.5. Where the older firmwares disagree (1.7) the
newest meaning is taken: 59E is the inverter (PEM), 196 the motor, 597 the charger.
"""

from array import array

from micropython import const

from ovms.vehicle.twizy.charge import BUS_SILENT, CHARGE_LEVEL_MAX
from ovms.vehicle.twizy.power import Power
from ovms.vehicle.twizy.sevcon.controller import on_emergency, on_heartbeat, on_reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer, VehicleState
    from ovms.vehicle.twizy.sevcon.controller import Sevcon

# Bits of the status byte: the low nibble comes from 59B, the high one from 597.
_FOOT_BRAKE = const(0x01)
_FORWARD = const(0x02)
_REVERSE = const(0x04)
_GO = const(0x08)
_KEY = const(0x10)
_CHARGING = const(0x20)
_OFFLINE = const(0x40)
_BUS_SEEN = const(0x80)
# Places of `live`. Just heard; counted down once a second, so above 0 is younger than 2 s.
LIVE_KEY = const(0)
LIVE_GEAR = const(1)
LIVE_SPEED = const(2)
_LIVE = const(2)
# Places of `faults`.
LAMPS = const(0)
CHARGER_FAULT = const(1)
BMS_FAULT = const(2)
# Of the BMS: 424 has an error, 155 no values; its error number of 700 stands above.
BMS_ERROR = const(1)
BMS_INVALID = const(2)
BMS_NUMBER = const(8)

# 155 byte 3 while the BMS has valid data.
_PHASE_VALID = const(0x54)
# 424 byte 0.
_BMS_FAULT = const(0x91)
_SOC_RAW_MAX = const(40000)
_CURRENT_RAW_MAX = const(0xEFF)
_CURRENT_RAW_ZERO = const(2000)
_LINE_V = const(230)
# 999,999.99 km: more is no odometer, and its metres would need a big integer.
_ODOMETER_M10_MAX = const(99_999_999)

# What the pack of the Twizy has, and the most that others have.
CELLS = const(14)
MODULES = const(7)
CELLS_MAX = const(16)
MODULES_MAX = const(8)
# Module temperatures of an eDriver, type 1 of 700; behind them its own electronics.
_EDRIVER = const(1)
_EDRIVER_SENSORS = const(3)

# `cell_set`: which frames of a set came; bits 1 and 2 count those of 556 since the first other.
_TEMPS_SEEN = const(1)
_CELLS_1_STEP = const(2)
_WINDOW_OVER = const(6)
_CELLS_2_SEEN = const(8)
_CELLS_3_SEEN = const(16)
_PACK_SEEN = const(32)
_CELLS_4_SEEN = const(64)
# A number from which on all are there, whether the temperatures are or not; and with those of 700.
SET_COMPLETE = const(58)
SET_COMPLETE_4 = const(122)
# First raw value that is a filler.
CELL_END = const(0xF00)


class Decoder:
    """Writes what frames say into `state` and keeps what only the Twizy's own logic needs.

    status: the status byte. charge_level: the BMS's last power level 0 to 7 of this charge, or
    None. soc_min_pct100, soc_max_pct100: SOC window since use or charge began, with the estimated
    range at its lower end. available_wh: energy the BMS still sees, or None. drive_limit and
    recovery_limit: what the BMS allows in 500 W, 0 before. vin_number: the last seven VIN digits
    as a number, or None.

    live: by LIVE_..., above 0 while 597, 59B, a valid speed of 599 are younger than two seconds:
    what is remembered longer is no reason to write to the motor controller.

    cell_volts: 16 raw values of 1/200 V. module_temps: 8 raw values, degrees Celsius + 40. Both
    hold what came last, fillers included, 0 before. From cell_set >= set_complete on the cells
    belong together and all stay, until whoever took them makes it 0. has_temps: there are new
    ones. sensors: of module_temps, those that belong to modules; temp_count: so many must be valid
    for a temperature of the pack. power: the Power statistics to feed.

    faults: the three bytes of 628 and of 627, and bits of the BMS; 0 is fine. BMS_INVALID is for
    whoever looks to take back. sevcon: who takes the motor controller's frames, the car's.
    """

    sevcon: "Sevcon"

    def __init__(self, state: "VehicleState") -> None:
        self.state = state
        self.power = Power(state)
        self.status = _OFFLINE
        self.charge_level: int | None = None
        self.soc_min_pct100 = 10000
        self.soc_max_pct100 = 0
        self.soc_min_range_km: int | None = None
        self.available_wh: int | None = None
        self.drive_limit = self.recovery_limit = 0
        self.vin_number: int | None = None
        self.live = bytearray(3)
        self.faults = array("I", bytes(12))
        self.cell_volts = array("H", bytes(2 * CELLS_MAX))
        self.module_temps = bytearray(MODULES_MAX)
        self.cell_set = 0
        self.set_complete = SET_COMPLETE
        self.has_temps = False
        self.sensors = MODULES_MAX
        self.temp_count = MODULES
        self._pack_v10 = 0

    def is_charging(self) -> bool:
        """The charger charges; its flag means something only outside the switch phases."""
        return self.status & (_CHARGING | _OFFLINE) == _CHARGING

    def is_heard(self) -> bool:
        """The bus is not silent: noticed at once, and its silence by `check_bus`."""
        return self.status & _BUS_SEEN != 0

    def is_go(self) -> bool:
        """The motor is on."""
        return self.status & _GO != 0

    def has_key(self) -> bool:
        """The key is on, be it in the switch-on phase."""
        return self.status & _KEY != 0

    def is_offline(self) -> bool:
        """The bus is starting up, closing down or silent."""
        return self.status & _OFFLINE != 0

    def grow_old(self) -> None:
        """Once a second: what is not heard again is not live for longer than two."""
        live = self.live
        for index in range(3):
            if live[index]:
                live[index] -= 1

    def check_bus(self) -> None:
        """Every 10 s: no 597 since the last call means the bus sleeps, noticed in 10 to 20 s."""
        if self.status & _BUS_SEEN:
            self.status &= ~_BUS_SEEN
            return
        self.status = BUS_SILENT
        for index in range(3):
            self.faults[index] = 0
        self.power.forget_extremes()
        state = self.state
        state.line_v = 0
        state.is_12v_charging = False
        if state.supply_ma:
            state.supply_ma = 0
        self.stop_motion()

    def stop_motion(self) -> None:
        """Speed, current and power are over when their senders are; what was never seen stays."""
        state = self.state
        state.speed_kmh10 = 0
        if state.battery_ma:
            state.battery_ma = 0
        if state.battery_w:
            state.battery_w = 0

    def bms_1(self, data: "Buffer") -> None:
        """155: charge power level, current, SOC."""
        if data[3] != _PHASE_VALID:
            self.faults[BMS_FAULT] |= BMS_INVALID
            return
        if self.status & (_CHARGING | _OFFLINE) == _CHARGING and data[0] <= CHARGE_LEVEL_MAX:
            self.charge_level = data[0]
        state = self.state
        raw = data[4] << 8 | data[5]
        if 0 < raw <= _SOC_RAW_MAX:
            raw >>= 2
            state.soc_pct100 = raw
            if raw > self.soc_max_pct100:
                self.soc_max_pct100 = raw
            if raw < self.soc_min_pct100:
                self.soc_min_pct100 = raw
                self.soc_min_range_km = state.estimated_range_km
        raw = (data[1] & 0x0F) << 8 | data[2]
        if not 0 < raw <= _CURRENT_RAW_MAX:
            return
        raw = _CURRENT_RAW_ZERO - raw
        state.battery_ma = raw * 250
        if not self._pack_v10:
            return
        state.battery_w = (self.power.add(raw, self._pack_v10) + 20) // 40

    def controller_energy(self, data: "Buffer") -> None:
        """196: motor temperature."""
        if 0 < data[5] < 0xF0:
            self.state.motor_temp_c = data[5] - 40

    def bms_2(self, data: "Buffer") -> None:
        """424: power limits and state of health; 7F while the BMS starts, 91 for its error."""
        if data[0] == _BMS_FAULT:
            self.faults[BMS_FAULT] |= BMS_ERROR
        else:
            self.faults[BMS_FAULT] &= ~BMS_ERROR
        if data[2] != 0xFF:
            self.recovery_limit = data[2]
        if data[3] != 0xFF:
            self.drive_limit = data[3]
        if data[5] < 0x7F:
            self.state.soh_pct = data[5]

    def bms_3(self, data: "Buffer") -> None:
        """425: available energy in 100 Wh."""
        if data[1] != 0xFF:
            self.available_wh = data[1] * 100

    def module_temperatures(self, data: "Buffer") -> None:
        """554: the modules' temperatures; the pack has their rounded mean, if none is missing."""
        if data[0] == 0xFF:
            return
        total = count = 0
        is_wanted = self.cell_set < self.set_complete
        if is_wanted:
            self.cell_set |= _TEMPS_SEEN
        for index in range(self.sensors):
            raw = data[index]
            if is_wanted:
                self.module_temps[index] = raw
            if 0 < raw < 0xF0:
                total += raw
                count += 1
        self.has_temps = True
        if count >= self.temp_count:
            self.state.battery_temp_c = (2 * total + count) // (2 * count) - 40
            self.state.temps_age_s = 0

    def _four_cells(self, data, first):
        cells = self.cell_volts
        cells[first] = data[0] << 4 | data[1] >> 4
        cells[first + 1] = (data[1] & 0x0F) << 8 | data[2]
        cells[first + 2] = data[3] << 4 | data[4] >> 4
        cells[first + 3] = (data[4] & 0x0F) << 8 | data[5]

    def cells_1(self, data: "Buffer") -> None:
        """556: cells 1 to 5, ten times a second while the rest of a set comes once.

        The values of a set must be of the same moment, as a cell's voltage changes with the load:
        what is not complete within two of these frames is dropped.
        """
        seen = self.cell_set
        if data[0] == 0xFF or seen >= self.set_complete:
            return
        self._four_cells(data, 0)
        self.cell_volts[4] = data[6] << 4 | data[7] >> 4
        if seen:
            seen += _CELLS_1_STEP
            if seen < self.set_complete and seen & _WINDOW_OVER == _WINDOW_OVER:
                seen = 0
            self.cell_set = seen

    def cells_2(self, data: "Buffer") -> None:
        """557: cells 6 to 10."""
        if data[0] != 0xFF and self.cell_set < self.set_complete:
            self._four_cells(data, 5)
            self.cell_volts[9] = data[6] << 4 | data[7] >> 4
            self.cell_set |= _CELLS_2_SEEN

    def cells_3(self, data: "Buffer") -> None:
        """55E: cells 11 to 14."""
        if data[0] != 0xFF and self.cell_set < self.set_complete:
            self._four_cells(data, 10)
            self.cell_set |= _CELLS_3_SEEN

    def cells_4(self, data: "Buffer") -> None:
        """700: type and error of another maker's battery, and cells 15 and 16 if it has them."""
        if data[0] == 0xFF:
            return
        self.sensors = _EDRIVER_SENSORS if data[1] >> 5 == _EDRIVER else MODULES_MAX
        self.faults[BMS_FAULT] &= (1 << BMS_NUMBER) - 1
        self.faults[BMS_FAULT] |= (data[1] & 0x1F) << BMS_NUMBER
        if self.cell_set < SET_COMPLETE_4:
            cells = self.cell_volts
            cells[14] = data[2] << 4 | data[3] >> 4
            cells[15] = (data[3] & 0x0F) << 8 | data[4]
            if 0 < cells[14] < CELL_END:
                self.set_complete = SET_COMPLETE_4
                self.cell_set |= _CELLS_4_SEEN

    def charger_status(self, data: "Buffer") -> None:
        """627: what the charger complains of."""
        self.faults[CHARGER_FAULT] = data[0] << 16 | data[1] << 8 | data[2]

    def bms_status(self, data: "Buffer") -> None:
        """628: what lights the lamps of the dashboard."""
        self.faults[LAMPS] = data[0] << 16 | data[1] << 8 | data[2]

    def pack_voltage(self, data: "Buffer") -> None:
        """55F: two measurements of the pack, of which the rounded mean counts."""
        if data[5] != 0xFF:
            first = data[5] << 4 | data[6] >> 4
            self._pack_v10 = (first + ((data[6] & 0x0F) << 8 | data[7]) + 1) >> 1
            self.state.battery_mv = self._pack_v10 * 100
            if self.cell_set < self.set_complete:
                self.cell_set |= _PACK_SEEN

    def charger(self, data: "Buffer") -> None:
        """597: phase of the bus, mains, DC-DC converter, charger temperature."""
        # The switch phases drop GO, which 59B no longer takes back after switch-off.
        keep = _FOOT_BRAKE | _FORWARD | _REVERSE
        if not data[1] & _OFFLINE:
            keep |= _GO
        self.status = self.status & keep | data[1] & 0xF0
        self.live[LIVE_KEY] = _LIVE
        state = self.state
        state.line_v = _LINE_V if data[0] & 0x20 else 0
        state.supply_ma = data[2] * 200
        state.is_12v_charging = data[3] & 0xC0 != 0xC0
        if 0 < data[7] < 0xF0:
            state.charger_temp_c = data[7] - 40

    def dashboard(self, data: "Buffer") -> None:
        """599: range, which the car updates only while driving, and speed."""
        state = self.state
        if not self.status & (_CHARGING | _OFFLINE) and 0 < data[5] < 0xFF:
            state.estimated_range_km = data[5]
        raw = data[6] << 8 | data[7]
        if raw != 0xFFFF:
            # Cut, not rounded: rounding these tenths then equals rounding the hundredths.
            state.speed_kmh10 = raw // 10
            self.live[LIVE_SPEED] = _LIVE
            self.power.on_speed(raw)

    def controller_drive(self, data: "Buffer") -> None:
        """59B: gear, foot brake, GO."""
        status = self.status & 0xF0 | data[1] & (_GO | _FOOT_BRAKE)
        if data[0] == 0x80:
            status |= _FORWARD
        elif data[0] == 0x08:
            status |= _REVERSE
        self.status = status
        self.live[LIVE_GEAR] = _LIVE

    def controller_heat(self, data: "Buffer") -> None:
        """59E: inverter temperature, and a distance counter, good for the shares of a trip.

        It reads 8 % too long, so 5D7 has the km. Around the switch phases it may be an old one.
        """
        if 0 < data[5] < 0xF0:
            self.state.pem_temp_c = data[5] - 40
        is_driving = self.status & (_KEY | _OFFLINE) == _KEY
        self.power.on_distance(data[0] << 8 | data[1] if is_driving else -1)

    def odometer(self, data: "Buffer") -> None:
        """5D7: odometer, of whose 0.625 m steps 10 m are kept."""
        raw = data[2] << 20 | data[3] << 12 | data[4] << 4 | data[5] >> 4
        if raw <= _ODOMETER_M10_MAX:
            self.state.odometer_m = raw * 10

    def vin(self, data: "Buffer") -> None:
        """69F: the last seven VIN digits, one per nibble, last digit first."""
        number = 0
        for index in range(7):
            digit = data[3 - (index >> 1)]
            digit = digit >> 4 if index & 1 else digit & 0x0F
            if digit > 9:
                return
            number = number * 10 + digit
        self.vin_number = number


# The ids in the order of their decoders.
RX_IDS = (
    0x155,
    0x196,
    0x424,
    0x425,
    0x554,
    0x556,
    0x557,
    0x55E,
    0x55F,
    0x597,
    0x599,
    0x59B,
    0x59E,
    0x5D7,
    0x69F,
    0x627,
    0x628,
    0x700,
    0x081,
    0x581,
    0x701,
)
DECODERS = (
    Decoder.bms_1,
    Decoder.controller_energy,
    Decoder.bms_2,
    Decoder.bms_3,
    Decoder.module_temperatures,
    Decoder.cells_1,
    Decoder.cells_2,
    Decoder.cells_3,
    Decoder.pack_voltage,
    Decoder.charger,
    Decoder.dashboard,
    Decoder.controller_drive,
    Decoder.controller_heat,
    Decoder.odometer,
    Decoder.vin,
    Decoder.charger_status,
    Decoder.bms_status,
    Decoder.cells_4,
    on_emergency,
    on_reply,
    on_heartbeat,
)
# Bytes a frame must have where 8 are not needed.
LENGTHS = {0x5D7: 7, 0x69F: 4, 0x627: 3, 0x628: 3, 0x701: 1}
