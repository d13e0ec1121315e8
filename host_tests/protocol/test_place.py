"""Distances against the great circle by floats, and places as users type them."""

import math

from host_tests.shims.expect import raises
from ovms.protocol import place

BERLIN = (52520008, 13404954)


def great_circle_m(a, b):
    """Haversine on a sphere of 6371 km."""
    lat1, lon1, lat2, lon2 = [math.radians(udeg / 1e6) for udeg in a + b]
    h = math.sin((lat2 - lat1) / 2) ** 2
    h += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371000 * math.asin(math.sqrt(h))


def test_distances():
    for a, b in (
        (BERLIN, (52521808, 13404954)),
        (BERLIN, (52520008, 13407954)),
        (BERLIN, (52618008, 13904954)),
        ((-33865143, 151209900), (-33866143, 151219900)),
        ((100, 100), (-2000, -1500)),
        ((69649205, 18955324), (69749205, 19955324)),
        # Across the date line.
        ((-17713371, 179990000), (-17713371, -179990000)),
    ):
        expected = great_circle_m(a, b)
        metres = place.square_m2(*a, *b) ** 0.5
        assert abs(metres - expected) < 3 + expected / 100, (a, b, metres, expected)


def test_how_a_distance_reads():
    for metres, text in ((0, "0 m"), (999, "999 m"), (1000, "1.0 km"), (12490, "12.4 km")):
        assert place.shown(metres**2) == text


def test_places_as_typed():
    for text, circle in (
        ("52.520008 13.404954", BERLIN + (200,)),
        ("52.520008,13.404954", BERLIN + (200,)),
        ("52.520008, 13.404954, 350", BERLIN + (350,)),
        ("-33.9 -70.5 50", (-33900000, -70500000, 50)),
        ("+52.52000812 13 5000", (52520008, 13000000, 5000)),
        ("90 180", (90000000, 180000000, 200)),
        ("0 5", (0, 5000000, 200)),
    ):
        assert place.circle(text) == circle
        again = place.circle_text(*circle)
        assert place.circle(again) == circle and len(again) < 32


def test_what_is_no_place():
    for text in (
        "",
        "52.5",
        "52.5 13.4 200 7",
        "0 0",
        "90.1 0",
        "1 180.000001",
        "1e2 5",
        "52.5N 13.4",
        "--5 13",
        "5- 13",
        ". .",
        "5.2.1 3",
        "\u0665 13",
        "52.5 13.4 49",
        "52.5 13.4 5001",
        "52.5 13.4 -200",
        "52.5 13.4 \u0665\u0665\u0665",
    ):
        error = raises(ValueError, place.circle, text)
        assert str(error).endswith("."), text
