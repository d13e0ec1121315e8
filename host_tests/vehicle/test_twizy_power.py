"""Power statistics: Twizy facts 5 and 9.4, Twizy guide 1.2.0 "Power usage statistics"."""

from host_tests.shims.expect import allocates, run
from host_tests.vehicle.contract import build, feed, pass_seconds
from ovms.vehicle.base import EVENT_TRIP_END
from ovms.vehicle.twizy.car import Twizy
from ovms.vehicle.twizy.power import ACCEL, CONST, DECEL, DOWN, FIELDS, SAMPLES, UP

AWAKE = "597 00 95 21 41 29 00 01 35"
ASLEEP = "597 00 85 21 41 29 00 01 35"
CHARGING = "597 20 A4 07 B1 29 00 01 41"
PACK_57_4_V = "55F 00 FE 73 00 00 23 E2 3E"

GUIDE_RECORD = (
    "6947,1555358,101562,7283,3371721,31364,7108,1793290,236781,"
    "600,65,1702762,246228,510,33,1719996,116393"
)
GUIDE_TOTALS = (
    "Power -299 +16 Wh 2.1 km\r Const 33% -69 +5 Wh\r Accel 34% -150 +1 Wh"
    "\r Decel 33% -80 +11 Wh\r Up 65m -76 +11 Wh\r Down 33m -76 +5 Wh"
)
GUIDE_EFFICIENCY = (
    "Efficiency 132 Wh/km R=6%\r Const 33% 93 Wh/km R=7%\r Accel 34% 204 Wh/km R=1%"
    "\r Decel 33% 97 Wh/km R=13%\r Up 65m 108 Wh/km R=14%\r Down 33m 140 Wh/km R=7%"
)


def twizy(*frames):
    car = build(Twizy)
    car.events = []
    car.records = []
    car.on_event = car.events.append
    car.on_record = lambda *record: car.records.append(record)
    feed(car, AWAKE, PACK_57_4_V, *frames)
    pass_seconds(car, 1)
    return car


def preset(*values):
    """A car whose sums are given, in the order of the record."""
    car = twizy()
    sums = car.decoder.power.sums
    for i in range(len(values)):
        sums[i] = values[i]
    return car


def power(car, text=""):
    for name, _, function in car.sms_commands():
        if name == "POWER":
            return run(function(car, text.split(), False))
    raise AssertionError("no such command")


class Road:
    """Frames of a drive, 100 ms at a time. way: in 1/360 of a counter step of 0.1 m."""

    def __init__(self, car, pack_v10=574):
        self.car = car
        self.data = bytearray(8)
        self.counter = 65500
        self.way = 0
        self._tick = 0
        pack = pack_v10 << 12 | pack_v10
        feed(car, "55F 00FE730000%06X" % pack)
        self._odometer()
        self._count()

    def tenth(self, speed, current=0):
        """100 ms at `speed` (0.01 km/h) with `current` (1/4 A)."""
        data = self.data
        on_frame = self.car.on_frame
        raw = 2000 - current
        data[0], data[1], data[2], data[3], data[4], data[5] = 5, raw >> 8, raw & 0xFF, 0x54, 80, 0
        for _ in range(10):
            on_frame(0x155, data, 8)
        data[4] = data[5] = 0
        data[6], data[7] = speed >> 8, speed & 0xFF
        on_frame(0x599, data, 8)
        self.way += speed
        self._count()
        self._odometer()
        self._tick += 1
        if self._tick % 10 == 0:
            feed(self.car, AWAKE)
            pass_seconds(self.car, 1)

    def _count(self):
        steps = self.counter + self.way // 360
        self.data[0], self.data[1] = steps >> 8 & 0xFF, steps & 0xFF
        self.data[5] = 49
        self.car.on_frame(0x59E, self.data, 8)

    def _odometer(self):
        raw = 75_242_720 + self.way // 360 * 16 // 100
        data = self.data
        for i in range(4):
            data[2 + i] = raw >> 8 * (3 - i) & 0xFF
        self.car.on_frame(0x5D7, data, 7)


def test_guide_texts_come_from_the_guide_record():
    """The example record of the guide and both its example texts are of the same trip."""
    car = preset(*[int(field) for field in GUIDE_RECORD.split(",")])
    assert power(car, "T") == power(car, "totals") == GUIDE_TOTALS
    assert power(car) == power(car, "E") == power(car, "x") == GUIDE_EFFICIENCY
    assert car.event_text(EVENT_TRIP_END) == ("I", GUIDE_EFFICIENCY)


def test_guide_record_example():
    car = preset(*[int(field) for field in GUIDE_RECORD.split(",")])
    assert run(car.command(208, ""))[0] == 0
    # Later firmware's samples follow the guide's 17 fields.
    assert car.records == [("RT-PWR-UsageStats", 0, 86400, GUIDE_RECORD + ",0,0,0,0,0,0")]


def later_trip():
    """The trip of 9.4 in the guide's units (22500 to the Wh, not 56250), odometer 4.67 km."""
    car = preset(
        *[value * 2 // 5 if is_energy else value for value, is_energy in LATER_TRIP],
    )
    car.decoder.power.start_m = 0
    car.state.odometer_m = 4670
    return car


LATER_TRIP = (
    (41700, 0),
    (15300000, 1),
    (0, 1),
    (5820, 0),
    (10584000, 1),
    (0, 1),
    (3320, 0),
    (0, 1),
    (952000, 1),
    (200, 0),
    (9, 0),
    (1200000, 1),
    (60000, 1),
    (300, 0),
    (6, 0),
    (900000, 1),
    (120000, 1),
)


def test_later_trip_totals():
    assert power(later_trip(), "T") == (
        "Power -460 +17 Wh 4.7 km\r Const 82% -272 +0 Wh\r Accel 11% -188 +0 Wh"
        "\r Decel 7% -0 +17 Wh\r Up 9m -21 +1 Wh\r Down 6m -16 +2 Wh"
    )


def test_later_trip_efficiency():
    """The later firmware's numbers in the guide's words; a section without use has no share R."""
    assert power(later_trip(), "E") == (
        "Efficiency 95 Wh/km R=4%\r Const 82% 71 Wh/km R=0%\r Accel 11% 352 Wh/km R=0%"
        "\r Decel 7% -55 Wh/km\r Up 9m 101 Wh/km R=5%\r Down 6m 46 Wh/km R=13%"
    )


def test_no_trip():
    assert power(twizy()) == power(twizy(), "T") == "Power -0 +0 Wh"
    # Up to a metre is no way to speak of.
    assert power(preset(10, 225000, 22500)) == "Power -10 +1 Wh"
    assert power(preset(10000, 0, 45000), "T") == "Power -0 +2 Wh"


def test_sample():
    """205.25 A at 57.4 V: 11781 W."""
    car = twizy("155 05 94 9B 54 6D 58 00 6F")
    assert car.state.battery_w == 11781
    # 32 A at 57.7 V into the battery.
    car = twizy("55F 00 FE 73 00 00 24 12 41", "155 07 98 50 54 99 58 00 73")
    assert car.state.battery_w == -1846


def test_integration():
    """205.25 A and 57.4 V for 10 s are 32.73 Wh; 736334 of the guide's units, not the 821000 that
    the firmware of its time counted, as if the battery always had 64 V.
    """
    car = twizy()
    data = bytearray((5, 0x94, 0x9B, 0x54, 0x6D, 0x58, 0, 0x6F))
    for _ in range(1000):
        car.on_frame(0x155, data, 8)
    pass_seconds(car, 1)
    assert car.decoder.power.sums[CONST + 1] == 821 * 574 * 1000 // 640 == 736334
    assert car.state.energy_used_wh == 33


def test_acceleration():
    """Speeds and averages of 9.4; the section shows what the average made of it."""
    speeds = (0, 0, 100, 220, 340, 450, 550, 640, 640, 640, 640, 640, 640, 600, 540, 470, 400)
    averages = (0, 0, 25, 49, 67, 78, 84, 86, 65, 49, 37, 28, 21, 6, -11, -26, -37)
    car = twizy()
    sums = car.decoder.power.sums
    counts = [0, 0]
    totals = [0, 0]
    for speed, average in zip(speeds, averages):
        feed(car, "599 00 00 04 B8 FF 49 %02X %02X" % (speed >> 8, speed & 0xFF))
        if abs(average) >= 7:
            section = 0 if average > 0 else 1
            counts[section] += 1
            totals[section] += abs(average)
        got = (sums[SAMPLES + 2], sums[SAMPLES + 3], sums[SAMPLES + 4], sums[SAMPLES + 5])
        assert got == (counts[0], totals[0], counts[1], totals[1]), speed
    moving = [speed for speed in speeds if speed >= 10]
    assert (sums[SAMPLES], sums[SAMPLES + 1]) == (len(moving), sum(moving))


def test_invalid_speed_is_no_deceleration():
    car = twizy()
    for speed in ("13 88", "FF FF", "13 88"):
        feed(car, "599 00 00 04 B8 FF 49 " + speed)
    assert list(car.decoder.power.sums[SAMPLES : SAMPLES + 6]) == [2, 10000, 0, 0, 0, 0]


def test_simulated_trip():
    """20 s up to 50 km/h, a minute of it, 10 s down: every sample lands in exactly one section."""
    car = twizy()
    road = Road(car)
    used = recovered = 0
    for tenth in range(200):
        road.tenth(25 * tenth, 400)
        used += 400 * 574 * 10
    for _ in range(600):
        road.tenth(5000, 120)
        used += 120 * 574 * 10
    for tenth in range(100):
        road.tenth(5000 - 50 * tenth, -100)
        recovered += 100 * 574 * 10
    for _ in range(10):
        road.tenth(0)
    sums = car.decoder.power.sums
    total_used = sums[CONST + 1] + sums[ACCEL + 1] + sums[DECEL + 1]
    total_recovered = sums[CONST + 2] + sums[ACCEL + 2] + sums[DECEL + 2]
    # What is less than a unit waits for the next call.
    assert used // 640 - 1 <= total_used <= used // 640
    assert recovered // 640 - 1 <= total_recovered <= recovered // 640
    assert sums[ACCEL + 1] > 195 * 400 * 574 * 10 // 640
    assert sums[DECEL + 2] > 95 * 100 * 574 * 10 // 640
    assert sums[CONST] + sums[ACCEL] + sums[DECEL] == road.way // 360
    # 139 m, 833 m and 69 m, but the average of the acceleration is some tenths late.
    assert 8200 < sums[CONST] < 8340
    assert 1380 < sums[ACCEL] < 1480
    assert 650 < sums[DECEL] < 720
    watt_hours = (used + 7_200_000) // 14_400_000
    assert car.state.energy_used_wh == watt_hours
    text = power(car, "T")
    assert text.startswith("Power -%d +" % watt_hours) and " Wh 1.0 km\r" in text, text


def test_odometer_has_the_kilometres():
    """A counter 8 % too long changes no km and no Wh/km."""
    texts = []
    for factor in (100, 108):
        car = twizy()
        start_m = car.decoder.power.start_m = car.state.odometer_m = 1000
        sums = car.decoder.power.sums
        sums[CONST], sums[CONST + 1] = 400 * factor, 9_000_000
        car.state.odometer_m = start_m + 4000
        texts.append((power(car, "T"), power(car, "E")))
    assert texts[0] == texts[1]
    assert texts[0][1].startswith("Efficiency 100 Wh/km R=0%")


def test_short_way_is_by_the_counter():
    """The odometer's 10 m are too coarse for the first few hundred metres."""
    car = preset(1000, 225000)
    car.decoder.power.start_m = 0
    car.state.odometer_m = 90
    assert power(car, "E").startswith("Efficiency 100 Wh/km")


def test_counter_wraps_and_a_gap_is_no_way():
    car = twizy()
    sums = car.decoder.power.sums
    for counter in ("FFF0", "0010"):
        feed(car, "59E %s 0C F2 29 31 00 00" % counter)
    assert sums[CONST] == 32
    feed(car, "59E 80 00 0C F2 29 31 00 00", "59E 80 05 0C F2 29 31 00 00")
    assert sums[CONST] == 37


def test_counter_counts_only_under_the_key():
    """After the wake-up it may still be the one of the last trip, and the key sets it to 0."""
    car = twizy()
    feed(car, "59E 20 00 0C F2 29 31 00 00", ASLEEP, "59E 20 10 0C F2 29 31 00 00")
    feed(car, "597 00 F0 00 A2 29 00 01 35", "59E 21 00 0C F2 29 31 00 00", AWAKE)
    feed(car, "59E 00 00 0C F2 29 31 00 00", "59E 00 07 0C F2 29 31 00 00")
    assert car.decoder.power.sums[CONST] == 7


def climb(car, metres, altitude_m, units=0):
    """Drive on with a GPS fix at the end."""
    car.state.odometer_m += metres
    car.state.altitude_m = altitude_m
    car.decoder.power.sums[CONST + 1] += units
    car.state.gps_age_s = 0
    pass_seconds(car, 1)


def on_a_hill():
    car = twizy("5D7 00 00 04 7C 1C E0 00")
    car.state.has_gps_lock = True
    climb(car, 0, 100)
    return car


def slopes(car):
    return list(car.decoder.power.sums[UP : UP + 4]), list(car.decoder.power.sums[DOWN : DOWN + 4])


def test_slopes():
    car = on_a_hill()
    climb(car, 90, 105, 1000)
    assert slopes(car) == ([0] * 4, [0] * 4), "less than 100 m"
    climb(car, 10, 105, 500)
    assert slopes(car)[0] == [100, 5, 1500, 0]
    climb(car, 200, 106, 700)
    assert slopes(car)[0] == [100, 5, 1500, 0], "half a percent is flat"
    climb(car, 200, 103, 300)
    assert slopes(car) == ([100, 5, 1500, 0], [200, 3, 300, 0])
    climb(car, 100, 104, 50)
    assert slopes(car)[0] == [200, 6, 1550, 0], "one percent counts"


def test_slopes_without_gps():
    car = on_a_hill()
    car.state.has_gps_lock = False
    climb(car, 150, 110, 100)
    assert slopes(car)[0] == [0] * 4, "the altitude is not of here"
    car.state.has_gps_lock = True
    climb(car, 0, 110)
    assert slopes(car)[0] == [150, 10, 100, 0]
    climb(car, 50, 111)
    car.state.gps_age_s = 200
    pass_seconds(car, 1)
    car.state.has_gps_lock = True
    climb(car, 100, 130)
    assert slopes(car)[0] == [150, 10, 100, 0], "a stale fix drops the reference"


def test_key_on_and_charge_start_reset_the_sums():
    for frames in ((ASLEEP, AWAKE), (ASLEEP, CHARGING)):
        car = preset(*range(1, FIELDS + 1))
        for frame in frames:
            feed(car, frame)
            pass_seconds(car, 1)
        assert list(car.decoder.power.sums) == [0] * FIELDS


def test_charged_energy_is_constant_drive():
    car = twizy(ASLEEP)
    pass_seconds(car, 1)
    feed(car, CHARGING)
    pass_seconds(car, 1)
    data = bytearray((7, 0x98, 0x50, 0x54, 0x6D, 0x58, 0, 0x6F))
    for _ in range(6000):
        car.on_frame(0x155, data, 8)
    pass_seconds(car, 1)
    assert car.decoder.power.sums[CONST + 2] == 128 * 574 * 6000 // 640
    assert car.state.charge_wh == 31


def test_sums_stop_before_they_overflow():
    limit = 1_073_000_000
    car = preset(*[limit - 1] * FIELDS)
    data = bytearray((5, 0x94, 0x9B, 0x54, 0x6D, 0x58, 0, 0x6F))
    for _ in range(1000):
        car.on_frame(0x155, data, 8)
    pass_seconds(car, 1)
    feed(car, *["599 00 00 04 B8 FF 49 13 88"] * 3)
    assert max(car.decoder.power.sums) < 1 << 30


def test_frames_take_no_heap():
    """All that is fed into sums, also where a section ends and where the fine sums are emptied."""
    car = twizy("5D7 00 00 04 7C 1C E0 00", "55F 00 FE 73 00 00 7F F7 FE")
    current = bytearray((5, 0x94, 0x9B, 0x54, 0x6D, 0x58, 0, 0x6F))
    charge = bytearray((5, 0x9E, 0xFF, 0x54, 0x6D, 0x58, 0, 0x6F))
    moved = bytearray(8)
    on_frame = car.on_frame

    # At most five names from outside: a call with more takes heap itself.
    def drive():
        for step in range(200):
            for _ in range(10):
                on_frame(0x155, current, 8)
                on_frame(0x155, charge, 8)
            moved[0] = step
            moved[6] = step * 50 & 0xFF
            on_frame(0x599, moved, 8)
            on_frame(0x59E, moved, 8)

    assert not allocates(drive)
    pass_seconds(car, 1)
    sums = car.decoder.power.sums
    assert sums[ACCEL + 1] > 0 and sums[DECEL + 2] > 0


def test_not_more_comes_back_than_was_used():
    """Downhill: the share ends at all of it, and the consumption is negative."""
    car = build(Twizy)
    power = car.decoder.power
    power.sums[0] = 10000
    power.sums[1] = 20 * 22500
    power.sums[6] = 10000
    power.sums[7] = 10 * 22500
    power.sums[8] = 37 * 22500
    from ovms.vehicle.twizy import power_texts

    text = power_texts.report(car, "E")
    assert "R=100%" in text and " -27" in text
    for part in text.split("R=")[1:]:
        assert int(part.split("%")[0]) <= 100, text
