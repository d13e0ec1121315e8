"""NMEA parser: the sentences of hardware facts 5.2 and what receivers do to them."""

from ovms.protocol.nmea import FIX, NO_FIX, NOTHING, NMEAParser

RMC = b"$GPRMC,085320.00,A,5118.13814,N,00723.39884,E,0.013,265.50,240826,,,A*64\r\n"
RMC_GN = b"$GNRMC,085320.00,A,5118.13814,N,00723.39884,E,0.013,,240826,,,A,V*1A\r\n"
RMC_SOUTH = b"$GNRMC,085320.00,A,3352.12345,S,15112.54321,E,27.500,090.12,240826,,,D,V*2F\r\n"
GGA = b"$GNGGA,085320.00,5118.13814,N,00723.39884,E,1,12,0.87,321.3,M,47.0,M,,*48\r\n"
OTHERS = (
    b"$GNGSA,A,3,02,05,12,15,25,29,,,,,,,1.52,0.87,1.25,1*02\r\n"
    b"$GPGSV,3,1,11,02,45,123,38,05,67,210,41,12,30,300,35,15,12,045,28*78\r\n"
    b"$GPGSV,3,3,11,29,05,180,,31,02,350,,32,01,010,*49\r\n"
    b"$GPVTG,265.50,T,,M,0.013,N,0.024,K,A*3D\r\n"
    b"$GPVTG,,,,,,,,,N*30\r\n$GPGSA,A,1,,,,,,,,,,,,,99.99,99.99,99.99*30\r\n"
    b"$GPGSV,1,1,00*79\r\n$GPGLL,,,,,,V,N*64\r\n"
    b"$GNTXT,01,01,02,ANTSTATUS=OK*25\r\n$GPTXT,01,01,01,ANTENNA OPEN*25\r\n"
)
NO_FIX_RMC = b"$GPRMC,,V,,,,,,,,,,N*53\r\n"
NO_FIX_GGA = b"$GPGGA,,,,,,0,00,99.99,,,,,,*48\r\n"
TIME_ONLY = b"$GNRMC,085320.00,V,,,,,,,240826,,,N,V*1F\r\n"
DEFAULT_DATE = b"$GPRMC,235950.800,V,,,,,0.00,0.00,050180,,,N*41\r\n"
# u-blox: GSV off, with a `$` smuggled into the payload by the second.
UBX = b"\xb5\x62\x06\x01\x03\x00\xf0\x03\x00\xfd\x15" + b"\xb5\x62\x01\x02$GPRM\x00\xff\x81"
# 2026-08-24 08:53:20 UTC.
UTC = 1787561600


def sentence(text):
    checksum = 0
    for byte in text.encode():
        checksum ^= byte
    return ("$%s*%02X\r\n" % (text, checksum)).encode()


def rmc(time="085320.00", date="240826", status="A", mode="A", speed="0.0", course=""):
    return sentence(
        "GPRMC,%s,%s,5118.13814,N,00723.39884,E,%s,%s,%s,,,%s"
        % (time, status, speed, course, date, mode)
    )


def events(parser, data):
    """Feed everything; returns one (event, latitude, longitude) per event."""
    found = []
    at = 0
    while at < len(data):
        at = parser.receive(data, at, len(data))
        if parser.event:
            found.append((parser.event, parser.latitude_udeg, parser.longitude_udeg))
    return found


def test_fix():
    parser = NMEAParser()
    assert events(parser, GGA + OTHERS + RMC) == [(FIX, 51302302, 7389981)]
    assert (parser.altitude_m, parser.satellites, parser.hdop100) == (321, 12, 87)
    assert parser.speed_kmh10 == 0 and parser.course_deg is None and parser.mode == "A"
    assert parser.counts["gps_sentences"] == 2
    assert sum(parser.counts.values()) == 2


def test_south_east_and_moving():
    parser = NMEAParser()
    assert events(parser, RMC_SOUTH) == [(FIX, -33868724, 151209054)]
    # 27.5 kn are 50.93 km/h.
    assert parser.speed_kmh10 == 509 and parser.course_deg == 90 and parser.mode == "D"
    assert parser.altitude_m is None and parser.satellites is None and parser.hdop100 is None


def test_west():
    parser = NMEAParser()
    text = "GPRMC,000000,A,0000.00000,S,18000.00000,W,5,359.50,010126,,,A"
    assert events(parser, sentence(text)) == [(FIX, 0, -180000000)]
    assert parser.course_deg == 0


def test_every_split_gives_the_same():
    data = UBX + OTHERS + GGA + RMC + NO_FIX_GGA + NO_FIX_RMC + RMC_SOUTH
    expected = [
        (FIX, 51302302, 7389981),
        (NO_FIX, 51302302, 7389981),
        (FIX, -33868724, 151209054),
    ]
    assert events(NMEAParser(), data) == expected
    for split in range(len(data)):
        parser = NMEAParser()
        assert events(parser, data[:split]) + events(parser, data[split:]) == expected, split
    parser = NMEAParser()
    found = []
    for byte in data:
        found += events(parser, bytes([byte]))
    assert found == expected


def test_no_fix_keeps_the_position():
    parser = NMEAParser()
    events(parser, RMC)
    assert events(parser, NO_FIX_GGA + NO_FIX_RMC) == [(NO_FIX, 51302302, 7389981)]
    assert (parser.altitude_m, parser.satellites, parser.hdop100) == (None, 0, None)
    assert parser.utc_s is None and parser.mode == "N"
    assert parser.counts["gps_malformed"] == 0


def test_status_a_with_mode_n_is_no_fix():
    assert events(NMEAParser(), rmc(mode="N"))[0][0] == NO_FIX
    assert events(NMEAParser(), rmc(status="V"))[0][0] == NO_FIX


def test_estimated_position_says_so():
    parser = NMEAParser()
    assert events(parser, rmc(mode="E"))[0][0] == FIX
    assert parser.mode == "E"


def test_receiver_without_a_mode_field():
    text = "GPRMC,085320,A,5118.13814,N,00723.39884,E,12.0,90.0,240826,,"
    parser = NMEAParser()
    assert events(parser, sentence(text))[0][0] == FIX
    assert parser.mode == "" and parser.speed_kmh10 == 222


def test_any_talker():
    for talker in ("GP", "GL", "GA", "GB", "BD", "GQ", "QZ", "GN"):
        data = sentence(talker + "RMC" + rmc()[6:-5].decode())
        assert events(NMEAParser(), data) == [(FIX, 51302302, 7389981)]
    assert events(NMEAParser(), sentence("GPRMX" + rmc()[6:-5].decode())) == []


def test_one_flipped_character_changes_nothing():
    for i in range(len(RMC) - 2):
        parser = NMEAParser()
        events(parser, RMC_SOUTH)
        damaged = bytearray(RMC)
        damaged[i] ^= 0x01
        events(parser, bytes(damaged) + b"\n")
        # Hex digits in lower case are as good.
        assert parser.latitude_udeg == -33868724, i


def test_checksum_is_required_and_may_be_lower_case():
    parser = NMEAParser()
    assert events(parser, RMC[:-5] + b"\r\n") == []
    assert events(parser, RMC.replace(b"*64", b"*65")) == []
    assert events(parser, RMC.replace(b"*64", b"*zz")) == []
    assert parser.counts["gps_noise"] == 1 and parser.counts["gps_checksum"] == 1
    assert parser.counts["gps_malformed"] == 1
    assert len(events(parser, RMC_GN.replace(b"*1A", b"*1a"))) == 1


def test_line_cut_by_the_next_one():
    parser = NMEAParser()
    for cut in range(6, len(RMC) - 2):
        assert events(parser, RMC[:cut] + RMC_SOUTH) == [(FIX, -33868724, 151209054)]
    assert parser.counts["gps_noise"] == len(RMC) - 8


def test_garbage_is_bounded_and_skipped():
    parser = NMEAParser()
    assert events(parser, b"$GPRMC," + b"1" * 5000 + b"\r\n" + RMC) == [(FIX, 51302302, 7389981)]
    assert events(parser, bytes(range(256)) * 4 + UBX + RMC) == [(FIX, 51302302, 7389981)]
    assert parser.counts["gps_noise"] >= 2


def test_malformed_fields_change_nothing():
    for old, new in (
        ("5118.13814", ""),
        ("5118.13814", "9100.00000"),
        ("5118.13814", "5160.00000"),
        ("5118.13814", "51x8.13814"),
        ("5118.13814", "5118.138-4"),
        ("5118.13814", "-5118.1381"),
        (",N,", ",E,"),
        (",N,", ",,"),
        ("00723.39884", "18000.00003"),
        ("0.013", "fast"),
        ("240826", "310226"),
        ("240826", "240026"),
        ("240826", "241326"),
        ("240826", "2408"),
        ("085320.00", "245320.00"),
        ("085320.00", "086020.00"),
        ("085320.00", "085361.00"),
        ("085320.00", "0853"),
        (",A,5118.13814,N,00723.39884,E,0.013,265.50,240826,,,A", ""),
        # Found by random sentences: the mode goes out in L, and is one letter.
        (",,,A", ",,,240826"),
    ):
        text = RMC[1:-5].decode()
        assert old in text
        parser = NMEAParser()
        events(parser, RMC_SOUTH)
        assert events(parser, sentence(text.replace(old, new))) == [], new
        assert parser.latitude_udeg == -33868724 and parser.mode == "D"
        assert parser.counts["gps_malformed"] == 1


def test_rounding_to_a_millionth_of_a_degree():
    for minutes, udeg in (
        ("5100.000029", 51000000),
        ("5100.000030", 51000001),
        ("5100.0000299", 51000000),
        ("5159.99998", 52000000),
        ("5159.99996", 51999999),
        ("5118.1", 51301667),
        ("5118", 51300000),
    ):
        for side, sign in (("N", 1), ("S", -1)):
            parser = NMEAParser()
            text = "GPRMC,085320,A,%s,%s,00000.0,W,,,240826,,,A" % (minutes, side)
            assert events(parser, sentence(text)) == [(FIX, sign * udeg, 0)]


def test_altitude_is_rounded_and_may_be_negative():
    for text, altitude_m in (("321.5", 322), ("-3.4", -3), ("-3.6", -4), ("0", 0), ("", None)):
        parser = NMEAParser()
        gga = "GPGGA,085320,5118.13814,N,00723.39884,E,1,07,1.2,%s,M,47.0,M,," % text
        events(parser, sentence(gga) + RMC)
        assert parser.altitude_m == altitude_m
        assert (parser.satellites, parser.hdop100) == (7, 120)


def test_gga_is_lent_once():
    parser = NMEAParser()
    events(parser, GGA + RMC)
    events(parser, RMC)
    assert parser.satellites is None and parser.altitude_m is None
    # Receivers that send RMC first: the sentence before counts.
    events(parser, GGA)
    assert parser.event == NOTHING
    events(parser, RMC)
    assert parser.satellites == 12


def utc_after(*sentences):
    parser = NMEAParser()
    for data in sentences:
        events(parser, data)
    return parser.utc_s


def test_utc_needs_two_sentences_that_agree():
    assert utc_after(RMC) is None
    assert utc_after(RMC, rmc("085321.00")) == UTC + 1
    assert utc_after(RMC, RMC) == UTC
    assert utc_after(RMC, rmc("085319.00")) is None
    assert utc_after(RMC, rmc("090320.00")) is None
    assert utc_after(RMC, rmc("090320.00"), rmc("090321.00")) == UTC + 601
    assert utc_after(RMC, NO_FIX_RMC, rmc("085321.00")) is None
    # Leap seconds arriving late: the new time is taken when it has proved itself.
    assert utc_after(RMC, rmc("085321.00"), rmc("085319.00"), rmc("085320.00")) == UTC


def test_utc_without_a_fix_is_not_believed():
    assert utc_after(TIME_ONLY, TIME_ONLY) is None
    assert utc_after(DEFAULT_DATE, DEFAULT_DATE) is None


def test_default_date_is_refused():
    one = rmc("235950.800", "050180")
    assert utc_after(one, one) is None


def test_the_date_is_told_as_the_receiver_says_it():
    # 8 Jan 2007 and 25 May 1987: 1024 and 2048 weeks before 24 Aug 2026.
    assert utc_after(rmc(date="080107"), rmc(date="080107")) == UTC - 7168 * 86400
    assert utc_after(rmc(date="250587"), rmc(date="250587")) == UTC - 14336 * 86400


def test_calendar():
    for time, date, utc_s in (
        ("235960", "311226", 1798761600),
        ("000000", "010127", 1798761600),
        ("120000", "290228", 1835438400),
        ("000000", "010328", 1835481600),
        ("235959", "281128", 1859068799),
        ("000000", "010124", 1704067200),
        ("235959", "310381", 354931199),
        ("000000", "010179", 3439756800),
    ):
        assert utc_after(rmc(time, date), rmc(time, date)) == utc_s
    assert utc_after(rmc(date="290227"), rmc(date="290227")) is None
