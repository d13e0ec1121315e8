"""When the Twizy's history records leave; what is in them is the overlays' business.

Twizy guide 1.2.0: power statistics and position once a minute, the position every 5 s while
streaming. The battery's record of the pack goes with them while it has news, those of the 14 cells
every 10 minutes, which keeps an hour of driving within the data budget; all of them go when an
alert changes and at the end of a trip. A parked car has nothing to tell but that it was moved.
"""

from micropython import const

from ovms import overlay
from ovms.vehicle.base import EVENT_BATTERY

_MINUTE_MS = const(60_000)
_STREAM_MS = const(5_000)
_CELLS_MIN = const(10)
# Feature 8: 1 streams by the guide, 2 by the firmware it describes; 3 is both.
_FEATURE_STREAM = const(8)
_STREAMS = const(3)

_BATTERY = "ovms.vehicle.twizy.battery_records"
_POWER = "ovms.vehicle.twizy.power_records"


class History:
    """car: the Twizy whose records these are. told_latitude_udeg, told_longitude_udeg: where the
    last record of the position was made, None before.
    """

    def __init__(self, car):
        self.told_latitude_udeg = self.told_longitude_udeg = None
        self._car = car
        self._minute_ms = self._minutes = self._position_ms = 0
        self._was_awake = False
        self._sets = 0

    def update(self, elapsed_ms):
        """About once a second, after everything else of the car."""
        car = self._car
        state = car.state
        is_awake = state.is_awake
        if car.battery.update():
            car.on_event(EVENT_BATTERY)
            self._send_battery(True)
        if self._was_awake and not is_awake and overlay.call(_POWER, "end_trip", car):
            self._send_position()
            self._send_battery(True)
        self._was_awake = is_awake
        self._position_ms += elapsed_ms
        is_streaming = state.speed_kmh10 and car.config.feature(_FEATURE_STREAM) & _STREAMS
        if self._position_ms >= (_STREAM_MS if is_streaming else _MINUTE_MS):
            self._position_ms %= _STREAM_MS
            self._send_position()
        self._minute_ms += elapsed_ms
        if self._minute_ms < _MINUTE_MS:
            return
        self._minute_ms %= _MINUTE_MS
        self._minutes = (self._minutes + 1) % _CELLS_MIN
        if is_awake:
            overlay.call(_POWER, "send", car)
        # A charge changes little in a minute.
        if self._sets != car.battery.sets and (is_awake or not self._minutes):
            self._send_battery(not self._minutes)

    def _send_battery(self, has_cells):
        self._sets = self._car.battery.sets
        overlay.call(_BATTERY, "send", self._car, has_cells)

    def _send_position(self):
        overlay.call("ovms.vehicle.twizy.gps_records", "send", self._car, self)
