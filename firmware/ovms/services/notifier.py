"""Who hears of what: every notification of car and module passes here.

Parameter 3 names the channels when a notification is requested; feature 14 can silence them. Its
text is made when it happens. What waits is told once, however often it was requested meanwhile,
and of a charge only the last. Module-behaviour 6. Here is what happens all the time; the way of an
event through the channels is in `notifier_events.py`, what of a charge is news in
`charge_news.py`, what the module notices itself in `minute_watch.py`, what the owner has chosen in
`chosen_alerts.py`, the words in `notifier_texts.py`. It also has ACC looked after (`acc.py`).
"""

import asyncio

from micropython import const

from ovms.parameters import ALERTS, FIRST_ACC, LAST_ACC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ovms.contracts import Clock, Config, ModemPort, Sleep, Status, Vehicle, VehicleState
    from ovms.services.conversation import Conversation

_CHARGE_QUIET_S = const(30)
_MINUTE_S = const(60)
_NEVER_S = const(1 << 29)
# An SMS also waits for the network, which tells nobody when it is there: so somebody looks.
_SMS_TICK_MS = const(1000)

# No SMS takes longer, nor a pause between two attempts: see `ovms/guard.py`.
ALIVE_S = const(1200)

# What was seen of the car, as bits.
ALARM = const(1)
TRUNK = const(2)


class Watched:
    """What `minute_watch` knows of the minutes before, and `charge_news` of the charge.

    supply_volts10: smoothed voltage of the 12 V battery in 1/10 V, 0 before the first reading.
    supply_reference10: its reference in 1/10 V, or up to 15 the minutes of calming down.
    is_supply_alerted, is_minimum_told: the user knows of the low battery, of the minimum SOC.
    low_soc_min, left_on_min: minutes until the next alert of a low SOC, of a car left on.

    event, text, due_s: what happened last to the charge, its text, and when that counts, 0 for
    nothing that waits; is_late: it waits because of a loose plug. settled, told: the last event
    that lasted, and that the user knows of, 0 for none. count: interruptions of this charge.
    loose_s: until when another is only counted.

    guard_s: when `guard_news` tells, 0 for no news.

    Of `chosen_alerts`: was_on, the car was once seen switched on; left_at, where the car was left
    (latitude, longitude) or None; far_min, looks in a row at which it is far from there;
    moved_texts, how often that was told, moved_s, when last, and is_moving, that more is to be
    expected. home: the circle of which is_home tells whether the car is in it, None not known.
    soc_step: whether the charge was below the limit, and has reached it. valet_m: odometer when
    valet mode began, -1 told, None none. late_day: the last day on which a charge was looked for.
    open_doors: names of what is open, None before the first look; are_doors_told: that one was
    opened.

    acc_s: the uptime at which `acc.py` looks next; is_acc_asked: the user has started a charge;
    acc_rule: by which rule ACC lets the charge go on, over a restart, too; 0 for no such charge.
    """

    left_at: tuple[int, int] | None
    home: str | None
    is_home: bool | None
    open_doors: list[str] | None
    valet_m: int | None
    late_day: int | None

    def __init__(self) -> None:
        self.event = self.due_s = self.settled = self.told = self.count = self.loose_s = 0
        self.text = ""
        self.is_late = False
        self.guard_s = 0
        self.supply_volts10 = self.supply_reference10 = 0
        self.is_supply_alerted = self.is_minimum_told = False
        # A low SOC at the start of the module is told after 10 minutes.
        self.low_soc_min = 10
        self.left_on_min = 15
        self.left_at = self.home = self.is_home = self.open_doors = None
        self.valet_m = self.late_day = None
        self.far_min = self.moved_texts = self.moved_s = self.soc_step = 0
        self.was_on = self.are_doors_told = self.is_moving = self.is_acc_asked = False
        self.acc_s = self.acc_rule = 0


class Notifier:
    """car: returns the current Vehicle. modem: `send_sms`, or None without one.

    conversation: takes what goes to the server. sleep_ms: for tests with a time of their own.
    """

    # Without a modem nothing is ever registered, and so nobody asks for it.
    modem: "ModemPort | Any"
    ip: list[str]
    sms: list[str]
    last_texts: dict[int, str]

    def __init__(
        self,
        config: "Config",
        state: "VehicleState",
        car: "Callable[[], Vehicle]",
        modem: "ModemPort | None",
        conversation: "Conversation",
        status: "Status",
        clock: "Clock",
        sleep_ms: "Sleep" = asyncio.sleep_ms,
    ) -> None:
        self.config = config
        self.state = state
        self.car = car
        self.conversation = conversation
        self.modem = modem
        self.status = status
        self.clock = clock
        self.sleep_ms = sleep_ms
        # What waits for a channel, oldest first: texts behind the letter of their kind; and the
        # last text of each group of which only that is told.
        self.ip = []
        self.sms = []
        self.last_texts = {}
        self.watched = Watched()
        # Until when charge events are no news.
        self.charge_quiet_s = 0
        # Code of the last vehicle error, and until when it is no news.
        self.error = ""
        self.error_s = 0
        self._minute_s = _MINUTE_S
        self.due_s = ALIVE_S
        self._seen = 0
        self._revision = state.revision
        self._settings = -1

    def notify(self, kind: str, text: str) -> None:
        """Tell the user. kind: "A" alert, "I" info, "S" safety, or "E" vehicle error; text: str.

        What concerns safety goes out by all channels, whatever parameter 3 and feature 14 say.

        An error is `<vehicle type>,<code>,<data>`: it goes to the server only, whatever
        parameter 3 says, and not again while it is repeated within a minute; code 0 ends it.
        """
        from ovms.services import notifier_events

        if kind == "E":
            notifier_events.on_error(self, text, self.clock.uptime_s())
        else:
            notifier_events.request(self, kind + text)

    def on_event(self, event: int) -> None:
        """The car's EVENT_...: told in the car's words when a user wants to know of it."""
        from ovms.services import notifier_events

        notifier_events.on_event(self, event, self.clock.uptime_s())

    def on_charge_request(self, is_start: bool) -> None:
        """The user started or stopped the charge: its end is no news, of a new one all is."""
        self.charge_quiet_s = 0 if is_start else self.clock.uptime_s() + _CHARGE_QUIET_S
        self.watched.told = self.watched.loose_s = 0
        if self.status.acc is not None:
            self.watched.is_acc_asked = is_start
            self.watched.acc_s = 0

    def tick(self) -> None:
        """About once a second: look at the car."""
        state = self.state
        seen = ALARM if state.is_alarm_on else 0
        if state.open_doors[5]:
            seen |= TRUNK
        new = seen & ~self._seen
        if new:
            from ovms.services import notifier_events

            notifier_events.on_change(self, new)
        self._seen = seen
        if state.revision != self._revision:
            self._revision = state.revision
            if self.config.get(ALERTS):
                from ovms.services import notifier_events

                notifier_events.on_doors(self)
            if self.status.acc is not None:
                self.watched.acc_s = 0
        if self.config.revision != self._settings:
            self._settings = self.config.revision
            self.watched.acc_s = 0
        now_s = self.clock.uptime_s()
        if now_s >= self.watched.acc_s:
            self.watched.acc_s = now_s + _MINUTE_S
            self.car().in_turn(self._look_at_acc)
        if 0 < self.watched.due_s <= now_s:
            from ovms.services import charge_news

            charge_news.on_due(self, now_s)
        if self.config.untold and now_s >= self.watched.guard_s:
            from ovms.services import guard_news

            guard_news.tell(self, now_s)
        if now_s >= self._minute_s:
            self._minute_s = now_s + _MINUTE_S
            from ovms.services import notifier_events

            notifier_events.on_minute(self)

    def _look_at_acc(self):
        config = self.config
        if self.status.acc is None and not any(map(config.get, range(FIRST_ACC, LAST_ACC + 1))):
            # No place is set: its code stays where it is until settings change.
            self.watched.acc_s = _NEVER_S
            return
        from ovms.services import acc

        acc.look(self)

    def hand_over(self) -> None:
        """About once a second, after `tick`: the oldest of what waits for the server."""
        if self.ip and self.status.is_server_connected:
            from ovms.services import notifier_events

            notifier_events.push(self)

    async def run(self) -> None:
        """Task: send what waits for SMS, for ever."""
        while True:
            self.due_s = self.status.uptime_s + ALIVE_S
            if not self.sms or not self.status.is_registered:
                await self.sleep_ms(_SMS_TICK_MS)
            else:
                await self._send_sms()

    def _send_sms(self):
        from ovms.services import notifier_events

        return notifier_events.send_sms(self)
