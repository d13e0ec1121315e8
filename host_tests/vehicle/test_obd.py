"""A car of OBD-II through driver and register model: what is asked, and what becomes of answers.

The vectors are those of car facts 2.8. What never leaves is in test_obd_gate.py.
"""

from host_tests.drivers.mcp2515_bench import MCP2515Bench
from host_tests.vehicle.contract import feed, pass_seconds
from host_tests.vehicle.obd_bench import FLOW_CONTROL, Bus, engine
from ovms.vehicle.obd.car import Obd

PAUSES_S = (60, 300, 1800)


def driving(values=None):
    """A bench whose car has been on for half a minute."""
    bus = Bus()
    bus.data = engine(bus, values)
    bus.is_awake = True
    bus.seconds(30)
    return bus


def switched_off(bus):
    """The engine stops; its control unit still answers."""
    bus.data.update({0x0C: "0000", 0x0D: "00", 0x1F: "0300"})
    still = bus.answers["7E0 02010D"]()
    bus.answers["7E0 02011F"] = ["7E8 04 41 1F 03 00"]
    assert still


def test_the_vectors():
    state = driving({0x5B: "CC"}).state
    assert state.motor_temp_c == 83 and state.temps_age_s is not None
    assert state.odometer_m == 123_456_700
    assert state.soc_pct100 == 8000
    assert state.vin == "SFZRE8B15B3999999"
    assert state.speed_kmh10 == 500 and state.ambient_temp_c == 20
    assert state.is_on and state.is_awake and state.told_age_s == 0


def test_a_wrong_number_makes_no_vin():
    bus = Bus()
    engine(bus)
    bus.answers["7E0 " + FLOW_CONTROL] = [
        "7E8 21 52 45 38 42 31 35 42",
        "7E8 23 33 39 39 39 39 39 39",
    ]
    bus.is_awake = True
    assert bus.seconds(40).vin == "" and bus.state.is_on


def test_a_vin_that_stops_lets_the_next_question_through():
    bus = Bus()
    engine(bus)
    bus.answers["7E0 " + FLOW_CONTROL] = []
    bus.is_awake = True
    bus.seconds(40)
    assert bus.state.vin == "" and bus.asked().count("7E0 0902") == 1
    place = bus.asked().index("7E0 0902")
    assert bus.asked()[place + 1] == "7E0 03" and bus.state.speed_kmh10 == 500


def test_vins_with_fillers_and_vins_that_are_none():
    good = "SFZRE8B15B3999999"
    for text, vin in (
        ("10 14 49 02 01 00 00 00,21 00 00 00 00 00 00 00,22 00 00 00 00 00 00 00", ""),
        (
            "10 17 49 02 01 00 00 00,21 53 46 5A 52 45 38 42,22 31 35 42 33 39 39 39,23 39 39 39",
            good,
        ),
        ("10 14 49 02 01 53 46 5A,21 52 45 38 42 31 35 42,22 33 39 39 39 39 39 4F", ""),
        ("10 14 49 02 01 53 46 5A,21 52 45 38 42 31 35 42,22 33 39 39 39 39 39 22", ""),
        ("10 13 49 02 53 46 5A 52,21 45 38 42 31 35 42 33,22 39 39 39 39 39 39", good),
    ):
        frames = text.split(",")
        bus = Bus()
        engine(bus)
        bus.answers["7E0 020902"] = ["7E8 " + frames[0]]
        bus.answers["7E0 " + FLOW_CONTROL] = ["7E8 " + text for text in frames[1:]]
        bus.is_awake = True
        assert bus.seconds(40).vin == vin, frames


def test_only_what_the_car_knows_is_asked_and_once_a_second():
    bus = driving()
    bus.seconds(200)
    asked = bus.asked()
    assert asked[0] == "7DF 0100" and asked.count("7DF 0100") == 1
    assert "7E0 015B" not in asked, "it does not say that it knows it"
    assert "7E0 012F" in asked
    seconds = [second for second, _, text in bus.requests if text[0] == "0"]
    assert len(set(seconds)) == len(seconds)
    for request, period_s in (
        ("7E0 010D", 10),
        ("7E0 010C", 10),
        ("7E0 0105", 60),
        ("7E0 01A6", 60),
    ):
        times = [s for s, _, text in bus.requests if text.startswith("02" + request[4:])]
        gaps = [times[n + 1] - times[n] for n in range(len(times) - 1)]
        assert gaps and min(gaps) >= period_s - 1 and max(gaps) <= period_s + 4, (request, gaps)
    assert asked.count("7E0 0902") == 1


def test_the_tank_is_not_asked_where_there_is_a_battery():
    bus = driving({0x5B: "33"})
    bus.seconds(120)
    assert "7E0 012F" not in bus.asked() and bus.state.soc_pct100 == 2000


def test_implausible_values_change_nothing():
    bus = driving()
    bus.data.update({0x0D: "FF", 0x46: "FF", 0xA6: "FFFFFFFF"})
    bus.seconds(120)
    state = bus.state
    assert (state.speed_kmh10, state.ambient_temp_c) == (500, 20) or state.speed_kmh10 == 0
    assert state.ambient_temp_c == 20 and state.odometer_m == 123_456_700
    bus.data.update({0x05: "FF"})
    assert bus.seconds(70).motor_temp_c == 215, "no filler here"


def test_negative_answers():
    """12: never again; 21: the next round; 22: in a minute; 78: wait, it is not the answer."""
    for code, count in ((0x12, 1), (0x31, 1), (0x33, 1), (0x7F, 1), (0x22, 3), (0x21, 13)):
        bus = Bus()
        engine(bus)
        bus.answers["7E0 02010C"] = ["7E8 03 7F 01 %02X" % code]
        bus.is_awake = True
        bus.seconds(130)
        asked = bus.asked().count("7E0 010C")
        assert count - 1 <= asked <= count + 1 and (count > 1 or asked == 1), (hex(code), asked)
        assert bus.state.is_on
    bus = driving()
    bus.answers["7E0 02010D"] = ["7E8 03 7F 01 78"]
    before = bus.state.speed_kmh10
    bus.seconds(10)
    assert bus.state.speed_kmh10 == before
    begun = [second for second, _, text in bus.requests if text.startswith("02010D")][-1]
    late = [second for second, _, text in bus.requests if second > begun]
    assert not late or late[0] - begun >= 5
    bus.hears("7E8 03 41 0D 64")


def test_a_pending_answer_comes_late():
    bus = driving()
    bus.answers["7E0 02010D"] = ["7E8 03 7F 01 78"]
    while bus.asked()[-1] != "7E0 010D" or bus.requests[-1][0] != bus.now_s:
        bus.seconds(1)
    bus.seconds(3)
    bus.hears("7E8 03 7F 01 78")
    bus.seconds(4)
    assert bus.asked()[-1] == "7E0 010D", "nothing else meanwhile"
    bus.hears("7E8 03 41 0D 64")
    assert bus.state.speed_kmh10 == 1000
    count = len(bus.asked())
    bus.seconds(2)
    assert len(bus.asked()) > count


def test_who_only_says_pending_is_not_waited_for_without_end():
    bus = driving()
    bus.answers["7E0 02010D"] = ["7E8 03 7F 01 78"]
    for _ in range(60):
        bus.seconds(1)
        bus.hears("7E8 03 7F 01 78")
    times = [second for second, _, text in bus.requests if text.startswith("02010D")]
    assert 10 <= times[-1] - times[-2] <= 30 or len(times) > 2


def test_two_control_units_answer_for_what_each_knows():
    bus = Bus()
    engine(bus)
    first = bus.answers["7DF 020100"]
    # 5B alone, of the unit 7E2; 00, 20 and 40 lead to it.
    bus.answers["7DF 020100"] = lambda: first() + ["7EA 06 41 00 00 00 00 01"]
    bus.answers["7E2 020120"] = ["7EA 06 41 20 00 00 00 01"]
    bus.answers["7E2 020140"] = ["7EA 06 41 40 00 00 00 20"]
    bus.answers["7E2 02015B"] = ["7EA 03 41 5B CC"]
    bus.answers["7E2 0103"] = ["7EA 04 43 01 0A 1B"]
    bus.is_awake = True
    state = bus.seconds(60)
    assert state.soc_pct100 == 8000 and state.speed_kmh10 == 500
    assert "7E2 015B" in bus.asked() and "7E0 015B" not in bus.asked()
    assert "7E0 012F" not in bus.asked()
    assert bus.car.told == "P0A1B"


def test_an_answer_of_another_unit_or_to_another_question_is_none():
    bus = driving()
    bus.answers["7E0 02010D"] = [
        "7EA 03 41 0D 64",
        "7E8 03 41 0C 64",
        "7E8 03 61 0D 64",
        "7E8 02 41 0D",
    ]
    bus.seconds(20)
    assert bus.state.speed_kmh10 in (500, 0)
    bus.hears("7E8 03 41 0D 64")
    assert bus.state.speed_kmh10 != 1000, "nobody asked"


def test_a_car_that_stands_at_a_traffic_light_is_on():
    bus = driving()
    bus.data.update({0x0C: "0000", 0x0D: "00"})
    state = bus.seconds(300)
    assert state.is_on and state.speed_kmh10 == 0, "its running time grows"


def test_off_is_three_more_questions_and_silence():
    bus = driving()
    switched_off(bus)
    seconds = 0
    while bus.state.is_on:
        bus.seconds(1)
        seconds += 1
    assert seconds <= 36
    off_s = bus.now_s
    assert bus.state.speed_kmh10 == 0 and bus.state.parked_s > 0
    bus.seconds(50)
    assert bus.asked(off_s)[0] == "7E0 01A6" and len(bus.asked(off_s)) <= 3
    bus.is_awake = False
    bus.seconds(1000)
    assert len(bus.asked(off_s)) <= 3 and not bus.state.is_awake
    assert bus.state.odometer_m == 123_456_700


def test_a_car_whose_bus_lives_on_is_asked_less_and_less():
    bus = driving()
    switched_off(bus)
    bus.seconds(60)
    since = bus.now_s
    bus.seconds(6000)
    times = [s for s, to, _ in bus.requests if to == 0x7DF and s > since]
    gaps = [times[n + 1] - times[n] for n in range(len(times) - 1)]
    assert 300 <= gaps[0] <= 400 and min(gaps[1:]) >= 1800
    assert len([1 for s, _, _ in bus.requests if s > since]) < 120


def test_who_does_not_answer_is_left_alone():
    bus = Bus()
    bus.is_awake = True
    bus.seconds(4)
    assert bus.asked() == ["7DF 0100"] * 3
    bus.seconds(5000)
    times = [second for second, _, _ in bus.requests]
    starts = [times[n] for n in range(0, len(times), 3)]
    gaps = [starts[n + 1] - starts[n] for n in range(len(starts) - 1)]
    for gap_s, pause_s in zip(gaps, PAUSES_S):
        assert pause_s <= gap_s <= pause_s + 15, gaps
    assert bus.state.is_awake and not bus.state.is_on


def test_an_engine_that_falls_silent_is_off():
    bus = driving()
    bus.answers.clear()
    asked_s = bus.now_s
    bus.seconds(60)
    assert not bus.state.is_on and len(bus.asked(asked_s + 1)) <= 3
    bus.is_awake = False
    bus.seconds(600)
    assert len(bus.asked(asked_s + 1)) <= 3


def test_few_frames_are_no_life():
    bus = Bus()
    engine(bus)
    bus.is_awake = True
    bus.seconds(100, chatter=(0x0C0, 0x1A5))
    assert not bus.requests and not bus.state.is_awake


def test_its_own_questions_and_answers_are_no_life():
    bus = Bus()
    engine(bus)
    for _ in range(100):
        for _ in range(20):
            bus.hears("7E8 03 41 0D 32")
        bus.seconds(1)
    assert not bus.requests and not bus.state.is_awake


def test_a_supply_that_rises_wakes_what_a_gateway_hides():
    bus = Bus()
    engine(bus)
    bus.state.supply_mv = 12_500
    bus.seconds(60)
    assert not bus.requests
    bus.state.supply_mv = 12_900
    bus.seconds(60)
    assert not bus.requests, "the sun shines on the bonnet"
    bus.state.supply_mv = 14_200
    bus.seconds(30)
    assert bus.state.is_on and bus.state.vin
    assert len(bus.asked()) > 10


def behind_a_gateway(crystal_hz, crystals):
    """What was asked, and what reached the bus, of a port that is silent until it is asked."""
    bench = MCP2515Bench(is_sure=False, crystal_hz=crystal_hz, crystals=crystals)
    bench.model.port.us_per_byte = 50
    bus = Bus(bench=bench)
    engine(bus)
    bus.state.supply_mv = 12_500
    bus.seconds(60)
    assert bus.asked() == [] and bench.seen() == 0
    # Twice: the driver goes off and comes back.
    for _ in range(2):
        bus.state.supply_mv = 14_200
        bus.seconds(120)
        bus.state.supply_mv = 12_500
        bus.seconds(2000)
    return bus.asked(), bench.model


def test_a_silent_port_is_asked_once_by_a_board_that_knows_its_crystal():
    asked, model = behind_a_gateway(8_000_000, 8_000_000)
    assert asked[0] == "7DF 0100" and "7E0 010D" in asked and len(asked) > 20
    assert model.disturbances == 0 and model.transmissions >= len(asked)


def test_with_another_crystal_one_frame_leaves_and_no_more():
    asked, model = behind_a_gateway(16_000_000, 8_000_000)
    assert asked == [] and model.transmissions == model.disturbances == 1


def test_a_board_that_does_not_know_its_crystal_never_asks_a_silent_port():
    for crystals in (None, (8_000_000, 16_000_000)):
        asked, model = behind_a_gateway(8_000_000, crystals)
        assert asked == [] and model.transmissions == model.acks == 0


def test_a_slow_rise_is_a_charger():
    bus = Bus()
    engine(bus)
    for supply_mv in range(12_000, 14_400, 25):
        bus.state.supply_mv = supply_mv
        bus.seconds(1)
    assert not bus.requests


def test_a_low_supply_ends_all_until_it_rises():
    bus = driving()
    for supply_mv, reference_mv in ((11_400, None), (11_900, 13_600)):
        bus = driving()
        bus.state.supply_mv = supply_mv
        bus.state.supply_reference_mv = reference_mv
        since = bus.now_s
        bus.seconds(1000)
        assert len(bus.asked(since + 1)) <= 1
        bus.state.supply_mv = 12_800
        bus.seconds(1000)
        assert len(bus.asked(since + 1)) <= 1, "the alarm is over, and nobody has charged it"
        bus.state.supply_mv = 14_000
        bus.seconds(20)
        assert bus.state.is_on


def test_feature_15_ends_it_at_once():
    bus = driving()
    bus.car.config.set_feature(15, 0)
    since = bus.now_s
    bus.seconds(600)
    assert bus.asked(since + 1) == [] and not bus.state.is_on
    assert bus.state.is_awake, "what it hears tells so"
    bus.car.config.set_feature(15, 1)
    bus.seconds(30)
    assert bus.state.is_on


def test_what_is_heard_changes_seldom():
    """While it is asked the filters are the answers' alone; else it listens a second in ten."""
    bus = driving()
    opens = bus.opens
    bus.seconds(600)
    assert bus.opens == opens and bus.car.RX_IDS == Obd.RX_IDS
    bus = Bus(feature=0)
    bus.is_awake = True
    bus.seconds(600)
    assert 100 < bus.opens < 160
    bus.is_awake = False
    bus.seconds(20)
    opens = bus.opens
    assert bus.car.RX_IDS is None and not bus.state.is_awake
    bus.seconds(600)
    assert bus.opens == opens


def test_a_car_that_is_not_asked_takes_no_answers():
    bus = Bus(feature=0)
    feed(bus.car, "7E8 03 41 0D 32", "7E8 10 14 49 02 01 53 46 5A", "7E8 06 41 A6 00 12 D6 87")
    pass_seconds(bus.car, 2)
    assert bus.state.speed_kmh10 == 0 and bus.state.odometer_m is None
    assert bus.bench.seen() == 0
