"""When history records leave, RT-GPS-Log, trip report: Twizy guide 1.2.0, Twizy facts 5.8."""

from host_tests.fixtures.twizy_battery import SET_A, SET_C, frames
from host_tests.vehicle.contract import build, feed, pass_seconds
from ovms.vehicle.base import EVENT_BATTERY, EVENT_TRIP_END
from ovms.vehicle.twizy.car import DUE_ALERT, DUE_MINUTE, DUE_POSITION, Twizy
from ovms.vehicle.twizy.power import CONST

AWAKE = "597 00 95 21 41 29 00 01 35"
ASLEEP = "597 00 85 21 41 29 00 01 35"
CHARGING = "597 20 A4 07 B1 29 00 01 41"
MOVING = "599 00 00 04 B8 FF 49 13 88"
STANDING = "599 00 00 04 B8 FF 49 00 00"
# 27461 tenths of a mile.
ODOMETER = "5D7 00 00 00 6B E5 60 00"


def twizy(features=None, is_miles=False):
    car = build(Twizy, features, is_miles)
    car.events = []
    car.records = []
    car.on_event = car.events.append
    car.on_record = lambda *record: car.records.append(record)
    return car


def locate(car, latitude_udeg=51257704, longitude_udeg=7160899):
    state = car.state
    state.latitude_udeg = latitude_udeg
    state.longitude_udeg = longitude_udeg
    state.altitude_m = 139
    state.course_deg = 242
    state.has_gps_lock = True
    state.gps_age_s = 0


def drive(car, seconds, *others):
    """Each second the bus lives and the receiver has a fix."""
    for _ in range(seconds):
        feed(car, AWAKE, *others)
        if car.state.latitude_udeg is not None:
            car.state.gps_age_s = 0
        pass_seconds(car, 1)


def count(car, name):
    return len([record for record in car.records if record[0] == name])


def gps(car):
    return [record for record in car.records if record[0] == "RT-GPS-Log"]


def test_guide_gps_record_example():
    car = twizy()
    locate(car)
    car.csq = lambda: 20
    feed(car, ODOMETER, "599 00 00 04 B8 FF 49 12 C0")
    drive(car, 60)
    (name, number, lifetime_s, data) = gps(car)[0]
    assert (name, number, lifetime_s) == ("RT-GPS-Log", 27461, 86400)
    assert data.startswith("51.257704,7.160899,139,242,48,1,119,20,")


def test_later_fields_of_the_gps_record():
    car = twizy({8: 2})
    locate(car)
    drive(car, 1)
    feed(car, ODOMETER, "55F 00 FE 73 00 00 23 E2 3E", "424 11 40 04 26 41 64 00 42", MOVING)
    feed(car, "59B 80 0C 65 5E 44 72 00 90")
    del car.records[:]
    # 205.25 A, then -32 A, then 58.25 A.
    feed(car, "155 05 94 9B 54 6D 58 00 6F", "155 07 98 50 54 99 58 00 73")
    for _ in range(1000):
        feed(car, "155 05 96 E7 54 6D 58 00 6F")
    drive(car, 5)
    fields = gps(car)[0][3].split(",")
    # Power, Wh used and recovered, metres; extremes of power; status; limits; no automatic
    # limits; extremes of current.
    assert fields[8:] == [
        "3344",
        "9",
        "0",
        "0",
        "-1837",
        "11781",
        "009A",
        "19000",
        "-2000",
        "1.000",
        "1.000",
        "-32.00",
        "205.25",
    ]
    drive(car, 5)
    fields = gps(car)[1][3].split(",")
    assert fields[12:14] == ["0", "0"] and fields[19:] == ["0", "0"], "no sample since"


def test_gps_record_of_the_south_and_in_miles():
    car = twizy(is_miles=True)
    locate(car, -250000, -70500001)
    drive(car, 60, MOVING)
    data = gps(car)[0][3]
    assert data.startswith("-0.250000,-70.500001,139,242,31,1,119,0,"), data


def test_unknown_is_0():
    car = twizy()
    locate(car)
    car.state.altitude_m = car.state.course_deg = None
    drive(car, 60)
    assert gps(car)[0][3].startswith("51.257704,7.160899,0,0,0,1,119,0,0,0,0,0,0,0,")


def test_gps_record_counts_down_without_a_fix():
    car = twizy()
    locate(car)
    for _ in range(240):
        feed(car, AWAKE)
        pass_seconds(car, 1)
    ages = [record[3].split(",")[5:7] for record in gps(car)]
    assert ages == [["1", "60"], ["0", "0"], ["0", "0"], ["0", "0"]]


def test_no_gps_record_before_the_first_fix():
    car = twizy()
    drive(car, 180)
    assert not gps(car)


def test_position_once_a_minute():
    car = twizy()
    locate(car)
    drive(car, 600, MOVING)
    assert len(gps(car)) == 10


def test_position_every_5_seconds_while_streaming():
    """Feature 8 is 1 in the guide, and 2 or 3 in the firmware it describes; only while moving."""
    for feature in (1, 2, 3):
        car = twizy({8: feature})
        locate(car)
        drive(car, 60, MOVING)
        assert len(gps(car)) == 12, feature
        drive(car, 60, STANDING)
        assert len(gps(car)) == 13, feature


def test_positions_are_5_seconds_apart_even_when_turns_are_late():
    """A server keeps one record of a type, a number and a second."""
    car = twizy({8: 2})
    locate(car)
    steps = []
    car.in_turn = lambda function, *arguments: steps.append((function, arguments))
    feed(car, AWAKE, MOVING)
    car.poll(9900)
    for _ in range(4):
        feed(car, AWAKE, MOVING)
        car.poll(1000)
    while steps:
        function, arguments = steps.pop(0)
        function(*arguments)
    assert len(gps(car)) == 1
    for _ in range(4):
        car.poll(1000)
    assert not steps
    car.poll(1000)
    assert steps


def test_streaming_begins_at_once():
    car = twizy({8: 2})
    locate(car)
    drive(car, 30, STANDING)
    drive(car, 11, MOVING)
    assert len(gps(car)) == 3


def test_paranoid_mode_hides_the_position_from_the_server():
    """Records go out in clear; who asks for the stream of them gets them all the same."""
    for feature, has_place in ((0, False), (1, False), (4, False), (60, False), (2, True)):
        car = twizy({8: feature})
        car.config.is_paranoid = True
        locate(car, 51257704, -7160899)
        drive(car, 70, MOVING)
        car.decoder.power.sums[CONST + 1] = 22500
        feed(car, ASLEEP)
        pass_seconds(car, 3)
        assert (len(gps(car)) > 0) == has_place, feature
        (log,) = [record[3] for record in car.records if record[0] == "RT-PWR-Log"]
        assert ("51.257704,-7.160899," in log) == has_place
        assert has_place or log.split(",")[1:4] == ["0", "0", "0"]
        assert count(car, "RT-PWR-UsageStats"), "the others go on"


def test_a_parked_car_tells_only_that_it_was_moved():
    car = twizy()
    locate(car)
    pass_seconds(car, 600)
    assert len(gps(car)) == 1
    for offset in range(60):
        locate(car, 51257704 + offset * 10)
        pass_seconds(car, 60)
    assert len(gps(car)) == 1, "noise of the receiver"
    locate(car, 51257704, 7162000)
    pass_seconds(car, 60)
    assert len(gps(car)) == 2


def test_usage_once_a_minute_while_driving():
    car = twizy()
    drive(car, 300, MOVING)
    assert count(car, "RT-PWR-UsageStats") == 5
    feed(car, ASLEEP)
    pass_seconds(car, 600)
    assert count(car, "RT-PWR-UsageStats") == 5


def test_battery_records_while_there_is_news():
    car = twizy()
    for _ in range(180):
        drive(car, 10, *frames(SET_A))
    assert count(car, "RT-PWR-BattPack") == 15
    # 14 cells, in the first minute.
    assert count(car, "RT-PWR-BattCell") == 14
    drive(car, 60, *frames(SET_A))
    assert count(car, "RT-PWR-BattCell") == 28, "again after half an hour"
    # The battery fell silent, the bus did not.
    drive(car, 1200)
    assert count(car, "RT-PWR-BattPack") == 16
    # News of an odd minute are not forgotten.
    drive(car, 30)
    drive(car, 1, *frames(SET_A))
    drive(car, 120)
    assert count(car, "RT-PWR-BattPack") == 17


def test_the_cells_are_told_soon_after_each_start():
    car = twizy()
    for _ in range(2):
        drive(car, 60, *frames(SET_A))
        assert count(car, "RT-PWR-BattCell") == 14
        drive(car, 120, *frames(SET_A))
        feed(car, ASLEEP)
        pass_seconds(car, 1)
        del car.records[:]


def test_battery_records_of_a_charge():
    car = twizy()
    for _ in range(1200):
        feed(car, CHARGING, *frames(SET_A))
        pass_seconds(car, 1)
    assert (count(car, "RT-PWR-BattPack"), count(car, "RT-PWR-BattCell")) == (2, 14)


def test_alert_sends_the_records_at_once():
    car = twizy()
    drive(car, 2)
    drive(car, 1, *frames(SET_C))
    assert car.events == [EVENT_BATTERY]
    assert (count(car, "RT-PWR-BattPack"), count(car, "RT-PWR-BattCell")) == (1, 14)
    drive(car, 5, *frames(SET_C))
    assert count(car, "RT-PWR-BattPack") == 1


def finished_trip(units):
    car = twizy()
    locate(car)
    drive(car, 10, *frames(SET_A))
    car.decoder.power.sums[CONST + 1] = units
    feed(car, ASLEEP)
    pass_seconds(car, 20)
    return car


def test_trip_report():
    car = finished_trip(22500)
    assert car.events == [EVENT_TRIP_END]
    names = [record[0] for record in car.records]
    assert names[:4] == ["RT-PWR-UsageStats", "RT-GPS-Log", "RT-PWR-BattPack", "RT-PWR-BattCell"]
    assert len(names) == 18 and names[17] == "RT-PWR-Log"
    assert car.records[0][3].split(",")[1] == "22500"
    kind, text = car.event_text(EVENT_TRIP_END)
    assert kind == "I" and text == "Power -1 +0 Wh"


def test_everything_of_a_trips_end_is_told_once():
    """When it comes together with the minute, the position, and an alert of the battery."""
    car = twizy({8: 2})
    locate(car)
    drive(car, 10, *frames(SET_A))
    car.decoder.power.sums[CONST + 1] = 22500
    del car.records[:]
    feed(car, ASLEEP)
    car.due = DUE_POSITION | DUE_MINUTE | DUE_ALERT
    car.state.tick(1)
    car.poll(1000)
    keys = [record[:2] for record in car.records]
    assert len(set(keys)) == len(keys) == 18


def test_no_trip_report_below_1_wh():
    car = finished_trip(22499)
    assert not car.events and not car.records


def test_power_log_field_by_field():
    """Twizy facts 5.8; what is not known is 0. 272 Wh at 57.4 V are 4.74 Ah."""
    car = twizy()
    locate(car)
    feed(
        car,
        AWAKE,
        "155 07 97 D0 54 7D 00 00 73",
        "599 00 00 04 B8 FF 3B 00 00",
        "424 11 40 04 26 41 64 00 42",
        "425 2A 2B 44 FF FE 70 01 36",
        "196 00 FF E7 7F 70 4C 0B 00",
        "59E 00 00 0C F2 29 31 00 00",
        ODOMETER,
    )
    drive(car, 1, *frames(SET_C))
    # The averages of Twizy facts 9.4: 45.75 km/h, 2.00 and 1.50 km/h per second; 1.45 km driven.
    for place, value in enumerate((4000, 18300000, 600, 12000, 400, 6000)):
        car.decoder.power.sums[17 + place] = value
    car.decoder.power.sums[CONST + 1] = 272 * 22500
    feed(car, "5D7 00 00 00 6B EE 7F 00", "155 07 97 D0 54 75 F8 00 73")
    drive(car, 1)
    feed(car, ASLEEP)
    del car.records[:]
    pass_seconds(car, 1)
    (record,) = [record for record in car.records if record[0] == "RT-PWR-Log"]
    assert record[1:3] == (0, 31536000)
    assert record[3].split(",") == [
        "4420.87",
        "51.257704",
        "7.160899",
        "139",
        "0",
        "0",
        "75.50",
        "75.50",
        "80.00",
        "272",
        "0",
        "1450",
        "59",
        "59",
        "57.4",
        "57.4",
        "57.4",
        "12",
        "11",
        "16",
        "36",
        "9",
        "1.45",
        "4.50",
        "45.75",
        "2.00",
        "1.50",
        "4.74",
        "0.00",
        "0",
        "13",
        "4.3",
        "0",
    ]


def test_no_field_of_a_record_is_empty():
    """The Android app drops the rest of a message there."""
    car = twizy({8: 2})
    # A position without altitude and course, no power, no battery, no temperatures.
    car.state.latitude_udeg = car.state.longitude_udeg = 1
    drive(car, 70)
    car.decoder.power.sums[CONST + 1] = 22500
    feed(car, ASLEEP)
    pass_seconds(car, 20)
    names = []
    for name, _, _, data in car.records:
        assert "" not in data.split(","), (name, data)
        if name not in names:
            names.append(name)
    assert sorted(names) == ["RT-GPS-Log", "RT-PWR-Log", "RT-PWR-UsageStats"]


def test_power_log_of_a_charge():
    """With each turn that is told: interrupted, resumed, done; not with start and topping off."""
    car = twizy()
    feed(car, "155 07 98 50 54 4E 20 00 73")
    counts = []
    for phase, level in (
        (AWAKE, 7),
        (CHARGING, 7),
        (CHARGING, 6),
        ("597 00 E4 00 D1 29 00 01 41", 6),
        (CHARGING, 6),
        (CHARGING, 0),
        ("597 00 E4 00 D1 29 00 01 41", 0),
    ):
        soc = "4E 20" if level else "9C 40"
        feed(car, phase, "155 %02X 98 50 54 %s 00 73" % (level, soc))
        pass_seconds(car, 1)
        counts.append(count(car, "RT-PWR-Log"))
    assert counts == [0, 0, 0, 1, 2, 2, 3]
    fields = car.records[-1][3].split(",")
    assert len(fields) == 33 and fields[4] == "4", "the port is open and the charge done"
    assert [record[3].split(",")[4] for record in car.records if record[0] == "RT-PWR-Log"] == [
        "21",
        "1",
        "4",
    ]
