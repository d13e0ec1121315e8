"""MI: made of car.dbc and map.csv by `make car`; change those, not this."""

from ovms.vehicle.table_car import TableCar


class Imiev(TableCar):
    """Numbers for `TableCar`, and the names of the values they are for."""

    TYPE = "MI"
    BITRATE = 500_000
    RX_IDS = (
        0x012,
        0x101,
        0x215,
        0x286,
        0x298,
        0x29A,
        0x346,
        0x373,
        0x374,
        0x377,
        0x389,
        0x3A4,
        0x412,
        0x418,
        0x424,
        0x697,
        0x6E1,
    )
    FOREIGN_IDS = (0x208, 0x210, 0x231, 0x285, 0x384, 0x6E2, 0x6E3, 0x6E4)
    FIRST_GROUPS = b"\x00\x01\x02\x03\x04\x05\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12"
    GROUPS = (
        b"\xff\x00\x00\x00\x01\x01\xff\x00\x00\x01\x01\x01\xff\x00\x00\x02\x01\x01\xff\x00"
        b"\x00\x03\x02\x01\xff\x00\x00\x05\x01\x01\x00\x08\x00\x06\x01\x00\x00\x08\x01\x07"
        b"\x01\x00\x00\x08\x02\x08\x01\x01\xff\x00\x00\x09\x02\x01\xff\x00\x00\x0b\x02\x01"
        b"\xff\x00\x00\x0d\x01\x01\xff\x00\x00\x0e\x01\x01\xff\x00\x00\x0f\x05\x01\xff\x00"
        b"\x00\x14\x01\x01\xff\x00\x00\x15\x01\x01\xff\x00\x00\x16\x01\x01\xff\x00\x00\x17"
        b"\x04\x01\xff\x00\x00\x1b\x01\x01\xff\x00\x00\x1c\x02\x03"
    )
    RECORDS = (
        (
            b"\x01\x02\x01\x08\x80\x01\x02\x00\x00\x00\xff\x01\x00\x01\x08\x80\x01\x02\x00\x00"
            b"\x00\xff\x10\x00\x02\x10\x00\x01\x05\x03\x04\x01\xff\x00\x03\x01\x08\x01\x06\x08"
            b"\x06\x06\x07\xff\x01\x01\x51\x01\x83\x01\x06\x06\x06\x00\xff\x00\x03\x01\x08\x02"
            b"\x06\x08\x06\x06\x07\xff\x06\x01\x07\x00\x00\x00\x00\x00\x00\x00\xff\x06\x01\x07"
            b"\x00\x00\x00\x00\x07\x01\x00\xff\x06\x01\x03\x00\x00\x00\x00\x0e\x02\x00\xff\x00"
            b"\x07\x01\x08\x03\x01\x09\x06\x06\x01\xff\x01\x04\x51\x01\x04\x01\x06\x06\x06\x00"
            b"\xff\x10\x02\x02\x10\x05\x06\x0c\x0a\x06\x0b\xff\x10\x04\x02\x10\x06\x0e\x0f\x0d"
            b"\x06\x01\xff\x00\x01\x01\x08\x07\x12\x13\x10\x06\x11\xff\x10\x02\x02\x10\x08\x01"
            b"\x14\x0d\x06\x01\xff\x01\x01\x01\x08\x8a\x01\x02\x0d\x02\x00\xff\x01\x06\x01\x08"
            b"\x8b\x01\x02\x03\x02\x00\xff\x01\x06\x01\x08\x8c\x01\x02\x01\x06\x00\xff\x00\x01"
            b"\x01\x08\x09\x01\x09\x06\x06\x01\xff\x00\x06\x01\x08\x0a\x01\x09\x06\x06\x01\xff"
            b"\x01\x00\x71\x01\x0b\x01\x06\x06\x06\x00\xff\x10\x02\x03\x18\x0c\x06\x15\x0e\x06"
            b"\x01\xff\x02\x00\x01\x08\x82\x01\x02\x16\x06\x00\xff\x01\x02\x11\x01\x0d\x01\x06"
            b"\x06\x06\x00\xff\x01\x02\x01\x01\x0e\x01\x06\x06\x06\x00\xff\x01\x02\x61\x01\x0f"
            b"\x01\x06\x06\x06\x00\xff\x01\x01\x51\x01\x10\x01\x06\x06\x06\x00\xff\x01\x00\x01"
            b"\x08\x85\x01\x02\x06\x06\x00\xff\x04\x02\x01\x08\x11\x06\x25\x06\x06\x22\xff\x04"
            b"\x03\x01\x08\x11\x06\x25\x06\x06\x26\xff"
        ),
    )
    NUMBERS = (
        4,
        0,
        255,
        5,
        64,
        26_000,
        1,
        -40,
        239,
        254,
        -10,
        327_680,
        65_534,
        100,
        1000,
        4500,
        50,
        -500,
        11,
        210,
        2000,
        1_000_000,
        80,
        1,
        82,
        0,
        78,
        0,
        68,
        0,
        131,
        0,
        50,
        0,
        -50,
        24,
        0,
        180,
        -50,
        24,
        0,
    )
    HOLDS = b"\x04\x00\x02\x00\x0a\x02\x01\x0a\x0b\x0c"
    SILENCES = b"\x00\x00\x3c\x05\x80\x84\x85\x83\x00\x0c\x01\x1e\x06\x84\x09\x0a\x8a\x8b\x8c"
    FED = 14
    INPUTS = 13
    SUMS = 2
    VIN_PARTS = 3

    def put(self, target: int, value: int) -> None:
        state = self.state
        if target == 0:
            state.speed_kmh10 = value
        elif target == 1:
            state.charger_temp_c = value
            state.temps_age_s = 0
        elif target == 2:
            state.motor_temp_c = value
        elif target == 3:
            state.estimated_range_km = value
        elif target == 4:
            if state.is_handbrake_on != (value != 0):
                state.touch()
            state.is_handbrake_on = value != 0
        elif target == 5:
            state.battery_ma = value
        elif target == 6:
            state.battery_mv = value
        elif target == 7:
            state.soc_pct100 = value
        elif target == 8:
            state.supply_ma = value
        elif target == 9:
            state.line_v = value
        elif target == 10:
            state.charge_a10 = value
        elif target == 11:
            state.is_hvac_on = value != 0
        elif target == 12:
            state.odometer_m = value
        elif target == 13:
            if state.open_doors[0] != (value != 0):
                state.touch()
            state.open_doors[0] = value != 0
        elif target == 14:
            if state.open_doors[1] != (value != 0):
                state.touch()
            state.open_doors[1] = value != 0
        elif target == 15:
            if state.is_locked != (value != 0):
                state.touch()
            state.is_locked = value != 0
        elif target == 16:
            state.are_headlights_on = value != 0
        elif target == 17:
            state.battery_temp_c = value
            state.temps_age_s = 0
