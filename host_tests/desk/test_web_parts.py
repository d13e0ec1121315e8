"""Parts of the page without a browser: who is wrong about what, the wheel, masks, recordings."""

import asyncio
import json
from types import SimpleNamespace

import pytest

from tools.desk.dbc_sim import DBCSimulator
from tools.desk.twizy_scenarios import Step
from tools.desk.twizy_sim import TwizySimulator
from tools.desk.web import recording
from tools.desk.web.beliefs import ROWS, Beliefs
from tools.desk.web.bus_table import BusTable
from tools.desk.web.controls import ACTIONS, ActionError, Wheel
from tools.desk.web.lines import Dialogue, Numbered, Secrets

_EVER_S = 1e9


class Bench:
    """A stage with a car and an app, and a clock that the test moves."""

    def __init__(self):
        self.now_s = 0.0
        self.car = TwizySimulator("park", soc_pct=80)
        fix = SimpleNamespace(latitude=52.0, longitude=13.0)
        self.stage = SimpleNamespace(
            car=self.car,
            tells_soc=True,
            options=SimpleNamespace(time_scale=1.0, wiring=SimpleNamespace(supply_mv=12_600)),
            gps=SimpleNamespace(receiver=SimpleNamespace(fix=fix)),
            server=SimpleNamespace(messages=lambda vehicle: {}),
        )
        self.beliefs = Beliefs(self.stage, lambda: self.now_s)

    def live(self, seconds):
        for _ in range(seconds):
            self.car.step(1000)
            self.now_s += 1
            self.beliefs.look()

    def app(self, key):
        return next(row for row in self.beliefs.rows() if row["key"] == key)["app"]


def test_who_is_wrong_and_who_only_waits():
    bench = Bench()
    bench.car.control(Step("key", _EVER_S))
    bench.live(30)
    bench.beliefs.hear("S", "80,K")
    assert bench.app("soc") == {"text": "80", "age": 0, "differs": False}
    bench.car.set_soc(60)
    # The next report is not due yet.
    bench.live(60)
    assert not bench.app("soc")["differs"]
    bench.live(30)
    assert bench.app("soc") == {"text": "80", "age": 90, "differs": True}
    assert bench.beliefs.differences() == ["State of charge"]
    for told, differs in (("60", False), ("60.1", False), ("60.4", True), ("58", True)):
        bench.beliefs.hear("S", f"{told},K")
        assert bench.app("soc")["differs"] == differs, told


def test_units_rounding_and_sleep_are_no_difference():
    bench = Bench()
    bench.car.control(Step("key", _EVER_S))
    bench.live(30)
    km = bench.car.range_km
    bench.beliefs.hear("S", f"80,M,0,0,done,standard,0,{km / 1.609344:.0f}")
    told = bench.app("range")
    assert abs(float(told["text"]) - km) < 2 and not told["differs"]
    bench.car.control(Step("park", _EVER_S))
    bench.live(20)
    # What nobody can hear on a silent bus.
    bench.car.set_soc(50)
    bench.live(200)
    assert not bench.app("soc")["differs"]
    bench.beliefs.hear("S", ",K")
    assert bench.app("soc") is None
    assert len({row.key for row in ROWS}) == len(ROWS)


def test_what_jumps_is_not_judged_after_a_look_away():
    bench = Bench()
    bench.car.control(Step("key", _EVER_S))
    bench.live(30)
    # 16 kW that nobody saw.
    told = "52,13,0,48,1,1,0,1,00,16.0"
    bench.beliefs.hear("L", told)
    assert bench.app("power")["differs"]
    bench.now_s += 5
    bench.live(1)
    bench.beliefs.hear("L", told)
    assert not bench.app("power")["differs"]
    # What moves slowly is.
    bench.beliefs.hear("S", "20,K")
    assert bench.app("soc")["differs"]
    bench.live(80)
    bench.beliefs.hear("L", told)
    assert bench.app("power")["differs"]


def _lived(car, seconds):
    car.step(seconds * 1000)
    return car


def test_a_twizy_by_hand():
    car = _lived(TwizySimulator("drive", is_repeating=True), 20)
    car.control(Step("drive", _EVER_S, ((_EVER_S, 30.0),)))
    assert abs(_lived(car, 30).speed_kmh - 30) < 0.1
    car.control(Step("charge"))
    # A change of mind while the plug goes in.
    car.control(Step("park", _EVER_S))
    assert _lived(car, 20).is_asleep and not car.is_key_on
    car.control(Step("charge"))
    car.set_soc(99.99)
    assert _lived(car, 20).charge_state in ("topoff", "done")
    assert _lived(car, 600).is_asleep and car.charge_state == "done" and car.soc_pct == 100
    car.control(Step("key", _EVER_S))
    assert _lived(car, 20).is_key_on and not car.is_on


def test_a_leaf_by_hand():
    car = _lived(DBCSimulator("NL", "drive", is_repeating=True), 20)
    car.control(Step("drive", _EVER_S, ((_EVER_S, 40.0),)))
    assert abs(_lived(car, 60).speed_kmh - 40) < 0.1
    car.control(Step("charge"))
    assert _lived(car, 5).is_charging and not car.is_key_on
    car.control(Step("park", _EVER_S))
    assert _lived(car, 5).is_asleep and not car.is_charging
    with pytest.raises(ValueError, match="nothing is heard of a charge"):
        DBCSimulator("VA").control(Step("charge"))


def test_the_wheel():
    assert Wheel(has_plug=True, has_key=True).step().action == "charge"
    assert Wheel().step().action == "park"
    assert Wheel(has_key=True, gear="N").step().action == "key"
    assert Wheel(has_key=True, speed_kmh=20).step().speeds[0][1] == 20


def test_arguments_are_checked():
    for name, arguments, sentence in (
        ("speed", {"kmh": 81}, "kmh is from 0 to 80."),
        ("speed", {"kmh": True}, "kmh is a number."),
        ("speed", {"kmh": float("nan")}, "kmh is from 0 to 80."),
        ("gear", {"gear": "P"}, "gear is one of D, N, R."),
        ("key", {"on": 1}, "on is true or false."),
        ("time", {"scale": 3}, "scale is one of 1, 2, 5, 10, 20."),
        ("sms", {"text": ""}, "text has from 1 to 480 characters."),
    ):
        with pytest.raises(ActionError) as caught:
            ACTIONS[name].checked(arguments)
        assert str(caught.value) == sentence


def test_changed_bits_are_marked_for_a_second():
    now = [0.0]
    table = BusTable(lambda: now[0])
    table.take(0x599, bytes(8))
    table.take(0x599, b"\x00\x00\x00\x05" + bytes(4))
    (row,) = table.shown("RT")
    assert row["changed"] == [0, 0, 0, 5, 0, 0, 0, 0] and row["name"] == "DSP_DRIVE_1"
    assert "odometer_km 5 km" in row["signals"]
    now[0] = 1.5
    table.take(0x7FF, b"\x01")
    foreign, known = sorted(table.shown("RT"), key=lambda row: row["signals"])
    assert foreign["id"] == "7FF" and foreign["signals"] == ""
    assert known["changed"] == [0] * 8


def test_nothing_secret_is_shown():
    secrets = Secrets(("NETPASS",))
    assert secrets.clean("SERVER host NETPASS") == "SERVER host ****"
    assert secrets.clean_sms("PASS Own2026") == "PASS ****"
    assert secrets.clean_sms("STAT?") == "STAT?"
    assert secrets.clean_reply("Password: Own2026") == "Password: ****"
    assert secrets.clean("AT " + "0F" * 30) == "AT <PDU of 30 bytes>"
    assert secrets.clean("a\x1b[2Jb") == "a·[2Jb"


def test_lines_are_cut_and_counted():
    heard = []
    dialogue = Dialogue(heard.append)
    for piece in (b"AT+CS", b"Q\r\r\n+CSQ: 17,0\r\nOK\r\n> ", b"\x00\x01\x02\x80\xff\r\n"):
        dialogue.feed(piece)
    assert heard == ["AT+CSQ", "+CSQ: 17,0", "OK", "> ", "<5 bytes>"]
    numbered = Numbered(3)
    for value in range(5):
        numbered.add({"v": value})
    assert [item["v"] for item in numbered.since(0)] == [2, 3, 4]
    assert [item["n"] for item in numbered.since(4)] == [5] and numbered.since(5) == []


def test_a_recording_is_played_at_its_times(tmp_path):
    made = recording.Recording({"scenario": "drive"})
    made.add(1.0, "key", {"on": True})
    made.add(2.5, "speed", {"kmh": 200})
    path = tmp_path / "recording.json"
    path.write_text(made.text())
    done = []

    class Player:
        module_s = 0.0

        async def act(self, name, arguments):
            done.append((self.module_s, name))
            if name == "speed":
                raise ActionError("kmh is from 0 to 80.")

        def say(self, who, text):
            done.append((self.module_s, text))

    async def played():
        player = Player()
        playing = asyncio.create_task(recording.play(recording.load(path), player))
        while not playing.done():
            player.module_s += 0.5
            await asyncio.sleep(0.05)

    asyncio.run(played())
    assert [what for _, what in done] == [
        *("key", "speed", "speed: kmh is from 0 to 80.", "the recording is over"),
    ]
    assert done[0][0] >= 1.0 and done[1][0] >= 2.5


def test_what_is_no_recording(tmp_path):
    path = tmp_path / "r"
    with pytest.raises(recording.RecordingError, match="cannot be read"):
        recording.load(path)
    good = {"recording": 1, "start": {}, "inputs": []}
    backwards = [{"at_s": at_s, "do": "key", "with": {}} for at_s in (2, 1)]
    for content, sentence in (
        ("{", "is not JSON"),
        ("[]", "no recording of this desk"),
        (json.dumps({**good, "recording": 2}), "no recording of this desk"),
        (json.dumps({**good, "inputs": 1}), "no inputs"),
        (json.dumps({**good, "inputs": backwards}), "Input 2"),
    ):
        path.write_text(content)
        with pytest.raises(recording.RecordingError, match=sentence):
            recording.load(path)
