"""The power governor in the whole App, on a board whose light sleep loses what an ESP32's loses.

CPython only: see `power_world.py`.
"""

import random

from host_tests.fuzz import seed
from host_tests.power_world import World
from ovms import parameters
from ovms.services import power_states as states
from tools.benchmarks import power

HOUR_S = 3600
_NO_SERVER = {parameters.SERVER: ""}


def test_a_parked_module_sleeps_and_answers(monkeypatch, tmp_path):
    world = World(monkeypatch, tmp_path, presets=_NO_SERVER)
    world.sms(HOUR_S + 17, "POWERSAVE?")
    world.at(HOUR_S + 600, lambda: world.modem.calls.incoming("+4511111111"))
    assert world.run(2 * HOUR_S) == ""
    app = world.app
    assert app.status.power[states.STATE] == states.PARK and app.sleeps
    assert not [begin for begin, _, _ in world.sleeps if begin < 600]
    assert max(end - begin for begin, end, _ in world.sleeps) < 45.001
    ((at_s, text),) = [pair for pair in world.texts if "POWERSAVE" in pair[1]]
    assert HOUR_S + 17 < at_s < HOUR_S + 40
    assert text.startswith("POWERSAVE: ON\r\nPower: park for 0:50, 1 changes and about ")
    assert app.status.counts["call_rejected"] == 1
    assert world.mhz == [80]
    # The chip sleeps, too.
    assert app.can.is_asleep and world.chip.mode == 0x20
    assert world.slept_s() > 0.9 * (2 * HOUR_S - 700)


def test_shares_of_the_table_of_currents(monkeypatch, tmp_path):
    """What board.md says of ESP32 and modem in park is what the firmware makes them do."""
    world = World(monkeypatch, tmp_path, presets=_NO_SERVER)
    awake_s = [0, 0]

    def look():
        awake_s[0] += 1
        awake_s[1] += not world.modem._is_asleep()

    for second in range(HOUR_S, 3 * HOUR_S):
        world.at(second + 0.5, look)
    slept_s = []
    world.at(HOUR_S, lambda: slept_s.append(world.slept_s()))
    assert world.run(3 * HOUR_S) == ""
    esp32 = (world.slept_s() - slept_s[0]) / (2 * HOUR_S)
    shares = {mode.name: mode.shares["park"] for mode in power.modes()}
    assert esp32 >= shares["light sleep"] - 0.005
    assert awake_s[0] == 2 * HOUR_S
    assert awake_s[1] / awake_s[0] <= shares["registered"]


def test_a_modem_that_browned_out_while_the_esp32_slept(monkeypatch, tmp_path):
    """What it said when it started was lost, it does not echo (`AT&W` of the first start kept
    that), and all else is as new: no SMS would leave any more, and no login."""
    world = World(monkeypatch, tmp_path, presets=_NO_SERVER)
    world.at(HOUR_S + 20, world.modem.brown_out)
    world.sms(HOUR_S + 300, "POWERSAVE?")
    assert world.run(HOUR_S + 600) == ""
    assert world.uart.lost > 50
    assert world.app.status.counts["modem_forgetful"] == 1
    assert [text for _, text in world.texts if "POWERSAVE" in text]


def test_without_the_wire_an_sms_waits_for_the_poll(monkeypatch, tmp_path):
    """RI says nothing, as if its wire were off: nothing is lost, only late."""
    world = World(monkeypatch, tmp_path, has_ri_wire=False, presets=_NO_SERVER)
    sent_s = [HOUR_S + 600 * n + 7 * n for n in range(6)]
    for second in sent_s:
        world.sms(second, "POWERSAVE?")
    assert world.run(2 * HOUR_S + 300) == ""
    got_s = [second for second, text in world.texts if "POWERSAVE" in text]
    assert len(got_s) == len(sent_s)
    assert max(got - sent for got, sent in zip(got_s, sent_s, strict=True)) < 120


def test_transport_and_back_by_sms(monkeypatch, tmp_path):
    world = World(monkeypatch, tmp_path, presets=_NO_SERVER)
    app = world.app
    seen = []
    world.sms(100, "POWERSAVE TRANSPORT")
    world.at(3600, lambda: seen.append(app.status.power[states.STATE]))
    world.sms(3610, "POWERSAVE ON")
    world.at(3700, lambda: seen.append(app.status.power[states.STATE]))
    assert world.run(3 * HOUR_S) == ""
    assert seen == [states.TRANSPORT, states.AWAKE]
    assert app.status.power[states.STATE] == states.PARK
    assert [text[:19] for _, text in world.texts] == [
        "POWERSAVE: TRANSPOR",
        "POWERSAVE: ON\r\nPowe",
    ]


def test_low_battery_is_told_by_sms_and_the_module_goes_on(monkeypatch, tmp_path):
    world = World(monkeypatch, tmp_path, presets={**_NO_SERVER, parameters.NOTIFY: "SMS"})
    world.at(HOUR_S, lambda: setattr(world.board, "mv", 11200))
    world.at(5 * HOUR_S, lambda: setattr(world.board, "mv", 12900))
    assert world.run(5 * HOUR_S - 60) == ""
    assert world.app.status.power[states.STATE] == states.DEEP
    told = [text for _, text in world.texts if "saves power" in text]
    assert len(told) == 1


def test_off_never_sleeps(monkeypatch, tmp_path):
    world = World(monkeypatch, tmp_path, presets={**_NO_SERVER, parameters.POWER_SAVE: "OFF"})
    assert world.run(2 * HOUR_S) == ""
    assert not world.sleeps and not world.mhz


def test_the_server_is_left_and_visited(monkeypatch, tmp_path):
    """Its host answers TCP and says nothing, which is the longest visit."""
    world = World(monkeypatch, tmp_path)
    assert world.run(4 * HOUR_S) == ""
    at_s = [begin for begin, _, _ in world.sleeps]
    gaps = [later - before for before, later in zip(at_s, at_s[1:], strict=False)]
    # One visit an hour holds the sleep up.
    assert 2 <= len([gap for gap in gaps if gap > 200]) <= 4
    assert max(gaps) < 400
    assert world.slept_s() > 0.75 * (4 * HOUR_S - 900)


class Pattern:
    """One random thing that happens to a parked module, and what has to come of it."""

    def __init__(self, world, rng, at_s, number):
        self.at_s = at_s
        self.kinds = rng.choice(
            ("sms", "sms", "burst", "call", "bus", "bus+sms", "edge", "sms+call")
        )
        self.texts = []
        self.frames = []
        if "sms" in self.kinds or self.kinds == "burst":
            for n in range(rng.randint(2, 4) if self.kinds == "burst" else 1):
                self.texts.append("VERSION %d.%d" % (number, n))
                world.sms(at_s + n * rng.random() * 3, self.texts[-1])
        if "call" in self.kinds:
            world.at(at_s + rng.random() * 5, lambda: world.modem.calls.incoming("+4599"))
            world.at(at_s + 25, world.modem.calls.remote_hang_up)
        if "bus" in self.kinds:
            period_s = rng.choice((0.01, 0.05, 0.1))
            for n in range(60):
                data = bytes((number & 0xFF, number >> 8, n))
                self.frames.append((at_s + n * period_s, data))
                world.at(self.frames[-1][0], lambda data=data: world.chip.bus_frame(0x155, data))
        if self.kinds == "edge":
            # A frame that is not the car's.
            world.at(at_s, lambda: world.chip.bus_frame(0x7E8, b"\x01"))


def test_random_wake_patterns_lose_no_sms_and_no_second_of_frames(monkeypatch, tmp_path):
    """A thousand of them, at any distance from each other and from what the module does itself."""
    monkeypatch.setattr(states, "_PARK_AFTER_S", 60)
    world = World(monkeypatch, tmp_path, presets=_NO_SERVER)
    world.app.can._poll_ms = 50
    heard = []
    execute = world.app.sms.execute

    def execute_heard(caller, text):
        heard.append(text)
        return execute(caller, text)

    # Not by the answers: the budget of SMS ends these.
    world.app.sms.execute = execute_heard
    rng = random.Random(seed.current())
    patterns = []
    at_s = 300.0
    for number in range(1000):
        patterns.append(Pattern(world, rng, at_s, number))
        at_s += rng.choice((rng.uniform(30, 60), rng.uniform(60, 300), rng.uniform(0.5, 30)))
    assert world.run(at_s + 300) == ""
    sent = [text for pattern in patterns for text in pattern.texts]
    assert len(sent) > 500
    assert sorted(heard) == sorted(sent)
    got = {data: second for second, data in world.frames}
    for pattern in patterns:
        if pattern.frames:
            begin_s = pattern.frames[0][0]
            late = [data for second, data in pattern.frames if second > begin_s + 1]
            assert not [data for data in late if data not in got], pattern.kinds
            first = [got[data] for _, data in pattern.frames if data in got]
            assert first and first[0] < begin_s + 1, (pattern.kinds, pattern.at_s)
    # It was worth the while: most wakes were out of a sleep.
    assert world.uart.lost > 1000
    assert {reason for _, _, reason in world.sleeps} == {2, 3, 4}
    assert world.slept_s() > 0.4 * at_s


def test_table_of_currents_adds_up():
    table = power.modes()
    for part in {mode.part for mode in table}:
        for state in power.STATES:
            share = sum(mode.shares[state] for mode in table if mode.part == part)
            assert abs(share - 1) < 1e-6, (part, state)
    for rates, names in (
        (states._TAKEN, power.STATES[:6]),
        (states._TAKEN_SLEEPLESS[:4], power.STATES[:3] + power.STATES[6:]),
    ):
        for rate, state in zip(rates, names, strict=True):
            assert abs(rate / 10 - sum(power.parts_ma(state, table).values())) < 0.1, state


def test_parked_week_is_within_the_budget():
    rows = {row.what: row for row in power.measure()}
    total = rows["all, reachable by SMS"]
    assert total.verdict == "ok"
    parts = [row.value for row in rows.values() if not row.what.startswith("all")]
    assert abs(sum(parts) - total.value) < 1e-9
