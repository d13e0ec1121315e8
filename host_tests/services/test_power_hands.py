"""What `ovms/power.py` does with the parts of a module: on fakes of these, on all runtimes."""

import asyncio

from host_tests.shims.expect import run
from ovms import power as hands
from ovms.parameters import ALERTS, POWER_SAVE, SERVER
from ovms.services import power_states as states
from ovms.services.notifier import Watched
from ovms.services.power_states import AWAKE, DEEP, DRIVE, PARK
from ovms.status import GPS_ASLEEP, Status
from ovms.vehicle.state import VehicleState

NEVER_S = 1 << 29


class Uart:
    def __init__(self):
        self.written = b""

    async def write(self, data):
        self.written += data


class Lock:
    is_locked = False

    def locked(self):
        return self.is_locked


class Board:
    """sleeps: limits of the light sleeps. reason: why each ends."""

    RI_GPIO = 33

    def __init__(self):
        self.mhz = []
        self.sleeps = []
        self.reason = 4
        self.shown = []

    def set_cpu_mhz(self, mhz):
        self.mhz.append(mhz)

    def light_sleep(self, limit_ms):
        self.sleeps.append(limit_ms)
        return self.reason

    def show_power(self, name, mhz, has_gps, can):
        self.shown.append((name, mhz, has_gps))


class Part:
    """Any part: attributes as given."""

    def __init__(self, **values):
        for name in values:
            setattr(self, name, values[name])


class App:
    def __init__(self):
        self.board = Board()
        self.status = Status("TEST")
        self.status.power = states.new(0)
        self.state = VehicleState()
        self.state.supply_mv = 12600
        self.is_safe = self.sleeps = False
        self.power_due_s = 0
        # What a sleep took, as the second hand does not know yet.
        self.slept_s = 0
        self.clock = Part(uptime_s=lambda: self.status.uptime_s + self.slept_s)
        self.ended = ""
        self._steps = []
        self.values = {SERVER: "v2.example"}
        self.config = Part(get=lambda n: self.values.get(n, ""))
        self.told = []
        self.notifier = Part(
            ip=[],
            sms=[],
            notify=lambda kind, text: self.told.append(kind + text),
            watched=Watched(),
        )
        self.commander = Part(is_busy=lambda: False)
        self.server = Part(is_resting=False, is_idle=False)
        self.can = Part(may_sleep=False, is_asleep=False)
        self.gps = Part(is_off=False, uart=Uart())
        self.car = Part(BITRATE=500_000)
        self.sms = Part(due_s=NEVER_S)
        self.resets = 0
        self.modem = Part(
            port=Part(
                is_up=True,
                is_lost=False,
                is_busy=False,
                dtr=1,
                lock=Lock(),
                digester=Part(reset=self.on_reset),
                news=asyncio.Event(),
            ),
            fault=None,
            is_pausing=False,
            slept_s=0,
            sms_lock=Lock(),
            has_news=False,
            is_poll_due=False,
            is_sms_due=False,
            is_ringing=False,
            announced=[],
            queue=[],
        )
        self.spawned = []
        self.spawn = self.spawned.append

    def on_reset(self):
        self.resets += 1

    def at(self, now_s):
        self.status.uptime_s = now_s
        hands.look(self)
        while self.spawned:
            run(self.spawned.pop(0)())

    def park(self):
        for now_s in range(0, 660, 60):
            self.at(now_s)
        assert self.status.power[states.STATE] == PARK

    def fall_asleep(self):
        """Parked, and nobody has anything to do."""
        self.park()
        self.at(1200)
        self.server.is_idle = self.can.is_asleep = True


def test_park_and_back():
    app = App()
    app.at(0)
    # As it was started, but for a receiver that sleeps since before a restart: it is woken.
    assert not app.board.mhz and not app.gps.is_off
    assert app.gps.uart.written and b"\xb5\x62" not in app.gps.uart.written
    app.park()
    assert app.board.mhz == [80] and app.can.may_sleep and app.sleeps and app.gps.is_off
    # UBX backup and MTK standby (hardware facts 5.3).
    assert b"\xb5\x62\x02\x41" in app.gps.uart.written
    assert b"$PMTK161,0*28\r\n" in app.gps.uart.written
    app.gps.uart.written = b""
    app.state.is_on = True
    app.at(700)
    assert app.status.power[states.STATE] == DRIVE
    assert app.board.mhz == [80, 160] and not app.can.may_sleep and not app.sleeps
    assert not app.gps.is_off and app.gps.uart.written
    assert app.board.shown == [("awake", 160, True), ("park", 80, False), ("drive", 160, True)]


def test_what_failed_is_tried_again():
    app = App()
    app.park()
    app.state.is_on = True
    set_mhz = app.board.set_cpu_mhz

    def fail(mhz):
        raise OSError

    app.board.set_cpu_mhz = fail
    try:
        app.at(700)
        raise AssertionError("nobody heard of it")
    except OSError:
        app.board.set_cpu_mhz = set_mhz
    app.at(760)
    assert app.board.mhz == [80, 160] and not app.gps.is_off


def test_server_is_visited_and_left_when_all_is_said():
    app = App()
    app.park()
    assert not app.server.is_resting and app.power_due_s == 605
    app.status.is_server_connected = True
    now_s = 605
    while not app.server.is_resting:
        app.at(now_s)
        now_s += 5
    assert 630 < now_s < 650
    app.at(1800)
    assert app.server.is_resting
    app.notifier.ip = ["A12 V low"]
    app.at(1860)
    assert not app.server.is_resting
    app.notifier.ip = []
    app.at(2400)
    assert app.server.is_resting
    app.state.is_on = True
    app.at(2460)
    assert not app.server.is_resting


def test_who_cannot_sleep_or_has_a_broker_stays_connected():
    for has_ri, broker in ((None, None), (33, Part())):
        app = App()
        app.board.RI_GPIO = has_ri
        app.status.mqtt = broker
        app.park()
        app.at(1200)
        assert not app.server.is_resting
        assert app.sleeps == bool(has_ri)
        app.server.is_idle = app.can.is_asleep = True
        assert broker is None or not hands.is_idle(app)


def gps_minutes(app, from_s, to_s):
    """The minutes in which the receiver was awake."""
    awake = []
    for now_s in range(from_s, to_s, 60):
        app.at(now_s)
        if not app.gps.is_off:
            awake.append(now_s)
            assert not hands.is_idle(app)
    return awake


def test_a_fix_once_an_hour_tells_whether_the_car_is_where_it_was_left():
    app = App()
    watched = app.notifier.watched
    app.park()
    # A car that does not tell whether it is on, or an owner who does not want to know.
    assert gps_minutes(app, 660, 9000) == []
    watched.was_on = True
    app.values[ALERTS] = "MOVED=OFF"
    assert gps_minutes(app, 9000, 12000) == []
    app.values[ALERTS] = ""
    assert gps_minutes(app, 12000, 15000) == [12000, 12060, 12120, 12180]
    assert app.status.gps_heard == GPS_ASLEEP
    # Nobody knows yet where it was left: a look until that is known.
    app.state.has_gps_lock = True
    assert len(gps_minutes(app, 15000, 17000)) == 4
    # With a fix near by it is over soon; the next is an hour later.
    watched.left_at = (52520008, 13404954)
    assert len(gps_minutes(app, 17000, 20000)) == 2
    # A car that is somewhere else is looked at as long as it may be, and more often from then on.
    watched.far_min = 1
    assert len(gps_minutes(app, 20000, 23900)) == 4
    watched.far_min = 0
    watched.is_moving = True
    assert len(gps_minutes(app, 23900, 30860)) == 8
    app.state.is_on = True
    app.at(30860)
    assert not app.gps.is_off and not app.status.power[states.GPS_S]


def test_who_has_no_server_is_not_kept_awake_for_one():
    app = App()
    app.values[SERVER] = ""
    app.notifier.ip = ["A12 V low"]
    app.fall_asleep()
    assert app.server.is_resting and hands.is_idle(app)
    for now_s in range(1200, 20000, 60):
        app.at(now_s)
        assert app.server.is_resting


def test_without_a_network_it_sleeps_until_it_is_searched_for_again():
    app = App()
    app.fall_asleep()
    app.modem.port.is_up = False
    assert not hands.is_idle(app)
    app.modem.is_pausing = True
    assert hands.is_idle(app)

    def sleep(limit_ms):
        app.slept_s = 45
        return 4

    app.board.light_sleep = sleep
    hands.rest(app)
    assert app.modem.slept_s == 45 and app.status.power[states.SLEPT_S] == 45


def test_gprs_says_why_there_is_no_connection():
    app = App()
    app.fall_asleep()
    assert "POWERSAVE" in app.status.server_error
    app.at(6000)
    assert app.status.server_error == ""


def test_wifi_is_left_for_a_sleep_and_looked_for_at_a_visit():
    app = App()
    calls = []
    app.status.wifi = Part(
        is_looking=False,
        rest=lambda: calls.append("rest"),
        on_settings=lambda: calls.append("look"),
    )
    app.fall_asleep()
    assert app.server.is_resting
    app.status.wifi.is_looking = True
    assert not hands.is_idle(app)
    app.status.wifi.is_looking = False
    hands.rest(app)
    assert calls == ["rest"] and app.board.sleeps
    app.at(6000)
    app.at(6005)
    assert calls == ["rest", "look"] and not app.server.is_resting


def test_deep_park_is_told_once():
    app = App()
    app.park()
    app.state.supply_mv = 11000
    for now_s in range(660, 3000, 60):
        app.at(now_s)
    assert app.status.power[states.STATE] == DEEP
    assert len(app.told) == 1 and app.told[0].startswith("AThe 12 V battery is low")


def test_safe_mode_is_left_alone():
    app = App()
    app.is_safe = True
    app.at(0)
    app.at(6000)
    assert not app.sleeps and not app.board.mhz
    assert app.board.shown[-1] == ("safe", 160, True)


def test_off_undoes_park():
    app = App()
    app.park()
    app.values[POWER_SAVE] = "OFF"
    app.at(700)
    assert app.status.power[states.STATE] == AWAKE and not app.sleeps


def test_sleep_and_what_wakes_it():
    app = App()
    app.fall_asleep()
    assert hands.is_idle(app)
    hands.rest(app)
    assert app.board.sleeps == [45_000]
    assert not app.resets and not app.modem.is_sms_due
    app.board.reason = 2
    hands.rest(app)
    # Its SMS are searched for: what it said of them was lost.
    assert app.modem.is_sms_due and app.resets == 1 and app.modem.port.news.is_set()
    app.modem.is_sms_due = False
    hands.rest(app)
    assert len(app.board.sleeps) == 2
    app.status.uptime_s += 15
    app.slept_s = 40
    hands.rest(app)
    app.modem.is_sms_due = False
    # Awake for 15 s after the wake, however long the sleep was.
    app.status.uptime_s += 40
    app.slept_s = 0
    hands.rest(app)
    assert len(app.board.sleeps) == 3
    app.board.reason = 4
    app.status.uptime_s += 15
    hands.rest(app)
    assert len(app.board.sleeps) == 4


def test_nothing_that_has_to_be_done_is_slept_through():
    app = App()
    app.fall_asleep()
    modem = app.modem
    port = modem.port
    for part, name, value in (
        (app.status, "awake_until_s", NEVER_S),
        (app, "ended", "gps"),
        (app, "_steps", [1]),
        (app.status, "mqtt", Part()),
        (app.server, "is_idle", False),
        (app.commander, "is_busy", lambda: True),
        (app.sms, "due_s", 1500),
        (app.can, "is_asleep", False),
        (port, "is_up", False),
        (port, "is_lost", True),
        (port, "dtr", None),
        (port, "is_busy", True),
        (port.lock, "is_locked", True),
        (modem, "fault", "network_lost"),
        (modem.sms_lock, "is_locked", True),
        (modem, "has_news", True),
        (modem, "is_poll_due", True),
        (modem, "is_sms_due", True),
        (modem, "is_ringing", True),
        (modem, "announced", [1]),
        (modem, "queue", [1]),
        (modem, "port", None),
    ):
        before = getattr(part, name)
        setattr(part, name, value)
        assert not hands.is_idle(app), name
        setattr(part, name, before)
        assert hands.is_idle(app), name
    app.notifier.sms = ["A text"]
    # Without a network it has to wait anyway.
    assert hands.is_idle(app)
    app.status.is_registered = True
    assert not hands.is_idle(app)
    app.notifier.sms = []
    app.can.is_asleep = False
    app.car.BITRATE = None
    assert hands.is_idle(app)
