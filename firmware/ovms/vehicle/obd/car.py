"""OBD: made of car.dbc and map.csv by `make car`; change those, not this."""

from ovms.vehicle.polled_car import PolledCar


class Obd(PolledCar):
    """Numbers for `PolledCar`, and the names of the values they are for."""

    TYPE = "O2"
    BITRATE = 500_000
    RX_IDS = (0x7E8, 0x7E9, 0x7EA, 0x7EB, 0x7EC, 0x7ED, 0x7EE, 0x7EF)
    TX_FRAMES = (
        (0x7DF, 8),
        (0x7E0, 8),
        (0x7E1, 8),
        (0x7E2, 8),
        (0x7E3, 8),
        (0x7E4, 8),
        (0x7E5, 8),
        (0x7E6, 8),
        (0x7E7, 8),
    )
    FIRST_GROUPS = b"\x00\x00\x00\x00\x00\x00\x00\x00"
    GROUPS = (
        b"\x01\x08\x05\x00\x01\x00\x01\x08\x0d\x01\x01\x00\x01\x08\x2f\x02\x01\x00\x01\x08"
        b"\x46\x03\x01\x00\x01\x08\x5b\x04\x01\x00\x01\x08\xa6\x05\x01\x01"
    )
    RECORDS = (
        (
            b"\x10\x02\x01\x08\x03\x02\x08\x01\x01\x09\xff\x10\x02\x01\x08\x01\x02\x05\x04\x01"
            b"\x02\xff\x10\x02\x01\x08\x02\x02\x08\x06\x07\x02\xff\x10\x02\x01\x08\x04\x02\x05"
            b"\x01\x01\x09\xff\x10\x02\x01\x08\x02\x02\x08\x06\x07\x02\xff\x10\x02\x04\x20\x00"
            b"\x01\x03\x00\x01\x02\xff"
        ),
    )
    NUMBERS = (100, 1, 0, 10_000_000, 10, 254, 2000, 51, 255, -40)
    SILENCES = b"\x00\x00\x1e\x01\x01"
    POLLS = (
        b"\x3c\xff\x00\x02\x01\xa6\x00\x0a\xff\x00\x02\x01\x1f\x00\x0a\xff\x00\x02\x01\x0d"
        b"\x00\x0a\xff\x00\x02\x01\x0c\x00\x3c\xff\x00\x02\x01\x01\x00\x3c\xff\x00\x02\x01"
        b"\x5b\x00\x3c\xff\x5b\x02\x01\x2f\x00\x3c\xff\x00\x02\x01\x05\x00\x3c\xff\x00\x02"
        b"\x01\x46\x00"
    )
    FED = 1
    INPUTS = 10
    IS_OBD = True

    def put(self, target: int, value: int) -> None:
        state = self.state
        if target == 0:
            state.odometer_m = value
        elif target == 1:
            state.speed_kmh10 = value
        elif target == 2:
            state.soc_pct100 = value
        elif target == 3:
            state.motor_temp_c = value
            state.temps_age_s = 0
        elif target == 4:
            state.ambient_temp_c = value
            state.ambient_age_s = 0
