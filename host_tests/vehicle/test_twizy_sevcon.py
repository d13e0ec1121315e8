"""CFG in dialogues byte for byte: Twizy facts 7.4, 7.13 and 9.6; Twizy guide 1.2.0."""

from host_tests.shims.expect import run
from host_tests.vehicle.contract import feed
from host_tests.vehicle.sevcon_bench import (
    BUTTON,
    ENTER,
    GO,
    KEY_OFF,
    LEAVE,
    LOGIN,
    RX,
    TX,
    Bench,
    Objects,
    Script,
)
from ovms.parameters import FROM_OWNER
from ovms.vehicle.twizy.sevcon import cfg

KNOWN = LOGIN[2:4][:1] + ((RX, "4F 00 50 01 04 00 00 00"),)
SERIAL = ((TX, "40 18 10 04 00 00 00 00"), (RX, "43 18 10 04 2A 00 00 00"))


def dialogue(*parts):
    """(bench, script) of a car whose controller follows the parts."""
    script = Script(*parts)
    return Bench(script), script


def test_login_and_read():
    bench, script = dialogue(
        LOGIN, ((TX, "40 20 29 01 00 00 00 00"), (RX, "4B 20 29 01 E8 03 00 00"))
    )
    assert bench.cfg("READ 2920 1") == "CFG READ:  SDO 0x2920.01: 0x03E8 = 1000"
    assert not script.lines
    assert bench.car.state.is_controller_logged_in
    assert bench.car.sevcon.type == 80


def test_a_question_writes_nothing_and_reads():
    bench = Bench(Objects({0x292001: 1000, 0x292003: 182}))
    assert bench.cfg("", is_query=True).startswith("CFG commands: SPEED TORQUE")
    for text in ("POWER 50", "RESET", "SPEED 90", "WRITE 2920 3 1000", "PRE", "restore all"):
        assert bench.cfg(text, is_query=True) == (
            "CFG? changes nothing. Without the question mark, CFG does."
        ), text
    assert bench.sent == []
    assert bench.cfg("READ 2920 1", is_query=True) == "CFG READ:  SDO 0x2920.01: 0x03E8 = 1000"
    assert bench.peer.writes == [] and bench.sent


def test_the_login_of_a_trip_counts():
    read = ((TX, "40 14 38 01 00 00 00 00"), (RX, "4B 14 38 01 4C 00 00 00"))
    bench, script = dialogue(LOGIN, read, KNOWN, read)
    bench.cfg("read 3814 1")
    assert bench.cfg("read 3814 1") == "CFG READ:  SDO 0x3814.01: 0x004C = 76"
    assert not script.lines


def test_pre_and_op():
    bench, script = dialogue(LOGIN, ENTER, KNOWN, LEAVE)
    assert bench.cfg("PRE") == "CFG PRE: OK"
    assert bench.car.state.is_controller_configuring
    assert bench.car.sevcon.presses == -1
    assert bench.cfg("OP") == "CFG OP: OK"
    assert not bench.car.state.is_controller_configuring
    assert not script.lines


def test_write_shows_the_old_value():
    bench, script = dialogue(
        LOGIN,
        ((TX, "40 20 29 02 00 00 00 00"), (RX, "4B 20 29 02 F4 01 00 00")),
        SERIAL,
        ((TX, "22 20 29 02 58 02 00 00"), (RX, "60 20 29 02 00 00 00 00")),
    )
    reply = bench.cfg("WRITE 2920 2 600")
    assert reply == "CFG WRITE: OLD: SDO 0x2920.02: 0x01F4 = 500 => NEW: 600"
    assert not script.lines
    assert bench.store.saves == 2


def test_refused_write_says_why():
    bench, script = dialogue(
        LOGIN,
        ((TX, "40 20 29 05 00 00 00 00"), (RX, "4B 20 29 05 52 1C 00 00")),
        SERIAL,
        ((TX, "22 20 29 05 E8 FD 00 00"), (RX, "80 20 29 05 00 00 00 08")),
        ((TX, "40 10 53 00 00 00 00 00"), (RX, "4F 10 53 00 0B 00 00 00")),
    )
    assert bench.cfg("WRITE 2920 5 65000") == (
        "CFG WRITE: OLD: SDO 0x2920.05: 0x1C52 = 7250ERROR 0008 SDO ABORT 0x2920.05: 0x0800000B"
    )
    assert not script.lines


def test_not_in_stop():
    bench, script = dialogue(LOGIN, ENTER[:2])
    feed(bench.car, GO)
    assert bench.cfg("PRE") == "CFG PRE: ERROR 0020 NOT IN STOP SDO 0x5110.00: 0x0005"
    assert not script.lines


def test_rolling_is_not_in_stop():
    bench, _ = dialogue(LOGIN, ENTER[:2])
    feed(bench.car, "599 00 00 04 B8 FF 49 00 64")
    assert bench.cfg("SPEED 90") == "CFG SPEED: ERROR 0020 NOT IN STOP SDO 0x5110.00: 0x0005"


def test_in_a_gear_is_not_in_stop():
    for gear in ("80", "08"):
        bench, _ = dialogue(LOGIN, ENTER[:2])
        feed(bench.car, "59B %s 04 65 00 64 72 00 90" % gear)
        assert bench.cfg("PRE").startswith("CFG PRE: ERROR 0020")


def test_a_controller_that_stays_operational():
    stays = ((TX, "40 10 51 00 00 00 00 00"), (RX, "4F 10 51 00 05 00 00 00"))
    bench, script = dialogue(
        LOGIN, ENTER[:4], stays * 5, ((TX, LEAVE[0][1]), (RX, "60 00 28 00 00 00 00 00"))
    )
    assert bench.cfg("PRE") == "CFG PRE: ERROR 0020 NOT IN STOP SDO 0x5110.00: 0x0005"
    assert not script.lines


def test_speed_writes_of_the_guide_era():
    """Values of Twizy facts 9.6, `T80 RT3.0 SPEED 100 110`, brake-down limited as documented."""
    keys = ["2029 05", "1338 33", "1338 35", "1338 3B", "1338 34", "1338 3C", "1146 12", "1146 11"]
    values = ["6623", "F624", "8626", "4828", "DD26", "B724", "6623", "DA00"]
    steps = [(TX, "40 76 60 00 00 00 00 00"), (RX, "43 76 60 00 D8 D6 00 00")]
    for key in keys:
        mux = " ".join((key[0:2], key[2:4], key[5:7]))
        steps += [(TX, "40 %s 00 00 00 00" % mux), (RX, "4B %s 01 00 00 00" % mux)]
    steps += SERIAL
    for key, value in zip(keys, values):
        mux = " ".join((key[0:2], key[2:4], key[5:7]))
        number = value[0:2] + " " + value[2:4]
        steps += [(TX, "22 %s %s 00 00" % (mux, number)), (RX, "60 %s 00 00 00 00" % mux)]
    steps += [(TX, "22 41 46 01 01 00 00 00"), (RX, "60 41 46 01 00 00 00 00")]
    steps += [(TX, "40 20 29 05 00 00 00 00"), (RX, "4B 20 29 05 66 23 00 00")]
    steps += [(TX, "40 13 38 3C 00 00 00 00"), (RX, "4B 13 38 3C B7 24 00 00")]
    bench, script = dialogue(LOGIN, ENTER, steps, LEAVE)
    reply = bench.cfg("SPEED 100 110")
    assert reply == "CFG SPEED: OK, power cycle to activate! fwd=9062 wrn=9399"
    assert not script.lines


def test_read_only_bus():
    bench = Bench(Script(), {15: 0})
    assert bench.cfg("SPEED") == "Error: CAN bus in read only mode"
    assert bench.cfg("NONSENSE") == "Error: CAN bus in read only mode"
    assert not bench.sent


def test_bus_that_takes_nothing():
    bench = Bench(Script())
    bench.is_refusing = True
    assert bench.cfg("READ 2920 1") == "CFG READ: ERROR 0041 NO CANWRITE SDO 0x0000.00: 0x0000"


def test_offline():
    bench = Bench(Script(), is_awake=False)
    assert bench.cfg("OP") == "CFG OP: ERROR 000B SEVCON OFFLINE SDO 0x0000.00: 0x0000"
    bench = Bench(Script())
    feed(bench.car, KEY_OFF)
    assert bench.cfg("RECUP 50").startswith("CFG RECUP: ERROR 000B SEVCON OFFLINE")
    assert not bench.sent


def test_no_answer():
    """Three tries with an abort behind each, 200 ms apart."""
    tries = ((TX, LOGIN[0][1]), (TX, "80 18 10 02 00 00 04 05")) * 3
    bench, script = dialogue(tries)
    assert bench.cfg("OP") == "CFG OP: ERROR 0043 SDO ABORT 0x1018.02: 0x05040000"
    assert not script.lines
    assert 600 <= bench.now_ms <= 700
    assert not bench.car.sevcon.is_busy


def test_login_refused():
    bench, _ = dialogue(LOGIN[:8], ((TX, LOGIN[8][1]), (RX, "4F 00 50 01 00 00 00 00")))
    reply = bench.cfg("POWER 80")
    assert reply == "CFG POWER: LOGIN FAILED ERROR 0010 SDO 0x5000.01: 0x0000"
    bench, _ = dialogue(LOGIN[:6], ((TX, LOGIN[6][1]), (TX, "80 00 50 02 00 00 04 05")) * 3)
    reply = bench.cfg("POWER 80")
    assert reply == "CFG POWER: LOGIN FAILED ERROR 0019 SDO ABORT 0x5000.02: 0x05040000"


def test_unknown_hardware_gets_no_password():
    for text in ("POWER 80", "WRITE 2920 1 800", "PRE", "OP", "RESTORE"):
        bench, script = dialogue(((TX, LOGIN[0][1]), (RX, "43 18 10 02 00 00 12 07")))
        reply = bench.cfg(text)
        assert reply.endswith(": ERROR 0040 SDO 0x1018.02: 0x07120000"), reply
        assert not script.lines
        bench.seconds(60)
        assert len(bench.sent) == 1, "and is left alone"


def test_unknown_hardware_can_be_read():
    """Without a login, so nothing is written to it; also one that does not tell its product."""
    read = ((TX, "40 08 30 02 00 00 00 00"), (RX, "4B 08 30 02 39 05 00 00"))
    for answer in ("43 18 10 02 00 00 12 07", "80 18 10 02 00 00 02 06"):
        bench, script = dialogue(((TX, LOGIN[0][1]), (RX, answer)), read)
        assert bench.cfg("READ 3008 2") == "CFG READ:  SDO 0x3008.02: 0x0539 = 1337"
        assert not script.lines
        bench.seconds(60)
        assert len(bench.sent) == 2, "and is left alone"


TYPE_45 = ((TX, LOGIN[0][1]), (RX, "43 18 10 02 1B 30 12 07"))


def test_type_45_refuses_what_is_meant_for_a_twizy_80():
    """Known after the login, so before any write; from then on before any frame."""
    bench, script = dialogue(TYPE_45, LOGIN[2:])
    assert bench.cfg("SPEED 80") == "CFG SPEED: ERROR 0031 (Twizy 45)"
    assert bench.car.sevcon.type == 45
    assert not script.lines
    assert bench.cfg("SPEED 45 78") == "CFG SPEED: ERROR 0032 (Twizy 45)"
    script.lines += KNOWN + ((TX, "40 20 29 01 00 00 00 00"), (RX, "4B 20 29 01 E8 03 00 00"))
    assert bench.cfg("READ 2920 1") == "CFG READ:  SDO 0x2920.01: 0x03E8 = 1000"
    assert not script.lines


def test_long_objects_cannot_be_read():
    bench, script = dialogue(
        LOGIN,
        (
            (TX, "40 08 10 00 00 00 00 00"),
            (RX, "41 08 10 00 27 00 00 00"),
            (TX, "80 08 10 00 05 00 04 05"),
        ),
    )
    assert bench.cfg("READ 1008 0") == "CFG READ: ERROR 0004 SDO ABORT 0x1008.00: 0x05040005"
    assert not script.lines


def test_foreign_and_late_answers():
    bench, _ = dialogue(
        LOGIN,
        (
            (TX, "40 20 29 01 00 00 00 00"),
            (RX, "4B 20 29 02 11 11 00 00"),
            (RX, "60 20 29 01 00 00 00 00"),
            (RX, "80 00 50 01 00 00 00 08"),
            (RX, "4B 20 29 01 E8 03 00 00"),
        ),
    )
    assert bench.cfg("READ 2920 1") == "CFG READ:  SDO 0x2920.01: 0x03E8 = 1000"


def test_wrong_words():
    bench = Bench(Script())
    for text, reply in (
        ("LOAD 1", "CFG LOAD: Unknown command"),
        ("speeds", "CFG SPEEDS: Unknown command"),
        ("READ 2920", "CFG READ: ERROR: Too few args"),
        ("WRITE 2920 1", "CFG WRITE: ERROR: Too few args"),
        ("READ 29G0 1", "CFG READ: ERROR 0031"),
        ("READ 12920 1", "CFG READ: ERROR 0031"),
        ("READ 2920 100", "CFG READ: ERROR 0032"),
        ("WRITE 2920 1 -5", "CFG WRITE: ERROR 0033"),
        ("WRITE 2920 1 4294967296", "CFG WRITE: ERROR 0033"),
        ("SPEED 5", "CFG SPEED: ERROR 0031"),
        ("SPEED 112", "CFG SPEED: ERROR 0031"),
        ("SPEED 80 x", "CFG SPEED: ERROR 0032"),
        ("TORQUE 101", "CFG TORQUE: ERROR 0031"),
        ("TORQUE 9", "CFG TORQUE: ERROR 0031"),
        ("POWER fast", "CFG POWER: ERROR 0031"),
        ("RECUP 10 101", "CFG RECUP: ERROR 0032"),
        ("TSMAP X 50", "CFG TSMAP: ERROR 0031 IN MAP X"),
        ("TSMAP NB 50 0", "CFG TSMAP: ERROR 0033 IN MAP N"),
        ("TSMAP B 1 2 3 101", "CFG TSMAP: ERROR 0035 IN MAP B"),
        ("RAMPS 0", "CFG RAMPS: ERROR 0031"),
        ("RAMPS 1 1 0 0 101", "CFG RAMPS: ERROR 0035"),
        ("SMOOTH 101", "CFG SMOOTH: ERROR 0031"),
        ("BRAKELIGHT 10 20", "CFG BRAKELIGHT: ERROR 0033"),
        ("BRAKELIGHT 10 20 30", "CFG BRAKELIGHT: ERROR 0033"),
        ("RESTORE SOME", "CFG RESTORE: ERROR 0031"),
    ):
        assert bench.cfg(text) == reply
    assert not bench.sent


def test_the_list_of_commands():
    """`CFG` and `CFG?`, whatever is behind the question; READ only reads anyway."""
    for features in ({15: 0}, {15: 1}):
        bench = Bench(Script(), features)
        text = bench.cfg("")
        for word in ("SPEED", "TORQUE", "TSMAP", "BRAKELIGHT", "RESET", "WRITE", "RESTORE"):
            assert " %s" % word in text
        assert len(text) <= 160
        assert run(cfg.execute(bench.car, [], FROM_OWNER, True), 20000) == text
        for words in (["RESET"], ["POWER", "50"], ["WRITE", "2920", "1", "5"], ["NONSENSE"]):
            reply = run(cfg.execute(bench.car, words, FROM_OWNER, True), 20000)
            assert "changes nothing" in reply
        assert not bench.sent
    bench, script = dialogue(
        LOGIN, ((TX, "40 20 29 01 00 00 00 00"), (RX, "4B 20 29 01 E8 03 00 00"))
    )
    reply = run(cfg.execute(bench.car, ["read", "2920", "1"], FROM_OWNER, True), 20000)
    assert reply == "CFG READ:  SDO 0x2920.01: 0x03E8 = 1000"


def test_handlers_take_no_heap():
    from host_tests.shims.expect import allocates

    bench = Bench(Script())
    on_frame = bench.car.on_frame
    data = bytearray(b"\x4b\x20\x29\x01\xe8\x03\x00\x00")

    def many():
        for _ in range(20):
            on_frame(0x581, data, 8)
            on_frame(0x081, data, 8)
            on_frame(0x701, data, 1)

    assert not allocates(many)
    assert bench.car.sevcon.nmt_state == 0x4B


def test_button_counter():
    bench = Bench(Script())
    sevcon = bench.car.sevcon
    feed(bench.car, BUTTON)
    bench.now_ms += 700
    feed(bench.car, "081 00 10 11 8E 48 00 00 00")
    assert sevcon.presses == 2, "both registers that cars show"
    feed(bench.car, "081 00 00 00 00 00 00 00 00", "081 00 10 02 8E 48 00 00 00")
    assert sevcon.presses == 2
    feed(bench.car, GO, BUTTON)
    assert sevcon.presses == 2, "in GO it is no button"
