"""What a Tesla Roadster says on its bus, and how it takes what its touch screen asks of it.

Written from car facts 1 and the DBC file beside this; no code of the firmware is used. The car
sends what is due in one go, 0.3 ms apart and always in the same order (1.2.1), and goes on while
it sleeps. A write is confirmed by an echo, a wrong PIN by nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cantools.database import can

_VMS, _VDS, _TPMS, _ODOMETER = 0x100, 0x102, 0x344, 0x402
PIN = "1234"
_START_UTC_S = 1_320_830_551
_MILE_KM = 1.609344
_FRAME_US = 300
_AWAKE_S = 300.0
_CURRENT, _CHARGE, _MODE, _TIMER_START, _TIMER_MODE = 0x02, 0x03, 0x19, 0x1A, 0x1B
_SETTABLE = (_CURRENT, _CHARGE, _MODE, _TIMER_START, _TIMER_MODE)
_CAC_GROUP = b"\x00\x00\x00\x00\x40"
# Bytes of a sub-type that are fewer than 8.
_DLC = {0x82: 2, 0x85: 6, 0x88: 7, 0x89: 6, 0x94: 2, 0x9C: 4, 0xA3: 7, 0xA6: 4}
# Bursts: period in ms and sub-types in the order in which they are sent. What nobody decodes is
# there, too, as it takes its place in the controller's buffers.
_FAST = (0x88, 0x89, 0x8D, 0x95)
_BURSTS: tuple[tuple[int, tuple[int, ...]], ...] = (
    (2000, (0x80, 0x85, 0x9C)),
    (10_000, (0x81, 0x82, 0x86, 0x87, 0x8B, 0xA3, 0x97, 0x9D, 0x94)),
    (10_000, (0xA4, 0xA5, 0xA6)),
    (6700, (0x93,)),
    (5000, (0x9B,)),
)
_CHARGE_STATES = {"charging": (0x01, 0x05), "stopped": (0x15, 0x03), "done": (0x04, 0x09)}


class RoadsterBus:
    """model: a DBCSimulator; messages: of the DBC file; vin: 17 characters.

    is_locked, is_valet: of the doors; parameters: value (two bytes) by number, as the car keeps
    them; pressed: Homelink buttons, by number, in the order in which they were.
    """

    def __init__(self, model: Any, messages: dict[str, can.Message], vin: str):
        self._model = model
        self._messages = messages
        self._vin = vin
        self.is_locked = True
        self.is_valet = False
        self.parameters = {_CURRENT: 32, _MODE: 0, _TIMER_MODE: 0, _TIMER_START: 0}
        self.pressed: list[int] = []
        self._awake_until_s = 0.0
        self._cac_period_ms = 0
        self._switches = b""

    @property
    def is_awake(self) -> bool:
        model = self._model
        return model.is_key_on or model.is_charging or model.time_s < self._awake_until_s

    def frames(self, now_ms: int) -> list[tuple[int, int, bytes]]:
        """What is due in this tick of 10 ms, as (time_us, arbitration_id, data)."""
        model = self._model
        if model.is_key_on or model.is_charging:
            self._awake_until_s = model.time_s + _AWAKE_S
        due: list[tuple[int, bytes]] = []
        switches = self._made(0x96)
        if switches != self._switches or not now_ms % 1000:
            self._switches = switches
            due.append((_VMS, switches))
        # The plug is told of faster while somebody may look at it.
        fast_ms = 700 if model.is_plugged else 1000 if model.is_key_on else 10_000
        for period_ms, numbers in ((fast_ms, _FAST), *_BURSTS):
            if not now_ms % period_ms:
                due += [(_VMS, self._made(number)) for number in numbers]
        if self._cac_period_ms and not now_ms % self._cac_period_ms:
            due.append((_VMS, self._made(0x9E)))
        if model.is_key_on and not now_ms % 1170:
            due += [(0x343, bytes(8)), (_TPMS, self._tyres()), (0x345, bytes(8))]
        if not now_ms % 1000:
            due += [(_ODOMETER, self._odometer()), (0x1A0, bytes(4)), (0x590, bytes(8))]
        return [(now_ms * 1000 + n * _FRAME_US, *frame) for n, frame in enumerate(due)]

    # What it says

    def _encoded(self, name: str, values: dict[str, float]) -> bytes:
        return self._messages[name].encode(values, strict=False, padding=False)

    def _made(self, number: int) -> bytes:
        values = _SUBTYPES.get(number)
        if values is None:
            # Of a sub-type that nobody decodes.
            return bytes((number,)) + bytes(_DLC.get(number, 8) - 1)
        if number == 0x93:
            return b"\x93\x00\xff\xff\x00\x00\x00\x00"
        data = self._encoded("VMS_TO_VDS", {"Sub": number, **values(self._model, self)})
        return data[: _DLC.get(number, 8)]

    def vin_part(self, start: int, end: int) -> int:
        return int.from_bytes(self._vin[start:end].encode("ascii"), "big")

    def charge_state(self) -> dict[str, float]:
        model = self._model
        state, substate = _CHARGE_STATES.get(model.charge_state, (0x04, 0x09))
        if model.is_held:
            state, substate = _CHARGE_STATES["stopped"]
        if not model.is_plugged:
            # The port is shut, or the cable was pulled while it charged.
            state, substate = (0x17 if model.charge_state == "stopped" else 0x04), 0x07
        mode = self.parameters[_MODE]
        return {"ChargeState": state, "ChargeSubstate": substate, "ChargeMode2x": mode}

    def limit_a(self) -> int:
        return self.parameters[_CURRENT]

    def charged_kwh(self) -> int:
        """Since the last begin, as far as the car tells that: whole kWh."""
        return int(self._model.charged_wh / 1000)

    def _tyres(self) -> bytes:
        names = ("Fl", "Fr", "Rl", "Rr")
        values: dict[str, float] = {}
        for name, counts in zip(names, (82, 80, 110, 111), strict=True):
            values |= {f"Tyre{name}": counts * 2.5026, f"TyreTemp{name}": 15}
        return self._encoded("TPMS", values)

    def _odometer(self) -> bytes:
        model = self._model
        values = {"Sub": 0xFA, "Odometer": round(model.odometer_km / _MILE_KM, 1)}
        values["Trip"] = round(model.distance_m / 1000 / _MILE_KM, 1)
        return self._encoded("ODOMETER", values)

    # What it is told

    def receive(self, arbitration_id: int, data: bytes) -> list[tuple[int, bytes]]:
        """A frame in the name of the touch screen; the answers to it."""
        if arbitration_id != _VDS or not data:
            return []
        if data == b"\x0a":
            self._awake_until_s = self._model.time_s + _AWAKE_S
            return []
        if len(data) == 3 and data[0] == 0x09:
            if data[1] == 0:
                self.pressed.append(data[2])
            return []
        if len(data) != 8:
            return []
        if data[0] == 0x06 and data[3:] == _CAC_GROUP:
            self._cac_period_ms = int.from_bytes(data[1:3], "little")
        elif data[0] == 0x05:
            return self._write(data[1], data[4:])
        elif data[0] == 0x0B:
            return self._turn_key(data)
        return []

    def _write(self, number: int, value: bytes) -> list[tuple[int, bytes]]:
        if number not in _SETTABLE or not self.is_awake:
            return []
        self.parameters[number] = value[0] | value[1] << 8
        if number == _CHARGE:
            self._model.is_held = not value[0]
        return [(_VMS, bytes((0x06, number, 0x01, 0x00)) + value)]

    def _turn_key(self, data: bytes) -> list[tuple[int, bytes]]:
        low = int.from_bytes(data[4:7], "little") | (data[7] & 15) << 24
        if str(low).zfill(data[7] >> 4) != PIN or not self.is_awake:
            return []
        if data[1] < 2:
            self.is_valet = data[1] == 0
            return []
        self.is_locked = data[1] == 2
        code = 0x04 if self.is_locked else 0x05
        return [(_VMS, bytes((0x12, code))), (_VDS, bytes((0x0E, code, 0x01)))]


def _range_mi(model: Any) -> int:
    return round(model.range_km / _MILE_KM)


_SUBTYPES: dict[int, Callable[[Any, RoadsterBus], dict[str, float]]] = {
    0x80: lambda m, _: {
        "Soc": int(m.soc_pct),
        "IdealRange": _range_mi(m),
        "EstRange": _range_mi(m),
    },
    0x81: lambda m, _: {"UtcSeconds": _START_UTC_S + int(m.time_s)},
    0x82: lambda m, _: {"Ambient": m.ambient_c},
    0x85: lambda m, _: {"GpsFix": 0, "Course": 0, "Altitude": 0},
    0x86: lambda m, _: {"PackVoltage": round(m.pack_v), "PackCurrent": -m.current_a},
    0x87: lambda m, _: {"GearBits": 4 if m.is_on else 1},
    0x88: lambda m, bus: {
        "ChargeCurrent": round(m.line_a) if m.is_plugged else 0x7F,
        "ChargeMinutes": 1 if m.is_plugged else 0xFFFF,
        "ChargeLimit": bus.limit_a(),
    },
    0x89: lambda m, _: {
        "Speed": round(m.speed_kmh / _MILE_KM),
        "LineVoltage": round(m.line_v) if m.is_plugged else 0xFFFF,
        "PilotCurrent": 32 if m.is_plugged else 0xFF,
    },
    0x93: lambda m, _: {},
    0x95: lambda m, bus: {
        **bus.charge_state(),
        "PreheatPct": 100,
        "ChargeMode1x": 7,
        "ChargeEnergy": bus.charged_kwh(),
    },
    0x96: lambda m, bus: {
        **dict.fromkeys(("DoorLeft", "DoorRight", "Bonnet", "Trunk", "Alarm"), 0),
        "ChargePort": m.is_plugged,
        "Pilot": 1,
        "Charging": m.is_charging,
        "InPark": not m.is_on,
        "Handbrake": not m.is_on,
        "CarOn": m.is_key_on,
        "Locked": bus.is_locked and not m.is_key_on,
        "Valet": bus.is_valet,
        "Headlights": m.is_on,
        "Awake": bus.is_awake,
    },
    0x97: lambda m, _: {"Odometer": round(m.odometer_km / _MILE_KM, 1)},
    0x9C: lambda m, _: {"TripVds": 0},
    0x9E: lambda m, _: {
        "SocLimit": 68,
        "Cac": 157.0,
        "AhRemaining": 157.0 * m.soc_pct / 100,
        "BrickSocMin": int(m.soc_pct),
        "BrickSocMax": int(m.soc_pct),
    },
    0xA3: lambda m, _: {
        "PemTemp": round(m.charger_c),
        "MotorTemp": round(m.motor_c),
        "BatteryTemp": round(m.battery_c),
    },
    0xA4: lambda m, bus: {"Vin1to7": bus.vin_part(0, 7)},
    0xA5: lambda m, bus: {"Vin8to14": bus.vin_part(7, 14)},
    0xA6: lambda m, bus: {"Vin15to17": bus.vin_part(14, 17)},
}
