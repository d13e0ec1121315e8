"""What the desk's page learns from the module's console, its lights, and what a phone costs."""

import gc
import os
from types import SimpleNamespace

from tools.desk.board_host import Wiring
from tools.desk.modem.phone import OutgoingSms
from tools.desk.modem.sockets import CLOSED, CONNECTED
from tools.desk.ovms.events import Event
from tools.desk.stage import Stage, StageOptions
from tools.desk.web.link_states import Lights
from tools.desk.web.module_watch import Health, ModuleWatch, marks_of
from tools.desk.web.phone_bill import PhoneBill
from tools.desk.web.stage_view import StageView

_DAY_S = 86_400


class Console:
    """A module's console: keeps what is typed, while somebody reads it."""

    def __init__(self):
        self.typed = []
        self.steps = []
        self.is_there = True
        self.watch = ModuleWatch(self.type, self.steps.append)

    def type(self, text):
        if self.is_there:
            self.typed.append(text)
        return self.is_there

    def hear(self, *lines):
        for line in lines:
            self.watch.hear(line)

    def taken(self):
        typed, self.typed = self.typed, []
        return typed


def test_it_asks_until_somebody_answers():
    console = Console()
    console.is_there = False
    console.watch.tick(0, 0, True)
    assert console.taken() == []
    console.is_there = True
    console.watch.tick(0.1, 0.1, True)
    assert console.taken() == ["WATCH HEALTH"]
    console.watch.tick(5, 5, True)
    assert console.taken() == [] and console.watch.health is None
    # Nobody has read it.
    console.watch.tick(20.2, 20.2, True)
    assert console.taken() == ["WATCH HEALTH"]
    console.hear("#", "# Watching. WATCH alone ends it.", "#.")
    console.hear("# health> 20 s, 72704 of 114688 bytes, 23 ms")
    assert console.watch.health == Health(72704, 114688, 23)
    # As long as it tells, nothing is asked for again; then all of it.
    console.watch.tick(35, 35, False)
    assert console.taken() == []
    console.watch.tick(41, 41, False)
    assert console.taken() == ["WATCH HEALTH"] and console.watch.health is None


def test_a_module_at_which_nobody_looks_is_left_alone():
    console = Console()
    console.watch.rest()
    assert console.taken() == []
    console.watch.tick(0, 0, True)
    console.hear("# health> 1 s, 0 of 0 bytes, 0 ms", "# count> sms_sent 1")
    console.taken()
    for _ in range(3):
        console.watch.rest()
    assert console.taken() == ["WATCH"] and console.watch.health is None
    console.watch.tick(500, 500, True)
    assert console.taken() == ["WATCH HEALTH"] and console.watch.counts == {"sms_sent": 1}


def test_it_asks_the_monitor_of_a_twizy_in_turns():
    console = Console()
    console.watch.tick(0, 0, True)
    console.hear("# health> 1 s, 0 of 0 bytes, 0 ms")
    console.taken()
    console.watch.tick(1, 1, True)
    assert console.taken() == ["S BATT VD"]
    console.hear("#", "# ?SD:15mV !1:-80mV ?2:+20mV 3:+5mV ", "#.")
    assert console.watch.groups["cells"].shown() == {
        "deviation": "15 mV",
        "mark": "?",
        "marks": ["!", "?", ""],
        "furthest": ["-80 mV", "+20 mV", "+5 mV"],
    }
    console.watch.tick(2, 2, True)
    assert console.taken() == []
    console.watch.tick(6, 6, True)
    assert console.taken() == ["S BATT TD"]
    # What is told meanwhile is no part of the answer.
    console.hear("# health> 6 s, 0 of 0 bytes, 0 ms", "# count> sms_sent 3")
    console.hear("# SD:1C 1:+0C 2:-1C ", "#.")
    assert console.watch.groups["modules"].furthest == {1: "+0 °C", 2: "-1 °C"}
    # In fast time no more often than somebody can look.
    console.watch.tick(60, 6.5, True)
    console.hear("# health> 60 s, 0 of 0 bytes, 0 ms")
    console.watch.tick(60, 6.6, True)
    assert "S BATT VD" not in console.taken()
    console.watch.tick(60, 7.1, True)
    assert console.taken() == ["S BATT VD"]
    console.hear("# The battery has not told its values yet.", "#.")
    assert "cells" not in console.watch.groups and "modules" in console.watch.groups
    console.watch.forget_car()
    assert console.watch.groups == {}


def test_marks_of_a_pack_that_does_not_tell_all():
    marks = marks_of("!SD:25mV 1:-5mV 3:+10mV (2 of 14 cells, not C2) ")
    assert marks.shown()["marks"] == ["", "", ""] and marks.mark == "!"
    assert marks.shown()["furthest"] == ["-5 mV", "", "+10 mV"]
    for text in ("no temperatures ", "", "P:52.30V no cell voltages ", "Unknown command"):
        assert marks_of(text) is None, text


def test_steps_of_the_ladder_and_what_belongs_to_a_start():
    console = Console()
    hear = console.hear
    # The module tries before there is a network, and switches its modem on.
    hear("# health> 5 s, 0 of 0 bytes, 0 ms", "# count> modem_power_key 1")
    hear("# count> server_reconnects 2", "# count> gprs_retry 1")
    hear("# health> 10 s, 0 of 0 bytes, 0 ms")
    hear("# count> server_logins 1", "# count> server_reconnects 3")
    assert console.steps == []
    hear("# health> 15 s, 0 of 0 bytes, 0 ms", "# count> sms_sent 8")
    assert console.steps == []
    hear("# count> server_reconnects 5", "# count> modem_silent 1", "# count> modem_power_key 2")
    assert console.steps == ["reconnect", "reconnect", "set up anew", "power lines"]
    assert console.watch.counts["sms_sent"] == 8
    console.steps.clear()
    console.watch.restarted()
    assert console.watch.counts == {} and console.watch.health is None
    # Counted from nothing again, and a modem that is dead from the start on is seen.
    hear("# health> 5 s, 0 of 0 bytes, 0 ms", "# count> server_reconnects 4")
    hear("# count> modem_power_key 3", "# count> modem_restart 1", "# count> gprs_lost 1")
    assert console.steps == ["power lines", "power lines", "modem restart"]


def test_counters_without_end_are_not_kept():
    console = Console()
    for number in range(5000):
        console.hear(f"# count> odd_{number} {number}")
    console.hear("# count> odd_7 9")
    assert len(console.watch.counts) == 200 and console.watch.counts["odd_7"] == 9


def test_days_of_a_phone():
    bill = PhoneBill()
    bill.to_module(0)
    bill.of_module(10, 3)
    bill.of_module(_DAY_S + 1, 1)
    assert bill.shown() == [
        {"day": 1, "to": 1, "of": 1, "parts": 3},
        {"day": 2, "to": 0, "of": 1, "parts": 1},
    ]
    for day in range(2, 400):
        bill.of_module(day * _DAY_S, 1)
    assert (bill.sum.to_module, bill.sum.of_module, bill.sum.parts) == (1, 400, 402)
    assert [day["day"] for day in bill.shown()] == list(range(387, 401))


def test_an_hour_of_a_desk_does_not_grow():
    """What the page is filled from, after half an hour and after an hour of all that happens."""
    options = StageOptions(Wiring(time_scale=1.0))
    stage = Stage(options, lambda who, text: None)
    view = StageView(stage)
    # What it looks at is not there: nothing of this stage has started.
    view._lights.look = lambda: None
    view.strikes = SimpleNamespace(step=lambda name: None)
    sms = OutgoingSms("+4915112345678", "SOC: 80%", "gsm7", 2)
    view.watch.hear("# count> server_logins 1")
    sizes = []
    for half in range(2):
        for second in range(half * 1800, (half + 1) * 1800):
            for _ in range(10):
                view.tick()
            view._hear_frames([(0, identifier, bytes(8)) for identifier in range(0x100, 0x140)])
            view._hear_event(Event("car", "TWIZY42", f"S {second}", second))
            view._hear_app("S", f"{second % 100},K")
            view._hear_sms(sms)
            view.line("phone", f"STAT? {second}")
            view.watch.hear(f"# health> {second} s, 1 of 2 bytes, {second % 90} ms")
            view.watch.hear(f"# count> server_reconnects {second}")
            view.watch.hear(f"# count> odd_{second} 1")
            view._recording.add(second, "sms", {"text": "STAT?"})
        view._recording.inputs.clear()
        gc.collect()
        sizes.append(len(gc.get_objects()))
    assert len(view.lines.since(0)) == 1500 and len(view.samples.since(0)) == 1800
    assert view._steps["reconnect"] > 3000
    assert sizes[1] < sizes[0] * 1.02


def _stage():
    """A stage on which all is well, as far as lights look at it."""
    sockets = [SimpleNamespace(state=CLOSED), SimpleNamespace(state=CONNECTED)]
    engine = SimpleNamespace(
        is_on=True,
        is_hung=False,
        network=SimpleNamespace(is_registered=True),
        tasks=SimpleNamespace(now_ms=lambda: 1000, slowness=1.0),
        faults=SimpleNamespace(hang_until_ms=0, tcp_dead=None),
        line=SimpleNamespace(burst_bytes=0, byte_gap_ms=None),
        ip=SimpleNamespace(sockets=sockets),
    )
    line = SimpleNamespace(is_connected=True)
    return SimpleNamespace(
        modem=SimpleNamespace(modem=engine),
        board=SimpleNamespace(
            # Whose files may grow.
            process=SimpleNamespace(returncode=None, pid=os.getpid()),
            modem_line=line,
            gps_line=SimpleNamespace(is_connected=True),
            can_line=SimpleNamespace(is_connected=True),
            bus=SimpleNamespace(noise=0.0, controller=None),
        ),
        server=SimpleNamespace(is_car_online=lambda vehicle: True),
        gps=SimpleNamespace(receiver=SimpleNamespace(faults=SimpleNamespace(is_silent=False))),
        options=SimpleNamespace(wiring=SimpleNamespace(has_wifi=False, crystal_hz=8_000_000)),
    )


def test_lights_last_as_long_as_it_takes_to_see_them():
    stage = _stage()
    now_s = [0.0]
    lights = Lights(stage, lambda: now_s[0])

    def bad():
        return {light["name"]: light["text"] for light in lights.shown() if not light["isGood"]}

    lights.look()
    assert bad() == {}
    stage.modem.modem.is_on = False
    now_s[0] = 0.5
    lights.look()
    stage.modem.modem.is_on = True
    now_s[0] = 1.4
    assert bad() == {"modem": "off"}
    now_s[0] = 1.6
    assert bad() == {}
    stage.board.process.returncode = -9
    lights.look()
    assert bad() == {"module": "does not run"}
    now_s[0] = 3
    assert [light["text"] for light in lights.shown()][1:3] == ["on its UART", "registered"]


def test_what_the_server_does_not_know_yet():
    stage = _stage()
    lights = Lights(stage, lambda: 0.0)

    def server():
        lights.look()
        return next(light["text"] for light in lights.shown() if light["name"] == "server")

    assert server() == "logged in"
    stage.modem.modem.ip.sockets[1].state = CLOSED
    # Over WiFi no socket of the modem is needed.
    stage.options.wiring.has_wifi = True
    assert server() == "logged in"
    stage.options.wiring.has_wifi = False
    assert server() == "the connection is gone"
    stage.modem.modem.faults.tcp_dead = "acked"
    assert server() == "the connection is dead"
    stage.server.is_car_online = lambda vehicle: False
    assert server() == "not logged in"
