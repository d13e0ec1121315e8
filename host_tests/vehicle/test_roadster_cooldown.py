"""Command 25 on the Roadster: how the battery is cooled, and that all is as before then."""

from host_tests.shims.expect import run
from host_tests.vehicle.roadster_bench import CHARGING, DRIVING, PLUGGED, Bus
from ovms.parameters import COOLDOWN_LIMITS
from ovms.vehicle.base import EVENT_CHARGE_INTERRUPTED
from ovms.vehicle.roadster import cooldown

WAKE = "102 0A"
TEMPERATURES = "102 06 2C 01 00 00 09 10 00"
HVAC = "102 06 D0 07 00 00 80 00 08"
START = "102 05 03 00 00 01 00 00 00"
STOP = "102 05 03 00 00 00 00 00 00"
COOLING_A = "102 05 02 00 00 0D 00 00 00"
CAPACITY = ("102 06 D0 07 00 00 00 00 40", "102 06 00 00 00 00 00 00 40")
LIMIT_32 = "102 05 02 00 00 20 00 00 00"
RANGE = "102 05 19 00 00 03 00 00 00"
PERFORMANCE = "102 05 19 00 00 04 00 00 00"
STANDARD = "102 05 19 00 00 00 00 00 00"
# What is sent first, with the answer to it: the battery's temperature in the last byte.
BEGIN = [WAKE, TEMPERATURES, COOLING_A, RANGE]
SHUT = "100 96 60 08 02 21 0C 00 00"
RUNS = "100 8F 14 20 14 00 00 10 0E"
RESTS = "100 8F 14 20 14 00 00 00 00"


class Cooled(Bus):
    """A Roadster that takes what it is told: limit, mode and charge are those of the writes."""

    def __init__(self, celsius=40, can_write=1, is_charging=False):
        super().__init__(can_write)
        self.celsius = celsius
        self.limit_a = 32
        self.mode = 0
        self.is_charging = is_charging
        # 15: stopped; 03: by request.
        self.substate = 3
        self.is_deaf = False
        self.compressor = RESTS
        self.answer = self.take
        self.car.spawn = self.spawn
        self.pass_seconds(2)
        self.sent.clear()

    def spawn(self, function):
        run(function())

    def take(self, text):
        data = [int(word, 16) for word in text.split()[1:]]
        if data[0] != 5 or self.is_deaf:
            return ()
        item, value = data[1], data[4]
        if item == 2:
            self.limit_a = value
        elif item == 0x19:
            self.mode = value
        else:
            self.is_charging = value == 1
            self.substate = 3
        return ("100 06 %02X 01 00 %02X 00 00 00" % (item, value),)

    def pass_seconds(self, count):
        for _ in range(count):
            charge = "01 05" if self.is_charging else "15 %02X" % self.substate
            self.second(
                CHARGING if self.is_charging else PLUGGED,
                "100 95 %s 64 57 %02X 0E 02" % (charge, self.mode << 4),
                "100 88 20 05 00 FF FF %02X" % self.limit_a,
                "100 A3 22 25 00 00 00 %02X" % (self.celsius & 255),
                self.compressor,
            )

    def cool(self):
        return run(self.car.command(25, ""))

    def took(self):
        # The capacity is asked for at the begin of any charge.
        sent = [text for text in self.sent if text not in CAPACITY]
        self.sent.clear()
        return sent


def test_from_warm_to_cool():
    bus = Cooled()
    state = bus.state
    assert bus.cool() == (0, "")
    assert bus.took() == BEGIN + [WAKE, START, WAKE, HVAC]
    assert state.is_cooling
    assert (state.cooling_limit_c, state.cooling_min, state.cooling_cycles) == (31, 60, 0)
    bus.pass_seconds(59)
    assert state.is_charging and state.charge_mode == 3 and bus.took() == []
    # Once a minute the figures are asked for again.
    bus.pass_seconds(3)
    assert bus.took() == [HVAC, TEMPERATURES] and state.cooling_min == 59
    bus.celsius = 31
    bus.pass_seconds(65)
    assert bus.took() == [WAKE, STOP, LIMIT_32, STANDARD]
    assert not state.is_cooling and (bus.limit_a, bus.mode, bus.is_charging) == (32, 0, False)
    bus.pass_seconds(300)
    assert bus.took() == [] and bus.car.cooling[0] == cooldown.OFF
    assert EVENT_CHARGE_INTERRUPTED not in bus.events


def test_a_charge_that_ran_before_goes_on():
    bus = Cooled(is_charging=True)
    assert bus.cool() == (0, "")
    assert bus.took() == BEGIN + [HVAC]
    bus.celsius = 20
    bus.pass_seconds(65)
    assert bus.took() == [WAKE, LIMIT_32, STANDARD] and bus.is_charging
    # Or one that was asked for meanwhile.
    bus = Cooled()
    bus.cool()
    bus.pass_seconds(5)
    bus.took()
    assert run(bus.car.command(11, "")) == (0, "") and bus.took() == []
    bus.celsius = 20
    bus.pass_seconds(65)
    assert bus.took() == [WAKE, LIMIT_32, STANDARD] and bus.is_charging


def test_its_time():
    bus = Cooled()
    bus.car.config.parameters[COOLDOWN_LIMITS] = "25:2"
    bus.cool()
    assert (bus.state.cooling_limit_c, bus.state.cooling_min) == (25, 2)
    bus.took()
    bus.pass_seconds(115)
    assert STOP not in bus.took()
    bus.pass_seconds(10)
    assert STOP in bus.took() and not bus.state.is_cooling
    for text, expected in (
        ("", (31, 60)),
        ("25:90", (25, 90)),
        ("25", (25, 60)),
        (":10", (31, 10)),
        ("warm:long", (31, 60)),
        ("3", (3, 60)),
        ("30:0", (30, 1)),
        ("30:9999", (30, 600)),
    ):
        assert cooldown.limits(text) == expected, text


def test_the_compressor():
    bus = Cooled()
    bus.cool()
    bus.compressor = RUNS
    bus.pass_seconds(40)
    assert bus.state.cooling_cycles == 0
    bus.took()
    # It has stopped: it is made to run again by a change of the mode.
    bus.compressor = RESTS
    bus.pass_seconds(2)
    assert bus.state.cooling_cycles == 1
    bus.pass_seconds(49)
    assert [text for text in bus.took() if "05 19" in text] == [PERFORMANCE]
    bus.pass_seconds(10)
    assert [text for text in bus.took() if "05 19" in text] == [RANGE]
    bus.compressor = RUNS
    bus.pass_seconds(100)
    assert [text for text in bus.took() if "05 19" in text] == []
    bus.compressor = RESTS
    bus.pass_seconds(2)
    assert bus.state.cooling_cycles == 2


def test_the_current_is_held():
    bus = Cooled()
    bus.cool()
    bus.pass_seconds(3)
    bus.took()
    bus.limit_a = 24
    bus.pass_seconds(3)
    assert bus.took() == [COOLING_A]
    # But not every second.
    bus.is_deaf = True
    bus.limit_a = 24
    bus.pass_seconds(30)
    assert 1 <= bus.took().count(COOLING_A) <= 3
    bus.is_deaf = False
    bus.celsius = 10
    bus.pass_seconds(70)
    assert bus.limit_a == 32


def test_what_is_refused():
    for bus, frames, text in (
        (Cooled(31), (), "The battery is at 31 C and is cooled above 31 C."),
        (Cooled(-5), (), "The battery is at -5 C and is cooled above 31 C."),
        (Cooled(), (SHUT,), "Cannot charge (charge port closed)"),
        (Cooled(), ("100 95 0D 07 64 57 02 0E 02",), "Cannot charge (charge port closed)"),
        (Cooled(), (DRIVING,), "Cannot cool (car is on)"),
        (Cooled(can_write=0), (), "No write access to CAN"),
    ):
        if frames:
            bus.second(*frames)
        bus.sent.clear()
        assert bus.cool() == (1, text)
        assert not bus.state.is_cooling and bus.car.cooling[0] == cooldown.OFF
        assert bus.took() in ([], [WAKE, TEMPERATURES])


def test_a_battery_of_which_nothing_is_known():
    bus = Cooled()
    bus.state.temps_age_s = 100
    assert bus.cool() == (1, "The car does not tell how warm its battery is.")
    assert bus.waited_ms >= 5000 and bus.took() == [WAKE, TEMPERATURES]
    # It is told as soon as it was asked for.
    bus.state.temps_age_s = 100
    take = bus.take

    def tell(text):
        return ("100 A3 22 25 00 00 00 28",) if text == TEMPERATURES else take(text)

    bus.answer = tell
    assert bus.cool() == (0, "")


def test_a_car_that_does_not_answer_is_left_as_it_was():
    bus = Cooled()
    bus.is_deaf = True
    assert bus.cool() == (1, "The car does not confirm it.")
    assert bus.took() == [WAKE, TEMPERATURES, COOLING_A] and not bus.state.is_cooling
    # It may have taken it all the same.
    bus.is_deaf = False
    bus.pass_seconds(12)
    assert bus.took() == [WAKE, LIMIT_32, STANDARD]
    bus = Cooled()
    bus.is_deaf = True
    bus.cool()
    bus.pass_seconds(300)
    assert bus.took().count(LIMIT_32) == 6 and bus.car.cooling[0] == cooldown.OFF


def test_it_ends_with_the_charge():
    # By command.
    bus = Cooled()
    bus.cool()
    bus.pass_seconds(5)
    bus.took()
    assert run(bus.car.command(12, "")) == (0, "")
    assert bus.took() == [WAKE, STOP]
    bus.pass_seconds(5)
    assert bus.took() == [WAKE, LIMIT_32, STANDARD] and not bus.state.is_cooling
    assert EVENT_CHARGE_INTERRUPTED not in bus.events
    # By the plug, which is news.
    bus = Cooled()
    bus.cool()
    bus.pass_seconds(5)
    bus.took()
    bus.is_charging = False
    bus.substate = 1
    bus.pass_seconds(5)
    assert bus.took() == [WAKE, LIMIT_32, STANDARD]
    assert EVENT_CHARGE_INTERRUPTED in bus.events
    # One that never began.
    bus = Cooled()
    bus.cool()
    bus.is_charging = False
    bus.pass_seconds(58)
    assert bus.state.is_cooling
    bus.pass_seconds(5)
    assert not bus.state.is_cooling and (bus.limit_a, bus.mode) == (32, 0)


def test_once_more_is_more_time():
    bus = Cooled()
    bus.cool()
    bus.pass_seconds(130)
    bus.took()
    assert bus.state.cooling_min == 58
    assert bus.cool() == (0, "")
    assert bus.took() == BEGIN + [HVAC] and bus.state.cooling_min == 60
    bus.celsius = 20
    bus.pass_seconds(65)
    # What was before the first of both.
    assert (bus.limit_a, bus.mode, bus.is_charging) == (32, 0, False)


def test_other_commands_meanwhile():
    bus = Cooled()
    bus.cool()
    bus.pass_seconds(2)
    bus.took()
    for code, arguments in ((10, "0"), (15, "32"), (16, "0,32")):
        assert run(bus.car.command(code, arguments)) == (
            1,
            "Not while the battery is cooled: CHARGESTOP ends that.",
        )
    assert bus.took() == []
    assert run(bus.car.command(17, "0"))[0] == 0


class Kept:
    """What is kept over a restart, as one walk writes and another reads it."""

    def __init__(self, values=None):
        self.values = values if values is not None else {}
        self.is_restored = values is not None

    def number(self, key, value):
        return self.numbers(key, [value])[0]

    text = number

    def age(self, key, age_s, least_s=0):
        return self.number(key, age_s)

    def numbers(self, key, values):
        if not self.is_restored:
            self.values[key] = list(values)
        elif key in self.values:
            values[:] = self.values[key]
        return values


def test_a_restart_in_the_midst():
    bus = Cooled()
    bus.cool()
    bus.pass_seconds(70)
    kept = Kept()
    bus.car.keep(kept)
    again = Cooled()
    again.limit_a, again.mode, again.is_charging = bus.limit_a, bus.mode, True
    again.pass_seconds(1)
    again.sent.clear()
    again.car.keep(Kept(kept.values))
    assert again.state.is_cooling
    again.pass_seconds(2)
    assert again.state.is_cooling and again.state.cooling_min == 59
    again.celsius = 30
    again.pass_seconds(65)
    assert (again.limit_a, again.mode, again.is_charging) == (32, 0, False)
    assert again.car.cooling[0] == cooldown.QUIET


def test_nobody_knows_whether_a_silent_car_is_cooled():
    bus = Cooled()
    bus.cool()
    bus.pass_seconds(5)
    for _ in range(59):
        bus.second()
    assert bus.state.is_cooling
    bus.second()
    assert not bus.state.is_cooling
    # It still is, and what was before is not forgotten.
    bus.pass_seconds(3)
    assert bus.state.is_cooling
    bus.celsius = 30
    bus.pass_seconds(65)
    assert (bus.limit_a, bus.mode, bus.is_charging) == (32, 0, False)


def test_what_the_car_did_not_confirm_before_is_no_reason_to_leave_it_so():
    bus = Cooled(is_charging=True)
    bus.cool()
    # Somebody at the car sets another current, and it confirms nothing for a while.
    bus.limit_a = 20
    bus.is_deaf = True
    bus.pass_seconds(90)
    bus.celsius = 30
    bus.pass_seconds(35)
    bus.is_deaf = False
    bus.pass_seconds(65)
    assert (bus.limit_a, bus.mode, bus.is_charging) == (32, 0, True)
    assert bus.car.cooling[0] in (cooldown.QUIET, cooldown.OFF)
