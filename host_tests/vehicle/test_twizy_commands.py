"""RANGE, CA and protocol commands 200 to 208: Twizy guide 1.2.0 "Ideal range configuration",
"Charge alerts", "Twizy MSG/IP Commands"; Twizy facts 6.2, 6.3 and 9.5."""

from host_tests.shims.expect import raises, run
from host_tests.vehicle.contract import build, feed, pass_seconds
from ovms.vehicle.base import EVENT_BATTERY, EVENT_FAULT, EVENT_TRIP_END, OK, UNSUPPORTED
from ovms.vehicle.twizy.car import Twizy

# One complete set of cells and modules.
BATTERY = (
    "556 33 63 34 33 53 34 33 5A",
    "557 33 53 35 33 53 35 33 50",
    "55E 33 43 34 33 43 36 00 D5",
    "55F 00 FE 73 00 00 23 E2 3E",
    "554 46 45 45 44 45 45 46 00",
)


def car_at(soc_pct100, features=None, is_miles=False):
    """Key on, SOC known, 20 degrees."""
    car = build(Twizy, features, is_miles)
    raw = soc_pct100 * 4
    feed(
        car,
        "597 00 95 21 41 29 00 01 35",
        "554 3C 3C 3C 3C 3C 3C 3C 00",
        "155 07 97 D0 54 %02X %02X 00 73" % (raw >> 8, raw & 0xFF),
    )
    pass_seconds(car, 1)
    return car


def sms(car, text):
    """What the SMS service makes of a car's command: the method of the row, `?` for a query."""
    words = text.split()
    for name, mode, method in car.sms_commands():
        if name == words[0].rstrip("?"):
            assert mode == 3
            return run(method(car, words[1:], words[0].endswith("?")))
    raise AssertionError("no such command")


def refused(car, text):
    """The sentence for the user, after making sure that nothing was changed."""
    before = dict(car.config.features)
    sentence = str(raises(ValueError, sms, car, text))
    assert car.config.features == before
    assert sentence.endswith(".")
    return sentence


def msg(car, code, arguments=""):
    """The answer as the server sees it, without `MP-0 c`."""
    answer = run(car.command(code, arguments))
    return "%d,%d%s" % (code, answer[0], "," + answer[1] if answer[1] else "")


def msg_refused(car, code, arguments):
    before = dict(car.config.features)
    sentence = str(raises(ValueError, msg, car, code, arguments))
    assert car.config.features == before
    return sentence


def test_range_as_in_the_guide():
    car = car_at(7000)
    assert sms(car, "RANGE?") == "Max ideal range: UNSET"
    assert sms(car, "RANGE 80") == "Max ideal range: 80 km"
    assert car.config.feature(12) == 80, "stored in feature slot 12"
    assert (car.state.ideal_range_km, car.state.max_range_km) == (56, 80)
    assert sms(car, "RANGE?") == "Max ideal range: 80 km"
    assert car.config.feature(12) == 80
    assert sms(car, "RANGE") == "Max ideal range: UNSET"
    assert car.config.feature(12) == 0


def test_range_in_miles_is_never_converted():
    car = car_at(7000, is_miles=True)
    assert sms(car, "RANGE 59") == "Max ideal range: 59 mi"
    assert car.state.max_range_km == 95


def test_range_refuses_what_is_no_range():
    car = car_at(7000, {12: 80})
    sms(car, "RANGE 77")
    assert sms(car, "RANGE -") == "Max ideal range: UNSET"
    for text in ("RANGE far", "RANGE -1", "RANGE 256", "RANGE 80 90", "RANGE 8.5", "RANGE ²"):
        assert refused(car, text).startswith("RANGE takes one distance")


def test_alert_on_either_range_or_soc():
    """The text of Twizy facts 6.2; 50 % gives its 124 minutes.

    Its 57 minutes belong to 80 %, with 60 % the same formula gives 19.
    """
    car = car_at(5000, {12: 80})
    assert sms(car, "CA 30 60%") == (
        "Charge Alert: 60% or 30 km\r Time: 19 min.\r Full charge: 124 min."
    )
    assert (car.config.feature(10), car.config.feature(11)) == (60, 30)
    assert sms(car, "CA 80%") == "Charge Alert: 80%\r Time: 57 min.\r Full charge: 124 min."
    assert (car.config.feature(10), car.config.feature(11)) == (80, 0), "30 km was not repeated"
    assert sms(car, "CA 30") == "Charge Alert: 30 km\r Time: 0 min.\r Full charge: 124 min."
    assert sms(car, "CA 60") == "Charge Alert: 60 km\r Time: 48 min.\r Full charge: 124 min."
    query = sms(car, "CA?")
    assert query == "Charge Alert: 60 km\r Time: 48 min.\r Full charge: 124 min."
    assert sms(car, "CA 60% 30")[:26] == "Charge Alert: 60% or 30 km"
    assert sms(car, "CA") == "Charge Alert: OFF\r Full charge: 124 min."
    assert (car.config.feature(10), car.config.feature(11)) == (0, 0)


def test_alert_time_is_that_of_the_nearest_limit_ahead():
    car = car_at(2000, {12: 80})
    assert sms(car, "CA 30 90%").split("\r")[1] == " Time: 34 min.", "30 km of 80 are 37.5 %"
    assert sms(car, "CA 70 30%").split("\r")[1] == " Time: 19 min."
    # The range is reached already; what is still to come is 60 %.
    assert sms(car, "CA 10 60%").split("\r")[1] == " Time: 77 min."


def test_alert_on_a_range_that_cannot_be_estimated():
    car = car_at(5000)
    assert sms(car, "CA 30") == "Charge Alert: 30 km\r Full charge: 124 min."
    # Without a maximum the car's own estimate counts.
    feed(car, "599 00 00 04 B8 FF 28 00 00", "155 07 97 D0 54 4E 1C 00 73")
    assert sms(car, "CA 30").split("\r")[1] == " Time: 0 min."
    assert sms(car, "CA 60").split("\r")[1] == " Time: 48 min."


def test_alert_of_a_car_not_heard_yet_invents_no_times():
    car = build(Twizy)
    assert sms(car, "CA 60%") == "Charge Alert: 60%"
    assert sms(car, "CA") == "Charge Alert: OFF"


def test_alert_in_miles():
    """19 of 50 mi are 31 of 80 km."""
    car = car_at(2000, {12: 50}, is_miles=True)
    assert sms(car, "CA 19") == "Charge Alert: 19 mi\r Time: 36 min.\r Full charge: 182 min."


def test_alert_refuses_nonsense():
    car = car_at(5000, {10: 60, 11: 30})
    for text in (
        "CA soon",
        "CA 101%",
        "CA 256",
        "CA 30 40",
        "CA 50% 60%",
        "CA %",
        "CA -5",
        "CA 3.5",
    ):
        assert refused(car, text).startswith("CA takes a range"), text


def test_alert_tokens_of_later_firmware():
    """Notify is all there is, so N and R say nothing new; what would need frames is refused."""
    car = car_at(5000, {10: 60, 11: 30})
    assert sms(car, "CA N")[:26] == "Charge Alert: 60% or 30 km"
    assert sms(car, "CA n 80%").split("\r")[0] == "Charge Alert: 80%"
    assert sms(car, "CA R").split("\r")[0] == "Charge Alert: OFF"
    for text in ("CA S 60%", "CA H", "CA L3", "CA l"):
        sentence = refused(car, text)
        assert sentence.startswith("A charge can be watched but not stopped or limited: ")
        assert len(sentence) <= 160, "one SMS"


def test_the_guides_example_call():
    """Request 204 with 55,80. Its 48 minutes to full put the car at 89.8 % of an 80 km range."""
    car = car_at(8982, {12: 80})
    assert msg(car, 204, "55,80") == "204,0,55,80,0,0,48,0,0"
    assert (car.config.feature(11), car.config.feature(10)) == (55, 80)
    assert msg(car, 203) == "203,0,55,80,0,0,48,0,0"


def test_query_and_set_alerts():
    car = car_at(2000, {12: 80})
    assert msg(car, 203) == "203,0,0,0,0,0,182,0,0"
    assert msg(car, 204, "30,80") == "204,0,30,80,34,115,182,0,0"
    assert msg(car, 204, ",80") == "204,0,0,80,0,115,182,0,0"
    assert msg(car, 204, "30") == "204,0,30,0,34,0,182,0,0"
    assert msg(car, 204, "30,80,0,0") == "204,0,30,80,34,115,182,0,0"
    assert msg(car, 204, "40, 70, 0 ,0,x") == "204,0,40,70,57,96,182,0,0"
    assert msg(car, 204) == "204,0,0,0,0,0,182,0,0"
    for arguments in ("a,b", "30,101", "300,20", "-1,20", "30,80%"):
        msg_refused(car, 204, arguments)
    for arguments in ("30,80,3", "30,80,,1", "30,80,x"):
        assert msg_refused(car, 204, arguments).startswith("A charge can be watched")


def test_alert_times_that_are_unknown():
    car = build(Twizy)
    assert msg(car, 204, "30,80") == "204,0,30,80,-1,-1,-1,0,0"
    assert msg(car_at(2000), 204, "30,0") == "204,0,30,0,-1,0,182,0,0", "no range is known"


def test_no_level_and_mode_are_claimed():
    """What cannot be done is 0 in a reply, whatever features 6 and 7 say."""
    car = car_at(2000, {6: 1, 7: 3, 12: 80})
    assert msg(car, 203) == "203,0,0,0,0,0,182,0,0"


def test_query_and_set_range():
    car = car_at(7000)
    assert msg(car, 201) == "201,0,0"
    assert msg(car, 202, "80") == "202,0,80"
    assert car.state.max_range_km == 80
    assert msg(car, 201) == "201,0,80"
    for arguments in ("x", "256", "-3", "8.0", "x,80"):
        msg_refused(car, 202, arguments)
    assert msg(car, 202, " 85 ,90") == "202,0,85"
    assert msg(car, 202) == "202,0,0", "empty is 0"


def test_battery_alert_pushes_the_status():
    car = car_at(5000)
    feed(car, *BATTERY)
    pass_seconds(car, 1)
    text = sms(car, "BATT")
    assert text.startswith("Volts: ")
    assert run(car.command(205, "")) == (OK, "", text)
    assert car.event_text(EVENT_BATTERY) == ("A", text)
    assert run(car_at(5000, {14: 0x08}).command(205, "")) == (OK, ""), "no alerts wanted"


def test_battery_status_sends_the_records():
    car = car_at(5000)
    feed(car, *BATTERY)
    pass_seconds(car, 1)
    records = []
    car.on_record = lambda *record: records.append(record[:2])
    assert msg(car, 206) == "206,0"
    assert records[0][0] == "RT-PWR-BattPack"
    cells = [record for record in records if record[0] == "RT-PWR-BattCell"]
    assert cells == [("RT-PWR-BattCell", cell) for cell in range(1, 15)]


def test_power_notify_pushes_one_of_two_texts():
    car = car_at(5000)
    power = car.decoder.power
    # 4.7 km level at 272 Wh.
    power.sums[0] = 47_000
    power.sums[1] = 272 * 22_500
    totals = sms(car, "POWER T")
    efficiency = sms(car, "POWER E")
    assert totals.startswith("Power -272 +0 Wh") and efficiency.startswith("Efficiency ")
    assert run(car.command(207, "T")) == (OK, "", totals)
    assert run(car.command(207, "t")) == (OK, "", totals)
    for arguments in ("E", "", "x"):
        assert run(car.command(207, arguments)) == (OK, "", efficiency)
    assert car.event_text(EVENT_TRIP_END) == ("I", efficiency)
    car.config.set_feature(14, 0x10)
    assert run(car.command(207, "T")) == (OK, ""), "no information wanted"


def test_power_statistics_are_sent():
    car = car_at(5000)
    records = []
    car.on_record = lambda *record: records.append(record[:3])
    assert msg(car, 208) == "208,0"
    assert records == [("RT-PWR-UsageStats", 0, 86400)]


def test_fault_text_is_the_controllers_notice():
    car = car_at(5000)
    car.sevcon.notice = ("A", "SEVCON ALERT 0x488E")
    assert car.event_text(EVENT_FAULT) == ("A", "SEVCON ALERT 0x488E")


def test_debug_values():
    car = car_at(5000)
    car.on_frame(0x155, bytearray(8), 3)
    assert msg(car, 200) == "200,0,0090,-1,5000,5000,1"
    assert run(car.command(200, "10")) == (UNSUPPORTED, "")


def test_what_the_twizy_cannot_do_is_left_to_the_framework():
    car = car_at(5000)
    assert [code for code in range(6, 27) if run(car.command(code, "")) is not None] == []
    for code in (0, 27, 199, 211, 999):
        assert run(car.command(code, "")) is None


def test_capabilities_tell_the_truth():
    """Every code of the list is answered, and no other from 10 on is."""
    car = car_at(5000)
    listed = set()
    for part in car.CAPABILITIES.split(","):
        first, _, last = part[1:].partition("-")
        listed.update(range(int(first), int(last or first) + 1))
    assert {6} | set(range(200, 209)) <= listed
    for code in range(200, 209):
        assert run(car.command(code, ""))[0] == OK
    for code in list(range(10, 27)) + list(range(209, 230)):
        if code not in listed:
            assert run(car.command(code, "")) is None, code


def test_limits_survive_in_the_real_settings():
    """What the commands store is what parameters 24 to 31 keep on flash."""
    from ovms.config import Config
    from ovms.vehicle.state import VehicleState
    from tools.simulated_board.fakes.memory_store import MemoryStore

    store = MemoryStore()
    car = Twizy(VehicleState(), Config(store))
    sms(car, "CA 30 60%")
    sms(car, "RANGE 80")
    again = Config(store)
    assert [again.feature(n) for n in (10, 11, 12)] == [60, 30, 80]
    assert [again.get(n) for n in (26, 27, 28)] == ["60", "30", "80"]


def test_a_dash_is_empty():
    """As in the framework's commands, by SMS and by the protocol."""
    car = build(Twizy)
    for text, soc, distance in (
        ("CA 30 60%", 60, 30),
        ("CA -", 0, 0),
        ("CA - 55%", 55, 0),
        ("CA 41 -", 0, 41),
        ("CA - -", 0, 0),
    ):
        sms(car, text)
        assert (car.config.feature(10), car.config.feature(11)) == (soc, distance), text
    run(car.command(204, "55,80"))
    assert (car.config.feature(10), car.config.feature(11)) == (80, 55)
    run(car.command(204, "-,70,-,-"))
    assert (car.config.feature(10), car.config.feature(11)) == (70, 0)
    run(car.command(202, "66"))
    assert run(car.command(202, "-")) == (0, "0")
