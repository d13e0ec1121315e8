"""The Twizy's day as a tape for `day_child.py`: frames of the simulated car, and what is asked."""

from __future__ import annotations

import struct

from ovms.vehicle.twizy.car import Twizy
from tools.desk import twizy_scenarios as scenarios
from tools.desk.gps import TEMPELHOF
from tools.desk.route import Round
from tools.desk.thinning import Thinning
from tools.desk.twizy_frames import Car, FrameEncoder
from tools.desk.twizy_model import TwizyModel
from tools.desk.twizy_sim import TwizySimulator

# Between two sets of frames of a charge: the bus counts as asleep after ten seconds.
_CHARGE_STEP_S = 5


class Tape:
    """Bytes of the day in `data`. soc_pct, odometer_km: of the car, handed from part to part.

    seconds, frames: that it has.
    """

    def __init__(self, soc_pct: float, odometer_km: float):
        self.data = bytearray()
        self.soc_pct = soc_pct
        self.odometer_km = odometer_km
        self.seconds = 0
        self.frames = 0
        self._round = Round(TEMPELHOF)

    def mark(self, name: str) -> None:
        self._text("M", name)

    def end(self) -> None:
        self.data += b"E"

    def sms(self, text: str) -> None:
        self._text("S", text)
        self.wait(3)

    def command(self, text: str) -> None:
        self._text("C", text)

    def wait(self, seconds: int) -> None:
        """Without a frame."""
        while seconds:
            part = min(seconds, 0xFFFF)
            self._put(part, [])
            seconds -= part

    def drive(self, scenario, seconds: int, whole_s: int = 0, asked=None) -> None:
        """Part of a scenario, whose first `whole_s` seconds have every frame and the rest one of
        each id a second. asked: {second: SMS}.
        """
        car = TwizySimulator(scenario, soc_pct=self.soc_pct, odometer_km=self.odometer_km)
        thinning = Thinning()
        for second in range(seconds):
            frames = car.timed_step(1000)
            thinned = thinning.thin(frames)
            if asked and second in asked:
                self._text("S", asked[second])
            place = self._round.at(car.distance_m)
            self._place(place.latitude, place.longitude, car.altitude_m)
            self._put(1, frames if second < whole_s else thinned)
        self.soc_pct, self.odometer_km = car.soc_pct, car.odometer_km

    def charge(self, until_pct: float) -> None:
        """Plug in, and out at `until_pct`, or when it is full."""
        encoder = FrameEncoder()
        model = TwizyModel(self.soc_pct, self.odometer_km)
        car = Car(model)
        car.has_mains = True
        for phase in scenarios.PLUG_IN:
            car.phase = phase
            self._slot(encoder, car, 1)
        car.phase = scenarios.CHARGING
        while model.soc * 100 < until_pct and not model.is_full:
            for _ in range(_CHARGE_STEP_S):
                model.charge(1)
            self._slot(encoder, car, _CHARGE_STEP_S)
        if model.is_full:
            car.phase = scenarios.FULL[0]
            self._slot(encoder, car, 1)
        car.has_mains = False
        for phase in scenarios.CHARGE_END:
            car.phase = phase
            self._slot(encoder, car, 1)
        self.soc_pct = model.soc * 100

    def _slot(self, encoder: FrameEncoder, car: Car, seconds: int) -> None:
        names = [slot.name for slot in encoder.schedule if not slot.needs_key]
        self._put(seconds, [(0, *encoder.encode(name, car)) for name in names])

    def _text(self, letter: str, text: str) -> None:
        coded = text.encode()
        self.data += letter.encode() + bytes([len(coded)]) + coded

    def _place(self, latitude: float, longitude: float, altitude_m: float) -> None:
        values = round(latitude * 1e6), round(longitude * 1e6), round(altitude_m)
        self.data += b"L" + struct.pack(">iih", *values)

    def _put(self, seconds: int, frames) -> None:
        wanted = [frame for frame in frames if frame[1] in Twizy.RX_IDS]
        self.data += b"F" + struct.pack(">HH", seconds, len(wanted))
        for _, arbitration_id, data in wanted:
            self.data += arbitration_id.to_bytes(2, "big") + data.ljust(8, b"\0")
        self.seconds += seconds
        self.frames += len(wanted)
