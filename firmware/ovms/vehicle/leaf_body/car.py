"""NLC: made of car.dbc and map.csv by `make car`; change those, not this."""

from ovms.vehicle.table_car import TableCar


class LeafBody(TableCar):
    """Numbers for `TableCar`, and the names of the values they are for."""

    TYPE = "NL"
    BITRATE = 500_000
    RX_IDS = (0x284, 0x355, 0x385, 0x5A9, 0x5B3, 0x5C5, 0x60D)
    FOREIGN_IDS = (0x180, 0x292, 0x421)
    FIRST_GROUPS = b"\x00\x01\x02\x03\x04\x05\x06"
    GROUPS = (
        b"\xff\x00\x00\x00\x01\x01\xff\x00\x00\x01\x02\x01\xff\x00\x00\x03\x04\x01\xff\x00"
        b"\x00\x07\x01\x01\xff\x00\x00\x08\x01\x01\xff\x00\x00\x09\x03\x01\xff\x00\x00\x0c"
        b"\x07\x01"
    )
    RECORDS = (
        (
            b"\x10\x04\x02\x10\x08\x00\x10\x01\x0f\x00\xff\x01\x06\x51\x01\x8a\x00\x01\x00\x00"
            b"\x00\xff\x01\x06\x51\x01\x8b\x00\x01\x01\x01\x00\xff\x00\x02\x01\x08\x09\x01\x13"
            b"\x11\x12\x00\xff\x00\x03\x01\x08\x0a\x01\x13\x11\x12\x00\xff\x00\x05\x01\x08\x0b"
            b"\x01\x13\x11\x12\x00\xff\x00\x04\x01\x08\x0c\x01\x13\x11\x12\x00\xff\x10\x01\x42"
            b"\x0c\x0e\x00\x16\x01\x15\x00\xff\x00\x01\x11\x07\x0d\x01\x14\x01\x01\x00\xff\x10"
            b"\x01\x03\x18\x00\x01\x03\x02\x01\x00\x0a\x10\x01\x03\x18\x00\x01\x06\x04\x05\x00"
            b"\x0b\x01\x00\x21\x01\x01\x00\x01\x01\x01\x00\xff\x02\x01\x11\x02\x80\x00\x0d\x07"
            b"\x04\x00\xff\x01\x02\x41\x01\x02\x00\x01\x01\x01\x00\xff\x01\x00\x31\x01\x03\x00"
            b"\x01\x01\x01\x00\xff\x01\x00\x41\x01\x04\x00\x01\x01\x01\x00\xff\x01\x00\x51\x01"
            b"\x05\x00\x01\x01\x01\x00\xff\x01\x00\x61\x01\x06\x00\x01\x01\x01\x00\xff\x01\x00"
            b"\x71\x01\x07\x00\x01\x01\x01\x00\xff"
        ),
    )
    NUMBERS = (
        0,
        1,
        1000,
        1_000_000,
        201_168,
        125,
        600_000,
        0,
        0,
        1,
        0,
        2,
        0,
        3,
        1,
        10,
        25_000,
        1379,
        800,
        254,
        110,
        5,
        4094,
    )
    SILENCES = b"\x00\x00\x0a\x02\x80\x08"
    FED = 4
    INPUTS = 12

    def put(self, target: int, value: int) -> None:
        state = self.state
        if target == 0:
            state.odometer_m = value
        elif target == 1:
            state.is_handbrake_on = value != 0
        elif target == 2:
            if state.is_locked != (value != 0):
                state.touch()
            state.is_locked = value != 0
        elif target == 3:
            if state.open_doors[0] != (value != 0):
                state.touch()
            state.open_doors[0] = value != 0
        elif target == 4:
            if state.open_doors[1] != (value != 0):
                state.touch()
            state.open_doors[1] = value != 0
        elif target == 5:
            if state.open_doors[2] != (value != 0):
                state.touch()
            state.open_doors[2] = value != 0
        elif target == 6:
            if state.open_doors[3] != (value != 0):
                state.touch()
            state.open_doors[3] = value != 0
        elif target == 7:
            if state.open_doors[5] != (value != 0):
                state.touch()
            state.open_doors[5] = value != 0
        elif target == 8:
            state.speed_kmh10 = value
        elif target == 9:
            state.tyre_kpa[0] = value
            state.tyres_age_s = 0
        elif target == 10:
            state.tyre_kpa[1] = value
            state.tyres_age_s = 0
        elif target == 11:
            state.tyre_kpa[2] = value
            state.tyres_age_s = 0
        elif target == 12:
            state.tyre_kpa[3] = value
            state.tyres_age_s = 0
        elif target == 13:
            state.soh_pct = value
        elif target == 14:
            state.estimated_range_km = value
