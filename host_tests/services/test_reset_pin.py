"""The factory reset by a pin: only a person does what it takes, and no fault of a board."""

from host_tests.services.sms_bench import OWNER, PASSWORD, Bench
from ovms import reset_pin
from ovms.log import Log
from ovms.parameters import PASSWORD as MODULE_PASSWORD
from ovms.parameters import PHONE, UNDO


class Pin:
    """A pin whose level follows `plan`: (level, milliseconds), the last one for ever."""

    def __init__(self, *plan):
        self.plan = plan
        self.now_ms = 0
        self.signs = []

    def value(self):
        at_ms = 0
        for level, length_ms in self.plan:
            at_ms += length_ms
            if self.now_ms < at_ms:
                return level
        return self.plan[-1][0]

    def sleep_ms(self, ms):
        self.now_ms += ms

    def show(self, is_on):
        self.signs.append((is_on, self.now_ms))

    def is_asked(self):
        return reset_pin.is_asked(self.value, self.sleep_ms, self.show)


def test_held_let_go_and_pressed_once_more():
    pin = Pin((0, 12000), (1, 1000), (0, 3000), (1, 1))
    assert pin.is_asked()
    assert pin.signs == [(True, 10000), (False, 13950)] and pin.now_ms == 13950
    # With a contact that bounces at the second press.
    pin = Pin((0, 10500), (1, 500), (0, 40), (1, 40), (0, 40), (1, 60), (0, 2000))
    assert pin.is_asked()


def test_a_pin_that_is_not_held_costs_no_time():
    pin = Pin((1, 1))
    assert not pin.is_asked() and pin.now_ms == 0 and pin.signs == []
    # Nor does one that is pressed later.
    pin = Pin((1, 40), (0, 100000))
    assert not pin.is_asked() and pin.now_ms == 0


def test_what_is_no_person():
    for plan in (
        # Pressed too short, by a blink.
        ((0, 9900), (1, 1)),
        # A glitch in the midst, and held on.
        ((0, 5000), (1, 60), (0, 100000)),
        # Low for ever, as from a terminal's DTR.
        ((0, 1000000),),
        # The terminal is closed, when the sign is there or just before.
        ((0, 15000), (1, 1)),
        ((0, 10001), (1, 1)),
        # Let go too late to press once more, or pressed too short.
        ((0, 19500), (1, 100), (0, 100000)),
        ((0, 12000), (1, 1000), (0, 900), (1, 1)),
        # Noise, for ever.
        ((0, 10100),) + ((1, 60), (0, 60)) * 300,
    ):
        pin = Pin(*plan)
        assert not pin.is_asked(), plan
        assert pin.now_ms <= 20000, (plan, pin.now_ms)
        # The sign never stays.
        assert len(pin.signs) in (0, 2)


class App:
    def __init__(self, bench):
        self.config = bench.config
        self.status = bench.status
        self.lines = []
        self.log = Log(self.lines.append, bench.clock)


def test_what_it_does():
    for plan, is_done in (
        (((0, 12000), (1, 1000), (0, 3000), (1, 1)), True),
        (((0, 12000), (1, 1)), False),
        (((1, 1),), False),
    ):
        bench = Bench()
        app = App(bench)
        pin = Pin(*plan)
        reset_pin.look(app, pin, None, pin.sleep_ms)
        assert (bench.config.get(PHONE) == OWNER) != is_done
        if is_done:
            assert bench.config.get(MODULE_PASSWORD) == "OVMS"
            # The owner of before is told, and may undo it.
            assert bench.config.untold and bench.config.get(UNDO)
            assert bench.status.take_requests() == 0
        else:
            assert bench.config.get(MODULE_PASSWORD) == PASSWORD
        assert len(app.lines) == (2 if is_done else plan[0][0] == 0)
