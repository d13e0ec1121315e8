"""Who hears of what: channels, suppression, collapse, retries."""

from host_tests.services.notifier_bench import OWNER, Car, Module, UptimeClock
from host_tests.shims import expect
from ovms.parameters import PHONE
from ovms.services.notifier import Notifier
from ovms.vehicle import base
from ovms.vehicle.state import SUBSTATE_INTERRUPTED, SUBSTATE_ON_REQUEST


def test_channels_of_parameter_3():
    for notify, outcome in (
        ("SMSIP", (["Ahello\rthere"], ["hello\nthere"])),
        ("SMS", ([], ["hello\nthere"])),
        ("IP", (["Ahello\rthere"], [])),
        ("", ([], [])),
    ):
        module = Module(notify)
        module.notifier.notify("A", "hello\nthere")
        module.run(3)
        assert module.take() == outcome


class Broker:
    def __init__(self):
        self.told = []

    def notify(self, kind, text):
        self.told.append(kind + text)


def test_a_broker_hears_whatever_parameter_3_says_but_not_what_feature_14_silences():
    module = Module("")
    module.status.mqtt = broker = Broker()
    module.notifier.notify("A", "hello")
    module.notifier.notify("I", "trip")
    module.notifier.notify("E", "XX,12,34")
    module.notifier.notify("E", "XX,12,34")
    module.run(3)
    assert broker.told == ["Ahello", "Itrip", "EXX,12,34"]
    module.config.set_feature(14, 0x08)
    module.notifier.notify("A", "hello again")
    module.notifier.notify("S", "safety")
    module.notifier.notify("I", "second trip")
    module.run(3)
    assert broker.told[3:] == ["Ssafety", "Isecond trip"]


def test_sms_goes_to_the_owner_in_parts():
    module = Module("SMS")
    module.notifier.notify("A", "word " * 60)
    module.run(3)
    assert len(module.modem.sent) == 2
    for number, text in module.modem.sent:
        assert number == OWNER and len(text) <= 160


def test_nobody_registered():
    module = Module()
    module.config.set(PHONE, "NOPHONE")
    module.notifier.notify("A", "hello")
    module.run(3)
    assert module.take() == (["Ahello"], [])


def test_commas_and_line_ends():
    module = Module()
    module.notifier.notify("I", "a, b\r\nc\rd\ne")
    module.run(3)
    assert module.take() == (["Ia, b\rc\rd\re"], ["a, b\nc\nd\ne"])


def test_suppression_bits():
    for bits, outcome in (
        (0x04, (["Aalert", "Iinfo"], [])),
        (0x08, (["Iinfo"], ["info"])),
        (0x10, (["Aalert"], ["alert"])),
        (0x20, (["Aalert", "Iinfo"], ["alert", "info"])),
        (0x1C, ([], [])),
    ):
        module = Module()
        module.config.set_feature(14, str(bits))
        module.notifier.notify("A", "alert")
        module.notifier.notify("I", "info")
        module.run(5)
        assert module.take() == outcome, bits


def test_each_channel_waits_for_its_link():
    module = Module()
    module.status.is_server_connected = module.status.is_registered = False
    module.notifier.notify("A", "hello")
    module.run(600)
    assert module.take() == ([], [])
    module.status.is_registered = True
    module.run(3)
    assert module.take() == ([], ["hello"])
    module.status.is_server_connected = True
    module.run(3)
    assert module.take() == (["Ahello"], [])


def test_repeated_requests_collapse():
    module = Module()
    module.status.is_server_connected = module.status.is_registered = False
    for n in range(5):
        module.state.soc_pct100 = 5000 + n * 100
        module.notifier.notify("A", "same")
        module.car.on_event(base.EVENT_CHARGE_SUFFICIENT)
        module.run(10)
    module.state.soc_pct100 = 6600
    module.status.is_server_connected = module.status.is_registered = True
    module.run(5)
    # Once, with what was true when it happened last.
    assert module.take() == (
        ["Asame", "ACharging\r SOC: 54%"],
        ["same", "Charging\n SOC: 54%"],
    )
    module.notifier.notify("A", "same")
    module.run(3)
    assert module.take() == (["Asame"], ["same"])


def test_what_waits_is_bounded():
    module = Module()
    module.status.is_server_connected = False
    for n in range(12):
        module.notifier.notify("A", "%d" % n)
    module.status.is_server_connected = True
    module.run(30)
    pushes, texts = module.take()
    assert pushes == ["A%d" % n for n in range(4, 12)]
    assert len(texts) == 8
    assert module.status.counts["alerts_dropped"] == 8


def test_failed_sms_is_retried_with_pauses():
    module = Module("SMS")
    times = []

    async def send_sms(number, text):
        times.append(module.time.now_ms // 1000)
        return len(times) > 3

    module.modem.send_sms = send_sms
    module.notifier.notify("A", "one")
    module.run(400)
    assert [times[n] - times[0] for n in range(4)] == [0, 30, 90, 210]
    assert len(times) == 4
    assert module.status.counts == {"alerts_retried": 3}


def test_failed_sms_is_given_up():
    module = Module("SMS")
    module.modem.failures = 6
    module.notifier.notify("A", "one")
    module.notifier.notify("A", "two")
    module.run(1200)
    assert module.take()[1] == ["two"]
    assert module.status.counts == {"alerts_retried": 5, "alerts_not_sent": 1}


def test_parts_that_left_are_not_repeated():
    module = Module("SMS")
    module.notifier.notify("A", "a" * 150 + "\n" + "b" * 100)
    sent = []

    async def send_sms(number, text):
        sent.append(text[:5])
        return len(sent) != 2

    module.modem.send_sms = send_sms
    module.run(60)
    assert sent == ["1/2 a", "2/2 b", "2/2 b"]


def test_charge_phases_are_opt_in():
    module = Module("IP")
    for event in (base.EVENT_CHARGE_STARTED, base.EVENT_CHARGE_TOPPING_OFF):
        module.car.on_event(event)
        module.run(8)
    assert module.take() == ([], [])
    module.config.set_feature(14, "64")
    for event in (base.EVENT_CHARGE_STARTED, base.EVENT_CHARGE_TOPPING_OFF):
        module.car.on_event(event)
        module.run(8)
    assert module.take()[0] == ["ACharging\r SOC: 50%"] * 2


def test_a_charge_stopped_on_request_is_no_news():
    module = Module("IP")
    module.notifier.on_charge_request(False)
    module.run(20)
    module.car.on_event(base.EVENT_CHARGE_INTERRUPTED)
    module.run(9)
    assert module.take() == ([], [])
    module.run(1)
    module.car.on_event(base.EVENT_CHARGE_INTERRUPTED)
    module.run(8)
    assert len(module.take()[0]) == 1
    # Whoever starts a charge wants to hear of it again.
    module.notifier.on_charge_request(False)
    module.notifier.on_charge_request(True)
    module.car.on_event(base.EVENT_CHARGE_INTERRUPTED)
    module.run(8)
    assert len(module.take()[0]) == 1
    # Or the car says why it ended.
    module.state.charge_substate = SUBSTATE_ON_REQUEST
    module.car.on_event(base.EVENT_CHARGE_INTERRUPTED)
    module.run(8)
    assert module.take() == ([], [])
    module.state.charge_substate = SUBSTATE_INTERRUPTED
    module.car.on_event(base.EVENT_CHARGE_INTERRUPTED)
    module.run(8)
    assert len(module.take()[0]) == 1


def test_the_words_of_the_car():
    module = Module()
    module.car.texts[base.EVENT_CHARGE_DONE] = ("I", "Full.")
    module.car.texts[base.EVENT_CHARGE_SUFFICIENT] = None
    module.car.texts[base.EVENT_BATTERY] = ("A", "Cell 3")
    module.car.texts[base.EVENT_TRIP_END] = ("I", "Trip 1")
    for event in (
        base.EVENT_CHARGE_DONE,
        base.EVENT_CHARGE_SUFFICIENT,
        base.EVENT_BATTERY,
        base.EVENT_TRIP_END,
        base.EVENT_FAULT,
    ):
        module.car.on_event(event)
        module.run(8)
    assert module.take() == (
        ["IFull.", "ACell 3", "ITrip 1"],
        ["Full.", "Cell 3", "Trip 1"],
    )


def test_a_trip_report_is_of_its_own_trip():
    module = Module("IP")
    module.status.is_server_connected = False
    for n in (1, 2):
        module.car.texts[base.EVENT_TRIP_END] = ("I", "Trip %d" % n)
        module.car.on_event(base.EVENT_TRIP_END)
        module.run(10)
    module.status.is_server_connected = True
    module.run(3)
    assert module.take()[0] == ["ITrip 1", "ITrip 2"]


def test_a_car_without_a_text_of_its_own_gets_the_standard_one():
    class Silent(Car):
        def stat_text(self):
            return None

    module = Module("IP", Silent)
    module.car.on_event(base.EVENT_CHARGE_DONE)
    module.run(8)
    assert module.take()[0] == ["ANot charging\r SOC: 50%"]


def test_vehicle_errors_are_limited():
    module = Module("")
    notify = module.notifier.notify
    notify("E", "XX,5,255")
    module.run(59)
    notify("E", "XX,5,256")
    module.run(59)
    # Each repetition starts the minute anew.
    notify("E", "XX,5,257")
    assert module.take() == (["EXX,5,255"], [])
    notify("E", "XX,6,1")
    notify("E", "XX,5,1")
    assert module.take() == (["EXX,6,1", "EXX,5,1"], [])
    notify("E", "XX,0,0")
    notify("E", "XX,5,2")
    assert module.take() == (["EXX,5,2"], [])
    module.run(60)
    notify("E", "XX,5,3")
    assert module.take() == (["EXX,5,3"], [])
    notify("E", "odd")
    module.config.set_feature(14, str(0x08))
    notify("E", "XX,7,1")
    assert module.take() == (["Eodd"], [])


def test_errors_that_a_car_announces():
    module = Module("IP")
    module.car.texts[base.EVENT_FAULT] = ("E", "XX,12,34")
    module.car.on_event(base.EVENT_FAULT)
    module.car.on_event(base.EVENT_FAULT)
    assert module.take() == (["EXX,12,34"], [])


def test_without_a_modem():
    module = Module()
    notifier = Notifier(
        module.config,
        module.state,
        module.current_car,
        None,
        module.conversation,
        module.status,
        UptimeClock(module.time),
    )
    notifier.notify("A", "hello")
    notifier.hand_over()
    assert module.take() == (["Ahello"], [])


def test_an_idle_second_takes_no_heap():
    module = Module()
    module.run(5)

    def second():
        module.notifier.tick()
        module.notifier.hand_over()

    assert not expect.allocates(second)


def test_sms_of_some_cars_begin_with_the_time():
    class Timed(Car):
        HAS_SMS_TIME = True

    module = Module(car_class=Timed)
    module.notifier.notify("A", "Vehicle alarm is sounding!")
    module.run(3)
    pushes, texts = module.take()
    assert pushes == ["AVehicle alarm is sounding!"]
    assert len(texts) == 1 and texts[0].startswith("10:20:3")
    assert texts[0].endswith("\n Vehicle alarm is sounding!")
