"""Who hears of what: every notification of car and module passes here.

Parameter 3 names the channels when a notification is requested; feature 14 can silence them. What
waits is told once, however often it was requested meanwhile, and a charge's text is made when it
leaves. Module-behaviour 6. What is rare is in overlays: `notifier_events.py` for all that happens,
`notifier_texts.py`, and `notifier_rules.py` for what the module watches itself.
"""

import asyncio
from array import array

from micropython import const

# Among what waits: the last event of a charge. Others of the car's events keep their number.
CHARGE = const(0)

# Places in `memory` behind those of `supply_monitor`: whether the user knows of the minimum SOC,
# minutes until the next alert of a low SOC and of a car left on.
MINIMUM_TOLD = const(3)
LOW_SOC_MIN = const(4)
LEFT_ON_MIN = const(5)
# A low SOC at the start of the module is told after 10 minutes.
_MEMORY = (0, 0, 0, 0, 10, 15)

_CHARGE_QUIET_S = const(30)
_MINUTE_S = const(60)
_SMS_TICK_MS = const(1000)

# What was seen of the car, as bits.
ALARM = const(1)
TRUNK = const(2)


class Notifier:
    """car: returns the current Vehicle. modem: `send_sms`, or None without one.

    conversation: takes what goes to the server. sleep_ms: for tests with a time of their own.
    """

    def __init__(
        self, config, state, car, modem, conversation, status, clock, sleep_ms=asyncio.sleep_ms
    ):
        self.config = config
        self.state = state
        self.car = car
        self.conversation = conversation
        self.modem = modem
        self.status = status
        self.clock = clock
        self.sleep_ms = sleep_ms
        # What waits for a channel, oldest first: events, or texts behind the letter of their kind.
        self.ip = []
        self.sms = []
        self.memory = array("h", _MEMORY)
        # Of the last charge event, and until when others are no news.
        self.charge_event = self.charge_quiet_s = 0
        # Code of the last vehicle error, and until when it is no news.
        self.error = ""
        self.error_s = 0
        self._minute_s = _MINUTE_S
        self._seen = 0

    def notify(self, kind, text):
        """Tell the user. kind: "A" alert, "I" info, or "E" vehicle error; text: str.

        An error is `<vehicle type>,<code>,<data>`: it goes to the server only, whatever
        parameter 3 says, and not again while it is repeated within a minute; code 0 ends it.
        """
        from ovms.services import notifier_events

        if kind == "E":
            notifier_events.on_error(self, text, self.clock.uptime_s())
        else:
            notifier_events.request(self, kind + text)

    def on_event(self, event):
        """The car's EVENT_...: told in the car's words when a user wants to know of it."""
        from ovms.services import notifier_events

        notifier_events.on_event(self, event, self.clock.uptime_s())

    def on_charge_request(self, is_start):
        """The user started or stopped the charge: its end is no news, of a new one all is."""
        self.charge_quiet_s = 0 if is_start else self.clock.uptime_s() + _CHARGE_QUIET_S

    def tick(self):
        """About once a second: look at the car, hand over what waits for the server."""
        state = self.state
        seen = ALARM if state.is_alarm_on else 0
        if state.open_doors[5]:
            seen |= TRUNK
        new = seen & ~self._seen
        if new:
            from ovms.services import notifier_events

            notifier_events.on_change(self, new)
        self._seen = seen
        now_s = self.clock.uptime_s()
        if now_s >= self._minute_s:
            self._minute_s = now_s + _MINUTE_S
            from ovms.services import notifier_events

            notifier_events.on_minute(self)
        if self.ip and self.status.is_server_connected:
            from ovms.services import notifier_events

            notifier_events.push(self)

    async def run(self):
        """Task: send what waits for SMS, for ever."""
        while True:
            if not self.sms or not self.status.is_registered:
                await self.sleep_ms(_SMS_TICK_MS)
            else:
                await self._send_sms()

    def _send_sms(self):
        from ovms.services import notifier_events

        return notifier_events.send_sms(self)
