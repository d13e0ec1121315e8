"""Decides when the server hears what: intervals and change filter (module-behaviour 4.5, 4.6).

Everything waits until parameter 3 names IP. A message leaves only when its payload differs from
the one that last left; what left is remembered by its checksum, and only once the link says so.
S and D are repeated all the same, so that a client sees that the module lives.

What is not known is not told: S, D and g wait for a car that was heard, L for a position, W for
tyres. What is known from before a restart goes out when an app or the interval asks, and whatever
becomes known is news.
"""

from binascii import crc32

from micropython import const

from ovms.parameters import FEATURE_STREAM, STREAM_LOCATION, STREAM_TYRES, streamed
from ovms.protocol.v2 import messages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ovms.contracts import Buffer, Config, Status, Vehicle, VehicleState

# In the order of sending. Two groups share the code g. Y and X go out on request and occasion.
_CODES = "SDLggWFVYX"
_ALL = const(0x3FF)
# S, D and X: what a change of the car is seen in.
_ON_CHANGE = const(0x203)
_SLOT_S = const(0)
_SLOT_D = const(1)
_SLOT_L = const(2)
_SLOT_SECOND_GROUP = const(4)
_SLOT_W = const(5)
_SLOT_F = const(6)
_SLOT_Y = const(8)

# What tells of the car: S, D, W, F and the groups. What tells where it is: L and the groups.
_OF_CAR = const(0x7B)
_OF_PLACE = const(0x1C)
# Of them all what may be from before a restart.
_OLD_CAR = const(0x3B)
_OLD_PLACE = const(0x04)
# Bits of `_known_values`.
_HEARD = const(1)
_FIX = const(2)

_NO_SIGNAL = const(99)

# A car that starts to talk has told all it has after a moment; after a start of the module it may
# be so long before one that talks is heard.
_SETTLE_MS = const(3000)
_SILENT_S = const(25)

# Milliseconds between full updates.
_WATCHED_MS = const(60 * 1000)
_BUSY_MS = const(600 * 1000)
_IDLE_MS = const(3600 * 1000)
_STREAM_MS = const(1000)
# A change of the settings shows as soon as the car has reckoned with it.
_SETTINGS_MS = const(2000)


class Reporter:
    """state: VehicleState; status: Status; car: Vehicle, for its type and capabilities.

    limit: bytes a payload may have; the conversation lowers it for what will be wrapped.
    """

    _offered: list[tuple[int, int]]
    _markers: list[int | None]

    # None until the composition root has made one.
    _car: "Vehicle | Any"

    def __init__(
        self, state: "VehicleState", config: "Config", status: "Status", car: "Vehicle | None"
    ) -> None:
        self._state = state
        self._config = config
        self._status = status
        self._car = car
        self.limit = messages.MAX_PAYLOAD
        self._markers = [None] * len(_CODES)
        # (slot, marker) of what the link took and did not report as sent yet, oldest first.
        self._offered = []
        self._due = 0
        self._since_ms = self._unrepeated_ms = 0
        self._stream_ms = self._settle_ms = self._settings_ms = 0
        # A bit for each value of `_known_values` that was known at some time.
        self._known = 0
        self._revision = state.revision
        # Revision of the settings that were looked at, and what of them was told.
        self._settings = config.revision
        self._told_settings = 0

    def set_car(self, car: "Vehicle") -> None:
        """The vehicle type was changed."""
        self._car = car
        self._known = 0

    def on_login(self) -> None:
        """A new connection: tell everything, but for what the server had before a restart."""
        self._offered.clear()
        self.send_all()
        self._known = self._known_values()
        if not self._is_of_this_run(self._state.told_age_s):
            self._due &= ~_OLD_CAR
        if not self._is_of_this_run(self._state.gps_age_s):
            self._due &= ~_OLD_PLACE

    def on_closed(self) -> None:
        """What was under way is lost."""
        self._offered.clear()
        self._due = 0

    def send_all(self) -> None:
        """Send everything now, changed or not."""
        for slot in range(len(_CODES)):
            self._markers[slot] = None
        self._status.csq_told = _NO_SIGNAL
        self._told_settings = self._shown()
        self._due = _ALL
        self._since_ms = 0

    def on_sent(self, code: str) -> None:
        """The oldest message taken with `code` has left."""
        for i in range(len(self._offered)):
            slot, marker = self._offered[i]
            if _CODES[slot] == code:
                self._markers[slot] = marker
                self._offered.pop(i)
                return

    def poll(self, elapsed_ms: int) -> "tuple[str, Buffer] | None":
        """The next (code, payload) to send, or None."""
        # No interval is longer, and a small integer takes no heap.
        self._since_ms = min(self._since_ms + elapsed_ms, _IDLE_MS)
        self._stream_ms = min(self._stream_ms + elapsed_ms, _STREAM_MS)
        if not self._config.wants_ip:
            return None
        state = self._state
        if state.revision != self._revision:
            self._revision = state.revision
            self._due |= _ON_CHANGE
        if self._config.revision != self._settings:
            self._settings = self._config.revision
            shown = self._shown()
            if shown != self._told_settings:
                self._told_settings = shown
                self._settings_ms = _SETTINGS_MS
        elif self._settings_ms:
            self._settings_ms = max(self._settings_ms - elapsed_ms, 0)
            if not self._settings_ms:
                self._due = _ALL
        is_watched = self._status.peers > 0
        interval_ms = _IDLE_MS
        if is_watched:
            interval_ms = _WATCHED_MS
        elif state.is_charging or state.is_on or state.is_exporting:
            interval_ms = _BUSY_MS
        if self._since_ms >= interval_ms:
            self._since_ms = 0
            self._due = _ALL
            self._unrepeated_ms += interval_ms
            if is_watched or self._unrepeated_ms >= _IDLE_MS:
                self._unrepeated_ms = 0
                self._markers[_SLOT_S] = self._markers[_SLOT_D] = None
        if self._status.csq_told == _NO_SIGNAL != self._status.csq:
            # Over WiFi the log-in comes before the modem knows its signal.
            self._due |= 1 << _SLOT_F
        self._settle_ms = max(self._settle_ms - elapsed_ms, 0)
        if self._stream_ms >= _STREAM_MS:
            self._stream_ms = 0
            self._look_for_news()
            is_wanted = streamed(self._config.feature(FEATURE_STREAM)) & STREAM_LOCATION
            if is_watched and is_wanted and state.speed_kmh10:
                self._due |= 1 << _SLOT_L
        # What cannot be told yet stays due.
        for slot in range(len(_CODES)):
            if not self._due >> slot & 1 or not self._is_known(slot):
                continue
            self._due &= ~(1 << slot)
            payload = self._payload(slot)
            # 30 bits, so that it takes no heap.
            marker = crc32(payload) & 0x3FFFFFFF
            if payload and marker != self._markers[slot]:
                self._offered.append((slot, marker))
                return _CODES[slot], payload
        return None

    def _is_of_this_run(self, age_s):
        return age_s is not None and age_s <= self._status.uptime_s

    def _is_known(self, slot):
        """Whether `slot` has something to tell that the next second will not correct."""
        state = self._state
        if slot > _SLOT_W:
            return True
        has_place = state.latitude_udeg is not None
        if slot == _SLOT_L:
            return has_place
        told_s = state.told_age_s
        if told_s is None or self._settle_ms:
            return False
        up_s = self._status.uptime_s
        if told_s > up_s and up_s < _SILENT_S:
            return False
        if slot == _SLOT_W:
            return state.tyres_age_s is not None
        return slot == _SLOT_D or (state.soc_pct100 is not None and (slot == _SLOT_S or has_place))

    def _known_values(self):
        """A bit for each: the car was heard, there is a fix, and for the values it may tell."""
        state = self._state
        # Once a second, so no list is made of them.
        return (
            self._is_of_this_run(state.told_age_s)
            | state.has_gps_lock << 1
            | (state.soc_pct100 is not None) << 2
            | (state.estimated_range_km is not None) << 3
            | (state.ideal_range_km is not None) << 4
            | (state.soh_pct is not None) << 5
            | (state.odometer_m is not None) << 6
            | (state.battery_temp_c is not None) << 7
            | (state.ambient_temp_c is not None) << 8
            | (state.tyres_age_s is not None) << 9
            | (state.vin != "") << 10
        )

    def _look_for_news(self):
        known = self._known_values()
        new = known & ~self._known
        self._known |= known
        if new & _HEARD:
            self._settle_ms = _SETTLE_MS
        if new & _FIX:
            self._due |= _OF_PLACE
        if new & ~_FIX:
            # What is the same as before does not leave again.
            self._due |= _OF_CAR

    def _shown(self):
        from ovms.protocol.v2 import reports

        return reports.shown_settings(self._config)

    def _payload(self, slot):
        """Payload bytes, b"" for a group that has no name."""
        if slot == _SLOT_L:
            return messages.location_message(self._state, self._config.is_miles)
        if slot >= _SLOT_Y:
            was_told = self._markers[slot] is not None
            if slot == _SLOT_Y:
                is_wanted = streamed(self._config.feature(FEATURE_STREAM)) & STREAM_TYRES
            else:
                is_wanted = self._state.is_exporting or was_told
            if not is_wanted:
                return b""
            from ovms.protocol.v2 import optional_reports

            return optional_reports.payload_of(
                _CODES[slot],
                was_told,
                self._state,
                self._config,
                self.limit,
            )
        if _CODES[slot] == "g" and self._config.is_paranoid:
            # The server acts upon it, so it would leave in clear, and tells where the car is.
            return b""
        from ovms.protocol.v2 import reports

        return reports.payload_of(
            _CODES[slot],
            slot == _SLOT_SECOND_GROUP,
            self._state,
            self._config,
            self._status,
            self._car,
            self.limit,
        )
