"""KS: made of car.dbc and map.csv by `make car`; change those, not this."""

from ovms.vehicle.table_car import TableCar


class Kiasoul(TableCar):
    """Numbers for `TableCar`, and the names of the values they are for."""

    TYPE = "KS"
    BITRATE = 500_000
    RX_IDS = (0x018, 0x120, 0x200, 0x433, 0x4F0, 0x4F2, 0x542, 0x581, 0x653)
    FIRST_GROUPS = b"\x00\x01\x02\x03\x04\x05\x06\x07\x08"
    GROUPS = (
        b"\xff\x00\x00\x00\x07\x01\xff\x00\x00\x07\x02\x03\xff\x00\x00\x09\x01\x01\xff\x00"
        b"\x00\x0a\x01\x01\xff\x00\x00\x0b\x01\x01\xff\x00\x00\x0c\x06\x01\xff\x00\x00\x12"
        b"\x01\x01\xff\x00\x00\x13\x03\x01\xff\x00\x00\x16\x01\x01"
    )
    RECORDS = (
        (
            b"\x01\x00\x01\x01\x00\x01\x00\x00\x00\x00\xff\x01\x00\x41\x01\x01\x01\x00\x00\x00"
            b"\x00\xff\x01\x00\x71\x01\x02\x01\x00\x00\x00\x00\xff\x01\x04\x31\x01\x03\x01\x00"
            b"\x00\x00\x00\xff\x01\x04\x11\x01\x04\x01\x00\x00\x00\x00\xff\x01\x05\x71\x01\x05"
            b"\x01\x00\x00\x00\x00\xff\x01\x04\x01\x01\x06\x01\x00\x00\x00\x00\xff\x03\x03\x41"
            b"\x01\x07\x01\x00\x00\x00\x00\xff\x03\x03\x51\x01\x07\x01\x00\x00\x00\x01\xff\x00"
            b"\x02\x01\x08\x08\x00\x03\x02\x00\x01\xff\x01\x02\x41\x01\x09\x01\x00\x00\x00\x00"
            b"\xff\x00\x05\x03\x18\x0a\x00\x05\x04\x00\x01\xff\x01\x02\x01\x08\x8a\x01\x03\x00"
            b"\x03\x00\xff\x01\x07\x01\x08\x8b\x01\x03\x00\x03\x00\xff\x01\x02\x01\x08\x8c\x01"
            b"\x03\x01\x01\x00\xff\x01\x07\x01\x08\x8d\x01\x03\x01\x01\x00\xff\x01\x01\x01\x08"
            b"\x8e\x01\x03\x01\x01\x00\xff\x00\x01\x01\x08\x0b\x01\x07\x06\x00\x01\xff\x00\x00"
            b"\x01\x08\x0c\x00\x09\x08\x00\x01\xff\x01\x06\x02\x10\x8f\x01\x0e\x0d\x0e\x00\xff"
            b"\x01\x06\x02\x10\x90\x01\x0e\x01\x0f\x00\xff\x00\x06\x02\x10\x0d\x01\x0c\x0a\x0b"
            b"\x01\xff\x00\x05\x01\x08\x0e\x00\x07\x00\x02\x10\xff"
        ),
    )
    NUMBERS = (
        1,
        0,
        2,
        255,
        100,
        10_000_000,
        5,
        254,
        50,
        200,
        125,
        32,
        25_600,
        64,
        65_535,
        25,
        -40,
    )
    HOLDS = b"\x00\x01\x01\x00\x02\x02\x03\x0a\x0b\x0c\x0d\x0e\x04\x00\x02\x00\x1e\x01\x01\x0f\x10"
    SILENCES = b"\x00\x00\x0a\x03\x80\x84\x0b"
    FED = 52
    INPUTS = 17

    def put(self, target: int, value: int) -> None:
        state = self.state
        if target == 0:
            if state.is_charge_port_open != (value != 0):
                state.touch()
            state.is_charge_port_open = value != 0
        elif target == 1:
            if state.open_doors[0] != (value != 0):
                state.touch()
            state.open_doors[0] = value != 0
        elif target == 2:
            if state.open_doors[1] != (value != 0):
                state.touch()
            state.open_doors[1] = value != 0
        elif target == 3:
            if state.open_doors[2] != (value != 0):
                state.touch()
            state.open_doors[2] = value != 0
        elif target == 4:
            if state.open_doors[3] != (value != 0):
                state.touch()
            state.open_doors[3] = value != 0
        elif target == 5:
            if state.open_doors[5] != (value != 0):
                state.touch()
            state.open_doors[5] = value != 0
        elif target == 6:
            state.are_headlights_on = value != 0
        elif target == 7:
            if state.is_locked != (value != 0):
                state.touch()
            state.is_locked = value != 0
        elif target == 8:
            state.estimated_range_km = value
        elif target == 9:
            if state.is_handbrake_on != (value != 0):
                state.touch()
            state.is_handbrake_on = value != 0
        elif target == 10:
            state.odometer_m = value
        elif target == 11:
            state.speed_kmh10 = value
        elif target == 12:
            state.soc_pct100 = value
        elif target == 13:
            state.charge_input_w = value
        elif target == 14:
            state.ambient_temp_c = value
            state.ambient_age_s = 0
