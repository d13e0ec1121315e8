"""What the cars of the firmware's tables say on their buses, as data for `dbc_sim.py`.

Written from the car facts 3, and the DBC files in the cars' folders; no code of the
firmware is used, and none of its mappings. A frame is a message of the DBC file with its signals
in physical units; what is not named is raw 0. Pages of a multiplexed frame take turns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_VEHICLES = Path(__file__).parents[2] / "firmware" / "ovms" / "vehicle"
ROADSTER_DBC = Path(__file__).parent / "roadster.dbc"
VIN = "JN1DESKZE0U000042"


@dataclass(frozen=True)
class Frame:
    """One message. when: `any`, or while the key is on (`key`), a charge runs (`charge`).

    pages: for each turn what its signals are, a function of the model.
    """

    message: str
    pages: tuple[Callable[[Any], dict[str, float]], ...]
    when: str = "any"


@dataclass(frozen=True)
class CarData:
    """folder: of its DBC file below firmware/ovms/vehicle. battery_wh, volts: of its battery.
    tells_soc, does_charge: what its bus tells at all. title: for the user. chatter: of a car that
    is asked (`obd_ecu.py`).
    """

    title: str
    folder: str
    battery_wh: float
    volts: float
    frames: tuple[Frame, ...]
    tells_soc: bool = True
    does_charge: bool = True
    # Ids of frames that tell whoever cannot read them only that the car is awake; it answers
    # what it is asked, once the owner has allowed that.
    chatter: tuple[int, ...] = ()
    line_v: float = 230.0
    line_a: float = 14.0
    vin: str = field(default=VIN)
    # Of a Roadster `roadster_bus.py` says what is sent, with the DBC file beside it.
    is_roadster: bool = False
    # Bits per second of its bus.
    bitrate: int = 500_000

    @property
    def dbc(self) -> Path:
        return ROADSTER_DBC if self.is_roadster else _VEHICLES / self.folder / "car.dbc"


def _vin(text: str) -> int:
    return int.from_bytes(text.encode("ascii"), "big")


def _frame(message: str, *pages: Callable, when: str = "any") -> Frame:
    return Frame(message, pages, when)


_LEAF_BATTERY = (
    _frame("ABS_284", lambda m: {"Speed": m.speed_kmh}, when="key"),
    _frame("HVAC_54C", lambda m: {"Ambient": m.ambient_c}),
    _frame("HVAC_54B", lambda m: {"Fan": 0}),
    _frame("LBC_5C0", lambda m: {"HistoryKind": 1, "BatteryTemp": m.battery_c}),
    # Nobody reads these two: they keep the filters busy.
    _frame("VCM_1D4", lambda m: {}),
    _frame("INV_1DA", lambda m: {"MotorRpm": round(m.speed_kmh * 80)}),
)


def _leaf_1db(m: Any) -> dict[str, float]:
    return {"PackCurrent": -m.current_a, "PackVoltage": m.pack_v, "SocDash": int(m.soc_pct)}


def _leaf_390(m: Any) -> dict[str, float]:
    status = 4 if m.is_charging else 2 if m.is_plugged and m.soc_pct >= 99 else 1
    return {
        "ChargePower": m.plug_w / 1000,
        "AcVoltageCode": 2 * m.is_plugged,
        "AcRelay": m.is_charging,
        "ChargerMax": 6.6,
        "ChargeStatus": status,
    }


def _leaf_5bf(m: Any) -> dict[str, float]:
    status = 0x60 if m.is_charging else 0x40 if m.is_plugged else 0x28
    return {"PilotCurrent": 16, "ChargerStatus": status}


def _imiev_cells(number: int) -> Callable:
    return lambda m: {
        "Cmu": number,
        "Temp1": m.battery_c,
        "Temp2": m.battery_c,
        "Temp3": m.battery_c,
        "CellA": m.pack_v / 88,
        "CellB": m.pack_v / 88,
    }


CARS: dict[str, CarData] = {
    "NL": CarData(
        *("Nissan Leaf 2013-17, EV-CAN", "leaf", 22_000, 380),
        (*_LEAF_BATTERY, _frame("LBC_1DB", _leaf_1db), _frame("OBC_390", _leaf_390)),
        line_v=200,
    ),
    "NL1": CarData(
        *("Nissan Leaf 2010-12, EV-CAN", "leaf", 22_000, 380),
        (
            *_LEAF_BATTERY,
            _frame("LBC_1DB", lambda m: {**_leaf_1db(m), "SocDash": 127}),
            _frame("LBC_5BC", lambda m: {"Gids": round(2.81 * m.soc_pct), "Soh0": 96}),
            _frame("OBC_380", lambda m: {"AcRelay0": m.is_charging}),
            _frame("OBC_5BF", _leaf_5bf),
        ),
    ),
    "NL3": CarData(
        *("Nissan Leaf 2018 on, EV-CAN", "leaf", 37_000, 390),
        (
            *_LEAF_BATTERY,
            _frame("LBC_1DB", lambda m: {**_leaf_1db(m), "SocDash": 0}),
            _frame("LBC_59E", lambda m: {"FullCapacity": 39_000, "SocDashZe1": m.soc_pct}),
            _frame("OBC_390", _leaf_390),
        ),
        line_v=200,
    ),
    "NLC": CarData(
        *("Nissan Leaf, CAR-CAN", "leaf_body", 22_000, 380),
        (
            _frame("ABS_284", lambda m: {"SpeedAbs": m.speed_kmh}),
            _frame("METER_355", lambda m: {"UnitMiles": 0}),
            _frame(
                "METER_5C5",
                lambda m: {"Odometer": int(m.odometer_km), "Handbrake": not m.is_on},
            ),
            _frame(
                "BCM_60D",
                lambda m: {"StartState": 3 if m.is_on else 0, "DriverLocked": not m.is_on},
            ),
            _frame(
                "TPMS_385", lambda m: {"TyreFl": 248, "TyreFr": 250, "TyreRl": 246, "TyreRr": 245}
            ),
            _frame("VCM_5A9", lambda m: {"DashRange": m.range_km}),
            _frame("VCM_5B3", lambda m: {"Soh": 97}),
        ),
        tells_soc=False,
        does_charge=False,
    ),
    "MI": CarData(
        *("Mitsubishi i-MiEV", "imiev", 14_500, 330),
        (
            _frame("KEY", lambda m: {"Key": 4 if m.is_key_on else 0}),
            _frame("SPEED_FINE", lambda m: {"SpeedFine": m.speed_kmh}),
            _frame(
                "CHARGER_TEMP", lambda m: {"ChargerTemp": m.charger_c, "AcPresent": m.is_plugged}
            ),
            _frame(
                "MOTOR", lambda m: {"MotorTemp": m.motor_c, "MotorRpm": round(m.speed_kmh * 70)}
            ),
            _frame(
                "VIN",
                lambda m: {"VinPart": 0, "Vin1to7": _vin(VIN[:7])},
                lambda m: {"VinPart": 1, "Vin8to14": _vin(VIN[7:14])},
                lambda m: {"VinPart": 2, "Vin15to17": _vin(VIN[14:])},
            ),
            _frame("RANGE", lambda m: {"EstRange": m.range_km, "Handbrake": not m.is_on}),
            _frame("BATTERY", lambda m: {"PackCurrent": -m.current_a, "PackVoltage": m.pack_v}),
            _frame("SOC", lambda m: {"Soc": m.soc_pct}),
            _frame("DCDC", lambda m: {"DcdcCurrent": 12.0}, when="key"),
            _frame("SPEED_ODO", lambda m: {"Speed": m.speed_kmh, "Odometer": int(m.odometer_km)}),
            _frame("GEAR", lambda m: {"Gear": 68 if m.is_on else 80}),
            _frame("BODY", lambda m: {"Locked": not m.is_key_on}),
            _frame(
                "CHARGER",
                lambda m: {"LineVoltage": m.line_v, "LineCurrent": m.line_a},
                when="charge",
            ),
            _frame("BMU_6E1", *(_imiev_cells(number) for number in range(1, 13))),
        ),
    ),
    "TC": CarData(
        *("Think City", "thinkcity", 21_000, 374),
        (
            _frame(
                "PCU_263",
                lambda m: {
                    "LineCurrent": m.line_a,
                    "LineVoltage": m.line_v,
                    "Ambient": m.ambient_c,
                    "Speed": m.speed_kmh,
                },
            ),
            _frame(
                "BATTERY_301",
                lambda m: {
                    "PackCurrent": m.current_a,
                    "PackVoltage": m.pack_v,
                    "Dod": 100 - m.soc_pct,
                    "PackTemp": 270,
                },
            ),
            _frame("BATTERY_303", lambda m: {"DischargeEnable": m.is_on}),
            _frame("BATTERY_304", lambda m: {"EndOfCharge": m.is_plugged and m.soc_pct >= 99}),
            _frame("BATTERY_305", lambda m: {"ChargerEnabled": m.is_charging}),
            _frame("CHARGE_LIMIT", lambda m: {"ChargeLimit": 15}),
            _frame(
                "PCU_TEMPS",
                lambda m: {"Kind": 101, "ChargerTemp": m.charger_c},
                lambda m: {"Kind": 102, "PcuTemp": m.motor_c},
                lambda m: {"Kind": 103, "MotorTemp": m.motor_c},
                lambda m: {"Kind": 104, "AuxBatteryTemp": m.ambient_c},
            ),
        ),
    ),
    "KS": CarData(
        *("Kia Soul EV", "kiasoul", 27_000, 375),
        (
            _frame("BODY", lambda m: {"ChargePort": m.is_plugged}),
            _frame("LOCKS", lambda m: {"FobUnlock": m.is_key_on, "FobLock": not m.is_key_on}),
            _frame("RANGE", lambda m: {"RangeLow": m.range_km}),
            _frame("HANDBRAKE", lambda m: {"Handbrake": not m.is_on}),
            _frame("ODOMETER", lambda m: {"Odometer": m.odometer_km}),
            _frame(
                "SPEED",
                lambda m: {
                    "Speed": m.speed_kmh,
                    "RunA": m.beat % 256 * m.is_key_on,
                    "RunB": (m.beat + 7) % 256 * m.is_key_on,
                },
            ),
            _frame("SOC", lambda m: {"Soc": m.soc_pct}),
            _frame("CHARGE_POWER", lambda m: {"ChargePower": m.plug_w / 1000}),
            _frame("AMBIENT", lambda m: {"Ambient": m.ambient_c}),
        ),
    ),
    "VA": CarData(
        *("Chevrolet Volt, powertrain bus", "voltampera", 10_000, 360),
        (
            _frame("ENGINE_STATUS", lambda m: {"IgnitionBits": 2 * m.is_key_on}),
            _frame("ODOMETER", lambda m: {"Odometer": m.odometer_km}),
            _frame("PRNDL", lambda m: {"ShiftState": 2 if m.is_on else 0}),
            _frame("SPEED", lambda m: {"Speed": m.speed_kmh / 1.609344}),
            _frame("TEMPS", lambda m: {"Coolant": 60, "Ambient": m.ambient_c}),
            _frame("VIN_1", lambda m: {"Vin2to9": _vin("G1RD6E45")}),
            _frame("VIN_2", lambda m: {"Vin10to17": _vin("BU000042")}),
        ),
        tells_soc=False,
        does_charge=False,
        vin="1G1RD6E45BU000042",
    ),
    "TR": CarData(
        *("Tesla Roadster 2.x", "roadster", 53_000, 400),
        (),
        line_v=218,
        line_a=32,
        vin="SFZRE8B15B3999999",
        is_roadster=True,
        bitrate=1_000_000,
    ),
    "OBD": CarData(
        *("Plug-in hybrid at its OBD-II socket", "obd", 20_000, 350),
        (),
        does_charge=False,
        chatter=(0x0C0, 0x1A5, 0x280, 0x320, 0x4F1, 0x5D0),
        vin="WVWZZZ3CZJE000042",
    ),
}
