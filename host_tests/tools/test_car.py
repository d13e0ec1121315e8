"""`make car`: what it makes is what is committed, and each mistake is a sentence with a line."""

import subprocess
import sys

import cantools
import pytest

from host_tests.vehicle.contract import build, pass_seconds, snapshot
from host_tests.vehicle.table_cars import TABLE_CARS
from tools.car import compiler, mapping, writer
from tools.car.__main__ import main, maps, text_of
from tools.vm import ROOT

HEAD = ",".join(mapping.COLUMNS)
DBC = """VERSION ""

NS_ :

BS_:

BU_: CAR

BO_ 256 MOTION: 8 CAR
 SG_ Speed : 7|16@0+ (0.1,0) [0|0] "" CAR
 SG_ Key : 16|2@1+ (1,0) [0|0] "" CAR
 SG_ Page M : 24|8@1+ (1,0) [0|0] "" CAR
 SG_ Heat m1 : 32|8@1- (1,0) [0|0] "" CAR
 SG_ Count m2 : 32|8@1+ (1,0) [0|0] "" CAR
 SG_ Wide : 40|24@1+ (1,0) [0|0] "" CAR

BO_ 2147483904 LONG: 8 CAR
 SG_ Far : 0|8@1+ (1,0) [0|0] "" CAR

BA_DEF_ "BusSpeed" INT 0 1000000;
BA_DEF_DEF_ "BusSpeed" 500000;
BA_ "BusSpeed" 250000;
"""
GOOD = (
    "0x100,Key,flag,in.on,2..3,",
    "*,*,absent,charge,,",
    "*,*,silence,in.on,s=10,",
)


def written(folder, *rows, dbc=DBC):
    (folder / "car.dbc").write_text(dbc)
    lines = [HEAD, *(f"XY,car.dbc,{row},S," for row in rows)]
    (folder / "map.csv").write_text("\n".join(lines) + "\n")
    return folder / "map.csv"


def complaint(folder, *rows, dbc=DBC):
    with pytest.raises(mapping.CarError) as raised:
        text_of(written(folder, *rows, dbc=dbc))
    text = str(raised.value)
    assert "\n" not in text and text.endswith("."), text
    return text.removeprefix(str(folder) + "/")


def made(folder, *rows, dbc=DBC):
    """A car of a mapping, with what reads its frames."""
    namespace = {}
    exec(text_of(written(folder, *rows, dbc=dbc)), namespace)  # noqa: S102 - our own text
    name = "".join(word.capitalize() for word in folder.name.split("_"))
    return build(namespace[name])


def test_what_is_committed_is_what_the_compiler_makes():
    assert len(maps()) == len(TABLE_CARS)
    for file in maps():
        assert (file.parent / "car.py").read_text("utf-8") == text_of(file), file.parent.name


def test_no_object_is_larger_than_a_full_heap_has_room_for():
    for file in maps():
        table = compiler.compile_table(mapping.load(file))
        for piece in (*table.records, table.groups, table.holds, table.silences):
            assert len(piece) <= 400
        assert 4 * len(table.numbers) <= 400, file


@pytest.mark.parametrize(
    "row, sentence",
    [
        ("0x101,Key,flag,in.on,1,", "map.csv:5: car.dbc has no frame 101."),
        ("0x100,Kay,flag,in.on,1,", "map.csv:5: frame 100 has no signal 'Kay', only "),
        ("0x80000100,Far,flag,in.on,1,", "map.csv:5: car.dbc has no frame 80000100."),
        ("0x100,Far,flag,in.on,1,", "has no signal 'Far'"),
        ("100h,Key,flag,in.on,1,", "map.csv:5: '100h' is no hexadecimal id and no *."),
        ("0x100,Key,flog,in.on,1,", "map.csv:5: there is no rule 'flog': choose num, "),
        ("0x100,Key,flag,in.off,1,", "map.csv:5: there is no input in.off: choose in.on"),
        ("0x100,Key,flag,is_onn,1,", "map.csv:5: the state has no value 'is_onn'"),
        ("0x100,Key,flag,open_doors,1,", "wants a place behind a dot."),
        ("0x100,Key,flag,open_doors.6,1,", "the places are 0 to 5."),
        ("0x100,Key,flag,is_on,x,", "map.csv:5: what is true 'x' is no number"),
        ("0x100,Key,flag,is_on,1;thouch,", "the rule flag does not know 'thouch'."),
        ("0x100,Speed,num,speed_kmh10,1/1,", "say in valid_raw which raw values are real"),
        ("0x100,Speed,num,speed_kmh10,1/0,0..9", "'1/0' is no scale"),
        ("0x100,Speed,num,speed_kmh10,99999/1,0..65535", "which is beyond 30 bits."),
        ("0x100,Speed,num,speed_kmh10,1/1,0..99999", "beyond the 16 bits of Speed."),
        ("0x100,Speed,num,speed_kmh10,1/1,9..1", "ends before it begins."),
        ("0x100,Speed,num,speed_kmh10,1/1;age=years,0..9", "there is no age years"),
        ("0x100,Speed,num,speed_kmh10,1/1;if=Key=4,0..9", "'Key=4' is never true."),
        ("0x100,Speed,num,speed_kmh10,1/1;if=Key,0..9", "'Key' compares with nothing."),
        ("0x100,Key,enum,in.charger,1=wild,", "'1=wild' is no pair like 2=4 (values: idle"),
        ("0x100,Key,latch,is_locked,lock,1", "latch wants set or clear"),
        ("0x100,Heat,mean,battery_temp_c,1/1;n=1,", "mean wants n=2 to n=255"),
        ("0x100,Heat,sum,trip_m,1/1;reset=drive,", "sum wants an unsigned counter"),
        ("0x100,Key,text,vin,at=0,", "'Key' is no row of whole bytes."),
        ("0x100,Key,hold,in.on,on=Key>1,", "a hold wants on=... and off=...."),
        ("0x100,Key,hold,in.on,on=Key>1 and Key<3 or Key=1; off=Key=0,", "do not go together"),
        ("0x100,Key,hold,is_locked,on=Key>1; off=Key=0,", "a hold sets an input"),
        ("0x100,*,silence,in.quick,s=10,", "no row fills in.quick."),
        ("0x100,*,silence,in.on,s=999,", "silence wants s=2 to s=250."),
        ("*,*,silence,in.on,s=9,", "map.csv: one row with the rule silence and the frame *"),
        ("*,*,absent,drive,,", "map.csv:5: drive is absent, but some row feeds it."),
        ("*,*,set,full_soc,20,", "full_soc is a number from 50 to 100."),
        ("*,*,like,none.csv,,", "map.csv:5: there is no mapping 'none.csv' to take over."),
        ("*,*,like,map.csv,,", "map.csv:5: 'map.csv' takes over a mapping itself."),
        ("0x100,Key,flag", "map.csv:5: 7 columns instead of 10"),
    ],
)
def test_each_mistake_is_a_sentence_with_file_and_line(tmp_path, row, sentence):
    assert sentence in complaint(tmp_path, *GOOD, row)


def test_rows_that_are_taken_over_keep_their_own_file_and_line(tmp_path):
    (tmp_path / "common.csv").write_text(f"{HEAD}\nZZ,other.dbc,0x100,Kay,flag,is_on,1,,S,\n")
    assert "common.csv:2: frame 100 has no signal 'Kay'" in complaint(
        tmp_path, *GOOD, "*,*,like,common.csv,,"
    )


def test_what_is_missing_is_told(tmp_path):
    assert "nothing feeds in.on" in complaint(tmp_path, *GOOD[1:2], "*,*,silence,,s=9,")
    assert "nothing feeds in.charging or" in complaint(tmp_path, GOOD[0], GOOD[2])
    assert "silence and the frame *" in complaint(tmp_path, *GOOD[:2])


@pytest.mark.parametrize(
    "old, new, sentence",
    [
        ("Key : 16|2", "Key : 15|2", "car.dbc:11: The signals Key and Speed are overlapping"),
        ("BS_:", "BS_: ?", "car.dbc:5: "),
        ('"BusSpeed" 250000', '"BusSpeed" 33300', "BusSpeed is 33300, and has to be one of"),
    ],
)
def test_mistakes_of_a_dbc_file(tmp_path, old, new, sentence):
    assert sentence in complaint(tmp_path, *GOOD, dbc=DBC.replace(old, new))


def test_a_missing_file_is_a_sentence(tmp_path):
    (tmp_path / "map.csv").write_text(f"{HEAD}\nXY,none.dbc,*,*,absent,charge,,,S,\n")
    for arguments in ([str(tmp_path / "map.csv")], [str(tmp_path / "no.csv")]):
        done = subprocess.run(
            [sys.executable, "-m", "tools.car", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert done.stderr.endswith("No such file or directory.\n"), done.stderr
        assert done.stderr.count("\n") == 1


def test_check_writes_nothing(tmp_path, capsys):
    file = written(tmp_path, *GOOD)
    assert main([str(file), "--check"]) == 1 and not (tmp_path / "car.py").exists()
    assert main([str(file)]) == 0 and main([str(file), "--check"]) == 0
    assert "differs" in capsys.readouterr().out


def test_rules_that_no_car_has(tmp_path):
    """A counter on a page, and a mean; latch, hold and the rest are tested with real cars."""
    car = made(
        tmp_path,
        *GOOD,
        "0x100,Count,sum,trip_m,10/3;reset=drive,",
        "0x100,Heat,mean,motor_temp_c,1/1-3;n=2,",
    )
    state = car.state

    def hears(page, value, key=2):
        car.on_frame(0x100, bytearray((0, 0, key, page, value & 0xFF, 0, 0, 0)), 8)
        pass_seconds(car, 1)

    hears(2, 250)
    assert state.trip_m == 0, "the first one only begins"
    hears(2, 253)
    assert state.trip_m == 10
    hears(2, 5)
    assert state.trip_m == 36, "3 and 8 counts, over the wrap"
    hears(1, -10)
    assert state.motor_temp_c is None
    hears(1, -20)
    assert state.motor_temp_c == -18
    hears(2, 5, key=0)
    assert not state.is_on and state.trip_m == 36
    hears(2, 5)
    hears(2, 8)
    assert state.is_on and state.trip_m == 10, "a drive begins the sum anew"
    pass_seconds(car, 20)
    hears(2, 100)
    hears(2, 100)
    assert state.trip_m == 0, "what it counted in silence is not known; the drive is a new one"


def payload_bits(signal, raw):
    """The eight bytes of a frame with one raw value, by cantools and not by us."""
    plain = cantools.database.can.Signal(
        signal.name,
        signal.start,
        signal.length,
        signal.byte_order,
        is_signed=signal.is_signed,
    )
    message = cantools.database.can.Message(frame_id=1, name="M", length=8, signals=[plain])
    return message.encode({signal.name: raw}, scaling=False, strict=False)


def test_every_signal_of_every_car_is_read_as_cantools_reads_it():
    """Raw values at the edges and between, in frames that cantools made of the DBC file."""
    read = 0
    for file in maps():
        loaded = mapping.load(file)
        car_class = next(
            c for c, _ in TABLE_CARS if c.__module__.endswith(file.parent.name + ".car")
        )
        for row in loaded.rows:
            if row.rule != "num" or "if=" in row.arguments:
                continue
            signal = mapping.find_signal(loaded, row, row.signal)
            found = compiler._SCALE.fullmatch(row.options()[0])
            scale, divisor, added = int(found[1]), int(found[2]), int(found[3] or 0)
            low, high = mapping.range_of(row, row.valid_raw, "")
            for raw in {low, high, (low + high) // 2, (low * 2 + high) // 3}:
                car = build(car_class)
                data = bytearray(payload_bits(signal, raw))
                if signal.multiplexer_ids:
                    switch = mapping.find_signal(loaded, row, signal.multiplexer_signal)
                    page = payload_bits(switch, signal.multiplexer_ids[0])
                    data = bytearray(a | b for a, b in zip(data, page))
                before = snapshot(car.state)
                if getattr(car, "POLLS", b""):
                    # An answer, of which the length stands in front.
                    car.read_answer(row.frame, data[1:], 7)
                else:
                    car.on_frame(row.frame, data, 8)
                name, _, place = row.target.partition(".")
                value = getattr(car.state, name)
                value = value[int(place)] if place else value
                assert value is not None, (file, row.line, raw)
                assert abs(value - (raw * scale / divisor + added)) <= 0.5, (file, row.line, raw)
                assert before != snapshot(car.state) or value == 0
                read += 1
    assert read > 250


def test_values_that_are_not_valid_change_nothing():
    for file in maps():
        loaded = mapping.load(file)
        car_class = next(
            c for c, _ in TABLE_CARS if c.__module__.endswith(file.parent.name + ".car")
        )
        for row in loaded.rows:
            if row.rule != "num":
                continue
            low, high = mapping.range_of(row, row.valid_raw, "")
            signal = mapping.find_signal(loaded, row, row.signal)
            most = (1 << (signal.length - signal.is_signed)) - 1
            if high == most:
                continue
            car = build(car_class)
            before = getattr(car.state, row.target.partition(".")[0])
            car.on_frame(row.frame, bytearray(payload_bits(signal, most)), 8)
            assert getattr(car.state, row.target.partition(".")[0]) == before


def test_the_text_is_in_the_format_of_the_house():
    text = writer.module_text(
        compiler.compile_table(mapping.load(maps()[0])), mapping.load(maps()[0]), "x_y"
    )
    assert "class XY(TableCar):" in text and max(map(len, text.splitlines())) <= 99
