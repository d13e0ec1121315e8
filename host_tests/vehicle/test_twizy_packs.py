"""Batteries that are not the Twizy's own: other numbers of cells and sensors, gaps."""

from host_tests.fixtures.twizy_battery import SET_A, SET_C
from host_tests.fixtures.twizy_battery import frames as own_frames
from host_tests.shims.expect import run
from host_tests.vehicle.contract import build, feed, pass_seconds
from ovms.vehicle.base import EVENT_BATTERY
from ovms.vehicle.twizy import battery_texts
from ovms.vehicle.twizy.car import Twizy

AWAKE = "597 00 95 21 41 29 00 01 35"


def packed(values):
    """Twelve-bit values, packed as the frames have them, as hexadecimal text."""
    bits = "".join(["%03X" % value for value in values])
    # AA Ab BB CC Cd DD: two values in three bytes.
    return " ".join([bits[i : i + 2] for i in range(0, len(bits), 2)])


def frames(cells, temps, extra=None, filler=0):
    """A set of a pack with these millivolts and degrees; extra: bytes 0 and 1 of 700, or None."""
    raw = [mv // 5 for mv in cells]
    last = raw[14:]
    raw = raw[:14] + [filler] * (14 - len(raw))
    temps = [c + 40 for c in temps] + [filler & 0xFF] * (8 - len(temps))
    texts = [
        "554 " + " ".join(["%02X" % temp for temp in temps]),
        "556 " + packed(raw[0:4]) + " " + packed((raw[4], 0))[:5],
        "557 " + packed(raw[5:9]) + " " + packed((raw[9], 0))[:5],
        "55E " + packed(raw[10:14]) + " 00 D5",
        "55F 00 FE 73 00 00 23 E2 3E",
    ]
    if extra:
        last = last + [0] * (2 - len(last))
        texts.append("700 " + extra + " " + packed(last) + " 00 00 00")
    return texts


def awake():
    car = build(Twizy)
    car.events = []
    car.records = []
    car.on_event = car.events.append
    car.on_record = lambda *record: car.records.append(record)
    feed(car, AWAKE)
    pass_seconds(car, 1)
    return car


def see(car, texts, count=4):
    for _ in range(count):
        feed(car, *texts)
        pass_seconds(car, 1)
    return car


def batt(car, text=""):
    return battery_texts.reply(car, text.split(), False)


def level(count, mv=4105):
    return [mv] * count


def test_three_sensors():
    for filler in (0, 0xFFF):
        car = see(awake(), frames(level(14), (21, 23, 22), None, filler))
        assert batt(car) == "Volts: SD:5mV OK Temps: SD:1C OK (3 of 7 sensors) "
        assert batt(car, "T") == "P:22C (21C..23C) 1:21C 2:23C 3:22C (3 of 7 sensors) "
        assert batt(car, "TD") == "SD:1C 1:-1C 2:+1C 3:+0C (3 of 7 sensors) "
        assert car.state.battery_temp_c == 22 and car.state.temps_age_s == 1
        see(car, frames(level(14), (21, 29, 22), None, filler), 1)
        assert car.events == [EVENT_BATTERY] and "!M2:+5C" in batt(car)


def test_twelve_thirteen_and_ten_cells():
    for count in (12, 13, 11):
        for filler in (0, 0xF00, 0xFFF):
            car = see(awake(), frames(level(count), (20,) * 7, None, filler))
            end = "(%d of 14 cells) " % count
            assert batt(car) == "Volts: SD:5mV OK %sTemps: SD:1C OK " % end
            assert batt(car, "V").count("4.105V") == count
            assert batt(car, "VD").endswith(" %d:+0mV %s" % (count, end))
            cells = level(count)
            cells[count - 1] -= 90
            see(car, frames(cells, (20,) * 7, None, filler), 1)
            assert car.events == [EVENT_BATTERY] and "!C%d:-" % count in batt(car)


def test_sixteen_and_fifteen_cells():
    for count in (16, 15):
        car = see(awake(), frames(level(count), (20,) * 8, "00 00"))
        assert batt(car).startswith(
            "Volts: SD:5mV OK (%d cells) Temps: SD:1C OK (8 sensors) " % count
        )
        cells = level(count)
        cells[count - 1] += 70
        see(car, frames(cells, (20,) * 8, "00 00"), 1)
        assert "!C%d:+" % count in batt(car), batt(car)
        assert car.events == [EVENT_BATTERY]
        assert not car.battery.cells.alerts & car.battery.cells.flag or "!SD" in batt(car)


def test_cells_of_700_are_of_the_same_moment_as_the_others():
    """Under load all cells sag: those of 700 must not be compared with others a second older."""
    car = see(awake(), frames(level(16), (20,) * 7, "00 00"))
    sagging = frames(level(16, 3700), (20,) * 7, "00 00")
    feed(car, *sagging[:5])
    pass_seconds(car, 1)
    feed(car, sagging[5])
    pass_seconds(car, 1)
    assert not car.events
    see(car, sagging)
    assert not car.events and batt(car).startswith("Volts: SD:5mV OK (16")


def test_when_700_ends_the_rest_is_judged():
    car = see(awake(), frames(level(16), (20,) * 7, "00 00"))
    see(car, own_frames(SET_A), 12)
    assert batt(car) == "Volts: SD:5mV ?C1:+10mV Temps: SD:1C OK "


def test_temperatures_and_700_alone_are_no_set():
    """What 700 told is forgotten with it: the cells that nobody told are not judged."""
    texts = frames(level(16), (20,) * 7, "00 00")
    for then in (texts[:1], [texts[0], texts[5]]):
        car = see(awake(), [texts[0], texts[5]])
        see(car, then, 12)
        assert not car.battery.cells.mask and car.battery.pack_min_mv is None and not car.events
    see(car, own_frames(SET_A), 12)
    assert batt(car) == "Volts: SD:5mV ?C1:+10mV Temps: SD:1C OK "


def test_an_edriver_has_three_sensors_and_its_own_electronics_behind_them():
    car = see(awake(), frames(level(14), (20, 21, 20, 58), "04 20"), 6)
    assert batt(car).endswith("Temps: SD:1C OK (3 of 7 sensors) ")
    assert car.state.battery_temp_c == 20
    assert not car.events


def test_cells_without_temperatures_and_the_other_way_round():
    texts = frames(level(14), ())
    car = see(awake(), texts[1:4] + texts[4:] + texts[1:2])
    assert batt(car) == "Volts: SD:5mV OK Temps: no temperatures "
    assert batt(car, "T") == "no temperatures "
    assert batt(car, "V").startswith("P:57.40V 1:4.105V")
    car = see(awake(), ["554 FF" + " 00" * 7] + texts[1:2] + texts[2:] + texts[1:2])
    assert batt(car) == "Volts: SD:5mV OK Temps: no temperatures "
    cells = list(SET_C[1])
    see(car, ["554 FF" + " 00" * 7] + frames(cells, ())[2:] + frames(cells, ())[1:2], 1)
    assert car.events == [EVENT_BATTERY] and "!C5:-150mV" in batt(car)
    car = see(awake(), own_frames(SET_A)[:1], 8)
    assert batt(car) == "Volts: no cell voltages Temps: SD:1C OK "
    assert batt(car, "V") == "no cell voltages "
    see(car, own_frames(SET_C)[:1], 1)
    assert car.events == [EVENT_BATTERY] and "!M2:+4C" in batt(car)
    assert car.records and car.records[0][0] == "RT-PWR-BattPack"


def test_a_cell_that_falls_silent_is_named_and_the_others_go_on():
    car = see(awake(), frames(level(14), (20,) * 7))
    cells = level(14)
    cells[8] = 0
    cells[1] -= 60
    temps = [20] * 7
    temps[3] = -40
    see(car, frames(cells, temps), 2)
    assert batt(car) == "Volts: SD:5mV OK Temps: SD:1C OK ", "a moment's filler"
    see(car, frames(cells, temps), 2)
    text = batt(car)
    assert "!C2:-55mV" in text and "(13 of 14 cells, not C9) " in text, text
    assert "(6 of 7 sensors, not M4) " in text
    assert car.state.temps_age_s == 1, "six are told"
    assert " 9:" not in batt(car, "V") and " 10:4.105V" in batt(car, "V")
    assert "4:" not in batt(car, "T")


def test_records_have_no_empty_field_and_no_invented_one():
    for texts in (
        frames(level(12), (21, 23, 22)),
        frames(level(16), (21,) * 8, "00 00"),
        own_frames(SET_A)[:1],
        frames(level(14), ())[1:] + frames(level(14), ())[1:2],
    ):
        car = see(awake(), texts, 8)
        del car.records[:]
        run(car.command(206, ""))
        assert len(car.records) == 1 + (car.battery.cells.size if car.battery.cells.mask else 0)
        for _, _, _, data in car.records:
            assert "" not in data.split(",") and "None" not in data
        fields = car.records[0][3].split(",")
        assert int(fields[0]) == (car.battery.cells.size if car.battery.cells.mask else 0)
    car = see(awake(), frames(level(12), (21, 23, 22)))
    del car.records[:]
    run(car.command(206, ""))
    assert car.records[1][3] == "1,1,1,4105,4105,4105,0,21,21,21,-1"
    assert car.records[12][3] == "1,1,0,4105,4105,4105,0,0,0,0,0", "no sensor at cell 12"
