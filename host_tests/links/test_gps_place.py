"""Places a car can be at, and what a receiver says that no car can do."""

from host_tests.links.time_bench import Sources
from host_tests.protocol.test_nmea import sentence

# 130 km/h to the north east in millionths of a degree a second, at 52 degrees: 36.1 m.
NORTH_UDEG, EAST_UDEG = 230, 373


def angle(udeg, letters, width):
    """dddmm.mmmmm and its letter."""
    letter = letters[udeg < 0]
    udeg = abs(udeg)
    minutes5 = udeg % 1000000 * 6
    return "%0*d%02d.%05d,%s" % (
        width,
        udeg // 1000000,
        minutes5 // 100000,
        minutes5 % 100000,
        letter,
    )


def fix(latitude, longitude, altitude=None, knots="70.2", mode="A"):
    where = "%s,%s" % (angle(latitude, "NS", 2), angle(longitude, "EW", 3))
    text = b""
    if altitude is not None:
        text = sentence("GPGGA,085320.00,%s,1,09,0.87,%d.0,M,47.0,M,," % (where, altitude))
    return text + sentence("GPRMC,085320.00,A,%s,%s,45.0,240826,,,%s" % (where, knots, mode))


class Drive(Sources):
    """A receiver in a car; the link stays the same over all that is heard."""

    def __init__(self):
        super().__init__()
        self.lost = 0

    def at(self, latitude, longitude, seconds=1, **more):
        """Where the module thinks to be, `seconds` after the last fix; whether it is this."""
        self.wait(seconds)
        self.hear(fix(latitude, longitude, **more))
        is_there = self.place == (latitude, longitude)
        self.lost += not is_there
        return is_there

    @property
    def place(self):
        return self.state.latitude_udeg, self.state.longitude_udeg


def test_no_fix_of_a_drive_is_lost():
    for seconds in (1, 2, 5, 10, 60):
        drive = Drive()
        latitude, longitude = 52000000, 13000000
        for _ in range(60):
            latitude += NORTH_UDEG * seconds
            longitude += EAST_UDEG * seconds
            assert drive.at(latitude, longitude, seconds)
        # A tunnel, a ferry, a flatbed: on the way without a fix.
        for gap_s in (30, 600, 3600, 7200):
            latitude += NORTH_UDEG * gap_s
            longitude += EAST_UDEG * gap_s
            assert drive.at(latitude, longitude, gap_s)
            assert drive.at(latitude + NORTH_UDEG, longitude + EAST_UDEG)
            latitude += NORTH_UDEG
            longitude += EAST_UDEG
        assert drive.lost == 0 and "gps_implausible" not in drive.status.counts


def test_a_drive_far_in_the_north_and_over_the_lines():
    for latitude, longitude, north, east in (
        # Kirkenes, Greenwich, the equator at Nanyuki, Taveuni on the date line.
        (70000000, 30000000, 0, 950),
        (51478000, -2000, 0, 500),
        (1000, 37000000, -100, 300),
        (-16800000, 179998000, 0, 340),
    ):
        drive = Drive()
        for _ in range(20):
            if longitude > 180000000:
                longitude -= 360000000
            assert drive.at(latitude, longitude), (latitude, longitude)
            latitude += north
            longitude += east


def test_fixes_that_waited_for_their_turn():
    drive = Drive()
    latitude = 52000000
    for burst in range(5):
        for n in range(4):
            latitude += 325
            assert drive.at(latitude, 13000000, 0 if n else 4), burst


def test_null_island_and_fields_that_are_not_filled():
    for latitude, longitude in ((0, 0), (60, -30), (-90000, 90000), (0, 13400000), (52500000, 0)):
        drive = Drive()
        # Neither as the first place, nor for however long, nor after a good one.
        for _ in range(40):
            assert not drive.at(latitude, longitude)
        assert drive.place == (None, None) and drive.state.gps_age_s is None
        assert drive.at(52500000, 13400000)
        for _ in range(40):
            assert not drive.at(latitude, longitude)
        assert drive.place == (52500000, 13400000)
        assert drive.at(52500100, 13400100)


def test_a_jump_is_not_believed_but_a_place_that_persists_is():
    for latitude, longitude in (
        (52500000, -13400000),
        (-52500000, 13400000),
        (52520000, 13400000),
        (48000000, 11500000),
    ):
        drive = Drive()
        assert drive.at(52500000, 13400000)
        for _ in range(5):
            # Now and then, and for some seconds.
            for _ in range(3):
                assert not drive.at(latitude, longitude)
            assert drive.at(52500000, 13400000)
        assert drive.status.counts["gps_implausible"] == 15
        seconds = 0
        while not drive.at(latitude + 10 * seconds, longitude):
            seconds += 1
        assert seconds == 20
        # From now on this is the place.
        assert drive.at(latitude + 10 * seconds + 200, longitude)
        assert not drive.at(52500000, 13400000)


def test_a_small_jump():
    drive = Drive()
    for _ in range(5):
        assert drive.at(52500000, 13400000)
        assert not drive.at(52503000, 13400000)
    # What it may have driven meanwhile.
    assert [drive.at(52503000, 13400000) for _ in range(3)] == [False, True, True]


def test_a_new_place_persists_with_a_slow_receiver_too():
    drive = Drive()
    assert drive.at(52500000, 13400000)
    found = [drive.at(48000000 + 3000 * n, 11500000, 10) for n in range(4)]
    assert found == [False, False, True, True]


def test_a_wrong_first_place_is_left():
    drive = Drive()
    assert drive.at(-52500000, 13400000)
    assert [drive.at(52500000 + 200 * n, 13400000) for n in range(22)].index(True) == 20


def test_a_place_that_jumps_about_is_none():
    drive = Drive()
    assert drive.at(52500000, 13400000)
    for n in range(60):
        assert not drive.at(10000000 + n * 500000, 20000000)
    assert drive.place == (52500000, 13400000)


def test_a_restart_far_away():
    drive = Drive()
    drive.state.latitude_udeg, drive.state.longitude_udeg = 52500000, 13400000
    assert drive.at(48100000, 11600000)


def test_out_of_a_tunnel_whose_way_was_estimated():
    drive = Drive()
    latitude = 46000000
    assert drive.at(latitude, 8500000)
    for _ in range(120):
        latitude += 100
        assert drive.at(latitude, 8500000, mode="E")
    # It drove faster than the receiver thought.
    assert drive.at(latitude + 20000, 8500000)
    assert not drive.at(latitude + 40000, 8500000)


def test_a_speed_that_cannot_be_is_none():
    drive = Drive()
    assert drive.at(52500000, 13400000, knots="12195.6")
    assert drive.state.gps_speed_kmh10 is None and drive.state.has_gps_lock
    assert drive.at(52500100, 13400000, knots="70.2")
    assert drive.state.gps_speed_kmh10 == 1300


def climb(drive, altitudes, seconds=1):
    heard = []
    for altitude in altitudes:
        drive.at(52500000, 13400000, seconds, altitude=altitude)
        heard.append(drive.state.altitude_m)
    return heard


def test_altitudes():
    # A spike, also one that lasts for a while, and the way back.
    assert climb(Drive(), (139, 439, 139, 141)) == [139, 139, 139, 141]
    assert climb(Drive(), [139] + [439] * 30 + [139]) == [139] * 32
    assert climb(Drive(), (139, 439, 139), 10) == [139] * 3
    # A pass road at 100 km/h, and the noise of a receiver.
    way = [600 + 3 * n + (n % 5) * 4 for n in range(200)]
    assert climb(Drive(), way) == way
    # What stays is believed in the end, and what is no altitude of a road never.
    drive = Drive()
    heard = climb(drive, [139] + [439] * 80)
    assert heard[60] == 139 and heard[80] == 439
    assert climb(Drive(), [32767] * 100 + [139]) == [None] * 100 + [139]
    # Out of a long tunnel.
    drive = Drive()
    climb(drive, [500])
    assert climb(drive, [1100], 600) == [1100]


def test_another_place_has_another_altitude():
    drive = Drive()
    assert drive.at(-52500000, 13400000, altitude=20)
    for n in range(25):
        drive.at(47000000 + 100 * n, 11000000, altitude=1500)
    assert drive.state.altitude_m == 1500
