"""The SMS loop against a fake modem, and the cutting of replies into parts."""

import asyncio

from host_tests.services.sms_bench import OWNER, PASSWORD, STRANGER, Bench, FakeModem
from host_tests.shims.expect import run
from ovms.protocol import sms_text
from ovms.services.sms.parts import parts
from ovms.vehicle.base import Vehicle
from ovms.vehicle.demo.car import Demo
from ovms.vehicle.types import TYPES


def converse(bench, *incoming, is_working=True):
    """What the module sends as (number, text) when these (number, text) arrive."""

    async def main():
        modem = FakeModem(incoming)
        modem.is_working = is_working
        task = asyncio.create_task(bench.sms.run(modem))
        await modem.is_drained.wait()
        task.cancel()
        return modem.sent

    return run(main())


def test_answers_in_order():
    assert converse(
        Bench(), (OWNER, "REGISTER?"), (STRANGER, "STAT"), (STRANGER, "STAT"), (OWNER, "VEHICLE?")
    ) == [
        (OWNER, "Registered number: " + OWNER),
        (STRANGER, "Permission denied"),
        (OWNER, "Vehicle:\r\n VehicleType:\r\n CarType:NONE\r\n Types:" + TYPES),
    ]


def test_no_answer_goes_to_a_name_or_after_reset():
    assert converse(Bench(), ("Renault", "STAT " + PASSWORD), (OWNER, "RESET")) == []


def test_the_number_to_answer_cannot_break_out_of_an_at_command():
    assert converse(Bench(), ('+4912"\rATD0900', "STAT " + PASSWORD)) == []


def test_feature_14_suppresses_every_sms():
    bench = Bench()
    bench.config.set_feature(14, 4)
    assert converse(bench, (OWNER, "STAT"), (OWNER, "FEATURE 9 20"), (STRANGER, "STAT")) == []
    assert bench.config.feature(9) == 20


def test_the_time_of_day():
    bench = Bench(car_class=Demo)

    def first_line():
        return converse(bench, (OWNER, "VEHICLE?"))[0][1].split("\n")[0]

    assert first_line() == "Vehicle:\r"
    # 2017-06-24 13:30:07 (module-behaviour 11, V11).
    bench.clock.utc = 1498311007
    assert converse(bench, (OWNER, "FEATURE 9 20")) == [
        (OWNER, "13:30:07\n Feature has been set.")
    ]
    for zone, time in (
        ("2:00", "15:30:07"),
        ("-8", "05:30:07"),
        ("-14:00", "23:30:07"),
        ("10:45", "00:15:07"),
        ("-", "13:30:07"),
    ):
        bench.config.set(23, "" if zone == "-" else zone)
        assert first_line() == time
    # Not where a program reads it.
    assert bench.send("VEHICLE?").startswith("Vehicle:")
    bench.config.set_feature(14, 0x20)
    assert first_line() == "Vehicle:\r"
    bench.config.set_feature(14, 0)
    bench.car = Vehicle(bench.state, bench.config)
    assert first_line() == "Vehicle:\r"


def test_the_time_of_day_counts_among_the_160():
    bench = Bench(car_class=Demo)
    bench.clock.utc = 1498311007
    bench.config.apply({8: "w" * 12, 11: "x" * 31, 12: "y" * 31, 13: "z" * 31})
    reply = bench.send("PARAMS?")
    assert len(reply) < 160 < len(reply) + 10
    sent = converse(bench, (OWNER, "PARAMS?"))
    assert [text[:13] for _, text in sent] == ["1/2 13:30:07\n", "2/2 " + sent[1][1][4:13]]


def test_a_lock_is_told_to_the_owner_once():
    bench = Bench()
    sent = converse(bench, *[(STRANGER, "REGISTER guess")] * 8)
    assert sent == [
        (STRANGER, "Permission denied"),
        (OWNER, "5 wrong passwords from %s: locked for an hour." % STRANGER),
    ]
    bench.config.set_feature(14, 8)
    other = "+33699999999"
    assert converse(bench, *[(other, "REGISTER x")] * 6) == [(other, "Permission denied")]


def test_a_modem_that_cannot_send_is_not_bothered_with_the_rest():
    bench = Bench()
    bench.status.is_registered = True
    sent = converse(bench, (OWNER, "HELP"), is_working=False)
    assert len(sent) == 1
    assert bench.status.counts["sms_not_sent"] == 1


def test_a_long_reply_goes_in_numbered_parts():
    bench = Bench()
    bench.config.apply({n: "value of parameter %d" % n for n in (6, 11, 12, 13, 16, 17, 18, 19)})
    sent = converse(bench, (OWNER, "PARAMS?"))
    assert len(sent) == 2
    assert sent[0][1].startswith("1/2 Params:\n0:")
    lines = []
    for number, text in sent:
        assert number == OWNER and len(text) <= 160
        lines += text[4:].split("\n")
    assert "\n".join(lines) == bench.send("PARAMS?")


def test_parts_of_short_texts():
    for text in ("", "x", "x" * 160, "Module:\r\n Units:K", "a\nb"):
        assert parts(text) == [text]


def test_parts_cut_at_line_ends_then_blanks_then_anywhere():
    lines = ["line %02d of the text" % n for n in range(40)]
    cut = parts("\r\n".join(lines))
    assert len(cut) == 6
    joined = []
    for i in range(6):
        assert cut[i].startswith("%d/6 line" % (i + 1)) and len(cut[i]) <= 160
        joined += cut[i][4:].split("\r\n")
    assert joined == lines
    words = " ".join(["WORD%d" % n for n in range(60)])
    assert " ".join([part[4:] for part in parts(words)]) == words
    assert "".join([part[4:] for part in parts("x" * 500)]) == "x" * 500
    assert [len(part) for part in parts("x" * 500)] == [160, 160, 160, 36]


def test_parts_keep_the_blank_that_starts_a_line():
    text = "A" * 150 + "\n Next line"
    assert parts(text) == ["1/2 " + "A" * 150, "2/2  Next line"]


def test_parts_are_as_long_as_the_modem_sends_them():
    # Not plain ASCII of the GSM alphabet, so it goes as UCS2: 70 characters.
    for char in ("[", "`", "\u00e4", "\u20ac"):
        assert parts(char * 70) == [char * 70]
        cut = parts(char * 200)
        assert [len(part) for part in cut] == [70, 70, 70, 6]
        for part in cut:
            assert len(sms_text.outgoing(OWNER, part, True)) == 1
    text = "Use: CFG [<a>]\n" * 12
    cut = parts(text)
    assert [part[:4] for part in cut] == ["1/3 ", "2/3 ", "3/3 "]
    assert "\n".join([part[4:] for part in cut]) == text


def test_no_part_holds_the_time_of_day_alone():
    for word in ("x", "\u00e4", "\U0001f600"):
        for blanks in (0, 40):
            text = (word * blanks + " " if blanks else word) * 30
            for length in (10, 60, 61, 62, 66, 67, 70, 71, 150, 156, 157, 160, 161):
                whole = "13:30:07\n " + text[:length]
                cut = parts(whole, 10)
                assert len(cut) == 1 or len(cut[0]) > 30, (word, length, cut)
                shown = "".join([part[4:] if len(cut) > 1 else part for part in cut])
                assert shown.replace(" ", "") == whole.replace(" ", "")
    # Where a line ends in time, that is where it is cut.
    assert parts("13:30:07\n " + "a" * 100 + "\n" + "b" * 100, 10)[0] == (
        "1/2 13:30:07\n " + "a" * 100
    )


def test_emoji_take_two_places():
    assert parts("\U0001f600" * 35) == ["\U0001f600" * 35]
    cut = parts("\U0001f600" * 36)
    assert cut == ["1/2 " + "\U0001f600" * 33, "2/2 " + "\U0001f600" * 3]
    for part in parts("a\U0001f600" * 90):
        assert len(sms_text.outgoing("+491701234567", part, True)) == 1


def test_parts_are_bounded():
    assert len(parts("x" * 10000)) == 9
