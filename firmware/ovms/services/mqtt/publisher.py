"""When the broker hears which metric: intervals and change filter (server-and-clients 7.2).

It lives as long as the conversation; the values are made by `metrics.py`, loaded when they are
due.
"""

from array import array
from binascii import crc32

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.mqtt.conversation import Conversation

# Seconds between updates: an app looks, it drives or charges, is awake, rests; all of it again.
# What nothing tells is told when it changes.
_WATCHED_S = const(10)
_BUSY_S = const(60)
_AWAKE_S = const(300)
_IDLE_S = const(3600)
_EVERYTHING_S = const(14_400)
# After an update on a change the next one waits a moment.
_CALM_S = const(3)
_FULL_PAUSE_S = const(30)
# Of `metrics.py`.
_GROUPS = const(7)
_ROWS = const(24)
_ALL = const(0x7F)
# What the marker of a row says that the broker does not have.
_ABSENT = const(1)
# What the state has of a car that does not tell it: no evidence that the car does.
_NOTHING = ("no", "0", "0.0", "0.00", "done", "stopped", "standard")


class Publisher:
    """talk: Conversation, for the car and what the module is.

    rows: (topic below the prefix, text or None) that are to leave. known: a bit for each metric
    that the car was seen to tell; has_learnt: since somebody looked. patterns: of metrics that
    somebody asks for, changed or not.
    """

    rows: list[tuple[str, str | None]]
    patterns: list[str]

    def __init__(self, talk: "Conversation") -> None:
        self._talk = talk
        self._markers = array("I", bytes(4 * _GROUPS * _ROWS))
        self.known = bytearray(_GROUPS * _ROWS // 8)
        self.has_learnt = False
        self.rows = []
        self.patterns = []
        self._due = 0
        self._since_s = self._everything_s = 0
        self._seen = -1

    def on_login(self) -> None:
        """The broker may be another one: everything, in the order of the groups."""
        self._since_s = 0
        self.send_all()

    def on_closed(self) -> None:
        """What was under way is lost."""
        self.rows = []
        self.patterns = []

    def send_all(self) -> None:
        """Send every metric soon, changed or not."""
        self._everything_s = 0
        for i in range(len(self._markers)):
            self._markers[i] = 0
        self._talk.announcer.ages.clear()
        self._due = _ALL

    def send_again(self) -> None:
        """What somebody asks for: the same, but not twice in half a minute."""
        if self._everything_s >= _FULL_PAUSE_S:
            self.send_all()

    def send_changes(self) -> None:
        """Look at everything soon."""
        self._due = _ALL

    def pass_time(self, seconds: int, is_watched: bool) -> None:
        """Find out what is due. is_watched: an app looks."""
        self._since_s += seconds
        self._everything_s += seconds
        state = self._talk.state
        seen = (
            (state.soc_pct100 is not None)
            | (state.latitude_udeg is not None) << 1
            | (state.odometer_m is not None) << 2
            | bool(state.is_on) << 3
            | bool(state.is_awake) << 4
            | bool(state.is_charging) << 5
            | bool(state.vin) << 6
            | bool(self._talk.status.is_server_connected) << 7
            | (state.revision & 0xFFFF) << 8
        )
        if seen != self._seen and self._since_s >= _CALM_S:
            # What becomes known is news, and so is what changes at once.
            self._seen = seen
            self._due = _ALL
            self._since_s = 0
        interval_s = _IDLE_S
        if is_watched:
            interval_s = _WATCHED_S
        elif state.is_charging or state.is_on or state.is_exporting:
            interval_s = _BUSY_S
        elif state.is_awake:
            interval_s = _AWAKE_S
        if self._since_s >= interval_s:
            self._since_s = 0
            if self._everything_s >= _EVERYTHING_S:
                self.send_all()
            self._due = _ALL

    def next_row(self) -> tuple[str, str | None] | None:
        """(topic below the prefix, text or None) of the next metric to send; None for nothing."""
        while self._due and not self.rows:
            self._fill()
        return self.rows.pop(0) if self.rows else None

    def _fill(self):
        """Take the rows of the next group that is due, as far as they are news."""
        number = 0
        while not self._due >> number & 1:
            number += 1
        self._due &= ~(1 << number)
        from ovms.services.mqtt import metrics

        slot = number * _ROWS
        for name, text in metrics.group(number, self._talk):
            # 30 bits, so that it takes no heap.
            marker = _ABSENT if text is None else crc32(text.encode()) & 0x3FFFFFFF | 2
            was = self._markers[slot]
            if text is None:
                is_news = was > _ABSENT
            else:
                if text not in _NOTHING:
                    self._learn(slot)
                is_news = marker != was or metrics.matches(self.patterns, name)
            if is_news:
                self._markers[slot] = marker
                self.rows.append(("metric/" + name, text))
            slot += 1
        if not self._due:
            self.patterns = []
            if self._talk.announcer.is_wanted:
                self.rows += self._ages()

    def _learn(self, slot):
        bit = 1 << (slot & 7)
        if not self.known[slot >> 3] & bit:
            self.known[slot >> 3] |= bit
            self.has_learnt = True

    def _ages(self):
        from ovms.services.mqtt.ages import ages

        return ages(self._talk)
