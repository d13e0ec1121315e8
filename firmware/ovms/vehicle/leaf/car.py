"""NL: made of car.dbc and map.csv by `make car`; change those, not this."""

from ovms.vehicle.table_car import TableCar


class Leaf(TableCar):
    """Numbers for `TableCar`, and the names of the values they are for."""

    TYPE = "NL"
    BITRATE = 500_000
    RX_IDS = (0x1DB, 0x284, 0x390, 0x54B, 0x54C, 0x5C0)
    FOREIGN_IDS = (0x1D4, 0x1DA, 0x1DC, 0x380, 0x50A, 0x54A, 0x54F, 0x55A, 0x55B, 0x5BC, 0x5BF)
    FIRST_GROUPS = b"\x00\x01\x02\x03\x04\x05"
    GROUPS = (
        b"\xff\x00\x00\x00\x03\x01\xff\x00\x00\x03\x02\x01\xff\x00\x00\x05\x05\x01\xff\x00"
        b"\x00\x0a\x01\x01\xff\x00\x00\x0b\x01\x01\x00\x62\x01\x0c\x01\x01"
    )
    RECORDS = (
        (
            b"\x30\x00\x52\x0b\x00\x03\x04\x00\x01\x02\xff\x10\x02\x62\x0a\x01\x01\x04\x05\x01"
            b"\x02\xff\x00\x04\x01\x07\x06\x01\x0e\x0e\x01\x02\xff\x10\x04\x02\x10\x02\x02\x08"
            b"\x06\x07\x02\xff\x11\x04\x02\x10\x80\x02\x09\x02\x09\x00\xff\x10\x00\x02\x09\x07"
            b"\x02\x05\x0e\x01\x02\xff\x02\x03\x31\x02\x08\x02\x15\x0f\x03\x00\xff\x01\x03\x51"
            b"\x01\x83\x02\x01\x01\x01\x00\xff\x01\x04\x61\x01\x85\x02\x01\x01\x01\x00\xff\x12"
            b"\x05\x11\x06\x89\x02\x22\x16\x06\x00\xff\x01\x04\x31\x03\x05\x02\x0d\x01\x0d\x00"
            b"\xff\x00\x06\x01\x08\x03\x02\x0c\x01\x0a\x0b\xff\x00\x02\x01\x08\x04\x01\x0c\x01"
            b"\x0a\x0b\xff"
        ),
    )
    NUMBERS = (
        -500,
        1,
        0,
        -1023,
        1022,
        500,
        5,
        49,
        24_500,
        65_535,
        2,
        -40,
        254,
        7,
        100,
        0,
        0,
        1,
        100,
        2,
        200,
        3,
        1,
        0,
        2,
        3,
        4,
        2,
        8,
        0,
        9,
        0,
        12,
        1,
        63,
    )
    SILENCES = b"\x00\x00\x0a\x06\x80\x89\x85\x83\x02\x08\x01\x01\x0a\x02\x80\x02"
    FED = 40
    INPUTS = 10

    def put(self, target: int, value: int) -> None:
        state = self.state
        if target == 0:
            state.battery_ma = value
        elif target == 1:
            state.battery_mv = value
        elif target == 2:
            state.speed_kmh10 = value
        elif target == 3:
            state.ambient_temp_c = value
            state.ambient_age_s = 0
        elif target == 4:
            state.battery_temp_c = value
            state.temps_age_s = 0
        elif target == 5:
            state.is_hvac_on = value != 0
        elif target == 6:
            state.soc_pct100 = value
        elif target == 7:
            state.charge_input_w = value
        elif target == 8:
            state.line_v = value
