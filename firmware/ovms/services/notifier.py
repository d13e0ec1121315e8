"""Who hears of what: every notification of car and module passes here.

Parameter 3 names the channels when a notification is requested; feature 14 can silence them. What
waits is told once, however often it was requested meanwhile, and a charge's text is made when it
leaves. Module-behaviour 6. What is rare is in overlays: `notifier_events.py`, `notifier_texts.py`,
and `notifier_rules.py` for what the module watches itself.
"""

import asyncio
from array import array

from micropython import const

from ovms import config as names
from ovms import overlay
from ovms.vehicle.base import EVENT_MINIMUM_SOC

_EVENTS = "ovms.services.notifier_events"
_RULES = "ovms.services.notifier_rules"
_TEXTS = "ovms.services.notifier_texts"

# Among what waits: the last event of a charge. Others of the car's events keep their number.
CHARGE = const(0)

# Places in `memory` behind those of `supply_monitor`: whether the user knows of the minimum SOC,
# minutes until the next alert of a low SOC and of a car left on.
MINIMUM_TOLD = const(3)
LOW_SOC_MIN = const(4)
LEFT_ON_MIN = const(5)
# A low SOC at the start of the module is told after 10 minutes.
_MEMORY = (0, 0, 0, 0, 10, 15)

# Feature 14.
_FEATURE = const(14)
_NO_ALERTS = const(0x08)
_NO_INFOS = const(0x10)

_WAITING_MAX = const(8)
_CHARGE_QUIET_S = const(30)
_MINUTE_S = const(60)
# A failed SMS is tried again after half a minute, then after twice as long each time.
_SMS_ATTEMPTS = const(6)
_SMS_RETRY_MS = const(30_000)
_SMS_TICK_MS = const(1000)

_ALARM = const(1)
_TRUNK = const(2)


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
        self._modem = modem
        self._status = status
        self._clock = clock
        self._sleep_ms = sleep_ms
        # What waits for a channel, oldest first: events, or texts behind the letter of their kind.
        self._ip = []
        self._sms = []
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
        if kind == "E":
            overlay.call(_EVENTS, "on_error", self, text, self._clock.uptime_s())
        else:
            self.request(kind + text)

    def on_event(self, event):
        """The car's EVENT_...: told in the car's words when a user wants to know of it."""
        overlay.call(_EVENTS, "on_event", self, event, self._clock.uptime_s())

    def on_charge_stop(self):
        """The user asked to stop the charge, so its end is no news."""
        self.charge_quiet_s = self._clock.uptime_s() + _CHARGE_QUIET_S

    def tick(self):
        """About once a second: look at the car, hand over what waits for the server."""
        state = self.state
        seen = _ALARM if state.is_alarm_on else 0
        if state.open_doors[5]:
            seen |= _TRUNK
        new = seen & ~self._seen
        self._seen = seen
        if new & _ALARM:
            self.request(overlay.call(_TEXTS, "alarm"), False, True)
        if new & _TRUNK and state.is_valet:
            self.request(overlay.call(_TEXTS, "trunk"))
        now_s = self._clock.uptime_s()
        if now_s >= self._minute_s:
            self._minute_s = now_s + _MINUTE_S
            for item, is_forced in overlay.call(
                _RULES, "minute", self.memory, state, self.config, self.car()
            ):
                if item == EVENT_MINIMUM_SOC:
                    self.on_event(item)
                else:
                    self.request(item, is_forced)
        if self._ip and self._status.is_server_connected:
            text = self._text(self._ip.pop(0))
            if text:
                text = text.replace("\r\n", "\r").replace("\n", "\r")
                self.conversation.push(text[0], text[1:])

    async def run(self):
        """Task: send what waits for SMS, for ever."""
        while True:
            if not self._sms or not self._status.is_registered:
                await self._sleep_ms(_SMS_TICK_MS)
                continue
            text = self._text(self._sms.pop(0))
            text = text[1:].replace("\r\n", "\n").replace("\r", "\n")
            phone = self.config.get(names.PHONE)
            left = list(
                overlay.call("ovms.services.sms_parts", "outgoing", self.config, phone, text)
            )
            pause_ms = _SMS_RETRY_MS
            for attempt in range(_SMS_ATTEMPTS):
                if attempt:
                    self._status.count("alerts_retried")
                    await self._sleep_ms(pause_ms)
                    pause_ms *= 2
                while left and await self._modem.send_sms(left[0][0], left[0][1]):
                    left.pop(0)
                if not left:
                    break
            if left:
                self._status.count("alerts_not_sent")

    def is_silenced(self, kind):
        """Whether feature 14 keeps notifications of `kind` from leaving."""
        return self.config.feature(_FEATURE) & (_NO_INFOS if kind == "I" else _NO_ALERTS)

    def request(self, item, is_forced=False, is_first=False):
        """Let `item` (event, or kind and text) wait for each channel of parameter 3.

        is_forced: for both, whatever parameter 3 says. is_first: before what waits already.
        """
        for waiting, is_wanted in (
            (self._ip, self.config.wants_ip),
            (self._sms, self.config.wants_sms),
        ):
            if item in waiting or not (is_wanted or is_forced):
                continue
            if len(waiting) >= _WAITING_MAX:
                waiting.pop(0)
                self._status.count("alerts_dropped")
            waiting.insert(0 if is_first else len(waiting), item)

    def _text(self, item):
        """Kind and text of what waited, "" when nobody shall hear of it."""
        if not isinstance(item, str):
            event = self.charge_event if item == CHARGE else item
            item = overlay.call(
                _TEXTS, "of_event", event, self.car(), self.state, self.config.is_miles
            )
        return "" if not item or self.is_silenced(item[0]) else item
