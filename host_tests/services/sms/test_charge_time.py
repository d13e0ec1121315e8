"""CTP: the prediction of a charge, its arguments and what it refuses (module-behaviour 7.3)."""

from host_tests.services.sms_bench import PASSWORD, STRANGER, Bench
from ovms.vehicle.demo.car import Demo
from ovms.vehicle.twizy.car import Twizy


def twizy(soc_pct=50, max_km=80):
    bench = Bench(car_class=Twizy)
    bench.state.soc_pct100 = None if soc_pct is None else soc_pct * 100
    bench.state.max_range_km = max_km
    return bench


def test_a_car_that_cannot_tell():
    assert Bench().send("CTP") == "CTP not available"
    assert Bench().send("ctp? 50S 2000W") == "CTP not available"
    assert Bench().send("CTP", STRANGER) == "Permission denied"
    assert Bench().send("CTP " + PASSWORD, STRANGER) == "CTP not available"


class Untold(Demo):
    """Knows where a charge ends, and not how long it takes, as a Roadster in some modes."""

    def charge_prediction(self):
        return lambda car, start_pct100, end_pct100, watts, mode: (10_000, None)


def test_a_car_that_cannot_tell_how_long():
    bench = Bench(car_class=Untold)
    bench.state.soc_pct100 = 5000
    bench.state.max_range_km = 80
    assert bench.send("CTP") == "40 to 80 ideal km\nThe car cannot tell how long that takes."


def test_from_now_until_full():
    # 44 % at 180 minutes for 94 %, then 6 % in 40 minutes (Twizy guide 1.2.0).
    for text in ("CTP", "CTP?", "ctp", " Ctp  \r\n"):
        assert twizy().send(text) == "40 to 80 ideal km\n2:04", text


def test_from_and_to():
    bench = twizy()
    for text, reply in (
        ("CTP 20S", "20 to 80 ideal km\n2:52"),
        ("CTP 0s", "0 to 80 ideal km\n3:40"),
        ("CTP 60E", "40 to 60 ideal km\n0:48"),
        ("CTP 75%", "40 to 60 ideal km\n0:48"),
        ("CTP 20S 60e", "20 to 60 ideal km\n1:36"),
        ("CTP 60E 20S", "20 to 60 ideal km\n1:36"),
        ("CTP 7S 9E", "7 to 9 ideal km\n0:05"),
        # No car becomes fuller than full.
        ("CTP 500E", "40 to 80 ideal km\n2:04"),
        ("CTP 150%", "40 to 80 ideal km\n2:04"),
        ("CTP 40E", "target reached"),
        ("CTP 20%", "target reached"),
        ("CTP 500S", "target reached"),
    ):
        assert bench.send(text) == reply, text


def test_miles():
    bench = twizy(max_km=129)
    bench.config.set(2, "M")
    assert bench.send("CTP") == "40 to 80 ideal mi\n2:04"
    assert bench.send("CTP 20S 60E") == "20 to 60 ideal mi\n1:36"


def test_power():
    bench = twizy()
    for text, reply in (
        # A step of the charge level is 300 W and 5 A: 84 of the 124 minutes at 20 instead of 32 A.
        ("CTP 1200W", "40 to 80 ideal km\n2:54"),
        ("CTP 120V 10A", "40 to 80 ideal km\n2:54"),
        ("CTP 10A 120v 9999W", "40 to 80 ideal km\n2:54"),
        ("CTP 22000W", "40 to 80 ideal km\n2:04"),
        ("CTP 999W", "no power level specified"),
        ("CTP 0W", "no power level specified"),
        ("CTP 90V 10A", "no power level specified"),
        # Unplugged, the car knows no voltage.
        ("CTP 10A", "no power level specified"),
        ("CTP 10A 1200W", "40 to 80 ideal km\n2:54"),
    ):
        assert bench.send(text) == reply, text
    bench.state.line_v = 120
    assert bench.send("CTP 10A") == "40 to 80 ideal km\n2:54"
    # No user can lower it, but a cold battery takes less.
    bench.config.set_feature(7, 4)
    bench.config.set_feature(15, 1)
    assert bench.send("CTP") == "40 to 80 ideal km\n2:04"
    bench.state.is_charging = True
    bench.car.decoder.charge_level = 4
    assert bench.send("CTP") == "40 to 80 ideal km\n2:54"


def test_modes():
    bench = Bench(car_class=Demo)
    # 20 kWh, 230 V at 32 A with 90 %; standard ends at 90 %.
    assert bench.send("CTP") == "112 to 126 ideal km\n0:19"
    for mode in ("R", "r", "P"):
        assert bench.send("CTP " + mode) == "112 to 140 ideal km\n0:37"
    assert bench.send("CTP S 2300W") == "112 to 126 ideal km\n0:58"
    bench.send("CHARGEMODE RANGE 10")
    assert bench.send("CTP") == "112 to 140 ideal km\n1:56"
    assert bench.send("CTP s") == "112 to 126 ideal km\n0:58"
    bench.send("CHARGEMODE STORAGE")
    assert bench.send("CTP") == "target reached"


def test_what_the_car_has_not_told():
    assert twizy(max_km=None).send("CTP") == "50% to 100%\n2:04"
    assert twizy(max_km=None).send("CTP 80%") == "50% to 80%\n0:57"
    for text in ("CTP 20S", "CTP 60E"):
        assert twizy(max_km=None).send(text) == "The car has not told its range yet."
    assert twizy(soc_pct=None).send("CTP") == "The car has not told its state of charge yet."
    assert twizy(soc_pct=None).send("CTP 40S") == "40 to 80 ideal km\n2:04"


def test_arguments_that_are_none():
    bench = twizy()
    usage = "Invalid command\n Use: CTP <n>S <n>E <n>% <n>W <n>V <n>A, and S, R or P"
    for text, reply in (
        ("CTP 80", usage),
        ("CTP FAST", usage),
        ("CTP -5S", usage),
        ("CTP 80 %", usage),
        ("CTP ?", "40 to 80 ideal km\n2:04"),
        ("CTP %", "That is not a whole number."),
        ("CTP 1.5A", "That is not a whole number."),
        ("CTP 9999999999W", "That is not a whole number."),
        ("CTP 160C", "This car foretells without capacity (C) and temperature (D)."),
        ("CTP 20D", "This car foretells without capacity (C) and temperature (D)."),
    ):
        assert bench.send(text) == reply, text
