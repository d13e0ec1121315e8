"""Trouble codes of a car of OBD-II: read, alerted and told by SMS, through driver and model."""

from host_tests.shims.expect import raises, run
from host_tests.vehicle.contract import build
from host_tests.vehicle.obd_bench import FLOW_CONTROL, Bus, engine
from ovms.vehicle.base import EVENT_FAULT
from ovms.vehicle.obd.car import Obd


def driving(stored=(), pending=()):
    """A bench whose car has been on for half a minute. Its events stand in `events`."""
    bus = Bus()
    bus.data = engine(bus)
    bus.answers["7E0 0103"] = stored or ["7E8 02 43 00"]
    bus.answers["7E0 0107"] = pending or ["7E8 02 47 00"]
    bus.events = []
    bus.car.on_event = lambda event: bus.events.append(bus.car.event_text(event))
    bus.is_awake = True
    bus.seconds(40)
    return bus


def sms(bus, is_query=True):
    ((name, _, function),) = bus.car.sms_commands()
    assert name == "DTC"
    return run(function(bus.car, [], is_query))


def test_none():
    bus = driving()
    assert sms(bus) == "Stored: none\rPending: none\rLamp: off\rRead 0 min ago"
    assert bus.events == []


def test_codes_have_their_letters():
    bus = driving(
        ["7E8 10 0A 43 04 03 01 44 20", "7E8 21 81 23 C1 00"][:1],
        ["7E8 04 47 01 01 33"],
    )
    bus.answers["7E0 " + FLOW_CONTROL] = ["7E8 21 81 23 C1 00"]
    bus.car.poller.wants_codes = True
    bus.seconds(10)
    assert sms(bus).startswith("Stored: P0301 C0420 B0123 U0100\rPending: P0133\rLamp: off")


def test_a_new_code_is_an_alert_once():
    bus = driving()
    bus.data[0x01] = "81076500"
    bus.answers["7E0 0103"] = ["7E8 04 43 01 03 01"]
    bus.seconds(80)
    ((kind, text),) = bus.events
    assert kind == "A"
    assert text == "New trouble code: P0301\rStored: P0301\rPending: none\rLamp: on"
    bus.data[0x01] = "82076500"
    bus.answers["7E0 0103"] = ["7E8 06 43 02 03 01 04 20"]
    bus.seconds(80)
    assert [text.split("\r")[0] for _, text in bus.events[1:]] == ["New trouble code: P0420"]
    # The workshop clears them; later one comes back.
    for lamp, stored, count in (
        ("00", ["7E8 02 43 00"], 2),
        ("81", ["7E8 04 43 01 03 01"], 3),
    ):
        bus.data[0x01] = lamp + "076500"
        bus.answers["7E0 0103"] = stored
        bus.seconds(80)
        assert len(bus.events) == count


def test_what_was_told_is_kept():
    bus = driving(["7E8 04 43 01 03 01"])
    assert len(bus.events) == 1
    values = {}

    class Kept:
        is_restored = False

        def text(self, key, value):
            values[key] = value
            return value

        def number(self, key, value, *_):
            return value

        numbers = age = number

    bus.car.keep(Kept())
    assert values["dtc"] == "P0301"
    again = build(Obd)

    class Restored(Kept):
        def text(self, key, value):
            return values.get(key, value)

    again.keep(Restored())
    assert again.told == "P0301"


def test_pending_codes_are_no_alert():
    bus = driving((), ["7E8 04 47 01 01 33"])
    assert bus.events == [] and "Pending: P0133" in sms(bus)


def test_zeros_and_more_than_it_says_are_no_codes():
    bus = driving(["7E8 07 43 02 03 01 00 00 04"])
    assert "Stored: P0301\r" in sms(bus)
    bus = driving(["7E8 06 43 01 03 01 04 20"])
    assert "Stored: P0301\r" in sms(bus)
    bus = driving(["7E8 02 43 FF"])
    assert "Stored: none\r" in sms(bus)


def test_many_codes_are_cut_and_counted():
    frames = ["7E8 10 3C 43 1D 01 01 01 02"]
    pairs = "".join(["01%02X" % n for n in range(3, 30)])
    rest = [pairs[n : n + 14] for n in range(0, len(pairs), 14)]
    bus = driving()
    bus.answers["7E0 0103"] = frames
    bus.answers["7E0 " + FLOW_CONTROL] = [
        "7E8 2%X" % (n + 1 & 15) + text for n, text in enumerate(rest)
    ]
    bus.car.poller.wants_codes = True
    bus.seconds(10)
    assert "P0110 and 13 more\r" in sms(bus), sms(bus)
    assert len(bus.car.codes) <= 96 and len(bus.car.told) < 100
    events = len(bus.events)
    bus.car.poller.wants_codes = True
    bus.seconds(10)
    assert len(bus.events) == events, "those beyond the shown ones are no news each time"


def test_who_does_not_answer_has_told_no_codes():
    bus = Bus()
    engine(bus)
    del bus.answers["7E0 0103"]
    bus.answers["7E0 0107"] = ["7E8 03 7F 07 11"]
    bus.is_awake = True
    bus.seconds(60)
    assert sms(bus).startswith("Trouble codes: not read yet.")


def test_a_question_asks_nobody_and_a_command_asks_the_car():
    bus = driving()
    asked = bus.asked()
    sms(bus)
    bus.seconds(10)
    assert bus.asked()[len(asked) :].count("7E0 03") == 0
    bus.answers["7E0 0103"] = ["7E8 04 43 01 04 20"]

    async def sleep_ms(ms):
        bus.seconds(1)

    bus.car.sleep_ms = sleep_ms
    assert sms(bus, False) == "Stored: P0420\rPending: none\rLamp: off\rRead 0 min ago"


def test_what_cannot_be_asked_is_a_sentence():
    bus = Bus(feature=0)
    assert "FEATURE 15 1" in str(raises(ValueError, sms, bus, False))
    bus = Bus()
    assert "is off" in str(raises(ValueError, sms, bus, False))
    assert sms(bus).startswith("Trouble codes: not read yet.")


def test_an_alert_is_of_this_car_alone():
    bus = driving()
    assert bus.car.event_text(EVENT_FAULT)[0] == "A"
    assert bus.car.event_text(1) == ("A", "") and bus.car.event_text(8) is None
