"""The Roadster's frames: every vector of the car facts 1.20 that a state value is made of.

They come from the bus through the controller and the driver. HVAC (8F), some gears and those of
the dashboard are made by hand from 1.3; 400 02 is of no value of the state.
"""

from binascii import unhexlify

from host_tests.vehicle.contract import STALE_AFTER_S, snapshot
from host_tests.vehicle.roadster_bench import ASLEEP, CHARGING, DRIVING, PLUGGED, Bus
from ovms.vehicle.base import (
    EVENT_CHARGE_DONE,
    EVENT_CHARGE_INTERRUPTED,
    EVENT_CHARGE_STARTED,
    EVENT_CHARGE_TOPPING_OFF,
    EVENT_FAULT,
)
from ovms.vehicle.roadster.car import Roadster

VIN = (
    "100 A4 53 46 5A 52 45 38 42",
    "100 A5 31 35 42 33 39 39 39",
    "100 A6 39 39 39 00 00 00 00",
)
GOOD_FIX = "100 85 01 49 01 71 00"


def test_soc_and_ranges():
    bus = Bus()
    state = bus.second("100 80 60 BA 00 79 00 A7 00")
    assert (state.soc_pct100, state.ideal_range_km, state.estimated_range_km) == (9600, 299, 268)
    state = bus.second("100 80 56 A5 00 8C 00 90 00")
    assert (state.soc_pct100, state.ideal_range_km, state.estimated_range_km) == (8600, 265, 231)
    # A change from range to standard mode shows 65xxx, and FF is no SOC.
    bus.second("100 80 FF F0 FF 8C 00 F0 FF")
    assert (state.soc_pct100, state.ideal_range_km, state.estimated_range_km) == (8600, 265, 231)


def test_clock():
    bus = Bus()
    bus.second("100 81 00 00 00 57 46 BA 4E")
    assert bus.car.utc_min == 1_320_830_551 // 60
    bus.second("100 81 00 00 00 00 00 00 00")
    assert bus.car.utc_min == 1_320_830_551 // 60, "not set"
    bus.second("100 81 00 00 00 FF FF FF FF")
    assert bus.car.utc_min == 0xFFFFFFFF // 60


def test_temperatures_are_those_of_a_car_that_is_awake():
    bus = Bus()
    state = bus.second("100 82 0D", "100 A3 22 25 00 00 00 14")
    assert state.ambient_temp_c is None and state.temps_age_s is None
    bus.second(PLUGGED, "100 82 0D", "100 A3 22 25 00 00 00 14")
    assert state.ambient_temp_c == 13
    assert (state.pem_temp_c, state.motor_temp_c, state.battery_temp_c) == (34, 37, 20)
    bus.second("100 82 F6", "100 A3 FB 05 00 00 00 FE")
    assert state.ambient_temp_c == -10
    assert (state.pem_temp_c, state.motor_temp_c, state.battery_temp_c) == (-5, 5, -2)
    bus.second(ASLEEP, "100 82 0D", "100 A3 22 25 00 00 00 14")
    assert state.battery_temp_c == -2 and state.temps_age_s == 2, "frozen copies"


def test_position():
    bus = Bus()
    latitude, longitude = "100 83 03 00 00 3F 71 D1 09", "100 84 03 00 00 CC B2 2E 32"
    state = bus.second(latitude, longitude)
    assert state.latitude_udeg is None, "no fix was told"
    state = bus.second(GOOD_FIX, latitude, longitude)
    assert (state.latitude_udeg, state.longitude_udeg) == (22_341_709, 114_192_874)
    assert not state.has_gps_lock
    state = bus.second(GOOD_FIX)
    assert (state.course_deg, state.altitude_m, state.has_gps_lock) == (329, 113, True)
    assert bus.second("100 84 03 00 00 CC B2 2E E2").longitude_udeg == -67_851_570
    assert bus.second("100 85 01 68 01 71 F0").course_deg == 0
    assert state.altitude_m == 0
    # Sydney: 1114761984, which is more than 30 bits.
    assert bus.second("100 84 03 00 00 00 EB 71 42").longitude_udeg == 151_199_270
    bus.second("100 85 00 00 00 00 00", latitude)
    assert not state.has_gps_lock and state.longitude_udeg == 151_199_270


def test_the_modules_own_receiver_knows_better():
    bus = Bus()
    state = bus.state
    state.latitude_udeg, state.longitude_udeg = 1_000_000, 2_000_000
    state.satellites, state.has_gps_lock, state.gps_age_s = 7, True, 0
    bus.second(GOOD_FIX, "100 83 03 00 00 3F 71 D1 09", "100 85 00 00 00 00 00")
    assert state.latitude_udeg == 1_000_000 and state.has_gps_lock


def test_pack():
    bus = Bus()
    state = bus.second("100 86 00 96 01 4E 0E 00 00")
    assert (state.battery_mv, state.battery_ma, state.battery_w) == (406_000, -14_305, -5808)
    state = bus.second("100 86 03 87 01 59 F8 FF FF")
    assert (state.battery_mv, state.battery_ma, state.battery_w) == (391_000, 7652, 2991)
    assert bus.second("100 86 00 FF FF FF FF 7F 00").battery_mv == 391_000
    assert bus.second("100 86 00 00 00 4E 0E 00 00").battery_mv == 391_000


def test_gears():
    bus = Bus()
    for text, gear in (("83", 4), ("21", 1), ("41", 2), ("60", 3), ("E0", 3), ("00", 3)):
        assert bus.second("100 87 %s 00 00 00 00 00 00" % text).drive_mode == gear
    assert bus.second("400 01 00 00 3E 00 00 00 00").drive_mode == 3, "of a 1.x car"


def test_charge_current_and_limits():
    bus = Bus()
    state = bus.second("100 88 20 05 00 FF FF 46")
    assert (state.charge_a10, state.charge_s, state.charge_limit_a) == (320, 300, 70)
    state = bus.second("100 89 00 DA 00 27 46")
    assert (state.speed_kmh10, state.line_v, state.charge_limit_a) == (0, 218, 70)
    assert bus.second("100 89 00 DA 00 27 0D").charge_limit_a == 13, "what the plug allows"
    # Fillers of a port that is shut.
    state = bus.second("100 88 7F FF FF FF FF 46", "100 89 1D FF FF 7F FF")
    assert (state.charge_a10, state.line_v, state.charge_limit_a) == (0, 0, 70)
    assert state.charge_s == 300 and state.speed_kmh10 == 466


def test_hvac():
    bus = Bus()
    assert bus.second("100 8F 14 15 16 64 32 10 0E").is_hvac_on
    assert not bus.second("100 8F 14 15 16 64 32 00 00").is_hvac_on


def test_alerts_are_told_once():
    bus = Bus()
    bus.second("100 93 00 FF FF 00 00 00 00")
    assert bus.events == []
    raised = "100 93 01 3C 04 05 00 00 80"
    bus.second(raised)
    bus.second(raised)
    assert bus.events == [EVENT_FAULT]
    # Type, code, data: 1084 is the external charger.
    assert bus.car.event_text(EVENT_FAULT) == ("E", "TR,1084,2147483653")
    bus.second("100 93 00 3C 04 05 00 00 80", raised)
    assert bus.events == [EVENT_FAULT] * 2


def test_the_charge_state_of_a_burst_that_nobody_drains():
    """What stands before it in the burst fills the other buffer (car facts 1.2.1)."""
    for is_first in (False, True):
        bus = Bus()
        if is_first:
            # As after the switch of the VIN's type: one id more.
            bus.bench.open(Roadster.RX_IDS + (0x400,), (), True, (), Roadster.SUB_TYPES)
        assert bus.state.charge_substate != 2
        bus.bench.set_deaf(True)
        for text in (
            "100 88 0D 3C 00 00 00 0D",
            "100 89 00 E6 00 00 0D",
            "100 8D 00 00 00 00 00 00 00",
        ):
            bus.bench.frame(0x100, unhexlify(text[4:].replace(" ", "")))
        bus.hears("100 95 0E 02 64 57 02 0E 02")
        assert (bus.state.charge_state, bus.state.charge_substate) == (14, 2)
        assert bus.bench.count("chip_overflow") == 1


def test_charge_states():
    bus = Bus()
    expected = (
        ("95 01 05 64 57 02 0E 02", 1, 0),
        ("95 02 05 64 57 02 0E 02", 2, 0),
        ("95 04 09 64 57 02 0E 02", 4, 0),
        ("95 15 03 64 57 02 0E 02", 21, 13),
        ("95 17 07 64 57 02 0E 02", 21, 14),
        ("95 0C 0D 64 57 02 0E 02", 21, 14),
        ("95 0D 07 64 57 02 0E 02", 13, 7),
        ("95 0D 01 64 57 02 0E 02", 13, 0),
        ("95 0E 02 64 57 02 0E 02", 14, 2),
        ("95 0F 05 64 57 02 0E 02", 15, 0),
        ("95 FF 05 64 57 02 0E 02", 15, 0),
    )
    for text, number, substate in expected:
        state = bus.second("100 " + text)
        assert (state.charge_state, state.charge_substate) == (number, substate), text
        assert (state.charge_mode, state.charge_wh) == (0, 2000)
    assert bus.second("100 95 04 09 64 57 32 0E 02").charge_mode == 3
    assert bus.second("100 95 04 09 64 57 F2 0E 02").charge_mode == 3, "no mode"


def test_switches():
    bus = Bus()
    state = bus.second(CHARGING, "100 95 01 05 64 57 02 0E 02")
    assert state.is_charge_port_open and state.has_pilot and state.is_charging
    assert state.is_handbrake_on and state.is_locked and state.is_awake and not state.is_on
    state = bus.second(DRIVING)
    assert state.is_on and state.are_headlights_on and state.is_awake and not state.is_locked
    assert not state.has_pilot, "a bit that means nothing while the port is shut"
    state = bus.second(ASLEEP)
    assert state.is_charge_port_open and state.is_locked and not state.is_awake
    revision = state.revision
    bus.second(ASLEEP)
    assert state.revision == revision
    state = bus.second("100 96 43 D0 02 23 0C 00 00")
    assert state.open_doors == [True, True, False, False, True, True]
    assert state.is_valet and state.is_alarm_on and state.revision == revision + 1


def test_odometer_and_trip():
    bus = Bus()
    assert bus.second("100 97 21 21 00 A4 D9 00 00").odometer_m == 8_966_621
    state = bus.second("402 FA 03 C4 5E 97 00 C6 01")
    assert (state.odometer_m, state.trip_m) == (6_236_208, 73_064)
    assert bus.second("402 FB 00 00 00 00 00 00 00").odometer_m == 6_236_208, "another page"
    assert bus.second("402 FA 00 00 FF FF FF 00 00").odometer_m == 6_236_208


def test_capacity_and_health():
    bus = Bus()
    state = bus.second("100 9E 44 FD 9C 8A 5B 44 46")
    assert state.cac_ah100 == 15_699
    # 156.99 of 160 Ah, and 68 of 70 % in the emptiest brick.
    assert state.soh_pct == 98 * 68 // 70
    assert bus.second("100 9E 44 00 00 00 00 00 00").cac_ah100 == 15_699
    assert bus.second("100 9E 44 FD 9C 8A 5B 00 00").soh_pct == 95, "no division by 0"


def test_locks():
    bus = Bus()
    assert bus.second("102 0E 04 01").is_locked
    assert bus.second("102 0E 03 01").is_locked, "the key: no state of the lock"
    assert not bus.second("102 0E 05 01").is_locked
    assert not bus.second("100 12 04").is_locked, "whether that asks or tells is not known"


def test_tyres():
    bus = Bus()
    state = bus.second("344 00 00 00 00 00 00 68 34")
    assert state.tyre_kpa == [None, None, None, 260] and state.tyre_temp_c[3] == 12
    state = bus.second("344 52 35 50 37 6E 39 6F 3A")
    assert state.tyre_kpa == [205, 200, 275, 277] and state.tyre_temp_c == [13, 15, 17, 18]
    assert state.tyres_age_s == 1


def test_vin_and_type():
    bus = Bus()
    assert bus.second(*VIN[:2]).vin == "" and bus.car.type_text() == "TR"
    assert bus.second(VIN[2]).vin == "SFZRE8B15B3999999"
    assert bus.car.type_text() == "TR2N" and 0x400 not in bus.car.RX_IDS
    bus.second("100 A4 FF FF FF FF FF FF FF")
    assert bus.state.vin == "SFZRE8B15B3999999"


def test_a_car_of_the_first_generation():
    bus = Bus()
    bus.second(VIN[0], "100 A5 33 35 39 33 39 39 39", VIN[2])
    assert bus.car.type_text() == "TR1S" and 0x400 in bus.car.RX_IDS
    assert bus.second("100 95 04 09 64 03 40 0E 02").charge_mode == 3
    bus.bench.bus.open(1_000_000, bus.car.RX_IDS, (), True, ())
    for text, gear in (("3F", 1), ("3E", 2), ("3B", 3), ("2F", 4), ("77", 4), ("00", 1)):
        assert bus.second("400 01 00 00 %s 00 00 00 00" % text).drive_mode == gear
    assert bus.second("100 87 41 00 00 00 00 00 00").drive_mode == 1, "of a 2.x car"


def test_timer():
    bus = Bus()
    state = bus.second("100 06 1B 01 00 01 00 00 00", "100 06 1A 01 00 17 1E 00 00")
    assert (state.timer_mode, state.timer_start_min) == (1, 23 * 60 + 30)
    bus.second("100 06 1A 01 00 FF FF 00 00", "100 06 1B 01 00 07 00 00 00")
    assert (state.timer_mode, state.timer_start_min) == (1, 23 * 60 + 30)
    bus.second("100 06 03 01 00 01 00 00 00")
    assert (bus.car.echo_item, bus.car.echo_value) == (3, 1)


def charge(bus, *states):
    """A charge of the recordings: port, cable, current, and then what is in `states`."""
    bus.second("100 96 64 08 02 21 0C 00 00", "100 95 0D 07 64 57 02 0E 00")
    bus.second(PLUGGED, "100 95 0D 01 64 57 02 0E 00")
    # The bit comes first.
    bus.second(CHARGING)
    assert not bus.state.is_charging, "they disagree for a second"
    bus.second("100 95 01 05 64 57 02 0E 00", "100 88 20 05 00 FF FF 46", "100 89 00 DA 00 27 46")
    assert bus.state.is_charging and bus.state.charge_input_w == 218 * 32
    for text in states:
        bus.second("100 95 %s 64 57 02 0E 02" % text)
    return bus


def test_a_charge_that_gets_full():
    bus = charge(Bus(), "02 05")
    bus.second(PLUGGED, "100 95 04 09 64 57 02 0E 02")
    assert not bus.state.is_charging and bus.state.charge_input_w == 0
    bus.second("100 96 60 08 02 21 0C 00 00", "100 95 04 07 64 57 02 0E 02")
    assert bus.events == [EVENT_CHARGE_STARTED, EVENT_CHARGE_TOPPING_OFF, EVENT_CHARGE_DONE]


def test_a_charge_that_ends_otherwise():
    for text in ("15 03", "17 07", "0C 0D"):
        bus = charge(Bus())
        bus.second(PLUGGED, "100 95 %s 64 57 02 0E 02" % text)
        bus.second("100 95 15 01 64 57 02 0E 02")
        bus.second("100 96 60 08 02 21 0C 00 00", "100 95 04 07 64 57 02 0E 02")
        assert bus.events == [EVENT_CHARGE_STARTED, EVENT_CHARGE_INTERRUPTED], text


def test_heating_counts_as_charging():
    bus = charge(Bus())
    bus.second(PLUGGED, "100 95 0F 05 64 57 02 0E 02")
    assert bus.state.is_charging
    assert bus.events == [EVENT_CHARGE_STARTED]


def test_silence_is_no_sleep():
    bus = charge(Bus())
    for _ in range(59):
        bus.second()
    assert bus.state.is_charging and bus.state.is_awake
    bus.second()
    assert not bus.state.is_charging and not bus.state.is_awake and not bus.state.has_pilot
    assert (bus.state.charge_state, bus.state.charge_substate) == (21, 14)
    for _ in range(STALE_AFTER_S):
        bus.second()
    assert bus.events == [EVENT_CHARGE_STARTED], "nobody knows"


def test_parked_time_by_the_cars_clock():
    """What passed without power for the module is known from the car."""
    bus = Bus()
    bus.second(DRIVING, "100 81 00 00 00 57 46 BA 4E")
    bus.second(ASLEEP)
    state = bus.state
    assert state.parked_s <= 1
    bus.second(ASLEEP)
    # An hour later by the car's clock.
    bus.second("100 81 00 00 00 67 54 BA 4E", ASLEEP)
    assert state.parked_s == 3540
    bus.second(DRIVING)
    bus.second(DRIVING)
    assert state.parked_s == 0


def test_a_frame_that_is_too_short_changes_nothing():
    """What is behind it in the controller's buffer is from another one. Lengths: facts 1.2."""
    lengths = {0x82: 2, 0x85: 6, 0x88: 7, 0x89: 6, 0x97: 7, 0xA3: 7, 0xA6: 4}
    numbers = (0x06, 0x80, 0x81, 0x86, 0x8F, 0x93, 0x95, 0x9E, 0xA4, 0xA5)
    for number in numbers + tuple(sorted(lengths)):
        bus = Bus()
        bus.second(PLUGGED, GOOD_FIX)
        bus.car.has_fix = False
        before, car_before = snapshot(bus.state), (bus.car.utc_min, bytes(bus.car.vin_bytes))
        data = bytearray([number, 1, 0x4E, 0, 0x4E, 0x4E, 0x4E, 0x4E])
        for dlc in range(1, lengths.get(number, 8)):
            bus.car.on_frame(0x100, data, dlc)
        assert bus.car.echo_item == -1
        assert snapshot(bus.state) == before, hex(number)
        assert (bus.car.utc_min, bytes(bus.car.vin_bytes)) == car_before
        assert not bus.car.is_alert_due and bus.car.has_fix is False
    bus = Bus()
    before = snapshot(bus.state)
    for arbitration_id, first, shortest in ((0x102, 0x0E, 2), (0x344, 0x52, 8), (0x402, 0xFA, 8)):
        data = bytearray([first, 4, 0x50, 0x50, 0x50, 1, 1, 1])
        for dlc in range(1, shortest):
            bus.car.on_frame(arbitration_id, data, dlc)
    assert snapshot(bus.state) == before
