"""A second car, as small as one can be: what firmware/ovms/vehicle/README.md tells to write.

The car is made up. Three frames: 0x100 key and speed, 0x200 battery, 0x300 odometer.
"""

from micropython import const

from ovms.vehicle.base import OK, Vehicle

# Without 0x100 for this long the bus sleeps.
_SILENCE_MS = const(10_000)
_KEY = const(0x01)
# A million km in 100 m; the filler behind it would not fit 30 bits as metres.
_ODOMETER_END = const(10_000_000)
_QUERY_KEY = const(200)


class ExampleCar(Vehicle):
    """Speed, SOC, battery temperature, odometer; command 200 tells whether the key is on."""

    TYPE = "XC"
    VERSION = "1.0"
    BITRATE = 500_000
    RX_IDS = (0x100, 0x200, 0x300)
    CAPABILITIES = "C200"
    SMS_NAME = "EXAMPLE"

    def __init__(self, state, config):
        super().__init__(state, config)
        self._silent_ms = _SILENCE_MS

    def on_frame(self, arbitration_id, data, dlc):
        state = self.state
        if arbitration_id == 0x100 and dlc >= 3:
            self._silent_ms = 0
            state.is_awake = state.is_on = data[0] & _KEY != 0
            # Hundredths of a km/h on the bus, tenths in the state.
            state.speed_kmh10 = (data[1] << 8 | data[2]) // 10
        elif arbitration_id == 0x200 and dlc >= 2 and data[0] <= 200:
            state.soc_pct100 = data[0] * 50
            state.battery_temp_c = data[1] - 40
            state.temps_age_s = 0
        elif arbitration_id == 0x300 and dlc >= 3:
            raw = data[0] << 16 | data[1] << 8 | data[2]
            if raw < _ODOMETER_END:
                state.odometer_m = raw * 100

    def poll(self, elapsed_ms):
        state = self.state
        if not self._silent_ms:
            # S and D are sent of a car that was heard.
            state.told_age_s = 0
        self._silent_ms += elapsed_ms
        if self._silent_ms < _SILENCE_MS:
            return
        if state.is_awake:
            # What moves has stopped; what was measured stays and grows old.
            state.is_awake = state.is_on = False
            state.speed_kmh10 = 0
            state.touch()

    async def command(self, code, arguments):
        return (OK, str(int(self.state.is_on))) if code == _QUERY_KEY else None

    def sms_commands(self):
        return (("KEY", 3, _sms_key),)


async def _sms_key(car, arguments, is_query):
    return "Key: on" if car.state.is_on else "Key: off"
