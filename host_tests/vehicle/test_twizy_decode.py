"""Every frame of Twizy facts 9.1 with its raw bytes, and the validity rules of 1.3 and 1.4."""

from host_tests.vehicle.contract import build, feed, pass_seconds, snapshot
from ovms.vehicle.twizy.car import Twizy

DRIVING = "597 00 95 21 41 29 00 01 35"
CHARGING = "597 20 A4 07 B1 29 00 01 41"
PACK_57_4_V = "55F 00 FE 73 00 00 23 E2 3E"


def twizy(*frames):
    car = build(Twizy)
    feed(car, *frames)
    return car


def unchanged(*frames):
    """Whether frames leave a fresh car as it was."""
    car = build(Twizy)
    before = snapshot(car.state)
    feed(car, *frames)
    return snapshot(car.state) == before


def cells_mv(car):
    return [raw * 5 for raw in car.decoder.cell_volts]


def test_row_1_drive():
    state = twizy("155 05 96 E7 54 6D 58 00 6F").state
    assert state.battery_ma == 58250
    assert state.soc_pct100 == 6998
    assert state.battery_w is None, "no power without a pack voltage"


def test_row_2_small_load():
    state = twizy("155 07 97 C7 54 97 98 00 73").state
    assert (state.battery_ma, state.soc_pct100) == (2250, 9702)


def test_row_3_charge_current():
    state = twizy("155 07 98 50 54 99 58 00 73").state
    assert (state.battery_ma, state.soc_pct100) == (-32000, 9814)


def test_row_4_idle():
    state = twizy("155 07 97 CA 54 52 30 00 6C").state
    assert (state.battery_ma, state.soc_pct100) == (1500, 5260)


def test_row_5_bms_not_ready():
    assert unchanged("155 FF 97 D0 94 00 08 00 72")


def test_row_6_driving_phase():
    car = twizy(DRIVING)
    state = car.state
    assert car.decoder.status & 0xF0 == 0x90
    assert state.line_v == 0
    assert state.supply_ma == 6600
    assert state.is_12v_charging
    assert state.charger_temp_c == 13


def test_row_7_charging_phase():
    car = twizy(CHARGING)
    state = car.state
    assert car.decoder.is_charging() and not car.decoder.has_key()
    assert state.line_v == 230
    assert state.supply_ma == 1400
    assert state.is_12v_charging
    assert state.charger_temp_c == 25


def test_row_8_offline_phase_is_no_charge():
    car = twizy("597 00 E0 00 D1 29 00 01 45")
    state = car.state
    assert car.decoder.is_offline() and not car.decoder.is_charging()
    assert state.supply_ma == 0
    assert not state.is_12v_charging
    assert state.charger_temp_c == 29


def test_row_9_range_and_standstill():
    state = twizy(DRIVING, "599 00 00 04 B8 FF 49 00 00").state
    assert (state.estimated_range_km, state.speed_kmh10) == (73, 0)


def test_row_10_range_ignored_while_charging():
    car = twizy(DRIVING, "599 00 00 04 B8 FF 49 13 88")
    assert car.state.speed_kmh10 == 500
    feed(car, CHARGING, "599 00 00 79 18 1E 2F FF FF")
    assert car.state.estimated_range_km == 73
    assert car.state.speed_kmh10 == 500, "the filler keeps the last speed"


def test_row_11_drive_selected():
    assert twizy("59B 80 0C 65 5E 44 72 00 90").decoder.status & 0x0F == 0x0A


def test_row_12_neutral():
    assert twizy("59B 20 00 64 00 40 38 00 90").decoder.status & 0x0F == 0


def test_reverse_and_brake():
    assert twizy("59B 08 0D 65 00 64 72 00 90").decoder.status & 0x0F == 0x0D


def test_row_13_inverter():
    assert twizy("59E 00 00 0C F2 29 31 00 00").state.pem_temp_c == 9


def test_row_14_odometer():
    assert twizy("5D7 00 00 04 7C 1C E0 00").state.odometer_m == 47_026_700


def test_row_15_vin():
    car = twizy("69F F0 82 87 37")
    pass_seconds(car, 1)
    assert car.state.vin == "7378280"
    feed(car, "69F FF FF FF FF")
    pass_seconds(car, 1)
    assert car.state.vin == "7378280"


def test_vin_keeps_leading_zeros():
    car = twizy("69F F1 00 00 00")
    pass_seconds(car, 1)
    assert car.state.vin == "0000001"


def test_row_16_motor():
    assert twizy("196 00 FF E7 7F 70 4C 0B 00").state.motor_temp_c == 36


def test_row_17_rpm_is_not_listened_to():
    assert 0x19F not in Twizy.RX_IDS
    assert unchanged("19F FF FF 7D 0F 38 FF 40 FE")


def test_row_18_health():
    assert twizy("424 11 40 04 26 41 64 00 42").state.soh_pct == 100


def test_row_19_bms_starting():
    assert unchanged("424 00 FF FF FF 7F 7F 00 7F")


def test_row_20_available_energy():
    car = twizy("425 2A 2B 44 FF FE 70 01 36")
    assert car.decoder.available_wh == 4300
    feed(car, "425 1D FF 44 FF FE 70 01 36")
    assert car.decoder.available_wh == 4300


def test_row_21_modules():
    car = twizy("554 46 45 45 44 45 45 46 00")
    assert [raw - 40 for raw in car.decoder.module_temps[:7]] == [30, 29, 29, 28, 29, 29, 30]
    assert car.state.battery_temp_c == 29
    assert car.state.temps_age_s == 0


def test_battery_mean_is_rounded_on_both_sides_of_zero():
    # 30 30 30 30 29 29 29 C: 29.57
    assert twizy("554 46 46 46 46 45 45 45 00").state.battery_temp_c == 30
    # -4 -4 -4 -4 -5 -5 -5 C: -4.43; then -4.57
    assert twizy("554 24 24 24 24 23 23 23 00").state.battery_temp_c == -4
    assert twizy("554 24 24 24 23 23 23 23 00").state.battery_temp_c == -5


def test_invalid_module_keeps_the_mean_and_its_age():
    car = twizy("554 46 45 45 44 45 45 46 00")
    car.state.tick(7)
    feed(car, "554 60 60 F0 60 60 60 60 00")
    assert (car.state.battery_temp_c, car.state.temps_age_s) == (29, 7)
    assert car.decoder.module_temps[2] == 0xF0, "the monitor sees the raw filler"


def test_rows_22_to_24_cells():
    car = twizy(
        "556 33 63 34 33 53 34 33 5A",
        "557 33 53 35 33 53 35 33 50",
        "55E 33 43 34 33 43 36 00 D5",
    )
    assert cells_mv(car)[:5] == [4110, 4100, 4105, 4100, 4105]
    assert cells_mv(car)[5:10] == [4105] * 5
    assert cells_mv(car)[10:14] == [4100, 4100, 4100, 4110]
    feed(car, "556 FF" + " 00" * 7, "557 FF" + " 00" * 7, "55E FF" + " 00" * 7)
    assert cells_mv(car)[0] == 4110 and cells_mv(car)[5] == 4105 and cells_mv(car)[10] == 4100


def test_rows_25_and_26_pack_voltage():
    car = twizy(PACK_57_4_V)
    assert car.state.battery_mv == 57400
    feed(car, "55F FF FF 73 00 00 21 F2 1F")
    assert car.state.battery_mv == 54300
    feed(car, "55F 00 FE 73 00 00 FF FF FF")
    assert car.state.battery_mv == 54300


def test_pack_voltages_are_averaged_upwards():
    # 57.4 and 57.5 V
    assert twizy("55F 00 FE 73 00 00 23 E2 3F").state.battery_mv == 57500


def test_rows_27_to_33_are_others():
    assert unchanged(
        "700 00 00 33 53 34 00 00 00",
        "700 04 20 00 00 00 32 8A 01",
        "081 00 10 01 8E 48 00 00 00",
        "081 00 10 11 8E 48 00 00 00",
        "081 00 00 10 8E 48 01 4F FF",
        "426 00 38 01 00 79 18 00",
        "581 43 18 10 02 2D 30 12 07",
    )


def test_power_and_energy():
    # 205.25 A at 57.4 V for 10 s: 11781 W, 32.73 Wh.
    car = twizy(PACK_57_4_V)
    data = bytearray((5, 0x94, 0x9B, 0x54, 0x6D, 0x58, 0, 0x6F))
    for _ in range(1000):
        car.on_frame(0x155, data, 8)
    pass_seconds(car, 1)
    assert car.state.battery_w == 11781
    assert (car.state.energy_used_wh, car.state.energy_recovered_wh) == (33, 0)


def test_recovered_energy():
    # 32 A at 57.7 V into the battery for 60 s: 30.77 Wh.
    car = twizy("55F 00 FE 73 00 00 24 12 41")
    data = bytearray((7, 0x98, 0x50, 0x54, 0x6D, 0x58, 0, 0x6F))
    for _ in range(6000):
        car.on_frame(0x155, data, 8)
    pass_seconds(car, 1)
    assert car.state.battery_w == -1846
    assert (car.state.energy_used_wh, car.state.energy_recovered_wh) == (0, 31)


def test_soc_and_current_have_their_own_validity():
    car = twizy("155 05 96 E7 54 6D 58 00 6F")
    # SOC 0 and above 100 %, then current 0 and F00.
    feed(car, "155 05 97 D0 54 00 00 00 6F")
    assert (car.state.soc_pct100, car.state.battery_ma) == (6998, 0)
    feed(car, "155 05 97 C7 54 9C 41 00 6F")
    assert (car.state.soc_pct100, car.state.battery_ma) == (6998, 2250)
    feed(car, "155 05 90 00 54 9C 40 00 6F")
    assert (car.state.soc_pct100, car.state.battery_ma) == (10000, 2250)
    feed(car, "155 05 9F 00 54 6D 58 00 6F")
    assert (car.state.soc_pct100, car.state.battery_ma) == (6998, 2250)


def test_temperature_fillers_keep_the_last_value():
    car = twizy(DRIVING, "196 00 FF E7 7F 70 4C 0B 00", "59E 00 00 0C F2 29 31 00 00")
    for filler in ("00", "F0", "FF"):
        feed(
            car,
            "196 00 FF E7 7F 70 %s 0B 00" % filler,
            "59E 00 00 0C F2 29 %s 00 00" % filler,
            "597 00 95 21 41 29 00 01 %s" % filler,
        )
        state = car.state
        assert (state.motor_temp_c, state.pem_temp_c, state.charger_temp_c) == (36, 9, 13)


def test_impossible_odometer_is_refused():
    car = twizy("5D7 00 00 04 7C 1C E0 00", "5D7 FF FF FF FF FF FF FF")
    assert car.state.odometer_m == 47_026_700


def test_range_fillers():
    car = twizy(DRIVING, "599 00 00 04 B8 FF 49 00 00")
    feed(car, "599 00 00 04 B8 FF FF 00 00", "599 00 00 04 B8 FF 00 00 00")
    assert car.state.estimated_range_km == 73


def test_short_frames_are_counted_and_change_nothing():
    car = build(Twizy)
    before = snapshot(car.state)
    feed(car, "155 05 96 E7 54 6D 58 00", "5D7 00 00 04 7C 1C E0", "69F F0 82 87")
    pass_seconds(car, 1)
    before["parked_s"] = car.state.parked_s
    before["charge_state"] = car.state.charge_state
    assert car.short_frames == 3
    assert snapshot(car.state) == before
