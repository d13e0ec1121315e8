"""Commands 10 to 24 on the Roadster, byte for byte on the bus, and a car that answers or does not.

Frames: car facts 1.5; the PINs' are vectors of 1.20.
"""

from host_tests.shims.expect import run
from host_tests.vehicle.roadster_bench import CHARGING, DRIVING, PLUGGED, Bus

WAKE = "102 0A"
TEMPERATURES = "102 06 2C 01 00 00 09 10 00"
START = "102 05 03 00 00 01 00 00 00"
STOP = "102 05 03 00 00 00 00 00 00"
CAC_ON = "102 06 D0 07 00 00 00 00 40"
CAC_OFF = "102 06 00 00 00 00 00 00 40"
CHARGE_OK = "100 95 01 05 64 57 02 0E 02"
READY = "100 95 15 03 64 57 02 0E 02"


def echo(text):
    """What the car says to a parameter that it takes, and nothing to all else."""
    words = text.split()
    if words[:2] != ["102", "05"]:
        return ()
    return (" ".join(["100", "06", words[2], "01", "00"] + words[5:]),)


def connected(*frames, **options):
    bus = Bus(1, **options)
    bus.answer = echo
    bus.second(*(frames or (PLUGGED, READY)))
    bus.sent.clear()
    return bus


def ask(bus, code, arguments=""):
    return run(bus.car.command(code, arguments))


def test_parameters_and_their_echo():
    expected = (
        (10, "3", ["102 05 19 00 00 03 00 00 00"]),
        (15, "13", ["102 05 02 00 00 0D 00 00 00"]),
        (15, "70", ["102 05 02 00 00 46 00 00 00"]),
        (16, "0,32", ["102 05 19 00 00 00 00 00 00", "102 05 02 00 00 20 00 00 00"]),
        (17, "0", ["102 05 1B 00 00 00 00 00 00"]),
        (17, "0,100", ["102 05 1B 00 00 00 00 00 00"]),
        (17, "1,1410", ["102 05 1B 00 00 01 00 00 00", "102 05 1A 00 00 17 1E 00 00"]),
        (17, "1,23,30", ["102 05 1B 00 00 01 00 00 00", "102 05 1A 00 00 17 1E 00 00"]),
    )
    for code, arguments, frames in expected:
        bus = connected()
        assert ask(bus, code, arguments) == (0, ""), (code, arguments)
        assert bus.sent == [WAKE] + frames and bus.waited_ms == 150
    assert (bus.state.timer_mode, bus.state.timer_start_min) == (1, 1410)


def test_no_echo_is_no_success():
    for answer in (
        lambda text: (),
        lambda text: ("100 06 19 01 00 04 00 00 00",),
        lambda text: ("100 06 02 01 00 03 00 00 00",),
    ):
        bus = connected()
        bus.answer = answer
        assert ask(bus, 10, "3") == (1, "The car does not confirm it.")
        assert len(bus.sent) == 2 and bus.waited_ms == 1150
        bus = connected()
        bus.answer = answer
        assert ask(bus, 16, "3,32")[0] == 1 and len(bus.sent) == 2, "nor is the rest sent"


def test_arguments():
    for code, arguments, text in (
        (10, "", "Invalid syntax"),
        (10, "2", "Parameter out of range"),
        (10, "5", "Parameter out of range"),
        (10, "-1", "Invalid syntax"),
        (10, "99999999999", "Invalid syntax"),
        (15, "9", "Parameter out of range"),
        (15, "71", "Parameter out of range"),
        (15, "x", "Invalid syntax"),
        (16, "3", "Invalid syntax"),
        (16, "3,9", "Parameter out of range"),
        (16, "2,32", "Parameter out of range"),
        (17, "2", "Parameter out of range"),
        (17, "1,1440", "Parameter out of range"),
        (17, "1,24,0", "Parameter out of range"),
        (17, "1,2,60", "Parameter out of range"),
        (17, "1,2,3,4", "Invalid syntax"),
        (20, "", "PIN missing"),
        (20, "123456789", "A PIN has 1 to 8 digits."),
        (23, "12a4", "A PIN has 1 to 8 digits."),
        (24, "3", "Parameter out of range"),
    ):
        bus = connected()
        assert ask(bus, code, arguments) == (1, text), (code, arguments)
        assert not bus.sent


def test_start():
    bus = connected()
    assert ask(bus, 11) == (0, "")
    assert bus.sent == [WAKE, START, WAKE]
    # No charge after ten seconds: once more, and not again.
    for _ in range(9):
        bus.second(PLUGGED)
    assert len(bus.sent) == 3
    for _ in range(30):
        bus.second(PLUGGED)
    assert bus.sent == [WAKE, START, WAKE, START]


def test_a_start_that_led_to_a_charge_is_not_repeated():
    bus = connected()
    assert ask(bus, 11) == (0, "")
    for _ in range(30):
        bus.second(CHARGING, CHARGE_OK)
    assert bus.sent.count(START) == 1
    # Nor one that was taken back, or whose port was shut, or when writing is not allowed any more.
    for frame, feature in ((PLUGGED, 0), ("100 96 60 08 02 21 0C 00 00", 1)):
        bus = connected()
        assert ask(bus, 11) == (0, "")
        bus.car.config.features[15] = feature
        for _ in range(30):
            bus.second(frame)
        assert bus.sent.count(START) == 1


def test_start_and_stop_when_there_is_nothing_to():
    bus = connected("100 96 60 08 02 21 0C 00 00", READY)
    assert ask(bus, 11) == (1, "Cannot charge (charge port closed)")
    bus = connected(PLUGGED, "100 95 0D 07 64 57 02 0E 02")
    assert ask(bus, 11) == (1, "Cannot charge (charge port closed)")
    assert ask(bus, 12) == (1, "Cannot stop charge (charge not in progress)")
    assert not bus.sent
    bus = connected(CHARGING, CHARGE_OK)
    assert ask(bus, 12) == (0, "")
    assert bus.sent == [WAKE, STOP]


def test_wake():
    for code in (18, 19):
        bus = connected()
        assert ask(bus, code) == (0, "") and bus.sent == [WAKE, TEMPERATURES]


def obeying(bus, frame):
    """A car that does what a key frame of PIN 1234 says, half a second later."""
    told = []

    async def sleep_ms(ms):
        bus.waited_ms += ms
        if bus.waited_ms > 600 and len(bus.sent) > 1 and not told:
            told.append(1)
            if bus.sent[1].endswith("D2 04 00 40"):
                bus.hears(frame)

    bus.car.sleep_ms = sleep_ms


def test_locks_and_valet():
    for code, pin, before, after, frame in (
        (20, "1234", "100 96 6C 00", PLUGGED[:12], "102 0B 02 00 00 D2 04 00 40"),
        (22, "1234", PLUGGED[:12], "100 96 6C 00", "102 0B 03 00 00 D2 04 00 40"),
        (21, "1234", PLUGGED[:12], "100 96 6C 18", "102 0B 00 00 00 D2 04 00 40"),
        (23, "1234", "100 96 6C 18", PLUGGED[:12], "102 0B 01 00 00 D2 04 00 40"),
    ):
        rest = " 02 21 0C 00 00"
        bus = connected(before + rest, READY)
        obeying(bus, after + rest)
        assert ask(bus, code, pin) == (0, ""), code
        assert bus.sent == [WAKE, frame] and bus.waited_ms < 1000
        # A wrong PIN has no answer.
        bus = connected(before + rest, READY)
        obeying(bus, after + rest)
        assert ask(bus, code, "4321") == (1, "The car did not do it: is the PIN right?")
        assert bus.waited_ms == 2650


def test_pins():
    for pin, tail in (("0000", "00 00 00 40"), ("87654321", "B1 7F 39 85"), ("7", "07 00 00 10")):
        bus = connected("100 96 6C 00 02 21 0C 00 00", READY)
        ask(bus, 20, pin)
        assert bus.sent == [WAKE, "102 0B 02 00 00 " + tail]


def test_when_it_does_not_lock():
    # Handbrake off; on; moving.
    bus = connected("100 96 2C 00 02 21 0C 00 00", READY)
    assert ask(bus, 20, "1234") == (1, "Cannot lock (handbrake is off)")
    on = "100 96 E8 00 02 21 0C 00 00"
    bus = connected(on)
    assert ask(bus, 20, "1234") == (1, "Cannot lock (car is on)")
    assert not bus.sent
    bus = connected(on, features={10: 1})
    assert ask(bus, 20, "1234")[0] == 1 and len(bus.sent) == 2
    bus = connected(DRIVING, "100 89 1D FF FF 7F FF")
    for code in (21, 22, 23):
        assert ask(bus, code, "1234") == (1, "Not while the car moves.")
    # What was heard of the switches is too old to judge by.
    bus = connected("100 96 6C 00 02 21 0C 00 00", READY)
    for _ in range(4):
        bus.second(READY)
    bus.sent.clear()
    assert ask(bus, 20, "1234") == (1, "Nothing is heard of the car.")
    assert not bus.sent


def test_homelink():
    for arguments, number in (("", 0), ("0", 0), ("2", 2)):
        bus = connected()
        assert ask(bus, 24, arguments) == (0, "")
        stop, start = "102 09 02 %02X" % number, "102 09 00 %02X" % number
        assert bus.sent == [WAKE, stop, start, stop] and bus.waited_ms == 1200


def test_capacity_is_asked_for_and_the_stream_ended():
    bus = connected(DRIVING)
    bus.second(DRIVING)
    bus.second(DRIVING)
    assert bus.sent == [CAC_ON]
    bus.second(DRIVING, "100 9E 44 FD 9C 8A 5B 44 46")
    assert bus.state.cac_ah100 == 15_699
    for _ in range(5):
        bus.second(DRIVING)
    assert bus.sent == [CAC_ON, CAC_OFF]
    # Without an answer, when it was switched off: after eight seconds, and for half a minute.
    bus.sent.clear()
    for second in range(60):
        bus.second(PLUGGED)
        assert (CAC_ON in bus.sent) == (second >= 7), second
    assert bus.sent == [CAC_ON, CAC_OFF]


def test_a_bus_that_does_not_take_it():
    bus = connected()
    bus.car.send = lambda arbitration_id, data: False
    assert ask(bus, 18) == (1, "The car's bus does not take what is sent.")


def test_what_is_no_command_of_the_car():
    bus = connected()
    assert ask(bus, 9) is None and ask(bus, 13) is None and ask(bus, 26) is None
