"""Data messages field by field (server-and-clients 5, protocol guide 2.6.2)."""

from ovms.protocol.v2 import messages, reports
from ovms.status import Status
from ovms.vehicle.state import VehicleState

KM = False
MILES = True


def fields(payload):
    return payload.decode().split(",")


def driving():
    """A Twizy on the road, most values seen."""
    state = VehicleState()
    state.soc_pct100 = 6998
    state.soh_pct = 100
    state.cac_ah100 = 10453
    state.battery_mv = 57400
    state.battery_ma = 58250
    state.battery_w = 3344
    state.capacity_wh = 6100
    state.energy_used_wh = 1234
    state.energy_recovered_wh = 321
    state.ideal_range_km = 56
    state.estimated_range_km = 47
    state.max_range_km = 80
    state.is_on = True
    state.is_awake = True
    state.pem_temp_c = 31
    state.motor_temp_c = 40
    state.battery_temp_c = -4
    state.charger_temp_c = 13
    state.temps_age_s = 3
    state.supply_mv = 12640
    state.supply_reference_mv = 12700
    state.supply_ma = 6600
    state.speed_kmh10 = 456
    state.odometer_m = 47026700
    state.trip_m = 4670
    state.drive_mode = 0x9A
    state.inverter_w = 3200
    state.inverter_efficiency_pct10 = 957
    state.latitude_udeg = 52042460
    state.longitude_udeg = -3944089
    state.course_deg = 270
    state.altitude_m = 35
    state.gps_speed_kmh10 = 449
    state.has_gps_lock = True
    state.satellites = 9
    state.hdop100 = 85
    state.gps_mode = "A"
    state.gps_age_s = 1
    return state


def charging():
    state = driving()
    state.is_on = state.is_awake = False
    state.is_charging = True
    state.is_charge_port_open = True
    state.has_pilot = True
    state.parked_s = 1000
    state.charge_state = 2
    state.charge_substate = 3
    state.charge_mode = 1
    state.line_v = 230
    state.charge_a10 = 105
    state.charge_limit_a = 10
    state.charge_s = 3599
    state.charge_wh = 1950
    state.charge_grid_wh = 2236
    state.charge_grid_total_wh = 1234567
    state.charge_w = 1850
    state.charge_input_w = 2122
    state.battery_ma = -32000
    state.battery_w = -1850
    state.full_min = 84
    state.range_limit_min = 45
    state.soc_limit_min = 30
    state.range_limit_km = 70
    state.soc_limit_pct = 80
    state.speed_kmh10 = 0
    return state


def test_state_of_a_new_module():
    line = reports.state_message(VehicleState(), KM)
    assert line == (
        b"0.0,K,0,0.0,done,standard,0,0,0,0,0,0,0,4,0,0,0,-1,0.00,-1,-1,0,0,-1,0,0,0,-1,-1,"
        b"0,0,0.0,0.0,0,0.0,0.0,0.0,0.0,0.00,0.00,0.00,-1"
    )


def test_state_while_driving():
    line = reports.state_message(driving(), KM)
    assert line == (
        b"70.0,K,0,0.0,done,standard,56,47,0,0,0,0,0,4,0,0,0,-1,104.53,-1,-1,0,0,-1,0,0,0,-1,-1,"
        b"80,0,0.0,57.4,100,0.0,0.0,58.3,0.0,0.00,0.00,6.10,-1"
    )


def test_state_while_charging():
    line = reports.state_message(charging(), KM)
    assert line == (
        b"70.0,K,230,10.5,topoff,storage,56,47,10,59,0,20,3,2,1,0,0,-1,104.53,84,30,70,80,-1,0,0,0,"
        b"45,30,80,0,1.9,57.4,100,2.1,87.2,-32.0,24.3,2.24,1234.57,6.10,-1"
    )


def test_state_in_miles():
    line = fields(reports.state_message(charging(), MILES))
    assert line[1] == "M"
    assert [line[n] for n in (6, 7, 21, 29, 37)] == ["35", "29", "43", "50", "15.1"]


def test_every_message_has_its_fields_and_no_empty_number():
    status = Status("BOARD")
    for state in (VehicleState(), driving(), charging()):
        for is_miles in (KM, MILES):
            counts = (
                (reports.state_message(state, is_miles), 42),
                (reports.environment_message(state, is_miles), 21),
                (messages.location_message(state, is_miles), 19),
                (reports.firmware_message(state, status, "4.0/RT", "RT", 0), 10),
                (reports.tyres_message(state), 9),
                (reports.group_message("G", state, is_miles), 9),
            )
            for payload, count in counts:
                assert len(fields(payload)) == count, payload
                assert len(payload) <= 255
            for payload, _ in counts[:1] + counts[4:5]:
                assert "" not in fields(payload)


def test_android_reads_every_number():
    """Fields the Android app reads as integers (server-and-clients 5) have no decimals."""
    for state in (VehicleState(), driving(), charging()):
        s = fields(reports.state_message(state, MILES))
        for n in (9, 10, 12, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30):
            int(s[n])
        for n in (0, 2, 3, 6, 7, 8, 11, 18, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40):
            float(s[n])
        int(s[41])
        d = fields(reports.environment_message(state, MILES))
        for n in (0, 1, 2, 9, 11, 12, 15, 17):
            int(d[n])
        for n in range(21):
            float(d[n])
        assert "." not in d[6] + d[7]
        line = fields(messages.location_message(state, MILES))
        for n in (4, 5, 15):
            int(line[n])
        int(line[8], 16)
        for n in (0, 1, 2, 3, 6, 7, 9, 10, 11, 12, 13, 16, 17, 18):
            float(line[n])


def test_soc_is_full_only_when_it_is():
    state = VehicleState()
    expected = {0: "0.0", 4: "0.0", 5: "0.1", 9994: "99.9", 9995: "99.9", 9999: "99.9"}
    expected[10000] = "100.0"
    for soc_pct100 in expected:
        state.soc_pct100 = soc_pct100
        assert fields(reports.state_message(state, KM))[0] == expected[soc_pct100]


def test_charge_states_and_modes_have_their_words():
    state = VehicleState()
    words = {1: "charging", 2: "topoff", 4: "done", 13: "prepare", 14: "timerwait"}
    words[15] = "heating"
    words[21] = words[22] = "stopped"
    for number in words:
        state.charge_state = number
        line = fields(reports.state_message(state, KM))
        assert (line[4], line[13]) == (words[number], str(number))
    modes = {0: "standard", 1: "storage", 3: "range", 4: "performance"}
    for number in modes:
        state.charge_mode = number
        line = fields(reports.state_message(state, KM))
        assert (line[5], line[14]) == (modes[number], str(number))


def test_cooling_is_1_and_else_minus_1():
    state = VehicleState()
    assert fields(reports.state_message(state, KM))[23] == "-1"
    state.is_cooling = True
    assert fields(reports.state_message(state, KM))[23] == "1"


def test_figures_of_a_cooldown_and_of_the_charge_that_is_planned():
    state = VehicleState()
    state.cooling_limit_c = 31
    state.cooling_min = 54
    assert fields(reports.state_message(state, KM))[24:27] == ["0", "0", "0"]
    state.is_cooling = True
    state.charge_estimate_min = 345
    assert fields(reports.state_message(state, KM))[24:27] == ["31", "54", "345"]


def test_charge_power_is_0_unless_charging():
    state = charging()
    state.is_charging = False
    line = fields(reports.state_message(state, KM))
    assert (line[31], line[34], line[35], line[37]) == ("0.0", "0.0", "0.0", "0.0")


def test_minutes_to_the_first_limit():
    state = VehicleState()
    for to_range, to_soc, first in (
        (None, None, "-1"),
        (45, None, "45"),
        (None, 30, "30"),
        (45, 30, "30"),
        (30, 45, "30"),
    ):
        state.range_limit_min = to_range
        state.soc_limit_min = to_soc
        assert fields(reports.state_message(state, KM))[20] == first


def test_end_of_charge_is_unix_seconds():
    state = VehicleState()
    state.charge_end_utc_s = 1735689600
    assert reports.state_message(state, KM).endswith(b",1735689600")


def test_environment_of_a_new_module():
    line = reports.environment_message(VehicleState(), KM)
    assert line == b"32,0,5,0,0,0,0,0,0,1,0,0,-1,-1,0.0,0,0.0,0,0,0.0,0"


def test_environment_while_driving():
    line = reports.environment_message(driving(), KM)
    assert line == b"160,0,5,31,40,-4,47,470267,46,0,0,3,1,-1,12.6,0,12.7,0,13,6.6,0"


def test_environment_in_miles():
    line = fields(reports.environment_message(driving(), MILES))
    # 47026.7 km are 292210 tenths of a mile (Twizy facts 9.5).
    assert (line[6], line[7], line[8]) == ("29", "292210", "28")


def test_door_bits():
    bits = (
        ("is_charge_port_open", 0, 4),
        ("has_pilot", 0, 8),
        ("is_charging", 0, 16),
        ("is_handbrake_on", 0, 64),
        ("is_on", 0, 128),
        ("is_locked", 1, 8),
        ("is_valet", 1, 16),
        ("are_headlights_on", 1, 32),
        ("is_awake", 11, 3),
        ("is_controller_logged_in", 11, 64),
        ("is_controller_configuring", 11, 128),
        ("is_alarm_on", 15, 6),
        ("is_12v_charging", 17, 16),
        ("is_hvac_on", 17, 128),
    )
    for name, field, mask in bits:
        state = VehicleState()
        setattr(state, name, True)
        line = fields(reports.environment_message(state, KM))
        for n in (0, 1, 11, 15, 17):
            assert int(line[n]) == (32 if n == 0 else 0) | (mask if n == field else 0), name
    for door, field, mask in (
        (0, 0, 1),
        (1, 0, 2),
        (2, 17, 1),
        (3, 17, 2),
        (4, 1, 64),
        (5, 1, 128),
    ):
        state = VehicleState()
        state.open_doors[door] = True
        line = fields(reports.environment_message(state, KM))
        for n in (0, 1, 17):
            assert int(line[n]) == (32 if n == 0 else 0) | (mask if n == field else 0), door


def test_lock_state_word():
    state = VehicleState()
    state.is_locked = True
    assert fields(reports.environment_message(state, KM))[1:3] == ["8", "4"]


def test_parked_time():
    state = VehicleState()
    state.parked_s = 86400
    assert fields(reports.environment_message(state, KM))[9] == "86400"
    state.is_on = True
    assert fields(reports.environment_message(state, KM))[9] == "0"


def test_stale_flags():
    state = VehicleState()
    for age_s, flag in ((None, "-1"), (0, "1"), (119, "1"), (120, "0"), (9999, "0")):
        state.temps_age_s = state.gps_age_s = state.tyres_age_s = age_s
        assert fields(reports.environment_message(state, KM))[12:14] == [flag, "-1"]
        assert fields(messages.location_message(state, KM))[5] == flag
        assert fields(reports.tyres_message(state))[8] == flag
    state.ambient_age_s = 5
    assert fields(reports.environment_message(state, KM))[13] == "1"


def test_location_of_a_new_module():
    line = messages.location_message(VehicleState(), KM)
    assert line == b"0.000000,0.000000,0,0,0,-1,0,0,00,0.0,0.000,0.000,0.0,0.0,,0,99.9,0,0"


def test_location_while_driving():
    line = messages.location_message(driving(), KM)
    assert line == (
        b"52.042460,-3.944089,270,35,1,1,46,47,9A,3.3,1.234,0.321,3.2,95.7,A,9,0.9,45,96"
    )


def test_location_in_miles():
    line = fields(messages.location_message(driving(), MILES))
    assert (line[6], line[7], line[17]) == ("28", "29", "28")


def test_coordinates_keep_sign_and_zeros():
    state = VehicleState()
    for udeg, text in (
        (-1, "-0.000001"),
        (1, "0.000001"),
        (-3944089, "-3.944089"),
        (114192872, "114.192872"),
        (-180000000, "-180.000000"),
        (500000, "0.500000"),
    ):
        state.latitude_udeg = state.longitude_udeg = udeg
        assert fields(messages.location_message(state, KM))[:2] == [text, text]


def test_power_is_negative_while_charging():
    state = VehicleState()
    for watts, text in (
        (-1850, "-1.9"),
        (-49, "0.0"),
        (-50, "-0.1"),
        (50, "0.1"),
        (11782, "11.8"),
    ):
        state.battery_w = watts
        assert fields(messages.location_message(state, KM))[9] == text


def test_km_to_miles():
    """Whole distances of module-behaviour 1.6."""
    state = VehicleState()
    for km, miles in ((1, 1), (10, 6), (50, 31), (80, 50), (100, 62), (150, 93), (731, 454)):
        state.ideal_range_km = km
        assert fields(reports.state_message(state, MILES))[6] == str(miles)
    for tenths, miles in ((62364, 38751), (65536, 40722), (100000, 62137)):
        state.odometer_m = tenths * 100
        assert fields(reports.environment_message(state, KM))[7] == str(tenths)
        assert fields(reports.environment_message(state, MILES))[7] == str(miles)


def test_firmware():
    state = VehicleState()
    status = Status("LILYGO_TCALL_SIM800")
    status.csq_told = 18
    status.operator = "o2,de"
    status.link_name = "GPRS"
    state.vin = "VF1ACVYB012345678"
    state.service_km = 7400
    state.service_utc_s = 1735689600
    line = reports.firmware_message(state, status, "4.0.0/RT1", "RT", 5)
    assert line == (
        b"4.0.0/RT1,VF1ACVYB012345678,18,1,RT,o2;de,7400,1735689600,LILYGO_TCALL_SIM800,GPRS"
    )


def test_firmware_of_a_new_module():
    line = reports.firmware_message(VehicleState(), Status("B"), "4", "NONE", 0)
    assert line == b"4,-----------------,0,0,NONE,,-1,-1,B,"


def test_tyres():
    state = VehicleState()
    assert reports.tyres_message(state) == b"0,0,0,0,0,0,0,0,-1"
    # Front left, front right, rear left, rear right.
    state.tyre_kpa = [207, 220, 250, None]
    state.tyre_temp_c = [21, 22, None, -3]
    state.tyres_age_s = 4
    assert reports.tyres_message(state) == b"31.9,22,0,-3,30.0,21,36.3,0,1"


def test_capabilities():
    assert reports.capabilities_message("") == b"C1-7,C40-41,C49"
    twizy = reports.capabilities_message("C6,C20-24,C200-210")
    assert twizy == b"C6,C20-24,C200-210,C1-7,C40-41,C49"


def test_group():
    line = reports.group_message("GRP1", driving(), KM)
    assert line == b"GRP1,69,46,270,35,1,1,52.042460,-3.944089"


def test_cut_drops_whole_fields():
    assert reports.cut(b"12,34,56", 8) == b"12,34,56"
    assert reports.cut(b"12,34,56", 7) == b"12,34"
    assert reports.cut(b"12,34,56", 5) == b"12,34"
    assert reports.cut(b"12,34,56", 4) == b"12"
    assert reports.cut(b"123456", 4) == b"1234"


def test_clean_leaves_one_field():
    assert reports.clean("a,b\r\nc") == "a;b  c"


def test_longest_state_fits_the_server():
    state = charging()
    state.soc_pct100 = 10000
    state.charge_state = 1
    state.charge_mode = 4
    state.charge_s = 9999999
    state.charge_wh = state.charge_grid_wh = 999999
    state.charge_grid_total_wh = 99999999
    state.charge_end_utc_s = 2000000000
    state.cac_ah100 = 99999
    state.battery_mv = 400000
    state.battery_ma = -300000
    state.odometer_m = 999999999
    assert len(reports.state_message(state, MILES)) <= messages.MAX_PAYLOAD
    assert len(reports.environment_message(state, MILES)) <= messages.MAX_PAYLOAD
