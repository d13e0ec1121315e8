"""The car, its 12 V battery and the GPS receiver of the story, in steps of its clock."""

from __future__ import annotations

from collections.abc import Iterator

from tools.desk import twizy_scenarios as scenarios
from tools.desk.gps import TEMPELHOF, GPSReceiver
from tools.desk.route import Round
from tools.desk.twizy_frames import Car, FrameEncoder
from tools.desk.twizy_model import TwizyModel
from tools.year.story import DAY_S, START_UTC_S, ambient_c

# Between two sets of frames: of a drive, and of a charge, while the firmware looks less often.
DRIVE_STEP_S = 1.0
CHARGE_STEP_S = 5.0
_PHYSICS_S = 0.25
# By more frames of the first cells, behind the others, the battery monitor knows that a set is
# over (`tools/desk/thinning.py`).
_FIRST_CELLS = 0x556
_FIRST_CELLS_MORE = 3


class CarOnBus:
    """A Twizy that is driven and charged; `phases` yield how long until the next set of frames.

    state: "parked", "drive" or "charge".
    """

    def __init__(self, send, soc_pct: float = 78.0, odometer_km: float = 4437.1):
        self._send = send
        self.model = TwizyModel(soc_pct, odometer_km)
        self._encoder = FrameEncoder()
        self.state = "parked"
        self.is_unplugged = False
        self._route = Round(TEMPELHOF)

    @property
    def place(self):
        return self._route.at(self.model.distance_m)

    def _set(self, car: Car) -> None:
        """One frame of each id that the phase has."""
        for slot in self._encoder.schedule:
            if slot.needs_key and not car.phase.is_key_on:
                continue
            frame = self._encoder.encode(slot.name, car)
            self._send(*frame)
            if frame[0] == _FIRST_CELLS:
                first_cells = frame
        for _ in range(_FIRST_CELLS_MORE):
            self._send(*first_cells)

    def _through(self, car: Car, phases) -> Iterator[float]:
        for phase in phases:
            car.phase = phase
            self._set(car)
            yield phase.seconds

    def drive(self, seconds: float, speeds, now_s) -> Iterator[float]:
        """Key on, so long through the town, key off. now_s(): the story's clock."""
        self.state = "drive"
        model = self.model
        model.ambient_c = ambient_c(now_s())
        car = Car(model)
        yield from self._through(car, scenarios.KEY_ON)
        car.phase, car.gear, car.is_go = scenarios.DRIVING, "D", True
        passed_s = 0.0
        while passed_s < seconds and model.soc > 0.08:
            before_ms = model.speed_ms
            is_braking = passed_s > seconds - 30
            target = 0.0 if is_braking else scenarios.target_kmh(speeds, passed_s)
            for _ in range(round(DRIVE_STEP_S / _PHYSICS_S)):
                model.drive(target, _PHYSICS_S)
            gain_ms = model.speed_ms - before_ms
            car.is_braking, car.is_waking = gain_ms < 0, False
            car.pedal = 0 if gain_ms <= 0 else min(round(40 + 100 * gain_ms), 255)
            car.clock_min = int(now_s() % DAY_S // 60)
            self._set(car)
            passed_s += DRIVE_STEP_S
            yield DRIVE_STEP_S
        car.is_go, car.gear = False, "N"
        yield from self._through(car, scenarios.KEY_OFF)
        model.rest(0)
        self.state = "parked"

    def charge(self, until_pct: float, now_s) -> Iterator[float]:
        """Plug in, out at `until_pct`, or when it is full, or when somebody pulls the plug."""
        self.state = "charge"
        self.is_unplugged = False
        model = self.model
        model.ambient_c = ambient_c(now_s())
        car = Car(model)
        car.has_mains = True
        yield from self._through(car, scenarios.PLUG_IN)
        car.phase = scenarios.CHARGING
        while not (model.is_full or self.is_unplugged or model.soc * 100 >= until_pct):
            # A battery at the frost takes less: the charge is longer.
            share = 1.0 if model.battery_c > 5 else 0.7
            for _ in range(round(CHARGE_STEP_S)):
                model.charge(share)
            self._set(car)
            yield CHARGE_STEP_S
        if model.is_full:
            yield from self._through(car, scenarios.FULL)
        car.has_mains = False
        yield from self._through(car, scenarios.CHARGE_END)
        model.rest(0)
        self.state = "parked"


class SupplyBattery:
    """The 12 V battery: lead, of a car that charges it while it is on or charges.

    capacity_ah: when new and warm. No measurement stands behind it: rest voltages are those of any
    lead battery (11.6 to 12.75 V), a cold one has less, and lets go of 3 % a month by itself.
    """

    def __init__(self, capacity_ah: float = 12.0, car_ma: float = 9.0):
        self.capacity_ah = capacity_ah
        self._car_ma = car_ma
        self.charge_ah = capacity_ah
        self._offset_mv = 0

    def pass_time(self, seconds: float, at_s: float, module_ma: float, is_charged: bool) -> None:
        if is_charged:
            self.charge_ah += 4.0 * seconds / 3600
        own_ma = self.charge_ah * 0.03 / (30 * 24) * 1000
        self.charge_ah -= (module_ma + self._car_ma + own_ma) * seconds / 3_600_000
        room_ah = self.capacity_ah * (1 - max(0.0, 20 - ambient_c(at_s)) * 0.008)
        self.charge_ah = min(max(self.charge_ah, 0.5), room_ah)

    def millivolts(self, at_s: float, is_charged: bool) -> int:
        if is_charged:
            return 13_900
        share = self.charge_ah / self.capacity_ah
        return round(10_900 + 1_850 * min(share * 1.15, 1) ** 0.5 - (20 - ambient_c(at_s)) * 3)


class Receiver:
    """The GPS receiver in the car, on whose clock leap seconds and dates are right."""

    def __init__(self, car: CarOnBus):
        self._car = car
        self._receiver = GPSReceiver(utc_s=START_UTC_S)
        self.is_in_tunnel = False

    def nmea(self, at_s: float) -> bytes:
        """What it says at that time of the story."""
        place = self._car.place
        receiver = self._receiver
        receiver.faults.has_no_fix = self.is_in_tunnel
        receiver.position(
            place.latitude, place.longitude, self._car.model.speed_ms * 3.6, place.course_deg
        )
        # An epoch begins with the whole second.
        return receiver.tick(int(START_UTC_S + at_s) - receiver.utc_s)
