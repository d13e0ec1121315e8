"""What of a charge is told, and how often: flickers, a loose plug, gaps of the bus, true stops."""

from host_tests.services.notifier_bench import Module
from host_tests.vehicle.contract import feed
from ovms.vehicle import base
from ovms.vehicle.state import CHARGE_STOPPED, CHARGING
from ovms.vehicle.twizy.car import Twizy

STOPPED = "Charging Stopped"
GOES_ON = "Charging"
DONE = "Charging Done"

PLUGGED = "597 20 A4 07 B1 29 00 01 41"
UNPLUGGED = "597 00 E4 00 D1 29 00 01 41"
DRIVING = "597 00 95 21 41 29 00 01 35"


class Owner:
    """A Twizy in a module; what its owner's phone and app get."""

    def __init__(self, notify="SMSIP", soc_pct100=5000):
        self.module = Module(notify, Twizy)
        self.raw = soc_pct100 * 4
        self.texts = []
        self.pushes = []
        self.live(DRIVING, 3)
        self.live(PLUGGED, 60)

    def live(self, phase, seconds, level=7):
        """Let the car send `phase` (None for a silent bus); the times at which SMS came."""
        module = self.module
        times = []
        for second in range(seconds):
            if phase:
                text = "155 %02X 98 50 54 %02X %02X 00 73"
                feed(module.car, phase, text % (level, self.raw >> 8, self.raw & 0xFF))
            module.state.tick(1)
            module.car.poll(1000)
            module.run(1)
            pushes, texts = module.take()
            self.pushes += pushes
            self.texts += texts
            times += [second] * len(texts)
        return times

    def heads(self):
        """First lines of the SMS since the last call, each with the count at its end or 0."""
        heads = []
        for text in self.texts:
            lines = text.split("\n")
            has_count = lines[-1].startswith(" Interruptions: ")
            heads.append((lines[0], int(lines[-1].split()[1]) if has_count else 0))
        assert len(self.pushes) == len(self.texts)
        self.texts = []
        self.pushes = []
        return heads


def test_a_true_stop_is_told_within_ten_seconds():
    owner = Owner()
    times = owner.live(UNPLUGGED, 300)
    assert owner.heads() == [(STOPPED, 0)] and times[0] < 10
    times = owner.live(PLUGGED, 300)
    assert owner.heads() == [(GOES_ON, 0)] and times[0] < 10
    # Later in the same charge it is news again, with the count.
    owner.live(PLUGGED, 700)
    times = owner.live(UNPLUGGED, 60)
    assert owner.heads() == [(STOPPED, 2)] and times[0] < 10


def test_a_flicker_is_none():
    for seconds in (1, 2, 3, 4, 5):
        owner = Owner()
        for _ in range(20):
            owner.live(UNPLUGGED, seconds)
            owner.live(PLUGGED, 7)
        assert owner.heads() == [], seconds
        # A flag that comes for a moment is none either.
        owner.live(UNPLUGGED, 60)
        assert owner.heads() == [(STOPPED, 0)]
        for _ in range(20):
            owner.live(PLUGGED, seconds)
            owner.live(UNPLUGGED, 7)
        assert owner.heads() == [], seconds


def test_a_flicker_at_the_end_of_a_charge():
    owner = Owner()
    owner.raw = 10000 * 4
    owner.live(PLUGGED, 20, 0)
    for seconds in (1, 3, 5):
        owner.live(UNPLUGGED, 20)
        owner.live(PLUGGED, seconds, 0)
    owner.live(UNPLUGGED, 60)
    assert owner.heads() == [(DONE, 0)]
    owner = Owner()
    owner.raw = 10000 * 4
    for seconds in (1, 3, 5):
        owner.live(PLUGGED, 20, 0)
        owner.live(UNPLUGGED, seconds)
    assert owner.heads() == []
    owner.live(PLUGGED, 20, 0)
    times = owner.live(UNPLUGGED, 60)
    assert owner.heads() == [(DONE, 0)] and times[0] < 10


def test_a_loose_plug_is_a_pair_and_later_another_with_the_count():
    for on_s, off_s in ((20, 40), (40, 20), (12, 12), (61, 70)):
        owner = Owner()
        cycles = 900 // (on_s + off_s)
        for _ in range(cycles):
            owner.live(UNPLUGGED, off_s)
            owner.live(PLUGGED, on_s)
        heads = owner.heads()
        assert [head for head, _ in heads] == [STOPPED, GOES_ON] * 2, (on_s, off_s)
        assert [count for _, count in heads[:2]] == [0, 0]
        count = heads[2][1]
        assert count == heads[3][1] and abs(count - 600 // (on_s + off_s)) <= 2, heads
        # It holds again, for long: nothing more to say.
        owner.live(PLUGGED, 2000)
        assert owner.heads() == []


def test_a_loose_plug_for_two_hours():
    owner = Owner()
    for _ in range(120):
        owner.live(UNPLUGGED, 40)
        owner.live(PLUGGED, 20)
    assert 20 <= len(owner.heads()) <= 24


def test_a_stop_for_good_after_a_loose_plug_is_told():
    owner = Owner()
    owner.live(UNPLUGGED, 40)
    owner.live(PLUGGED, 20)
    assert owner.heads() == [(STOPPED, 0), (GOES_ON, 0)]
    owner.live(UNPLUGGED, 30)
    owner.live(PLUGGED, 30)
    assert owner.heads() == []
    times = owner.live(UNPLUGGED, 1200)
    assert owner.heads() == [(STOPPED, 3)] and times[0] < 600
    # A flicker in between does not lose it.
    owner = Owner()
    owner.live(UNPLUGGED, 40)
    owner.live(PLUGGED, 20)
    owner.live(UNPLUGGED, 100)
    owner.live(PLUGGED, 3)
    owner.live(UNPLUGGED, 700)
    assert owner.heads()[2:] == [(STOPPED, 2)]


def test_who_drives_off_with_it_is_told_nothing():
    owner = Owner()
    owner.live(UNPLUGGED, 40)
    owner.live(PLUGGED, 20)
    owner.heads()
    owner.live(UNPLUGGED, 60)
    owner.live(DRIVING, 700)
    assert owner.heads() == []
    # A new charge, a new count.
    owner.live(UNPLUGGED, 10)
    owner.live(PLUGGED, 60)
    owner.live(UNPLUGGED, 60)
    assert owner.heads() == [(STOPPED, 0)]


def test_gaps_of_the_bus_are_no_stop():
    owner = Owner()
    for gap_s in (25, 14, 40, 25):
        owner.live(None, gap_s)
        owner.live(PLUGGED, 30)
    assert owner.heads() == []
    owner.live(None, 100)
    assert owner.heads() == [(STOPPED, 0)]


def test_the_text_is_of_the_moment():
    owner = Owner()
    owner.module.status.is_registered = owner.module.status.is_server_connected = False
    owner.live(UNPLUGGED, 30)
    owner.raw = 4000 * 4
    owner.live(DRIVING, 600)
    owner.module.status.is_registered = owner.module.status.is_server_connected = True
    owner.live(DRIVING, 5)
    assert len(owner.texts) == 1 == len(owner.pushes)
    assert owner.texts[0].startswith(STOPPED + "\n CHG: ") and " SOC: 50.00%" in owner.texts[0]


def test_the_text_of_other_events_is_of_the_moment_as_well():
    module = Module()
    module.status.is_registered = module.status.is_server_connected = False
    module.car.texts[base.EVENT_BATTERY] = ("A", "Cell 3 is low")
    module.config.set_feature(9, "60")
    module.state.soc_pct100 = 5500
    module.car.on_event(base.EVENT_BATTERY)
    module.run(70)
    module.car.texts[base.EVENT_BATTERY] = ("A", "all is well")
    module.state.soc_pct100 = 9000
    module.status.is_registered = module.status.is_server_connected = True
    module.run(5)
    assert module.take()[1] == ["Cell 3 is low", "Charging\n SOC: 55%"]


def test_a_stop_that_the_user_asked_for_needs_no_second_word():
    module = Module("SMS")
    module.state.charge_state = CHARGING
    module.car.on_event(base.EVENT_CHARGE_STARTED)
    module.run(20)
    module.notifier.on_charge_request(False)
    module.state.charge_state = CHARGE_STOPPED
    module.car.on_event(base.EVENT_CHARGE_INTERRUPTED)
    module.run(40)
    assert module.take()[1] == []
    module.car.on_event(base.EVENT_CHARGE_RESUMED)
    module.run(20)
    assert len(module.take()[1]) == 1


def test_alerts_by_sms_and_reports_by_app_only():
    reports = (base.EVENT_CHARGE_STARTED, base.EVENT_CHARGE_TOPPING_OFF, base.EVENT_CHARGE_DONE)
    for notify, sms, app in (
        ("SMSIP", 4, 4),
        ("SMS!IP", 0, 4),
        ("IP,SMS!", 0, 4),
        ("SMSIP!", 4, 0),
        ("SMS!", 0, 0),
        ("IP", 0, 4),
    ):
        module = Module(notify)
        module.config.set_feature(14, "64")
        module.car.texts[base.EVENT_TRIP_END] = ("I", "Trip 1")
        for event in (base.EVENT_TRIP_END,) + reports:
            module.car.on_event(event)
            module.run(10)
        pushes, texts = module.take()
        assert (len(texts), len(pushes)) == (sms, app), notify
        # What goes wrong, and what was asked for by a limit, goes wherever a channel is.
        for event in (
            base.EVENT_CHARGE_STARTED,
            base.EVENT_CHARGE_SUFFICIENT,
            base.EVENT_CHARGE_INTERRUPTED,
            base.EVENT_CHARGE_RESUMED,
        ):
            module.car.on_event(event)
            module.run(10)
        module.notifier.notify("A", "alarm")
        module.run(3)
        pushes, texts = module.take()
        assert len([text for text in texts if text]) == (4 + (sms > 0) if "SMS" in notify else 0)
        assert len(pushes) == (4 + (app > 0) if "IP" in notify else 0), notify
