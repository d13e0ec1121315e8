"""Warnings of the car while nobody sits in it, and a charge that does nothing; capacity."""

from host_tests.vehicle.contract import build, feed
from ovms.parameters import FEATURE_CAPACITY
from ovms.vehicle.base import EVENT_CHARGE_DONE, EVENT_CHARGE_INTERRUPTED, EVENT_FAULT
from ovms.vehicle.twizy.car import Twizy

DRIVING = "597 00 95 21 41 29 00 01 35"
OFF = "597 00 84 07 91 29 00 01 35"
CHARGING = "597 20 A4 07 B1 29 00 01 41"
CLOSING = "597 00 E4 00 D1 29 00 01 41"
PACK = "55F 00 00 73 00 00 24 12 41"
FINE = "628 00 00 00"


def bms(soc_pct100, amperes=-32, level=7, phase=0x54):
    """155; amperes: negative while charging."""
    current = 2000 - 4 * amperes
    raw = soc_pct100 * 4
    return "155 %02X 9%X %02X %02X %02X %02X 00 73" % (
        level,
        current >> 8,
        current & 0xFF,
        phase,
        raw >> 8,
        raw & 0xFF,
    )


class Owner:
    def __init__(self, features=None):
        self.car = build(Twizy, features)
        self.heard = []
        self.events = []
        self.car.on_event = self._on_event

    def _on_event(self, event):
        self.events.append(event)
        if event == EVENT_FAULT:
            kind, text = self.car.event_text(event)
            assert kind == "A"
            self.heard.append(text)

    def live(self, seconds, *frames, rate=1):
        """Seconds with these frames, alerts meanwhile; rate: how often 155 comes in a second."""
        for _ in range(seconds):
            for frame in frames:
                for _ in range(rate if frame.startswith("155") else 1):
                    feed(self.car, frame)
            self.car.state.tick(1)
            self.car.poll(1000)
        heard = list(self.heard)
        del self.heard[:]
        return heard


def test_warnings_of_a_parked_car():
    for raw, text in (
        ("00 00 20", "12V battery"),
        ("00 00 40", "traction battery"),
        ("00 00 80", "temperature"),
        ("EE EE 00", "SERV"),
        ("EE FF A0", "12V battery, temperature, STOP, SERV"),
    ):
        owner = Owner()
        assert not owner.live(5, OFF, "628 " + raw)
        assert owner.live(20, OFF, "628 " + raw) == ["CAR WARNING (parked): " + text]
        assert not owner.live(300, OFF, "628 " + raw), "once"
        assert not owner.live(30, OFF, FINE)
        assert not owner.live(30, OFF, "628 " + raw), "the same use of the car"
        owner.live(20, DRIVING, FINE)
        assert owner.live(40, CHARGING, "628 " + raw) == ["CAR WARNING (charging): " + text]


def test_what_is_no_warning():
    """Fillers, flickers, the phases of the bus, and what the driver has in sight."""
    owner = Owner()
    assert not owner.live(60, OFF, "628 FF FF FF", "627 FF FF FF")
    assert not owner.live(
        60, DRIVING, "628 EE FF E0", "627 01 00 00", "424 91 40 04 26 41 64 00 42"
    )
    owner.live(5, OFF, FINE, "627 00 00 00", "424 11 40 04 26 41 64 00 42")
    for _ in range(20):
        assert not owner.live(9, OFF, "628 EE FF E0")
        assert not owner.live(11, OFF, FINE)
    assert not owner.live(60, "597 20 E0 07 A2 29 00 01 41", "627 42 26 40", "628 00 00 20")
    # Nobody says anything any more.
    owner = Owner()
    owner.live(2, OFF, "628 00 00 20")
    assert not owner.live(600)


def test_charger_and_bms():
    owner = Owner()
    assert owner.live(25, CHARGING, "627 42 26 40") == ["CAR WARNING (charging): charger 422640"]
    assert owner.live(25, CHARGING, "424 91 40 04 26 41 64 00 42") == [
        "CAR WARNING (charging): battery error"
    ]
    owner = Owner()
    assert owner.live(25, CHARGING, "700 00 03 00 00 00 00 00 00") == [
        "CAR WARNING (charging): battery error 3 (voltage high)"
    ]
    owner = Owner()
    assert owner.live(25, CHARGING, bms(6000, 0, 0, 0x94)) == [
        "CAR WARNING (charging): battery error"
    ]
    owner = Owner()
    assert not owner.live(25, OFF, bms(6000, 0, 0, 0x94)), "a BMS at rest"


def test_a_charge_that_does_nothing():
    for frames in (
        (CHARGING, bms(6000, 0)),
        (CHARGING, bms(6000, 1)),
        (CHARGING,),
    ):
        owner = Owner()
        owner.live(2, DRIVING, PACK, bms(6100, 4))
        assert not owner.live(590, *frames, PACK)
        heard = owner.live(30, *frames, PACK)
        assert len(heard) == 1 and heard[0].startswith("Charging, but no current for 10 min.")
        assert "SOC: " in heard[0]
        assert not owner.live(3000, *frames, PACK), "once"


def test_a_charge_that_stalls_and_one_that_goes_on():
    owner = Owner()
    assert not owner.live(900, CHARGING, PACK, bms(6000, -2), rate=100), "weak, but it charges"
    assert not owner.live(580, CHARGING, PACK, bms(6000, 0))
    assert len(owner.live(60, CHARGING, PACK, bms(6000, 0))) == 1
    assert not owner.live(60, CHARGING, PACK, bms(6000, -30), rate=100)
    assert len(owner.live(640, CHARGING, PACK, bms(6000, 0))) == 1, "stalled again"


def test_a_full_battery_may_stay_plugged_in():
    for soc_pct100, level in ((10000, 3), (10000, 0), (9800, 0)):
        owner = Owner()
        assert not owner.live(5000, CHARGING, PACK, bms(soc_pct100, 0, level))


def charge(owner, start_pct100, end_pct100, pack_ah, cc_end_pct100=9400):
    """A charge of a pack that holds `pack_ah`, in steps of a percent; ends as the BMS is full."""
    owner.live(3, DRIVING, PACK, bms(start_pct100, 0))
    owner.live(2, CLOSING)
    power = owner.car.decoder.power
    for soc_pct100 in range(start_pct100, end_pct100 + 1, 100):
        level = 7 if soc_pct100 <= cc_end_pct100 else 3
        owner.live(1, CHARGING, PACK, bms(min(soc_pct100, 10000), 0, level))
        # A percent of the pack, as energy: units of 1/22500 Wh at 57.7 V.
        power.sums[2] += pack_ah * 577 * 22500 // 1000
    owner.live(2, CHARGING, PACK, bms(min(end_pct100, 10000), 0, 0))
    owner.live(3, CLOSING)


def test_capacity_of_a_long_charge():
    for pack_ah in (108, 97, 61, 115):
        owner = Owner()
        charge(owner, 1500, 10000, pack_ah)
        assert EVENT_CHARGE_DONE in owner.events
        assert abs(owner.car.state.cac_ah100 - pack_ah * 100) <= 150, owner.car.state.cac_ah100
        text = owner.car.config.get(29)
        assert text == "%d.%s" % (int(text.split(".")[0]), text.split(".")[1])
        assert abs(float(text) - pack_ah / 1.08) < 1.5
        assert "\r CAP: " in owner.car.stat_text() and owner.car.stat_text().endswith(" Ah")


def test_capacity_learns_slowly_and_only_from_long_full_charges():
    owner = Owner({FEATURE_CAPACITY: "90.00"})
    owner.car.config.set_feature(FEATURE_CAPACITY, "90.00")
    charge(owner, 4000, 10000, 60)
    assert owner.car.state.cac_ah100 == 9720, "began too high"
    charge(owner, 1500, 8000, 60)
    assert EVENT_CHARGE_INTERRUPTED in owner.events
    assert owner.car.state.cac_ah100 == 9720, "did not end full"
    charge(owner, 1500, 10000, 54)
    assert owner.car.config.get(29).startswith("86.") or owner.car.config.get(29)[:2] == "85"


def test_capacity_text_and_settings():
    """Twizy facts 8.1: `CAP: 96.4% 104.1 Ah`."""
    owner = Owner()
    car = owner.car
    assert "CAP" not in car.stat_text() and car.state.cac_ah100 is None
    car.config.set_feature(FEATURE_CAPACITY, "96.40")
    assert "CAP: 96.4% 104.1 Ah" in car.stat_text()
    assert car.state.cac_ah100 == 10411
    for text, ah100 in (("88", 9504), ("71.5", 7722), ("103.07", 11131)):
        car.config.set_feature(FEATURE_CAPACITY, text)
        car.stat_text()
        assert car.state.cac_ah100 == ah100
    # What the framework means by feature 13 is no capacity, and stays what it is.
    car.config.set_feature(FEATURE_CAPACITY, 6)
    charge(owner, 1000, 10000, 100)
    assert car.config.get(29) == "6"
    assert abs(car.state.cac_ah100 - 11000) < 200


def test_ampere_hours_follow_the_current():
    owner = Owner()
    owner.live(2, DRIVING, PACK, bms(8000, 0))
    owner.live(360, DRIVING, PACK, bms(8000, 50), rate=100)
    power = owner.car.decoder.power
    assert abs(power.charge_out - 5 * 1440000) < 14400, "50 A for a tenth of an hour"
    owner.live(36, DRIVING, PACK, bms(8000, -100), rate=100)
    assert abs(power.charge_in - 1440000) < 7200
