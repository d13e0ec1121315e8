"""VA: made of car.dbc and map.csv by `make car`; change those, not this."""

from ovms.vehicle.table_car import TableCar


class Voltampera(TableCar):
    """Numbers for `TableCar`, and the names of the values they are for."""

    TYPE = "VA"
    BITRATE = 500_000
    RX_IDS = (0x0C9, 0x120, 0x135, 0x32A, 0x3E9, 0x4C1, 0x4E1, 0x514)
    FIRST_GROUPS = b"\x00\x01\x02\x03\x04\x05\x06\x07"
    GROUPS = (
        b"\xff\x00\x00\x00\x01\x01\xff\x00\x00\x01\x01\x01\xff\x00\x00\x02\x01\x01\xff\x00"
        b"\x00\x03\x02\x01\xff\x00\x00\x05\x01\x01\xff\x00\x00\x06\x01\x01\xff\x00\x00\x07"
        b"\x01\x01\xff\x00\x00\x08\x01\x01"
    )
    RECORDS = (
        (
            b"\x01\x00\x61\x02\x80\x02\x0b\x06\x0b\x00\xff\x10\x00\x04\x20\x01\x06\x07\x04\x05"
            b"\x02\xff\x12\x00\x01\x03\x82\x02\x14\x0c\x04\x00\xff\x30\x00\x04\x20\x03\x17\x18"
            b"\x15\x16\x02\xff\x30\x04\x04\x20\x04\x19\x1a\x15\x16\x02\xff\x10\x00\x02\x10\x00"
            b"\x02\x03\x00\x01\x02\xff\x00\x04\x01\x08\x02\x06\x0a\x06\x08\x09\xff\x06\x00\x08"
            b"\x00\x00\x00\x00\x09\x01\x00\xff\x06\x00\x08\x00\x00\x00\x00\x01\x00\x00\xff"
        ),
    )
    NUMBERS = (
        1609,
        10_000,
        0,
        16_000,
        125,
        8,
        1,
        33_554_431,
        2,
        -40,
        254,
        3,
        0,
        1,
        1,
        0,
        2,
        0,
        3,
        0,
        7,
        5,
        18,
        -324_000_000,
        324_000_000,
        -648_000_000,
        648_000_000,
    )
    SILENCES = b"\x00\x00\x0a\x02\x80\x00"
    VIN_BEFORE = b"\x31"
    FED = 2
    INPUTS = 10
    VIN_PARTS = 2

    def put(self, target: int, value: int) -> None:
        state = self.state
        if target == 0:
            state.speed_kmh10 = value
        elif target == 1:
            state.odometer_m = value
        elif target == 2:
            state.ambient_temp_c = value
            state.ambient_age_s = 0
        elif target == 3:
            state.latitude_udeg = value
            state.gps_age_s = 0
        elif target == 4:
            state.longitude_udeg = value
            state.gps_age_s = 0
