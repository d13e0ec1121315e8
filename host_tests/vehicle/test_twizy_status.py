"""Status byte, bus phases, key edges and the bus watchdog: Twizy facts 1.5, 2 and 9.2."""

from host_tests.vehicle.contract import build, feed, pass_seconds
from ovms.protocol.v2 import reports
from ovms.vehicle.twizy.car import Twizy

WAKING = "597 00 F0 00 A2 29 00 01 35"
DRIVING = "597 00 95 21 41 29 00 01 35"
KEY_OFF = "597 00 85 21 41 29 00 01 35"
CLOSING = "597 00 E4 00 D1 29 00 01 35"
PLUGGED = "597 20 E0 00 A1 29 00 01 35"
CHARGING = "597 20 A4 07 B1 29 00 01 41"
GO = "59B 80 0C 65 5E 44 72 00 90"


def status_after(car, *frames):
    feed(car, *frames)
    return car.decoder.status


def test_status_sequence():
    car = build(Twizy)
    state = car.state
    assert car.decoder.status == 0x40
    assert status_after(car, WAKING) == 0xF0
    pass_seconds(car, 1)
    assert not state.is_awake, "the key is on, but the bus still starts"
    assert status_after(car, DRIVING) == 0x90
    pass_seconds(car, 1)
    assert state.is_awake and not state.is_on
    assert status_after(car, GO) == 0x9A
    pass_seconds(car, 1)
    assert state.is_on and state.parked_s == 0
    assert status_after(car, "59B 80 0D 65 00 64 72 00 90") == 0x9B
    assert status_after(car, KEY_OFF) == 0x8B
    pass_seconds(car, 1)
    assert not state.is_awake
    assert status_after(car, CLOSING) == 0xE3
    pass_seconds(car, 1)
    assert not state.is_on
    pass_seconds(car, 20)
    assert car.decoder.status == 0x40
    assert status_after(car, PLUGGED) == 0xE0
    pass_seconds(car, 1)
    assert not state.is_charging and state.has_pilot
    assert status_after(car, CHARGING) == 0xA0
    pass_seconds(car, 1)
    assert state.is_charging and state.is_charge_port_open


def parked_for(car):
    """D, field 10: seconds, 0 in use."""
    return int(reports.environment_message(car.state, False).split(b",")[9])


def test_a_car_with_its_key_on_is_not_parked():
    """Twizy facts 2: the parking time is 0 from switch-on on, be the motor on or not."""
    car = build(Twizy)
    pass_seconds(car, 100)
    assert parked_for(car) == 100
    for _ in range(300):
        feed(car, DRIVING)
        pass_seconds(car, 1)
        assert parked_for(car) == 0
    feed(car, GO)
    pass_seconds(car, 1)
    assert parked_for(car) == 0
    feed(car, KEY_OFF)
    pass_seconds(car, 1)
    feed(car, CLOSING)
    pass_seconds(car, 59)
    assert 58 <= parked_for(car) <= 60


def seconds_until_silence_shows(seconds_before):
    """Seconds of silence after which the watchdog acts, when it last ran so long ago."""
    car = build(Twizy)
    for _ in range(seconds_before):
        feed(car, DRIVING)
        pass_seconds(car, 1)
    feed(car, DRIVING)
    silent_s = 0
    while car.decoder.status != 0x40:
        pass_seconds(car, 1)
        silent_s += 1
        assert silent_s < 60
    return silent_s


def test_silence_is_noticed_after_10_to_20_seconds():
    for seconds_before in range(10, 21):
        assert 10 <= seconds_until_silence_shows(seconds_before) <= 20


def test_frames_of_one_second_are_heard_whenever_they_come():
    for seconds_before in range(21):
        car = build(Twizy)
        pass_seconds(car, seconds_before)
        feed(car, DRIVING)
        pass_seconds(car, 1)
        assert car.state.told_age_s == 0, seconds_before


def test_silence_zeroes_what_moves_and_keeps_the_rest():
    car = build(Twizy)
    feed(
        car,
        "597 20 95 21 41 29 00 01 35",
        GO,
        "55F 00 FE 73 00 00 23 E2 3E",
        "155 05 96 E7 54 6D 58 00 6F",
        "599 00 00 04 B8 FF 49 13 88",
        "5D7 00 00 04 7C 1C E0 00",
    )
    pass_seconds(car, 1)
    state = car.state
    assert (state.line_v, state.speed_kmh10, state.battery_ma) == (230, 500, 58250)
    assert state.battery_w == 3344
    pass_seconds(car, 20)
    assert (state.line_v, state.speed_kmh10) == (0, 0)
    assert (state.battery_ma, state.battery_w, state.supply_ma) == (0, 0, 0)
    assert not (state.is_on or state.is_awake or state.has_pilot or state.is_12v_charging)
    assert (state.soc_pct100, state.battery_mv) == (6998, 57400)
    assert (state.estimated_range_km, state.odometer_m) == (73, 47_026_700)


def test_what_was_never_seen_stays_unknown():
    car = build(Twizy)
    pass_seconds(car, 60)
    state = car.state
    assert (state.battery_ma, state.battery_w, state.supply_ma) == (None, None, None)
    assert (state.soc_pct100, state.full_min, state.trip_m) == (None, None, None)


def test_trip_counts_from_key_on():
    car = build(Twizy)
    feed(car, WAKING, "5D7 00 00 04 7C 1C E0 00")
    pass_seconds(car, 1)
    # The dashboard's first frame after the wake-up can be old; 200 m later is the true one.
    feed(car, "5D7 00 00 04 7C 1E 20 00")
    pass_seconds(car, 1)
    feed(car, DRIVING)
    pass_seconds(car, 1)
    assert car.state.trip_m == 0
    # 1.5 km further.
    feed(car, "5D7 00 00 04 7C 27 80 00")
    pass_seconds(car, 1)
    assert car.state.trip_m == 1500
    feed(car, KEY_OFF)
    pass_seconds(car, 5)
    assert car.state.trip_m == 1500, "the last trip stays readable"
    assert car.state.parked_s == 5
    feed(car, DRIVING)
    pass_seconds(car, 1)
    assert car.state.trip_m == 0 and car.state.parked_s == 0


def test_trip_starts_with_the_first_odometer():
    car = build(Twizy)
    feed(car, DRIVING)
    pass_seconds(car, 3)
    assert car.state.trip_m is None
    feed(car, "5D7 00 00 04 7C 1C E0 00")
    pass_seconds(car, 1)
    assert car.state.trip_m == 0


def test_key_on_starts_the_energy_sums():
    car = build(Twizy)
    feed(car, "55F 00 FE 73 00 00 23 E2 3E")
    data = bytearray((5, 0x94, 0x9B, 0x54, 0x6D, 0x58, 0, 0x6F))
    for _ in range(200):
        car.on_frame(0x155, data, 8)
    pass_seconds(car, 1)
    assert car.state.energy_used_wh == 7
    feed(car, DRIVING)
    pass_seconds(car, 1)
    assert car.state.energy_used_wh == 0


def test_each_change_is_announced_once():
    car = build(Twizy)
    revisions = []
    for frame in (WAKING, DRIVING, DRIVING, GO, GO, KEY_OFF, CLOSING, PLUGGED, CHARGING, CHARGING):
        feed(car, frame)
        pass_seconds(car, 1)
        revisions.append(car.state.revision)
    # awake; on; not awake; not on; pilot; charging.
    assert revisions == [0, 1, 1, 2, 2, 3, 4, 5, 6, 6]


def test_key_on_while_plugged_in_goes_on_charging():
    """9 to F to B: the offline bit interrupts nothing that lasts less than a second."""
    car = build(Twizy)
    for frame in (DRIVING, "597 20 F0 00 A1 29 00 01 35", "597 20 B4 07 B1 29 00 01 41"):
        feed(car, frame)
        pass_seconds(car, 1)
    assert car.state.is_awake and car.state.is_charging
    feed(car, CHARGING)
    pass_seconds(car, 1)
    assert car.state.is_charging and not car.state.is_awake


def test_energy_of_a_charge_under_the_key_does_not_count_as_driving():
    car = build(Twizy)
    feed(car, "55F 00 FE 73 00 00 23 E2 3E", CHARGING)
    pass_seconds(car, 1)
    feed(car, "597 20 B4 07 B1 29 00 01 41")
    pass_seconds(car, 1)
    data = bytearray((7, 0x98, 0x50, 0x54, 0x6D, 0x58, 0, 0x6F))
    for _ in range(6000):
        car.on_frame(0x155, data, 8)
    pass_seconds(car, 1)
    assert car.state.charge_wh == 31
    feed(car, DRIVING)
    pass_seconds(car, 2)
    assert not car.state.is_charge_port_open
    assert (car.state.charge_wh, car.state.energy_recovered_wh) == (0, 0)
