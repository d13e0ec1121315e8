"""Polls of a mapping: the example of the cars' README, and each mistake as a sentence."""

import pytest

from host_tests.tools.test_car import complaint, made
from host_tests.tools.test_car import written as written_as_usual
from host_tests.vehicle.contract import feed
from tools.car.__main__ import text_of

DBC = """VERSION ""

NS_ :

BS_:

BU_: Car

BO_ 256 Motion: 4 Car
 SG_ KeyOn : 0|1@1+ (1,0) [0|1] "" Car
 SG_ Speed : 15|16@0+ (0.01,0) [0|250] "km/h" Car

BO_ 512 Battery: 2 Car
 SG_ Soc : 0|8@1+ (0.5,0) [0|100] "%" Car

BO_ 2028 BatteryAnswer: 8 Car
 SG_ Id M : 24|8@1+ (1,0) [0|255] "" Car
 SG_ RealSoc m2 : 32|8@1+ (0.5,0) [0|100] "%" Car
 SG_ PackTemp m2 : 40|8@1+ (1,-40) [-40|215] "degC" Car

BO_ 2024 Answer: 8 Car
 SG_ Length : 0|8@1+ (1,0) [0|7] "" Car
 SG_ Pid M : 16|8@1+ (1,0) [0|255] "" Car
 SG_ Speed01 m13 : 24|8@1+ (1,0) [0|250] "km/h" Car

BA_DEF_ "BusSpeed" INT 0 1000000;
BA_DEF_DEF_ "BusSpeed" 500000;
BA_ "BusSpeed" 500000;
"""
OWN = (
    "0x100,KeyOn,flag,in.on,1,",
    "0x100,Speed,num,speed_kmh10,1/10,0..25000",
    "*,*,absent,charge,,",
    "*,*,silence,in.on speed_kmh10,s=10,",
)
POLLS = (
    "0x7EC,*,poll,22 B0 02,every=30,",
    "0x7EC,RealSoc,num,soc_pct100,50/1,0..200",
    "0x7EC,PackTemp,num,battery_temp_c,1/1-40;age=temps,0..254",
)


class Pebble:
    """The car of the example; `sent` has what it asks, as (id, data in hexadecimal)."""

    def __init__(self, folder, *rows):
        folder.mkdir()
        self.car = made(folder, *(rows or OWN + POLLS), dbc=DBC)
        self.car.config.features[15] = 1
        self.state = self.car.state
        self.sent = []
        self.car.send = self._send
        self.answer = "7EC 05 62 B0 02 A0 3C"

    def _send(self, arbitration_id, data):
        assert (arbitration_id, len(data)) in self.car.TX_FRAMES
        self.sent.append((arbitration_id, bytes(data).hex().upper()))
        return True

    def seconds(self, count, key=1):
        for _ in range(count):
            for _ in range(10 if key is not None else 0):
                feed(self.car, f"100 {key:02X} 13 88 00")
            before = len(self.sent)
            self.state.tick(1)
            self.car.poll(1000)
            if len(self.sent) > before and self.answer:
                feed(self.car, self.answer)


def test_the_example(tmp_path):
    pebble = Pebble(tmp_path / "pebble")
    car = pebble.car
    assert car.TX_FRAMES == ((0x7E4, 8),) and car.RX_IDS == (0x100, 0x7EC)
    assert car.sms_commands() == ()
    pebble.seconds(60)
    assert pebble.state.is_on and pebble.state.speed_kmh10 == 500
    assert (pebble.state.soc_pct100, pebble.state.battery_temp_c) == (8000, 20)
    assert set(pebble.sent) == {(0x7E4, "0322B00200000000")} and len(pebble.sent) in (2, 3)


def test_a_key_that_is_off_is_not_asked(tmp_path):
    pebble = Pebble(tmp_path / "pebble")
    pebble.seconds(100, key=0)
    assert pebble.sent == [] and not pebble.state.is_on
    pebble.seconds(40)
    asked = len(pebble.sent)
    assert asked
    pebble.seconds(500, key=0)
    assert len(pebble.sent) <= asked + 3
    pebble.seconds(500, key=None)
    assert len(pebble.sent) <= asked + 3


def test_without_feature_15_nothing_is_asked(tmp_path):
    pebble = Pebble(tmp_path / "pebble")
    pebble.car.config.features[15] = 0
    pebble.seconds(100)
    assert pebble.sent == [] and pebble.state.is_on


def test_who_never_answers_is_asked_three_times(tmp_path):
    pebble = Pebble(tmp_path / "pebble")
    pebble.car.POLLS = b"\x01" + pebble.car.POLLS[1:]
    pebble.answer = ""
    pebble.seconds(50)
    assert len(pebble.sent) in (2, 3) and pebble.state.soc_pct100 is None


def test_another_id_of_the_request(tmp_path):
    rows = ("0x7EC,*,poll,22 B0 02,every=30;to=79B,", *POLLS[1:])
    pebble = Pebble(tmp_path / "pebble", *OWN, *rows)
    pebble.seconds(40)
    assert pebble.car.TX_FRAMES == ((0x79B, 8),) and pebble.sent[0][0] == 0x79B
    assert pebble.state.soc_pct100 == 8000


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (("0x7EC,*,poll,2E B0 02,every=30,",), "a poll is of a service that reads: 01, 21, 22."),
        (("0x7EC,*,poll,04,every=30,",), "a poll is of a service that reads: 01, 21, 22."),
        (("0x7EC,*,poll,22 B0,every=30,",), "a request of service 22 has 3 bytes."),
        (("0x7EC,*,poll,22 X,every=30,",), "'22 X' is no request in hexadecimal like 01 0D."),
        (("0x7EC,*,poll,22 B0 02,,",), "poll wants every=1 to every=255, in seconds."),
        (("0x7EC,*,poll,22 B0 02,every=256,",), "poll wants every=1 to every=255, in seconds."),
        (("0x7EC,*,poll,22 B0 02,every=9;at=1,",), "the rule poll does not know 'at'."),
        (
            ("0x7EC,*,poll,22 B0 02,every=9;to=800,",),
            "'800' is no hexadecimal number from 0 to 7FF.",
        ),
        (("0x7EC,*,poll,01 0D,every=9,",), "service 01 is answered in frame 7E8,"),
        (("0x7E9,*,poll,01 0D,every=9,",), "car.dbc has no frame 7E9."),
        (
            ("0x7EC,*,poll,22 B0 02,every=9,", "0x7EC,*,poll,21 02,every=9,"),
            "the polls of frame 7EC have to be of one service.",
        ),
        (
            ("0x7EC,*,poll,22 B0 02,every=9,", "0x7EC,*,poll,22 B0 03,every=9;to=7E5,"),
            "7E5 is answered by 7EC here, but not above.",
        ),
        (("0x7EC,*,poll,22 B0 02,every=9;unless=5B,",), "unless= is for the service 01."),
    ],
)
def test_mistakes_are_sentences(tmp_path, rows, sentence):
    text = complaint(tmp_path, *OWN, *rows, *POLLS[1:], dbc=DBC)
    assert sentence in text
    assert text.startswith(f"map.csv:{len(OWN) + 1 + len(rows)}: ")


def test_mistakes_of_the_whole(tmp_path):
    assert "frame 7EC is asked for, and no row reads it." in complaint(
        tmp_path, *OWN, POLLS[0], dbc=DBC
    )
    rows = ("0x7E8,*,poll,01 0D,every=9,", "0x7E8,Length,num,soc_pct100,1/1,0..7")
    assert "byte 0 of frame 7E8 is the length of an answer" in complaint(
        tmp_path, *OWN[:3], "*,*,silence,speed_kmh10,s=9,", *rows, dbc=DBC
    )


def test_what_is_obd_needs_no_row_for_the_drive(tmp_path):
    rows = ("0x7E8,*,poll,01 0D,every=9,", "0x7E8,Speed01,num,speed_kmh10,10/1,0..254")
    end = ("*,*,absent,charge,,", "*,*,silence,speed_kmh10,s=30,")
    text = text_of(written_as_usual(tmp_path, *rows, *end, dbc=DBC))
    assert "IS_OBD = True" in text and "(0x7DF, 8)" in text
