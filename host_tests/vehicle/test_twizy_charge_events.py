"""What a user hears of a charge, and when: Twizy guide 1.2.0 "Extended Status" and "Charge
alerts", Twizy facts 2, 3.4, 3.5 and 11, trap 8."""

from host_tests.vehicle.contract import build, feed, pass_seconds
from ovms.vehicle.base import (
    EVENT_CHARGE_DONE,
    EVENT_CHARGE_INTERRUPTED,
    EVENT_CHARGE_RESUMED,
    EVENT_CHARGE_STARTED,
    EVENT_CHARGE_SUFFICIENT,
    EVENT_CHARGE_TOPPING_OFF,
    EVENT_MINIMUM_SOC,
)
from ovms.vehicle.state import TOPPING_OFF
from ovms.vehicle.twizy.car import Twizy

DRIVING = "597 00 95 21 41 29 00 01 35"
PLUGGED = "597 20 A4 07 B1 29 00 01 41"
UNPLUGGED = "597 00 E4 00 D1 29 00 01 41"


class Owner:
    """A car whose events are noted; `at` lets a second pass with a SOC, in 1/100 %."""

    def __init__(self, features=None):
        self.car = build(Twizy, features)
        self.heard = []
        self.car.on_event = self.heard.append

    def at(self, phase, soc_pct100, level=7):
        """Events of this second."""
        del self.heard[:]
        raw = soc_pct100 * 4
        text = "155 %02X 98 50 54 %02X %02X 00 73" % (level, raw >> 8, raw & 0xFF)
        feed(self.car, phase, text)
        pass_seconds(self.car, 1)
        return list(self.heard)

    def drive_to(self, soc_pct100):
        heard = self.at(UNPLUGGED, soc_pct100)
        return heard + self.at(DRIVING, soc_pct100) + self.at(UNPLUGGED, soc_pct100)


def test_a_charge_from_start_to_done():
    """Whether a user hears of the phases, start and topping off, is the notifier's decision."""
    owner = Owner()
    owner.drive_to(5000)
    assert owner.at(PLUGGED, 5000) == [EVENT_CHARGE_STARTED]
    assert owner.at(PLUGGED, 6000) == []
    assert owner.at(UNPLUGGED, 6000) == [EVENT_CHARGE_INTERRUPTED]
    assert owner.at(UNPLUGGED, 6000) == []
    assert owner.at(PLUGGED, 6000) == [EVENT_CHARGE_RESUMED]
    assert owner.at(PLUGGED, 9399) == []
    assert owner.at(PLUGGED, 9400) == [EVENT_CHARGE_TOPPING_OFF]
    assert owner.at(PLUGGED, 9600, 3) == []
    assert owner.at(PLUGGED, 10000, 0) == []
    assert owner.at(UNPLUGGED, 10000) == [EVENT_CHARGE_DONE]
    assert owner.at(UNPLUGGED, 10000) == []


def test_a_falling_power_level_is_no_topping_off():
    """A cold or a hot battery, or a charger that is limited, asks for less at any SOC."""
    owner = Owner()
    owner.at(PLUGGED, 5000)
    for soc_pct100, level in ((6100, 4), (6100, 1), (6105, 0), (6110, 7), (9399, 2)):
        assert owner.at(PLUGGED, soc_pct100, level) == []
        assert owner.car.stat_text().startswith("Charging\r CHG")
    assert owner.at(PLUGGED, 9400, 2) == [EVENT_CHARGE_TOPPING_OFF]


def test_a_pack_that_refuses_is_not_full():
    for soc_pct100 in (6000, 100, 9399):
        owner = Owner()
        owner.at(PLUGGED, soc_pct100 - 50)
        owner.at(PLUGGED, soc_pct100, 0)
        assert owner.at(UNPLUGGED, soc_pct100, 0) == [EVENT_CHARGE_INTERRUPTED]
        assert owner.car.stat_text().startswith("Charging Stopped")


def test_done_is_full():
    """By SOC, or by the level of a BMS whose SOC is a little low, unless it reports an error."""
    for soc_pct100, level, error, events in (
        (10000, 3, "11", [EVENT_CHARGE_DONE]),
        (9900, 0, "12", [EVENT_CHARGE_DONE]),
        (9900, 1, "12", [EVENT_CHARGE_INTERRUPTED]),
        (9900, 0, "91", [EVENT_CHARGE_INTERRUPTED]),
    ):
        owner = Owner()
        owner.at(PLUGGED, 9800)
        owner.at(PLUGGED, soc_pct100, level)
        feed(owner.car, "424 %s 40 04 26 41 64 00 42" % error)
        assert owner.at(UNPLUGGED, soc_pct100, level) == events, (soc_pct100, level, error)


def test_a_limit_set_higher_ends_topping_off():
    owner = Owner({10: 55})
    owner.at(PLUGGED, 5000)
    assert owner.at(PLUGGED, 5600) == [EVENT_CHARGE_SUFFICIENT]
    assert owner.car.state.charge_state == TOPPING_OFF
    owner.car.config.set_feature(10, 85)
    assert owner.at(PLUGGED, 5700) == []
    assert owner.car.stat_text().startswith("Charging\r CHG")
    assert owner.at(PLUGGED, 8500) == [EVENT_CHARGE_SUFFICIENT]
    owner.car.config.set_feature(10, 0)
    owner.at(PLUGGED, 8600)
    assert owner.car.stat_text().startswith("Charging\r CHG")


def test_a_charge_resumed_while_topping_off_says_so():
    owner = Owner()
    owner.at(PLUGGED, 9500)
    assert owner.at(UNPLUGGED, 9600) == [EVENT_CHARGE_INTERRUPTED]
    assert owner.at(PLUGGED, 9600) == [EVENT_CHARGE_RESUMED]
    assert owner.car.state.charge_state == TOPPING_OFF


def test_driving_away_after_an_interruption_starts_anew():
    owner = Owner()
    owner.at(PLUGGED, 5000)
    assert owner.at(UNPLUGGED, 6000) == [EVENT_CHARGE_INTERRUPTED]
    owner.drive_to(5000)
    assert owner.at(PLUGGED, 5000) == [EVENT_CHARGE_STARTED]


def test_sufficient_soc():
    owner = Owner({10: 60})
    owner.drive_to(5000)
    owner.at(PLUGGED, 5000)
    assert owner.at(PLUGGED, 5999) == []
    assert owner.at(PLUGGED, 6000) == [EVENT_CHARGE_SUFFICIENT]
    assert owner.car.state.charge_state == TOPPING_OFF
    assert owner.at(PLUGGED, 6100) == []
    # SOC may waver around the limit.
    assert owner.at(PLUGGED, 5990) == []
    assert owner.at(PLUGGED, 6010) == []


def test_sufficient_range():
    """30 km of 80 are 37.5 %."""
    owner = Owner({11: 30, 12: 80})
    owner.drive_to(2000)
    owner.at(PLUGGED, 2000)
    assert owner.at(PLUGGED, 3749) == []
    assert owner.at(PLUGGED, 3750) == [EVENT_CHARGE_SUFFICIENT]
    assert "Range: ? - 30 km" in owner.car.stat_text()


def test_the_limit_is_where_the_ideal_range_shows_it():
    """35 km of 79 are 44.3038 %: at 44.30 % the ideal range still reads 34."""
    owner = Owner({11: 35, 12: 79})
    owner.drive_to(2000)
    owner.at(PLUGGED, 2000)
    assert owner.at(PLUGGED, 4430) == []
    assert owner.at(PLUGGED, 4431) == [EVENT_CHARGE_SUFFICIENT]
    assert "Range: ? - 35 km" in owner.car.stat_text()


def test_the_first_limit_reached_counts():
    owner = Owner({10: 60, 11: 30, 12: 80})
    owner.drive_to(2000)
    owner.at(PLUGGED, 2000)
    assert owner.at(PLUGGED, 3750) == [EVENT_CHARGE_SUFFICIENT]
    assert owner.at(PLUGGED, 6000) == []


def test_every_charge_has_its_own_memory():
    """Also one that starts above the limit, at which the older firmware was silent."""
    owner = Owner({10: 60})
    owner.drive_to(5000)
    owner.at(PLUGGED, 5000)
    assert owner.at(PLUGGED, 8000) == [EVENT_CHARGE_SUFFICIENT]
    assert owner.at(UNPLUGGED, 8000) == [EVENT_CHARGE_INTERRUPTED]
    assert owner.at(PLUGGED, 8000) == [EVENT_CHARGE_RESUMED], "still the same charge"
    assert owner.at(PLUGGED, 8100) == []
    owner.drive_to(7000)
    assert owner.at(PLUGGED, 7000) == [EVENT_CHARGE_SUFFICIENT]


def test_other_limits_during_a_charge_count_anew():
    owner = Owner({10: 60})
    owner.drive_to(5000)
    owner.at(PLUGGED, 5000)
    assert owner.at(PLUGGED, 6000) == [EVENT_CHARGE_SUFFICIENT]
    owner.car.config.set_feature(10, 80)
    assert owner.at(PLUGGED, 7900) == []
    assert owner.at(PLUGGED, 8000) == [EVENT_CHARGE_SUFFICIENT]
    owner.car.config.set_feature(10, 70)
    assert owner.at(PLUGGED, 8050) == [EVENT_CHARGE_SUFFICIENT], "reached before it was asked for"
    owner.car.config.set_feature(10, 0)
    assert owner.at(PLUGGED, 8060) == []


def test_no_limit_no_alert():
    owner = Owner({12: 80})
    owner.at(PLUGGED, 5000)
    assert owner.at(PLUGGED, 9000) == []


def test_a_charge_event_is_the_extended_status():
    owner = Owner({10: 60, 12: 80})
    owner.drive_to(5000)
    owner.at(PLUGGED, 5000)
    owner.at(PLUGGED, 6000)
    text = (
        "Charging, Topping off\r CHG: 0 Wh\r Full: 105 min.\r Range: ? - 48 km"
        "\r SOC: 60.00% (50.00%..60.00%)"
    )
    for event in (EVENT_CHARGE_SUFFICIENT, EVENT_CHARGE_DONE, EVENT_MINIMUM_SOC):
        assert owner.car.event_text(event) == ("A", text)
    assert owner.car.stat_text() == text


def test_the_text_belongs_to_the_moment_of_the_event():
    """Whoever asks for the text within the event gets the state that caused it."""
    owner = Owner({10: 60})
    texts = []
    owner.drive_to(5000)
    owner.at(PLUGGED, 5000)
    owner.car.on_event = lambda event: texts.append(owner.car.event_text(event)[1])
    owner.at(PLUGGED, 6000)
    owner.at(UNPLUGGED, 6000)
    assert [text.split("\r")[0] for text in texts] == ["Charging, Topping off", "Charging Stopped"]
