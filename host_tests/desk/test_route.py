"""The desk's route. CPython only."""

import pytest

from tools.desk.gps import TEMPELHOF, Waypoint
from tools.desk.route import Round

SQUARE = (Waypoint(0.0, 0.0), Waypoint(0.01, 0.0), Waypoint(0.01, 0.01), Waypoint(0.0, 0.01))


def test_starts_at_the_first_waypoint_and_closes_the_round():
    way = Round(SQUARE)
    assert (way.at(0).latitude, way.at(0).longitude) == (0.0, 0.0)
    assert way.at(way.length_m * 3).latitude == pytest.approx(0.0, abs=1e-9)


def test_moves_along_the_first_leg_northwards():
    place = Round(SQUARE).at(111.195)
    assert place.latitude == pytest.approx(0.001)
    assert place.longitude == 0.0
    assert place.course_deg == 0.0


def test_last_leg_goes_back_to_the_start():
    way = Round(SQUARE)
    place = way.at(way.length_m - 1)
    assert place.longitude == pytest.approx(0.0, abs=2e-5)
    assert place.course_deg == pytest.approx(270, abs=0.1)


def test_default_route_is_a_few_kilometres():
    assert 3000 < Round(TEMPELHOF).length_m < 8000


def test_one_place_is_no_route():
    with pytest.raises(ValueError, match="two different places"):
        Round((Waypoint(1.0, 1.0), Waypoint(1.0, 1.0)))
