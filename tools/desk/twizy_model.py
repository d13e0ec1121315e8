"""The physics of a simulated Twizy: battery, drive, charger, temperatures, odometer.

Knows nothing of CAN. Plausible rather than exact: 14 cell groups of 108 Ah, 57.7 V at the end of
a charge, 94 % after three hours at 32 A and the rest in 40 minutes (Twizy guide 1.2.0, "Charge
time estimation" and "Battery monitoring"). Currents and powers are positive while discharging.
"""

from __future__ import annotations

import math

CELLS = 14
MODULES = 7
CAPACITY_AH = 108.0
# While charging the slow polarisation of the cells adds to their ohmic resistance.
DRIVE_OHM = 0.012
CHARGE_OHM = 0.027
CHARGE_A = 32.0
CHARGE_END_A = 2.0
CHARGE_V = 57.7
LEVEL_A = 5.0

# Open circuit volts of a cell group over state of charge.
_OPEN_VOLTS = (
    (0.0, 3.35),
    (0.1, 3.55),
    (0.2, 3.65),
    (0.4, 3.76),
    (0.6, 3.87),
    (0.8, 3.98),
    (0.94, 4.06),
    (1.0, 4.118),
)

# Car with driver, air and tyre resistance, chain from battery to wheel.
_MASS_KG = 560.0
_DRAG_N_PER_MS2 = 0.42
_ROLL_N = 66.0
_GRAVITY_MS2 = 9.81
_DRIVE_EFFICIENCY = 0.85
_RECUPERATION = 0.45
_RECUPERATION_W = 2500.0
_IDLE_W = 120.0
_PEAK_W = 17000.0
_ACCELERATION_MS2 = 1.6
_BRAKING_MS2 = 1.8
# The dashboard's consumption estimate looks back about this far.
_RANGE_MEMORY_M = 3000.0
_USABLE_WH = 6100.0
_OPENING_WH_PER_KM = 92.0


def open_volts(soc: float) -> float:
    """Volts of one cell group at rest; soc 0 to 1."""
    for (low, volts), (high, next_volts) in zip(_OPEN_VOLTS, _OPEN_VOLTS[1:], strict=False):
        if soc <= high:
            return volts + (next_volts - volts) * (soc - low) / (high - low)
    return _OPEN_VOLTS[-1][1]


def follow_speed(speed_ms: float, target_ms: float, seconds: float) -> float:
    """Speed after `seconds` of a driver who wants `target_ms`."""
    if speed_ms < target_ms:
        return min(target_ms, speed_ms + _ACCELERATION_MS2 * seconds)
    return max(target_ms, speed_ms - _BRAKING_MS2 * seconds)


class TwizyModel:
    """State of the car; `drive`, `charge` and `rest` move it on in time.

    soc_pct: 0 to 100. odometer_km, ambient_c: where it starts. cell_offset_mv, module_offset_c:
    faults to add to a cell group (0 to 13) or module (0 to 6).
    """

    def __init__(self, soc_pct: float, odometer_km: float, ambient_c: float = 16.0):
        self.soc = soc_pct / 100
        self.odometer_km = odometer_km
        self.ambient_c = ambient_c
        self.speed_ms = 0.0
        self.distance_m = 0.0
        self.current_a = 0.0
        self.power_w = 0.0
        self.is_full = False
        self._pack_ohm = DRIVE_OHM
        self.battery_c = ambient_c + 2
        self.motor_c = self.inverter_c = self.charger_c = ambient_c
        self.cell_offset_mv = [0.0] * CELLS
        self.module_offset_c = [0.0] * MODULES
        self._wh_per_km = _OPENING_WH_PER_KM
        self.range_km = self._estimate_km()

    @property
    def pack_v(self) -> float:
        """Pack voltage under the present load."""
        return CELLS * open_volts(self.soc) - self.current_a * self._pack_ohm

    @property
    def charge_level(self) -> int:
        """What the BMS asks of the charger: 7 at full current, 0 when full."""
        return 0 if self.is_full else min(7, math.ceil(max(-self.current_a, 0.1) / LEVEL_A))

    @property
    def available_kwh(self) -> float:
        """Energy the BMS still sees."""
        return self.soc * _USABLE_WH / 1000

    def cell_volts(self, cell: int) -> float:
        """Volts of a cell group, 0 to 13; they differ by a few millivolts even when well."""
        spread_mv = (cell * 5) % 3 * 5 - 5
        return self.pack_v / CELLS + (spread_mv + self.cell_offset_mv[cell]) / 1000

    def module_c(self, module: int) -> float:
        """Degrees of a module, 0 to 6; those in the middle are a little warmer."""
        return self.battery_c + (module in (2, 3, 4)) * 0.6 + self.module_offset_c[module]

    def drive(self, target_kmh: float, seconds: float, slope: float = 0.0) -> None:
        """The key is on; the driver wants `target_kmh`. slope: metres up for each one driven."""
        self.is_full = False
        self._pack_ohm = DRIVE_OHM
        before_ms = self.speed_ms
        self.speed_ms = follow_speed(before_ms, target_kmh / 3.6, seconds)
        mean_ms = (before_ms + self.speed_ms) / 2
        force_n = _MASS_KG * (self.speed_ms - before_ms) / seconds
        if mean_ms > 0:
            force_n += _ROLL_N + _DRAG_N_PER_MS2 * mean_ms * mean_ms
            force_n += _MASS_KG * _GRAVITY_MS2 * slope
        wheel_w = force_n * mean_ms
        if wheel_w >= 0:
            electric_w = min(wheel_w / _DRIVE_EFFICIENCY, _PEAK_W)
        else:
            electric_w = max(wheel_w * _RECUPERATION, -_RECUPERATION_W)
        self._load(electric_w + _IDLE_W, seconds)
        metres = mean_ms * seconds
        self.distance_m += metres
        self.odometer_km += metres / 1000
        if metres:
            share = min(metres / _RANGE_MEMORY_M, 1)
            wh_per_km = self.power_w * seconds / 3600 / metres * 1000
            self._wh_per_km += (wh_per_km - self._wh_per_km) * share
            self._wh_per_km = min(max(self._wh_per_km, 50.0), 250.0)
        self.range_km = self._estimate_km()
        self._warm("motor_c", 25 + abs(self.power_w) / 250, 600, seconds)
        self._warm("inverter_c", 12 + abs(self.power_w) / 400, 400, seconds)
        self._warm("charger_c", 8, 900, seconds)
        self._warm("battery_c", 4 + abs(self.power_w) / 1500, 7200, seconds)

    def charge(self, seconds: float) -> None:
        """The charger is on: constant current, then constant voltage, then full at 100 %."""
        self.speed_ms = 0.0
        self._pack_ohm = CHARGE_OHM
        room_a = (CHARGE_V - CELLS * open_volts(self.soc)) / CHARGE_OHM
        charge_a = min(CHARGE_A, room_a)
        if self.is_full or charge_a < CHARGE_END_A or self.soc >= 1:
            self.is_full = True
            self.soc = 1.0
            charge_a = 0.0
        self._flow(-charge_a, seconds)
        self._warm("charger_c", 5 + charge_a * 0.6, 900, seconds)
        self._warm("battery_c", 2 + charge_a * 0.15, 7200, seconds)

    def rest(self, seconds: float) -> None:
        """Parked, or switching on or off: no current, everything cools down."""
        self.speed_ms = self.current_a = self.power_w = 0.0
        for name, time_s in (
            ("motor_c", 1800),
            ("inverter_c", 1200),
            ("charger_c", 1200),
            ("battery_c", 14400),
        ):
            self._warm(name, 0, time_s, seconds)

    def _load(self, watts: float, seconds: float) -> None:
        """Take `watts` from the pack, whose voltage falls with the current."""
        volts = CELLS * open_volts(self.soc)
        current_a = (volts - math.sqrt(volts * volts - 4 * DRIVE_OHM * watts)) / (2 * DRIVE_OHM)
        self._flow(current_a, seconds)

    def _flow(self, current_a: float, seconds: float) -> None:
        self.current_a = current_a
        self.power_w = current_a * self.pack_v
        self.soc = min(max(self.soc - current_a * seconds / 3600 / CAPACITY_AH, 0.0), 1.0)

    def _estimate_km(self) -> float:
        return self.soc * _USABLE_WH / self._wh_per_km

    def _warm(self, name: str, above_ambient_c: float, time_s: float, seconds: float) -> None:
        share = 1 - math.exp(-seconds / time_s)
        degrees = getattr(self, name)
        setattr(self, name, degrees + (self.ambient_c + above_ambient_c - degrees) * share)
