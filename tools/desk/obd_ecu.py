"""Control units behind an OBD-II socket: they answer what a scan tool asks (ISO 15765-4).

An engine (7E0, answers in 7E8) and a hybrid battery (7E2, 7EA) of one plug-in hybrid. Written from
car facts 2 and the DBC file, with an ISO-TP of its own; no code of the firmware is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cantools.database import can

FUNCTIONAL = 0x7DF
ENGINE, BATTERY = 0, 2
_REQUEST, _ANSWER = 0x7E0, 0x7E8
_PAD = 0x55
# From so many seconds of a drive on the engine has a fault.
FAULT_S = 40.0
CODE = b"\x03\x01"
_NOT_SUPPORTED, _OUT_OF_RANGE, _PENDING = 0x11, 0x31, 0x78
# Value number and the DBC's signal: what each unit knows, and what it says of it.
_ENGINE: dict[int, tuple[str, Callable[[Any], float]]] = {
    0x05: ("CoolantTemp", lambda m: round(m.motor_c)),
    0x0C: ("EngineRpm", lambda m: 900 + 30 * m.speed_kmh if m.is_on and m.speed_kmh else 0),
    0x0D: ("Speed", lambda m: round(m.speed_kmh)),
    0x1F: ("RunTime", lambda m: m.beat // 10 if m.is_on else 0),
    0x2F: ("FuelLevel", lambda m: 50),
    0x46: ("Ambient", lambda m: round(m.ambient_c)),
    0xA6: ("Odometer", lambda m: m.odometer_km),
}
_BATTERY: dict[int, tuple[str, Callable[[Any], float]]] = {
    0x0D: ("Speed", lambda m: round(m.speed_kmh)),
    0x5B: ("HybridBattery", lambda m: m.soc_pct),
}
_UNITS = {ENGINE: _ENGINE, BATTERY: _BATTERY}


class ControlUnits:
    """model: of the car; message: of the DBC file, for single-frame answers; vin: the engine's."""

    def __init__(self, model: Any, message: can.Message, vin: str):
        self._model = model
        self._message = message
        self._vin = vin
        # The rest of a long answer by unit, which waits for the scan tool's flow control.
        self._rest: dict[int, bytes] = {}
        self._has_made_wait = False

    def receive(self, arbitration_id: int, data: bytes) -> list[tuple[int, bytes]]:
        """A frame on the bus; the answers to it, none while the key is off."""
        if not self._model.is_key_on or len(data) < 2:
            return []
        if arbitration_id == FUNCTIONAL:
            found = []
            for unit in _UNITS:
                # Who is one of many answers only what it knows.
                found += [frame for frame in self._serve(unit, data) if frame[1][1] != 0x7F]
            return found
        unit = arbitration_id - _REQUEST
        return self._serve(unit, data) if unit in _UNITS else []

    def _serve(self, unit: int, data: bytes) -> list[tuple[int, bytes]]:
        kind, low = data[0] >> 4, data[0] & 0x0F
        if kind == 3:
            return self._consecutive(unit) if low == 0 else []
        if kind or not low:
            return []
        frames = []
        request = data[1 : 1 + low]
        if request == b"\x01\x5b" and not self._has_made_wait:
            # As gateways do: the answer comes, but not at once.
            self._has_made_wait = True
            frames += self._send(unit, bytes((0x7F, request[0], _PENDING)))
        return frames + self._send(unit, self._answer(unit, request))

    def _answer(self, unit: int, request: bytes) -> bytes:
        service, pid = request[0], request[1] if len(request) > 1 else 0
        is_faulty = unit == ENGINE and self._model.time_s >= FAULT_S
        codes = CODE if is_faulty else b""
        if service == 0x01 and pid % 0x20 == 0:
            return bytes((0x41, pid)) + self._supported(unit, pid)
        if service == 0x01 and pid == 0x01:
            return bytes((0x41, pid, 0x81 if codes else 0x00, 0x07, 0x65, 0x00))
        if service == 0x01 and pid in _UNITS[unit]:
            name, value = _UNITS[unit][pid]
            frame = self._message.encode(
                {"Length": 0, "Service": 0x41, "Pid": pid, name: value(self._model)},
                strict=False,
            )
            size = max(self._message.get_signal_by_name(name).length // 8, 1)
            return frame[1 : 3 + size]
        if service == 0x03 or service == 0x07:
            found = codes if service == 0x03 else b""
            return bytes((service | 0x40, len(found) // 2)) + found
        if service == 0x09 and pid == 0x02 and unit == ENGINE:
            return b"\x49\x02\x01" + self._vin.encode("ascii")
        code = _OUT_OF_RANGE if service in (0x01, 0x09) else _NOT_SUPPORTED
        return bytes((0x7F, service, code))

    def _supported(self, unit: int, base: int) -> bytes:
        known = {0x01, *_UNITS[unit]}
        bits = 0
        for pid in known:
            if base < pid <= base + 0x20:
                bits |= 1 << (0x20 - (pid - base))
        if max(known) > base + 0x20:
            bits |= 1
        return bits.to_bytes(4, "big")

    def _send(self, unit: int, message: bytes) -> list[tuple[int, bytes]]:
        if len(message) < 8:
            return [(_ANSWER + unit, self._padded(bytes((len(message),)) + message))]
        self._rest[unit] = message[6:]
        head = bytes((0x10 | len(message) >> 8, len(message) & 0xFF))
        return [(_ANSWER + unit, head + message[:6])]

    def _consecutive(self, unit: int) -> list[tuple[int, bytes]]:
        rest = self._rest.pop(unit, b"")
        frames = []
        for number, start in enumerate(range(0, len(rest), 7), 1):
            data = bytes((0x20 | number & 0x0F,)) + rest[start : start + 7]
            frames.append((_ANSWER + unit, self._padded(data)))
        return frames

    @staticmethod
    def _padded(data: bytes) -> bytes:
        return data.ljust(8, bytes((_PAD,)))
