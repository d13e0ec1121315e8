"""How long the Roadster takes to charge: the model, CTP, and what a charge tells of its end."""

from host_tests.services.sms_bench import PASSWORD, STRANGER, Bench
from host_tests.vehicle.roadster_bench import CHARGING, PLUGGED, Bus
from ovms.vehicle.roadster import charge_time
from ovms.vehicle.roadster.car import Roadster
from ovms.vehicle.state import MODE_PERFORMANCE, MODE_RANGE, MODE_STANDARD, MODE_STORAGE

# As module-behaviour 7.3 writes it down, in fractions: what a mode has, per mode.
MODELS = {
    MODE_STANDARD: (1189, 130000, 191, 169, 197578, 19777),
    MODE_RANGE: (1546, -290000, 244, 215, 212156, 24647),
    MODE_PERFORMANCE: (1368, -80000, 218, 167, 429204, 23122),
}


def expected(mode, start, end, watts, cac100, ambient):
    """Minutes by the same rules, mile by mile and with fractions."""
    factor, summand, nominal, base, numerator, denominator = MODELS[mode]
    shift = nominal - (factor * cac100 + summand) // 100000
    mile_wh = 288 if watts >= 2300 else 745 - 0.199 * watts
    mile_wh += max(0, 3588 - 0.25 * watts) * min(ambient, 60) / 1000
    steady = mile_wh * 3600 / watts
    seconds = 0
    for mile in range(start + shift, min(end + shift, nominal)):
        taper = steady
        if mile >= base:
            rest = denominator - 100 * mile
            slowest = 1117000 / min(watts, 2000)
            taper = min(numerator / rest, slowest) if rest > 0 else slowest
        seconds += max(taper, steady)
    return seconds / 60


def test_the_documented_example():
    assert charge_time.minutes(MODE_STANDARD, 90, 140, 2990, 15512, 20) == 345


def test_against_fractions():
    count = 0
    for mode in MODELS:
        for watts in (1200, 2300, 2990, 7360, 16800):
            for cac100 in (12000, 15512, 16000):
                for ambient in (-10, 0, 20, 70):
                    full = charge_time.full_mi(mode, cac100)
                    for start, end in ((0, full), (90, 140), (full - 20, full), (50, full + 50)):
                        got = charge_time.minutes(mode, start, end, watts, cac100, ambient)
                        wanted = expected(mode, start, end, watts, cac100, ambient)
                        assert abs(got - wanted) <= 2 + wanted / 50, (mode, watts, start, end)
                        count += 1
    assert count > 600


def test_full():
    assert charge_time.full_mi(MODE_STANDARD, 16000) == 191
    assert charge_time.full_mi(MODE_RANGE, 16000) == 244
    assert charge_time.full_mi(MODE_PERFORMANCE, 16000) == 218
    assert charge_time.full_mi(MODE_STORAGE, 16000) is None


def test_what_cannot_be_told():
    for arguments, code in (
        ((MODE_STORAGE, 90, 140, 2990, 15512, 20), -101),
        ((MODE_STANDARD, 90, 140, 0, 15512, 20), -2),
        ((MODE_STANDARD, 140, 140, 2990, 15512, 20), -3),
        ((MODE_STANDARD, 90, 140, 200, 15512, 20), -4),
    ):
        assert charge_time.minutes(*arguments) == code, arguments


def user():
    bench = Bench(car_class=Roadster)
    state = bench.state
    state.cac_ah100 = 15512
    state.ideal_range_km = 144
    state.ambient_temp_c = 20
    state.line_v = 230
    state.charge_limit_a = 13
    bench.config.apply({2: "M"})
    return bench


def test_ctp():
    bench = user()
    for text, reply in (
        ("CTP 90s 140e 13a 230v 20d", "90 to 140 ideal mi\n5:45"),
        ("ctp 140E 90S 2990W 155.12C S", "90 to 140 ideal mi\n5:45"),
        ("CTP 140E", "90 to 140 ideal mi\n5:45"),
        ("CTP? 140E", "90 to 140 ideal mi\n5:45"),
        ("CTP 140E -5D 2990W", "90 to 140 ideal mi\n4:34"),
        # 75 % of 185 miles.
        ("CTP 75%", "90 to 139 ideal mi\n5:38"),
        ("CTP 40%", "target reached"),
        ("CTP 90E", "target reached"),
        ("CTP 500W", "no power level specified"),
        ("CTP 0V", "no power level specified"),
        ("CTP 1X", "CTP takes <n>S <n>E"),
        ("CTP S1", "CTP takes <n>S <n>E"),
        ("CTP W", "CTP takes <n>S <n>E"),
        ("CTP -5A", "CTP takes <n>S <n>E"),
        ("CTP 9999999999W", "CTP takes <n>S <n>E"),
    ):
        assert bench.send(text).startswith(reply), (text, bench.send(text))
    assert bench.send("CTP R").startswith("90 to 236 ideal mi\n")
    assert bench.send("CTP P").startswith("90 to 211 ideal mi\n")
    bench.state.charge_mode = MODE_STORAGE
    assert bench.send("CTP") == "error: -101"
    assert bench.send("CTP 140E S") == "90 to 140 ideal mi\n5:45"


def test_ctp_in_km():
    bench = user()
    bench.config.apply({2: "K"})
    assert bench.send("CTP 145S 225E") == "145 to 225 ideal km\n5:45"
    assert bench.send("CTP").startswith("145 to 298 ideal km\n")
    bench.state.ideal_range_km = None
    assert bench.send("CTP") == "The car has not told its ideal range yet."


def test_who_may():
    bench = user()
    assert bench.send("CTP 140E", STRANGER) == "Permission denied"
    assert bench.send("CTP %s 140E" % PASSWORD, STRANGER) == "90 to 140 ideal mi\n5:45"


def test_by_soc():
    bench = user()
    car = bench.car
    # 49 and 76 % of 185 miles.
    assert charge_time.predict(car, 4865, 7568, 2990, MODE_STANDARD) == (7568, 345)
    assert charge_time.predict(car, 4865, 7568, None, None) == (7568, 345)
    assert charge_time.predict(car, 8000, 8000, 2990, MODE_STANDARD) == (8000, 0)
    assert charge_time.predict(car, 8000, None, 2990, MODE_STORAGE) == (10000, None)
    assert charge_time.predict(car, 8000, None, 0, MODE_STANDARD) == (10000, None)
    assert charge_time.predict(car, 8000, None, 2990, None)[1] > 60
    assert car.charge_prediction() is not None


def test_a_charge_tells_when_it_ends():
    bus = Bus()
    bus.car.state.cac_ah100 = 15512
    charge = (
        CHARGING,
        "100 95 01 05 64 57 02 0E 02",
        # 90 ideal miles; 13 A at 230 V.
        "100 80 30 5A 00 79 00 50 00",
        "100 88 0D 05 00 FF FF 46",
        "100 89 00 E6 00 27 46",
        "100 82 14",
    )
    for _ in range(3):
        state = bus.second(*charge)
    full_min = state.full_min
    assert full_min and full_min == charge_time.minutes(0, 90, 185, 2990, 15512, 20)
    assert state.soc_limit_min is None and state.range_limit_min is None
    # Once a minute, also for the limits of ACC.
    state.range_limit_km = 225
    state.soc_limit_pct = 75
    for _ in range(58):
        bus.second(*charge)
    assert state.range_limit_min is None
    for _ in range(5):
        bus.second(*charge)
    assert (state.full_min, state.range_limit_min, state.soc_limit_min) == (full_min, 345, 338)
    for _ in range(3):
        bus.second(PLUGGED, "100 95 15 03 64 57 02 0E 02")
    assert state.full_min is state.range_limit_min is state.soc_limit_min is None
