"""Encodes a simulated Twizy as CAN frames, with cantools from the project's DBC."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cantools.database import can

from tools.desk.twizy_model import CELLS, MODULES, TwizyModel
from tools.desk.twizy_scenarios import DRIVING, BusPhase

DBC = Path(__file__).with_name("twizy.dbc")
VIN_DIGITS = "7378280"

# The distance counter of 59E reads this much more than the odometer.
_COUNTER_GAIN = 1.085
# How much older the odometer of the first frame after a wake-up is.
_STALE_KM = 0.2
_INVALID_SPEED_KMH = 655.35
_GEARS = {"D": 0x80, "N": 0x20, "R": 0x08}

Signals = dict[str, float]


@dataclass
class Car:
    """All that frames tell: the physics, the phase of the bus, and what driver and plug do.

    is_waking: the bus came up less than 100 ms ago. clock_min: the dashboard's clock.
    """

    model: TwizyModel
    phase: BusPhase = field(default=DRIVING)
    gear: str = "N"
    is_go: bool = False
    is_braking: bool = False
    pedal: int = 0
    has_mains: bool = False
    is_waking: bool = True
    clock_min: int = 0


@dataclass(frozen=True)
class Slot:
    """When a frame is sent: every period_ms, offset_ms after the bus woke up."""

    name: str
    period_ms: int
    offset_ms: int
    needs_key: bool


class FrameEncoder:
    """schedule: a Slot for every frame the car sends by itself."""

    def __init__(self, dbc: Path = DBC):
        database = can.Database()
        database.add_dbc_file(dbc)
        self._messages = {message.name: message for message in database.messages}
        self.schedule = []
        for index, name in enumerate(_SIGNALS):
            message = self._messages[name]
            period_ms = message.cycle_time or 0
            # The motor controller is dead without the key.
            needs_key = message.senders == ["CON"]
            self.schedule.append(Slot(name, period_ms, index * 10 % period_ms, needs_key))

    def encode(self, name: str, car: Car) -> tuple[int, bytes]:
        """Frame `name` as (arbitration_id, data)."""
        message = self._messages[name]
        if name in _FILLED_WHILE_STARTING and not car.phase.is_bms_ready:
            return message.frame_id, b"\xff" * message.length
        return message.frame_id, message.encode(_SIGNALS[name](car), strict=False)


def _bms_1(car: Car) -> Signals:
    model = car.model
    if not car.phase.is_bms_ready:
        return {
            "chg_power_level": 0xFF,
            "handshake": 9,
            "batt_current": 0,
            "phase": 0x94,
            "soc": 0.02,
            "byte7": 0x6F,
        }
    return {
        "chg_power_level": model.charge_level,
        "handshake": 9,
        "batt_current": model.current_a,
        "phase": 0x54,
        # Only the upper 13 bits move.
        "soc": max(int(model.soc * 40000) // 8 * 8, 8) / 400,
        "byte7": 0x6F,
    }


def _bms_2(car: Car) -> Signals:
    degrees = [car.model.module_c(module) for module in range(MODULES)]
    is_ready = car.phase.is_bms_ready
    return {
        "charge_cmd": car.phase.charge_cmd,
        "max_recup_power": 2000 if is_ready else 0xFF * 500,
        "max_drive_power": 19000 if is_ready else 0xFF * 500,
        "cell_temp_min": round(min(degrees)) if is_ready else 0x7F - 40,
        "soh": 98 if is_ready else 0x7F,
        "cell_temp_max": round(max(degrees)) if is_ready else 0x7F - 40,
    }


def _bms_3(car: Car) -> Signals:
    return {
        "bms_mode": car.phase.bms_mode,
        "energy_avail": round(car.model.available_kwh, 1) if car.phase.is_bms_ready else 25.5,
        "pack_volt_a": car.model.pack_v,
        "pack_volt_b": car.model.pack_v,
    }


def _module_temps(car: Car) -> Signals:
    signals: Signals = {f"cmod_temp_{n + 1}": round(car.model.module_c(n)) for n in range(MODULES)}
    # There is no eighth module.
    signals["cmod_temp_8"] = -40
    return signals


def _cells(car: Car, first: int, end: int) -> Signals:
    return {f"cell_volt_{cell + 1}": car.model.cell_volts(cell) for cell in range(first, end)}


def _last_cells(car: Car) -> Signals:
    return {**_cells(car, 10, CELLS), "batt_odometer": car.model.odometer_km}


def _pack_voltage(car: Car) -> Signals:
    return {"pack_volt_1": car.model.pack_v, "pack_volt_2": car.model.pack_v}


def _charger(car: Car) -> Signals:
    flags = car.phase.flags
    converters = car.phase.converters
    return {
        "mains_connected": int(car.has_mains),
        "mains_flag_40": 0,
        "dash_online": flags & 1,
        "base_active": flags >> 2 & 1,
        "key_on": flags >> 4 & 1,
        "charging": flags >> 5 & 1,
        "offline": flags >> 6 & 1,
        "bus_online": 1,
        "dcdc_current": {1: 6.6, 2: 1.4}.get(converters >> 6, 0.0),
        "dcdc_state_inv": converters >> 6,
        "charger_state": converters >> 4 & 3,
        "slave_state": converters & 15,
        "charger_version": 0x29,
        "charger_temp": round(car.model.charger_c),
    }


def _speed_kmh(car: Car) -> float:
    return car.model.speed_ms * 3.6 if car.phase.is_key_on else _INVALID_SPEED_KMH


def _dashboard_1(car: Car) -> Signals:
    return {
        "odometer_km": int(car.model.odometer_km),
        "byte4": 0xFF,
        "range_est": min(max(int(car.model.range_km), 1), 254),
        "speed": _speed_kmh(car),
    }


def _dashboard_2(car: Car) -> Signals:
    stale_km = _STALE_KM if car.is_waking else 0.0
    return {"speed_exact": _speed_kmh(car), "odometer": car.model.odometer_km - stale_km}


def _controller_1(car: Car) -> Signals:
    is_go = int(car.is_go)
    return {
        "gear": _GEARS[car.gear],
        "footbrake": int(car.is_braking),
        "motor_on_b2": is_go,
        "go": is_go,
        "torque_idx": 0,
        "accel_pedal": car.pedal,
        "brake_motor_status": (0x60 if car.is_braking else 0x40) | is_go << 2,
        "capacitor_volt": car.model.pack_v if is_go else 28.0,
    }


def _controller_3(car: Car) -> Signals:
    decimetres = int(car.model.distance_m * _COUNTER_GAIN * 10) % 65536
    return {"dist_counter": decimetres / 10, "pem_temp": round(car.model.inverter_c)}


def _energy_2(car: Car) -> Signals:
    return {"power_request": car.model.power_w, "motor_temp": round(car.model.motor_c)}


def _no_errors(car: Car) -> Signals:
    return {"status_b0": 0, "status_b1": 0, "status_b2": 0}


# Frames by their name in the DBC; the order spreads them over the time between two of their kind.
_SIGNALS = {
    "SYNC": lambda car: {},
    "BMS_1": _bms_1,
    "CON_ENERGY_2": _energy_2,
    "CON_ENERGY_3": lambda car: {"motor_rpm": car.model.speed_ms * 3.6 * 7250 / 80},
    "CHG_1": lambda car: {"bms_enable": car.phase.bms_enable},
    "BMS_2": _bms_2,
    "BMS_3": _bms_3,
    "CHG_2": lambda car: {"odometer_km": int(car.model.odometer_km)},
    "DSP_CLOCK": lambda car: {"minutes": car.clock_min},
    "BMS_CELL_TEMPS": _module_temps,
    "BMS_CELLS_1": lambda car: _cells(car, 0, 5),
    "BMS_CELLS_2": lambda car: _cells(car, 5, 10),
    "BMS_CELLS_3": _last_cells,
    "BMS_PACK_VOLT": _pack_voltage,
    "CHG_3": _charger,
    "DSP_DRIVE_1": _dashboard_1,
    "CON_DRIVE_1": _controller_1,
    "CON_DRIVE_3": _controller_3,
    "DSP_DRIVE_2": _dashboard_2,
    "CHG_STATUS": _no_errors,
    "BMS_STATUS": lambda car: {
        "status_b0": 0,
        "status_b1": 0,
        "alert_12v": 0,
        "alert_battery": 0,
        "alert_temperature": 0,
    },
    "CON_STATUS": _no_errors,
    "BMS_STATUS_2": lambda car: {"status": 0xFFFFFFFF},
    "DSP_VIN": lambda car: {f"vin_digit_{n}": int(d) for n, d in enumerate(VIN_DIGITS, 1)},
    "SEVCON_HEARTBEAT": lambda car: {"nmt_state": 5},
}
_FILLED_WHILE_STARTING = (
    "BMS_CELL_TEMPS",
    "BMS_CELLS_1",
    "BMS_CELLS_2",
    "BMS_CELLS_3",
    "BMS_PACK_VOLT",
)
