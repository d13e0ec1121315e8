"""The STAT text: Twizy guide 1.2.0 "Extended Status", Twizy facts 8.1."""

from host_tests.vehicle.contract import build, feed, pass_seconds
from ovms.vehicle.state import CHARGE_STOPPED, CHARGING, TOPPING_OFF
from ovms.vehicle.twizy.car import Twizy

ODOMETER_4437_1_KM = "5D7 00 00 00 6C 54 60 00"


def parked(features=None, is_miles=False):
    """97.38 % after a charge from 50 %, 59 km estimated."""
    car = build(Twizy, features, is_miles)
    feed(
        car,
        "597 00 95 21 41 29 00 01 35",
        "599 00 00 04 B8 FF 3B 00 00",
        "155 07 97 D0 54 4E 20 00 73",
        "155 07 97 D0 54 98 28 00 73",
        ODOMETER_4437_1_KM,
    )
    pass_seconds(car, 1)
    return car


def test_not_charging():
    text = parked({12: 80}).stat_text()
    assert text.split("\r") == [
        "Not charging",
        " Full charge: 17 min.",
        " Range: 59 - 77 km",
        " SOC: 97.38% (50.00%..97.38%)",
        " ODO: 4437 km",
    ]


def test_miles():
    lines = parked({12: 50}, is_miles=True).stat_text().split("\r")
    assert lines[2] == " Range: 37 - 48 mi"
    assert lines[4] == " ODO: 2757 mi"


def test_without_a_maximum_both_ranges_are_the_cars():
    assert parked().stat_text().split("\r")[2] == " Range: 59 - 59 km"


def test_full_needs_no_time():
    car = parked()
    feed(car, "155 07 97 D0 54 9C 40 00 73")
    pass_seconds(car, 1)
    assert car.stat_text().split("\r")[:2] == ["Not charging", " Range: 59 - 59 km"]


def test_charge_states():
    car = parked({12: 80})
    state = car.state
    state.is_charge_port_open = True
    state.charge_wh = 3155
    assert car.stat_text().split("\r")[:3] == [
        "Charging Done",
        " CHG: 3155 Wh",
        " Range: 59 - 77 km",
    ]
    for number, text in (
        (CHARGING, "Charging"),
        (TOPPING_OFF, "Charging, Topping off"),
        (CHARGE_STOPPED, "Charging Stopped"),
    ):
        state.charge_state = number
        assert car.stat_text().split("\r")[:3] == [text, " CHG: 3155 Wh", " Full: 17 min."]


def test_health_ends_the_text():
    car = parked()
    feed(car, "424 11 40 04 26 41 64 00 42")
    assert car.stat_text().split("\r")[-1] == " SOH: 100%"


def test_a_car_not_heard_yet_invents_nothing():
    car = build(Twizy)
    pass_seconds(car, 1)
    assert car.stat_text() == "Not charging"


def test_an_unknown_estimate_is_marked():
    car = build(Twizy, {12: 80})
    feed(car, "155 07 97 D0 54 98 28 00 73")
    pass_seconds(car, 1)
    assert car.stat_text().split("\r")[2] == " Range: ? - 77 km"
