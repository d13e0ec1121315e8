"""The power governor's hands: what each part does in a state, and the ESP32's sleep.

Which state that is decides `services/power_states.py`. Loaded on demand, once a minute and at
changes; and once a second while the ESP32 may sleep. What is not sure to wake must not sleep:

- The ESP32 sleeps only where the modem's RI wakes it (`RI_GPIO` of the board), the modem is in its
  slow clock, and the CAN controller sleeps with an INT that has proved to work, or is not used.
  Once an hour the GPS receiver tells whether the car is still where it was left, if the owner
  wants to know that (`services/chosen_alerts.py`).
- No longer than `_SLICE_MS`, well within the watchdog's time, so a look each minute goes on.
- Not while anybody has something to do: `is_idle`. A connection to a server or a broker is such.
- What the UART lost meanwhile is nowhere else but in the modem: so its SMS are searched for after
  each wake by RI, and once a minute anyway.
"""

from micropython import const

from ovms.parameters import ALERTS, POWER_SAVE, SERVER
from ovms.services import power_states as states
from ovms.status import GPS_ASLEEP, GPS_UNKNOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.app import App

# Ten seconds before the watchdog: the second hand has to get round once.
_SLICE_MS = const(45_000)
_MINUTE_S = const(60)
_VISIT_LOOK_S = const(5)
# Looks in a row at a silent connection, until all is said.
_SAID_LOOKS = const(6)
# Parked, a receiver that was asleep has a fix within a minute; a car that is somewhere else is
# looked at for two more.
_GPS_EVERY_S = {states.PARK: 3_600, states.DEEP: 14_400}
# Of one that moves although it is switched off.
_GPS_MOVING_S = const(900)
_GPS_LEAST_S = const(100)
_GPS_LASTS_S = const(240)
# After a wake by the modem: a call rings every few seconds, an SMS may be the first of several.
_RING_S = const(15)
# Of `links/modem/modem.py` and `services/sms/service.py`.
_NEVER_S = const(1 << 29)
# `machine.wake_reason()`: EXT0, which is RI.
_BY_RI = const(2)

_RESTS = "Parked: the server is visited at times only, see POWERSAVE."
_DEEP_TEXT = (
    "The 12 V battery is low, so the module saves power: it answers SMS, but calls the server"
    " every four hours only, until the car is used or its battery recovers."
)


def look(app: "App") -> None:
    """Decide the state, and do what it wants where something changed."""
    status = app.status
    # There since the module was built.
    power: list[int] = status.power  # type: ignore[assignment]
    now_s = status.uptime_s
    app.power_due_s = now_s + _MINUTE_S
    if app.is_safe:
        _show(app, "safe", 160, True)
        return
    state = app.state
    number = states.step(
        power,
        now_s,
        app.config.get(POWER_SAVE),
        state.is_on,
        state.is_charging or state.is_exporting,
        state.is_awake or status.peers > 0,
        state.supply_mv,
        state.supply_reference_mv,
    )
    if number != power[states.DONE]:
        _carry_out(app, number)
    _look_around(app, number)
    _schedule(app, number)
    if status.update is not None:
        app.in_turn(_look_at_update, app)


def _look_at_update(app):
    from ovms.update_setup import look

    look(app)


def _carry_out(app, number):
    """What the parts do in the state, where it is another than that of the last call."""
    power = app.status.power
    mhz, has_gps, may_can_sleep, may_sleep = states.WISHES[number]
    board = app.board
    if power[states.DONE] < 0 and number <= states.AWAKE:
        # As it was started, but for a receiver that still sleeps since before a restart.
        power[states.DONE] = number
        app.spawn(lambda: _gps(app, False))
        _show(app, states.NAMES[number], mhz, has_gps)
        return
    if number == states.DEEP:
        app.notifier.notify("A", _DEEP_TEXT)
    set_mhz = getattr(board, "set_cpu_mhz", None)
    if set_mhz:
        set_mhz(mhz)
    app.can.may_sleep = may_can_sleep
    app.sleeps = may_sleep and getattr(board, "RI_GPIO", None) is not None
    if app.gps.is_off == has_gps:
        app.spawn(lambda: _gps(app, not has_gps))
    # Last: what failed before is tried again in a minute.
    power[states.DONE] = number
    _show(app, states.NAMES[number], mhz, has_gps)


def _gps(app, is_off):
    from ovms.links.gps_rest import rest

    app.status.gps_heard = GPS_ASLEEP if is_off else GPS_UNKNOWN
    return rest(app.gps, is_off)


def _look_around(app, number):
    """Parked, have a fix once in a while: is the car still where it was left?"""
    power = app.status.power
    now_s = app.status.uptime_s
    watched = app.notifier.watched
    every_s = _GPS_EVERY_S.get(number)
    if every_s is not None and watched.is_moving:
        every_s = _GPS_MOVING_S
    if every_s is None:
        power[states.GPS_S] = 0
    elif not power[states.GPS_S]:
        power[states.GPS_S] = now_s + every_s
    elif app.gps.is_off:
        from ovms.protocol.alert_choice import value

        is_wanted = watched.was_on and value(app.config.get(ALERTS), "MOVED") == "ON"
        if now_s >= power[states.GPS_S] and is_wanted:
            power[states.GPS_S] = now_s + _GPS_LASTS_S
            app.spawn(lambda: _gps(app, False))
    else:
        is_seen = app.state.has_gps_lock and watched.left_at is not None and not watched.far_min
        left_s = power[states.GPS_S] - now_s
        if left_s <= 0 or (is_seen and left_s <= _GPS_LASTS_S - _GPS_LEAST_S):
            power[states.GPS_S] = now_s + every_s
            app.spawn(lambda: _gps(app, True))


def _show(app, name, mhz, has_gps):
    """Let a board that can (on the desk) show the state."""
    show = getattr(app.board, "show_power", None)
    if show:
        show(name, mhz, has_gps, app.can)


def _schedule(app, number):
    """Whether the server may be connected now, and when to look again.

    Parked, a module that cannot sleep anyway keeps its connection: what that costs is little then.
    So does one with an MQTT broker, which would call it lost.
    """
    status = app.status
    power = status.power
    now_s = status.uptime_s
    if status.update is not None and status.update.is_busy:
        # Over GPRS it holds the server off and lets it go, see `update_way.py`.
        return
    if status.mqtt is not None or (number == states.PARK and not app.sleeps):
        _visit(app, True)
        return
    if not app.config.get(SERVER):
        _visit(app, False)
        return
    has_news = bool(app.notifier.ip)
    is_visit = states.is_visit(power, now_s, has_news)
    _visit(app, is_visit)
    if not is_visit:
        power[states.SAID] = 0
        return
    app.power_due_s = now_s + _VISIT_LOOK_S
    is_silent = status.is_server_connected and not has_news and not app.commander.is_busy()
    power[states.SAID] = power[states.SAID] + 1 if is_silent else 0
    if power[states.SAID] > _SAID_LOOKS:
        states.end_visit(power, now_s)


def _visit(app, is_visit):
    """Whether the server link may connect."""
    status = app.status
    if is_visit and app.server.is_resting:
        status.server_error = ""
        if status.wifi is not None:
            # It may be in reach, and is the cheaper way.
            status.wifi.on_settings()
    elif not is_visit and app.config.get(SERVER):
        status.server_error = _RESTS
    app.server.is_resting = not is_visit


def is_idle(app: "App") -> bool:
    """Whether nobody has anything to do that a sleep would hold up, or that it would lose."""
    status = app.status
    if (
        status.uptime_s < status.awake_until_s
        or app.ended
        or app._steps
        or status.mqtt is not None
        or not app.gps.is_off
        or (status.update is not None and status.update.is_busy)
        or (status.wifi is not None and status.wifi.is_looking)
        or not app.server.is_idle
        or app.commander.is_busy()
        or (app.notifier.sms and status.is_registered)
        or app.sms.due_s < _NEVER_S
    ):
        return False
    if app.car.BITRATE is not None and not app.can.is_asleep:
        return False
    modem = app.modem
    port = modem.port
    if modem.is_pausing:
        # There is no network, so nothing to be woken by, until it is searched for again.
        return True
    # A modem that is being started, or that has no slow clock, is none that wakes.
    if not port or not port.is_up or port.is_lost or port.dtr is None or modem.fault:
        return False
    return not (
        port.lock.locked()
        or port.is_busy
        or modem.sms_lock.locked()
        or modem.has_news
        or modem.is_poll_due
        or modem.is_sms_due
        or modem.is_ringing
        or modem.announced
        or modem.queue
    )


def rest(app: "App") -> None:
    """Let the ESP32 sleep until something happens, if nobody has anything to do."""
    if not is_idle(app):
        return
    status = app.status
    if status.wifi is not None:
        status.wifi.rest()
    modem = app.modem
    before_s = app.clock.uptime_s()
    reason = app.board.light_sleep(_SLICE_MS)
    # Of the sleep itself `status.uptime_s` does not know yet.
    now_s = app.clock.uptime_s()
    power = status.power
    if power is not None:
        power[states.SLEPT_S] += now_s - before_s
    modem.slept_s += now_s - before_s
    if reason == _BY_RI:
        status.count("power_ri_wakes")
        status.awake_until_s = now_s + _RING_S
        # Of a line that has begun, the rest is lost or is another's.
        modem.port.digester.reset()
        modem.is_sms_due = True
        modem.port.news.set()
