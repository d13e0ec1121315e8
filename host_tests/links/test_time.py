"""Whose word of the time is believed, from a modem's lines and a receiver's bytes."""

from host_tests.links.test_gps_link import BUILD_DAY
from host_tests.links.time_bench import DAY_S, Sources
from ovms.clock import Clock


def test_nobody_told_the_time():
    sources = Sources()
    assert sources.told is None and not sources.clock.is_confirmed()
    sources.wait(2 * DAY_S)
    assert sources.told is None and not sources.clock.is_confirmed()


def test_a_time_that_cannot_be_is_not_believed():
    for text in (
        "80/01/06,00:00:12+00",
        "70/01/01,00:00:12+00",
        "39/05/05,10:20:30+08",
        "36/01/02,00:00:00+00",
        "04/01/01,00:00:12+00",
        "25/12/31,23:59:59+00",
        "99/12/31,23:59:59+00",
        "00/00/00,00:00:00+00",
        "26/02/30,12:00:00+04",
        "26/02/29,12:00:00+04",
        "27/04/31,12:00:00+04",
        "26/06/00,12:00:00+04",
    ):
        sources = Sources()
        sources.network(text)
        assert sources.told is None, text
        sources.gps("085320", "240826")
        assert sources.told == "2026-08-24 08:53:21", text
        sources.network(text)
        assert sources.told == "2026-08-24 08:53:21", text


def test_edges_of_the_window():
    # 315,576,000 seconds are ten years of 365.25 days.
    first = BUILD_DAY * DAY_S
    for offset, is_good in ((-1, False), (0, True), (315575999, True), (315576000, False)):
        sources = Sources()
        sources.clock.set_utc_s(first + offset, "modem")
        assert (sources.clock.utc_s() == first + offset) is is_good, offset
    # A later build, a later window.
    sources = Sources(BUILD_DAY + 2000)
    sources.clock.set_utc_s(first + DAY_S, "modem")
    assert sources.told is None
    assert Clock().first_utc_s >= first


def test_leap_days_and_new_years():
    for text, expected in (
        ("28/02/29,23:59:59+00", "2028-02-29 23:59:59"),
        ("28/03/01,00:30:00+04", "2028-02-29 23:30:00"),
        ("27/03/01,00:30:00+04", "2027-02-28 23:30:00"),
        ("27/01/01,00:30:00+04", "2026-12-31 23:30:00"),
        ("26/12/31,23:30:00-04", "2027-01-01 00:30:00"),
        ("32/02/29,00:00:00+00", "2032-02-29 00:00:00"),
    ):
        sources = Sources()
        sources.network(text)
        assert sources.told == expected, text


def test_zones_in_quarters_of_an_hour():
    for text, expected in (
        # Summer and winter in Berlin; the hour that comes twice.
        ("26/08/24,10:53:21+08", "2026-08-24 08:53:21"),
        ("26/10/25,02:30:00+08", "2026-10-25 00:30:00"),
        ("26/10/25,02:30:00+04", "2026-10-25 01:30:00"),
        # Kathmandu, Adelaide in summer, Chatham in summer, Newfoundland, Kiritimati, Baker Island.
        ("26/08/24,14:38:21+23", "2026-08-24 08:53:21"),
        ("26/12/24,19:23:21+42", "2026-12-24 08:53:21"),
        ("26/12/24,22:38:21+55", "2026-12-24 08:53:21"),
        ("26/08/24,05:23:21-14", "2026-08-24 08:53:21"),
        ("26/08/24,22:53:21+56", "2026-08-24 08:53:21"),
        ("26/08/23,20:53:21-48", "2026-08-24 08:53:21"),
        ("26/08/24,10:53:21+57", None),
        ("26/08/24,10:53:21", None),
    ):
        sources = Sources()
        sources.network(text)
        assert sources.told == expected, text


def test_the_receiver_corrects_the_network():
    sources = Sources()
    sources.network("26/09/01,10:53:20+08")
    assert sources.told == "2026-09-01 08:53:20" and not sources.is_from_gps
    sources.gps("085320", "240826")
    assert sources.told == "2026-08-24 08:53:21" and sources.is_from_gps
    assert not sources.clock.is_confirmed()
    # What the network goes on to say changes nothing.
    sources.wait(60)
    sources.network("26/09/01,10:54:21+08")
    assert sources.told == "2026-08-24 08:54:21" and not sources.clock.is_confirmed()


def test_a_network_that_sends_the_wrong_zone_is_corrected_too():
    sources = Sources()
    sources.network("26/08/24,10:53:20+00")
    sources.gps("085320", "240826")
    assert sources.told == "2026-08-24 08:53:21" and sources.clock.is_confirmed()


def test_a_receiver_that_lost_count():
    # Dates of 1024 weeks ago, of twice that, of a receiver switched on after a long rest.
    for date, expected in (
        ("080107", "2026-08-24"),
        ("250587", "2026-08-24"),
        ("010913", "2033-04-17"),
        ("290208", "2027-10-15"),
        ("180506", "2026-01-01"),
        # A period later 2025-12-31 and 2018-08-22, another one later out of reach.
        ("170506", None),
        ("060199", None),
    ):
        sources = Sources()
        sources.gps("085320", date)
        if expected is None:
            assert sources.told is None, date
            assert sources.clock.refused_utc_s is not None
        else:
            assert sources.told == expected + " 08:53:21", date
            assert not sources.clock.is_confirmed()


def test_the_network_decides_over_a_repaired_date():
    for is_network_first in (False, True):
        sources = Sources()
        if is_network_first:
            sources.network("26/11/28,10:53:20+04")
        sources.gps("085320", "010913")
        if not is_network_first:
            assert sources.told == "2033-04-17 08:53:21"
            sources.network("26/11/28,10:53:20+04")
        assert sources.told == "2026-11-28 09:53:20" and not sources.is_from_gps
        # For good: the receiver says so every second.
        sources.wait(5)
        sources.gps("085325", "010913")
        assert sources.told == "2026-11-28 09:53:25" and not sources.is_from_gps
        # Once it has found its week it is the best source again.
        sources.gps("085330", "281126")
        assert sources.told == "2026-11-28 08:53:31" and sources.is_from_gps
        assert sources.clock.is_confirmed()


def test_a_repaired_date_that_the_network_bears_out_is_as_good_as_any():
    for is_network_first in (False, True):
        sources = Sources()
        if is_network_first:
            sources.network("26/08/24,10:53:40+08")
        sources.gps("085320", "080107")
        if not is_network_first:
            sources.network("26/08/24,10:53:40+08")
        assert sources.told == "2026-08-24 08:53:21" and sources.is_from_gps
        assert sources.clock.is_confirmed()


def test_a_time_is_confirmed_by_a_day():
    sources = Sources()
    sources.network("26/08/24,10:53:20+08")
    for _ in range(23):
        sources.wait(3600)
        # It may be a few seconds off now and then.
        sources.clock.set_utc_s(sources.clock.utc_s() + 3, "modem")
        assert not sources.clock.is_confirmed()
    sources.wait(3600)
    assert sources.clock.is_confirmed()
    # Another day: the wait begins anew.
    sources.clock.set_utc_s(sources.clock.utc_s() + 8 * DAY_S, "modem")
    assert not sources.clock.is_confirmed()
    sources.wait(DAY_S)
    assert sources.clock.is_confirmed()


def test_a_second_of_difference_moves_nothing():
    sources = Sources()
    sources.gps("085320", "240826")
    before = sources.clock.utc_s()
    assert sources.clock.set_utc_s(before + 1, "gps")
    assert sources.clock.utc_s() == before
    assert sources.clock.set_utc_s(before + 2, "gps")
    assert sources.clock.utc_s() == before + 2
    assert not sources.clock.set_utc_s(before + 5, "modem")
    assert sources.clock.utc_s() == before + 2
