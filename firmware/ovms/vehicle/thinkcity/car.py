"""TC: made of car.dbc and map.csv by `make car`; change those, not this."""

from ovms.vehicle.table_car import TableCar


class Thinkcity(TableCar):
    """Numbers for `TableCar`, and the names of the values they are for."""

    TYPE = "TC"
    BITRATE = 500_000
    RX_IDS = (0x263, 0x301, 0x303, 0x304, 0x305, 0x311, 0x344, 0x75B)
    FIRST_GROUPS = b"\x00\x01\x02\x03\x04\x05\x06\x07"
    GROUPS = (
        b"\xff\x00\x00\x00\x06\x01\xff\x00\x00\x06\x04\x01\xff\x00\x00\x0a\x01\x01\xff\x00"
        b"\x00\x0b\x01\x01\xff\x00\x00\x0c\x02\x01\xff\x00\x00\x0e\x01\x01\xff\x00\x00\x0f"
        b"\x04\x01\x03\x08\x65\x13\x01\x00\x03\x08\x66\x14\x01\x00\x03\x08\x67\x15\x01\x01"
    )
    RECORDS = (
        (
            b"\x01\x01\x01\x08\x8a\x02\x13\x08\x13\x00\xff\x01\x01\x01\x08\x8b\x02\x13\x02\x14"
            b"\x00\xff\x20\x00\x01\x08\x00\x02\x03\x00\x01\x02\xff\x00\x01\x01\x08\x01\x02\x04"
            b"\x01\x01\x02\xff\x20\x02\x01\x08\x02\x05\x06\x01\x00\x02\xff\x00\x05\x01\x08\x03"
            b"\x02\x04\x07\x01\x02\xff\x30\x00\x02\x10\x04\x09\x0a\x08\x01\x02\xff\x10\x02\x02"
            b"\x10\x05\x01\x0b\x08\x01\x02\xff\x10\x04\x02\x10\x06\x02\x0e\x0c\x01\x0d\xff\x30"
            b"\x06\x02\x10\x07\x10\x11\x01\x0f\x02\xff\x01\x04\x21\x01\x80\x02\x01\x01\x01\x00"
            b"\xff\x01\x03\x01\x01\x86\x02\x01\x01\x01\x00\xff\x01\x03\x01\x01\x84\x02\x01\x01"
            b"\x01\x00\xff\x01\x03\x11\x01\x87\x02\x01\x01\x01\x00\xff\x00\x01\x01\x08\x08\x02"
            b"\x12\x01\x07\x02\xff\x00\x00\x01\x08\x0c\x02\x04\x07\x00\x02\xff\x00\x01\x01\x08"
            b"\x0d\x02\x04\x07\x00\x02\xff\x00\x03\x01\x08\x0e\x02\x04\x07\x00\x02\xff\x00\x02"
            b"\x01\x08\x0f\x02\x04\x07\x00\x02\xff\x30\x04\x02\x10\x09\x09\x15\x01\x08\x02\xff"
            b"\x30\x04\x02\x10\x0a\x09\x15\x01\x08\x02\xff\x30\x04\x02\x10\x0b\x09\x16\x01\x08"
            b"\x02\xff"
        ),
    )
    NUMBERS = (
        2,
        1,
        0,
        127,
        254,
        -80,
        120,
        5,
        100,
        -4000,
        4000,
        5000,
        -10,
        10_000,
        1000,
        10,
        -400,
        3500,
        160,
        255,
        99,
        15_000,
        20_000,
    )
    HOLDS = b"\x03\x00\x01\x00\x01\x01\x01\x0a\x0b"
    SILENCES = b"\x00\x00\x3c\x06\x80\x84\x86\x87\x83\x03"
    FED = 8
    INPUTS = 12

    def put(self, target: int, value: int) -> None:
        state = self.state
        if target == 0:
            state.charge_a10 = value
        elif target == 1:
            state.line_v = value
        elif target == 2:
            state.ambient_temp_c = value
            state.ambient_age_s = 0
        elif target == 3:
            state.speed_kmh10 = value
        elif target == 4:
            state.battery_ma = value
        elif target == 5:
            state.battery_mv = value
        elif target == 6:
            state.soc_pct100 = value
        elif target == 7:
            state.battery_temp_c = value
            state.temps_age_s = 0
        elif target == 8:
            state.charge_limit_a = value
        elif target == 9:
            state.charger_temp_c = value
            state.temps_age_s = 0
        elif target == 10:
            state.pem_temp_c = value
            state.temps_age_s = 0
        elif target == 11:
            state.motor_temp_c = value
            state.temps_age_s = 0
        elif target == 12:
            state.tyre_kpa[0] = value
            state.tyres_age_s = 0
        elif target == 13:
            state.tyre_kpa[1] = value
            state.tyres_age_s = 0
        elif target == 14:
            state.tyre_kpa[2] = value
            state.tyres_age_s = 0
        elif target == 15:
            state.tyre_kpa[3] = value
            state.tyres_age_s = 0
